//! The programs that run in the machine: built here as `cargo xtask test` builds them, so that nothing is built twice.

use super::host;
use crate::{cargo, kubectl};
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Stdio;

/// Tests with real containers, and of disks with quotas, by the target's name.
const TESTS: [&str; 3] = ["containers", "disks", "e2e"];
/// What those of disks make a file system with, for which quotas of projects are switched on.
const FORMATTERS: [&str; 2] = ["/usr/sbin/mke2fs", "/sbin/mke2fs"];

/// The end-to-end test of one StatefulSet from its creation to its end.
const STATEFUL_SET: &str = "statefulset::";

/// Where the machine notes tests that passed the second time only.
const UNSTEADY: &str = "/data/unsteady";

pub struct Programs {
    stead: PathBuf,
    shim: PathBuf,
    tests: BTreeMap<&'static str, PathBuf>,
    kubectl: PathBuf,
    /// This very program, which has the part that runs in the machine.
    xtask: PathBuf,
    /// A data directory with the images of databases, whose rows are to outlive power cuts, too.
    images: Option<PathBuf>,
}

impl Programs {
    pub fn build(root: &Path) -> Result<Self> {
        let (_, kubectl) = kubectl::at_hand(root, false).into_iter().next().context("there is no kubectl at hand")?;
        cargo(root, &["build", "--package", "stead"])?;
        let mut line = vec!["test", "--workspace", "--no-run", "--message-format=json-render-diagnostics"];
        line.extend(TESTS.iter().flat_map(|test| ["--test", test]));
        let messages = cargo(root, &line)?;
        let made: Vec<(String, PathBuf)> = messages.lines().filter_map(executable).collect();
        let find = |name: &str| -> Result<PathBuf> {
            let found = made.iter().find(|(target, _)| target == name);
            Ok(found.with_context(|| format!("cargo made no {name}"))?.1.clone())
        };
        let tests = TESTS.iter().map(|name| Ok((*name, find(name)?))).collect::<Result<_>>()?;
        Ok(Self {
            stead: root.join("target/debug/stead"),
            shim: find("stead-shim")?,
            tests,
            kubectl,
            xtask: std::env::current_exe().context("find this program")?,
            images: None,
        })
    }

    /// The program itself, and a kubectl.
    pub fn of_users(&self) -> [&Path; 2] {
        [&self.stead, &self.kubectl]
    }

    pub fn files(&self) -> Vec<PathBuf> {
        let formatter = FORMATTERS.iter().map(PathBuf::from).find(|path| path.exists());
        self.tests.values().chain([&self.stead, &self.shim, &self.kubectl, &self.xtask]).cloned().chain(formatter).collect()
    }

    /// What power cuts need besides.
    pub fn directories(&self) -> Vec<PathBuf> {
        self.images.iter().cloned().collect()
    }

    /// Has power cuts meet databases. Their images are imported here: in an emulated machine that takes minutes.
    pub fn add_databases(&mut self, archives: &[PathBuf], dir: &Path) -> Result<()> {
        let images = dir.join("databases");
        if images.exists() {
            std::fs::remove_dir_all(&images).context("remove what was imported before")?;
        }
        let line = ["image".as_ref(), "import".as_ref(), "--data-dir".as_ref(), images.as_os_str()];
        let line: Vec<&OsStr> = line.into_iter().chain(archives.iter().map(|archive| archive.as_os_str())).collect();
        host::output(&self.stead.to_string_lossy(), &line).context("import the images of the databases")?;
        self.images = Some(images);
        Ok(())
    }

    /// A script that goes on from what the last power cut has left.
    pub fn cuts(&self) -> String {
        let databases = self.images.as_ref().map(|images| format!("--images {} --kubectl {}", images.display(), self.kubectl.display()));
        format!(
            "{} guest --stead {} {} --dir /data/cuts --round \"$(sed -n 's/.*round=\\([^ ]*\\).*/\\1/p' /proc/cmdline)\" && exit 0\n\
             tail -n 40 /data/cuts/server.log\nexit 1\n",
            self.xtask.display(),
            self.stead.display(),
            databases.unwrap_or_default(),
        )
    }

    /// A script that runs the tests; it fails if one of them does, or is left out. Of the end-to-end tests the short form has one StatefulSet's.
    /// Images of real systems and a browser are too large for the machine's memory; power cuts have their own writers.
    pub fn tests(&self, filter: Option<&str>, short: bool) -> String {
        let (kubectl, xtask) = (self.kubectl.display(), self.xtask.display());
        let mut script = format!(
            "export STEAD_TEST_BINARY={} STEAD_TEST_KUBECTL_NEWEST={kubectl} STEAD_TEST_KUBECTL_OLDEST={kubectl} STEAD_LEFT_OUT=/data/left-out\n\
             touch $STEAD_LEFT_OUT {UNSTEADY}\nfailed=0\n",
            self.stead.display()
        );
        for (name, path) in &self.tests {
            let filter = if short && *name == "e2e" { STATEFUL_SET } else { filter.unwrap_or_default() };
            script.push_str(&format!(
                "echo '== {name}'\n{xtask} steady --list {UNSTEADY} {} --test-threads=2 --skip systems:: --skip tutorial:: --skip ui:: {filter} || failed=1\n",
                path.display()
            ));
        }
        script.push_str("[ ! -s $STEAD_LEFT_OUT ] || { echo 'LEFT OUT:'; cat $STEAD_LEFT_OUT; failed=1; }\n");
        script.push_str(&format!("[ ! -s {UNSTEADY} ] || {{ echo 'UNSTEADY:'; cat {UNSTEADY}; }}\nexit $failed\n"));
        script
    }
}

/// Name and path of the program that a line of cargo's output tells of.
fn executable(line: &str) -> Option<(String, PathBuf)> {
    let message: Value = serde_json::from_str(line).ok()?;
    Some((message["target"]["name"].as_str()?.to_owned(), PathBuf::from(message["executable"].as_str()?)))
}

fn cargo(root: &Path, line: &[&str]) -> Result<String> {
    let out = cargo::command(root, line).stderr(Stdio::inherit()).output().context("run cargo")?;
    ensure!(out.status.success(), "cargo {} failed", line.join(" "));
    Ok(String::from_utf8_lossy(&out.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_found_in_what_cargo_says() {
        let line = r#"{"reason":"compiler-artifact","target":{"name":"e2e"},"executable":"/t/e2e-1"}"#;
        assert_eq!(executable(line), Some(("e2e".to_owned(), PathBuf::from("/t/e2e-1"))));
        assert_eq!(executable(r#"{"reason":"compiler-artifact","target":{"name":"x"},"executable":null}"#), None);
    }
}
