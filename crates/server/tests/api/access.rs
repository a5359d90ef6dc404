//! Who may do what (A1, A7, E8).

use crate::client::{CONFIG_MAPS, fresh};
use http_body_util::{BodyExt, Full};
use serde_json::Value;
use stead_server::Identity;
use stead_testing::http::Client;
use tower::Service;

async fn send(client: &Client, path: &str, identity: Option<Identity>) -> (u16, Value) {
    send_with(client, path, identity, &[]).await
}

async fn send_with(client: &Client, path: &str, identity: Option<Identity>, headers: &[(&str, &str)]) -> (u16, Value) {
    let body = Full::new(bytes::Bytes::new()).map_err(|never| match never {}).boxed_unsync();
    let mut request = http::Request::get(path).body(body).expect("a request");
    for (name, value) in headers {
        let name = http::HeaderName::from_bytes(name.as_bytes()).expect("a name");
        request.headers_mut().append(name, value.parse().expect("a value"));
    }
    if let Some(identity) = identity {
        request.extensions_mut().insert(identity);
    }
    answer(client, request).await
}

async fn answer(client: &Client, request: http::Request<stead_server::Body>) -> (u16, Value) {
    let Ok(response) = client.server().service().call(request).await;
    let code = response.status().as_u16();
    let bytes = response.into_body().collect().await.expect("a body").to_bytes();
    (code, serde_json::from_slice(&bytes).unwrap_or_default())
}

#[tokio::test(start_paused = true)]
async fn strangers_see_health_and_version_and_nothing_else() {
    let client = fresh().await;
    for path in ["/healthz", "/livez", "/readyz", "/readyz/ping", "/version"] {
        assert_eq!(send(&client, path, None).await.0, 200, "{path}");
    }
    let (code, status) = send(&client, "/api/v1/namespaces/default/pods", None).await;
    let text = "pods is forbidden: User \"system:anonymous\" cannot list resource \"pods\" in API group \"\" in the namespace \"default\"";
    assert_eq!((code, status["message"].as_str()), (403, Some(text)));
    let (code, status) = send(&client, "/apis", None).await;
    assert_eq!((code, status["message"].as_str()), (403, Some("forbidden: User \"system:anonymous\" cannot get path \"/apis\"")));
}

#[tokio::test(start_paused = true)]
async fn a_user_without_roles_is_refused_and_a_master_is_not() {
    let client = fresh().await;
    let user = Identity { user: "eve".to_owned(), groups: vec!["system:authenticated".to_owned()], ..Identity::default() };
    let (code, status) = send(&client, "/api/v1/nodes/n", Some(user)).await;
    let text = "nodes \"n\" is forbidden: User \"eve\" cannot get resource \"nodes\" in API group \"\" at the cluster scope";
    assert_eq!((code, status["message"].as_str()), (403, Some(text)));
    assert_eq!(send(&client, "/api/v1/nodes", Some(Identity::master("root"))).await.0, 200);
}

#[tokio::test(start_paused = true)]
async fn credentials_that_are_not_understood_are_not_anonymous() {
    let client = fresh().await;
    let (code, status) = send_with(&client, "/version", None, &[("Authorization", "Bearer x")]).await;
    assert_eq!((code, status["reason"].as_str()), (401, Some("Unauthorized")));
}

