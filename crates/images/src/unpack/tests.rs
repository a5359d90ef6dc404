//! Layers of every kind, good and hostile. Owners and devices need root.

use super::*;
use crate::unpack::lower::OPAQUE;
use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use tar::{EntryType, Header};

/// Ends a test that needs root where there is none, loudly.
macro_rules! needs_root {
    () => {
        if !nix::unistd::geteuid().is_root() {
            left_out(std::thread::current().name().unwrap_or("a test"));
            return;
        }
    };
}

/// Notes for `cargo xtask test` that a test did not run.
#[expect(clippy::disallowed_methods, reason = "the list's place is told by the environment")]
fn left_out(test: &str) {
    if let Some(path) = std::env::var_os("STEAD_LEFT_OUT") {
        let mut file = fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
        writeln!(file, "{test}: needs root").unwrap();
    }
}

/// A layer that is being written.
struct Layer(tar::Builder<Vec<u8>>);

impl Layer {
    fn new() -> Layer {
        Layer(tar::Builder::new(Vec::new()))
    }

    fn add(mut self, kind: EntryType, path: &str, link: &str, mode: u32, content: &[u8]) -> Layer {
        let mut header = Header::new_gnu();
        header.as_mut_bytes()[..path.len()].copy_from_slice(path.as_bytes()); // the builder would refuse what is hostile
        header.as_mut_bytes()[157..157 + link.len()].copy_from_slice(link.as_bytes());
        header.set_entry_type(kind);
        header.set_size(content.len() as u64);
        header.set_mode(mode);
        header.set_uid(1000);
        header.set_gid(2000);
        header.set_mtime(1_700_000_000);
        header.set_device_major(8).unwrap();
        header.set_device_minor(1).unwrap();
        header.set_cksum();
        self.0.append(&header, content).unwrap();
        self
    }

    fn file(self, path: &str, content: &str) -> Layer {
        self.add(EntryType::Regular, path, "", 0o644, content.as_bytes())
    }

    fn dir(self, path: &str, mode: u32) -> Layer {
        self.add(EntryType::Directory, path, "", mode, b"")
    }

    fn symlink(self, path: &str, to: &str) -> Layer {
        self.add(EntryType::Symlink, path, to, 0o777, b"")
    }

    fn link(self, path: &str, to: &str) -> Layer {
        self.add(EntryType::Link, path, to, 0o644, b"")
    }

    fn xattr(mut self, name: &str, value: &[u8]) -> Layer {
        self.0.append_pax_extensions([(format!("SCHILY.xattr.{name}").as_str(), value)]).unwrap();
        self
    }

    fn bytes(self) -> Vec<u8> {
        self.0.into_inner().unwrap()
    }
}

/// Layers that are unpacked one above the other.
struct Layers {
    dir: tempfile::TempDir,
    paths: Vec<PathBuf>,
}

impl Layers {
    fn new() -> Layers {
        Layers { dir: tempfile::tempdir().unwrap(), paths: Vec::new() }
    }

    fn unpack(&mut self, layer: Layer) -> io::Result<PathBuf> {
        self.unpack_bytes(&layer.bytes())
    }

    fn unpack_bytes(&mut self, bytes: &[u8]) -> io::Result<PathBuf> {
        let path = self.dir.path().join(self.paths.len().to_string());
        fs::create_dir(&path).unwrap();
        let digest = unpack(bytes, &path, &self.paths, &|_| {});
        self.paths.push(path.clone());
        digest.map(|digest| assert_eq!(digest, Digest::of(bytes)))?;
        Ok(path)
    }

    fn refused(layer: Layer) -> String {
        let mut layers = Layers::new();
        let error = layers.unpack(layer).unwrap_err();
        assert_eq!(fs::read_dir(layers.dir.path()).unwrap().count(), 1, "something lies outside");
        error.to_string()
    }
}

fn is_whiteout(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|file| file.file_type().is_char_device() && file.rdev() == 0)
}

fn xattr(path: &Path, name: &str) -> Option<Vec<u8>> {
    stead_sys::xattr::get(&fs::File::open(path).unwrap(), OsStr::new(name)).unwrap()
}

