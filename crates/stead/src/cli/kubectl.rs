//! `stead kubectl ...`: the user's own kubectl with the kubeconfig of a data directory's server. Becomes that program.

use super::connect;
use crate::config::KubectlArgs;
use crate::proxies;
use crate::running::{self, Found};
use anyhow::{Context, bail};
use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Said where there is none.
const WHERE_TO_GET_IT: &str = "there is no kubectl on the PATH. Any of 1.27 or newer will do: `snap install kubectl --classic`, `brew install kubectl`, \
    `dnf install kubernetes-client`, `apt-get install kubectl` with the Kubernetes packages set up, or see https://kubernetes.io/docs/tasks/tools/";

/// A sentence for the user who has none.
pub fn remark() -> Option<&'static str> {
    on_path().is_none().then_some(WHERE_TO_GET_IT)
}

#[expect(clippy::disallowed_methods, reason = "found as a shell finds it")]
fn on_path() -> Option<PathBuf> {
    find(&std::env::var_os("PATH")?)
}

#[expect(clippy::disallowed_methods, reason = "kubectl is another program")]
pub fn run(args: &KubectlArgs) -> anyhow::Result<()> {
    let program = on_path().context(WHERE_TO_GET_IT)?;
    let kubeconfig = connect::kubeconfig(None, &args.data_dir)?;
    if !kubeconfig.exists() {
        bail!("the server has not written {} yet: try again when it is ready", kubeconfig.display());
    }
    if let Found::Ready(running) = running::find(&args.data_dir)? {
        proxies::remark(&running.url).iter().for_each(|remark| tracing::warn!("{remark}"));
    }
    let error = Command::new(&program).args(&args.arguments).env("KUBECONFIG", &kubeconfig).exec();
    Err(error).with_context(|| format!("run {}", program.display()))
}

/// The first kubectl of a PATH that can be run.
fn find(path: &OsStr) -> Option<PathBuf> {
    let is_program = |file: &Path| std::fs::metadata(file).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0);
    std::env::split_paths(path).map(|dir| dir.join("kubectl")).find(|file| is_program(file))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_that_can_be_run_is_taken() {
        let dir = tempfile::tempdir().unwrap();
        let file = |name: &str, mode: u32| {
            let dir = dir.path().join(name);
            std::fs::create_dir(&dir).unwrap();
            std::fs::write(dir.join("kubectl"), "").unwrap();
            std::fs::set_permissions(dir.join("kubectl"), PermissionsExt::from_mode(mode)).unwrap();
            dir
        };
        let (plain, good, other) = (file("plain", 0o644), file("good", 0o755), file("other", 0o755));
        std::fs::create_dir_all(dir.path().join("tree/kubectl")).unwrap();
        let path = std::env::join_paths([dir.path().join("none"), dir.path().join("tree"), plain, good.clone(), other]).unwrap();
        assert_eq!(find(&path), Some(good.join("kubectl")));
        assert_eq!(find(OsStr::new("/nowhere")), None);
    }
}
