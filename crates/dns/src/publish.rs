//! How the cluster shows its name server: the Service `kube-dns` in `kube-system`, as everywhere, and what is behind it: an Endpoints object
//! and a slice of each family that say where this node's server listens. They are made again when somebody deletes them. What is to be done
//! is decided without I/O; `publish` looks and does.

use std::net::IpAddr;
use std::time::Duration;
use stead_api::value::Access;
use stead_api::{Map, Value, json};
use stead_client::event::{Event, Reference};
use stead_client::resource::{ENDPOINT_SLICES, ENDPOINTS, SERVICES};
use stead_client::{Call, Client, Failure, Key, Patch, Resource};

const NAMESPACE: &str = "kube-system";
const NAME: &str = "kube-dns";
const PORT: u16 = 53;
/// How often they are looked after.
const LOOKED_AFTER_EVERY: Duration = Duration::from_secs(10);

/// What is to be shown.
#[derive(Debug, Clone)]
pub struct Shown {
    /// The Service's addresses, of each family one at most, the primary one first.
    pub cluster: Vec<IpAddr>,
    pub node: String,
    /// Where this node's server listens on port 53, of each family one at most.
    pub listeners: Vec<IpAddr>,
}

/// The Service by which pods reach the server, whether it is there or not.
pub fn service_reference() -> Reference {
    Reference {
        api_version: "v1".to_owned(),
        kind: "Service".to_owned(),
        namespace: NAMESPACE.to_owned(),
        name: NAME.to_owned(),
        ..Reference::default()
    }
}

/// The Service, `NAMESPACE/NAME`, whose addresses pods are told to ask.
pub const SERVICE: &str = "kube-system/kube-dns";

/// Looks after them for as long as it is polled. `say` is told of what keeps pods from reaching the server.
pub async fn publish(client: &Client, shown: &Shown, say: impl Fn(Event)) {
    let mut last = None;
    loop {
        let event = match ensure(client, shown).await {
            Ok(()) => None,
            Err(failure) => Some(obstacle(client, shown, &failure).await),
        };
        if event != last
            && let Some(event) = &event
        {
            tracing::warn!(error = event.message, "the Service kube-dns is not as it should be: pods may not reach the name server");
            say(event.clone());
        }
        last = event;
        tokio::time::sleep(LOOKED_AFTER_EVERY).await;
    }
}

async fn ensure(client: &Client, shown: &Shown) -> Result<(), Failure> {
    let service = client.find(SERVICES, &Key::new(NAMESPACE, NAME)).await?;
    if let Some(call) = mended_service(&shown.cluster, service.as_ref()) {
        client.call(&call).await?;
    }
    for (resource, wanted, member) in behind(shown) {
        let key = Key::new(NAMESPACE, wanted["metadata"].str("name"));
        let there = client.find(resource, &key).await?;
        if let Some(call) = mended(resource, wanted, member, there.as_ref()) {
            client.call(&call).await?;
        }
    }
    Ok(())
}

/// Why the objects cannot be as they are to be, in words.
async fn obstacle(client: &Client, shown: &Shown, failure: &Failure) -> Event {
    let services = client.list(SERVICES, "").await.unwrap_or_default();
    match holder(&services, &shown.cluster) {
        Some((service, address)) => {
            let (namespace, name) = (service["metadata"].str("namespace"), service["metadata"].str("name"));
            let message = format!(
                "The Service {namespace}/{name} has {address}, which pods are told to ask for names; delete it, or name another address of \
                 Services with --cluster-dns"
            );
            let regarding = Reference {
                namespace: namespace.to_owned(),
                name: name.to_owned(),
                uid: service["metadata"].str("uid").to_owned(),
                ..service_reference()
            };
            Event::warning(regarding, "NameServerAddressTaken", message)
        }
        None => Event::warning(service_reference(), "NameServerNotShown", failure.to_string()),
    }
}

