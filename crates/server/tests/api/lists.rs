//! Lists: versions, pages, selectors (L1-L4, S1).

use crate::client::{CONFIG_MAPS, config_map, create, fresh, get, send};
use serde_json::Value;
use stead_testing::http::Client;

async fn five(client: &Client) {
    for (i, name) in ["a", "b", "c", "d", "e"].iter().enumerate() {
        let mut body = config_map(name);
        body["metadata"]["labels"]["odd"] = (i % 2).to_string().into();
        create(client, CONFIG_MAPS, body).await;
    }
}

fn names(list: &Value) -> String {
    list["items"].as_array().into_iter().flatten().filter_map(|item| item["metadata"]["name"].as_str()).collect()
}

#[tokio::test(start_paused = true)]
async fn pages_show_the_state_of_the_first_one() {
    // L4
    let client = fresh().await;
    five(&client).await;
    let (_, first) = get(&client, &format!("{CONFIG_MAPS}?limit=2")).await;
    assert_eq!((names(&first).as_str(), first["metadata"]["remainingItemCount"].as_u64()), ("ab", Some(3)));
    send(&client, "DELETE", &format!("{CONFIG_MAPS}/d"), Value::Null).await;
    create(&client, CONFIG_MAPS, config_map("bb")).await;
    let token = first["metadata"]["continue"].as_str().expect("a token");
    let (_, rest) = get(&client, &format!("{CONFIG_MAPS}?limit=9&continue={token}")).await;
    assert_eq!((names(&rest).as_str(), rest["metadata"].get("continue")), ("cde", None));
    assert_eq!(rest["metadata"]["resourceVersion"], first["metadata"]["resourceVersion"]);
}

#[tokio::test(start_paused = true)]
async fn pages_of_a_selection_hold_as_many_as_asked() {
    // L4, S1
    let client = fresh().await;
    five(&client).await;
    let (_, first) = get(&client, &format!("{CONFIG_MAPS}?limit=2&labelSelector=odd%3D0")).await;
    assert_eq!((names(&first).as_str(), first["metadata"].get("remainingItemCount")), ("ac", None));
    let token = first["metadata"]["continue"].as_str().expect("a token");
    let (_, rest) = get(&client, &format!("{CONFIG_MAPS}?limit=2&labelSelector=odd%3D0&continue={token}")).await;
    assert_eq!((names(&rest).as_str(), rest["metadata"].get("continue")), ("e", None));
}

#[tokio::test(start_paused = true)]
async fn an_exact_version_shows_the_past() {
    // L2
    let client = fresh().await;
    let made = create(&client, CONFIG_MAPS, config_map("a")).await;
    create(&client, CONFIG_MAPS, config_map("b")).await;
    let version = made["metadata"]["resourceVersion"].as_str().expect("a version");
    let (_, past) = get(&client, &format!("{CONFIG_MAPS}?resourceVersion={version}&resourceVersionMatch=Exact")).await;
    assert_eq!(names(&past), "a");
    let (_, now) = get(&client, &format!("{CONFIG_MAPS}?resourceVersion={version}")).await;
    assert_eq!(names(&now), "ab");
}

#[tokio::test(start_paused = true)]
async fn a_version_from_the_future_is_waited_for_three_seconds() {
    // L2, E10
    let client = fresh().await;
    let start = tokio::time::Instant::now();
    let (code, status) = get(&client, &format!("{CONFIG_MAPS}?resourceVersion=999999")).await;
    assert_eq!((code, status["details"]["causes"][0]["reason"].as_str()), (504, Some("ResourceVersionTooLarge")));
    assert_eq!(start.elapsed().as_secs(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_list_longer_than_one_piece_is_whole() {
    // L1
    let client = fresh().await;
    let fill = "x".repeat(100_000);
    for i in 0..8 {
        let mut body = config_map(&format!("big-{i}"));
        body["data"]["fill"] = fill.clone().into();
        create(&client, CONFIG_MAPS, body).await;
    }
    let (_, list) = get(&client, CONFIG_MAPS).await;
    assert_eq!(list["items"].as_array().map(Vec::len), Some(8));
    assert_eq!(list["items"][7]["data"]["fill"].as_str().map(str::len), Some(100_000));
    assert_eq!(list["items"][0].get("kind"), None);
}
