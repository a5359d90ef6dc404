//! What a watch tells adds up: its events, applied to the state at its start, give the state at its end (L7, L8).

use crate::client::{CONFIG_MAPS, MERGE, config_map, create, fresh, get, send, send_as, watch};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use stead_testing::http::Client;

const NAMES: [&str; 3] = ["a", "b", "c"];

/// A step of a random history.
#[derive(Debug, Clone)]
enum Step {
    Create(usize, bool),
    Label(usize, bool),
    Data(usize, u8),
    Hold(usize),
    Release(usize),
    Delete(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let which = 0..NAMES.len();
    prop_oneof![
        (which.clone(), any::<bool>()).prop_map(|(i, on)| Step::Create(i, on)),
        (which.clone(), any::<bool>()).prop_map(|(i, on)| Step::Label(i, on)),
        (which.clone(), 0u8..3).prop_map(|(i, k)| Step::Data(i, k)),
        which.clone().prop_map(Step::Hold),
        which.clone().prop_map(Step::Release),
        which.prop_map(Step::Delete),
    ]
}

async fn perform(client: &Client, step: &Step) {
    let patch = |i: usize, body: Value| async move { send_as(client, "PATCH", &format!("{CONFIG_MAPS}/{}", NAMES[i]), body, MERGE).await };
    let label = |on: bool| if on { "yes" } else { "no" };
    match step {
        Step::Create(i, on) => {
            let mut body = config_map(NAMES[*i]);
            body["metadata"]["labels"] = json!({"on": label(*on)});
            send(client, "POST", CONFIG_MAPS, body).await
        }
        Step::Label(i, on) => patch(*i, json!({"metadata": {"labels": {"on": label(*on)}}})).await,
        Step::Data(i, k) => patch(*i, json!({"data": {"k": k.to_string()}})).await,
        Step::Hold(i) => patch(*i, json!({"metadata": {"finalizers": ["example.com/f"]}})).await,
        Step::Release(i) => patch(*i, json!({"metadata": {"finalizers": null}})).await,
        Step::Delete(i) => send(client, "DELETE", &format!("{CONFIG_MAPS}/{}", NAMES[*i]), Value::Null).await,
    };
}

/// What a client of this watch believes to exist: name to version.
fn believed(events: &[Value]) -> BTreeMap<String, String> {
    let mut state = BTreeMap::new();
    let mut newest = 0;
    for event in events {
        let meta = &event["object"]["metadata"];
        let text = |name: &str| meta[name].as_str().unwrap_or_default().to_owned();
        let (name, version) = (text("name"), text("resourceVersion"));
        let number: u64 = version.parse().expect("a number");
        let known = match event["type"].as_str() {
            Some("ADDED") => state.insert(name.clone(), version).map_or(Ok(()), |_| Err("added twice")),
            Some("MODIFIED") => state.insert(name.clone(), version).map(drop).ok_or("modified before it was added"),
            Some("DELETED") => state.remove(&name).map(drop).ok_or("deleted before it was added"),
            _ => Err("no such type"),
        };
        assert_eq!(known, Ok(()), "{name} in {events:?}");
        // The synthetic events of the start come in the order of names.
        if event["type"] != "ADDED" {
            assert!(number > newest, "versions only grow: {events:?}");
        }
        newest = newest.max(number);
    }
    state
}

async fn listed(client: &Client, query: &str) -> BTreeMap<String, String> {
    let (_, list) = get(client, &format!("{CONFIG_MAPS}?{query}")).await;
    let text = |item: &Value, name: &str| item["metadata"][name].as_str().unwrap_or_default().to_owned();
    list["items"].as_array().into_iter().flatten().map(|item| (text(item, "name"), text(item, "resourceVersion"))).collect()
}

async fn history_adds_up(before: Vec<Step>, after: Vec<Step>) {
    let client = fresh().await;
    for step in &before {
        perform(&client, step).await;
    }
    for selector in ["", "labelSelector=on%3Dyes", "fieldSelector=metadata.name%3Db"] {
        let path = format!("{CONFIG_MAPS}?watch=1&timeoutSeconds=1&resourceVersion=0&{selector}");
        let (events, ()) = futures::join!(watch(&client, &path), async {
            for step in &after {
                perform(&client, step).await;
            }
        });
        assert_eq!(believed(&events), listed(&client, selector).await, "{selector}");
    }
    create(&client, CONFIG_MAPS, config_map("still-alive")).await;
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn events_add_up_to_the_state(before in prop::collection::vec(step(), 0..6), after in prop::collection::vec(step(), 0..12)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime");
        runtime.block_on(history_adds_up(before, after));
    }
}
