//! Manifests of the tutorial as a user has them in files.

use super::*;
use crate::manifests::{Depth, Source};

fn linted(text: &str, objects: Objects) -> Report {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    let documents = manifests::read(&[Source::Path(file.path().to_owned())], Depth::Directory).unwrap();
    report(&documents, Surroundings { objects, namespace: "default".to_owned(), has_cluster: false })
}

fn new_cluster() -> Objects {
    let mut objects = Objects::default();
    objects.insert(server::standard_class(), "");
    objects
}

fn said(report: &Report) -> Vec<String> {
    report.placed.iter().map(|placed| format!("{} {}", placed.finding.rule.code, placed.line)).collect()
}

/// As the tutorial has it.
const KAFKA: &str = "apiVersion: v1
kind: Service
metadata:
  name: kafka
spec:
  ports:
  - port: 9092
    name: kafka
  clusterIP: None
  selector:
    app: kafka
---
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: kafka
spec:
  serviceName: kafka
  replicas: 3
  selector:
    matchLabels:
      app: kafka
  template:
    metadata:
      labels:
        app: kafka
    spec:
      containers:
      - name: kafka
        image: confluentinc/cp-kafka:latest
        ports:
        - containerPort: 9092
          name: kafka
        env:
        - name: KAFKA_BROKER_ID
          valueFrom:
            fieldRef:
              fieldPath: metadata.name
        - name: KAFKA_ZOOKEEPER_CONNECT
          value: \"zookeeper:2181\"
        - name: KAFKA_ADVERTISED_LISTENERS
          value: \"PLAINTEXT://$(POD_NAME).kafka:9092\"
        - name: POD_NAME
          valueFrom:
            fieldRef:
              fieldPath: metadata.name
        volumeMounts:
        - name: data
          mountPath: /var/lib/kafka/data
  volumeClaimTemplates:
  - metadata:
      name: data
    spec:
      accessModes: [\"ReadWriteOnce\"]
      resources:
        requests:
          storage: 10Gi
";

#[test]
fn kafka_as_written_is_told_why_it_cannot_work() {
    let report = linted(KAFKA, new_cluster());
    assert_eq!(said(&report), ["L601 19", "L301 29", "L302 30", "L404 30", "L403 36", "L401 42"]);
    let text = text::lines(&report).join("\n");
    for words in [
        "KAFKA_BROKER_ID of container \"kafka\" wants a number and gets the pod's name, such as kafka-0",
        "KAFKA_ADVERTISED_LISTENERS uses $(POD_NAME), which is defined after it",
        "no longer knows ZooKeeper",
        "6 findings in 2 objects",
    ] {
        assert!(text.contains(words), "{words}:\n{text}");
    }
}

#[test]
fn a_service_in_the_same_files_is_shown_where_it_stands() {
    let text = KAFKA.replace("  clusterIP: None\n", "").replace("    app: kafka\n---", "    app: broker\n---");
    let report = linted(&text, new_cluster());
    let of_service: Vec<String> = report
        .placed
        .iter()
        .filter(|p| p.finding.object.kind == "Service")
        .map(|p| format!("{} {}", p.finding.rule.code, p.line))
        .collect();
    assert_eq!(of_service, ["L102 5", "L103 9"]);
}

#[test]
fn what_the_cluster_has_counts() {
    let text = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n  - name: c\n    image: a:1\n    \
                resources: {limits: {cpu: 1, memory: 1Gi}}\n    envFrom:\n    - secretRef: {name: s}\n";
    assert_eq!(said(&linted(text, new_cluster())), ["L501 10"]);
    let mut objects = new_cluster();
    objects.insert(json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "default"}}), "");
    assert_eq!(said(&linted(text, objects)), [""; 0]);
}

#[test]
fn what_the_api_refuses_has_its_line() {
    let text = KAFKA.replace("replicas: 3", "replicas: \"3\"");
    assert_eq!(said(&linted(&text, new_cluster())), ["L002 19"]);
    let text = KAFKA.replace("serviceName: kafka", "servicename: kafka");
    assert_eq!(said(&linted(&text, new_cluster()))[..2], ["L104 17", "L001 18"]);
    let text = KAFKA.replace("  replicas: 3\n", "  replicas: 3\n  replicas: 4\n");
    assert!(said(&linted(&text, new_cluster())).contains(&"L005 20".to_owned()));
}

#[test]
fn programs_get_a_document() {
    let document = document(&linted(KAFKA, new_cluster()));
    let first = &document["findings"][0];
    assert_eq!((&first["code"], &first["rule"], &first["line"]), (&json!("L601"), &json!("no-disruption-budget"), &json!(19)));
    assert_eq!((&document["objects"], &document["besideCluster"]), (&json!(2), &json!(false)));
}
