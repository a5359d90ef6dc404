//! Kinds that come and go while the server runs, in several versions.

use crate::client::{create, fresh, get, outline, send, watch};
use serde_json::{Value, json};
use std::sync::Arc;
use stead_api::kinds::config_map::CONFIG_MAP;
use stead_api::registry::{Form, Hooks, HooksRef, Kind, StoredAs};

/// A kind whose version v1 keeps in `data.size` what v1beta1 has in `data.length`. Its schema is a ConfigMap's.
#[derive(Debug)]
struct Rope;

impl Hooks for Rope {
    fn convert(&self, object: &mut Value, to: Form) {
        let (from, into) = if to == Form::Stored { ("length", "size") } else { ("size", "length") };
        if let Some(data) = object["data"].as_object_mut()
            && let Some(value) = data.shift_remove(from)
        {
            data.insert(into.to_owned(), value);
        }
    }
}

fn rope(version: &'static str, stored_as: Option<StoredAs>) -> Kind {
    Kind {
        group: "example.com",
        version,
        kind: "Rope",
        plural: "ropes",
        singular: "rope",
        short_names: &[],
        stored_as,
        hooks: HooksRef::Shared(Arc::new(Rope)),
        ..CONFIG_MAP.clone()
    }
}

const V1: &str = "/apis/example.com/v1/namespaces/default/ropes";
const V1BETA1: &str = "/apis/example.com/v1beta1/namespaces/default/ropes";

#[tokio::test(start_paused = true)]
async fn a_kind_is_served_once_its_row_is_there_and_no_longer_than_that() {
    let client = fresh().await;
    let body = json!({"metadata": {"name": "r"}, "data": {"size": "5"}});
    assert_eq!(send(&client, "POST", V1, body.clone()).await.0, 404);
    client.server().set_kind(rope("v1", None));
    create(&client, V1, body).await;
    let groups = get(&client, "/apis").await.1;
    assert!(groups["groups"].as_array().into_iter().flatten().any(|group| group["name"] == "example.com"), "{groups}");
    let documents = get(&client, "/openapi/v3").await.1;
    assert!(documents["paths"].get("apis/example.com/v1").is_some(), "{documents}");
    client.server().remove_kind(&rope("v1", None));
    assert_eq!(get(&client, &format!("{V1}/r")).await.0, 404);
    client.server().remove_kind(&CONFIG_MAP);
    assert_eq!(get(&client, crate::client::CONFIG_MAPS).await.0, 200, "built-in rows stay");
}

#[tokio::test(start_paused = true)]
async fn an_object_is_read_and_written_in_every_version_and_stored_in_one() {
    let client = fresh().await;
    client.server().set_kind(rope("v1", None));
    client.server().set_kind(rope("v1beta1", Some(StoredAs { group: "example.com", version: "v1", schema: CONFIG_MAP.schema })));
    let made = create(&client, V1BETA1, json!({"metadata": {"name": "r"}, "data": {"length": "5"}})).await;
    assert_eq!((&made["apiVersion"], &made["data"]), (&json!("example.com/v1beta1"), &json!({"length": "5"})));
    let read = get(&client, &format!("{V1}/r")).await.1;
    assert_eq!((&read["apiVersion"], &read["data"]), (&json!("example.com/v1"), &json!({"size": "5"})));

    let merge = crate::client::MERGE;
    let (code, patched) = crate::client::send_as(&client, "PATCH", &format!("{V1BETA1}/r"), json!({"data": {"length": "6"}}), merge).await;
    assert_eq!((code, &patched["data"]), (200, &json!({"length": "6"})));
    let list = get(&client, V1).await.1;
    assert_eq!(list["items"][0]["data"], json!({"size": "6"}));
    let list = get(&client, V1BETA1).await.1;
    assert_eq!((&list["apiVersion"], &list["items"][0]["data"]), (&json!("example.com/v1beta1"), &json!({"length": "6"})));
    let events = watch(&client, &format!("{V1BETA1}?watch=1&timeoutSeconds=1")).await;
    assert_eq!(outline(&events), ["ADDED r"]);
    assert_eq!(events[0]["object"]["data"], json!({"length": "6"}));
}
