//! Where the mounts of a container have really come to be. Whoever else can write a volume may exchange directories in it for links while the
//! mounts of its next user are made, and so have one of them cover what `/proc` tells and takes: labels, sysctls. So once all are there, and before
//! the program runs, the kernel's own list is looked at.

use std::path::Path;

use stead_sys::mount_table::{self, Mounted};

use super::REPLACEABLE;
use crate::container::ContainerSpec;

/// Refuses a container whose first process, which waits, has something mounted in its `/proc` that does not belong there.
pub fn check(pid: i32, spec: &ContainerSpec) -> Result<(), String> {
    let table = mount_table::read_of(pid).map_err(|error| format!("list the container's mounts: {error}"))?;
    match stranger(&table, spec) {
        Some(place) => Err(format!("\"{}\" cannot be mounted because it is inside /proc", place.display())),
        None => Ok(()),
    }
}

fn stranger<'a>(table: &'a [Mounted], spec: &ContainerSpec) -> Option<&'a Path> {
    let belongs = |mounted: &Mounted| {
        if mounted.place == Path::new("/proc") {
            return mounted.kind == "proc" && mounted.root == Path::new("/");
        }
        let paths = spec.masked_paths.iter().chain(&spec.readonly_paths).map(String::as_str).chain(REPLACEABLE);
        paths.into_iter().any(|path| mounted.place == Path::new(path))
    };
    table.iter().find(|mounted| mounted.place.starts_with("/proc") && !belongs(mounted)).map(|mounted| mounted.place.as_path())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(lines: &str) -> Option<String> {
        let spec =
            ContainerSpec { masked_paths: vec!["/proc/keys".into()], readonly_paths: vec!["/proc/sys".into()], ..ContainerSpec::default() };
        let always = "2 1 0:1 / / rw - overlay overlay rw\n3 2 0:2 / /proc rw - proc proc rw\n";
        let table = mount_table::parse(format!("{always}{lines}").as_bytes());
        stranger(&table, &spec).map(|place| place.display().to_string())
    }

    #[test]
    fn what_covers_proc_is_found() {
        // LC-28
        let good = "4 3 0:3 /null /proc/keys rw - tmpfs tmpfs rw\n5 3 0:2 /sys /proc/sys ro - proc proc rw\n6 2 8:1 /x /procession rw - ext4 d rw\n";
        assert_eq!(found(good), None);
        assert_eq!(found("4 3 8:1 /f /proc/meminfo rw - fuse lxcfs rw\n"), None);
        assert_eq!(found("4 3 8:1 /v /proc/1/attr rw - ext4 d rw\n"), Some("/proc/1/attr".into()));
        assert_eq!(found("4 3 8:1 /v /proc/sys/kernel rw - ext4 d rw\n"), Some("/proc/sys/kernel".into()));
        assert_eq!(found("4 3 8:1 /v /proc rw - ext4 d rw\n"), Some("/proc".into()));
        assert_eq!(found("4 3 0:9 /self /proc rw - proc proc rw\n"), Some("/proc".into()));
    }
}
