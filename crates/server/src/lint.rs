//! What whoever types `kubectl apply` is told of a StatefulSet that the API takes and that will not do what was meant: the findings of
//! `stead lint` as `Warning` texts. Programs are told nothing: to them Kubernetes says no more than it says.

use crate::call::Call;
use crate::cluster::Cluster;
use crate::core::Core;
use crate::keys;
use crate::query::WriteOptions;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use stead_api::Value;
use stead_api::kinds::KINDS;
use stead_lint::Known;

/// Whether these warnings are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LintWarnings {
    On,
    Off,
}

/// Whether they are given, as the server was told while it ran.
#[derive(Debug, Default)]
pub(crate) struct Setting {
    is_off: AtomicBool,
}

impl Setting {
    pub(crate) fn set(&self, warnings: LintWarnings) {
        self.is_off.store(warnings == LintWarnings::Off, Ordering::Relaxed);
    }

    fn is_off(&self) -> bool {
        self.is_off.load(Ordering::Relaxed)
    }
}

/// Objects of a kind that are looked at for one warning.
const LISTED_MAX: usize = 1000;
/// As whom `stead up` does.
const UP_MANAGER: &str = "stead-up";
/// As whom `kubectl` writes a manifest: apply, server-side apply, create, replace, edit.
const MANIFEST_MANAGERS: [&str; 5] = ["kubectl-client-side-apply", "kubectl", "kubectl-create", "kubectl-replace", "kubectl-edit"];

/// In which header `kubectl` says the command that somebody typed; programs that only call themselves `kubectl` say none.
const COMMAND: &str = "kubectl-command";

/// The warnings about an object that is written as a whole; `old` on update.
pub(crate) fn warnings(core: &Core, call: &Call, options: &WriteOptions, object: &Value, old: Option<&Value>) -> Vec<String> {
    let kind = &call.target.kind;
    let is_set = kind.kind == "StatefulSet" && kind.group == "apps";
    if !is_set || core.lint.is_off() || !is_typed(call, options) || old.is_some_and(|old| old["spec"] == object["spec"]) {
        return Vec::new();
    }
    let findings = stead_lint::check(object, &call.target.namespace, &Stored(core));
    findings.iter().map(|finding| format!("{}: {}; mend: {}", finding.rule.code, finding.message, finding.fix)).collect()
}

/// Whether a person's manifest is written.
fn is_typed(call: &Call, options: &WriteOptions) -> bool {
    let agent = call.user_agent_manager();
    let manager = if options.field_manager.is_empty() { agent.as_str() } else { options.field_manager.as_str() };
    let is_kubectl = agent.starts_with("kubectl") && call.headers.contains_key(COMMAND);
    manager == UP_MANAGER || (is_kubectl && MANIFEST_MANAGERS.contains(&manager))
}

/// What the store has.
struct Stored<'a>(&'a Cluster);

impl Stored<'_> {
    fn row(&self, kind: &'static str) -> Option<Arc<stead_api::registry::Kind>> {
        let row = KINDS.iter().find(|row| row.kind == kind && row.version == "v1")?;
        Some(self.0.kinds.built_in(row.plural))
    }
}

impl Known for Stored<'_> {
    fn find(&self, kind: &'static str, namespace: &str, name: &str) -> Option<Arc<Value>> {
        self.0.read(&*self.row(kind)?, namespace, name).ok().flatten()
    }

    fn list(&self, kind: &'static str, namespace: &str) -> Vec<Arc<Value>> {
        let Some(row) = self.row(kind) else { return Vec::new() };
        let page = self.0.store.range(&keys::prefix(&row, namespace), None, LISTED_MAX, None);
        // What cannot be read is not there for a warning.
        page.map(|page| page.entries.iter().filter_map(|entry| self.0.objects.read(&row, entry).ok()).collect()).unwrap_or_default()
    }
}
