//! The golden cases, runs, workloads, names, placements and lives of `tests/golden`, replayed: all but lives in process. Input: the files. Output: a [`Report`]
//! with one [`CaseResult`] a case. It must judge exactly as the tools that recorded them.

pub mod case;
pub mod compare;
pub mod lives;
#[cfg(test)]
mod mutilated;
pub mod names;
pub mod pending;
pub mod run;
pub mod scheduler;
#[cfg(test)]
mod tests;
pub mod workloads;
pub mod world;

use anyhow::{Context, Result};
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

/// Where the cases are.
pub fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden")
}

/// What came of a case or run.
#[derive(Debug, Clone)]
pub struct CaseResult {
    pub area: String,
    pub name: String,
    /// Steps that were done.
    pub steps: usize,
    /// Steps that differ.
    pub failed: Vec<Failure>,
}

/// A step that differs.
#[derive(Debug, Clone)]
pub struct Failure {
    pub step: usize,
    /// What the step does.
    pub what: String,
    /// One line for each difference.
    pub differences: Vec<String>,
}

impl CaseResult {
    pub fn passed(&self) -> bool {
        self.failed.is_empty()
    }

    /// `area/name`.
    pub fn id(&self) -> String {
        format!("{}/{}", self.area, self.name)
    }
}

/// All results.
#[derive(Debug, Default)]
pub struct Report {
    pub results: Vec<CaseResult>,
}

impl Report {
    /// What fails, in the tools' words; every difference if `all`.
    pub fn failures(&self, all: Detail) -> String {
        let mut out = String::new();
        for result in self.results.iter().filter(|result| !result.passed()) {
            out += &format!("FAIL {} ({} of {} steps)\n", result.id(), result.failed.len(), result.steps);
            let (steps, lines) = match all {
                Detail::First => (1, 6),
                Detail::All => (usize::MAX, usize::MAX),
            };
            for failure in result.failed.iter().take(steps) {
                out += &format!("  step {} {}\n", failure.step, failure.what);
                for line in failure.differences.iter().take(lines) {
                    out += &format!("    {line}\n");
                }
            }
        }
        out
    }
}

/// How much to print of what differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// The first step's first differences.
    First,
    All,
}

/// The tools' table.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut areas: BTreeMap<&str, [usize; 4]> = BTreeMap::new();
        let mut total = [0; 4];
        for result in &self.results {
            let counts = [usize::from(result.passed()), 1, result.steps - result.failed.len().min(result.steps), result.steps];
            let area = areas.entry(&result.area).or_default();
            for (index, count) in counts.into_iter().enumerate() {
                area[index] += count;
                total[index] += count;
            }
        }
        writeln!(f, "{:<24} {:>13} {:>13}", "area", "cases", "steps")?;
        for (name, [cases, all_cases, steps, all_steps]) in areas.into_iter().chain([("all", total)]) {
            writeln!(f, "{name:<24} {cases:>6}/{all_cases:<6} {steps:>6}/{all_steps:<6}")?;
        }
        Ok(())
    }
}

/// Replays the cases whose area is `only`, or whose name holds it; all without it.
pub fn replay_cases(only: Option<&str>) -> Result<Report> {
    let cases: Vec<case::Case> = case::load(&folder().join("cases"))?
        .into_iter()
        .filter(|case| only.is_none_or(|only| case.area == only || case.name.contains(only)))
        .collect();
    runtime()?.block_on(async {
        let client = crate::http::Client::fresh(1).await?;
        let mut report = Report::default();
        for (number, case) in cases.iter().enumerate() {
            report.results.push(case::replay(&client, case, number).await?);
        }
        Ok(report)
    })
}

/// Replays the runs whose `area/name` holds `only`, against the real controllers; all without it.
pub fn replay_runs(only: Option<&str>) -> Result<Report> {
    let runs: Vec<run::Run> = run::load(&folder().join("runs"))?
        .into_iter()
        .filter(|run| only.is_none_or(|only| format!("runs/{}/{}", run.area, run.name).contains(only)))
        .collect();
    runtime()?.block_on(beside_controllers(async |client| {
        let mut report = Report::default();
        for (number, run) in runs.iter().enumerate() {
            report.results.push(run::replay(client, run, number).await?);
        }
        Ok(report)
    }))
}

/// Servers among which workloads are shared out.
const SHARES: usize = 2;

