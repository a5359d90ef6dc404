//! Protobuf answers (N2, N10, N20, N26): they say what the JSON answers say.

use crate::client::{CONFIG_MAPS, config_map, create, fresh, get};
use serde_json::{Value, json};
use stead_api::schema::walker;
use stead_api::wire::{json::TypeMeta, protobuf};
use stead_testing::http::{Answer, Client};

const PROTOBUF: &str = "application/vnd.kubernetes.protobuf";

async fn asked(client: &Client, method: &str, path: &str, accept: &str) -> Answer {
    client.call(method, path, None, &[("Accept".to_owned(), Some(accept.to_owned()))]).await.expect("an answer")
}

fn content_type(answer: &Answer) -> &str {
    answer.header("content-type").expect("a type")
}

/// A body as JSON.
fn read(body: &[u8]) -> Value {
    let (_, value) = protobuf::decode_body(body).expect("a body");
    value
}

/// JSON as a reader of protobuf would have it: without the zeros that only JSON shows.
fn canonical(mut value: Value) -> Value {
    let (api_version, kind) = (value["apiVersion"].as_str().expect("a version"), value["kind"].as_str().expect("a kind"));
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    let ty = stead_api::schema::by_gvk(group, version, kind).expect("a type");
    walker::canonical(ty, &mut value);
    value
}

/// The events of a watch: their types and objects.
fn events(mut stream: &[u8]) -> Vec<(String, Value)> {
    let mut events = Vec::new();
    while let Some((length, rest)) = stream.split_first_chunk() {
        let (frame, rest) = rest.split_at(u32::from_be_bytes(*length) as usize);
        let (happening, object) = field(frame, 1);
        let (raw, end) = field(object, 2);
        let (body, raw_end) = field(raw, 1);
        assert!(end.is_empty() && raw_end.is_empty());
        events.push((String::from_utf8(happening.to_vec()).expect("text"), read(body)));
        stream = rest;
    }
    events
}

/// A field that has a length, and what comes after it.
fn field(message: &[u8], tag: u8) -> (&[u8], &[u8]) {
    assert_eq!(message[0], tag << 3 | 2);
    let digits = message[1..].iter().take_while(|byte| **byte >= 0x80).count() + 1;
    let length = message[1..=digits].iter().rev().fold(0, |length, byte| length << 7 | usize::from(byte & 0x7f));
    message[1 + digits..].split_at(length)
}

#[tokio::test(start_paused = true)]
async fn objects_and_lists_are_the_same_in_both() {
    // N2, N10
    let client = fresh().await;
    for name in ["a", "b"] {
        let mut map = config_map(name);
        map["data"] = json!({"k": "v", "empty": ""});
        map["binaryData"] = json!({"b": "AAEC"});
        create(&client, CONFIG_MAPS, map).await;
    }
    for path in [format!("{CONFIG_MAPS}/a"), CONFIG_MAPS.to_owned(), "/api/v1/nodes".to_owned(), "/api/v1/namespaces/default".to_owned()] {
        let (_, as_json) = get(&client, &path).await;
        let answer = asked(&client, "GET", &path, &format!("{PROTOBUF}, application/json")).await;
        assert_eq!((answer.code, content_type(&answer)), (200, PROTOBUF));
        assert_eq!(canonical(read(&answer.body)), canonical(as_json), "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_long_list_comes_in_pieces_that_make_one_message() {
    let client = fresh().await;
    for number in 0..40 {
        let mut map = config_map(&format!("a{number}"));
        map["data"] = json!({"k": "v".repeat(10_000)});
        create(&client, CONFIG_MAPS, map).await;
    }
    let answer = asked(&client, "GET", CONFIG_MAPS, PROTOBUF).await;
    assert_eq!(read(&answer.body)["items"].as_array().map(Vec::len), Some(40));
}

#[tokio::test(start_paused = true)]
async fn a_watch_tells_in_frames() {
    // L6, L10, N14
    let client = fresh().await;
    create(&client, CONFIG_MAPS, config_map("a")).await;
    let path = format!(
        "{CONFIG_MAPS}?watch=1&timeoutSeconds=1&fieldSelector=metadata.name%3Da&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan"
    );
    let answer = asked(&client, "GET", &path, PROTOBUF).await;
    assert_eq!(content_type(&answer), "application/vnd.kubernetes.protobuf;stream=watch");
    let seen = events(&answer.body);
    let outline: Vec<_> = seen.iter().map(|(ty, object)| (ty.as_str(), object["metadata"]["name"].as_str().unwrap_or_default())).collect();
    assert_eq!(outline[..2], [("ADDED", "a"), ("BOOKMARK", "")]);
    assert_eq!(seen[1].1["metadata"]["annotations"]["k8s.io/initial-events-end"], "true");
    // The same happening, asked for as JSON, is JSON.
    let lines = crate::client::watch(&client, &path).await;
    assert_eq!(lines[0]["object"]["metadata"]["name"], "a");
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_a_status_in_either() {
    // E1
    let client = fresh().await;
    let answer = asked(&client, "GET", &format!("{CONFIG_MAPS}/none"), PROTOBUF).await;
    assert_eq!((answer.code, content_type(&answer)), (404, PROTOBUF));
    let status = read(&answer.body);
    assert_eq!((status["code"].as_i64(), status["reason"].as_str()), (Some(404), Some("NotFound")));
    assert_eq!(status["details"]["name"], "none");
}

#[tokio::test(start_paused = true)]
async fn a_table_is_json_and_metadata_is_either() {
    // N3, N20, N26
    let client = fresh().await;
    create(&client, CONFIG_MAPS, config_map("a")).await;
    let path = format!("{CONFIG_MAPS}/a");
    let table = format!("{PROTOBUF};as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1;g=meta.k8s.io");
    assert_eq!(content_type(&asked(&client, "GET", &path, &table).await), "application/json");
    let answer = asked(&client, "GET", &path, &format!("{PROTOBUF};as=PartialObjectMetadata;v=v1;g=meta.k8s.io")).await;
    assert_eq!(content_type(&answer), PROTOBUF);
    let envelope = protobuf::envelope(&answer.body).expect("a body");
    let named = TypeMeta { api_version: "meta.k8s.io/v1".to_owned(), kind: "PartialObjectMetadata".to_owned() };
    assert_eq!(envelope.type_meta, named);
}
