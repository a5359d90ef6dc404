//! One user asks for more than can be done: others are served, and what the one has is bounded.

use crate::client::{CONFIG_MAPS, config_map, create, fresh, send};
use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use http_body_util::{BodyExt, Empty};
use serde_json::{Value, json};
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use stead_server::{Body, Identity};
use stead_testing::http::Client;
use tokio::task::JoinSet;
use tower::Service;

const BINDINGS: &str = "/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings";
/// So many are to be served.
const WATCHES: usize = 5_000;

/// Lets somebody change what is in the namespace.
async fn let_in(client: &Client, user: &str) {
    let group = "rbac.authorization.k8s.io";
    let binding = json!({"metadata": {"name": user}, "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"kind": "User", "apiGroup": group, "name": user}]});
    create(client, BINDINGS, binding).await;
}

async fn ask(client: &Client, user: &str, path: &str) -> http::Response<Body> {
    let empty = Empty::<Bytes>::new().map_err(|never| match never {}).boxed_unsync();
    let mut request = http::Request::get(path).body(empty).expect("a request");
    request.extensions_mut().insert(Identity { user: user.to_owned(), ..Identity::default() });
    client.server().service().call(request).await.expect("an answer")
}

async fn first_event(watch: &mut Body) -> Value {
    let frame = watch.frame().await.expect("an event").expect("the watch goes on");
    serde_json::from_slice(&frame.into_data().expect("data")).expect("JSON")
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_watches_is_bounded_and_keeps_nobody_out() {
    let client = fresh().await;
    let_in(&client, "eve").await;
    let_in(&client, "bob").await;
    let path = format!("{CONFIG_MAPS}?watch=true&resourceVersion=0&fieldSelector=metadata.name=seen");
    let mut watches = Vec::new();
    let refused = loop {
        let answer = ask(&client, "eve", &path).await;
        if answer.status() != 200 {
            break answer;
        }
        watches.push(answer.into_body());
        assert!(watches.len() < 10 * WATCHES, "there is no bound");
    };
    assert!(watches.len() >= WATCHES, "{}", watches.len());
    let code = refused.status();
    let body = refused.into_body().collect().await.expect("a body").to_bytes();
    let status: Value = serde_json::from_slice(&body).expect("JSON");
    assert_eq!((code.as_u16(), status["reason"].as_str()), (429, Some("TooManyRequests")));
    // Others watch and write, and so does eve.
    let mut of_bob = ask(&client, "bob", &path).await.into_body();
    assert_eq!(ask(&client, "eve", CONFIG_MAPS).await.status(), 200);
    assert_eq!(send(&client, "POST", CONFIG_MAPS, config_map("seen")).await.0, 201);
    for watch in watches.iter_mut().chain([&mut of_bob]) {
        assert_eq!(first_event(watch).await["object"]["metadata"]["name"], "seen");
    }
    // A watch that ends makes room for another.
    drop(watches.pop());
    assert_eq!(ask(&client, "eve", &path).await.status(), 200);
}

#[tokio::test(start_paused = true)]
async fn what_thousands_of_watches_have_to_show_does_not_come_before_the_requests_of_others() {
    let client = fresh().await;
    let_in(&client, "eve").await;
    let_in(&client, "bob").await;
    let (shown, mut showing) = (Arc::new(AtomicUsize::new(0)), JoinSet::new());
    for _ in 0..WATCHES {
        let mut watch = ask(&client, "eve", &format!("{CONFIG_MAPS}?watch=true")).await.into_body();
        let shown = shown.clone();
        showing.spawn(async move {
            first_event(&mut watch).await;
            shown.fetch_add(1, Ordering::Relaxed);
        });
    }
    // All wait for a change, and are woken by this one.
    tokio::task::yield_now().await;
    create(&client, CONFIG_MAPS, config_map("seen")).await;
    let of_bob = tokio::spawn(async move { ask(&client, "bob", CONFIG_MAPS).await.status() });
    assert_eq!(of_bob.await.expect("an answer"), 200);
    let shown_before = shown.load(Ordering::Relaxed);
    assert!(shown_before < 100, "{shown_before}");
    while showing.join_next().await.is_some() {}
    assert_eq!(shown.load(Ordering::Relaxed), WATCHES);
}

/// A request that holds a seat: its body does not come.
fn stalled(client: &Client, user: &str) -> BoxFuture<'static, Result<http::Response<Body>, Infallible>> {
    let body = http_body_util::StreamBody::new(futures::stream::pending::<Result<http_body::Frame<Bytes>, std::io::Error>>());
    let mut request = http::Request::post(CONFIG_MAPS).body(body.boxed_unsync()).expect("a request");
    request.extensions_mut().insert(Identity { user: user.to_owned(), ..Identity::default() });
    client.server().service().call(request)
}

/// Lets requests go on until each has been in a round; none is answered.
fn seated(held: &mut [BoxFuture<'static, Result<http::Response<Body>, Infallible>>]) {
    for _ in 0..held.len() {
        assert!(held.iter_mut().all(|request| request.now_or_never().is_none()));
    }
}

/// What a request is answered that waits for nothing but the end of a round.
fn at_once(asked: impl Future<Output = http::Response<Body>>) -> u16 {
    let mut asked = std::pin::pin!(asked);
    let answer = asked.as_mut().now_or_never().or_else(|| asked.now_or_never());
    answer.expect("it need not wait").status().as_u16()
}

// A13
#[tokio::test(start_paused = true)]
async fn a_list_takes_seats_for_what_there_is() {
    /// What one user may have.
    const SEATS: usize = 48;
    let client = fresh().await;
    let_in(&client, "eve").await;
    let mut held: Vec<_> = (1..SEATS).map(|_| stalled(&client, "eve")).collect();
    seated(&mut held);
    // One seat is left, which is enough for a list of little.
    let list = || Box::pin(ask(&client, "eve", CONFIG_MAPS));
    assert_eq!(at_once(list()), 200);
    for n in 0..3 {
        let mut large = config_map(&format!("large-{n}"));
        large["data"] = json!({"k": "x".repeat(60_000)});
        create(&client, CONFIG_MAPS, large).await;
    }
    let mut waiting = list();
    assert!(futures::poll!(&mut waiting).is_pending(), "two seats are not free");
    drop(held.pop());
    assert_eq!(waiting.await.status(), 200);
    // A page of it takes one.
    held.push(stalled(&client, "eve"));
    seated(&mut held);
    let page = format!("{CONFIG_MAPS}?limit=1");
    assert_eq!(at_once(ask(&client, "eve", &page)), 200);
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_requests_is_refused_and_keeps_nobody_waiting() {
    let client = fresh().await;
    let_in(&client, "eve").await;
    let_in(&client, "bob").await;
    let flood = futures::stream::FuturesUnordered::new();
    let mut refused = 0;
    for _ in 0..5_000 {
        let mut answer = stalled(&client, "eve");
        match futures::poll!(&mut answer) {
            std::task::Poll::Pending => flood.push(answer),
            std::task::Poll::Ready(answer) => {
                assert_eq!(answer.expect("an answer").status(), 429);
                refused += 1;
            }
        }
    }
    assert!(refused > 3_000, "{refused}");
    for _ in 0..10 {
        assert_eq!(ask(&client, "bob", CONFIG_MAPS).await.status(), 200);
    }
    // Their time is up in the end, and eve is served again.
    let codes: Vec<u16> =
        futures::StreamExt::collect::<Vec<_>>(flood).await.into_iter().map(|answer| answer.expect("an answer").status().as_u16()).collect();
    assert!(codes.iter().all(|code| *code == 504), "{codes:?}");
    assert_eq!(ask(&client, "eve", CONFIG_MAPS).await.status(), 200);
}
