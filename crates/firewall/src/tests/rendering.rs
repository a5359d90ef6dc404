//! The content as text, beside what it is to be.

use super::*;
use crate::keeper::content;

/// Two pods here, one elsewhere.
fn world() -> World {
    let ports = json!([{"name": "http", "containerPort": 80, "hostPort": 8080}, {"containerPort": 53, "protocol": "UDP", "hostPort": 53, "hostIP": "192.0.2.1"}]);
    let world = World::new(place()).with_pod(pod("web", &["10.42.0.2", "fd00:42::2"], ports), Some(2));
    let world = world.with_pod(pod("client", &["10.42.0.3", "fd00:42::3"], json!([])), Some(3));
    world.with_pod(pod("far", &["10.42.1.9"], json!([{"name": "http", "containerPort": 8000}])), None)
}

fn policies(world: World) -> World {
    world
        .with_policy(policy("web", json!({"podSelector": {"matchLabels": {"app": "web"}}, "policyTypes": ["Ingress", "Egress"],
            "ingress": [
                {"from": [{"podSelector": {"matchLabels": {"app": "client"}}}, {"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.42.0.0/16"]}}],
                    "ports": [{"port": "http"}, {"port": 9000, "endPort": 9009}, {"protocol": "SCTP"}]},
                {"from": [{"namespaceSelector": {}}]},
            ],
            "egress": [{"to": [{"podSelector": {"matchLabels": {"app": "far"}}}], "ports": [{"port": "http"}]}, {"ports": [{"port": 53, "protocol": "UDP"}]}]})))
        .with_policy(policy("closed", json!({"podSelector": {}, "policyTypes": ["Ingress"]})))
}

#[test]
fn what_is_rendered_is_what_was_agreed() {
    // NETW-4, NETW-7
    let rendered = content(&policies(world())).to_string();
    assert!(rendered == include_str!("content.txt"), "content.txt differs:\n{rendered}");
}

#[test]
fn a_change_touches_what_it_is_about_alone() {
    let before = content(&policies(world()));
    assert!(content(&policies(world())).changes("t", &before).batch.is_empty(), "nothing has changed");
    // One more peer: an element of one set; the pod's own verdicts too, where it is here.
    let after = content(&policies(world().with_pod(pod("far-2", &["10.42.1.10"], json!([])), None)));
    let changes = after.changes("t", &before);
    assert!(!changes.batch.is_empty() && changes.dead.is_empty() && changes.batch.size() < 400, "{} bytes", changes.batch.size());
    let after = content(&policies(world()).without_policy("web").without_policy("closed"));
    assert_eq!(after.changes("t", &before).dead.len(), 6, "chains of two policies, one of them both ways, and of the pods");
}
