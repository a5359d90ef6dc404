//! Debian's packaged cloud kernel: fetched and unpacked into a cache, and the drivers that the machine needs of it, in loading order.

use super::host;
use anyhow::{Context, Result, ensure};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Drivers loaded at start; what they depend on comes along.
const DRIVERS: [&str; 19] = [
    "virtio_pci",
    "virtio_blk",
    "crc32c_generic",
    "overlay",
    "xfs",
    "loop",
    "quota_v2",
    "veth",
    "nf_tables",
    "nft_ct",
    "nf_conntrack_netlink",
    "nft_chain_nat",
    "nft_nat",
    "nft_masq",
    "nft_reject_inet",
    "nft_numgen",
    "nft_fib_inet",
    "nft_fib_ipv4",
    "nft_fib_ipv6",
];

/// An unpacked kernel package.
pub struct Kernel {
    pub image: PathBuf,
    /// Name and file of every driver.
    drivers: BTreeMap<String, PathBuf>,
    builtin: BTreeSet<String>,
}

impl Kernel {
    /// The kernel in the cache, downloaded if it is not there.
    pub fn fetched(cache: &Path) -> Result<Self> {
        if !cache.join("boot").exists() && download(cache).is_err() {
            // Lists that are old or not there.
            host::run_in(Path::new("/"), "apt-get", &["-q", "update"])?;
            download(cache).context("fetch Debian's cloud kernel")?;
        }
        let image = only(&cache.join("boot"), "vmlinuz-")?;
        let modules = only(&cache.join("lib/modules"), "")?;
        let builtin = std::fs::read_to_string(modules.join("modules.builtin")).context("read the list of built-in drivers")?;
        let mut drivers = BTreeMap::new();
        let mut dirs = vec![modules];
        while let Some(dir) = dirs.pop() {
            for entry in std::fs::read_dir(&dir).with_context(|| format!("read {}", dir.display()))? {
                let path = entry?.path();
                if path.is_dir() {
                    dirs.push(path);
                } else if let Some(name) = driver_name(&path.to_string_lossy()) {
                    drivers.insert(name, path);
                }
            }
        }
        Ok(Self { image, drivers, builtin: builtin.lines().filter_map(driver_name).collect() })
    }

    /// Name and content of the drivers to load, each after those it depends on.
    pub fn drivers(&self) -> Result<Vec<(String, Vec<u8>)>> {
        let mut loaded = Vec::new();
        DRIVERS.iter().try_for_each(|name| self.load(name, &mut loaded))?;
        Ok(loaded)
    }

    fn load(&self, name: &str, loaded: &mut Vec<(String, Vec<u8>)>) -> Result<()> {
        if self.builtin.contains(name) || loaded.iter().any(|(known, _)| known == name) {
            return Ok(());
        }
        let path = self.drivers.get(name).with_context(|| format!("the kernel has no driver {name}"))?;
        let content = match path.extension() {
            Some(end) if end == "xz" => host::output("xz", &["-dc".as_ref(), path.as_os_str()])?,
            _ => std::fs::read(path).with_context(|| format!("read {}", path.display()))?,
        };
        dependencies(&content).iter().try_for_each(|other| self.load(other, loaded))?;
        loaded.push((name.to_owned(), content));
        Ok(())
    }
}

fn download(cache: &Path) -> Result<()> {
    let parts = cache.with_extension("parts");
    if parts.exists() {
        std::fs::remove_dir_all(&parts).context("remove what a former try has left")?;
    }
    std::fs::create_dir_all(&parts).context("make the cache")?;
    let printed = host::output("apt-cache", &["depends".as_ref(), "linux-image-cloud-amd64".as_ref()])?;
    let printed = String::from_utf8_lossy(&printed);
    let package = printed.lines().find_map(|line| line.trim().strip_prefix("Depends: ")).context("apt knows no linux-image-cloud-amd64")?;
    host::run_in(&parts, "apt-get", &["-q", "-oAPT::Sandbox::User=root", "download", package])?;
    let deb = only(&parts, "linux-image-")?;
    let unpacked = parts.join("unpacked");
    host::run_in(&parts, "dpkg-deb", &["-x", &deb.to_string_lossy(), &unpacked.to_string_lossy()])?;
    std::fs::rename(&unpacked, cache).context("move the kernel into the cache")
}

/// The one entry of a directory whose name begins so.
fn only(dir: &Path, start: &str) -> Result<PathBuf> {
    let entries = std::fs::read_dir(dir).with_context(|| format!("read {}", dir.display()))?.flatten().map(|entry| entry.path());
    let found: Vec<PathBuf> = entries.filter(|p| p.file_name().is_some_and(|n| n.to_string_lossy().starts_with(start))).collect();
    ensure!(found.len() == 1, "{} has {} entries {start}*, not one", dir.display(), found.len());
    Ok(found[0].clone())
}

/// `kernel/fs/xfs/xfs.ko` and `.../nft-x.ko.xz` to `xfs` and `nft_x`.
fn driver_name(path: &str) -> Option<String> {
    let file = path.rsplit('/').next()?;
    let stem = file.strip_suffix(".ko").or_else(|| file.strip_suffix(".ko.xz"))?;
    Some(stem.replace('-', "_"))
}

/// The names after `depends=` in a driver's `.modinfo` section.
fn dependencies(driver: &[u8]) -> Vec<String> {
    const FIELD: &[u8] = b"\0depends=";
    let Some(at) = driver.windows(FIELD.len()).position(|window| window == FIELD) else { return Vec::new() };
    let value = driver[at + FIELD.len()..].split(|byte| *byte == 0).next().unwrap_or_default();
    String::from_utf8_lossy(value).split(',').filter(|name| !name.is_empty()).map(|name| name.replace('-', "_")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_driver_says_what_it_depends_on() {
        assert_eq!(dependencies(b"x\0license=GPL\0depends=libcrc32c,nf-nat\0name=a\0"), ["libcrc32c", "nf_nat"]);
        assert!(dependencies(b"license=GPL\0depends=\0").is_empty());
        assert_eq!(driver_name("kernel/net/nft-x.ko.xz").as_deref(), Some("nft_x"));
    }
}
