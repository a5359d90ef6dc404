//! ServiceAccount (M2): a pod runs as an account that exists, and gets its token, its namespace and the cluster's CA mounted.

use super::{Attributes, Plugin};
use crate::cluster::Cluster;
use crate::keys;
use crate::request::Target;
use futures::FutureExt;
use futures::future::{BoxFuture, Either, select};
use std::pin::pin;
use std::sync::Arc;
use stead_api::value::Access;
use stead_api::{Status, Value, json};

const DEFAULT_ACCOUNT: &str = "default";
const MOUNT_PATH: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
const VOLUME_PREFIX: &str = "kube-api-access-";
const SUFFIX_LENGTH: usize = 5;
/// A pod that a node made from a file, shown in the API.
const MIRROR_ANNOTATION: &str = "kubernetes.io/config.mirror";

#[derive(Debug)]
pub(super) struct ServiceAccount;

impl Plugin for ServiceAccount {
    fn name(&self) -> &'static str {
        "ServiceAccount"
    }

    fn handles(&self, attributes: &Attributes<'_>) -> bool {
        attributes.is_create_of("Pod")
    }

    fn mutate<'a>(&'a self, attributes: &'a Attributes<'_>, object: &'a mut Value) -> BoxFuture<'a, Result<(), Status>> {
        create(attributes.cluster, attributes.target, object).boxed()
    }
}

async fn create(cluster: &Cluster, target: &Target, pod: &mut Value) -> Result<(), Status> {
    if pod["metadata"]["annotations"].has(MIRROR_ANNOTATION) || !pod["spec"].is_object() {
        return Ok(());
    }
    if pod["spec"].str("serviceAccountName").is_empty() {
        pod["spec"]["serviceAccountName"] = DEFAULT_ACCOUNT.into();
    }
    pod["spec"]["serviceAccount"] = pod["spec"]["serviceAccountName"].clone();
    let account_name = pod["spec"].str("serviceAccountName").to_owned();
    let account = account(cluster, &target.namespace, &account_name).await?.ok_or_else(|| {
        let why =
            format!("error looking up service account {}/{account_name}: serviceaccount {account_name:?} not found", target.namespace);
        let name = pod["metadata"].str("name");
        // The name is not made up yet.
        Status::forbidden(&target.kind, if name.is_empty() { pod["metadata"].str("generateName") } else { name }, &why)
    })?;
    if wants_token(pod, &account) {
        mount_token(cluster, pod);
    }
    if pod["spec"].items("imagePullSecrets").is_empty() && !account.items("imagePullSecrets").is_empty() {
        pod["spec"]["imagePullSecrets"] = account["imagePullSecrets"].clone();
    }
    Ok(())
}

/// The account of that name. The one that every namespace has is waited for a little: it is made after its namespace, and clients that make a
/// namespace and then a pod cannot know (upstream's plugin looks ten times).
async fn account(cluster: &Cluster, namespace: &str, name: &str) -> Result<Option<Arc<Value>>, Status> {
    let kind = cluster.kinds.built_in("serviceaccounts");
    let seen = cluster.store.revision();
    let mut found = cluster.read(&kind, namespace, name)?;
    if found.is_some() || name != DEFAULT_ACCOUNT {
        return Ok(found);
    }
    let mut watch =
        cluster.store.watch(&keys::object(&kind, namespace, name), seen).map_err(|error| Status::internal(&error.to_string()))?;
    let mut patience = cluster.environment.patience();
    while found.is_none() {
        match select(pin!(watch.next()), &mut patience).await {
            Either::Left((Ok(_), _)) => found = cluster.read(&kind, namespace, name)?,
            Either::Left((Err(_), _)) | Either::Right(_) => break,
        }
    }
    Ok(found)
}

/// The pod's word wins over the account's.
fn wants_token(pod: &Value, account: &Value) -> bool {
    let said = |object: &Value| object.get("automountServiceAccountToken").and_then(Value::as_bool);
    said(&pod["spec"]).or_else(|| said(account)).unwrap_or(true)
}

/// Adds the token volume, and mounts it in every container that has nothing at its place.
fn mount_token(cluster: &Cluster, pod: &mut Value) {
    let volumes = pod["spec"].items("volumes");
    let known = volumes.iter().map(|volume| volume.str("name")).find(|name| name.starts_with(VOLUME_PREFIX)).map(str::to_owned);
    let name = known.clone().unwrap_or_else(|| format!("{VOLUME_PREFIX}{}", cluster.environment.suffix(SUFFIX_LENGTH)));
    let mount = json!({"name": name, "readOnly": true, "mountPath": MOUNT_PATH});
    let mut mounted = false;
    let Some(spec) = pod.get_mut("spec") else { return };
    for list in ["initContainers", "containers"] {
        for container in spec.items_mut(list) {
            if container.items("volumeMounts").iter().any(|mount| mount.str("mountPath") == MOUNT_PATH) {
                continue;
            }
            mounted = true;
            push(container, "volumeMounts", mount.clone());
        }
    }
    if mounted && known.is_none() {
        push(spec, "volumes", volume(&name));
    }
}

fn push(object: &mut Value, list: &str, item: Value) {
    let Some(map) = object.as_object_mut() else { return };
    match map.entry(list).or_insert_with(|| json!([])) {
        Value::Array(items) => items.push(item),
        other => *other = json!([item]),
    }
}

fn volume(name: &str) -> Value {
    json!({
        "name": name,
        "projected": {
            "sources": [
                {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
                {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
                {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}]}},
            ],
            "defaultMode": 420,
        },
    })
}
