//! `stead image`: works on the image store of a data directory, beside a server that has it open or without one.

use super::print_line;
use crate::config::{ImageArgs, ImageVerb, ImportArgs, ListArgs, Output};
use crate::node::images_dir;
use anyhow::{Context, ensure};
use serde_json::json;
use std::path::Path;
use stead_images::{Image, Imported, Platform, Silent, Store};

/// Runs one of its verbs.
pub fn run(args: &ImageArgs) -> anyhow::Result<()> {
    match &args.verb {
        ImageVerb::Import(args) => import(args),
        ImageVerb::List(args) => list(args),
    }
}

fn open(data_dir: &Path) -> anyhow::Result<Store> {
    ensure!(nix::unistd::geteuid().is_root(), "root is needed: layers have files of other users");
    crate::file::private_dir(data_dir)?;
    Store::open(&images_dir(data_dir)).context("open the image store")
}

fn import(args: &ImportArgs) -> anyhow::Result<()> {
    let store = open(&args.place.data_dir)?;
    let platform = args.platform.clone().unwrap_or_else(Platform::host);
    let mut all = Vec::new();
    for file in &args.files {
        let path = if file == Path::new("-") { Path::new("/dev/stdin") } else { file.as_path() };
        let imported = stead_images::import(&store, path, &platform, &Silent).with_context(|| format!("import {}", file.display()))?;
        if args.place.output.is_none() {
            imported.iter().for_each(|image| print_line(&said(image)));
        }
        all.extend(imported);
    }
    if args.place.output == Some(Output::Json) {
        let images = all.iter().map(|image| json!({"id": image.id, "names": image.names})).collect::<Vec<_>>();
        print_line(&json!({"images": images}).to_string());
    }
    Ok(())
}

fn said(image: &Imported) -> String {
    let tags: Vec<&str> = image.names.iter().map(String::as_str).filter(|name| !name.contains('@')).collect();
    let names = if tags.is_empty() { "<none>".to_owned() } else { tags.join(" ") };
    format!("imported {names} {}", image.id)
}

fn list(args: &ListArgs) -> anyhow::Result<()> {
    let images = open(&args.place.data_dir)?.list().context("list the images")?;
    if args.place.output == Some(Output::Json) {
        print_line(&json!({"images": images.iter().map(document).collect::<Vec<_>>()}).to_string());
        return Ok(());
    }
    let none = || vec!["<none>".to_owned()];
    let names = |image: &Image| {
        if image.tags.is_empty() { image.digests.first().cloned().map_or_else(none, |name| vec![name]) } else { image.tags.clone() }
    };
    let width = images.iter().flat_map(names).map(|name| name.len()).max().unwrap_or(0).max("NAME".len());
    print_line(&format!("{:width$}  {:12}  {:>8}  PINNED", "NAME", "ID", "SIZE"));
    for image in &images {
        for name in names(image) {
            let pinned = if image.pinned { "yes" } else { "no" };
            print_line(&format!("{name:width$}  {}  {:>8}  {pinned}", &image.id.hex()[..12], size(image.size_bytes)));
        }
    }
    Ok(())
}

fn document(image: &Image) -> serde_json::Value {
    json!({
        "id": image.id,
        "names": image.tags,
        "digests": image.digests,
        "sizeBytes": image.size_bytes,
        "pinned": image.pinned,
    })
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

    #[test]
    fn sizes_are_short() {
        assert_eq!([size(999), size(4_300_000), size(12_345_678_900)], ["1.0kB", "4.3MB", "12.3GB"]);
    }
}