/// Another Service that has one of these addresses.
fn holder<'a>(services: &'a [Value], addresses: &[IpAddr]) -> Option<(&'a Value, IpAddr)> {
    let has = |service: &Value, address: &IpAddr| service["spec"].items("clusterIPs").iter().any(|ip| ip == &json!(address.to_string()));
    let others =
        services.iter().filter(|service| (service["metadata"].str("namespace"), service["metadata"].str("name")) != (NAMESPACE, NAME));
    others.into_iter().find_map(|service| Some((service, *addresses.iter().find(|address| has(service, address))?)))
}

/// The call that makes the Service, or gives it the address of a second family. What else somebody changed is theirs.
fn mended_service(addresses: &[IpAddr], there: Option<&Value>) -> Option<Call> {
    let wanted = service(addresses);
    let Some(there) = there else {
        return Some(Call::create(SERVICES, NAMESPACE, wanted));
    };
    let (has, all) = (there["spec"].items("clusterIPs"), wanted["spec"].items("clusterIPs"));
    let lacks_one = has.len() < all.len() && all.starts_with(has) && there["spec"].get("selector").is_none();
    lacks_one.then(|| {
        let members = ["clusterIPs", "ipFamilies", "ipFamilyPolicy"];
        let spec: Map<String, Value> = members.iter().map(|member| ((*member).to_owned(), wanted["spec"][*member].clone())).collect();
        patch(SERVICES, NAME, json!({"spec": spec}))
    })
}

/// What is behind the Service: objects, and the member of each that says where the server listens.
fn behind(shown: &Shown) -> Vec<(Resource, Value, &'static str)> {
    let primary = shown.cluster.first().is_none_or(IpAddr::is_ipv4);
    let endpoints = shown.listeners.iter().find(|listener| listener.is_ipv4() == primary);
    let endpoints = endpoints.map(|listener| (ENDPOINTS, endpoints_of(&shown.node, *listener), "subsets"));
    let slices = shown.listeners.iter().map(|listener| (ENDPOINT_SLICES, slice(&shown.node, *listener), "endpoints"));
    endpoints.into_iter().chain(slices).collect()
}

/// The call that makes an object, or its member what it is to be: the node's address may be another one after its range was.
fn mended(resource: Resource, wanted: Value, member: &str, there: Option<&Value>) -> Option<Call> {
    match there {
        None => Some(Call::create(resource, NAMESPACE, wanted)),
        Some(there) if there[member] == wanted[member] => None,
        Some(_) => Some(patch(resource, wanted["metadata"].str("name"), json!({member: wanted[member]}))),
    }
}

fn patch(resource: Resource, name: &str, patch: Value) -> Call {
    Call::Patch { resource, key: Key::new(NAMESPACE, name), subresource: "", patch: Patch::Merge(patch) }
}

fn service(addresses: &[IpAddr]) -> Value {
    let texts: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    let port = |name: &str, protocol: &str| json!({"name": name, "port": PORT, "protocol": protocol, "targetPort": PORT});
    let families: Vec<&str> = addresses.iter().map(family).collect();
    json!({
        "apiVersion": "v1", "kind": "Service",
        "metadata": {
            "name": NAME, "namespace": NAMESPACE,
            "labels": {"k8s-app": "kube-dns", "kubernetes.io/cluster-service": "true", "kubernetes.io/name": "CoreDNS"},
        },
        "spec": {
            "type": "ClusterIP", "clusterIP": texts.first(), "clusterIPs": texts, "ipFamilies": families,
            "ipFamilyPolicy": if texts.len() > 1 { "RequireDualStack" } else { "SingleStack" },
            "ports": [port("dns", "UDP"), port("dns-tcp", "TCP")],
        },
    })
}

fn family(address: &IpAddr) -> &'static str {
    if address.is_ipv4() { "IPv4" } else { "IPv6" }
}

