//! What is published of the pods behind Services, beside what there is. Input: the server. Output: what is not as it must be once
//! the world is at rest.

use super::api::Api;
use std::collections::{BTreeMap, BTreeSet};
use stead_api::{Value, value::Access};

/// An endpoint: a pod's uid, its address, whether it gets traffic.
type Endpoint = (String, String, bool);

/// Services whose slices or Endpoints are not exactly their pods that have an address.
pub fn unmet(api: &Api) -> Result<Vec<String>, String> {
    let list = |path: &str| api.get(path).map_err(|e| e.to_string());
    let services = list("/api/v1/services")?;
    let selecting = services.items("items").iter().filter(|service| service["spec"].map("selector").is_some_and(|s| !s.is_empty()));
    let (pods, slices) = (list("/api/v1/pods")?, list("/apis/discovery.k8s.io/v1/endpointslices")?);
    let endpoints = list("/api/v1/endpoints")?;
    let is_bare = |pod: &&Value| is_ready(pod) && pod["status"].str("podIP").is_empty();
    let bare = pods.items("items").iter().filter(is_bare);
    let mut unmet: Vec<String> = bare.map(|pod| format!("{} is ready and has no address", pod["metadata"].str("name"))).collect();
    for service in selecting {
        let wanted = wanted(service, &pods);
        let (name, namespace) = (service["metadata"].str("name"), service["metadata"].str("namespace"));
        let is_of = |slice: &&Value| slice["metadata"].str("namespace") == namespace && slice["metadata"]["labels"].str(SERVICE) == name;
        let held: Vec<Endpoint> = slices.items("items").iter().filter(is_of).flat_map(held).collect();
        if held.iter().cloned().collect::<BTreeSet<_>>() != wanted || held.len() != wanted.len() {
            unmet.push(format!("{namespace}/{name}: its slices hold {held:?}, its pods are {wanted:?}"));
        }
        let is_same = |object: &&Value| object["metadata"].str("namespace") == namespace && object["metadata"].str("name") == name;
        let published: BTreeSet<Endpoint> = endpoints.items("items").iter().filter(is_same).flat_map(published).collect();
        if published != wanted {
            unmet.push(format!("{namespace}/{name}: its Endpoints hold {published:?}, its pods are {wanted:?}"));
        }
    }
    Ok(unmet)
}

const SERVICE: &str = "kubernetes.io/service-name";

fn wanted(service: &Value, pods: &Value) -> BTreeSet<Endpoint> {
    let selector: BTreeMap<&String, &Value> = service["spec"].map("selector").into_iter().flatten().collect();
    let is_selected = |pod: &&Value| {
        pod["metadata"].str("namespace") == service["metadata"].str("namespace")
            && selector.iter().all(|(label, value)| pod["metadata"]["labels"].get(label.as_str()) == Some(*value))
            && !matches!(pod["status"].str("phase"), "Failed" | "Succeeded")
            && !pod["metadata"].has("deletionTimestamp")
            && !pod["status"].str("podIP").is_empty()
    };
    let endpoint = |pod: &Value| (pod["metadata"].str("uid").to_owned(), pod["status"].str("podIP").to_owned(), is_ready(pod));
    pods.items("items").iter().filter(is_selected).map(endpoint).collect()
}

fn is_ready(pod: &Value) -> bool {
    pod["status"].items("conditions").iter().any(|c| c.str("type") == "Ready" && c.str("status") == "True")
}

fn held(slice: &Value) -> Vec<Endpoint> {
    let address = |endpoint: &Value| endpoint.items("addresses").first().and_then(Value::as_str).unwrap_or_default().to_owned();
    let read = |endpoint: &Value| (endpoint["targetRef"].str("uid").to_owned(), address(endpoint), endpoint["conditions"].flag("ready"));
    slice.items("endpoints").iter().map(read).collect()
}

fn published(endpoints: &Value) -> Vec<Endpoint> {
    let read = |address: &Value, ready: bool| (address["targetRef"].str("uid").to_owned(), address.str("ip").to_owned(), ready);
    let of = |subset: &Value| {
        let ready = subset.items("addresses").iter().map(|address| read(address, true));
        ready.chain(subset.items("notReadyAddresses").iter().map(|address| read(address, false))).collect::<Vec<_>>()
    };
    endpoints.items("subsets").iter().flat_map(of).collect()
}
