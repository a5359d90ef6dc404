//! `kill -9` of the server at any moment: every acknowledged object is there, no container is restarted or doubled.

use crate::cluster::{Cluster, Needs, have};
use crate::statefulset::{WEB, names, pods, settled};
use serde_json::Value;
use std::collections::BTreeMap;

/// Container ids and restart counts by pod.
fn containers(pods: &[Value]) -> BTreeMap<String, (String, i64)> {
    let one = |p: &Value| {
        let status = &p["status"]["containerStatuses"][0];
        let id = status["containerID"].as_str().unwrap_or_default().to_owned();
        (p["metadata"]["name"].as_str().expect("a name").to_owned(), (id, status["restartCount"].as_i64().unwrap_or(-1)))
    };
    pods.iter().map(one).collect()
}

#[test]
fn a_killed_server_loses_nothing_and_restarts_no_container() {
    let Some(programs) = have("a_killed_server_loses_nothing_and_restarts_no_container", Needs::Containers) else { return };
    let mut cluster = Cluster::start(&[]);
    let kubectl = cluster.kubectl(&programs[0]);
    kubectl.apply(WEB, cluster.dir.path());
    settled(&kubectl, 3);
    let before = containers(&pods(&kubectl));
    cluster.crash();
    cluster.serve();
    settled(&kubectl, 3);
    assert_eq!(containers(&pods(&kubectl)), before);
    // An orderly stop is no different.
    cluster.stop();
    cluster.serve();
    settled(&kubectl, 3);
    assert_eq!(containers(&pods(&kubectl)), before);
}

#[test]
fn a_server_killed_in_the_middle_goes_on_where_it_was() {
    let Some(programs) = have("a_server_killed_in_the_middle_goes_on_where_it_was", Needs::Containers) else { return };
    let mut cluster = Cluster::start(&[]);
    let kubectl = cluster.kubectl(&programs[0]);
    kubectl.apply(WEB, cluster.dir.path());
    // Cut off after each pod that shows, however far it has come.
    for count in 1..=3 {
        kubectl.watch_until(&["get", "pods", "-w", "-l", "app=nginx", "-o", "name"], |lines| {
            let mut pods: Vec<&String> = lines.iter().collect();
            pods.sort();
            pods.dedup();
            pods.len() == count
        });
        cluster.crash();
        cluster.serve();
    }
    settled(&kubectl, 3);
    assert_eq!(names(&kubectl), ["web-0", "web-1", "web-2"]);
    let running = containers(&pods(&kubectl));
    assert!(running.values().all(|(_, restarts)| *restarts == 0), "{running:?}");
    // While scaling down, too.
    kubectl.run(&["scale", "statefulset", "web", "--replicas=1"]);
    cluster.crash();
    cluster.serve();
    settled(&kubectl, 1);
    kubectl.run(&["wait", "--for=delete", "pod/web-1", "--timeout=60s"]);
    assert_eq!(containers(&pods(&kubectl))["web-0"], running["web-0"]);
}
