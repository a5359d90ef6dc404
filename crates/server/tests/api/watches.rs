//! Watches: their first events, selection, bookmarks and ends (L6-L15).

use crate::client::{CONFIG_MAPS, MERGE, config_map, create, fresh, outline, send_as, watch};
use serde_json::json;

#[tokio::test(start_paused = true)]
async fn zero_begins_with_what_exists_and_a_version_after_it() {
    // L9
    let client = fresh().await;
    create(&client, CONFIG_MAPS, config_map("a")).await;
    let b = create(&client, CONFIG_MAPS, config_map("b")).await;
    let from_zero = watch(&client, &format!("{CONFIG_MAPS}?watch=1&timeoutSeconds=1&resourceVersion=0")).await;
    assert_eq!(outline(&from_zero), ["ADDED a", "ADDED b"]);
    let version = b["metadata"]["resourceVersion"].as_str().expect("a version");
    create(&client, CONFIG_MAPS, config_map("c")).await;
    let after = watch(&client, &format!("{CONFIG_MAPS}?watch=1&timeoutSeconds=1&resourceVersion={version}")).await;
    assert_eq!(outline(&after), ["ADDED c"]);
}

#[tokio::test(start_paused = true)]
async fn initial_events_end_with_a_marked_bookmark() {
    // L11, L10
    let client = fresh().await;
    create(&client, CONFIG_MAPS, config_map("a")).await;
    let path =
        format!("{CONFIG_MAPS}?watch=1&timeoutSeconds=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true");
    let events = watch(&client, &path).await;
    assert_eq!(outline(&events), ["ADDED a", "BOOKMARK "]);
    assert_eq!(events[1]["object"]["metadata"]["annotations"]["k8s.io/initial-events-end"], "true");
}

#[tokio::test(start_paused = true)]
async fn bookmarks_come_each_minute_and_before_the_end() {
    // L10
    let client = fresh().await;
    let path = format!("{CONFIG_MAPS}?watch=1&timeoutSeconds=80&allowWatchBookmarks=true&resourceVersion=0");
    let start = tokio::time::Instant::now();
    let events = watch(&client, &path).await;
    assert_eq!(start.elapsed().as_secs(), 80);
    assert_eq!(outline(&events), ["BOOKMARK "]);
    let without = watch(&client, &format!("{CONFIG_MAPS}?watch=1&timeoutSeconds=80&resourceVersion=0")).await;
    assert!(without.is_empty());
}

#[tokio::test(start_paused = true)]
async fn leaving_a_selection_is_a_deletion_of_the_old_state() {
    // L8
    let client = fresh().await;
    let mut body = config_map("a");
    body["metadata"]["labels"] = json!({"on": "yes"});
    let made = create(&client, CONFIG_MAPS, body).await;
    let version = made["metadata"]["resourceVersion"].as_str().expect("a version");
    let path = format!("{CONFIG_MAPS}/a");
    let (_, left) = send_as(&client, "PATCH", &path, json!({"metadata": {"labels": {"on": "no"}}}), MERGE).await;
    send_as(&client, "PATCH", &path, json!({"metadata": {"labels": {"on": "yes"}}}), MERGE).await;
    let path = format!("{CONFIG_MAPS}?watch=1&timeoutSeconds=1&labelSelector=on%3Dyes&resourceVersion={version}");
    let events = watch(&client, &path).await;
    assert_eq!(outline(&events), ["DELETED a", "ADDED a"]);
    assert_eq!(events[0]["object"]["metadata"]["labels"]["on"], "yes");
    assert_eq!(events[0]["object"]["metadata"]["resourceVersion"], left["metadata"]["resourceVersion"]);
}

#[tokio::test(start_paused = true)]
async fn a_version_from_the_future_is_silent() {
    // L15
    let client = fresh().await;
    let events = watch(&client, &format!("{CONFIG_MAPS}?watch=1&timeoutSeconds=3&resourceVersion=999999")).await;
    assert!(events.is_empty());
}

#[tokio::test(start_paused = true)]
async fn events_reach_a_waiting_watcher_at_once() {
    // L6
    use http_body_util::BodyExt;
    let client = fresh().await;
    let mut body = client.stream(&format!("{CONFIG_MAPS}?watch=1&timeoutSeconds=60&resourceVersion=0")).await.expect("a stream");
    let start = tokio::time::Instant::now();
    let (frame, _) = futures::join!(body.frame(), create(&client, CONFIG_MAPS, config_map("a")));
    let frame = frame.expect("a frame").expect("no error").into_data().expect("data");
    assert!(frame.starts_with(b"{\"type\":\"ADDED\""));
    assert_eq!(start.elapsed().as_millis(), 0);
}

#[tokio::test(start_paused = true)]
async fn watches_that_show_the_same_share_its_bytes() {
    // What a watcher that does not read has not taken yet is held once for all of them.
    use http_body_util::BodyExt;
    let client = fresh().await;
    let path = format!("{CONFIG_MAPS}?watch=1&timeoutSeconds=60&resourceVersion=0");
    let selecting = format!("{path}&labelSelector=a!%3Db");
    let mut lines = Vec::new();
    for path in [&path, &path, &selecting] {
        let mut body = client.stream(path).await.expect("a stream");
        if lines.is_empty() {
            create(&client, CONFIG_MAPS, config_map("a")).await;
        }
        lines.push(body.frame().await.expect("a frame").expect("no error").into_data().expect("data"));
    }
    assert!(lines.iter().all(|line| line.as_ptr() == lines[0].as_ptr()));
}

#[tokio::test(start_paused = true)]
async fn ages_are_those_of_the_moment_at_which_an_event_is_sent() {
    // N25
    let client = fresh().await;
    create(&client, CONFIG_MAPS, config_map("old")).await;
    let accept = [("Accept".to_owned(), Some("application/json;as=Table;v=v1;g=meta.k8s.io".to_owned()))];
    let path = format!("{CONFIG_MAPS}?watch=1&timeoutSeconds=60&resourceVersion=0");
    let watching = client.call("GET", &path, None, &accept);
    let writing = async {
        tokio::time::sleep(std::time::Duration::from_secs(30)).await;
        create(&client, CONFIG_MAPS, config_map("new")).await;
        send_as(&client, "PATCH", &format!("{CONFIG_MAPS}/old"), json!({"data": {"a": "b"}}), MERGE).await;
    };
    let (answer, ()) = futures::join!(watching, writing);
    let text = String::from_utf8(answer.expect("an answer").body.to_vec()).expect("text");
    let events: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).expect("a document")).collect();
    let ages: Vec<_> = events.iter().map(|event| event["object"]["rows"][0]["cells"][2].clone()).collect();
    assert_eq!(ages, ["0s", "0s", "30s"]);
    let columns: Vec<bool> = events.iter().map(|event| event["object"]["columnDefinitions"].is_array()).collect();
    assert_eq!(columns, [true, false, false]);
}
