//! Debian packages with all that they depend on, fetched by this machine's apt and unpacked into a directory.

use crate::vm::host::{output, run_in};
use anyhow::{Context, Result, ensure};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// What every image has beside its own.
const BASE: [&str; 12] =
    ["base-files", "bash", "coreutils", "dash", "findutils", "grep", "gzip", "libc-bin", "ncurses-bin", "sed", "tzdata", "util-linux"];

/// Depended on, and needed only where packages are configured, or by what is not in the images.
const LEFT_OUT: [&str; 22] = [
    "adduser",
    "debconf",
    "init-system-helpers",
    "libgdbm-compat4",
    "libgdbm6",
    "libllvm14",
    "libperl5.36",
    "libz3-4",
    "locales",
    "lsb-base",
    "netbase",
    "openssl",
    "passwd",
    "perl",
    "perl-base",
    "perl-modules-5.36",
    "postgresql-client-common",
    "postgresql-common",
    "sensible-utils",
    "ssl-cert",
    "sysvinit-utils",
    "ucf",
];

/// Directories that are links where /usr is merged.
const MERGED: [&str; 4] = ["bin", "sbin", "lib", "lib64"];

/// Of no use in an image.
const UNREAD: [&str; 5] = ["usr/share/bug", "usr/share/info", "usr/share/lintian", "usr/share/locale", "usr/share/man"];

/// Fetches packages and unpacks them below `work`; where.
pub fn unpacked(work: &Path, packages: &[&str]) -> Result<PathBuf> {
    let root = work.join("root");
    for name in MERGED {
        fs::create_dir_all(root.join("usr").join(name)).context("make a directory")?;
        symlink(Path::new("usr").join(name), root.join(name)).context("make a link")?;
    }
    for package in fetched(work, packages)? {
        let name = package.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if LEFT_OUT.contains(&name.split('_').next().unwrap_or_default()) {
            continue;
        }
        let files = work.join("files.tar");
        fs::write(&files, output("dpkg-deb", &["--fsys-tarfile".as_ref(), package.as_os_str()])?).context("write a package's files")?;
        run_in(&root, "tar", &["--extract", "--keep-directory-symlink", "--no-same-owner", "--file", &files.to_string_lossy()])?;
    }
    for unread in UNREAD.map(|path| root.join(path)).iter().filter(|path| path.exists()) {
        fs::remove_dir_all(unread).context("remove what nobody reads")?;
    }
    Ok(root)
}

/// The files of packages and all that they depend on, whatever this machine has installed.
fn fetched(work: &Path, packages: &[&str]) -> Result<Vec<PathBuf>> {
    let (cache, status) = (work.join("packages"), work.join("status"));
    fs::create_dir_all(cache.join("partial")).context("make a directory")?;
    fs::write(&status, "").context("write an empty list of what is installed")?;
    let options = [
        format!("Dir::State::status={}", status.display()),
        format!("Dir::Cache::archives={}", cache.display()),
        "APT::Install-Recommends=false".to_owned(),
        "APT::Sandbox::User=root".to_owned(),
        "Debug::NoLocking=true".to_owned(),
    ];
    let mut line: Vec<&str> = options.iter().flat_map(|option| ["-o", option]).collect();
    line.extend(["--yes", "--download-only", "install"]);
    line.extend(BASE.iter().chain(packages));
    run_in(work, "apt-get", &line)?;
    let mut files = Vec::new();
    for entry in fs::read_dir(&cache).context("list what was fetched")? {
        files.push(entry.context("list what was fetched")?.path());
    }
    files.retain(|path| path.extension().is_some_and(|extension| extension == "deb"));
    files.sort();
    ensure!(files.len() > packages.len(), "apt fetched nothing");
    Ok(files)
}
