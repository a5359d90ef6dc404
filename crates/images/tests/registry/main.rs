//! Pulls and pushes against a real registry server with TLS and a password, and against one of ours that breaks off, is slow and lies.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

mod liar;
mod server;

use liar::{Answer, Liar};
use server::RegistryServer;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use stead_images::{Digest, Keyring, Platform, Progress, Puller, Reference, Registries, Silent, Stage, Store, causes, import, push};

/// A store in a directory of its own, and an archive with one image.
struct Place {
    dir: tempfile::TempDir,
    store: Store,
}

impl Place {
    fn new() -> Place {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("images")).unwrap();
        Place { dir, store }
    }

    fn registries(&self, text: &str) -> PathBuf {
        let path = self.dir.path().join("registries.yaml");
        fs::write(&path, text).unwrap();
        path
    }

    fn puller(&self, registries: &str) -> Puller {
        Puller::new(self.store.clone(), self.registries(registries))
    }
}

fn layer(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, content) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, name, *content).unwrap();
    }
    builder.into_inner().unwrap()
}

/// The documents of an image with one layer: manifest, configuration, layer.
fn image(layer: &[u8]) -> [Vec<u8>; 3] {
    let config = format!(
        r#"{{"architecture":"amd64","os":"linux","config":{{"Cmd":["sh"]}},"rootfs":{{"type":"layers","diff_ids":["{}"]}}}}"#,
        Digest::of(layer)
    );
    let descriptor = |kind: &str, bytes: &[u8]| {
        format!(r#"{{"mediaType":"application/vnd.oci.image.{kind}","digest":"{}","size":{}}}"#, Digest::of(bytes), bytes.len())
    };
    let manifest = format!(
        r#"{{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{},"layers":[{}]}}"#,
        descriptor("config.v1+json", config.as_bytes()),
        descriptor("layer.v1.tar", layer)
    );
    [manifest.into_bytes(), config.into_bytes(), layer.to_vec()]
}

/// An OCI layout with that image.
fn layout(dir: &Path, name: &str, documents: &[Vec<u8>; 3]) {
    fs::create_dir_all(dir.join("blobs/sha256")).unwrap();
    for bytes in documents {
        fs::write(dir.join("blobs/sha256").join(Digest::of(bytes).hex()), bytes).unwrap();
    }
    fs::write(dir.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).unwrap();
    let index = format!(
        r#"{{"schemaVersion":2,"manifests":[{{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"{}","size":{},"annotations":{{"io.containerd.image.name":"{name}"}}}}]}}"#,
        Digest::of(&documents[0]),
        documents[0].len()
    );
    fs::write(dir.join("index.json"), index).unwrap();
}

async fn pull(puller: &Puller, name: &str, keyring: &Keyring) -> Result<stead_images::Image, String> {
    puller.pull(&name.parse().unwrap(), keyring, Arc::new(Silent)).await.map_err(|error| causes(&*error))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_with_tls_and_a_password() {
    // IMG-13 to IMG-15, IMG-17
    needs_root!();
    let Some(mut server) = RegistryServer::start() else { return };
    let name = format!("{}/team/app:1", server.address);
    let place = Place::new();
    let documents = image(&layer(&[("big", &vec![7; 9 << 20]), ("small", b"x")]));
    layout(&place.dir.path().join("layout"), "app.example/team/app:1", &documents);
    import(&place.store, &place.dir.path().join("layout"), &Platform::host(), &Silent).unwrap();
    let target: Reference = name.parse().unwrap();
    let trusting = server.registries(true);
    let registries = Registries::parse(&trusting).unwrap();
    let pushed = push(&place.store, "app.example/team/app:1", &target, &registries, &Keyring::default(), &Silent).await.unwrap();
    assert_eq!(pushed, Digest::of(&documents[0]));
    // Nobody's certificate and nobody's password.
    let other = Place::new();
    let error = pull(&other.puller(""), &name, &Keyring::default()).await.unwrap_err();
    assert!(error.contains("certificate"), "{error}");
    let error = pull(&other.puller(&server.registries(false)), &name, &Keyring::default()).await.unwrap_err();
    assert!(error.contains("authorization failed"), "{error}");
    let keyring = |password| {
        Keyring::parse(format!(r#"{{"auths":{{"{}":{{"username":"me","password":"{password}"}}}}}}"#, server.address).as_bytes()).unwrap()
    };
    assert!(pull(&other.puller(&server.registries(false)), &name, &keyring("wrong")).await.is_err());
    let image = pull(&other.puller(&server.registries(false)), &name, &keyring("secret")).await.unwrap();
    assert_eq!((image.tags, image.pinned), (vec![name.clone()], false));
    assert_eq!(image.digests, [format!("{}/team/app@{pushed}", server.address)]);
    assert_eq!(fs::read(image.layers[0].join("big")).unwrap(), vec![7; 9 << 20]);
    // With the password of the file, by digest, and as a mirror of another registry.
    let third = Place::new();
    let puller = third.puller(&trusting);
    assert!(pull(&puller, &format!("{}/team/app@{pushed}", server.address), &Keyring::default()).await.is_ok());
    let mirror = format!(
        "{trusting}\nmirrors:\n  nowhere.example:\n    endpoint: [\"https://{}\"]\n    rewrite: {{\"^old/(.*)\": \"team/$1\"}}\n",
        server.address
    );
    let image = pull(&third.puller(&mirror), "nowhere.example/old/app:1", &Keyring::default()).await.unwrap();
    assert!(image.tags.contains(&"nowhere.example/old/app:1".to_owned()));
    let error = pull(&puller, &format!("{}/team/none:1", server.address), &Keyring::default()).await.unwrap_err();
    assert!(error.contains("not found"), "{error}");
    server.stop();
    let error = pull(&puller, &name, &Keyring::default()).await.unwrap_err();
    assert!(error.contains("onnection refused"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_registry_has_is_saved_as_an_archive() {
    // IMG-17, IMG-19
    needs_root!();
    let Some(server) = RegistryServer::start() else { return };
    let place = Place::new();
    let registries = Registries::parse(&server.registries(true)).unwrap();
    let mut pushed = Vec::new();
    for tag in ["1", "2"] {
        let name = format!("app.example/team/app:{tag}");
        let dir = place.dir.path().join(tag);
        layout(&dir, &name, &image(&layer(&[("tag", tag.as_bytes())])));
        let id = import(&place.store, &dir, &Platform::host(), &Silent).unwrap()[0].id.clone();
        let target: Reference = format!("{}/library/app:{tag}", server.address).parse().unwrap();
        let digest = push(&place.store, &name, &target, &registries, &Keyring::default(), &Silent).await.unwrap();
        pushed.push((id, digest));
    }
    // Under the names of docker.io, from its mirror; what is fetched is not unpacked.
    let second = Place::new();
    let mirror = format!("{}\nmirrors: {{docker.io: {{endpoint: [\"https://{}\"]}}}}\n", server.registries(true), server.address);
    let names = ["app:1", "app:2"].map(|name| name.parse::<Reference>().unwrap());
    let archive = second.dir.path().join("app.tar");
    let puller = second.puller(&mirror);
    let saved = puller.save(&names, &Keyring::default(), Arc::new(Silent), &archive).await.unwrap();
    assert!(saved.iter().eq(pushed.iter().map(|(_, digest)| digest)));
    assert!(second.store.list().unwrap().is_empty() && fs::read_dir(second.store.dir().join("layers")).unwrap().next().is_none());
    let third = Place::new();
    let imported = import(&third.store, &archive, &Platform::host(), &Silent).unwrap();
    assert_eq!(imported.len(), 2);
    for ((id, digest), name) in pushed.iter().zip(&names) {
        let image = third.store.get(&name.to_string()).unwrap().expect("it was imported under its name");
        assert_eq!((&image.id, &image.digests), (id, &vec![format!("docker.io/library/app@{digest}")]));
        assert_eq!(fs::read_to_string(image.layers[0].join("tag")).unwrap(), name.tag.clone().unwrap());
    }
    // What cannot be had leaves no archive behind.
    let none = [format!("{}/library/app:3", server.address).parse().unwrap()];
    let error = puller.save(&none, &Keyring::default(), Arc::new(Silent), &second.dir.path().join("none.tar")).await.unwrap_err();
    assert!(causes(&error).contains("not found"), "{error}");
    assert!(!second.dir.path().join("none.tar").exists());
}

/// Counts what is fetched.
#[derive(Default)]
struct Fetched(Mutex<Vec<(Digest, u64)>>, AtomicUsize);

impl Progress for Fetched {
    fn advance(&self, stage: Stage, digest: &Digest, done: u64, _total: u64) {
        if stage == Stage::Fetch {
            self.0.lock().unwrap().push((digest.clone(), done));
            self.1.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_breaks_off_is_taken_up_where_it_was() {
    // IMG-15
    needs_root!();
    let documents = image(&layer(&[("big", &vec![7; 1 << 20])]));
    let liar = Liar::start(&documents, |request, n| match request.what.as_str() {
        // Twice not at all, then half of it, then the rest from there.
        what if what.starts_with("manifests/") && n < 2 => Answer::Status(503),
        what if what.starts_with("blobs/") && request.is_layer && n == 0 => Answer::Cut(500_000),
        _ => Answer::True,
    });
    let place = Place::new();
    let puller = place.puller(&liar.registries());
    let image = pull(&puller, "broken.example/app:1", &Keyring::default()).await.unwrap();
    assert_eq!(fs::read(image.layers[0].join("big")).unwrap(), vec![7; 1 << 20]);
    let ranges = liar.ranges();
    assert_eq!(ranges, ["bytes=500000-"]);
    // All of it is here: only the manifest is asked for, and nothing is written.
    let inode = || fs::metadata(place.store.dir().join("images.json")).unwrap().ino();
    let before = (liar.requests(), inode());
    pull(&puller, "broken.example/app:1", &Keyring::default()).await.unwrap();
    assert_eq!((liar.requests(), inode()), (before.0 + 1, before.1));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_power_cut_left_of_blobs_is_fetched_again() {
    // IMG-15
    needs_root!();
    let documents = image(&layer(&[("file", b"content")]));
    let liar = Liar::start(&documents, |_, _| Answer::True);
    let place = Place::new();
    for document in &documents {
        fs::write(place.store.dir().join("blobs/sha256").join(Digest::of(document).hex()), b"").unwrap();
    }
    let image = pull(&place.puller(&liar.registries()), "cut.example/app:1", &Keyring::default()).await.unwrap();
    assert_eq!(fs::read(image.layers[0].join("file")).unwrap(), b"content");
}

#[tokio::test(flavor = "multi_thread")]
async fn lies_are_found_out() {
    // IMG-10
    needs_root!();
    let documents = image(&layer(&[("file", b"content")]));
    let garbled = |bytes: &[u8]| bytes.iter().map(|byte| byte ^ 1).collect::<Vec<u8>>();
    type Lie = fn(&liar::Request, usize, &[u8]) -> Answer;
    let lies: [(&str, Lie); 5] = [
        (
            "the blob has the digest",
            |request, _, truth| if request.is_layer { Answer::Instead(truth.iter().map(|b| b ^ 1).collect()) } else { Answer::True },
        ),
        ("sends more than", |request, _, truth| if request.is_layer { Answer::Instead([truth, b"more"].concat()) } else { Answer::True }),
        (
            "the manifest",
            |request, _, _| if request.what.starts_with("manifests/") { Answer::Instead(b"{}".to_vec()) } else { Answer::True },
        ),
        ("more than 4194304 bytes", |request, _, _| {
            if request.what.starts_with("manifests/") { Answer::Instead(vec![b' '; 5 << 20]) } else { Answer::True }
        }),
        ("unexpected status", |request, _, _| if request.is_layer { Answer::Status(418) } else { Answer::True }),
    ];
    assert_ne!(garbled(b"a"), b"a");
    for (said, lie) in lies {
        let truth = documents.clone();
        let liar = Liar::start(&documents, move |request, n| lie(request, n, &truth[2]));
        let place = Place::new();
        let by_digest = format!("lying.example/app@{}", Digest::of(&documents[0]));
        let error = pull(&place.puller(&liar.registries()), &by_digest, &Keyring::default()).await.unwrap_err();
        assert!(error.contains(said), "{said}: {error}");
        assert!(place.store.list().unwrap().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_image_is_pulled_once_and_given_up_with_those_who_want_it() {
    // IMG-9
    needs_root!();
    let documents = image(&layer(&[("file", b"content")]));
    let gate = Arc::new(liar::Gate::default());
    let waits = Arc::clone(&gate);
    let liar = Liar::start(&documents, move |request, _| {
        if request.is_layer {
            waits.pass();
        }
        Answer::True
    });
    let place = Place::new();
    let puller = place.puller(&liar.registries());
    let reference: Reference = "shared.example/app:1".parse().unwrap();
    let (keyring, fetched) = (Keyring::default(), Arc::new(Fetched::default()));
    let first = puller.pull(&reference, &keyring, Arc::new(Silent));
    let second = puller.pull(&reference, &keyring, fetched.clone());
    let opener = tokio::task::spawn_blocking({
        let gate = Arc::clone(&gate);
        move || gate.open_when_reached()
    });
    let (first, second) = tokio::join!(first, second);
    opener.await.unwrap();
    assert_eq!(first.unwrap().id, second.unwrap().id);
    assert_eq!(liar.requests(), 3);
    assert_eq!(fetched.1.load(Ordering::Relaxed), 0);
}

/// Ends a test that needs root where there is none, loudly.
#[macro_export]
macro_rules! needs_root {
    () => {
        if !nix::unistd::geteuid().is_root() {
            $crate::left_out("needs root");
            return;
        }
    };
}

/// Notes for `cargo xtask test` that the current test did not run, and why.
#[expect(clippy::disallowed_methods, reason = "the list's place is told by the environment")]
pub fn left_out(reason: &str) {
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    if let Some(path) = std::env::var_os("STEAD_LEFT_OUT") {
        use std::io::Write;
        let mut file = fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
        writeln!(file, "{test}: {reason}").unwrap();
    }
    let mut past_the_capture = std::io::stderr();
    std::io::Write::write_all(&mut past_the_capture, format!("LEFT OUT {test}: {reason}\n").as_bytes()).unwrap();
}
