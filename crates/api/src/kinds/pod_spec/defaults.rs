//! The versioned defaults of pod specs, those that templates share and those that only pods get.
//! Input and output: canonical `core/v1.PodSpec` values. Upstream: `pkg/apis/core/v1/defaults.go`.

use super::{
    amount::{self, Amounts},
    each_container, images, is_huge_page, is_pod_level_resource, is_sidecar, may_overcommit, totals,
};
use crate::{Map, Value, json, value::Access};

const FILE_MODE: i64 = 0o644;
const GRACE_S: i64 = 30;
const TOKEN_S: i64 = 3600;

/// Fills in what every pod spec gets, in a pod or in a template.
pub fn spec(spec: &mut Value) {
    spec.default_to("restartPolicy", "Always");
    spec.default_to("terminationGracePeriodSeconds", GRACE_S);
    spec.default_to("dnsPolicy", "ClusterFirst");
    spec.default_to("securityContext", json!({}));
    spec.default_to("schedulerName", "default-scheduler");
    mirror_service_account(spec);
    if let Some(overhead) = spec.get_mut("overhead") {
        round_up(overhead);
    }
    if let Some(resources) = spec.get_mut("resources") {
        requirements(resources);
    }
    spec.items_mut("volumes").iter_mut().for_each(volume);
    each_container(spec, container);
}

/// The account has two names; the newer one wins.
fn mirror_service_account(spec: &mut Value) {
    let name = match spec.str("serviceAccountName") {
        "" => spec.str("serviceAccount").to_owned(),
        name => name.to_owned(),
    };
    if !name.is_empty() {
        spec["serviceAccountName"] = name.as_str().into();
        spec["serviceAccount"] = name.into();
    }
}

/// Fills in what a pod gets beyond a template: requests from limits, host ports, service links.
pub fn pod(spec: &mut Value) {
    for list in ["containers", "initContainers"] {
        for container in spec.items_mut(list) {
            requests_from_limits(container);
        }
    }
    if spec.has("resources") {
        pod_resources(spec);
    }
    spec.default_to("enableServiceLinks", true);
    if spec.flag("hostNetwork") {
        for list in ["containers", "initContainers"] {
            spec.items_mut(list).iter_mut().for_each(host_ports);
        }
    }
}

fn requests_from_limits(container: &mut Value) {
    let Some(resources) = container.get_mut("resources") else { return };
    let Some(limits) = resources.map("limits").cloned() else { return };
    resources.default_to("requests", json!({}));
    for (name, limit) in limits {
        resources["requests"].default_to(&name, limit);
    }
}

fn host_ports(container: &mut Value) {
    for port in container.items_mut("ports") {
        if port.int("hostPort").unwrap_or_default() == 0 {
            port["hostPort"] = port["containerPort"].clone();
        }
    }
}

/// Completes the resources of the pod as a whole from those of its containers.
fn pod_resources(spec: &mut Value) {
    let given = |spec: &Value, member: &str| spec["resources"].map(member).is_some_and(|m| !m.is_empty());
    if given(spec, "limits") || given(spec, "requests") {
        let asked = amount::amounts(spec["resources"].map("requests"));
        let mut limits = totals::limits(spec);
        limits.retain(|name, _| is_huge_page(name) && !asked.contains_key(name));
        add_missing(spec, "limits", &limits);
    }
    if given(spec, "limits") {
        let mut requests = totals::requests(spec);
        requests.retain(|name, _| is_pod_level_resource(name) && may_overcommit(name));
        add_missing(spec, "requests", &requests);
        let mut limits = amount::amounts(spec["resources"].map("limits"));
        limits.retain(|name, _| is_pod_level_resource(name));
        add_missing(spec, "requests", &limits);
    } else if given(spec, "requests") {
        let mut limits = totals::limits(spec);
        limits.retain(|name, _| is_pod_level_resource(name) && may_overcommit(name) && every_container_has_limit(spec, name));
        add_missing(spec, "limits", &limits);
    }
}

fn every_container_has_limit(spec: &Value, name: &str) -> bool {
    let lasting = spec.items("initContainers").iter().filter(|c| is_sidecar(c));
    spec.items("containers")
        .iter()
        .chain(lasting)
        .all(|c| c.get("resources").and_then(|r| r.map("limits")).is_some_and(|limits| limits.contains_key(name)))
}

fn add_missing(spec: &mut Value, member: &str, amounts: &Amounts) {
    if amounts.is_empty() {
        return;
    }
    let resources = &mut spec["resources"];
    resources.default_to(member, Value::Object(Map::new()));
    for (name, amount) in amounts {
        resources[member].default_to(name, amount.to_string());
    }
}

