//! `stead install` and `stead uninstall`: the server as a service of systemd, on this machine or in the tree of an image.

mod unit;

use super::print_line;
use crate::config::{InstallArgs, UninstallArgs};
use crate::running::{self, Found};
use anyhow::{Context, bail};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

const UNIT: &str = "stead.service";
const UNITS: &str = "etc/systemd/system";
const WANTS: &str = "etc/systemd/system/multi-user.target.wants";
/// Exists where systemd runs.
const SYSTEMD: &str = "/run/systemd/system";
/// How long the service may take to answer, and how often it is looked for.
const READY_MAX: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(100);
/// Where an image has the program, unless told otherwise.
const PROGRAM: &str = "/usr/local/bin/stead";
/// Places that are emptied or not there at a start of the machine.
const FLEETING: [&str; 3] = ["/tmp", "/var/tmp", "/run"];

/// Runs `stead install`.
pub fn install(args: &InstallArgs) -> anyhow::Result<()> {
    let root = args.root.as_deref().unwrap_or(Path::new("/"));
    let program = program(args)?;
    if args.root.is_none() {
        check_rights()?;
        check_nobody_runs(args)?;
    }
    let path = root.join(UNITS).join(UNIT);
    let text = unit::text(&program.to_string_lossy(), &flags(args));
    let is_new = write(&path, &text)?;
    print_line(&format!("{} {}", path.display(), if is_new { "written" } else { "unchanged" }));
    match (args.root.is_some(), Path::new(SYSTEMD).exists()) {
        (true, _) => enable(root),
        (false, true) => {
            systemctl(&["daemon-reload"])?;
            systemctl(&["enable", UNIT])?;
            systemctl(&["restart", UNIT])?;
            wait_until_ready(&args.server.data_dir)?;
            print_line("the service runs, and starts with the machine: `systemctl status stead`, `journalctl -u stead -f`, `stead status`");
            Ok(())
        }
        (false, false) => {
            print_line("systemd does not run here. Where it does, type: systemctl daemon-reload && systemctl enable --now stead");
            Ok(())
        }
    }
}

/// The server's arguments: its directory, and what was given.
fn flags(args: &InstallArgs) -> Vec<String> {
    let is_wanted = |word: &String| {
        let flag = word.trim_start_matches("--").split('=').next().unwrap_or_default();
        word == "server" || flag == "data-dir" || args.given.iter().any(|given| given == flag)
    };
    args.server.command_line().into_iter().filter(is_wanted).collect()
}

fn program(args: &InstallArgs) -> anyhow::Result<PathBuf> {
    let program = match (&args.program, &args.root) {
        (Some(program), _) => program.clone(),
        (None, Some(_)) => PathBuf::from(PROGRAM),
        (None, None) => std::env::current_exe().context("find this program")?,
    };
    if !program.is_absolute() {
        bail!("--program {}: expected an absolute path", program.display());
    }
    if args.root.is_none() && FLEETING.iter().any(|dir| program.starts_with(dir)) {
        bail!("{} may be gone at the next start of this machine: copy it to {PROGRAM} and run that, or give --program", program.display());
    }
    Ok(program)
}

fn check_rights() -> anyhow::Result<()> {
    if nix::unistd::geteuid().is_root() {
        Ok(())
    } else {
        bail!("a service of this machine is installed by root: use sudo, or --root DIR for an image")
    }
}

/// Two servers cannot have one directory.
fn check_nobody_runs(args: &InstallArgs) -> anyhow::Result<()> {
    let pid = match running::find(&args.server.data_dir)? {
        Found::Ready(running) => running.process.pid,
        Found::Unready(process) | Found::Orphaned(process) => process.pid,
        Found::Nothing => return Ok(()),
    };
    let cgroup = std::fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap_or_default();
    if cgroup.lines().any(|line| line.ends_with(&format!("/{UNIT}"))) {
        return Ok(());
    }
    let dir = args.server.data_dir_flag();
    bail!(
        "process {pid} already serves {} and is no service: end it first with `stead down --leave-pods{dir}`; its pods go on running",
        args.server.data_dir.display()
    )
}

/// Waits until the service answers; one that ends instead says why in its log.
fn wait_until_ready(data_dir: &Path) -> anyhow::Result<()> {
    let begun = Instant::now();
    while begun.elapsed() < READY_MAX {
        if matches!(running::find(data_dir)?, Found::Ready(_)) {
            return Ok(());
        }
        std::thread::sleep(PAUSE);
    }
    bail!("the service is not ready after {} s: `journalctl -u stead -n 20` says why", READY_MAX.as_secs())
}

/// Writes a unit of ours; whether that changed anything. One that somebody else wrote is not touched.
fn write(path: &Path, text: &str) -> anyhow::Result<bool> {
    match std::fs::read_to_string(path) {
        Ok(old) if old == text => return Ok(false),
        Ok(old) if !old.starts_with(unit::MARK) => bail!("{} was not written by `stead install`: remove it first", path.display()),
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error).with_context(|| format!("read {}", path.display())),
    }
    let parent = path.parent().context("a unit has a directory")?;
    std::fs::create_dir_all(parent).with_context(|| format!("make {}", parent.display()))?;
    crate::file::replace(path, text.as_bytes(), 0o644)?;
    Ok(true)
}