fn ports() -> Value {
    let port = |name: &str, protocol: &str| json!({"name": name, "port": PORT, "protocol": protocol});
    json!([port("dns", "UDP"), port("dns-tcp", "TCP")])
}

fn endpoints_of(node: &str, listener: IpAddr) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Endpoints",
        "metadata": {"name": NAME, "namespace": NAMESPACE, "labels": {"endpointslice.kubernetes.io/skip-mirror": "true"}},
        "subsets": [{"addresses": [{"ip": listener.to_string(), "nodeName": node}], "ports": ports()}],
    })
}

fn slice(node: &str, listener: IpAddr) -> Value {
    json!({
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
        "metadata": {
            "name": format!("{NAME}-{node}{}", if listener.is_ipv4() { "" } else { "-ipv6" }), "namespace": NAMESPACE,
            "labels": {"kubernetes.io/service-name": NAME, "endpointslice.kubernetes.io/managed-by": "stead"},
        },
        "addressType": family(&listener),
        "endpoints": [{"addresses": [listener.to_string()], "conditions": {"ready": true}, "nodeName": node}],
        "ports": ports(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(cluster: &[&str], listeners: &[&str]) -> Shown {
        let ips = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
        Shown { cluster: ips(cluster), node: "n".to_owned(), listeners: ips(listeners) }
    }

    #[test]
    fn each_family_is_shown() {
        let both = shown(&["10.43.0.10", "fd00:43::a"], &["10.42.0.1", "fd00:42::1"]);
        let Some(Call::Create { body, .. }) = mended_service(&both.cluster, None) else { panic!("it is made") };
        assert_eq!(body["spec"]["ipFamilies"], json!(["IPv4", "IPv6"]));
        let behind = behind(&both);
        let names: Vec<(&str, &str)> =
            behind.iter().map(|(resource, object, _)| (resource.plural, object["metadata"].str("name"))).collect();
        assert_eq!(names, [("endpoints", "kube-dns"), ("endpointslices", "kube-dns-n"), ("endpointslices", "kube-dns-n-ipv6")]);
        for (resource, object, member) in behind {
            assert!(mended(resource, object.clone(), member, Some(&object)).is_none(), "what is right is left alone");
            assert!(matches!(mended(resource, object, member, Some(&json!({}))), Some(Call::Patch { .. })));
        }
    }

    #[test]
    fn a_service_of_one_family_gets_the_other_s_address_and_keeps_the_rest() {
        let both = shown(&["10.43.0.10", "fd00:43::a"], &[]).cluster;
        let there = service(&both[..1]);
        let Some(Call::Patch { patch: Patch::Merge(patch), .. }) = mended_service(&both, Some(&there)) else { panic!("it is changed") };
        assert_eq!(
            patch,
            json!({"spec": {"clusterIPs": ["10.43.0.10", "fd00:43::a"], "ipFamilies": ["IPv4", "IPv6"], "ipFamilyPolicy": "RequireDualStack"}})
        );
        assert!(mended_service(&both, Some(&service(&both))).is_none());
        let mut of_somebody = there;
        of_somebody["spec"]["selector"] = json!({"app": "coredns"});
        assert!(mended_service(&both, Some(&of_somebody)).is_none());
    }

    #[test]
    fn whoever_has_the_address_is_found() {
        let of = |namespace: &str, name: &str, ip: &str| json!({"metadata": {"namespace": namespace, "name": name}, "spec": {"clusterIPs": [ip]}});
        let services = [of("kube-system", "kube-dns", "10.43.0.10"), of("ns", "other", "10.43.0.9"), of("ns", "older", "10.43.0.10")];
        let wanted = shown(&["10.43.0.10"], &[]).cluster;
        assert_eq!(holder(&services, &wanted).map(|(service, _)| service["metadata"].str("name")), Some("older"));
        assert_eq!(holder(&services[..2], &wanted), None);
    }
}
