//! The clients of other languages that tests use, of their package registries, in `target/clients`: a Python environment that also brings a Node.js
//! and a Go, the JavaScript client beside its program, and Helm. Input: the versions in `tests/clients` and [`HELM`]. What is there is left alone.

use anyhow::{Context, Result, ensure};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const HELM: &str = "helm.sh/helm/v3/cmd/helm@v3.19.0";

/// The directory that has `venv/bin/python`, `venv/bin/node`, `javascript/client.mjs` and `bin/helm`. Needs Python with `venv`, and the registries the first time.
pub fn at_hand(root: &Path) -> Result<PathBuf> {
    let (dir, source) = (root.join("target/clients"), root.join("tests/clients"));
    fs::create_dir_all(dir.join("javascript")).context("make the directory of clients")?;
    for name in ["client.mjs", "package.json", "package-lock.json"] {
        fs::copy(source.join("javascript").join(name), dir.join("javascript").join(name)).with_context(|| format!("copy {name}"))?;
    }
    let read = |path: &str| fs::read_to_string(source.join(path)).with_context(|| format!("read {path}"));
    let wanted = format!("{}{}{HELM}\n", read("python/requirements.txt")?, read("javascript/package-lock.json")?);
    let record = dir.join("versions");
    if fs::read_to_string(&record).is_ok_and(|there| there == wanted) {
        return Ok(dir);
    }
    install(&dir, &source)?;
    fs::write(&record, wanted).context("note what is there")?;
    Ok(dir)
}

#[expect(clippy::disallowed_methods, reason = "a development task runs programs")]
fn install(dir: &Path, source: &Path) -> Result<()> {
    let programs = dir.join("venv/bin");
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(dir.join("venv")))?;
    let requirements = source.join("python/requirements.txt");
    run(Command::new(programs.join("pip")).args(["install", "--quiet", "--disable-pip-version-check", "-r"]).arg(requirements))?;
    // npm is a script that finds node on the path.
    let path = format!("{}:{}", programs.display(), path());
    run(Command::new(programs.join("npm")).args(["ci", "--no-audit", "--no-fund"]).current_dir(dir.join("javascript")).env("PATH", &path))?;
    let work = dir.join("go");
    run(Command::new(programs.join("go"))
        .args(["install", HELM])
        .current_dir(dir)
        .env("GOPATH", &work)
        .env("GOBIN", dir.join("bin"))
        .env("GOCACHE", work.join("cache"))
        .env("GOFLAGS", "-modcacherw")
        .env("CGO_ENABLED", "0"))?;
    fs::remove_dir_all(&work).context("remove what Helm was made of")
}

#[expect(clippy::disallowed_methods, reason = "a development task is told by its environment")]
fn path() -> String {
    std::env::var("PATH").unwrap_or_default()
}

fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("run {command:?}"))?;
    ensure!(status.success(), "{command:?} failed");
    Ok(())
}
