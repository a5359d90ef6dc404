//! Programs of the host that make and run the machine, and which of them are missing.

use anyhow::{Context, Result, bail, ensure};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Program, and the Debian package that has it.
const PROGRAMS: [(&str, &str); 7] = [
    ("qemu-system-x86_64", "qemu-system-x86"),
    ("busybox", "busybox-static"),
    ("mkfs.xfs", "xfsprogs"),
    ("mke2fs", "e2fsprogs"),
    ("apt-get", "apt"),
    ("ldd", "libc-bin"),
    ("cp", "coreutils"),
];

/// Fails with the packages to install, if a program is missing.
pub fn check() -> Result<()> {
    ensure!(cfg!(target_arch = "x86_64"), "the virtual machine is one of x86-64 and runs what is built here");
    let missing: Vec<&str> = PROGRAMS.iter().filter(|(program, _)| find(program).is_none()).map(|(_, package)| *package).collect();
    ensure!(missing.is_empty(), "this machine lacks what a virtual machine is made with: apt-get install {}", missing.join(" "));
    Ok(())
}

/// Where a program is, also one that is not on an ordinary user's PATH.
#[expect(clippy::disallowed_methods, reason = "a development task is told by its environment")]
pub fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let dirs = std::env::split_paths(&path).chain(["/usr/sbin", "/sbin", "/bin"].map(PathBuf::from));
    dirs.map(|dir| dir.join(program)).find(|path| path.is_file())
}

/// What a program prints.
#[expect(clippy::disallowed_methods, reason = "a development task runs the tools of the machine")]
pub fn output(program: &str, args: &[&OsStr]) -> Result<Vec<u8>> {
    let path = find(program).with_context(|| format!("there is no {program}"))?;
    let out = Command::new(path).args(args).output().with_context(|| format!("run {program}"))?;
    if !out.status.success() {
        bail!("{program} failed: {}", String::from_utf8_lossy(&out.stderr).trim());
    }
    Ok(out.stdout)
}

#[expect(clippy::disallowed_methods, reason = "a development task runs the tools of the machine")]
pub fn run_in(dir: &Path, program: &str, args: &[&str]) -> Result<()> {
    let path = find(program).with_context(|| format!("there is no {program}"))?;
    let out = Command::new(path).args(args).current_dir(dir).output().with_context(|| format!("run {program}"))?;
    ensure!(out.status.success(), "{program} failed: {}", String::from_utf8_lossy(&out.stderr).trim());
    Ok(())
}
