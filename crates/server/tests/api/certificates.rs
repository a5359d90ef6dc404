//! Requests for certificates: who asks, who may approve, who may sign.

use crate::client::{MERGE, create, fresh, get, send};
use bytes::Bytes;
use serde_json::{Value, json};
use stead_testing::http::Client;

const REQUESTS: &str = "/apis/certificates.k8s.io/v1/certificatesigningrequests";
const RBAC: &str = "/apis/rbac.authorization.k8s.io/v1";
/// `openssl req -new -subj /CN=j` with a key of Ed25519.
const REQUEST: &str = "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlHTE1EOENBUUF3RERFS01BZ0dBMVVFQXd3QmFqQXFNQVVHQXl0bGNBTWhBS1p3V2RHTTZQeW1kSVkxalNHMQpWTmpuSlIwaEJnMzhzbEJnOFpmNXh4RDZvQUF3QlFZREsyVndBMEVBT0o3bHJOa0hFdFYwbWcyTk94LzN0ZEVsCnptWjhHWEY0aWRoNVJrQk56cFJnSDU0QnQ3WmtwZlgydi9uMjd6aWNiSnZidzFaMFgybERTRHptaUdQUUJnPT0KLS0tLS1FTkQgQ0VSVElGSUNBVEUgUkVRVUVTVC0tLS0tCg==";
/// The same of `/O=system:masters/CN=j`.
const OF_MASTERS: &str = "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlHa01GZ0NBUUF3SlRFWE1CVUdBMVVFQ2d3T2MzbHpkR1Z0T20xaGMzUmxjbk14Q2pBSUJnTlZCQU1NQVdvdwpLakFGQmdNclpYQURJUUNtY0ZuUmpPajhwblNHTlkwaHRWVFk1eVVkSVFZTi9MSlFZUEdYK2NjUStxQUFNQVVHCkF5dGxjQU5CQURFMlJCSEpnRWYxc21taGwwdXBGaDNoSytlNkVYRktLOEsvK1F4bXpmTXA0eCtWT1d6U01zMGQKdFU2bkhnS2dudDVWVmNQeDZ4Q1FWbVVUQjdWOTZnbz0KLS0tLS1FTkQgQ0VSVElGSUNBVEUgUkVRVUVTVC0tLS0tCg==";
/// `-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`
const CERTIFICATE: &str = "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCkFBQUEKLS0tLS1FTkQgQ0VSVElGSUNBVEUtLS0tLQo=";

async fn patch_as_jane(client: &Client, path: &str, status: Value) -> (u16, Value) {
    let headers = [("Content-Type".to_owned(), Some(MERGE.to_owned())), ("Impersonate-User".to_owned(), Some("jane".to_owned()))];
    let body = Bytes::from(json!({ "status": status }).to_string());
    let answer = client.call("PATCH", path, Some(body), &headers).await.expect("an answer");
    (answer.code, answer.json())
}

async fn grant_jane(client: &Client, name: &str, verbs: &[&str], resources: &[&str], names: &[&str]) {
    let mut rule = json!({"apiGroups": ["certificates.k8s.io"], "resources": resources, "verbs": verbs});
    if !names.is_empty() {
        rule["resourceNames"] = json!(names);
    }
    create(client, &format!("{RBAC}/clusterroles"), json!({"metadata": {"name": name}, "rules": [rule]})).await;
    let subjects = json!([{"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": "jane"}]);
    let role = json!({"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name});
    create(client, &format!("{RBAC}/clusterrolebindings"), json!({"metadata": {"name": name}, "subjects": subjects, "roleRef": role}))
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_signer_has_those_who_approve_and_those_who_sign() {
    // M10
    let client = fresh().await;
    let spec = json!({"request": REQUEST, "signerName": "example.com/signer", "usages": ["client auth"], "username": "somebody else"});
    let made = create(&client, REQUESTS, json!({"metadata": {"name": "r"}, "spec": spec})).await;
    assert_eq!((&made["spec"]["username"], &made["status"]), (&json!("admin"), &json!({})));
    grant_jane(&client, "writer", &["patch"], &["certificatesigningrequests/approval", "certificatesigningrequests/status"], &[]).await;
    let (approval, status) = (format!("{REQUESTS}/r/approval"), format!("{REQUESTS}/r/status"));
    let approved = json!({"conditions": [{"type": "Approved", "status": "True"}]});
    let (code, refusal) = patch_as_jane(&client, &approval, approved.clone()).await;
    let why = "certificatesigningrequests.certificates.k8s.io \"r\" is forbidden: user not permitted to approve requests with signerName \
               \"example.com/signer\"";
    assert_eq!((code, refusal["message"].as_str()), (403, Some(why)));
    grant_jane(&client, "approver", &["approve"], &["signers"], &["example.com/*"]).await;
    assert_eq!(patch_as_jane(&client, &approval, approved).await.0, 200);
    assert_eq!(patch_as_jane(&client, &status, json!({"certificate": CERTIFICATE})).await.0, 403);
    grant_jane(&client, "signer", &["sign"], &["signers"], &["example.com/signer"]).await;
    assert_eq!(patch_as_jane(&client, &status, json!({"certificate": CERTIFICATE})).await.0, 200);
    let stored = get(&client, &format!("{REQUESTS}?fieldSelector=spec.signerName=example.com/signer")).await.1;
    let status = &stored["items"][0]["status"];
    assert_eq!((&status["certificate"], &status["conditions"][0]["type"]), (&json!(CERTIFICATE), &json!("Approved")));
    assert!(status["conditions"][0]["lastUpdateTime"].is_string());
}

#[tokio::test(start_paused = true)]
async fn nobody_asks_for_a_certificate_of_the_administrators() {
    // M10
    let client = fresh().await;
    let request = |signer: &str, request: &str| json!({"metadata": {"name": "r"}, "spec": {"request": request, "signerName": signer, "usages": ["client auth"]}});
    let refused = send(&client, "POST", REQUESTS, request("kubernetes.io/kube-apiserver-client", OF_MASTERS)).await;
    let why = "certificatesigningrequests.certificates.k8s.io \"r\" is forbidden: use of kubernetes.io/kube-apiserver-client signer with \
               system:masters group is not allowed";
    assert_eq!((refused.0, refused.1["message"].as_str()), (403, Some(why)));
    assert_eq!(send(&client, "POST", REQUESTS, request("example.com/signer", OF_MASTERS)).await.0, 201);
    let nothing = "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KQUFBQQotLS0tLUVORCBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0K";
    let refused = send(&client, "POST", REQUESTS, request("kubernetes.io/kube-apiserver-client", nothing)).await;
    assert_eq!(refused.0, 422, "{}", refused.1);
    assert!(refused.1["message"].as_str().unwrap().contains("spec.request: Invalid value"), "{}", refused.1);
}
