//! What judging a request costs: the same GET in process by somebody whom nothing is asked, by a controller, by a node and by users with
//! roles, among many bindings of others. The difference to the first is the cost of rights. Owns the measuring, no limits.

use http_body_util::{BodyExt, Full};
use serde_json::{Value, json};
use std::io::Write;
use std::time::Instant;
use stead_server::{Body, Identity};
use stead_testing::http::Client;
use tower::Service;

/// RoleBindings of others in the namespace, and in other namespaces.
const BINDINGS: usize = 5_000;
const REQUESTS: u32 = 20_000;
const POD: &str = "/api/v1/namespaces/default/pods/p";
const ROLES: &str = "/apis/rbac.authorization.k8s.io/v1";

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let client = Client::fresh(1).await.expect("the server starts");
    fill(&client).await;
    let user = |name: &str, groups: &[&str]| Identity {
        user: name.to_owned(),
        groups: groups.iter().map(|group| (*group).to_owned()).collect(),
        ..Identity::default()
    };
    let many: Vec<String> = (0..50).map(|n| format!("group-{n}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let mut out = std::io::stdout().lock();
    for (what, identity, code) in [
        ("an administrator, of whom nothing is asked", Identity::master("admin"), 200),
        ("a controller, by its role", Identity::component("system:serviceaccount:kube-system:statefulset-controller"), 200),
        ("a node, by its pods", Identity::component("system:node:n"), 200),
        ("a user, by a role in the namespace", user("user-7", &["system:authenticated"]), 200),
        ("a user of 50 groups, by the last", user("nobody", &many), 200),
        ("a stranger, refused", user("nobody", &["system:authenticated"]), 403),
    ] {
        // The first question reads all roles and bindings.
        assert_eq!(get(&client, identity.clone()).await, code, "{what}");
        let begun = Instant::now();
        for _ in 0..REQUESTS {
            assert_eq!(get(&client, identity.clone()).await, code, "{what}");
        }
        writeln!(out, "{what:<44} {:>8.2} us a request", begun.elapsed().as_secs_f64() * 1e6 / f64::from(REQUESTS))?;
    }
    Ok(())
}

async fn fill(client: &Client) {
    post(client, "/api/v1/namespaces/default/serviceaccounts", json!({"metadata": {"name": "default"}})).await;
    let spec = json!({"nodeName": "n", "containers": [{"name": "c", "image": "i"}]});
    post(client, "/api/v1/namespaces/default/pods", json!({"metadata": {"name": "p"}, "spec": spec})).await;
    let binding = |name: &str, subject: Value| {
        json!({"metadata": {"name": name}, "subjects": [subject],
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"}})
    };
    let of = |kind: &str, name: String| json!({"kind": kind, "apiGroup": "rbac.authorization.k8s.io", "name": name});
    for n in 0..BINDINGS {
        post(client, &format!("{ROLES}/namespaces/default/rolebindings"), binding(&format!("b-{n}"), of("User", format!("user-{n}"))))
            .await;
        post(client, &format!("{ROLES}/namespaces/kube-system/rolebindings"), binding(&format!("b-{n}"), of("User", format!("user-{n}"))))
            .await;
    }
    post(client, &format!("{ROLES}/namespaces/default/rolebindings"), binding("group", of("Group", "group-49".to_owned()))).await;
}

async fn post(client: &Client, path: &str, body: Value) {
    let answer = client.call("POST", path, Some(body.to_string().into()), &[]).await.expect("an answer");
    assert_eq!(answer.code, 201, "{}", String::from_utf8_lossy(&answer.body));
}

async fn get(client: &Client, identity: Identity) -> u16 {
    let body: Body = Full::new(bytes::Bytes::new()).map_err(|never| match never {}).boxed_unsync();
    let mut request = http::Request::get(POD).header("Accept", "application/json").body(body).expect("a request");
    request.extensions_mut().insert(identity);
    let Ok(response) = client.server().service().call(request).await;
    let code = response.status().as_u16();
    response.into_body().collect().await.expect("a body");
    code
}
