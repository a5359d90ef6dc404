//! Kafka: as the tutorial has it, which cannot work, and how that looks; with ZooKeeper and without, where the loss of any broker loses nothing acknowledged.

use super::{ended_and_started, example, killed_and_back, rolled_out, shell, with_images};
use crate::kubectl::Kubectl;
use std::collections::BTreeSet;
use std::io::BufRead;
use std::time::{Duration, Instant};

/// The tutorial's, word for word, but for the image's tag.
const AS_WRITTEN: &str = r#"
apiVersion: v1
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
        image: confluentinc/cp-kafka:TAG
        ports:
        - containerPort: 9092
          name: kafka
        env:
        - name: KAFKA_BROKER_ID
          valueFrom:
            fieldRef:
              fieldPath: metadata.name
        - name: KAFKA_ZOOKEEPER_CONNECT
          value: "zookeeper:2181"
        - name: KAFKA_ADVERTISED_LISTENERS
          value: "PLAINTEXT://$(POD_NAME).kafka:9092"
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
      accessModes: ["ReadWriteOnce"]
      resources:
        requests:
          storage: 512Mi
"#;

fn until_it_failed(kubectl: &Kubectl) -> String {
    let count = "jsonpath={.status.containerStatuses[0].restartCount}{\"\\n\"}";
    kubectl.watch_one("pod", "kafka-0", count, |lines| lines.iter().any(|line| line == "1"));
    kubectl.run(&["logs", "kafka-0", "--previous"])
}

/// Warnings are welcome: the manifest deserves them.
fn applied(kubectl: &Kubectl, dir: &std::path::Path, tag: &str) {
    let file = dir.join("kafka.yaml");
    std::fs::write(&file, AS_WRITTEN.replace("TAG", tag)).expect("the manifest can be written");
    kubectl.run(&["apply", "-f", &file.to_string_lossy()]);
}

#[test]
fn the_tutorials_kafka_says_why_it_cannot_work() {
    // ORD-5
    let Some((cluster, kubectl)) = with_images("the_tutorials_kafka_says_why_it_cannot_work", &["kafka", "kafka-3"]) else { return };
    applied(&kubectl, cluster.dir.path(), "8.1.1");
    let log = until_it_failed(&kubectl);
    assert!(log.contains("has no ZooKeeper mode") && log.contains("KAFKA_PROCESS_ROLES is required"), "{log}");
    kubectl.run(&["delete", "statefulset/kafka", "pvc/data-kafka-0"]);
    applied(&kubectl, cluster.dir.path(), "7.5.0");
    let log = until_it_failed(&kubectl);
    assert!(log.contains("Invalid value kafka-0 for configuration broker.id"), "{log}");
    let env = "jsonpath={.status.containerStatuses[0].lastState.terminated.exitCode}";
    assert_eq!(kubectl.run(&["get", "pod", "kafka-0", "-o", env]), "1");
}

#[test]
fn kafka_on_zookeeper_loses_nothing_acknowledged_with_any_broker() {
    // STO-7, ORD-5
    let test = "kafka_on_zookeeper_loses_nothing_acknowledged_with_any_broker";
    let Some((mut cluster, kubectl)) = with_images(test, &["kafka-3", "zookeeper"]) else { return };
    kubectl.apply(&example("kafka-zookeeper.yaml"), cluster.dir.path());
    rolled_out(&kubectl, "statefulset/zookeeper");
    rolled_out(&kubectl, "statefulset/kafka");
    let modes: Vec<String> = (0..3).map(|ordinal| shell(&kubectl, &format!("zookeeper-{ordinal}"), "zkServer.sh status")).collect();
    assert_eq!(modes.iter().filter(|mode| mode.contains("Mode: leader")).count(), 1, "{modes:?}");
    let acknowledged = written_through_losses(&kubectl);
    // Everything at once, the ensemble as well.
    let pods = ["zookeeper", "kafka"].iter().flat_map(|set| (0..3).map(move |ordinal| format!("{set}-{ordinal}")));
    ended_and_started(&mut cluster, &kubectl, &pods.collect::<Vec<_>>());
    rolled_out(&kubectl, "statefulset/zookeeper");
    rolled_out(&kubectl, "statefulset/kafka");
    nothing_is_lost(&kubectl, &acknowledged);
}

#[test]
fn kafka_without_zookeeper_loses_nothing_acknowledged_with_any_broker() {
    // STO-7
    let test = "kafka_without_zookeeper_loses_nothing_acknowledged_with_any_broker";
    let Some((cluster, kubectl)) = with_images(test, &["kafka"]) else { return };
    kubectl.apply(&example("kafka-kraft.yaml"), cluster.dir.path());
    rolled_out(&kubectl, "statefulset/kafka");
    let acknowledged = written_through_losses(&kubectl);
    nothing_is_lost(&kubectl, &acknowledged);
}

