//! Huge pages: the sizes that this machine has, and how many of each a cgroup may take. No more than was asked for, and of other sizes none (CG-10).
//!
//! Never hands pages out. Their controller may be of any version, whatever the layout is: where the hierarchies are mixed it is often the only
//! one of version 2, in which libcontainer puts no process.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{Hierarchy, Layout, below};
use crate::container::HugePages;
use crate::error::{Error, Result};
use crate::record::io_error;

const SIZES: &str = "/sys/kernel/mm/hugepages";
const CONTROLLER: &str = "hugetlb";

/// One size of huge pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Bytes of a page.
    page_bytes: u64,
    /// Whether there is any page of it.
    is_there: bool,
}

/// The sizes of this machine.
fn sizes() -> Vec<Size> {
    let number = |path: PathBuf| fs::read_to_string(path).ok().and_then(|text| text.trim().parse::<u64>().ok()).unwrap_or(0);
    let size = |entry: fs::DirEntry| {
        let kib: u64 = entry.file_name().to_str()?.strip_prefix("hugepages-")?.strip_suffix("kB")?.parse().ok()?;
        let pages = ["nr_hugepages", "nr_overcommit_hugepages"].map(|file| number(entry.path().join(file)));
        Some(Size { page_bytes: kib.checked_mul(1024)?, is_there: pages.iter().any(|pages| *pages > 0) })
    };
    fs::read_dir(SIZES).into_iter().flatten().flatten().filter_map(size).collect()
}

/// A size as the names of the kernel's files have it.
fn name(page_bytes: u64) -> String {
    let units = [(1 << 30, "GB"), (1 << 20, "MB"), (1 << 10, "KB")];
    let (bytes, unit) = units.into_iter().find(|(bytes, _)| page_bytes >= *bytes).unwrap_or((1, "B"));
    format!("{}{unit}", page_bytes / bytes)
}

/// The files to write in a cgroup, and what: those for pages that are taken, and for pages that are only reserved.
fn settings(sizes: &[Size], asked: &[HugePages], version: u8) -> Vec<(String, u64)> {
    let (taken, reserved) = if version == 2 { ("max", "rsvd.max") } else { ("limit_in_bytes", "rsvd.limit_in_bytes") };
    let limit = |size: &Size| asked.iter().find(|pages| pages.page_bytes == size.page_bytes).map_or(0, |pages| pages.limit_bytes);
    let both = |size: &Size| [taken, reserved].map(|file| (format!("{CONTROLLER}.{}.{file}", name(size.page_bytes)), limit(size)));
    sizes.iter().flat_map(both).collect()
}

impl Layout {
    /// The hierarchy with the controller of huge pages, and the controller's version.
    fn huge_pages(&self) -> Option<(&Hierarchy, u8)> {
        if let Some(hierarchy) = self.hierarchy(CONTROLLER) {
            return Some((hierarchy, 1));
        }
        let unified = self.hierarchies.iter().find(|hierarchy| hierarchy.controllers.is_empty())?;
        let has = fs::read_to_string(unified.mount.join("cgroup.controllers"));
        has.is_ok_and(|has| has.split_ascii_whitespace().any(|name| name == CONTROLLER)).then_some((unified, 2))
    }

    /// Limits what is in a cgroup, and moves that process into it where nobody else does.
    pub fn limit_huge_pages(&self, cgroup: &str, asked: &[HugePages], process: Option<i32>) -> Result<()> {
        let sizes = sizes();
        if let Some(other) = asked.iter().find(|pages| !sizes.iter().any(|size| size.page_bytes == pages.page_bytes)) {
            return Err(Error::Host(format!("the machine has no huge pages of {}", name(other.page_bytes))));
        }
        let Some((hierarchy, version)) = self.huge_pages() else {
            let refused = Err(Error::Host("huge pages cannot be limited: the hugetlb controller is not there".to_owned()));
            return if asked.is_empty() { Ok(()) } else { refused };
        };
        // To move a process takes the kernel some ten milliseconds.
        let is_apart = self.version == 1;
        if is_apart && asked.is_empty() && !sizes.iter().any(|size| size.is_there) {
            return Ok(());
        }
        if is_apart && version == 2 {
            enable(&hierarchy.mount, cgroup)?;
        }
        let directory = below(hierarchy, cgroup);
        if is_apart {
            fs::create_dir_all(&directory).map_err(io_error("create", &directory))?;
        }
        for (file, limit) in settings(&sizes, asked, version) {
            let path = directory.join(file);
            match fs::OpenOptions::new()
                .write(true)
                .open(&path)
                .and_then(|mut file| io::Write::write_all(&mut file, limit.to_string().as_bytes()))
            {
                Ok(()) => {}
                // Reservations are counted by newer kernels, and a controller may be there and not be enabled for others.
                Err(error) if error.kind() == io::ErrorKind::NotFound && (limit == 0 || file_is_newer(&path)) => {}
                Err(error) => return Err(io_error("write", &path)(error)),
            }
        }
        let Some(process) = process.filter(|_| is_apart) else { return Ok(()) };
        let path = directory.join("cgroup.procs");
        fs::write(&path, process.to_string()).map_err(io_error("write", &path))
    }
}

fn file_is_newer(path: &Path) -> bool {
    path.to_string_lossy().contains(".rsvd.")
}

/// Lets a cgroup of version 2 that is to be made limit huge pages.
fn enable(root: &Path, cgroup: &str) -> Result<()> {
    let mut directory = root.to_owned();
    for part in cgroup.split('/').filter(|part| !part.is_empty()) {
        let path = directory.join("cgroup.subtree_control");
        fs::write(&path, format!("+{CONTROLLER}")).map_err(io_error("enable a controller in", &path))?;
        directory.push(part);
        fs::create_dir_all(&directory).map_err(io_error("create", &directory))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_asked_for_is_none() {
        // CG-10
        let size = |page_bytes| Size { page_bytes, is_there: true };
        let asked = [HugePages { page_bytes: 2 << 20, limit_bytes: 8 << 20 }];
        let all = |version| settings(&[size(2 << 20), size(1 << 30)], &asked, version);
        let text = |settings: Vec<(String, u64)>| settings.into_iter().map(|(file, limit)| format!("{file}={limit}")).collect::<Vec<_>>();
        let v2 = ["hugetlb.2MB.max=8388608", "hugetlb.2MB.rsvd.max=8388608", "hugetlb.1GB.max=0", "hugetlb.1GB.rsvd.max=0"];
        assert_eq!(text(all(2)), v2);
        assert_eq!(text(all(1))[..2], ["hugetlb.2MB.limit_in_bytes=8388608", "hugetlb.2MB.rsvd.limit_in_bytes=8388608"]);
        assert_eq!((name(64 << 10), name(16 << 20), name(16 << 30)), ("64KB".into(), "16MB".into(), "16GB".into()));
    }
}