#[test]
fn what_takes_a_links_place_is_gone_into_and_the_link_no_more() {
    // IMG-11
    needs_root!();
    let mut layers = Layers::new();
    layers.unpack(Layer::new().dir("old", 0o755).symlink("lower", "old").symlink("hidden", "old")).unwrap();
    let top = Layer::new().dir("old", 0o755).symlink("own", "old").file("own/1", "").file("lower/1", "").file("hidden/1", "");
    let top = top.dir("own", 0o755).dir("lower", 0o755).file(".wh.hidden", "").file("own/2", "").file("lower/2", "").file("hidden/2", "");
    let root = layers.unpack(top).unwrap();
    let names = |directory: &str| fs::read_dir(root.join(directory)).unwrap().map(|found| found.unwrap().file_name()).collect::<Vec<_>>();
    for directory in ["own", "lower", "hidden"] {
        assert_eq!(names(directory), ["2"], "{directory}");
    }
    assert_eq!(names("old"), ["1"]);
}

#[test]
fn owners_modes_times_links_and_attributes_are_as_in_the_layer() {
    needs_root!();
    // IMG-11
    let capability = [1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let mut layers = Layers::new();
    let layer = Layer::new().dir("./", 0o755).dir("bin/", 0o1777).xattr("security.capability", &capability).xattr("user.note", b"x");
    let layer = layer.add(EntryType::Regular, "bin/ping", "", 0o4755, b"program").symlink("bin/sh", "ping").link("bin/other", "bin/ping");
    let root = layers.unpack(layer.add(EntryType::Fifo, "pipe", "", 0o622, b"")).unwrap();
    let ping = fs::metadata(root.join("bin/ping")).unwrap();
    assert_eq!((ping.mode() & 0o7777, ping.uid(), ping.gid(), ping.mtime(), ping.nlink()), (0o4755, 1000, 2000, 1_700_000_000, 2));
    let bin = fs::metadata(root.join("bin")).unwrap();
    assert_eq!((bin.mode() & 0o7777, bin.uid(), bin.mtime()), (0o1777, 1000, 1_700_000_000));
    assert_eq!(fs::metadata(root.join("bin/other")).unwrap().ino(), ping.ino());
    assert_eq!(fs::read_link(root.join("bin/sh")).unwrap(), Path::new("ping"));
    let sh = fs::symlink_metadata(root.join("bin/sh")).unwrap();
    assert_eq!((sh.uid(), sh.mtime()), (1000, 1_700_000_000));
    let pipe = fs::symlink_metadata(root.join("pipe")).unwrap();
    assert!(pipe.file_type().is_fifo() && pipe.mode() & 0o777 == 0o622 && pipe.uid() == 1000);
    assert_eq!(xattr(&root.join("bin/ping"), "security.capability").as_deref(), Some(&capability[..]));
    assert_eq!(xattr(&root.join("bin/ping"), "user.note").as_deref(), Some(&b"x"[..]));
}

#[test]
fn attributes_that_would_change_what_other_paths_show_are_dropped() {
    needs_root!();
    // IMG-11
    let layer = Layer::new().xattr("trusted.overlay.redirect", b"/etc").xattr("user.overlay.opaque", b"y").dir("d/", 0o755);
    let mut layers = Layers::new();
    let root = layers.unpack(layer).unwrap();
    assert_eq!((xattr(&root.join("d"), "trusted.overlay.redirect"), xattr(&root.join("d"), "user.overlay.opaque")), (None, None));
}

#[test]
fn whiteouts_hide_what_is_below_and_nothing_of_their_own_layer() {
    needs_root!();
    // IMG-11
    let mut layers = Layers::new();
    layers.unpack(Layer::new().dir("a/", 0o755).file("a/old", "1").file("gone", "1").dir("again/", 0o700).file("again/old", "1")).unwrap();
    let layer = Layer::new().dir("a/", 0o755).file("a/new", "2").file("a/.wh..wh..opq", "").file(".wh.gone", "").file(".wh.again", "");
    let root = layers.unpack(layer.dir("again/", 0o711).file("kept", "2").file(".wh.kept", "").file(".wh..wh.plnk", "")).unwrap();
    assert!(is_whiteout(&root.join("gone")));
    assert_eq!(xattr(&root.join("a"), OPAQUE).as_deref(), Some(&b"y"[..]));
    assert_eq!(fs::read(root.join("a/new")).unwrap(), b"2");
    assert_eq!(xattr(&root.join("again"), OPAQUE).as_deref(), Some(&b"y"[..]));
    assert_eq!(fs::read(root.join("kept")).unwrap(), b"2");
    assert_eq!(fs::read_dir(&root).unwrap().count(), 4);
    // A third layer sees what the second has made of the first.
    let root = layers.unpack(Layer::new().file("a/more", "3").file("again/more", "3").file("gone/more", "3")).unwrap();
    assert_eq!(fs::metadata(root.join("again")).unwrap().mode() & 0o777, 0o711);
    assert_eq!(fs::metadata(root.join("gone")).unwrap().mode() & 0o777, 0o755);
    assert!(layers.unpack(Layer::new().link("x", "a/old")).unwrap_err().to_string().contains("not there"));
}

#[test]
fn what_a_layer_takes_for_granted_comes_from_below() {
    needs_root!();
    // IMG-11
    let mut layers = Layers::new();
    let first = Layer::new().dir("tmp/", 0o1777).dir("usr/", 0o755).dir("usr/lib/", 0o750).symlink("lib", "usr/lib").symlink("abs", "/usr");
    layers.unpack(first.add(EntryType::Regular, "bin", "", 0o4711, b"program").symlink("sh", "bin")).unwrap();
    layers.unpack(Layer::new().file("unrelated", "")).unwrap();
    let third = Layer::new().file("tmp/x", "3").file("lib/x", "3").file("abs/lib/y", "3").link("copy", "bin").link("sh2", "sh");
    let root = layers.unpack(third).unwrap();
    assert_eq!(fs::metadata(root.join("tmp")).unwrap().mode() & 0o7777, 0o1777);
    assert_eq!(fs::metadata(root.join("tmp")).unwrap().uid(), 1000);
    assert!(root.join("usr/lib/x").exists() && root.join("usr/lib/y").exists() && !root.join("lib").exists() && !root.join("abs").exists());
    assert_eq!(fs::metadata(root.join("usr/lib")).unwrap().mode() & 0o777, 0o750);
    let copy = fs::metadata(root.join("copy")).unwrap();
    assert_eq!((copy.mode() & 0o7777, copy.ino(), copy.uid()), (0o4711, fs::metadata(root.join("bin")).unwrap().ino(), 1000));
    assert_eq!(fs::read_link(root.join("sh2")).unwrap(), Path::new("bin"));
}

#[test]
fn no_path_and_no_link_leads_out() {
    needs_root!();
    // IMG-11
    assert!(Layers::refused(Layer::new().file("../evil", "x")).contains("leads out"));
    assert!(Layers::refused(Layer::new().file("a/../../evil", "x")).contains("leads out"));
    assert!(Layers::refused(Layer::new().link("a", "../../etc/passwd")).contains("leads out"));
    assert!(Layers::refused(Layer::new().symlink("a", "a").file("a/x", "x")).contains("too many symbolic links"));
    assert!(Layers::refused(Layer::new().file("a", "x").file("a/x", "x")).contains("not a directory"));
    let mut layers = Layers::new();
    let outside = layers.dir.path().join("outside");
    fs::create_dir(&outside).unwrap();
    let (up, absolute) = ("../../../../../../..".to_owned() + outside.to_str().unwrap(), outside.to_str().unwrap().to_owned());
    let layer = Layer::new().symlink("up", &up).symlink("abs", &absolute).file("up/one", "x").file("abs/two", "x").file("/three", "x");
    let root = layers.unpack(layer.symlink("f", &format!("{absolute}/file")).file("f", "x").link("l", "abs/two")).unwrap();
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
    let inside = root.join(outside.strip_prefix("/").unwrap());
    assert!(inside.join("one").exists() && inside.join("two").exists() && root.join("three").exists());
    assert!(fs::symlink_metadata(root.join("f")).unwrap().is_file());
}

#[test]
fn devices_are_refused_but_below_dev_where_no_container_sees_them() {
    needs_root!();
    // IMG-11
    for kind in [EntryType::Block, EntryType::Char] {
        assert!(Layers::refused(Layer::new().add(kind, "disk", "", 0o666, b"")).contains("is a device"));
        assert!(Layers::refused(Layer::new().add(kind, "a/dev/disk", "", 0o666, b"")).contains("is a device"));
        let mut layers = Layers::new();
        let root = layers.unpack(Layer::new().dir("dev/", 0o755).add(kind, "dev/sda", "", 0o666, b"")).unwrap();
        assert_eq!(fs::read_dir(root.join("dev")).unwrap().count(), 0);
    }
}

#[test]
fn later_entries_replace_earlier_ones() {
    needs_root!();
    let mut layers = Layers::new();
    let layer =
        Layer::new().file("a", "1").file("a", "2").dir("d/", 0o755).file("d/x", "1").file("d", "file").symlink("s", "d").dir("s/", 0o755);
    let root = layers.unpack(layer.file("s/x", "3").dir("s/", 0o700)).unwrap();
    assert_eq!((fs::read(root.join("a")).unwrap(), fs::read(root.join("d")).unwrap()), (b"2".to_vec(), b"file".to_vec()));
    assert_eq!(fs::metadata(root.join("s")).unwrap().mode() & 0o777, 0o700);
    assert!(root.join("s/x").exists());
}

#[test]
fn zeros_become_holes() {
    needs_root!();
    // IMG-11
    let mut content = vec![0; 4 << 20];
    content[1 << 20] = 1;
    let mut layers = Layers::new();
    let root = layers.unpack(Layer::new().add(EntryType::Regular, "sparse", "", 0o644, &content)).unwrap();
    assert_eq!(fs::read(root.join("sparse")).unwrap(), content);
    assert!(fs::metadata(root.join("sparse")).unwrap().blocks() < 1024);
}

#[test]
fn what_only_fills_disks_is_refused() {
    // IMG-11
    assert!(check_cost(2 << 30, 1 << 20).unwrap_err().to_string().contains("refused"));
    assert!(check_cost(BYTES_MAX + 1, BYTES_MAX).unwrap_err().to_string().contains("refused"));
    assert!(check_cost(2 << 30, 1 << 25).is_ok() && check_cost(1 << 20, 1).is_ok());
}

#[test]
fn truncated_and_garbled_layers_are_errors() {
    needs_root!();
    // IMG-11
    let whole = Layer::new().file("a", &"x".repeat(2000)).bytes();
    for length in [100, 512, 1000, 2000] {
        assert!(Layers::new().unpack_bytes(&whole[..length]).is_err(), "{length}");
    }
    assert!(Layers::new().unpack_bytes(&[0x1f, 0x8b, 8, 0, 1, 2, 3]).is_err());
    assert!(Layers::new().unpack_bytes(&[0x28, 0xb5, 0x2f, 0xfd, 0xff, 0xff]).is_err());
    assert!(Layers::new().unpack_bytes(&[b'x'; 2048]).is_err());
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 64, ..Default::default() })]

    /// Whatever a layer says, nothing is made outside of its directory, and nothing panics.
    #[test]
    fn nothing_leads_out(entries in proptest::collection::vec((0_u8..6, "[a.]{1,2}(/[ab.]{1,2}){0,3}", "(/|\\.\\./)?[ab.]{1,2}(/[ab.]{1,2}){0,2}"), 1..20)) {
        if !nix::unistd::geteuid().is_root() {
            return Ok(()); // the other tests say so aloud
        }
        let mut layers = Layers::new();
        for chunk in entries.chunks(7) {
            let layer = chunk.iter().fold(Layer::new(), |layer, (kind, path, link)| match kind {
                0 => layer.file(path, "x"),
                1 => layer.dir(path, 0o755),
                2 => layer.symlink(path, link),
                3 => layer.link(path, link),
                4 => layer.file(&format!("{path}/.wh.a"), ""),
                _ => layer.file(&format!("{path}/.wh..wh..opq"), ""),
            });
            // Refused or not, it stays inside.
            layers.unpack(layer).map(drop).unwrap_or_default();
            proptest::prop_assert_eq!(fs::read_dir(layers.dir.path()).unwrap().count(), layers.paths.len());
        }
    }
}
