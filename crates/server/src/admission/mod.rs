//! Admission: what must hold or is added before an object is stored (section 14 of the API contract). A table of plugins: all that
//! change objects run first, in order, before an object is judged by its kind's own rules; all that only judge run after that.
//! What a write costs of quotas is judged last and apart (`resource_quota`), for it is paid with the write.
//! Input: what a request does, and the object. Output: the object changed in place and warnings, or the Status that refuses it.

mod certificate_requester;
mod certificate_subject;
mod claim_resize;
mod default_ingress_class;
mod default_storage_class;
mod default_tolerations;
mod limit_ranger;
mod namespace_lifecycle;
pub(crate) mod node_restriction;
mod pod_resize;
mod pod_security;
mod priority;
pub(crate) mod resource_quota;
mod runtime_class;
mod service_account;
mod storage_protection;
mod taint_nodes;

use crate::Identity;
use crate::cluster::Cluster;
use crate::request::Target;
use futures::FutureExt;
use futures::future::BoxFuture;
use std::fmt::Debug;
use stead_api::registry::{Kind, Part};
use stead_api::{Status, Value};

/// What a request does to an object.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Operation<'a> {
    Create,
    Update { part: Part, old: &'a Value },
    Delete,
}

/// What plugins know of a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Attributes<'a> {
    pub cluster: &'a Cluster,
    pub target: &'a Target,
    /// Who makes it; nobody: the server itself.
    pub identity: Option<&'a Identity>,
    pub operation: Operation<'a>,
}

impl Attributes<'_> {
    /// Whether the request is about that core kind.
    fn is_about(&self, kind: &str) -> bool {
        is_core(&self.target.kind, kind)
    }

    fn is_create_of(&self, kind: &str) -> bool {
        matches!(self.operation, Operation::Create) && self.is_about(kind)
    }
}

fn is_core(kind: &Kind, name: &str) -> bool {
    kind.group.is_empty() && kind.kind == name
}

/// An answer that needs no waiting.
fn ready<'a, T: Send + 'a>(result: Result<T, Status>) -> BoxFuture<'a, Result<T, Status>> {
    futures::future::ready(result).boxed()
}

/// One rule of the cluster about objects. It may wait, for a webhook for example: nothing is held meanwhile, and if the object has
/// changed by then, it is asked again about the next state.
pub(crate) trait Plugin: Debug + Send + Sync {
    /// What kube-apiserver calls it.
    fn name(&self) -> &'static str;

    /// Whether it has a say about requests like this one.
    fn handles(&self, attributes: &Attributes<'_>) -> bool;

    /// Changes the object, or refuses the request.
    fn mutate<'a>(&'a self, _attributes: &'a Attributes<'_>, _object: &'a mut Value) -> BoxFuture<'a, Result<(), Status>> {
        ready(Ok(()))
    }

    /// Judges the object as it will be stored; returns `Warning` texts.
    fn validate<'a>(&'a self, _attributes: &'a Attributes<'_>, _object: &'a Value) -> BoxFuture<'a, Result<Vec<String>, Status>> {
        ready(Ok(Vec::new()))
    }
}

/// The plugins of a server, in upstream's order.
#[derive(Debug)]
pub(crate) struct Admission {
    plugins: Vec<Box<dyn Plugin>>,
}

impl Default for Admission {
    fn default() -> Self {
        let plugins: Vec<Box<dyn Plugin>> = vec![
            Box::new(namespace_lifecycle::NamespaceLifecycle),
            Box::new(limit_ranger::LimitRanger),
            Box::new(service_account::ServiceAccount),
            Box::new(node_restriction::NodeRestriction),
            Box::new(taint_nodes::TaintNodesByCondition),
            Box::new(pod_security::PodSecurity),
            Box::new(priority::Priority),
            Box::new(default_tolerations::DefaultTolerationSeconds),
            Box::new(default_storage_class::DefaultStorageClass),
            Box::new(certificate_subject::CertificateSubjectRestriction),
            Box::new(default_ingress_class::DefaultIngressClass),
            Box::new(storage_protection::StorageObjectInUseProtection),
            Box::new(claim_resize::PersistentVolumeClaimResize),
            Box::new(pod_resize::PodResize),
            Box::new(runtime_class::RuntimeClass),
            Box::new(certificate_requester::CertificateRequester),
        ];
        Self { plugins }
    }
}

impl Admission {
    /// With one more, after all others.
    #[cfg(test)]
    pub(crate) fn and(mut self, plugin: Box<dyn Plugin>) -> Self {
        self.plugins.push(plugin);
        self
    }

    /// Lets all plugins change the object; the first that refuses ends it.
    pub(crate) async fn mutate(&self, attributes: &Attributes<'_>, object: &mut Value) -> Result<(), Status> {
        for plugin in self.plugins.iter().filter(|plugin| plugin.handles(attributes)) {
            let admitted = plugin.mutate(attributes, object).await;
            admitted.inspect_err(|status| refused(&**plugin, status))?;
        }
        Ok(())
    }

    /// Lets all plugins judge the object; returns their warnings.
    pub(crate) async fn validate(&self, attributes: &Attributes<'_>, object: &Value) -> Result<Vec<String>, Status> {
        let mut warnings = Vec::new();
        for plugin in self.plugins.iter().filter(|plugin| plugin.handles(attributes)) {
            let admitted = plugin.validate(attributes, object).await;
            warnings.extend(admitted.inspect_err(|status| refused(&**plugin, status))?);
        }
        Ok(warnings)
    }
}

fn refused(plugin: &dyn Plugin, status: &Status) {
    tracing::debug!(plugin = plugin.name(), message = status.message, "refused");
}
