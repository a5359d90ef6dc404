//! Jobs, CronJobs and Deployments in real containers, as users type them.

use crate::cluster::{Cluster, Needs, have};

const JOBS: &str = r#"
apiVersion: batch/v1
kind: Job
metadata: {name: hello}
spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: "localhost/stead:1", command: [echo, hello]}]}}}
---
apiVersion: batch/v1
kind: Job
metadata: {name: numbered}
spec:
  completions: 3
  parallelism: 3
  completionMode: Indexed
  template: {spec: {restartPolicy: Never, containers: [{name: c, image: "localhost/stead:1", command: [sh, -c, "echo $JOB_COMPLETION_INDEX"]}]}}
---
apiVersion: batch/v1
kind: Job
metadata: {name: hopeless}
spec: {backoffLimit: 0, template: {spec: {restartPolicy: Never, containers: [{name: c, image: "localhost/stead:1", command: [sh, -c, "exit 3"]}]}}}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: yearly}
spec:
  schedule: "0 0 1 1 *"
  jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: "localhost/stead:1", command: [echo, backup]}]}}}}
"#;

#[test]
fn jobs_end_as_their_pods_do() {
    let Some(programs) = have("jobs_end_as_their_pods_do", Needs::Containers) else { return };
    let cluster = Cluster::start(&[]);
    let kubectl = cluster.kubectl(&programs[0]);
    kubectl.apply(JOBS, cluster.dir.path());
    // JOB-25, JOB-34, JOB-40
    kubectl.run(&["wait", "--for=condition=complete", "job/hello", "job/numbered", "--timeout=60s"]);
    kubectl.run(&["wait", "--for=condition=failed", "job/hopeless", "--timeout=60s"]);
    assert_eq!(kubectl.run(&["logs", "job/hello"]), "hello\n");
    let mut numbers: Vec<String> = kubectl.run(&["logs", "-l", "job-name=numbered", "--tail=-1"]).lines().map(str::to_owned).collect();
    numbers.sort();
    assert_eq!(numbers, ["0", "1", "2"]);
    // A Job by hand of what the timetable would make.
    kubectl.run(&["create", "job", "now", "--from=cronjob/yearly"]);
    kubectl.run(&["wait", "--for=condition=complete", "job/now", "--timeout=60s"]);
    assert_eq!(kubectl.run(&["logs", "job/now"]), "backup\n");
    kubectl.run(&["delete", "job", "--all", "--timeout=60s"]);
    kubectl.run(&["wait", "--for=delete", "pod", "-l", "batch.kubernetes.io/job-name", "--timeout=60s"]);
}

const DEPLOYMENT: &str = r#"
apiVersion: apps/v1
kind: Deployment
metadata: {name: front}
spec:
  replicas: 3
  selector: {matchLabels: {app: front}}
  template:
    metadata: {labels: {app: front}}
    spec: {terminationGracePeriodSeconds: 1, containers: [{name: c, image: "localhost/stead:1", env: [{name: RELEASE, value: one}]}]}
"#;

#[test]
fn a_deployment_rolls_forth_and_back() {
    let Some(programs) = have("a_deployment_rolls_forth_and_back", Needs::Containers) else { return };
    let cluster = Cluster::start(&[]);
    let kubectl = cluster.kubectl(&programs[0]);
    kubectl.apply(DEPLOYMENT, cluster.dir.path());
    let rolled = || kubectl.run(&["rollout", "status", "deploy/front", "--timeout=120s"]);
    let release = || kubectl.run(&["exec", "deploy/front", "--", "sh", "-c", "echo $RELEASE"]);
    rolled();
    assert_eq!(release(), "one\n");
    kubectl.run(&["set", "env", "deploy/front", "RELEASE=two"]);
    rolled();
    let values = kubectl.json(&["get", "replicasets", "-l", "app=front"]);
    let mut sizes: Vec<i64> =
        values["items"].as_array().expect("a list").iter().filter_map(|set| set["spec"]["replicas"].as_i64()).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [0, 3]);
    kubectl.run(&["rollout", "undo", "deploy/front"]);
    rolled();
    assert_eq!(kubectl.json(&["get", "deploy", "front"])["spec"]["template"]["spec"]["containers"][0]["env"][0]["value"], "one");
    assert!(kubectl.run(&["rollout", "history", "deploy/front"]).contains('3'));
}