fn container(container: &mut Value) {
    let policy = if images::is_latest(container.str("image")) { "Always" } else { "IfNotPresent" };
    container.default_to("imagePullPolicy", policy);
    container.default_to("terminationMessagePath", "/dev/termination-log");
    container.default_to("terminationMessagePolicy", "File");
    for port in container.items_mut("ports") {
        port.default_to("protocol", "TCP");
    }
    for variable in container.items_mut("env") {
        if let Some(source) = variable.get_mut("valueFrom") {
            downward_source(source);
            if let Some(file) = source.get_mut("fileKeyRef") {
                file.default_to("optional", false);
            }
        }
    }
    if let Some(resources) = container.get_mut("resources") {
        requirements(resources);
    }
    for member in ["livenessProbe", "readinessProbe", "startupProbe"] {
        if let Some(probe) = container.get_mut(member) {
            self::probe(probe);
        }
    }
    if let Some(lifecycle) = container.get_mut("lifecycle") {
        for member in ["postStart", "preStop"] {
            if let Some(handler) = lifecycle.get_mut(member) {
                http_get(handler);
            }
        }
    }
}

fn probe(probe: &mut Value) {
    for (member, value) in [("timeoutSeconds", 1), ("periodSeconds", 10), ("successThreshold", 1), ("failureThreshold", 3)] {
        if probe.int(member).unwrap_or_default() == 0 {
            probe[member] = value.into();
        }
    }
    http_get(probe);
    if let Some(grpc) = probe.get_mut("grpc") {
        grpc.default_to("service", "");
    }
}

fn http_get(handler: &mut Value) {
    if let Some(action) = handler.get_mut("httpGet") {
        action.default_to("path", "/");
        action.default_to("scheme", "HTTP");
    }
}

/// References of the downward API, in a variable or a file.
fn downward_source(source: &mut Value) {
    if let Some(reference) = source.get_mut("fieldRef") {
        reference.default_to("apiVersion", "v1");
    }
    if let Some(reference) = source.get_mut("resourceFieldRef") {
        reference.default_to("divisor", "0");
    }
}

fn volume(volume: &mut Value) {
    let sources = volume.as_object().map_or(0, |v| v.iter().filter(|(m, s)| *m != "name" && !s.is_null()).count());
    if sources == 0 {
        volume["emptyDir"] = json!({});
    }
    for member in ["secret", "configMap", "downwardAPI", "projected"] {
        if let Some(source) = volume.get_mut(member) {
            source.default_to("defaultMode", FILE_MODE);
            source.items_mut("items").iter_mut().for_each(downward_source);
            source.items_mut("sources").iter_mut().for_each(projection);
        }
    }
    if let Some(image) = volume.get_mut("image") {
        let policy = if images::is_latest(image.str("reference")) { "Always" } else { "IfNotPresent" };
        image.default_to("pullPolicy", policy);
    }
    if let Some(template) = volume.get_mut("ephemeral").and_then(|e| e.get_mut("volumeClaimTemplate")) {
        template.default_to("spec", json!({}));
        claim_spec(&mut template["spec"]);
    }
    driver_sources(volume);
}

/// Fills in the sources of storage drivers, in a pod's volume or in a PersistentVolume's spec.
pub fn driver_sources(holder: &mut Value) {
    for (member, defaults) in driver_defaults() {
        if let Some(source) = holder.get_mut(member) {
            for (name, value) in defaults {
                source.default_to(name, value);
            }
        }
    }
}

fn projection(source: &mut Value) {
    if let Some(token) = source.get_mut("serviceAccountToken") {
        token.default_to("expirationSeconds", TOKEN_S);
    }
    if let Some(api) = source.get_mut("downwardAPI") {
        api.items_mut("items").iter_mut().for_each(downward_source);
    }
}

fn driver_defaults() -> [(&'static str, Vec<(&'static str, Value)>); 5] {
    [
        ("hostPath", vec![("type", "".into())]),
        ("iscsi", vec![("iscsiInterface", "default".into())]),
        ("rbd", vec![("pool", "rbd".into()), ("user", "admin".into()), ("keyring", "/etc/ceph/keyring".into())]),
        (
            "azureDisk",
            vec![("cachingMode", "ReadWrite".into()), ("kind", "Shared".into()), ("fsType", "ext4".into()), ("readOnly", false.into())],
        ),
        ("scaleIO", vec![("storageMode", "ThinProvisioned".into()), ("fsType", "xfs".into())]),
    ]
}

/// The defaults of a claim's spec.
pub fn claim_spec(spec: &mut Value) {
    spec.default_to("volumeMode", "Filesystem");
    if let Some(resources) = spec.get_mut("resources") {
        requirements(resources);
    }
}

fn requirements(resources: &mut Value) {
    for member in ["limits", "requests"] {
        if let Some(list) = resources.get_mut(member) {
            round_up(list);
        }
    }
}

/// Amounts below a thousandth are rounded up to one.
pub fn round_up(list: &mut Value) {
    for value in list.as_object_mut().into_iter().flat_map(|list| list.values_mut()) {
        if let Some(mut quantity) = amount::of(value) {
            quantity.round_up(-3);
            *value = quantity.to_string().into();
        }
    }
}
