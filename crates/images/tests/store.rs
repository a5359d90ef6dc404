//! Archives of every kind into a store, and out of it again. Unpacking needs root.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use stead_images::{Digest, Image, InUse, Platform, Silent, Store, from_host, import};

fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, content) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        header.set_mode(0o755);
        builder.append_data(&mut header, name, *content).unwrap();
    }
    builder.into_inner().unwrap()
}

fn config(layers: &[&[u8]], settings: &str) -> String {
    let ids: Vec<String> = layers.iter().map(|layer| format!("\"{}\"", Digest::of(layer))).collect();
    format!(r#"{{"architecture":"amd64","os":"linux","config":{settings},"rootfs":{{"type":"layers","diff_ids":[{}]}}}}"#, ids.join(","))
}

/// What `docker save` wrote in former times.
fn saved(tags: &str, layers: &[&[u8]], settings: &str) -> Vec<u8> {
    let config = config(layers, settings);
    let names: Vec<String> = (0..layers.len()).map(|n| format!("{n}/layer.tar")).collect();
    let manifest = format!(r#"[{{"Config":"c.json","RepoTags":{tags},"Layers":{}}}]"#, serde_json::to_string(&names).unwrap());
    let mut files = vec![("c.json", config.as_bytes()), ("manifest.json", manifest.as_bytes())];
    files.extend(names.iter().map(String::as_str).zip(layers.iter().copied()));
    tar(&files)
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

struct Place {
    dir: tempfile::TempDir,
    store: Store,
}

impl Place {
    /// None, said aloud, without root.
    #[expect(clippy::disallowed_methods, reason = "the list's place is told by the environment")]
    fn new() -> Option<Place> {
        if !nix::unistd::geteuid().is_root() {
            if let Some(path) = std::env::var_os("STEAD_LEFT_OUT") {
                let mut file = fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
                writeln!(file, "{}: needs root", std::thread::current().name().unwrap_or("a test")).unwrap();
            }
            return None;
        }
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("images")).unwrap();
        Some(Place { dir, store })
    }

    fn import(&self, bytes: &[u8]) -> Result<Vec<String>, String> {
        let path = self.dir.path().join("archive.tar");
        fs::write(&path, bytes).unwrap();
        let imported = import(&self.store, &path, &Platform::host(), &Silent).map_err(|error| stead_images::causes(&error))?;
        Ok(imported.into_iter().flat_map(|image| image.names).collect())
    }

    fn get(&self, name: &str) -> Image {
        self.store.get(name).unwrap().unwrap()
    }

    fn entries(&self, directory: &str) -> usize {
        fs::read_dir(self.store.dir().join(directory)).unwrap().count()
    }
}

const NONE: fn() -> InUse = || InUse::Images(BTreeSet::new());

#[test]
fn saved_images_answer_to_every_form_of_their_names_and_are_pinned() {
    // IMG-1, IMG-12, IMG-19
    let Some(place) = Place::new() else { return };
    let (low, high) = (tar(&[("a", b"1"), ("b", b"1")]), tar(&[("a", b"2"), (".wh.b", b"")]));
    let settings =
        r#"{"Env":["A=1"],"Entrypoint":["/a"],"User":"me","WorkingDir":"/w","StopSignal":"SIGINT","Volumes":{"/v":{}},"Labels":{"l":"x"}}"#;
    let archive = saved(r#"["docker.io/library/app:1","registry.example/app:2"]"#, &[&low, &high], settings);
    for bytes in
        [archive.clone(), gzip(&archive), ruzstd::encoding::compress_to_vec(&archive[..], ruzstd::encoding::CompressionLevel::Fastest)]
    {
        assert_eq!(place.import(&bytes).unwrap(), ["docker.io/library/app:1", "registry.example/app:2"]);
    }
    for name in ["app:1", "docker.io/app:1", "docker.io/library/app:1", "registry.example/app:2"] {
        assert_eq!(place.get(name).id, place.get("app:1").id);
    }
    let image = place.get("app:1");
    assert!(image.pinned && image.layers.len() == 2 && place.store.get("app").unwrap().is_none());
    assert_eq!(place.get(image.id.as_str()), image);
    assert_eq!(place.get(image.id.hex()), image);
    assert_eq!((image.settings.user.as_str(), image.settings.volumes.as_slice()), ("me", &["/v".to_owned()][..]));
    assert_eq!(fs::read(image.layers[1].join("a")).unwrap(), b"2");
    assert_eq!(place.store.list().unwrap().len(), 1);
    // Another program sees the same.
    assert_eq!(Store::open(place.store.dir()).unwrap().list().unwrap(), [image]);
    assert_eq!(place.entries("ingest"), 0);
}

#[test]
fn layouts_are_chosen_from_by_platform() {
    // IMG-10, IMG-19
    let Some(place) = Place::new() else { return };
    let (here, there) = (tar(&[("here", b"")]), tar(&[("there", b"")]));
    let layers = [gzip(&here), there.clone()];
    let configs = [config(&[&here], "{}"), config(&[&there], "null")];
    let blob = |bytes: &[u8]| (format!("blobs/sha256/{}", Digest::of(bytes).hex()), bytes.to_vec());
    let manifest = |n: usize| {
        format!(
            r#"{{"schemaVersion":2,"config":{{"digest":"{}","size":{}}},"layers":[{{"digest":"{}","size":{}}}]}}"#,
            Digest::of(configs[n].as_bytes()),
            configs[n].len(),
            Digest::of(&layers[n]),
            layers[n].len()
        )
    };
    let manifests = [manifest(0), manifest(1)];
    let entry = |n: usize, architecture: &str| {
        format!(
            r#"{{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"{}","size":{},"platform":{{"os":"linux","architecture":"{architecture}"}}}}"#,
            Digest::of(manifests[n].as_bytes()),
            manifests[n].len()
        )
    };
    let index = format!(r#"{{"schemaVersion":2,"manifests":[{},{}]}}"#, entry(1, "none"), entry(0, &Platform::host().architecture));
    let top = format!(
        r#"{{"schemaVersion":2,"manifests":[{{"mediaType":"application/vnd.oci.image.index.v1+json","digest":"{}","size":{},"annotations":{{"org.opencontainers.image.ref.name":"2.0"}}}}]}}"#,
        Digest::of(index.as_bytes()),
        index.len()
    );
    let mut files = vec![("oci-layout".to_owned(), b"{}".to_vec()), ("index.json".to_owned(), top.into_bytes()), blob(index.as_bytes())];
    files.extend(manifests.iter().chain(&configs).map(|text| blob(text.as_bytes())));
    files.extend(layers.iter().map(|layer| blob(layer)));
    let borrowed: Vec<(&str, &[u8])> = files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    let names = place.import(&tar(&borrowed)).unwrap();
    // A lone tag is one of an image that is called as the file is.
    assert_eq!(names, ["docker.io/library/archive:2.0".to_owned(), format!("docker.io/library/archive@{}", Digest::of(index.as_bytes()))]);
    assert!(place.get("archive:2.0").layers[0].join("here").exists());
    // A layer that is not what its digest says.
    let garbled: Vec<(&str, &[u8])> =
        borrowed.iter().map(|(name, bytes)| if *bytes == layers[0] { (*name, &b"other"[..]) } else { (*name, *bytes) }).collect();
    let other = Place::new().unwrap();
    assert!(other.import(&tar(&garbled)).unwrap_err().contains("has the digest"));
    assert_eq!((other.store.list().unwrap().len(), other.entries("ingest")), (0, 0));
}

#[test]
fn archives_that_are_none_or_go_beyond_measure_are_refused() {
    // IMG-10, IMG-11
    let Some(place) = Place::new() else { return };
    let said = |bytes: &[u8]| place.import(bytes).unwrap_err();
    assert!(said(&tar(&[("x", b"y")])).contains("neither manifest.json nor index.json"));
    assert!(said(&[b'x'; 4096]).contains("is no image archive"));
    assert!(said(&saved("[\"BAD\"]", &[&tar(&[])], "{}")).contains("lowercase"));
    let many = vec![&b""[..]; 10_000];
    assert!(said(&saved("[\"a:1\"]", &many, "{}")).contains("10000 layers is refused"));
    let layer = tar(&[("a", b"1")]);
    let lying =
        String::from_utf8_lossy(&saved("[\"a:1\"]", &[&layer], "{}")).replace(Digest::of(&layer).as_str(), Digest::of(b"x").as_str());
    assert!(said(lying.as_bytes()).contains("has the digest"));
    assert!(place.store.list().unwrap().is_empty());
}

#[test]
fn of_an_archive_all_images_are_named_or_none() {
    // IMG-19
    let Some(place) = Place::new() else { return };
    let layers = [tar(&[("a", b"1")]), tar(&[("a", b"1"), ("dev", b"no directory"), ("dev/x", b"")])];
    let configs = [config(&[&layers[0]], "{}"), config(&[&layers[1]], "{}")];
    let manifest =
        br#"[{"Config":"0.json","RepoTags":["good:1"],"Layers":["0.tar"]},{"Config":"1.json","RepoTags":["bad:1"],"Layers":["1.tar"]}]"#;
    let files: [(&str, &[u8]); 5] = [
        ("manifest.json", manifest),
        ("0.json", configs[0].as_bytes()),
        ("1.json", configs[1].as_bytes()),
        ("0.tar", &layers[0]),
        ("1.tar", &layers[1]),
    ];
    assert!(place.import(&tar(&files)).unwrap_err().contains("not a directory"));
    assert_eq!((place.store.get("good:1").unwrap(), place.store.get("bad:1").unwrap()), (None, None));
    place.store.sweep(NONE).unwrap().unwrap();
    assert_eq!((place.entries("layers"), place.entries("blobs/sha256"), place.entries("ingest")), (0, 0, 0));
}

#[test]
fn what_nobody_names_or_uses_goes_and_shared_layers_stay() {
    // GC-1
    let Some(place) = Place::new() else { return };
    let (base, one, two) = (tar(&[("base", b"")]), tar(&[("one", b"")]), tar(&[("two", b"")]));
    place.import(&saved(r#"["a:1","a:also"]"#, &[&base, &one], "{}")).unwrap();
    place.import(&saved(r#"["b:1"]"#, &[&base, &two], "{}")).unwrap();
    let (a, b) = (place.get("a:1"), place.get("b:1"));
    assert_eq!((a.layers[0].clone(), place.entries("layers")), (b.layers[0].clone(), 3));
    assert_eq!(place.store.untag("a:also").unwrap(), ["docker.io/library/a:also"]);
    assert_eq!(place.store.sweep(NONE).unwrap().unwrap().images, []);
    assert_eq!(place.store.untag("a:1").unwrap(), ["docker.io/library/a:1"]);
    assert!(place.store.untag("a:1").is_err());
    // A container runs on it.
    let id = a.id.to_string();
    assert_eq!(place.store.sweep(|| InUse::Images(BTreeSet::from([id.clone()]))).unwrap().unwrap().images, []);
    assert_eq!(place.store.sweep(|| InUse::Unknown).unwrap().unwrap().images, []);
    assert!(a.layers.iter().all(|layer| layer.exists()));
    // Somebody is about to use something.
    let hold = place.store.hold().unwrap();
    assert_eq!(place.store.sweep(NONE).unwrap(), None);
    drop(hold);
    fs::write(place.store.dir().join("ingest/left"), "").unwrap();
    assert_eq!(place.store.sweep(NONE).unwrap().unwrap().images, [a.id]);
    assert!(!a.layers[1].exists() && b.layers.iter().all(|layer| layer.exists()));
    assert_eq!((place.entries("layers"), place.entries("ingest"), place.entries("blobs/sha256")), (2, 0, 4));
}

#[test]
fn programs_of_the_host_come_with_what_they_need() {
    let Some(place) = Place::new() else { return };
    let script = place.dir.path().join("script");
    fs::write(&script, "#!/bin/sh\necho\n").unwrap();
    let paths = [PathBuf::from("/usr/bin/env"), script.clone()];
    let imported = from_host(&place.store, &"localhost/tools:1".parse().unwrap(), &paths, &Silent).unwrap();
    assert_eq!(imported.names, ["localhost/tools:1"]);
    let image = place.get("localhost/tools:1");
    let root = &image.layers[0];
    let inside = |path: &Path| root.join(path.strip_prefix("/").unwrap());
    assert!(inside(Path::new("/usr/bin/env")).exists() && inside(&script).exists() && fs::symlink_metadata(root.join("bin/sh")).is_ok());
    assert!(root.join("etc/passwd").exists() && image.pinned);
    assert_eq!(image.settings.cmd, ["/usr/bin/env"]);
    let wrong = from_host(&place.store, &"x:1".parse().unwrap(), &[PathBuf::from("env")], &Silent);
    assert!(wrong.unwrap_err().to_string().contains("whole path"));
}
