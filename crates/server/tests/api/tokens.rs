//! Tokens of service accounts: issued, shown to the server, and no longer good once what they are bound to is gone (A2, A3, R53).

use crate::client::{create, fresh, get, send};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use serde_json::{Value, json};
use stead_testing::http::Client;
use tower::Service;

const ACCOUNTS: &str = "/api/v1/namespaces/default/serviceaccounts";
const PODS: &str = "/api/v1/namespaces/default/pods";
const REVIEWS: &str = "/apis/authentication.k8s.io/v1/tokenreviews";
const SELF: &str = "/apis/authentication.k8s.io/v1/selfsubjectreviews";

/// A server with an account, and a pod of it on a node.
async fn with_pod() -> (Client, Value) {
    let client = fresh().await;
    create(&client, ACCOUNTS, json!({"metadata": {"name": "sa"}})).await;
    create(&client, "/api/v1/nodes", json!({"metadata": {"name": "n"}})).await;
    let pod = json!({"metadata": {"name": "p"}, "spec": {"serviceAccountName": "sa", "nodeName": "n", "containers": [{"name": "c", "image": "i"}]}});
    let pod = create(&client, PODS, pod).await;
    (client, pod)
}

async fn token(client: &Client, spec: Value) -> String {
    let answer = create(client, &format!("{ACCOUNTS}/sa/token"), json!({ "spec": spec })).await;
    answer["status"]["token"].as_str().expect("a token").to_owned()
}

async fn pods_token(client: &Client) -> String {
    token(client, json!({"expirationSeconds": 3607, "boundObjectRef": {"kind": "Pod", "apiVersion": "v1", "name": "p"}})).await
}

/// Asks as the bearer of a token.
async fn ask(client: &Client, method: &str, path: &str, token: &str, body: Value) -> (u16, Value) {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let body = Full::new(Bytes::from(body)).map_err(|never| match never {}).boxed_unsync();
    let request = http::Request::builder().method(method).uri(path).header("Content-Type", "application/json");
    let request = request.header("Authorization", format!("Bearer {token}")).body(body).expect("a request");
    let Ok(answer) = client.server().service().call(request).await;
    let code = answer.status().as_u16();
    let bytes = answer.into_body().collect().await.expect("a body").to_bytes();
    (code, serde_json::from_slice(&bytes).unwrap_or_default())
}

async fn whoami(client: &Client, token: &str) -> (u16, Value) {
    let (code, review) = ask(client, "POST", SELF, token, json!({})).await;
    (code, review.pointer("/status/userInfo").cloned().unwrap_or_default())
}

#[tokio::test(start_paused = true)]
async fn a_token_is_who_it_says_and_little_else_may_be_done_with_it() {
    // A2, A3
    let (client, pod) = with_pod().await;
    let token = pods_token(&client).await;
    let (code, user) = whoami(&client, &token).await;
    assert_eq!((code, user["username"].as_str()), (201, Some("system:serviceaccount:default:sa")));
    assert_eq!(user["groups"], json!(["system:serviceaccounts", "system:serviceaccounts:default", "system:authenticated"]));
    assert_eq!(user["extra"]["authentication.kubernetes.io/pod-uid"], json!([pod["metadata"]["uid"]]));
    assert_eq!(user["extra"]["authentication.kubernetes.io/node-name"], json!(["n"]));
    for (path, expected) in [("/api", 200), ("/healthz", 200), ("/openid/v1/jwks", 200), (PODS, 403)] {
        assert_eq!(ask(&client, "GET", path, &token, Value::Null).await.0, expected, "{path}");
    }
    let (_, refused) = ask(&client, "GET", PODS, &token, Value::Null).await;
    let text = "pods is forbidden: User \"system:serviceaccount:default:sa\" cannot list resource \"pods\" in API group \"\" in the namespace \"default\"";
    assert_eq!(refused["message"], text);
}

