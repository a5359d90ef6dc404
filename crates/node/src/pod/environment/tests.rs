use super::*;
use stead_api::json;

fn pod(env: Value) -> Value {
    json!({"metadata": {"name": "p", "namespace": "n", "uid": "u", "labels": {"a/b": "c"}},
        "spec": {"serviceAccountName": "sa", "containers": [{"name": "c", "env": env}]}})
}

fn variables(pod: &Value, sources: &Sources) -> Result<Vec<(String, String)>, String> {
    container_variables(pod, &pod["spec"]["containers"][0], sources)
}

fn get<'a>(vars: &'a [(String, String)], name: &str) -> Option<&'a str> {
    vars.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
}

#[test]
fn expansion() {
    // ENV-3
    let known = |name: &str| (name == "A").then(|| "x".to_owned());
    for (text, expected) in [
        ("$(A)", "x"),
        ("a$(A)b", "axb"),
        ("$(B)", "$(B)"),
        ("$$(A)", "$(A)"),
        ("$$$(A)", "$x"),
        ("$A ${A} $", "$A ${A} $"),
        ("$(A", "$(A"),
        ("$$", "$"),
    ] {
        assert_eq!(expand(text, known), expected, "{text}");
    }
}

#[test]
fn earlier_variables_are_seen_and_later_ones_are_not() {
    // ENV-1, ENV-3, ENV-4
    let pod = pod(json!([{"name": "A", "value": "$(B)"}, {"name": "B", "value": "b"}, {"name": "C", "value": "$(B)"}, {"name": "D"}]));
    let vars = variables(&pod, &Sources::default()).unwrap();
    assert_eq!(get(&vars, "A"), Some("$(B)"));
    assert_eq!(get(&vars, "C"), Some("b"));
    assert_eq!(get(&vars, "D"), Some(""));
}

#[test]
fn references_and_their_errors() {
    // ENV-2, ENV-5, ENV-8
    let config_maps = BTreeMap::from([("cm".to_owned(), Some(json!({"data": {"k": "$(X)"}}))), ("gone".to_owned(), None)]);
    let secrets = BTreeMap::from([("s".to_owned(), Some(json!({"data": {"k": "c2VjcmV0"}})))]);
    let sources = Sources { config_maps, secrets, ..Sources::default() };
    let from = |what: &str, name: &str, key: &str, optional: bool| {
        let mut source = json!({});
        source[what] = json!({"name": name, "key": key, "optional": optional});
        pod(json!([{"name": "V", "valueFrom": source}]))
    };
    let value = |pod: &Value| variables(pod, &sources).map(|vars| get(&vars, "V").map(str::to_owned));
    assert_eq!(value(&from("configMapKeyRef", "cm", "k", false)), Ok(Some("$(X)".into())));
    assert_eq!(value(&from("secretKeyRef", "s", "k", false)), Ok(Some("secret".into())));
    assert_eq!(value(&from("configMapKeyRef", "gone", "k", false)), Err("configmap \"gone\" not found".into()));
    assert_eq!(value(&from("configMapKeyRef", "gone", "k", true)), Ok(None));
    assert_eq!(value(&from("configMapKeyRef", "cm", "x", false)), Err("couldn't find key x in ConfigMap n/cm".into()));
    assert_eq!(value(&from("secretKeyRef", "s", "x", false)), Err("couldn't find key x in Secret n/s".into()));
}

#[test]
fn fields_of_the_pod() {
    // ENV-6
    let sources = Sources { node_name: "node".into(), host_ips: vec!["192.0.2.1".into()], ..Sources::default() };
    for (path, expected) in [
        ("metadata.name", "p"),
        ("metadata.labels['a/b']", "c"),
        ("spec.nodeName", "node"),
        ("spec.serviceAccountName", "sa"),
        ("status.hostIP", "192.0.2.1"),
        ("status.podIP", ""),
    ] {
        let pod = pod(json!([{"name": "V", "valueFrom": {"fieldRef": {"fieldPath": path}}}]));
        assert_eq!(get(&variables(&pod, &sources).unwrap(), "V"), Some(expected), "{path}");
    }
}

