//! Finds the kubectls that end-to-end tests run with: the newest and the oldest at hand, at least 1.27.
//!
//! At hand are those in `$KUBECTL` (a path, or several with `:` between), the one on PATH and its versioned siblings (`kubectl.1.27`).
//! Where there is none, or where asked to, a Debian family machine's newest suite gives its own package, unpacked into a cache.

use anyhow::{Context, Result, bail, ensure};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Minor version and path, newest first.
pub type Found = (u32, PathBuf);

const OLDEST_MINOR: u32 = 27;
const MIRROR: &str = "http://deb.debian.org/debian";

/// The kubectls at hand, newest first; `fetch` adds the distribution's newest to those of the machine.
pub fn at_hand(root: &Path, fetch: bool) -> Vec<Found> {
    let mut found = local();
    if found.is_empty() || fetch {
        match fetched(root) {
            Ok(path) => found.extend(version(&path).map(|minor| (minor, path))),
            Err(error) => report(&format!("no kubectl from the distribution: {error:#}")),
        }
    }
    found.retain(|(minor, _)| *minor >= OLDEST_MINOR);
    found.sort_by(|a, b| b.cmp(a));
    found.dedup_by_key(|(minor, _)| *minor);
    found
}

#[expect(clippy::print_stderr, reason = "a development task talks to its user")]
fn report(line: &str) {
    eprintln!("{line}");
}

#[expect(clippy::disallowed_methods, reason = "a development task is told by its environment")]
fn local() -> Vec<Found> {
    let mut paths: Vec<PathBuf> = match std::env::var_os("KUBECTL") {
        Some(list) => std::env::split_paths(&list).collect(),
        None => std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())
            .map(|dir| dir.join("kubectl"))
            .filter(|p| p.exists())
            .collect(),
    };
    let homes: Vec<PathBuf> = paths.iter().filter_map(|p| Some(p.canonicalize().ok()?.parent()?.to_owned())).collect();
    for home in homes {
        let entries = std::fs::read_dir(home).into_iter().flatten().flatten();
        paths.extend(entries.filter(|e| e.file_name().to_string_lossy().starts_with("kubectl.")).map(|e| e.path()));
    }
    paths.into_iter().filter_map(|path| version(&path).map(|minor| (minor, path))).collect()
}

/// The minor version of a kubectl; `None` if it does not run.
fn version(path: &Path) -> Option<u32> {
    let out = run(path.to_str()?, &["version", "--client", "--output=json"]).ok()?;
    let json: serde_json::Value = serde_json::from_str(&out).ok()?;
    json["clientVersion"]["minor"].as_str()?.trim_end_matches('+').parse().ok()
}

/// Downloads and unpacks `kubectl` of Debian's newest suite, once a checkout.
fn fetched(root: &Path) -> Result<PathBuf> {
    let cache = root.join("target/kubectl");
    let program = cache.join("root/usr/bin/kubectl");
    if program.exists() {
        return Ok(program);
    }
    ensure!(Path::new("/usr/bin/dpkg-deb").exists() && Path::new("/usr/bin/apt-get").exists(), "this is no Debian family machine");
    std::fs::create_dir_all(cache.join("state/lists/partial")).context("make the cache")?;
    std::fs::create_dir_all(cache.join("archives/partial")).context("make the cache")?;
    let keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";
    let trust = if Path::new(keyring).exists() { format!("[signed-by={keyring}]") } else { String::new() };
    std::fs::write(cache.join("sources.list"), format!("deb {trust} {MIRROR} sid main\n")).context("write the package source")?;
    let option = |name: &str, path: &Path| format!("-o{name}={}", path.display());
    let options = [
        option("Dir::Etc::sourcelist", &cache.join("sources.list")),
        "-oDir::Etc::sourceparts=-".to_owned(),
        option("Dir::State", &cache.join("state")),
        option("Dir::Cache", &cache),
        "-oAPT::Sandbox::User=root".to_owned(),
    ];
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    run("apt-get", &[&options[..], &["-q", "update"]].concat())?;
    run_in(&cache, "apt-get", &[&options[..], &["-q", "download", "kubectl"]].concat())?;
    let deb = std::fs::read_dir(&cache)?
        .flatten()
        .map(|e| e.path())
        .find(|p| p.extension().is_some_and(|e| e == "deb"))
        .context("find the package")?;
    run("dpkg-deb", &["-x", &deb.to_string_lossy(), &cache.join("root").to_string_lossy()])?;
    ensure!(program.exists(), "the package has no kubectl");
    Ok(program)
}

fn run(program: &str, args: &[&str]) -> Result<String> {
    run_in(Path::new("."), program, args)
}

#[expect(clippy::disallowed_methods, reason = "a development task runs the tools of the machine")]
fn run_in(dir: &Path, program: &str, args: &[&str]) -> Result<String> {
    let out = Command::new(program).args(args).current_dir(dir).output().with_context(|| format!("run {program}"))?;
    if !out.status.success() {
        bail!("{program} failed: {}", String::from_utf8_lossy(&out.stderr).lines().last().unwrap_or_default());
    }
    Ok(String::from_utf8_lossy(&out.stdout).into_owned())
}
