//! The Service `kubernetes`, by which pods find this server, and what is behind it: an Endpoints object and an EndpointSlice of the same
//! name (NS1). Input: the core and the addresses that this server is told it can be reached by. Output: the objects say so, and say so
//! again after somebody changed or deleted them.

use crate::allocation;
use crate::bootstrap::ensure;
use crate::call::Call;
use crate::core::Core;
use crate::query::DeleteOptions;
use crate::registry::{delete, update};
use crate::request::{Target, Verb};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use stead_api::registry::Kind;
use stead_api::value::Access;
use stead_api::{Status, Value, json};

const NAMESPACE: &str = "default";
const NAME: &str = "kubernetes";
/// Who writes these objects, as upstream calls it.
const MANAGER: &str = "kube-apiserver";

/// Where pods reach this server. Nothing is said of it, and nothing changed, until it is known.
#[derive(Debug, Default)]
pub(crate) struct Reached(Mutex<Option<Vec<SocketAddr>>>);

impl Reached {
    pub(crate) fn set(&self, addresses: Vec<SocketAddr>) {
        *self.lock() = Some(addresses);
    }

    fn lock(&self) -> MutexGuard<'_, Option<Vec<SocketAddr>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes or mends the Service and what is behind it.
pub(crate) async fn repair(core: &Arc<Core>) -> Result<(), Status> {
    repair_service(core).await?;
    let Some(addresses) = core.reached.lock().clone() else { return Ok(()) };
    // Of the Service's own family: there is one Endpoints object.
    let is_v4 = allocation::first_ip(&core.ranges).is_ipv4();
    let mut addresses: Vec<SocketAddr> = addresses.into_iter().filter(|address| address.is_ipv4() == is_v4).collect();
    addresses.sort_unstable();
    match addresses.first().map(SocketAddr::port) {
        None => {
            remove(core, "endpoints").await?;
            remove(core, "endpointslices").await
        }
        Some(port) => {
            let ips: Vec<IpAddr> = addresses.iter().map(SocketAddr::ip).collect();
            put(core, "endpoints", endpoints(&ips, port), &["subsets"]).await?;
            put(core, "endpointslices", slice(&ips, port, is_v4), &["addressType", "endpoints", "ports"]).await
        }
    }
}

/// Makes the Service, or leads its port to where the server listens now; the rest is whose who changed it.
async fn repair_service(core: &Arc<Core>) -> Result<(), Status> {
    let wanted = service(core);
    let services = core.kinds.built_in("services");
    let Some(stored) = core.read(&services, NAMESPACE, NAME)? else {
        return ensure(core, &services, NAMESPACE, wanted).await;
    };
    if stored["spec"]["ports"] == wanted["spec"]["ports"] {
        return Ok(());
    }
    let mut next = (*stored).clone();
    next["spec"]["ports"] = wanted["spec"]["ports"].clone();
    replace(core, services, &next).await
}

fn service(core: &Core) -> Value {
    let port = core.advertise.rsplit(':').next().and_then(|port| port.parse::<u16>().ok()).filter(|port| *port != 0).unwrap_or(443);
    let ip = allocation::first_ip(&core.ranges);
    json!({
        "metadata": {"name": NAME, "labels": {"component": "apiserver", "provider": "kubernetes"}},
        "spec": {
            "type": "ClusterIP",
            "clusterIP": ip.to_string(),
            "clusterIPs": [ip.to_string()],
            "ipFamilies": [if ip.is_ipv4() { "IPv4" } else { "IPv6" }],
            "ipFamilyPolicy": "SingleStack",
            "ports": [{"name": "https", "port": 443, "protocol": "TCP", "targetPort": port}],
            "sessionAffinity": "None",
        },
    })
}

fn endpoints(ips: &[IpAddr], port: u16) -> Value {
    let addresses: Vec<Value> = ips.iter().map(|ip| json!({"ip": ip.to_string()})).collect();
    json!({
        "metadata": {"name": NAME, "namespace": NAMESPACE, "labels": {"endpointslice.kubernetes.io/skip-mirror": "true"}},
        "subsets": [{"addresses": addresses, "ports": [{"name": "https", "port": port, "protocol": "TCP"}]}],
    })
}

fn slice(ips: &[IpAddr], port: u16, is_v4: bool) -> Value {
    let endpoints: Vec<Value> = ips.iter().map(|ip| json!({"addresses": [ip.to_string()], "conditions": {"ready": true}})).collect();
    json!({
        "metadata": {"name": NAME, "namespace": NAMESPACE, "labels": {"kubernetes.io/service-name": NAME}},
        "addressType": if is_v4 { "IPv4" } else { "IPv6" },
        "endpoints": endpoints,
        "ports": [{"name": "https", "port": port, "protocol": "TCP"}],
    })
}

/// Makes the object, or makes these members and its labels what they are to be.
async fn put(core: &Arc<Core>, plural: &str, object: Value, members: &[&str]) -> Result<(), Status> {
    let kind = core.kinds.built_in(plural);
    let Some(stored) = core.read(&kind, NAMESPACE, NAME)? else {
        return ensure(core, &kind, NAMESPACE, object).await;
    };
    let labelled =
        object["metadata"].map("labels").is_none_or(|labels| labels.iter().all(|(k, v)| stored["metadata"]["labels"].get(k) == Some(v)));
    if labelled && members.iter().all(|member| stored.get(*member) == object.get(*member)) {
        return Ok(());
    }
    if stored.str("addressType") != object.str("addressType") {
        // It never changes: the slice is another one.
        remove(core, plural).await?;
        return ensure(core, &kind, NAMESPACE, object).await;
    }
    replace(core, kind, &object).await
}

async fn replace(core: &Arc<Core>, kind: Arc<Kind>, object: &Value) -> Result<(), Status> {
    let target = Target { verb: Verb::Update, kind, namespace: NAMESPACE.to_owned(), name: NAME.to_owned(), subresource: None };
    let mut call = Call {
        target,
        method: http::Method::PUT,
        query: vec![("fieldManager".to_owned(), MANAGER.to_owned())],
        headers: http::HeaderMap::new(),
        body: object.to_string().into(),
        extensions: http::Extensions::new(),
        warnings: Vec::new(),
    };
    update::update(core, &mut call).await.map(drop)
}

async fn remove(core: &Arc<Core>, plural: &str) -> Result<(), Status> {
    let kind = core.kinds.built_in(plural);
    match delete::delete_object(core, &kind, NAMESPACE, NAME, &DeleteOptions::PLAIN).await {
        Ok(_) => Ok(()),
        Err(status) if status.code == 404 => Ok(()),
        Err(status) => Err(status),
    }
}