#[test]
fn resources_round_up() {
    // ENV-7
    let mut pod = pod(json!([
        {"name": "CPU", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}},
        {"name": "MI", "valueFrom": {"resourceFieldRef": {"resource": "requests.memory", "divisor": "1Mi"}}},
        {"name": "ALL", "valueFrom": {"resourceFieldRef": {"resource": "limits.memory"}}}]));
    pod["spec"]["containers"][0]["resources"] = json!({"limits": {"cpu": "1500m"}, "requests": {"memory": "1500Ki"}});
    let sources = Sources { allocatable: json!({"memory": "1Ki"}), ..Sources::default() };
    let vars = variables(&pod, &sources).unwrap();
    assert_eq!((get(&vars, "CPU"), get(&vars, "MI"), get(&vars, "ALL")), (Some("2"), Some("2"), Some("1024")));
}

#[test]
fn services() {
    // ENV-9
    let service = |name: &str, namespace: &str| json!({"metadata": {"name": name, "namespace": namespace}, "spec": {"clusterIP": "10.43.0.9", "ports": [{"name": "web", "port": 80, "protocol": "TCP"}]}});
    let sources =
        Sources { services: vec![service("my-svc", "n"), service("other", "m"), service("kubernetes", "default")], ..Sources::default() };
    let mut pod = pod(json!([]));
    let vars = variables(&pod, &sources).unwrap();
    assert_eq!(get(&vars, "MY_SVC_SERVICE_HOST"), Some("10.43.0.9"));
    assert_eq!(get(&vars, "MY_SVC_SERVICE_PORT_WEB"), Some("80"));
    assert_eq!(get(&vars, "MY_SVC_PORT_80_TCP"), Some("tcp://10.43.0.9:80"));
    assert_eq!(get(&vars, "OTHER_SERVICE_HOST"), None);
    pod["spec"]["enableServiceLinks"] = false.into();
    let vars = variables(&pod, &sources).unwrap();
    assert_eq!(get(&vars, "MY_SVC_SERVICE_HOST"), None);
    assert_eq!(get(&vars, "KUBERNETES_SERVICE_HOST"), Some("10.43.0.9"));
}

#[test]
fn the_image_comes_first_and_is_overridden_in_place() {
    // ENV-10
    let vars = process_variables(&["PATH=/bin".into(), "A=1".into()], &[("A".into(), "2".into()), ("B".into(), "3".into())], "host");
    let names: Vec<&str> = vars.iter().map(|(n, _)| n.as_str()).collect();
    assert_eq!(names, ["PATH", "HOSTNAME", "A", "B"]);
    assert_eq!(get(&vars, "A"), Some("2"));
}

#[test]
fn a_files_variables() {
    // ENV-5
    let reference =
        |path: &str, key: &str, optional: bool| json!({"fileKeyRef": {"volumeName": "d", "path": path, "key": key, "optional": optional}});
    let files = [("e", Ok(Some("ONE='first value'".to_owned()))), ("none", Ok(None)), ("bad", Ok(Some("x".to_owned())))];
    let files = files.into_iter().map(|(path, found)| (("d".to_owned(), path.to_owned()), found)).collect();
    let sources = Sources { files, ..Sources::default() };
    let one =
        |from: Value| variables(&pod(json!([{"name": "A", "valueFrom": from}])), &sources).map(|vars| get(&vars, "A").map(str::to_owned));
    assert_eq!(one(reference("e", "ONE", false)), Ok(Some("first value".to_owned())));
    assert_eq!(one(reference("e", "TWO", true)), Ok(None));
    assert_eq!(one(reference("none", "ONE", true)), Ok(None));
    assert_eq!(one(reference("e", "TWO", false)), Err("environment variable key \"TWO\" not found in file".to_owned()));
    assert_eq!(one(reference("none", "ONE", false)), Err("couldn't parse env file".to_owned()));
    assert_eq!(one(reference("bad", "ONE", true)), Err("couldn't parse env file".to_owned()));
}
