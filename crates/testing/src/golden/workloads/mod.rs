//! Workloads: what every controller beside StatefulSet's did, step by step, replayed against ours under virtual time.
//! Input: `workloads/*.json`. Output: what came of each run.

mod look;
mod names;
mod run;
mod world;

use super::case::namespace;
use super::compare::diff;
use super::{CaseResult, Failure};
use crate::http::Client;
use anyhow::{Context, Result};
use look::KINDS;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;
use world::World;

/// How long nothing may change before a snapshot, times the run's factor; time is virtual.
const SETTLE: Duration = Duration::from_secs(1);

/// A run as recorded.
#[derive(Debug, Clone)]
pub struct Run {
    pub area: String,
    pub name: String,
    follow: Vec<String>,
    settle: f64,
    steps: Vec<Value>,
}

impl Run {
    /// `workloads/AREA/NAME`.
    pub fn id(&self) -> String {
        format!("workloads/{}/{}", self.area, self.name)
    }
}

/// Reads every `*.json` of a folder, in order.
pub fn load(folder: &Path) -> Result<Vec<Run>> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))?;
    let mut files: Vec<_> = entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    files.sort();
    files.iter().map(|file| read(file).with_context(|| format!("reading {}", file.display()))).collect()
}

fn read(file: &Path) -> Result<Run> {
    let run: Value = serde_json::from_str(&std::fs::read_to_string(file)?)?;
    let text = |name: &str| run[name].as_str().unwrap_or_default().to_owned();
    let follow = run["follow"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
    Ok(Run {
        area: text("area"),
        name: text("name"),
        follow,
        settle: run["settle"].as_f64().unwrap_or(1.0),
        steps: run["steps"].as_array().cloned().unwrap_or_default(),
    })
}

/// Replays a run up to its first step that differs: what follows a difference differs too.
pub async fn replay(client: &Client, run: &Run, number: usize) -> Result<CaseResult> {
    let ns = namespace(client, number).await?;
    let world = World::new(client.clone(), ns, SETTLE.mul_f64(run.settle), run.follow.clone()).await?;
    // When the runs were recorded, a namespace was a moment old before its first step.
    world.quiet(SETTLE).await?;
    let mut failed = tokio::select! {
        failed = steps(&world, run) => failed,
        beat = run::beat(&world) => beat.map(|()| Vec::new())?,
    };
    let done = failed.first().map_or(run.steps.len(), |failure| failure.step + 1);
    if let Err(error) = world.close().await {
        failed.push(Failure { step: done, what: "the end".to_owned(), differences: vec![format!("{error:#}")] });
    }
    Ok(CaseResult { area: format!("workloads/{}", run.area), name: run.name.clone(), steps: done, failed })
}

async fn steps(world: &World, run: &Run) -> Vec<Failure> {
    let wanted = unfold(run.steps.iter().map(|step| step["expect"].clone()).collect());
    for (index, (step, want)) in run.steps.iter().zip(&wanted).enumerate() {
        let differences = match run::perform(world, step, want).await {
            Ok(got) => diff(want, &got),
            Err(error) => vec![format!("no answer: {error:#}")],
        };
        if !differences.is_empty() {
            return vec![Failure { step: index, what: super::run::what(step), differences }];
        }
    }
    Vec::new()
}

/// Puts back what a recorded snapshot shows as `=`: alike in the last snapshot of its kind.
fn unfold(mut looks: Vec<Value>) -> Vec<Value> {
    let mut last: BTreeMap<&str, BTreeMap<String, Value>> = BTreeMap::new();
    for look in &mut looks {
        for (plural, ..) in KINDS {
            let Some(items) = look.get_mut(*plural).and_then(Value::as_object_mut) else { continue };
            let former = last.remove(plural).unwrap_or_default();
            for (name, item) in items.iter_mut().filter(|(_, item)| **item == "=") {
                *item = former.get(name).cloned().unwrap_or_default();
            }
            last.insert(plural, items.iter().map(|(name, item)| (name.clone(), item.clone())).collect());
        }
    }
    looks
}
