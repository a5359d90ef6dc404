//! Who may do what (A1, A7, E8).

use crate::client::fresh;
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
