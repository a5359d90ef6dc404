//! Debian packages with all that they depend on, fetched by this machine's apt and unpacked into a directory.

use super::recipe::{Base, Image};
use crate::vm::host::{output, run_in};
use anyhow::{Context, Result, ensure};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// What images on Debian have beside their own.
const BASE: [&str; 13] = [
    "base-files",
    "bash",
    "coreutils",
    "dash",
    "findutils",
    "grep",
    "gzip",
    "libc-bin",
    "ncurses-bin",
    "sed",
    "tar",
    "tzdata",
    "util-linux",
];

/// Depended on, and needed only where packages are configured, or by what is not in the images.
const LEFT_OUT: &str = "adduser ca-certificates-java debconf dpkg fontconfig-config fonts-dejavu-core galera-4 gawk init-system-helpers iproute2 \
    java-common libasound2 libasound2-data libavahi-client3 libavahi-common-data libavahi-common3 libconfig-inifiles-perl libcups2 libdbi-perl \
    libdbus-1-3 libfile-find-rule-perl libgdbm-compat4 libgdbm6 libglib2.0-0 libharfbuzz0b libllvm14 libnumber-compare-perl \
    libperl5.36 libtext-glob-perl libz3-4 locales lsb-base netbase openssl passwd perl perl-base perl-modules-5.36 \
    postgresql-client-common postgresql-common sensible-utils ssl-cert sysvinit-utils ucf usrmerge";

/// Directories that are links where /usr is merged.
const MERGED: [&str; 4] = ["bin", "sbin", "lib", "lib64"];

/// Of no use in an image.
const UNREAD: [&str; 6] =
    ["usr/share/bug", "usr/share/info", "usr/share/initramfs-tools", "usr/share/lintian", "usr/share/locale", "usr/share/man"];

/// Which package files an image has, by name; they are fetched into `cache` if they are not there.
pub fn fetched(cache: &Path, image: &Image) -> Result<Vec<PathBuf>> {
    fs::create_dir_all(cache.join("partial")).context("make a directory")?;
    let status = cache.join("status");
    fs::write(&status, "").context("write an empty list of what is installed")?;
    let options = [
        format!("Dir::State::status={}", status.display()),
        format!("Dir::Cache::archives={}", cache.display()),
        "APT::Install-Recommends=false".to_owned(),
        "APT::Sandbox::User=root".to_owned(),
        "Debug::NoLocking=true".to_owned(),
    ];
    let base: &[&str] = if image.base == Base::Debian { &BASE } else { &[] };
    let line = |verb: &str| {
        let mut line: Vec<String> = options.iter().flat_map(|option| ["-o".to_owned(), option.clone()]).collect();
        line.extend([verb, "--yes", "install"].map(str::to_owned));
        line.extend(base.iter().chain(image.packages).map(|package| (*package).to_owned()));
        line
    };
    let fetch = line("--download-only");
    run_in(cache, "apt-get", &fetch.iter().map(String::as_str).collect::<Vec<_>>())?;
    let ask = line("--simulate");
    let said = output("apt-get", &ask.iter().map(OsStr::new).collect::<Vec<_>>())?;
    let named: Vec<String> = String::from_utf8_lossy(&said).lines().filter_map(file_name).collect();
    ensure!(named.len() >= image.packages.len(), "apt names no packages");
    let left_out: Vec<&str> = LEFT_OUT.split_whitespace().filter(|package| !image.packages.contains(package)).collect();
    let mut files = named;
    files.retain(|name| !left_out.contains(&name.split('_').next().unwrap_or_default()));
    files.sort();
    Ok(files.iter().map(|name| cache.join(name)).collect())
}

/// `Inst libc6 (2.36-9 Debian:12.1/stable [amd64])` is the file `libc6_2.36-9_amd64.deb`.
fn file_name(line: &str) -> Option<String> {
    let mut words = line.strip_prefix("Inst ")?.split_whitespace();
    let package = words.next()?;
    let version = words.next()?.strip_prefix('(')?.replace(':', "%3a");
    let architecture = words.find_map(|word| word.strip_prefix('[')?.split(']').next())?;
    Some(format!("{package}_{version}_{architecture}.deb"))
}

/// Unpacks packages below `work`; where.
pub fn unpacked(work: &Path, base: Base, packages: &[PathBuf]) -> Result<PathBuf> {
    let root = work.join("root");
    fs::create_dir_all(&root).context("make a directory")?;
    for name in MERGED.iter().filter(|_| base == Base::Debian) {
        fs::create_dir_all(root.join("usr").join(name)).context("make a directory")?;
        symlink(Path::new("usr").join(name), root.join(name)).context("make a link")?;
    }
    for package in packages {
        let files = work.join("files.tar");
        fs::write(&files, output("dpkg-deb", &["--fsys-tarfile".as_ref(), package.as_os_str()])?).context("write a package's files")?;
        run_in(&root, "tar", &["--extract", "--keep-directory-symlink", "--no-same-owner", "--file", &files.to_string_lossy()])?;
    }
    for unread in UNREAD.map(|path| root.join(path)).iter().filter(|path| path.exists()) {
        fs::remove_dir_all(unread).context("remove what nobody reads")?;
    }
    if base == Base::Debian {
        // A link, as on every Debian since 7; the package has a directory that its scripts would replace.
        fs::remove_dir(root.join("var/run")).context("remove a directory")?;
    }
    Ok(root)
}

#[cfg(test)]
mod tests {
    use super::file_name;

    #[test]
    fn what_apt_would_install_is_a_file() {
        let line = "Inst mariadb-client (1:10.11.19-0+deb12u1 Debian:12.15/oldstable, Debian-Security:12/oldstable [amd64]) []";
        assert_eq!(file_name(line).as_deref(), Some("mariadb-client_1%3a10.11.19-0+deb12u1_amd64.deb"));
        assert_eq!(file_name("Conf mariadb-client (1:10.11.19 Debian [amd64])"), None);
    }
}