/// What `systemctl enable` does, in a tree where nothing runs.
fn enable(root: &Path) -> anyhow::Result<()> {
    let wants = root.join(WANTS);
    std::fs::create_dir_all(&wants).with_context(|| format!("make {}", wants.display()))?;
    match std::os::unix::fs::symlink(format!("/{UNITS}/{UNIT}"), wants.join(UNIT)) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error).with_context(|| format!("enable it in {}", wants.display())),
        _ => {
            print_line("it starts with a machine that has this tree");
            Ok(())
        }
    }
}

/// Runs `stead uninstall`.
pub fn uninstall(args: &UninstallArgs) -> anyhow::Result<()> {
    let root = args.root.as_deref().unwrap_or(Path::new("/"));
    if args.root.is_none() {
        check_rights()?;
    }
    let path = root.join(UNITS).join(UNIT);
    match std::fs::read_to_string(&path) {
        Ok(text) if text.starts_with(unit::MARK) => {}
        Ok(_) => bail!("{} was not written by `stead install`: it stays", path.display()),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            print_line(&format!("nothing is installed: there is no {}", path.display()));
            return Ok(());
        }
        Err(error) => return Err(error).with_context(|| format!("read {}", path.display())),
    }
    let has_systemd = args.root.is_none() && Path::new(SYSTEMD).exists();
    if has_systemd {
        systemctl(&["disable", "--now", UNIT])?;
    }
    for file in [root.join(WANTS).join(UNIT), path] {
        match std::fs::remove_file(&file) {
            Ok(()) => print_line(&format!("{} removed", file.display())),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error).with_context(|| format!("remove {}", file.display())),
        }
    }
    if has_systemd {
        systemctl(&["daemon-reload"])?;
    }
    print_line("pods that ran go on running, and the data directory stays: `stead down` ends the pods, `stead reset` removes the rest");
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "services are systemd's, and this is how it is told")]
fn systemctl(line: &[&str]) -> anyhow::Result<()> {
    let out = Command::new("systemctl").args(line).output().context("run systemctl")?;
    if !out.status.success() {
        bail!("systemctl {}: {}", line.join(" "), String::from_utf8_lossy(&out.stderr).trim());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(line: &[&str]) -> InstallArgs {
        let line = [&["stead", "install"], line].concat();
        let crate::config::Verb::Install(args) = crate::config::Cli::parsed(&line).unwrap().verb else { panic!("not install") };
        *args
    }

    #[test]
    fn what_was_given_is_taken_into_the_unit_and_defaults_are_not() {
        let args = args(&["--root", "/", "--data-dir", "/d", "--node-name", "n", "--disable-scheduler"]);
        assert_eq!(flags(&args), ["server", "--data-dir=/d", "--disable-scheduler", "--node-name=n"]);
    }

    #[test]
    fn a_tree_is_written_once_and_cleaned_again() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().display().to_string();
        install(&args(&["--root", &root])).unwrap();
        let unit = dir.path().join(UNITS).join(UNIT);
        assert!(std::fs::read_to_string(&unit).unwrap().contains("ExecStart=/usr/local/bin/stead server --data-dir=/var/lib/stead\n"));
        assert_eq!(std::fs::read_link(dir.path().join(WANTS).join(UNIT)).unwrap(), Path::new("/etc/systemd/system/stead.service"));
        install(&args(&["--root", &root, "--node-name", "n"])).unwrap();
        assert!(std::fs::read_to_string(&unit).unwrap().contains("--node-name=n"));
        uninstall(&UninstallArgs { root: Some(dir.path().to_owned()) }).unwrap();
        assert!(!unit.exists() && std::fs::symlink_metadata(dir.path().join(WANTS).join(UNIT)).is_err());
        uninstall(&UninstallArgs { root: Some(dir.path().to_owned()) }).unwrap();
    }

    #[test]
    fn a_unit_of_somebody_else_stays() {
        let dir = tempfile::tempdir().unwrap();
        let unit = dir.path().join(UNITS).join(UNIT);
        std::fs::create_dir_all(unit.parent().unwrap()).unwrap();
        std::fs::write(&unit, "[Service]\n").unwrap();
        let root = dir.path().display().to_string();
        assert!(install(&args(&["--root", &root])).unwrap_err().to_string().contains("was not written by"));
        assert!(uninstall(&UninstallArgs { root: Some(dir.path().to_owned()) }).is_err());
        assert_eq!(std::fs::read_to_string(&unit).unwrap(), "[Service]\n");
    }

    #[test]
    fn a_program_that_will_be_gone_is_refused() {
        let said = |line: &[&str]| program(&args(line)).unwrap_err().to_string();
        assert!(said(&["--program", "/tmp/stead"]).contains("may be gone"));
        assert!(said(&["--program", "stead"]).contains("absolute"));
    }
}
