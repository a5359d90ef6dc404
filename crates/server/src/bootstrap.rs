//! The objects that every cluster has from the start (NS1). Input: the core. Output: they exist.

use crate::app::Core;
use crate::negotiation::Reader;
use crate::query::{Write, WriteOptions};
use crate::registry::{Call, create};
use crate::request::{Target, Verb, find_kind};
use crate::{allocation, events, keys, object};
use std::sync::Arc;
use stead_api::registry::Kind;
use stead_api::{Status, Value, json};

/// Namespaces that exist from the start.
const NAMESPACES: &[&str] = &["default", "kube-system", "kube-public", "kube-node-lease"];

/// Makes what is missing; does nothing on a store that has it.
pub(crate) async fn run(core: &Arc<Core>) -> Result<(), Status> {
    if let Some(namespaces) = find_kind("", "v1", "namespaces") {
        for name in NAMESPACES {
            ensure(core, namespaces, "", json!({"metadata": {"name": name}})).await?;
        }
    }
    if let Some(services) = find_kind("", "v1", "services") {
        ensure(core, services, "default", kubernetes_service(core)).await?;
    }
    if let Some(event_kind) = find_kind("", "v1", "events") {
        events::adopt(core, event_kind)?;
    }
    Ok(())
}

/// The Service by which pods find this server.
fn kubernetes_service(core: &Core) -> Value {
    let port = core.advertise.rsplit(':').next().and_then(|port| port.parse::<u16>().ok()).filter(|port| *port != 0).unwrap_or(443);
    json!({
        "metadata": {"name": "kubernetes", "labels": {"component": "apiserver", "provider": "kubernetes"}},
        "spec": {
            "type": "ClusterIP",
            "clusterIP": allocation::first_ip(&core.ranges).to_string(),
            "clusterIPs": [allocation::first_ip(&core.ranges).to_string()],
            "ipFamilies": ["IPv4"],
            "ipFamilyPolicy": "SingleStack",
            "ports": [{"name": "https", "port": 443, "protocol": "TCP", "targetPort": port}],
            "sessionAffinity": "None",
        },
    })
}

async fn ensure(core: &Arc<Core>, kind: &'static Kind, namespace: &str, object: Value) -> Result<(), Status> {
    // Asked before creating: the allocation of what the object has already would be refused.
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    if core.store.get(&keys::object(kind, namespace, name)).is_some() {
        return Ok(());
    }
    let target = Target { verb: Verb::Create, kind, namespace: namespace.to_owned(), name: String::new(), subresource: None };
    let mut call =
        Call { target, query: Vec::new(), headers: http::HeaderMap::new(), body: object.to_string().into(), warnings: Vec::new() };
    let options = WriteOptions::parse(&call.query, Write::Create)?;
    let mut object = object::decode(kind.into(), Reader::Json, &call.body, options.field_validation, &mut Vec::new())?;
    kind.hooks.default(&mut object);
    match create::create_object(core, &mut call, &options, object).await {
        Ok(_) => Ok(()),
        Err(status) if status.reason == "AlreadyExists" => Ok(()),
        Err(status) => Err(status),
    }
}
