//! `stead image`: works on the image store of a data directory, beside a server that has it open or without one.

mod bars;

use super::print_line;
use crate::config::{FromHostArgs, ImageArgs, ImageVerb, ImportArgs, ListArgs, Output, Place, PruneArgs, PullArgs, PushArgs, RmArgs};
use crate::node::{default_registries, docker_config, images_dir, runtime_root};
use crate::running::{self, Found};
use anyhow::{Context, bail, ensure};
use bars::Bars;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use stead_images::{Image, Imported, Keyring, Platform, Puller, Reference, Registries, Removed, Store, causes};

/// Runs one of its verbs.
pub fn run(args: &ImageArgs) -> anyhow::Result<()> {
    match &args.verb {
        ImageVerb::Import(args) => import(args),
        ImageVerb::FromHost(args) => from_host(args),
        ImageVerb::List(args) => list(args),
        ImageVerb::Pull(args) => pull(args),
        ImageVerb::Push(args) => push(args),
        ImageVerb::Rm(args) => rm(args),
        ImageVerb::Prune(args) => prune(args),
    }
}

fn open(place: &Place) -> anyhow::Result<Store> {
    ensure!(nix::unistd::geteuid().is_root(), "root is needed: layers have files of other users");
    crate::file::private_dir(&place.data_dir)?;
    Store::open(&images_dir(&place.data_dir)).context("open the image store")
}

/// One document, or a line for each result.
fn print(place: &Place, document: &Value, lines: &[String]) {
    match place.output {
        Some(Output::Json) => print_line(&document.to_string()),
        None => lines.iter().for_each(|line| print_line(line)),
    }
}

fn import(args: &ImportArgs) -> anyhow::Result<()> {
    let store = open(&args.place)?;
    let platform = args.platform.clone().unwrap_or_else(Platform::host);
    let mut all = Vec::new();
    for file in &args.files {
        let path = if file == Path::new("-") { Path::new("/dev/stdin") } else { file.as_path() };
        let bars = Bars::new();
        all.extend(stead_images::import(&store, path, &platform, &bars).with_context(|| format!("import {}", file.display()))?);
    }
    print_imported(&args.place, &all);
    Ok(())
}

fn from_host(args: &FromHostArgs) -> anyhow::Result<()> {
    let store = open(&args.place)?;
    let imported = stead_images::from_host(&store, &args.name, &args.paths, &Bars::new()).with_context(|| format!("make {}", args.name))?;
    print_imported(&args.place, &[imported]);
    Ok(())
}

fn print_imported(place: &Place, images: &[Imported]) {
    let documents: Vec<Value> = images.iter().map(|image| json!({"id": image.id, "names": image.names})).collect();
    let lines: Vec<String> = images.iter().map(|image| format!("imported {} {}", tags(&image.names), image.id)).collect();
    print(place, &json!({ "images": documents }), &lines);
}

fn tags(names: &[String]) -> String {
    let tags: Vec<&str> = names.iter().map(String::as_str).filter(|name| !name.contains('@')).collect();
    if tags.is_empty() { "<none>".to_owned() } else { tags.join(" ") }
}

fn list(args: &ListArgs) -> anyhow::Result<()> {
    let images = open(&args.place)?.list().context("list the images")?;
    let names = |image: &Image| match image.tags.as_slice() {
        [] => vec![image.digests.first().cloned().unwrap_or_else(|| "<none>".to_owned())],
        tags => tags.to_vec(),
    };
    let width = images.iter().flat_map(names).map(|name| name.len()).max().unwrap_or(0).max("NAME".len());
    let mut lines = vec![format!("{:width$}  {:12}  {:>8}  PINNED", "NAME", "ID", "SIZE")];
    for image in &images {
        let pinned = if image.pinned { "yes" } else { "no" };
        let line = |name| format!("{name:width$}  {}  {:>8}  {pinned}", &image.id.hex()[..12], size(image.size_bytes));
        lines.extend(names(image).into_iter().map(line));
    }
    print(&args.place, &json!({"images": images.iter().map(document).collect::<Vec<_>>()}), &lines);
    Ok(())
}

fn document(image: &Image) -> Value {
    json!({"id": image.id, "names": image.tags, "digests": image.digests, "sizeBytes": image.size_bytes, "pinned": image.pinned})
}

/// The node's own credentials; none if there is no such file.
fn keyring(place: &Place) -> anyhow::Result<Keyring> {
    let path = docker_config(&place.data_dir);
    match std::fs::read(&path) {
        Ok(bytes) => Keyring::parse(&bytes).with_context(|| format!("read {}", path.display())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Keyring::default()),
        Err(error) => Err(error).with_context(|| format!("read {}", path.display())),
    }
}

