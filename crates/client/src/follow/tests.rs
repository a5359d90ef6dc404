use super::*;
use crate::resource::CONFIG_MAPS;
use bytes::Bytes;
use futures::StreamExt;
use http_body::Frame;
use http_body_util::{Full, StreamBody, combinators::UnsyncBoxBody};
use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use stead_api::{json, value::Access};

/// An answer whose body ends, or stays open.
fn answer(code: u16, text: String, stays_open: bool) -> http::Response<UnsyncBoxBody<Bytes, Infallible>> {
    let body = if stays_open {
        let first = futures::stream::once(async { Ok(Frame::data(Bytes::from(text))) });
        StreamBody::new(first.chain(futures::stream::pending())).boxed_unsync()
    } else {
        Full::new(Bytes::from(text)).boxed_unsync()
    };
    http::Response::builder().status(code).body(body).unwrap()
}

/// What the server answers, in order; the paths asked for are noted.
#[derive(Clone, Default)]
struct Script {
    answers: Arc<Mutex<VecDeque<(u16, String, bool)>>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Script {
    fn client(&self) -> Client {
        let script = self.clone();
        let service = tower::service_fn(move |request: http::Request<Body>| {
            let script = script.clone();
            async move {
                script.asked.lock().unwrap().push(request.uri().to_string());
                let next = script.answers.lock().unwrap().pop_front();
                let (code, text, stays_open) = next.ok_or("no connection")?;
                Ok::<_, Box<dyn std::error::Error + Send + Sync>>(answer(code, text, stays_open))
            }
        });
        Client::new(kube::Client::new(service, "default"), "test")
    }

    fn says(&self, code: u16, text: impl ToString, stays_open: bool) -> &Self {
        self.answers.lock().unwrap().push_back((code, text.to_string(), stays_open));
        self
    }
}

fn map(name: &str, version: u64) -> stead_api::Value {
    json!({"kind": "ConfigMap", "metadata": {"namespace": "d", "name": name, "uid": name, "resourceVersion": version.to_string()}})
}

fn list(version: u64, token: &str, items: &[stead_api::Value]) -> stead_api::Value {
    json!({"kind": "ConfigMapList", "metadata": {"resourceVersion": version.to_string(), "continue": token}, "items": items})
}

fn told(ty: &str, object: stead_api::Value) -> String {
    format!("{}\n", json!({"type": ty, "object": object}))
}

fn name(object: &Value) -> &str {
    object["metadata"].str("name")
}

/// A report in a few words.
fn brief(report: Report<Value>) -> String {
    let told = |what: &str, object: &Value| format!("{what} {} at {}", name(object), object["metadata"].str("resourceVersion"));
    match report {
        Report::Replaced { objects, version } => {
            let names: Vec<&str> = objects.iter().map(name).collect();
            format!("list {} at {version}", names.join(" "))
        }
        Report::Put(object) => told("put", &object),
        Report::Deleted(object) => told("deleted", &object),
        Report::Bookmark { version } => format!("bookmark {version}"),
    }
}

async fn followed(script: &Script, count: usize) -> Vec<String> {
    follow(script.client(), Scope::all(CONFIG_MAPS), Some).take(count).map(brief).collect().await
}

#[tokio::test(start_paused = true)]
async fn a_watch_is_taken_up_where_it_ended() {
    let script = Script::default();
    let lines = told("ADDED", map("b", 6)) + &told("BOOKMARK", json!({"metadata": {"resourceVersion": "8"}}));
    script.says(200, list(5, "more", &[map("a", 3)]), false).says(200, list(5, "", &[map("z", 4)]), false);
    script.says(200, lines, false).says(200, told("DELETED", map("a", 9)), true);
    assert_eq!(followed(&script, 4).await, ["list a z at 5", "put b at 6", "bookmark 8", "deleted a at 9"]);
    let asked = script.asked.lock().unwrap().clone();
    assert!(asked[1].contains("continue=more"), "{asked:?}");
    assert!(asked[2].contains("resourceVersion=5&") && asked[3].contains("resourceVersion=8&"), "{asked:?}");
}

#[tokio::test(start_paused = true)]
async fn an_expired_watch_begins_with_a_new_list() {
    let gone = json!({"kind": "Status", "code": 410, "reason": "Expired", "message": "too old resource version"});
    for expired in [(200, told("ERROR", gone.clone())), (410, gone.to_string())] {
        let script = Script::default();
        script.says(200, list(5, "", &[map("a", 3)]), false).says(expired.0, expired.1, expired.0 == 200);
        script.says(200, list(20, "", &[map("b", 19)]), false).says(200, "", true);
        assert_eq!(followed(&script, 2).await, ["list a at 5", "list b at 20"]);
    }
}

#[tokio::test(start_paused = true)]
async fn failures_are_waited_out() {
    let script = Script::default();
    script.says(500, "out of order", false).says(200, list(5, "", &[]), false).says(503, "", false);
    // A line that cannot be read breaks the watch; it goes on from what was read before.
    script.says(200, told("ADDED", map("a", 6)) + "{\n", true).says(200, told("MODIFIED", map("a", 7)), true);
    assert_eq!(followed(&script, 3).await, ["list  at 5", "put a at 6", "put a at 7"]);
    assert!(script.asked.lock().unwrap()[4].contains("resourceVersion=6&"));
}

#[tokio::test(start_paused = true)]
async fn a_success_that_is_no_list_is_not_an_empty_list() {
    let script = Script::default();
    let no_version = json!({"kind": "ConfigMapList", "metadata": {}, "items": []});
    script.says(200, "", false).says(200, "{}", false).says(200, "<html>", false).says(200, no_version, false);
    script.says(200, list(5, "more", &[map("a", 3)]), false).says(200, json!({"kind": "Status"}), false);
    script.says(200, list(6, "", &[map("a", 3)]), false).says(200, "", true);
    assert_eq!(followed(&script, 1).await, ["list a at 6"]);
}

#[tokio::test(start_paused = true)]
async fn a_silent_server_is_asked_again() {
    let script = Script::default();
    script.says(200, list(5, "", &[]), false).says(200, "", true).says(200, told("ADDED", map("a", 6)), true);
    assert_eq!(followed(&script, 2).await, ["list  at 5", "put a at 6"]);
}

#[tokio::test(start_paused = true)]
async fn what_is_forbidden_is_over_for_those_who_want_it_no_more() {
    let forbidden = json!({"kind": "Status", "code": 403, "reason": "Forbidden", "message": "no relations"});
    let script = Script::default();
    script.says(200, list(5, "", &[]), false).says(403, forbidden.clone(), false).says(403, forbidden, false);
    script.says(200, told("ADDED", map("a", 6)), true);
    // Wanted still when it is first refused.
    let asked = Arc::clone(&script.asked);
    let wanted = move || asked.lock().unwrap().len() < 3;
    let reports = follow_while_wanted(script.client(), Scope::all(CONFIG_MAPS), Some, wanted);
    assert_eq!(reports.map(brief).collect::<Vec<_>>().await, ["list  at 5"]);
    assert_eq!(script.asked.lock().unwrap().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_scope_is_part_of_both_requests() {
    let script = Script::default();
    script.says(200, list(5, "", &[]), false).says(200, told("ADDED", map("a", 6)), true);
    let scope = Scope { field_selector: "spec.nodeName!=".to_owned(), ..Scope::all(CONFIG_MAPS) };
    follow(script.client(), scope, Some).take(2).map(brief).collect::<Vec<_>>().await;
    let asked = script.asked.lock().unwrap().clone();
    assert!(asked.len() == 2 && asked.iter().all(|path| path.contains("&fieldSelector=spec.nodeName%21%3D")), "{asked:?}");
}