/// Replays the workloads whose `workloads/AREA/NAME` holds `only`, against the real controllers; all without it.
pub fn replay_workloads(only: Option<&str>) -> Result<Report> {
    let mut runs = workloads::load(&folder().join("workloads"))?;
    runs.retain(|run| only.is_none_or(|only| run.id().contains(only)));
    let share = |first: usize| {
        runtime()?.block_on(beside_controllers(async |client| {
            let mut results = Vec::new();
            for (number, run) in runs.iter().enumerate().skip(first).step_by(SHARES) {
                results.push(workloads::replay(client, run, number).await?);
            }
            Ok(results)
        }))
    };
    shared(share)
}

/// The ranges of Services where names were recorded.
const NAMES_RANGES: &str = "10.43.0.0/16,fd00:43::/112";

/// Replays the names whose `dns/AREA/NAME` holds `only`, against the real controllers and a name server on sockets, and so in real time; all
/// without it.
pub fn replay_names(only: Option<&str>) -> Result<Report> {
    let mut cases = names::load()?;
    cases.retain(|case| only.is_none_or(|only| format!("{}/{}", case.area, case.name).contains(only)));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("the runtime does not start")?;
    let results = runtime.block_on(async {
        let client = crate::http::Client::with_ranges(NAMES_RANGES, 1).await?;
        beside_controllers_of(client, async |client| names::World::replay(client.clone(), &cases).await).await
    })?;
    Ok(Report { results })
}

/// Replays the placements whose `scheduler/AREA/NAME` holds `only`, against the real scheduler and controllers; all without it.
pub fn replay_placements(only: Option<&str>) -> Result<Report> {
    let mut cases = scheduler::load()?;
    cases.retain(|case| only.is_none_or(|only| format!("{}/{}", case.area, case.name).contains(only)));
    let share = |first: usize| {
        runtime()?.block_on(async {
            let client = crate::http::Client::fresh(1).await?;
            let options = stead_control::Options { scheduler: true, ..controllers_of(&client) };
            beside(&client, options, async |client| {
                let mut results = Vec::new();
                for (number, case) in cases.iter().enumerate().skip(first).step_by(SHARES) {
                    results.push(scheduler::replay(client, case, number).await?);
                }
                Ok(results)
            })
            .await
        })
    };
    shared(share)
}

/// What the shares of the work found, by name; each is done on a thread of its own.
fn shared(share: impl Fn(usize) -> Result<Vec<CaseResult>> + Sync) -> Result<Report> {
    let share = &share;
    let shares: Vec<Result<Vec<CaseResult>>> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..SHARES).map(|first| scope.spawn(move || share(first))).collect();
        let failed = |_| Err(anyhow::anyhow!("a replayer panicked"));
        workers.into_iter().map(|worker| worker.join().unwrap_or_else(failed)).collect()
    });
    let mut report = Report::default();
    for results in shares {
        report.results.extend(results?);
    }
    report.results.sort_by_key(CaseResult::id);
    Ok(report)
}

/// Works with a fresh server that has the controllers and the played kubelet's node, but no scheduler.
async fn beside_controllers<T>(work: impl AsyncFnOnce(&crate::http::Client) -> Result<T>) -> Result<T> {
    beside_controllers_of(crate::http::Client::fresh(1).await?, work).await
}

/// The same with a server that is there.
async fn beside_controllers_of<T>(client: crate::http::Client, work: impl AsyncFnOnce(&crate::http::Client) -> Result<T>) -> Result<T> {
    let options = controllers_of(&client);
    tokio::select! {
        outcome = beside(&client, options, work) => outcome,
        heartbeat = run::heartbeat(&client) => heartbeat.and_then(|()| anyhow::bail!("the heart of the node stopped")),
    }
}

/// All controllers, without the scheduler.
fn controllers_of(client: &crate::http::Client) -> stead_control::Options {
    stead_control::Options {
        controllers: stead_control::Selection::default(),
        scheduler: false,
        root_ca: "none".to_owned(),
        clock: client.clock(),
    }
}

/// Works with a server while these controllers run.
async fn beside<T>(
    client: &crate::http::Client,
    options: stead_control::Options,
    work: impl AsyncFnOnce(&crate::http::Client) -> Result<T>,
) -> Result<T> {
    let of = client.clone();
    let clients: stead_control::Clients = Box::new(move |user| of.kube(user));
    let controllers = stead_control::run(clients, options, stead_control::Questions::none(), std::future::pending());
    let worked = async {
        // The controllers discover and list first.
        tokio::time::sleep(STARTUP).await;
        work(client).await
    };
    tokio::select! {
        outcome = worked => outcome,
        () = controllers => anyhow::bail!("the controllers ended"),
    }
}

/// Time until the controllers know what there is.
const STARTUP: std::time::Duration = std::time::Duration::from_secs(2);

/// One thread, and time that stands still while there is work.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime> {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_time().start_paused(true).build().context("the runtime does not start")
}