/// The settings of registries: those of the server that runs here.
fn registries(place: &Place) -> anyhow::Result<PathBuf> {
    let own = match running::find(&place.data_dir)? {
        Found::Ready(server) => server.settings.get("private-registry").map(PathBuf::from),
        Found::Nothing | Found::Unready(_) | Found::Orphaned(_) => None,
    };
    Ok(own.unwrap_or_else(|| default_registries(&place.data_dir)))
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().context("start the runtime")
}

fn pull(args: &PullArgs) -> anyhow::Result<()> {
    let puller = Puller::new(open(&args.place)?, registries(&args.place)?);
    let (keyring, runtime, mut images) = (keyring(&args.place)?, runtime()?, Vec::new());
    for name in &args.names {
        match runtime.block_on(puller.pull(name, &keyring, Arc::new(Bars::new()))) {
            Ok(image) => images.push(image),
            Err(error) => bail!("pull {name}: {}", causes(&*error)),
        }
    }
    let lines: Vec<String> = images.iter().map(|image| format!("pulled {} {}", tags(&image.tags), image.id)).collect();
    print(&args.place, &json!({"images": images.iter().map(document).collect::<Vec<_>>()}), &lines);
    Ok(())
}

fn push(args: &PushArgs) -> anyhow::Result<()> {
    let store = open(&args.place)?;
    let target: Reference = args.target.clone().map_or_else(|| args.name.parse(), Ok)?;
    let registries = Registries::read(&registries(&args.place)?).context("read the settings of registries")?;
    let (keyring, bars) = (keyring(&args.place)?, Bars::new());
    let pushed = runtime()?.block_on(stead_images::push(&store, &args.name, &target, &registries, &keyring, &bars));
    let digest = pushed.with_context(|| format!("push {} as {target}", args.name))?;
    print(&args.place, &json!({"name": target.key(), "digest": digest}), &[format!("pushed {} {digest}", target.key())]);
    Ok(())
}

fn rm(args: &RmArgs) -> anyhow::Result<()> {
    let store = open(&args.place)?;
    let root = runtime_root(&args.place.data_dir);
    let in_use = stead_runtime::images_in_use(&root);
    for name in &args.names {
        let image = store.get(name)?.with_context(|| format!("image {name} is not here"))?;
        ensure!(!in_use.holds(&image.id), "image {name} is used by a container of a pod");
    }
    let mut names = Vec::new();
    for name in &args.names {
        names.extend(store.untag(name)?);
    }
    print_removed(&args.place, &store.sweep(|| stead_runtime::images_in_use(&root))?.unwrap_or_default(), names);
    Ok(())
}

fn prune(args: &PruneArgs) -> anyhow::Result<()> {
    let store = open(&args.place)?;
    let root = runtime_root(&args.place.data_dir);
    let in_use = stead_runtime::images_in_use(&root);
    let mut names = Vec::new();
    for image in store.list()?.iter().filter(|image| !image.pinned && !in_use.holds(&image.id)) {
        names.extend(store.untag(image.id.as_str())?);
    }
    let removed = store.sweep(|| stead_runtime::images_in_use(&root))?.context("images are being added or used just now: try again")?;
    print_removed(&args.place, &removed, names);
    Ok(())
}

fn print_removed(place: &Place, removed: &Removed, names: Vec<String>) {
    let mut lines: Vec<String> = names.iter().map(|name| format!("removed {name}")).collect();
    lines.extend(removed.images.iter().map(|id| format!("deleted {id}")));
    lines.push(format!("{} freed", size(removed.bytes)));
    print(place, &json!({"names": names, "images": removed.images, "bytes": removed.bytes}), &lines);
}

/// In decimal units, as registries count.
fn size(bytes: u64) -> String {
    let (unit, name) = match bytes {
        1_000_000_000.. => (1e9, "GB"),
        1_000_000.. => (1e6, "MB"),
        _ => (1e3, "kB"),
    };
    #[expect(clippy::cast_precision_loss, reason = "one digit after the point is shown")]
    let value = bytes as f64 / unit;
    format!("{value:.1}{name}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::running::Running;
    use std::collections::BTreeMap;

    #[test]
    fn the_settings_of_registries_are_those_of_the_server_that_runs() {
        // IMG-17
        let dir = tempfile::tempdir().unwrap();
        let place = Place { data_dir: dir.path().to_owned(), output: None };
        assert_eq!(registries(&place).unwrap(), dir.path().join("registries.yaml"));
        let settings = BTreeMap::from([("private-registry".to_owned(), "/etc/mirrors.yaml".to_owned())]);
        Running::this("https://x:1".into(), "/k".into(), settings).unwrap().write(dir.path()).unwrap();
        assert_eq!(registries(&place).unwrap(), Path::new("/etc/mirrors.yaml"));
    }

    #[test]
    fn sizes_are_short() {
        assert_eq!([size(999), size(4_300_000), size(12_345_678_900)], ["1.0kB", "4.3MB", "12.3GB"]);
    }
}