#[tokio::test(start_paused = true)]
async fn an_answer_repeats_what_was_asked_and_says_when_the_token_ends() {
    // R53
    let (client, _) = with_pod().await;
    let answer =
        create(&client, &format!("{ACCOUNTS}/sa/token"), json!({"spec": {"audiences": ["vault"], "expirationSeconds": 600}})).await;
    assert_eq!((&answer["kind"], &answer["metadata"]["name"]), (&json!("TokenRequest"), &json!("sa")));
    assert_eq!(answer["spec"], json!({"audiences": ["vault"], "expirationSeconds": 600, "boundObjectRef": null}));
    assert!(answer["status"]["expirationTimestamp"].is_string());
    let text = answer["status"]["token"].as_str().expect("a token").to_owned();
    assert_eq!(ask(&client, "GET", "/api", &text, Value::Null).await.0, 401, "it is for somebody else");
    let (_, review) = send(&client, "POST", REVIEWS, json!({"spec": {"token": text, "audiences": ["vault", "x"]}})).await;
    assert_eq!((&review["status"]["authenticated"], &review["status"]["audiences"]), (&json!(true), &json!(["vault"])));
}

#[tokio::test(start_paused = true)]
async fn a_token_ends_with_its_time() {
    // A2
    let (client, _) = with_pod().await;
    let token = token(&client, json!({"expirationSeconds": 600})).await;
    assert_eq!(whoami(&client, &token).await.0, 201);
    tokio::time::advance(std::time::Duration::from_secs(601)).await;
    assert_eq!(whoami(&client, &token).await.0, 401);
}

#[tokio::test(start_paused = true)]
async fn a_token_ends_with_its_pod_and_with_its_account() {
    // A2, VOL-12: one of the same name is another.
    let (client, pod) = with_pod().await;
    let (bound, free) = (pods_token(&client).await, token(&client, json!({})).await);
    send(&client, "DELETE", &format!("{PODS}/p?gracePeriodSeconds=0"), Value::Null).await;
    let (code, user) = whoami(&client, &bound).await;
    assert_eq!((code, &user), (401, &Value::Null));
    let again = json!({"metadata": {"name": "p"}, "spec": pod["spec"]});
    create(&client, PODS, again).await;
    assert_eq!(whoami(&client, &bound).await.0, 401);
    let (_, review) = send(&client, "POST", REVIEWS, json!({"spec": {"token": bound}})).await;
    let status = json!({"user": {}, "error": "[invalid bearer token, service account token has been invalidated]"});
    assert_eq!(review["status"], status);
    assert_eq!(whoami(&client, &free).await.0, 201);
    send(&client, "DELETE", &format!("{ACCOUNTS}/sa"), Value::Null).await;
    create(&client, ACCOUNTS, json!({"metadata": {"name": "sa"}})).await;
    assert_eq!(whoami(&client, &free).await.0, 401);
}

#[tokio::test(start_paused = true)]
async fn a_review_says_whose_a_token_is() {
    // A3
    let (client, _) = with_pod().await;
    let text = token(&client, json!({})).await;
    let (code, review) = send(&client, "POST", REVIEWS, json!({"spec": {"token": text}})).await;
    assert_eq!(
        (code, &review["kind"], &review["status"]["user"]["username"]),
        (201, &json!("TokenReview"), &json!("system:serviceaccount:default:sa"))
    );
    assert_eq!(review["status"]["audiences"], json!(["https://kubernetes.default.svc"]));
    let (_, review) = send(&client, "POST", REVIEWS, json!({"spec": {"token": "x"}})).await;
    assert_eq!(review["status"], json!({"user": {}, "error": "invalid bearer token"}));
    assert_eq!(send(&client, "POST", REVIEWS, json!({"spec": {}})).await.0, 400);
}

#[tokio::test(start_paused = true)]
async fn others_can_check_tokens() {
    // A2
    let client = fresh().await;
    let (_, issuer) = get(&client, "/.well-known/openid-configuration").await;
    assert_eq!(issuer["issuer"], "https://kubernetes.default.svc");
    assert_eq!(issuer["jwks_uri"], "https://127.0.0.1:6443/openid/v1/jwks");
    let (_, keys) = get(&client, "/openid/v1/jwks").await;
    assert_eq!((&keys["keys"][0]["kty"], &keys["keys"][0]["alg"]), (&json!("EC"), &json!("ES256")));
}
