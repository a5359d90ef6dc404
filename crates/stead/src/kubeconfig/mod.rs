//! The administrator's kubeconfig: a file of its own, and a context in what the user's kubectl reads.

mod merge;
mod own;
mod probe;
mod text;
mod user;

pub use own::{OwnContext, own_contexts, remove_context};
pub use user::MergedContext;

use crate::certificates::Pki;
use crate::config::{ServerArgs, default_kubeconfig};
use crate::file;
use anyhow::Context;
use base64::Engine as _;
use merge::Current;
use std::path::{Path, PathBuf};
use stead_api::{Value, json};

/// Name of our cluster, user and context.
const NAME: &str = "stead";
const DEFAULT_NAMESPACE: &str = "default";

/// A kubeconfig of one cluster, user and context.
fn document(server: &str, pki: &Pki) -> Value {
    let encode = |pem: &str| base64::engine::general_purpose::STANDARD.encode(pem);
    json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": NAME, "cluster": {"server": server, "certificate-authority-data": encode(&pki.authorities)}}],
        "users": [{"name": NAME, "user": {
            "client-certificate-data": encode(&pki.admin.certificate),
            "client-key-data": encode(&pki.admin.key),
        }}],
        "contexts": [{"name": NAME, "context": {"cluster": NAME, "user": NAME}}],
        "current-context": NAME,
    })
}

/// Where a server's kubeconfig goes.
#[derive(Debug)]
pub struct Kubeconfigs {
    url: String,
    data_dir: PathBuf,
    file: PathBuf,
    /// Given by the user, who then wants no context elsewhere.
    is_chosen: bool,
    mode: u32,
}

impl Kubeconfigs {
    pub fn new(args: &ServerArgs, url: &str) -> anyhow::Result<Self> {
        let chosen = args.write_kubeconfig.clone();
        let is_chosen = chosen.is_some();
        let file = std::path::absolute(chosen.unwrap_or_else(|| default_kubeconfig(&args.data_dir)))?;
        Ok(Self { url: url.to_owned(), data_dir: args.data_dir.clone(), file, is_chosen, mode: args.write_kubeconfig_mode })
    }

    /// The administrator's kubeconfig.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Writes the kubeconfig; without a file of their own, users find us as a context of theirs.
    pub fn publish(&self, pki: &Pki) -> anyhow::Result<()> {
        let document = document(&self.url, pki);
        if self.is_chosen {
            return write_chosen(&self.file, &document, self.mode);
        }
        file::replace(&self.file, text::yaml(&document)?.as_bytes(), self.mode)?;
        merge_for_users(&document, &self.data_dir);
        Ok(())
    }

    /// The same while the server runs, where an error is no reason to end.
    pub fn publish_again(&self, pki: &Pki) {
        if let Err(error) = self.publish(pki) {
            tracing::warn!(error = format!("{error:#}"), "the kubeconfig was not renewed");
        }
    }
}

/// Writes our entries to a file that the user has chosen. What else is in it stays; our context becomes its current one.
fn write_chosen(path: &Path, document: &Value, mode: u32) -> anyhow::Result<()> {
    let path = file::behind_links(path)?;
    if let Some(parent) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
        file::private_dir(parent)?;
    }
    let old = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(error).with_context(|| format!("read {}", path.display())),
    };
    let wrong = || format!("{} is there and is no kubeconfig: remove it, or give another file with --write-kubeconfig", path.display());
    let theirs: Value = if old.is_empty() { Value::Null } else { serde_saphyr::from_str(&old).with_context(wrong)? };
    let cleared = merge::without(theirs.clone(), NAME, "");
    let new = merge::merged(cleared, document, NAME, Current::Always).with_context(wrong)?;
    file::replace(&path, text::edited(&old, &theirs, &new)?.as_bytes(), mode)
}

/// Merges the context into the kubeconfigs of the users who may want it. What becomes of the last, whose shell it is.
fn merge_for_users(document: &Value, data_dir: &Path) -> Option<anyhow::Result<MergedContext>> {
    let mut last = None;
    for files in users() {
        let joined = user::merge_context(&files, document, data_dir, probe::is_alive);
        let paths = files.0.iter().map(|p| p.display().to_string()).collect::<Vec<_>>().join(":");
        match &joined {
            Ok(MergedContext { name, taken_by, .. }) if name != NAME => {
                tracing::warn!(context = name, taken_by = taken_by.join(", "), "another cluster has the context {NAME} in {paths}");
            }
            Ok(_) => {}
            Err(error) => tracing::warn!(error = format!("{error:#}"), "{paths} was left as it is"),
        }
        last = Some(joined);
    }
    last
}

#[expect(clippy::disallowed_methods, reason = "who calls us is told by the environment alone")]
fn users() -> Vec<user::UserFiles> {
    let variable = |name| std::env::var(name).ok();
    user::users(variable("KUBECONFIG").as_deref(), variable("HOME").as_deref(), variable("SUDO_USER").as_deref())
}