/// What a producer that waits for all replicas was told to be kept, while each broker in turn was killed.
fn written_through_losses(kubectl: &Kubectl) -> BTreeSet<u32> {
    let create = "kafka-topics --bootstrap-server kafka-0.kafka:9092 --create --topic kept --partitions 3 --replication-factor 3";
    shell(kubectl, "kafka-0", create);
    // A pod of its own, which outlives brokers.
    let image = kubectl.run(&["get", "pod", "kafka-0", "-o", "jsonpath={.spec.containers[0].image}"]);
    kubectl.run(&["run", "client", &format!("--image={image}"), "--env=KAFKA_HEAP_OPTS=-Xmx128m", "--command", "--", "sleep", "3600"]);
    kubectl.run(&["wait", "--for=condition=Ready", "pod/client", "--timeout=60s"]);
    let brokers = "kafka-0.kafka:9092,kafka-1.kafka:9092,kafka-2.kafka:9092";
    let produce = format!(
        "exec kafka-verifiable-producer --bootstrap-server {brokers} --topic kept --acks -1 --throughput 100 --max-messages 100000"
    );
    let (producer, mut out) = kubectl.start(&["exec", "client", "--", "sh", "-c", &produce]);
    let mut acknowledged = BTreeSet::new();
    for ordinal in 0..3 {
        acknowledged.extend(acknowledgements(&mut out, 200));
        killed_and_back(kubectl, &format!("kafka-{ordinal}"), "java");
        // The next loss must find all of them in step.
        let behind = format!(
            "until [ -z \"$(kafka-topics --bootstrap-server {brokers} --describe --topic kept --under-replicated-partitions)\" ]; do sleep 0.2; done"
        );
        kubectl.run(&["exec", "client", "--", "timeout", "120", "sh", "-c", &behind]);
    }
    acknowledged.extend(acknowledgements(&mut out, 200));
    drop(producer);
    acknowledged
}

/// The next so many messages that are acknowledged.
fn acknowledgements(out: &mut impl BufRead, count: usize) -> Vec<u32> {
    let mut numbers = Vec::new();
    for line in out.lines() {
        let line: serde_json::Value = serde_json::from_str(&line.expect("the producer prints text")).unwrap_or_default();
        if line["name"] == "producer_send_success" {
            numbers.push(line["value"].as_str().and_then(|value| value.parse().ok()).expect("a number"));
        }
        if numbers.len() >= count {
            return numbers;
        }
    }
    panic!("the producer ended after {} messages", numbers.len());
}

/// How long it is read again and again. Brokers that have just been started do not know of the topic, then show no more than they know the others
/// to have, and learn all that from each other only.
const READ_MAX: Duration = Duration::from_secs(120);

fn nothing_is_lost(kubectl: &Kubectl, acknowledged: &BTreeSet<u32>) {
    let began = Instant::now();
    let mut there = kept(kubectl);
    while !acknowledged.is_subset(&there) && began.elapsed() < READ_MAX {
        there = kept(kubectl);
    }
    let lost: Vec<&u32> = acknowledged.difference(&there).collect();
    assert!(
        lost.is_empty(),
        "of {} acknowledged messages {} are lost, such as {:?}; {} are there",
        acknowledged.len(),
        lost.len(),
        lost.first(),
        there.len()
    );
}

/// What readers are shown. Partition by partition, so that no group of consumers has to come together first.
fn kept(kubectl: &Kubectl) -> BTreeSet<u32> {
    let ends = "kafka-get-offsets --bootstrap-server kafka-1.kafka:9092 --topic kept 2>/dev/null";
    let ends = kubectl.try_run(&["exec", "kafka-2", "--", "sh", "-c", ends]).out;
    let mut there = BTreeSet::new();
    for end in ends.lines().filter(|end| !end.ends_with(":0")) {
        // Before a partition has a leader its end is left out.
        let [_, partition, count] = end.split(':').collect::<Vec<_>>()[..] else { continue };
        let read = "kafka-console-consumer --bootstrap-server kafka-1.kafka:9092 --topic kept --timeout-ms 60000 --offset earliest";
        let read = format!("{read} --partition {partition} --max-messages {count} 2>/dev/null");
        // One that is told of fewer than there are ends by its time, with what it has read.
        let messages = kubectl.try_run(&["exec", "kafka-2", "--", "sh", "-c", &read]).out;
        there.extend(messages.lines().filter_map(|line| line.trim().parse::<u32>().ok()));
    }
    there
}
