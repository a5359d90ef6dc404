//! The requests of the golden cases with something in their bodies broken: whatever comes, the server answers.

use super::case::{Case, Saved, fill, load, namespace, perform};
use super::{folder, runtime};
use crate::environment::virtual_time;
use crate::http::Client;
use serde_json::{Value, json};
use stead_server::{Environment, VirtualTime};

/// Every so manieth case is used.
const SHARE: usize = 5;
const SEED: u64 = 7;

/// A value so deep.
fn nested(depth: u64) -> Value {
    (0..depth).fold(json!(1), |inner, level| if level % 3 == 0 { json!([inner]) } else { json!({"f:a": inner}) })
}

/// Replaces, removes or doubles one place in a value.
fn mutilate(value: &mut Value, chance: &VirtualTime) {
    let pick = |n: usize| usize::try_from(chance.random(n as u64)).unwrap();
    let deeper = chance.random(4) > 0;
    match value {
        Value::Object(members) if deeper && !members.is_empty() => {
            let name = members.keys().nth(pick(members.len())).cloned().unwrap();
            if chance.random(8) == 0 {
                members.shift_remove(&name);
            } else {
                mutilate(&mut members[&name], chance);
            }
        }
        Value::Array(items) if deeper && !items.is_empty() => {
            let index = pick(items.len());
            match chance.random(8) {
                0 => drop(items.remove(index)),
                1 => items.push(items[index].clone()),
                _ => mutilate(&mut items[index], chance),
            }
        }
        other => {
            let replacements = [
                json!(null),
                json!(""),
                json!("x"),
                json!("-1"),
                json!("ü\u{1f600}"),
                json!(-1),
                json!(0),
                json!(1.5),
                json!(i64::MAX),
                json!(true),
                json!([]),
                json!([null]),
                json!([{}]),
                json!({}),
                json!({"a": {"b": []}}),
                json!({"$patch": "delete"}),
                json!("2026-01-02T03:04:05Z"),
                json!("99999999999999999999"),
                json!("1e400"),
                json!({"": null}),
                nested(chance.random(200)),
            ];
            *other = replacements[pick(replacements.len())].clone();
        }
    }
}

/// The same path as a dry run.
fn dry(path: &str) -> String {
    let mark = if path.contains('?') { '&' } else { '?' };
    format!("{path}{mark}dryRun=All")
}

/// What was not answered when the steps were done, each after a mutilated dry run of itself.
async fn unanswered(client: &Client, chance: &VirtualTime, case: &Case, number: usize) -> Vec<String> {
    let ns = namespace(client, number).await.unwrap();
    let (mut saved, mut out) = (Saved::new(), Vec::new());
    for (index, step) in case.steps.iter().enumerate() {
        let method = step["do"].as_str().unwrap_or_default();
        let sendable = (fill(&step["path"], &ns, &saved), fill(&step["body"], &ns, &saved));
        if let (Ok(path), Ok(mut body)) = sendable
            && (body.is_object() || body.is_array())
            && method != "WATCH"
        {
            let headers = step["headers"].as_object().into_iter().flatten();
            let headers: Vec<_> = headers.map(|(name, value)| (name.clone(), value.as_str().map(str::to_owned))).collect();
            for _ in 0..=chance.random(2) {
                mutilate(&mut body, chance);
            }
            let path = dry(path.as_str().unwrap_or_default());
            if let Err(error) = client.call(method, &path, Some(body.to_string().into()), &headers).await {
                out.push(format!("{}/{} step {index}: {method} {path} {body}: {error:#}", case.area, case.name));
            }
        }
        if perform(client, step, &ns, &mut saved, &[]).await.is_err() {
            out.push(format!("{}/{} step {index}", case.area, case.name));
        }
    }
    out
}

#[test]
fn mutilated_requests_are_answered() {
    runtime().unwrap().block_on(async {
        let chance = virtual_time(SEED);
        let client = Client::fresh(1).await.unwrap();
        let mut wrong = Vec::new();
        for (number, case) in load(&folder().join("cases")).unwrap().iter().enumerate().filter(|(n, _)| n % SHARE == 0) {
            wrong.extend(unanswered(&client, &chance, case, number).await);
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    });
}
