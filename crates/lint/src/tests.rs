//! Each rule by the smallest object that breaks it, and by one that does not.

use super::*;
use stead_api::json;

/// A set that nobody has anything to say of, with `known()`.
fn clean() -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "web"},
        "spec": {
            "serviceName": "nginx", "replicas": 1, "selector": {"matchLabels": {"app": "nginx"}},
            "template": {
                "metadata": {"labels": {"app": "nginx"}},
                "spec": {"containers": [{
                    "name": "nginx", "image": "nginx:1.25", "resources": {"limits": {"memory": "1Gi", "cpu": "1"}},
                }]},
            },
            "volumeClaimTemplates": [{
                "metadata": {"name": "www"},
                "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
            }],
        },
    })
}

fn service(spec: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "nginx"}, "spec": spec})
}

fn known() -> Objects {
    let mut objects = Objects::default();
    objects.insert(service(json!({"clusterIP": "None", "selector": {"app": "nginx"}})), "default");
    objects.insert(
        json!({"kind": "StorageClass", "metadata": {"name": "standard",
            "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}}, "provisioner": "stead.io/local"}),
        "",
    );
    objects
}

/// Codes and paths of what is said of a set that this has changed.
fn said_with(known: &Objects, change: impl FnOnce(&mut Value)) -> Vec<String> {
    let mut set = clean();
    change(&mut set);
    let (object, mut findings) = canonical(set.to_string().as_bytes(), &[], "default").expect("it can be read");
    findings.extend(check(&object, "default", known));
    findings.iter().map(|finding| format!("{} {} {}", finding.rule.code, finding.object.kind, finding.path)).collect()
}

fn said(change: impl FnOnce(&mut Value)) -> Vec<String> {
    said_with(&known(), change)
}

fn container(set: &mut Value) -> &mut Value {
    &mut set["spec"]["template"]["spec"]["containers"][0]
}

const CONTAINER: &str = "StatefulSet spec.template.spec.containers[0]";

#[test]
fn a_good_set_has_nothing() {
    assert_eq!(said(|_| {}), [""; 0]);
}

#[test]
fn the_governing_service() {
    assert_eq!(said(|set| set["spec"]["serviceName"] = "ngnix".into()), ["L101 StatefulSet spec.serviceName"]);
    assert_eq!(said(|set| drop(set["spec"].as_object_mut().unwrap().remove("serviceName"))), ["L104 StatefulSet spec.serviceName"]);
    let mut other = known();
    other.insert(service(json!({"clusterIP": "10.43.0.9", "selector": {"app": "other"}})), "default");
    assert_eq!(said_with(&other, |_| {}), ["L102 Service spec.clusterIP", "L103 Service spec.selector"]);
    other.insert(service(json!({"clusterIP": "None"})), "default");
    assert_eq!(said_with(&other, |_| {}), ["L103 Service spec.selector"]);
    let labels = |set: &mut Value| set["spec"]["template"]["metadata"]["labels"] = json!({"app": "x"});
    assert_eq!(said(labels), ["L105 StatefulSet spec.template.metadata.labels", "L103 Service spec.selector"]);
}

#[test]
fn a_service_that_selects_the_pods_is_named() {
    let mut set = clean();
    set["spec"]["serviceName"] = "ngnix".into();
    let findings = check(&set, "default", &known());
    assert_eq!(findings[0].fix, "spec.serviceName: nginx  (that Service selects these pods)");
}

#[test]
fn storage() {
    let spec = "StatefulSet spec.volumeClaimTemplates[0].spec";
    let class =
        |name: &'static str| move |set: &mut Value| set["spec"]["volumeClaimTemplates"][0]["spec"]["storageClassName"] = name.into();
    assert_eq!(said(class("fast-ssd")), [format!("L201 {spec}.storageClassName")]);
    assert_eq!(said(class("standard")), [""; 0]);
    assert_eq!(said(class("")), [""; 0]);
    let mut none = known();
    none.insert(json!({"kind": "StorageClass", "metadata": {"name": "standard"}}), "");
    assert_eq!(said_with(&none, |_| {}), [format!("L202 {spec}")]);
    let many = |set: &mut Value| set["spec"]["volumeClaimTemplates"][0]["spec"]["accessModes"] = json!(["ReadWriteMany"]);
    assert_eq!(said(many), [format!("L206 {spec}.accessModes")]);
    let host = |set: &mut Value| set["spec"]["template"]["spec"]["volumes"] = json!([{"name": "d", "hostPath": {"path": "/d"}}]);
    assert_eq!(said(host), ["L203 StatefulSet spec.template.spec.volumes[0].hostPath"]);
}

#[test]
fn claims_that_stay_and_claims_that_go() {
    let mut claims = known();
    for name in ["www-web-0", "www-web-1", "www-web-2", "www-other-7", "www-web-x"] {
        claims.insert(json!({"kind": "PersistentVolumeClaim", "metadata": {"name": name, "namespace": "default"}}), "default");
    }
    let mut set = clean();
    let findings = check(&set, "default", &claims);
    assert_eq!(findings.len(), 1);
    assert!(findings[0].message.ends_with("www-web-1, www-web-2"), "{}", findings[0].message);
    set["spec"]["replicas"] = 0.into();
    set["spec"]["persistentVolumeClaimRetentionPolicy"] = json!({"whenScaled": "Delete"});
    assert_eq!(check(&set, "default", &claims).iter().map(|f| f.rule.code).collect::<Vec<_>>(), ["L205"]);
}

#[test]
fn images_limits_and_probes() {
    for (image, is_said) in [("nginx", true), ("nginx:latest", true), ("a:5000/nginx", true), ("nginx:1", false), ("nginx@sha256:0", false)]
    {
        let expected: Vec<String> = if is_said { vec![format!("L302 {CONTAINER}.image")] } else { Vec::new() };
        assert_eq!(said(|set| container(set)["image"] = image.into()), expected, "{image}");
    }
    let limits = |set: &mut Value| container(set)["resources"] = json!({"limits": {"memory": "1Gi"}});
    assert_eq!(said(limits), [format!("L301 {CONTAINER}.resources")]);
    let mut ranged = known();
    let range = json!({"limits": [{"type": "Container", "default": {"cpu": "1"}}]});
    ranged.insert(json!({"kind": "LimitRange", "metadata": {"name": "l", "namespace": "default"}, "spec": range}), "default");
    assert_eq!(said_with(&ranged, limits), [""; 0]);
    let probe = json!({"tcpSocket": {"port": 80}, "initialDelaySeconds": 5});
    assert_eq!(
        said(|set| container(set)["livenessProbe"] = probe.clone()),
        [format!("L303 {CONTAINER}.livenessProbe"), format!("L304 {CONTAINER}.livenessProbe")]
    );
    let whole = |set: &mut Value| {
        for name in ["livenessProbe", "readinessProbe", "startupProbe"] {
            container(set)[name] = probe.clone();
        }
    };
    assert_eq!(said(whole), [""; 0]);
    let slow = json!({"tcpSocket": {"port": 80}, "initialDelaySeconds": 30, "periodSeconds": 10});
    let patient = |set: &mut Value| {
        container(set)["livenessProbe"] = slow.clone();
        container(set)["readinessProbe"] = slow.clone();
    };
    assert_eq!(said(patient), [""; 0], "30 s and three times 10 s are a start");
}

#[test]
fn variables() {
    let name = json!({"fieldRef": {"fieldPath": "metadata.name"}});
    let env = |env: Value| move |set: &mut Value| container(set)["env"] = env;
    let later = json!([{"name": "URL", "value": "x://$(POD)"}, {"name": "POD", "valueFrom": name}]);
    assert_eq!(said(env(later)), [format!("L401 {CONTAINER}.env[0].value")]);
    let earlier = json!([{"name": "POD", "valueFrom": name}, {"name": "URL", "value": "x://$(POD) $$(NO) $(NGINX_SERVICE_HOST)"}]);
    assert_eq!(said(env(earlier)), [""; 0]);
    assert_eq!(said(env(json!([{"name": "URL", "value": "$(NONE)"}]))), [format!("L402 {CONTAINER}.env[0].value")]);
    assert_eq!(said(env(json!([{"name": "A", "value": "$(A)"}]))), [format!("L401 {CONTAINER}.env[0].value")]);
    assert_eq!(said(|set| container(set)["args"] = json!(["-c", "x $(date) $(NONE)"])), [format!("L402 {CONTAINER}.args[1]")]);
    let ids = json!([{"name": "KAFKA_BROKER_ID", "valueFrom": name}, {"name": "CLIENT_ID", "valueFrom": name}]);
    assert_eq!(said(env(ids)), [format!("L403 {CONTAINER}.env[0].valueFrom")]);
}

#[test]
fn variables_of_objects_count() {
    let mut with = known();
    with.insert(json!({"kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"HOST": "h"}}), "default");
    let env = |set: &mut Value| {
        container(set)["envFrom"] = json!([{"configMapRef": {"name": "c"}}]);
        container(set)["env"] = json!([{"name": "URL", "value": "$(HOST)/$(NONE)"}]);
    };
    assert_eq!(said_with(&with, env), [format!("L402 {CONTAINER}.env[0].value")]);
}

#[test]
fn kafka_and_zookeeper() {
    for (image, is_said) in [
        ("confluentinc/cp-kafka:latest", true),
        ("confluentinc/cp-kafka:8.0.0", true),
        ("docker.io/confluentinc/cp-kafka:7.9.0", false),
        ("bitnami/kafka:3.9", false),
        ("apache/kafka:4.1.0", true),
        ("mine/kafka:9", false),
    ] {
        let kafka = |set: &mut Value| {
            container(set)["image"] = image.into();
            container(set)["env"] = json!([{"name": "KAFKA_ZOOKEEPER_CONNECT", "value": "zookeeper:2181"}]);
        };
        assert_eq!(said(kafka).contains(&format!("L404 {CONTAINER}.image")), is_said, "{image}");
    }
}

#[test]
fn what_is_referred_to() {
    let secret = |key: &'static str| {
        move |set: &mut Value| {
            container(set)["env"] = json!([{"name": "P", "valueFrom": {"secretKeyRef": {"name": "s", "key": key}}}]);
        }
    };
    let at = format!("{CONTAINER}.env[0].valueFrom.secretKeyRef");
    assert_eq!(said(secret("password")), [format!("L501 {at}")]);
    let mut with = known();
    with.insert(json!({"kind": "Secret", "metadata": {"name": "s"}, "stringData": {"password": "x"}}), "default");
    assert_eq!(said_with(&with, secret("password")), [""; 0]);
    assert_eq!(said_with(&with, secret("pasword")), [format!("L503 {at}")]);
    let volume = |set: &mut Value| {
        set["spec"]["template"]["spec"]["volumes"] = json!([
            {"name": "a", "configMap": {"name": "c"}},
            {"name": "b", "secret": {"secretName": "t", "optional": true}},
            {"name": "p", "projected": {"sources": [{"secret": {"name": "s", "items": [{"key": "k", "path": "k"}]}}]}},
        ]);
    };
    let volumes = "StatefulSet spec.template.spec.volumes";
    assert_eq!(
        said_with(&with, volume),
        [format!("L502 {volumes}[0].configMap"), format!("L503 {volumes}[2].projected.sources[0].secret.items[0]")]
    );
    let account = |set: &mut Value| set["spec"]["template"]["spec"]["serviceAccountName"] = "backup".into();
    assert_eq!(said(account), ["L504 StatefulSet spec.template.spec.serviceAccountName"]);
}

#[test]
fn nodes_that_go_away() {
    let three = |set: &mut Value| set["spec"]["replicas"] = 3.into();
    assert_eq!(said(three), ["L601 StatefulSet spec.replicas"]);
    let budget = |spec: Value| json!({"kind": "PodDisruptionBudget", "metadata": {"name": "b", "namespace": "default"}, "spec": spec});
    let mut with = known();
    with.insert(budget(json!({"minAvailable": 2, "selector": {"matchLabels": {"app": "nginx"}}})), "default");
    assert_eq!(said_with(&with, three), [""; 0]);
    with.insert(budget(json!({"minAvailable": "80%", "selector": {"matchLabels": {"app": "nginx"}}})), "default");
    assert_eq!(said_with(&with, three), ["L604 PodDisruptionBudget spec.minAvailable"]);
    with.insert(budget(json!({"maxUnavailable": 1, "selector": {"matchLabels": {"app": "nginx"}}})), "default");
    for node in ["a", "b"] {
        with.insert(json!({"kind": "Node", "metadata": {"name": node}}), "");
    }
    assert_eq!(said_with(&with, three), ["L602 StatefulSet spec.template.spec.affinity"]);
    let apart = |set: &mut Value| {
        set["spec"]["replicas"] = 3.into();
        let term = json!({"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": "nginx"}}});
        set["spec"]["template"]["spec"]["affinity"] =
            json!({"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}});
    };
    assert_eq!(said_with(&with, apart), ["L603 StatefulSet spec.template.spec.affinity.podAntiAffinity"]);
    with.insert(json!({"kind": "Node", "metadata": {"name": "c"}}), "");
    assert_eq!(said_with(&with, apart), [""; 0]);
}

#[test]
fn updates() {
    let partition = |set: &mut Value| set["spec"]["updateStrategy"] = json!({"type": "RollingUpdate", "rollingUpdate": {"partition": 3}});
    assert_eq!(said(partition), ["L701 StatefulSet spec.updateStrategy.rollingUpdate.partition"]);
    let grace = |set: &mut Value| set["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] = 0.into();
    assert_eq!(said(grace), ["L702 StatefulSet spec.template.spec.terminationGracePeriodSeconds"]);
}

fn unreadable(object: &Value) -> (String, String, String) {
    let Err(Unreadable(findings)) = canonical(object.to_string().as_bytes(), &[], "default") else { panic!("it was read") };
    let last = findings.last().unwrap();
    (last.rule.code.to_owned(), last.path.clone(), last.fix.clone())
}

#[test]
fn what_the_api_says() {
    assert_eq!(said(|set| set["spec"]["servicename"] = "x".into()), ["L001 StatefulSet spec.servicename"]);
    assert_eq!(said(|set| set["spec"]["replicas"] = (-1).into())[0], "L004 StatefulSet spec.replicas");
    let mut set = clean();
    set["spec"]["replicas"] = "3".into();
    assert_eq!(unreadable(&set), ("L002".into(), "spec.replicas".into(), "a whole number, without quotes".into()));
    let mut set = clean();
    container(&mut set)["env"] = json!([{"name": "A", "value": "1"}, {"name": "B", "value": 2}]);
    let place = "spec.template.spec.containers[0].env[1].value".to_owned();
    assert_eq!(unreadable(&set), ("L002".into(), place, "a text: put it in quotes".into()));
    let set = json!({"apiVersion": "v1", "kind": "StatefulSet"});
    assert_eq!(unreadable(&set), ("L003".into(), "kind".into(), "apiVersion: apps/v1, kind: StatefulSet".into()));
    let (_, findings) = canonical(
        br#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}}"#,
        &["line 4: key \"a\" already set in map".into()],
        "x",
    )
    .unwrap();
    assert_eq!(findings[0].rule.code, "L005");
}

#[test]
fn what_the_server_completes_is_no_mistake() {
    for spec in [json!({"ports": [{"port": 80}]}), json!({"clusterIP": "None", "selector": {"a": "b"}})] {
        let (object, findings) = canonical(service(spec).to_string().as_bytes(), &[], "default").unwrap();
        assert_eq!((findings, object["metadata"]["namespace"].as_str()), (Vec::new(), Some("default")));
    }
}

#[test]
fn other_workloads_have_containers_too() {
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "a"}]}});
    let codes: Vec<&str> = check(&pod, "default", &known()).iter().map(|finding| finding.rule.code).collect();
    assert_eq!(codes, ["L302", "L301"]);
    assert_eq!(check(&service(json!({})), "default", &known()), []);
}