/// How the user's kubectl reaches a server.
#[derive(Debug, PartialEq, Eq)]
pub struct KubectlCommand {
    /// The command line's beginning, with everything that is needed for the namespace that was asked for.
    pub kubectl: String,
    /// Something the user should know about it.
    pub remark: Option<String>,
}

/// How kubectl reaches the server that wrote `file`, after making sure that its context is where the user's kubectl looks.
pub fn kubectl_command(file: &Path, data_dir: &Path, namespace: &str) -> anyhow::Result<KubectlCommand> {
    let within = if namespace == DEFAULT_NAMESPACE { String::new() } else { format!(" -n {namespace}") };
    let by_file =
        |remark| KubectlCommand { kubectl: format!("kubectl --kubeconfig {}{within}", quoted(&file.display().to_string())), remark };
    if file != default_kubeconfig(data_dir) {
        return Ok(by_file(None));
    }
    let text = std::fs::read_to_string(file).with_context(|| format!("read {}", file.display()))?;
    let document: Value = serde_saphyr::from_str(&text).with_context(|| format!("{} is not YAML", file.display()))?;
    Ok(match merge_for_users(&document, data_dir) {
        None => by_file(None),
        Some(Err(error)) => by_file(Some(format!("your kubeconfig was left as it is: {error:#}"))),
        Some(Ok(joined)) => by_context(&joined, namespace),
    })
}

fn by_context(joined: &MergedContext, namespace: &str) -> KubectlCommand {
    let mut kubectl = "kubectl".to_owned();
    if !joined.is_current {
        kubectl.push_str(&format!(" --context {}", joined.name));
    }
    if joined.namespace.as_deref().unwrap_or(DEFAULT_NAMESPACE) != namespace {
        kubectl.push_str(&format!(" -n {namespace}"));
    }
    let others = joined.taken_by.join(", ");
    let remark = (joined.name != NAME).then(|| format!("the context {NAME} is that of {others}; this server's is {}", joined.name));
    KubectlCommand { kubectl, remark }
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=:,@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::certificates::{Pair, rotated};
    use std::sync::LazyLock;

    static PKIS: LazyLock<[Pair; 2]> = LazyLock::new(|| [rotated(), rotated()]);

    pub fn server_of(n: usize) -> String {
        format!("https://127.0.0.1:{n}")
    }

    /// The document of server 1 or 2.
    pub fn document_of(n: usize) -> Value {
        let pair = Pair { certificate: "C".into(), key: "K".into() };
        document(&server_of(n), &Pki { authorities: PKIS[n - 1].certificate.clone(), server: pair.clone(), admin: pair })
    }

    /// Somebody's kubeconfig.
    pub fn prod() -> Value {
        json!({"apiVersion": "v1", "kind": "Config", "preferences": {"colors": true}, "x": 1,
            "clusters": [{"name": "prod", "cluster": {"server": "https://prod"}}],
            "users": [{"name": "prod", "user": {"exec": {"command": "aws"}}}],
            "contexts": [{"name": "prod", "context": {"cluster": "prod", "user": "prod"}}], "current-context": "prod"})
    }

    #[test]
    fn a_chosen_file_has_our_context_and_keeps_other_ones() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config");
        let read = || serde_saphyr::from_str::<Value>(&std::fs::read_to_string(&path).unwrap()).unwrap();
        write_chosen(&path, &document_of(1), 0o600).unwrap();
        assert_eq!(read(), document_of(1));
        // Another server's file is taken over whole.
        write_chosen(&path, &document_of(2), 0o600).unwrap();
        assert_eq!(read(), document_of(2));
        std::fs::write(&path, text::yaml(&prod()).unwrap()).unwrap();
        write_chosen(&path, &document_of(1), 0o640).unwrap();
        assert_eq!(read()["clusters"][0], prod()["clusters"][0]);
        assert_eq!(read()["current-context"], NAME);
        std::fs::write(&path, "root:x:0:0\n").unwrap();
        let error = format!("{:#}", write_chosen(&path, &document_of(1), 0o600).unwrap_err());
        assert!(error.contains("no kubeconfig"), "{error}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "root:x:0:0\n");
    }

    #[test]
    fn the_next_line_works_as_it_stands() {
        let joined = |name: &str, is_current, namespace: Option<&str>| MergedContext {
            name: name.to_owned(),
            is_current,
            namespace: namespace.map(str::to_owned),
            taken_by: Vec::new(),
        };
        let line = |joined| by_context(&joined, "default").kubectl;
        assert_eq!(line(joined("stead", true, None)), "kubectl");
        assert_eq!(line(joined("stead", false, None)), "kubectl --context stead");
        assert_eq!(line(joined("stead-b", false, Some("team"))), "kubectl --context stead-b -n default");
        assert_eq!(by_context(&joined("stead", true, None), "team").kubectl, "kubectl -n team");
        assert_eq!(by_context(&joined("stead", true, Some("team")), "team").kubectl, "kubectl");
        let command = kubectl_command(Path::new("/my files/kc"), Path::new("/d"), "default").unwrap();
        assert_eq!(command.kubectl, "kubectl --kubeconfig '/my files/kc'");
    }
}
