//! Changed requests to a whole server in process: none may panic, and every answer has an end.

use super::{Clock, mutation};
use crate::golden::case::{Case, Saved, namespace, perform};
use crate::golden::runtime;
use crate::http::Client;
use crate::simulation::Chance;
use anyhow::{Result, bail};
use serde_json::Value;

/// Cases that one server takes before a fresh one does.
const CASES_PER_SERVER: usize = 40;
/// Of the requests of a case, one in so many is changed.
const CHANGED: u64 = 2;
const MEDIA: &[&str] = &[
    "application/json",
    "application/yaml",
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
    "application/apply-patch+yaml",
    "application/vnd.kubernetes.protobuf",
];
const METHODS: &[&str] = &["GET", "POST", "PUT", "PATCH", "DELETE"];

pub(super) fn run(cases: &[Case], seed: u64, clock: &mut Clock) -> Result<()> {
    let mut server_seed = seed;
    while clock.goes_on() {
        runtime()?.block_on(one_server(cases, server_seed, clock))?;
        server_seed = server_seed.wrapping_add(1);
    }
    Ok(())
}

async fn one_server(cases: &[Case], seed: u64, clock: &mut Clock) -> Result<()> {
    let mut chance = Chance::new(seed);
    let client = Client::fresh(seed).await?;
    for number in 0..CASES_PER_SERVER {
        let case = &cases[mutation::index(&mut chance, cases.len())];
        let other = &cases[mutation::index(&mut chance, cases.len())];
        let ns = namespace(&client, number).await?;
        let mut saved = Saved::new();
        for (index, step) in case.steps.iter().enumerate() {
            let step = if chance.one_in(CHANGED) { changed(&mut chance, step, other) } else { step.clone() };
            if let Err(error) = perform(&client, &step, &ns, &mut saved, &case.ignore).await {
                let text = format!("{error:#}");
                // Others are requests that cannot be made at all.
                if text.contains("panicked") || text.contains("does not end") {
                    bail!("requests, seed {seed}, case {number} ({}/{}), step {index}: {text}\n{step}", case.area, case.name);
                }
            }
            if !clock.goes_on() {
                return Ok(());
            }
        }
    }
    Ok(())
}

fn changed(chance: &mut Chance, step: &Value, other: &Case) -> Value {
    let lender = &other.steps[mutation::index(chance, other.steps.len())];
    let mut step = step.clone();
    match chance.below(8) {
        0 => step["path"] = mutation::text(chance, text(&step, "path"), text(lender, "path")).into(),
        1 => step["do"] = METHODS[mutation::index(chance, METHODS.len())].into(),
        2 => step["headers"]["Content-Type"] = MEDIA[mutation::index(chance, MEDIA.len())].into(),
        3 => {
            let query = text(lender, "path").split_once('?').map_or("fieldManager=f", |(_, query)| query);
            step["path"] = format!("{}?{query}", text(&step, "path").split('?').next().unwrap_or_default()).into();
        }
        _ => {
            step["body"] = match (&step["body"], &lender["body"]) {
                (Value::String(body), lent) => mutation::text(chance, body, lent.as_str().unwrap_or_default()).into(),
                (Value::Null, lent) => lent.clone(),
                (body, _) if chance.one_in(8) => mutation::text(chance, &body.to_string(), "").into(),
                (body, lent) => mutation::document(chance, body, lent),
            };
        }
    }
    step
}

fn text<'a>(step: &'a Value, name: &str) -> &'a str {
    step[name].as_str().unwrap_or_default()
}
