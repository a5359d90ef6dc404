//! Services' addresses lead to their pods: from pods, through a restart of the server, as `kubectl apply` made them.

use crate::cluster::{Cluster, Needs, have};
use crate::kubectl::Kubectl;

const WEB: &str = r#"
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  selector: {app: web}
  ports: [{port: 80, targetPort: http}]
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: web}
spec:
  replicas: 2
  serviceName: web
  podManagementPolicy: Parallel
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - name: c
        image: "localhost/stead:1"
        command: [sh, -c, "mkdir -p /w && echo $HOSTNAME >/w/index.html && httpd -f -p 8080 -h /w"]
        ports: [{name: http, containerPort: 8080}]
        readinessProbe: {httpGet: {port: http}, periodSeconds: 1}
"#;
/// Connections, of which each goes to one of two by chance.
const CONNECTIONS: usize = 40;

#[test]
fn a_services_address_leads_to_its_pods() {
    // SVC-1, SVC-6, SVC-7, SVC-9
    let Some(programs) = have("a_services_address_leads_to_its_pods", Needs::Containers) else { return };
    for program in programs {
        let mut cluster = Cluster::start(&[]);
        let kubectl = cluster.kubectl(&program);
        kubectl.apply(WEB, cluster.dir.path());
        kubectl.run(&["rollout", "status", "statefulset/web", "--timeout=60s"]);
        let address = kubectl.run(&["get", "service", "web", "-o", "jsonpath={.spec.clusterIP}"]);
        // The first may come before the rules; then the pod asks again.
        both_answer(&kubectl, &address);
        cluster.crash();
        cluster.serve();
        let kubectl = cluster.kubectl(&program);
        both_answer(&kubectl, &address);
        kubectl.run(&["scale", "statefulset", "web", "--replicas=1"]);
        kubectl.run(&["wait", "--for=delete", "pod/web-1", "--timeout=60s"]);
        let answers = asked(&kubectl, &address);
        assert!(answers.iter().all(|answer| answer == "web-0"), "{answers:?}");
    }
}

fn both_answer(kubectl: &Kubectl, address: &str) {
    let answers = asked(kubectl, address);
    for pod in ["web-0", "web-1"] {
        assert!(answers.iter().any(|answer| answer == pod), "{answers:?}");
    }
}

/// Who answers a pod.
fn asked(kubectl: &Kubectl, address: &str) -> Vec<String> {
    let ask = format!("wget -q -T 5 -O - http://{address}/index.html");
    let times = |count: usize| vec!["x"; count].join(" ");
    let until = format!("for n in {}; do {ask} >/dev/null 2>&1 && break; sleep 0.1; done", times(100));
    let all = format!("{until}; for n in {}; do {ask} || echo failed; done", times(CONNECTIONS));
    kubectl.run(&["exec", "web-0", "--", "sh", "-c", &all]).lines().map(str::to_owned).collect()
}
