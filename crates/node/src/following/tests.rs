//! What is followed, against an API of the test's own and under virtual time.

use super::*;
use bytes::Bytes;
use futures::stream;
use http::{Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt, Full, StreamBody, combinators::UnsyncBoxBody};
use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};
use stead_api::json;
use stead_client::resource::PERSISTENT_VOLUME_CLAIMS;

type Answer = Response<UnsyncBoxBody<Bytes, Infallible>>;

/// How its watches go.
#[derive(Clone, Copy)]
enum Watches {
    /// For ever, with a bookmark each half minute.
    Last,
    /// The first ends after so long, and no other is allowed.
    EndForbidden(Duration),
}

/// An API that has the claim `c`, and how many watches it was asked for.
fn api(watches: Watches) -> (Client, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let service = tower::service_fn(move |request: Request<kube::client::Body>| {
        let is_watch = request.uri().query().is_some_and(|query| query.contains("watch=true"));
        let before = if is_watch { counted.fetch_add(1, Ordering::Relaxed) } else { 0 };
        let answer = match (is_watch, watches) {
            (false, _) => whole(200, &list()),
            (true, Watches::Last) => Response::new(StreamBody::new(stream::unfold((), bookmark)).boxed_unsync()),
            (true, Watches::EndForbidden(after)) if before == 0 => {
                Response::new(StreamBody::new(stream::once(tokio::time::sleep(after)).filter_map(async |()| None)).boxed_unsync())
            }
            (true, Watches::EndForbidden(_)) => {
                whole(403, &json!({"kind": "Status", "code": 403, "reason": "Forbidden", "message": "no relations"}))
            }
        };
        std::future::ready(Ok::<Answer, Infallible>(answer))
    });
    (Client::new(kube::Client::new(service, "default"), "kubelet"), asked)
}

fn whole(code: u16, body: &Value) -> Answer {
    Response::builder().status(code).body(Full::new(Bytes::from(body.to_string())).boxed_unsync()).expect("it is well formed")
}

fn list() -> Value {
    let claim = json!({"metadata": {"namespace": "d", "name": "c", "uid": "u", "resourceVersion": "3"}});
    json!({"kind": "PersistentVolumeClaimList", "metadata": {"resourceVersion": "5"}, "items": [claim]})
}

async fn bookmark((): ()) -> Option<(Result<Frame<Bytes>, Infallible>, ())> {
    tokio::time::sleep(Duration::from_secs(30)).await;
    let line = json!({"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": "6"}}});
    Some((Ok(Frame::data(Bytes::from(format!("{line}\n")))), ()))
}

/// Uses the claim until it is known, then no more; gives how long it was followed after that, if it was not longer than `limit`.
async fn followed_on(watches: Watches, limit: Duration) -> (Option<Duration>, usize) {
    let (client, asked) = api(watches);
    let (following, follower) = following(client);
    let key = Key::new("d", "c");
    let used = async {
        let mut claim = following.follow(PERSISTENT_VOLUME_CLAIMS, key.clone()).unwrap();
        assert!(claim.object().await.unwrap().is_some());
        drop(claim);
        let began = tokio::time::Instant::now();
        let forgotten = async {
            while following.sender(&(PERSISTENT_VOLUME_CLAIMS, key.clone())).is_some() {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        tokio::time::timeout(limit, forgotten).await.ok().map(|()| began.elapsed())
    };
    tokio::select! {
        () = follower.run() => unreachable!("something can still be asked for"),
        followed = used => (followed, asked.load(Ordering::Relaxed)),
    }
}

#[tokio::test(start_paused = true)]
async fn an_object_is_forgotten_a_while_after_its_last_pod_whatever_the_watch_says() {
    // VOL-9
    let (followed, _) = followed_on(Watches::Last, 10 * LINGER).await;
    assert!(followed.is_some_and(|followed| (LINGER..LINGER + Duration::from_secs(1)).contains(&followed)), "{followed:?}");
}

#[tokio::test(start_paused = true)]
async fn what_no_pod_uses_and_may_no_longer_be_watched_is_forgotten_at_once() {
    // VOL-9
    let (followed, asked) = followed_on(Watches::EndForbidden(LINGER / 4), LINGER).await;
    assert!(followed.is_some_and(|followed| followed < LINGER / 2), "{followed:?}");
    assert_eq!(asked, 2, "it is not asked again");
}
