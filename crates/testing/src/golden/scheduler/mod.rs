//! Placements: where the real scheduler put pods, or why it put them nowhere, replayed against ours under virtual time. A case makes its nodes and
//! takes them away again, so cases run one after another. Input: `scheduler/*.jsonl`. Output: what came of each case.

mod look;
mod world;

use super::case::{Case, namespace};
use super::compare::{diff, strip};
use super::{CaseResult, Failure, folder};
use crate::http::Client;
use anyhow::Result;
use serde_json::Value;
use std::time::Duration;
use tokio::time::{Instant, sleep};
use world::World;

/// Areas begin with the folder's name, as those of runs and lives do.
const PREFIX: &str = "scheduler";
/// How long the wanted state may be late.
const PATIENCE: Duration = Duration::from_secs(8);
const AGAIN_AFTER: Duration = Duration::from_millis(300);
/// How long nothing may change before a look, unless the step says otherwise.
const SETTLE_S: f64 = 0.8;

/// Every case, its area with the folder before it.
pub fn load() -> Result<Vec<Case>> {
    let cases = super::case::load(&folder().join(PREFIX))?;
    Ok(cases.into_iter().map(|case| Case { area: format!("{PREFIX}/{}", case.area), ..case }).collect())
}

/// Replays a case up to its first step that differs: what follows a difference differs too.
pub async fn replay(client: &Client, case: &Case, number: usize) -> Result<CaseResult> {
    let mut world = World::new(client.clone(), namespace(client, number).await?);
    let mut failed = Vec::new();
    let mut done = case.steps.len();
    for (index, step) in case.steps.iter().enumerate() {
        let differences = match perform(&mut world, step, &case.ignore).await {
            Ok(differences) => differences,
            Err(error) => vec![format!("no answer: {error:#}")],
        };
        if !differences.is_empty() {
            done = index + 1;
            failed.push(Failure { step: index, what: super::run::what(step), differences });
            break;
        }
    }
    world.close().await?;
    Ok(CaseResult { area: case.area.clone(), name: case.name.clone(), steps: done, failed })
}

/// Does a step and waits for what is wanted; what differs.
async fn perform(world: &mut World, step: &Value, ignore: &[String]) -> Result<Vec<String>> {
    let want = strip(&step["expect"], ignore);
    let settle = (step["settle"] != false).then(|| Duration::from_secs_f64(step["settle"].as_f64().unwrap_or(SETTLE_S)));
    let end = Instant::now() + PATIENCE + settle.unwrap_or_default();
    let answer = world.act(step).await?;
    let Some(settle) = settle else { return Ok(diff(&want, &strip(&answer.into(), ignore))) };
    world.quiet(settle).await?;
    loop {
        let mut got = answer.clone();
        got.extend(world.look(step).await?);
        let differences = diff(&want, &strip(&got.into(), ignore));
        if differences.is_empty() || Instant::now() > end {
            world.remember().await?;
            return Ok(differences);
        }
        sleep(AGAIN_AFTER).await;
    }
}