#[tokio::test(start_paused = true)]
async fn a_master_may_act_for_another_and_is_judged_as_that() {
    // A10
    let client = fresh().await;
    let as_eve = [("Impersonate-User", "eve")];
    let (code, status) = send_with(&client, "/api/v1/nodes", Some(Identity::master("root")), &as_eve).await;
    let text = "nodes is forbidden: User \"eve\" cannot list resource \"nodes\" in API group \"\" at the cluster scope";
    assert_eq!((code, status["message"].as_str()), (403, Some(text)));
    let as_master = [("Impersonate-User", "eve"), ("Impersonate-Group", "system:masters")];
    assert_eq!(send_with(&client, "/api/v1/nodes", Some(Identity::master("root")), &as_master).await.0, 200);
    let user = Identity { user: "eve".to_owned(), groups: Vec::new(), ..Identity::default() };
    assert_eq!(send_with(&client, "/version", Some(user), &as_master).await.0, 403);
    assert_eq!(send_with(&client, "/version", None, &as_master).await.0, 403);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_refuses_makes_the_server_unhealthy() {
    // H4
    let store = stead_store::Store::memory();
    let client = Client::on(store.clone(), 1).await.expect("a server");
    store.close().await.expect("the store closes");
    let refused = client.call("POST", crate::client::CONFIG_MAPS, Some("{\"metadata\":{\"name\":\"a\"}}".into()), &[]).await;
    assert_eq!(refused.expect("an answer").code, 500);
    assert_eq!(send(&client, "/readyz", None).await.0, 500);
    assert_eq!(send(&client, "/readyz?exclude=etcd", None).await.0, 200);
    assert_eq!(send(&client, "/livez/ping", None).await.0, 200);
}

#[tokio::test(start_paused = true)]
async fn a_certificate_that_is_not_accepted_is_not_anonymous() {
    // A1
    let client = fresh().await;
    let body = Full::new(bytes::Bytes::new()).map_err(|never| match never {}).boxed_unsync();
    let mut request = http::Request::get("/version").body(body).expect("a request");
    request.extensions_mut().insert(stead_server::InvalidCredentials);
    let (code, status) = answer(&client, request).await;
    assert_eq!((code, status["reason"].as_str()), (401, Some("Unauthorized")));
}

#[tokio::test(start_paused = true)]
async fn debug_pages_are_for_those_who_may_do_everything() {
    let client = fresh().await;
    let page: stead_server::DebugPage = std::sync::Arc::new(|query| {
        Box::pin(async move {
            match query.first() {
                Some((key, value)) => Ok(serde_json::json!({ key: value })),
                None => Err(stead_api::Status::bad_request("a parameter is required")),
            }
        })
    });
    client.server().register_debug_page("a/b", page);
    let eve = Identity { user: "eve".to_owned(), groups: vec!["system:authenticated".to_owned()], ..Identity::default() };
    let (code, status) = send(&client, "/debug/a/b?k=v", Some(eve)).await;
    assert_eq!((code, status["message"].as_str()), (403, Some("forbidden: User \"eve\" cannot get path \"/debug/a/b\"")));
    let root = || Some(Identity::master("root"));
    assert_eq!(send(&client, "/debug/a/b?k=v", root()).await, (200, serde_json::json!({"k": "v"})));
    assert_eq!(send(&client, "/debug/a/b", root()).await.0, 400);
    for absent in ["/debug", "/debug/", "/debug/a", "/debug/a/b/c"] {
        assert_eq!(send(&client, absent, root()).await.0, 404, "{absent}");
    }
}

async fn post_as(client: &Client, user: &str, path: &str, body: Value) -> (u16, Value) {
    let headers = [("Impersonate-User".to_owned(), Some(user.to_owned()))];
    let answer = client.call("POST", path, Some(body.to_string().into()), &headers).await.expect("an answer");
    (answer.code, serde_json::from_slice(&answer.body).expect("JSON"))
}

const ROLES: &str = "/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles";
const BINDINGS: &str = "/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings";
const BOT: &str = "system:serviceaccount:default:bot";
const PODS: &str = "/api/v1/namespaces/default/pods";

fn binding(name: &str, role_kind: &str, role: &str, subject: Value) -> Value {
    let reference = serde_json::json!({"apiGroup": "rbac.authorization.k8s.io", "kind": role_kind, "name": role});
    serde_json::json!({"metadata": {"name": name}, "roleRef": reference, "subjects": [subject]})
}

fn bot() -> Value {
    serde_json::json!({"kind": "ServiceAccount", "name": "bot", "namespace": "default"})
}

#[tokio::test(start_paused = true)]
async fn a_role_counts_from_when_it_is_given_until_it_is_taken() {
    // A6
    let client = fresh().await;
    let as_bot = [("Impersonate-User", BOT)];
    let root = || Some(Identity::master("root"));
    assert_eq!(send_with(&client, PODS, root(), &as_bot).await.0, 403);
    let rules = serde_json::json!([{"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]}]);
    let role = serde_json::json!({"metadata": {"name": "reader"}, "rules": rules});
    assert_eq!(crate::client::send(&client, "POST", ROLES, role).await.0, 201);
    assert_eq!(crate::client::send(&client, "POST", BINDINGS, binding("readers", "Role", "reader", bot())).await.0, 201);
    assert_eq!(send_with(&client, PODS, root(), &as_bot).await.0, 200);
    assert_eq!(send_with(&client, "/api/v1/namespaces/kube-system/pods", root(), &as_bot).await.0, 403);
    assert_eq!(send_with(&client, "/api/v1/namespaces/default/secrets", root(), &as_bot).await.0, 403);
    assert_eq!(crate::client::send(&client, "DELETE", &format!("{ROLES}/reader"), Value::Null).await.0, 200);
    let (code, status) = send_with(&client, PODS, root(), &as_bot).await;
    let text = "pods is forbidden: User \"system:serviceaccount:default:bot\" cannot list resource \"pods\" in API group \"\" in the \
                namespace \"default\": RBAC: role.rbac.authorization.k8s.io \"reader\" not found";
    assert_eq!((code, status["message"].as_str()), (403, Some(text)));
}

#[tokio::test(start_paused = true)]
async fn who_may_change_may_not_therefore_make() {
    // A6: an apply that makes its object is a create, too.
    let client = fresh().await;
    let rules = serde_json::json!([{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["patch"]}]);
    let role = serde_json::json!({"metadata": {"name": "changer"}, "rules": rules});
    assert_eq!(crate::client::send(&client, "POST", ROLES, role).await.0, 201);
    assert_eq!(crate::client::send(&client, "POST", BINDINGS, binding("changers", "Role", "changer", bot())).await.0, 201);
    let path = format!("{CONFIG_MAPS}/a?fieldManager=m");
    let body = serde_json::json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}});
    let headers = [("Impersonate-User", BOT), ("Content-Type", "application/apply-patch+yaml")];
    let headers = headers.map(|(name, value)| (name.to_owned(), Some(value.to_owned())));
    let apply = || client.call("PATCH", &path, Some(body.to_string().into()), &headers);
    let refused = apply().await.expect("an answer");
    let text = "configmaps \"a\" is forbidden: User \"system:serviceaccount:default:bot\" cannot create resource \"configmaps\" in API \
                group \"\" in the namespace \"default\"";
    assert_eq!((refused.code, refused.json()["message"].as_str()), (403, Some(text)));
    assert_eq!(crate::client::send(&client, "POST", CONFIG_MAPS, crate::client::config_map("a")).await.0, 201);
    assert_eq!(apply().await.expect("an answer").code, 200);
}

#[tokio::test(start_paused = true)]
async fn nobody_grants_what_he_has_not() {
    // A8
    let client = fresh().await;
    assert_eq!(crate::client::send(&client, "POST", BINDINGS, binding("admins", "ClusterRole", "admin", bot())).await.0, 201);
    let role = |verbs: &[&str], group: &str, resource: &str| {
        let rules = serde_json::json!([{"apiGroups": [group], "resources": [resource], "verbs": verbs}]);
        serde_json::json!({"metadata": {"name": format!("r-{resource}")}, "rules": rules})
    };
    assert_eq!(post_as(&client, BOT, ROLES, role(&["get"], "", "pods")).await.0, 201);
    let (code, status) = post_as(&client, BOT, ROLES, role(&["get", "list"], "storage.k8s.io", "storageclasses")).await;
    let text = "roles.rbac.authorization.k8s.io \"r-storageclasses\" is forbidden: user \"system:serviceaccount:default:bot\" \
                (groups=[\"system:serviceaccounts\" \"system:serviceaccounts:default\" \"system:authenticated\"]) is attempting to grant \
                RBAC permissions not currently held:\n\
                {APIGroups:[\"storage.k8s.io\"], Resources:[\"storageclasses\"], Verbs:[\"get\" \"list\"]}";
    assert_eq!((code, status["message"].as_str()), (403, Some(text)));
    assert_eq!(post_as(&client, BOT, BINDINGS, binding("b", "ClusterRole", "cluster-admin", bot())).await.0, 403);
    assert_eq!(post_as(&client, BOT, BINDINGS, binding("b", "ClusterRole", "absent", bot())).await.0, 404);
    assert_eq!(post_as(&client, BOT, BINDINGS, binding("b", "ClusterRole", "view", bot())).await.0, 201);
}

#[tokio::test(start_paused = true)]
async fn reviews_say_what_somebody_may_do() {
    // A4
    let client = fresh().await;
    assert_eq!(crate::client::send(&client, "POST", BINDINGS, binding("viewers", "ClusterRole", "view", bot())).await.0, 201);
    let own = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
    for (verb, allowed) in [("list", true), ("delete", false)] {
        let asked = serde_json::json!({"verb": verb, "resource": "pods", "namespace": "default"});
        let (code, review) = post_as(&client, BOT, own, serde_json::json!({"spec": {"resourceAttributes": asked}})).await;
        assert_eq!((code, &review["status"]["allowed"]), (201, &Value::Bool(allowed)), "{review}");
    }
    let rules = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews";
    let (code, review) = post_as(&client, BOT, rules, serde_json::json!({"spec": {"namespace": "default"}})).await;
    assert_eq!((code, &review["status"]["incomplete"]), (201, &Value::Bool(false)), "{review}");
    let (code, status) = post_as(&client, BOT, own, serde_json::json!({"spec": {}})).await;
    assert_eq!((code, &status["details"]["kind"]), (422, &Value::Null));
}
