//! Looking at the machine: kernel, control groups, a trial mount of an overlay, room, and who knows which names. What cannot be looked at is
//! taken for good: the server itself says what fails.

use super::verdict::Facts;
use crate::config::ServerArgs;
use crate::running;
use nix::errno::Errno;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::{AccessFlags, access};
use std::io::ErrorKind;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use stead_api::time::Timestamp;
use stead_sys::mount_table;

const CGROUPS: &str = "/sys/fs/cgroup";
/// What programs have told systemd-resolved about each link; a file for each.
const LINKS: &str = "/run/systemd/resolve/netif";
/// Links whose name servers are looked at.
const LINKS_MAX: usize = 100;

pub fn gather(args: &ServerArgs, now: Timestamp) -> Facts {
    let has_containers = args.agent();
    let place = existing(&args.data_dir);
    let kernel = nix::sys::utsname::uname().map(|name| name.release().to_string_lossy().into_owned()).unwrap_or_default();
    // A server that has begun must start on a full disk, too, so that there is somebody by whom room can be made.
    let room = if running::store(&args.data_dir).exists() { None } else { nix::sys::statvfs::statvfs(&place).ok() };
    let texts = std::fs::read_dir(LINKS)
        .into_iter()
        .flatten()
        .flatten()
        .take(LINKS_MAX)
        .filter_map(|link| std::fs::read_to_string(link.path()).ok());
    Facts {
        has_containers,
        kernel,
        controllers: controllers(),
        can_write_cgroups: can_write_cgroups(),
        overlay_trouble: if has_containers { overlay_trouble(&place, &args.data_dir) } else { None },
        data_dir: args.data_dir.display().to_string(),
        free_bytes: room.map(|room| room.blocks_available().saturating_mul(room.fragment_size())),
        now,
        split_dns: texts.flat_map(|text| split_dns(&text)).collect(),
        has_chosen_resolvers: !args.dns_upstream.is_empty() || args.resolv_conf.is_some(),
    }
}

/// The directory itself, or the first above it that is there.
fn existing(dir: &Path) -> PathBuf {
    let absolute = std::path::absolute(dir).unwrap_or_else(|_| dir.to_owned());
    absolute.ancestors().find(|ancestor| ancestor.is_dir()).unwrap_or(Path::new("/")).to_owned()
}

/// Those of version 2, and of each hierarchy of version 1.
fn controllers() -> Option<Vec<String>> {
    let mounts = mount_table::read_kinds(&["cgroup", "cgroup2"]).ok()?;
    let mut found = None;
    for mounted in mounts.iter().filter(|mounted| mounted.place.starts_with(CGROUPS)) {
        let own: Vec<String> = match mounted.kind.as_str() {
            "cgroup2" => {
                let text = std::fs::read_to_string(mounted.place.join("cgroup.controllers")).unwrap_or_default();
                text.split_ascii_whitespace().map(str::to_owned).collect()
            }
            _ => mounted.options.split(',').map(str::to_owned).collect(),
        };
        found.get_or_insert_with(Vec::new).extend(own);
    }
    found
}

/// Whether none of the hierarchies that limits need is mounted for reading alone.
fn can_write_cgroups() -> bool {
    let places = mount_table::read_kinds(&["cgroup", "cgroup2"]).unwrap_or_default().into_iter().map(|mounted| mounted.place);
    places.filter(|place| place.starts_with(CGROUPS)).all(|place| access(&place, AccessFlags::W_OK) != Err(Errno::EROFS))
}

/// Mounts an overlay as containers have it, where nobody else sees it; why that fails. Only root can try.
fn overlay_trouble(place: &Path, data_dir: &Path) -> Option<String> {
    if !nix::unistd::geteuid().is_root() {
        return None;
    }
    // A thread can have mounts of its own, which end with it.
    std::thread::scope(|scope| scope.spawn(|| trial(place, data_dir)).join()).ok()?.err()
}

fn trial(place: &Path, data_dir: &Path) -> Result<(), String> {
    // What is no fault of overlays hinders nothing here.
    let Ok(dir) = TrialDirectory::make(place, data_dir) else { return Ok(()) };
    if unshare(CloneFlags::CLONE_FS | CloneFlags::CLONE_NEWNS).is_err() {
        return Ok(());
    }
    let none = None::<&str>;
    if mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none).is_err() {
        return Ok(());
    }
    let part = |name: &str| dir.0.join(name).display().to_string();
    let options = format!("lowerdir={},upperdir={},workdir={}", part("lower"), part("upper"), part("work"));
    let merged = dir.0.join("merged");
    mount(Some("overlay"), &merged, Some("overlay"), MsFlags::empty(), Some(options.as_str())).map_err(|error| error.desc().to_owned())?;
    umount2(&merged, MntFlags::MNT_DETACH).map_err(|error| error.desc().to_owned())
}

/// A directory of the trial, removed with it.
struct TrialDirectory(PathBuf);

impl TrialDirectory {
    /// Its name is the same each time: what a crash has left is used again, and removed.
    fn make(place: &Path, data_dir: &Path) -> std::io::Result<Self> {
        let dir = place.join(format!(".{}.trial", data_dir.file_name().unwrap_or_default().to_string_lossy()));
        std::fs::remove_dir_all(&dir).or_else(|error| if error.kind() == ErrorKind::NotFound { Ok(()) } else { Err(error) })?;
        std::fs::create_dir(&dir)?;
        let made = Self(dir);
        for part in ["lower", "upper", "work", "merged"] {
            std::fs::create_dir(made.0.join(part))?;
        }
        Ok(made)
    }
}

impl Drop for TrialDirectory {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

/// The name servers of a link that are asked for names of its domains alone, from what systemd-resolved keeps of it.
fn split_dns(text: &str) -> Vec<IpAddr> {
    let value = |key: &str| text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('=')).unwrap_or_default();
    // `~.` makes them the servers of every name.
    let domains: Vec<&str> = value("DOMAINS").split_ascii_whitespace().chain(value("ROUTE_DOMAINS").split_ascii_whitespace()).collect();
    let is_of_all = domains.iter().any(|domain| matches!(*domain, "~." | "."));
    let is_default = matches!(value("DEFAULT_ROUTE"), "yes" | "1" | "true");
    if domains.is_empty() || is_of_all || is_default {
        return Vec::new();
    }
    value("SERVERS").split_ascii_whitespace().filter_map(|server| server.split(['%', '#']).next()?.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vpns_name_servers_are_told_by_their_domains() {
        let vpn = "# This is private data. Do not parse.\nLLMNR=yes\nSERVERS=10.8.0.1 fd00::1%3\nDOMAINS=~corp.example\nDEFAULT_ROUTE=no\n";
        assert_eq!(split_dns(vpn), ["10.8.0.1", "fd00::1"].map(|text| text.parse::<IpAddr>().unwrap()));
        for usual in
            ["SERVERS=192.168.1.1\n", "SERVERS=10.8.0.1\nDOMAINS=~.\n", "SERVERS=192.168.1.1\nDOMAINS=lan\nDEFAULT_ROUTE=yes\n", ""]
        {
            assert_eq!(split_dns(usual), Vec::<IpAddr>::new(), "{usual:?}");
        }
    }

    #[test]
    fn a_directory_to_come_is_judged_by_the_one_above() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(existing(&dir.path().join("a/b")), dir.path());
        trial(dir.path(), &dir.path().join("data")).unwrap();
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "a trial leaves nothing");
    }
}
