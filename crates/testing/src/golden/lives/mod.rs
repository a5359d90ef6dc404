//! Lives: what a real kubelet did with pods, look by look, replayed against a server process with real containers (root). Input:
//! `lives/*.json` and the binary. Output: a [`Report`].
//!
//! A look passes as soon as it is as recorded, and fails if it is not within [`PATIENCE`]. Several lives are led at once, each in
//! a namespace of its own, the long ones first; those that restart the server come last and one at a time.

mod images;
mod life;
mod look;
mod site;
mod world;

pub use images::busybox;
pub use life::{Life, load};

use super::compare::diff;
use super::{CaseResult, Failure, Report, folder};
use anyhow::{Context, Result};
use futures::StreamExt;
use serde_json::{Map, Value};
use site::Site;
use std::path::Path;
use std::time::Duration;
use tokio::time::{Instant, sleep};
use world::{World, passes_quickly};

/// How long a look may take to become as recorded.
const PATIENCE: Duration = Duration::from_secs(12);
/// Between two looks.
const AGAIN: Duration = Duration::from_millis(300);
/// Lives at once.
const JOBS: usize = 12;

/// All lives, in order.
pub fn all() -> Result<Vec<Life>> {
    load(&folder().join("lives"))
}

/// Replays lives against a server of that binary.
pub fn replay(binary: &Path, mut lives: Vec<Life>) -> Result<Report> {
    lives.sort_by_key(|life| std::cmp::Reverse(life.seconds));
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().context("the runtime does not start")?;
    let site = Site::start(binary)?;
    runtime.block_on(async {
        let (alone, together): (Vec<_>, Vec<_>) = lives.iter().enumerate().partition(|(_, life)| life.restarts());
        let mut results: Vec<CaseResult> =
            futures::stream::iter(together).map(|(number, life)| one(&site, life, number)).buffer_unordered(JOBS).collect().await;
        for (number, life) in alone {
            results.push(one(&site, life, number).await);
        }
        results.sort_by_key(CaseResult::id);
        Ok(Report { results })
    })
}

/// Leads one life up to its first step that differs: what follows a difference often differs too.
async fn one(site: &Site, life: &Life, number: usize) -> CaseResult {
    let ns = format!("g-{:08x}", (u64::from(std::process::id()) << 10 | number as u64) & 0xffff_ffff);
    let broke = |error: anyhow::Error| Failure { step: 0, what: "the life".to_owned(), differences: vec![format!("{error:#}")] };
    let mut failed = Vec::new();
    match World::new(site, life, ns).await {
        Ok(mut world) => {
            failed.extend(first_difference(&mut world, life).await);
            failed.extend(world.close().await.err().map(broke));
        }
        Err(error) => failed.push(broke(error)),
    }
    let steps = failed.first().map_or(life.steps.len(), |failure| failure.step + 1);
    CaseResult { area: format!("lives/{}", life.area), name: life.name.clone(), steps, failed }
}

async fn first_difference(world: &mut World<'_>, life: &Life) -> Option<Failure> {
    for (index, (step, want)) in life.steps.iter().zip(&life.wanted).enumerate() {
        let outcome = world.act(step).await.unwrap_or_else(|error| unanswered(&error));
        let differences = judge(world, step, want, outcome).await;
        if !differences.is_empty() {
            return Some(Failure { step: index, what: what(step), differences });
        }
    }
    None
}

fn unanswered(error: &anyhow::Error) -> Map<String, Value> {
    Map::from_iter([("no answer".to_owned(), format!("{error:#}").into())])
}

/// Looks until all is as recorded, or patience ends; the differences.
async fn judge(world: &mut World<'_>, step: &Value, want: &Value, mut outcome: Map<String, Value>) -> Vec<String> {
    let end = Instant::now() + PATIENCE;
    let looks = matches!(step["do"].as_str(), Some("wait" | "pause" | "trace"));
    loop {
        let mut got = outcome.clone();
        if looks {
            got.extend(world.look(step).await.unwrap_or_else(|error| unanswered(&error)));
        }
        let got = Value::Object(got);
        let found = diff(want, &got);
        if found.is_empty() {
            return found;
        }
        let differences = [one_sided(want, &got), found].concat();
        if Instant::now() > end || !looks || outcome.contains_key("never") {
            return differences;
        }
        if passes_quickly(step) {
            outcome = world.wait(step, end - Instant::now()).await.unwrap_or_else(|error| unanswered(&error));
            if !outcome.is_empty() {
                return differences; // it never came true again
            }
        }
        sleep(AGAIN).await;
    }
}

/// Lines of logs, events and traces that are on one side only: a difference of lists says only how many there are.
fn one_sided(want: &Value, got: &Value) -> Vec<String> {
    let mut out = Vec::new();
    let logs = want["logs"].as_object().into_iter().flat_map(Map::keys);
    let places = [vec!["events"], vec!["trace"]].into_iter().chain(logs.map(|name| vec!["logs", name]));
    for place in places {
        let lines = |side: &Value| place.iter().fold(side.clone(), |at, name| at[*name].clone()).as_array().cloned().unwrap_or_default();
        let (wanted, given) = (lines(want), lines(got));
        let name = place.join("/");
        out.extend(wanted.iter().filter(|line| !given.contains(line)).map(|line| format!("{name}: - {line}")));
        out.extend(given.iter().filter(|line| !wanted.contains(line)).map(|line| format!("{name}: + {line}")));
    }
    out
}

fn what(step: &Value) -> String {
    let mut out = step["do"].as_str().unwrap_or_default().to_owned();
    for name in ["pod", "for", "path", "seconds", "body"] {
        if let Some(value) = step.get(name) {
            out += &format!(" {}", value.as_str().map_or_else(|| value.to_string(), str::to_owned));
        }
    }
    out.chars().take(160).collect()
}
