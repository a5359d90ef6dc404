//! The objects that every cluster has (NS1). Input: the core. Output: they exist, and exist again after somebody deleted them.

use crate::allocation::{addresses, networks};
use crate::call::Call;
use crate::core::Core;
use crate::negotiation::Reader;
use crate::query::{Write, WriteOptions};
use crate::registry::ownership::ManagedFields;
use crate::registry::{create, expiry};
use crate::request::{Target, Verb};
use crate::{allocation, authz, kubernetes_service, object};
use futures::future::try_join_all;
use std::sync::Arc;
use stead_api::kinds::fairness;
use stead_api::kinds::priority_class::SYSTEM;
use stead_api::registry::Kind;
use stead_api::{Status, Value, json};

/// Namespaces that are always there.
const NAMESPACES: &[&str] = &["default", "kube-system", "kube-public", "kube-node-lease"];
/// How often the Service `kubernetes` is looked after; upstream's EndpointReconcilerInterval.
const SERVICE_EVERY_MS: u64 = 10_000;
/// The namespaces, and Events whose time has come, once in so many of these rounds: each minute.
const ROUNDS: u64 = 6;

/// Makes what is missing, and on a new store what a cluster begins with; does nothing on a store that has it.
pub(crate) async fn run(core: &Arc<Core>, first_objects: Vec<Value>) -> Result<(), Status> {
    repair_namespaces(core).await?;
    repair_priority_classes(core).await?;
    repair_fairness(core).await?;
    authz::default_roles::repair(core).await?;
    let first = !networks::is_known(core);
    if first {
        // Before the store is known by its ranges not to be new, so that a crash between leaves none out.
        begin_with(core, first_objects).await?;
    }
    networks::repair(core).await?;
    kubernetes_service::repair(core).await?;
    let repaired = addresses::repair(core).await?;
    if !first {
        allocation::tell(core, repaired).await?;
    }
    expiry::adopt(core, &core.kinds.built_in("events"))
}

/// Looks after these objects for as long as it is polled.
pub(crate) async fn maintain(core: &Arc<Core>) {
    futures::join!(in_rounds(core), networks::follow(core));
}

async fn in_rounds(core: &Arc<Core>) {
    let events = core.kinds.built_in("events");
    for round in 1u64.. {
        core.environment.sleep(SERVICE_EVERY_MS).await;
        say(kubernetes_service::repair(core).await, "the Service kubernetes is not looked after");
        if round % ROUNDS == 0 {
            say(repair_namespaces(core).await, "the namespaces of the system are not looked after");
            say(repair_priority_classes(core).await, "the priority classes of the system are not looked after");
            say(repair_fairness(core).await, "the flow schemas and priority levels of the system are not looked after");
            say(repair_addresses(core).await, "the addresses of Services are not looked after");
            say(expiry::expire(core, &events, usize::MAX).await, "old Events stay");
        }
    }
}

fn say(done: Result<(), Status>, what: &'static str) {
    if let Err(status) = done {
        tracing::warn!(message = status.message, "{what}");
    }
}

async fn repair_namespaces(core: &Arc<Core>) -> Result<(), Status> {
    let namespaces = core.kinds.built_in("namespaces");
    for name in NAMESPACES {
        ensure(core, &namespaces, "", json!({"metadata": {"name": name}})).await?;
    }
    Ok(())
}

async fn repair_priority_classes(core: &Arc<Core>) -> Result<(), Status> {
    let classes = core.kinds.built_in("priorityclasses");
    for (name, value, description) in SYSTEM {
        ensure(core, &classes, "", json!({"metadata": {"name": name}, "value": value, "description": description})).await?;
    }
    Ok(())
}

/// Side by side, so that the many of them are one write of a new store.
async fn repair_fairness(core: &Arc<Core>) -> Result<(), Status> {
    let [levels, schemas] = ["prioritylevelconfigurations", "flowschemas"].map(|plural| core.kinds.built_in(plural));
    let levels = fairness::levels().into_iter().map(|object| ensure(core, &levels, "", object));
    let schemas = fairness::schemas().into_iter().map(|object| ensure(core, &schemas, "", object));
    futures::try_join!(try_join_all(levels), try_join_all(schemas))?;
    Ok(())
}

async fn begin_with(core: &Arc<Core>, objects: Vec<Value>) -> Result<(), Status> {
    for object in objects {
        let rows = core.kinds.rows();
        let is_kind = |row: &&Arc<Kind>| object["kind"] == row.kind && object["apiVersion"] == row.api_version();
        let kind = rows.iter().find(is_kind).ok_or_else(|| Status::internal(&format!("a cluster cannot begin with {object}")))?;
        ensure(core, kind, "", object).await?;
    }
    Ok(())
}

async fn repair_addresses(core: &Arc<Core>) -> Result<(), Status> {
    allocation::tell(core, addresses::repair(core).await?).await
}

/// A call by this server itself, outside of namespaces: nobody sends it, and so nobody's rights count.
pub(crate) fn system_call(verb: Verb, kind: &Arc<Kind>, name: &str) -> Call {
    Call {
        target: Target { verb, kind: kind.clone(), namespace: String::new(), name: name.to_owned(), subresource: None },
        method: if verb == Verb::Create { http::Method::POST } else { http::Method::PUT },
        query: Vec::new(),
        headers: http::HeaderMap::new(),
        body: bytes::Bytes::new(),
        extensions: http::Extensions::new(),
        warnings: Vec::new(),
    }
}

/// Makes an object if there is none of its name.
pub(crate) async fn ensure(core: &Arc<Core>, kind: &Arc<Kind>, namespace: &str, object: Value) -> Result<(), Status> {
    // Asked before creating: the allocation of what the object has already would be refused.
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    if core.store.get(&crate::keys::object(kind, namespace, name)).is_some() {
        return Ok(());
    }
    let mut call = Call { body: object.to_string().into(), ..system_call(Verb::Create, kind, "") };
    call.target.namespace = namespace.to_owned();
    let options = WriteOptions::parse(&call.query, Write::Create)?;
    let mut object = object::decode((&**kind).into(), Reader::Json, &call.body, options.field_validation, &mut Vec::new())?;
    kind.hooks.default(&mut object);
    match create::create_object(core, &mut call, &options, object, ManagedFields::Kept).await {
        Ok(_) => Ok(()),
        Err(status) if status.reason == "AlreadyExists" => Ok(()),
        Err(status) => Err(status),
    }
}
