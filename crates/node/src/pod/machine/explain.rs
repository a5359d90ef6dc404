//! Why a pod is as it is on this node, in words: from its machine's state, and from what is under way. Changes nothing.

use super::{Machine, Purpose};
use crate::clock::Now;
use crate::pod::plan::{grace, initialized, over, restarts, sidecar};
use crate::pod::pull_progress::PullState;
use crate::pod::state::{ContainerState, Progress, Stop};
use crate::pod::steps::VOLUMES;
use std::time::Duration;
use stead_api::Value;
use stead_api::time::{Timestamp, go_duration};
use stead_api::value::Access;

/// What a pod's machine has to say.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Explanation {
    /// How it stands: the pod as a whole, then each container.
    pub reasons: Vec<String>,
    pub waits_for: Vec<String>,
    pub looks_again_at: Option<Timestamp>,
    /// How far images are that are pulled for it; the machine knows none of that.
    pub pulls: Vec<PullState>,
}

impl Explanation {
    /// With what is known of its images.
    pub fn with_pulls(mut self, pulls: Vec<PullState>) -> Self {
        self.waits_for.extend(pulls.iter().map(|pull| format!("image {}: {} % ({})", pull.image, pull.percent, pull.words)));
        Self { pulls, ..self }
    }
}

impl Machine {
    pub fn explain(&self, now: Now) -> Explanation {
        let mut reasons = self.of_pod(now.steady);
        let spec = &self.object["spec"];
        for list in ["initContainers", "containers", "ephemeralContainers"] {
            reasons.extend(spec.items(list).iter().map(|container| self.of_container(now.steady, container)));
        }
        let looks_again_at = self.wake.map(|at| {
            let millis = i64::try_from(at.saturating_sub(now.steady).as_millis()).unwrap_or(i64::MAX);
            now.wall.plus_millis(millis)
        });
        Explanation { reasons, waits_for: self.waits_for(now.steady), looks_again_at, pulls: Vec::new() }
    }

    fn of_pod(&self, now: Duration) -> Vec<String> {
        let (object, state) = (&self.object, &self.state);
        let mut reasons = Vec::new();
        if let Some(ended) = &state.ended {
            reasons.push(format!("the node ends it: {}: {}", ended.reason, ended.message));
        }
        if object["metadata"].has("deletionTimestamp") {
            reasons.push(format!("it is being deleted, with {} for its containers to end", go_duration(grace(object))));
        } else if state.ended.is_none() && over(object, state) {
            reasons.push("it is over: no container runs or is to be started again".to_owned());
        }
        if state.restarting_all {
            reasons.push("a container's rule wants all containers to start anew".to_owned());
        }
        for failure in state.volumes.missing.iter().filter(|_| state.steps[VOLUMES] != Progress::Up) {
            reasons.push(format!("volume {:?} could not be set up: {}", failure.volume, failure.error));
        }
        for (purpose, error) in &self.errors {
            reasons.push(format!("{} failed: {error}", words(purpose)));
        }
        reasons.extend(self.report.trouble(now));
        reasons
    }

    fn of_container(&self, now: Duration, container: &Value) -> String {
        let name = container.str("name");
        let known = self.state.container(name);
        let text = match known {
            Some(known) if known.running() => running(now, known),
            Some(known) => self.at_rest(now, container, known),
            None => "has not started".to_owned(),
        };
        format!("container {name} {text}")
    }

    fn at_rest(&self, now: Duration, container: &Value, known: &ContainerState) -> String {
        let again = |at: Option<Duration>| {
            at.filter(|at| *at > now).map_or_else(String::new, |at| format!(", is tried again in {}", go_duration(at - now)))
        };
        if let Some(waiting) = &known.waiting {
            return format!("cannot start: {}: {}{}", waiting.reason, waiting.message, again(Some(waiting.retry_at)));
        }
        let Some(exit) = known.exit() else { return "has not started".to_owned() };
        let until = known.ended_at.and_then(|at| known.backoff.until(at)).filter(|at| *at > now);
        let spec = &self.object["spec"];
        let behind = initialized(spec, &self.state) && spec.items("initContainers").contains(container) && !sidecar(container);
        let follows = match until {
            _ if behind || !restarts(spec, container, known) => ", and is not started again".to_owned(),
            Some(at) => format!(", and waits {} before it is started again", go_duration(at - now)),
            None => ", and is to be started again".to_owned(),
        };
        format!("ended with exit code {}{follows}", exit.code)
    }

    fn waits_for(&self, now: Duration) -> Vec<String> {
        let mut waits = Vec::new();
        for (id, purpose) in &self.under_way {
            let Some((what, since)) = self.begun.get(id) else { continue };
            waits.push(format!("{}, for {}", self.doing(purpose, what), go_duration(now.saturating_sub(*since))));
        }
        for (purpose, at) in self.retries.iter().filter(|(_, at)| **at > now) {
            waits.push(format!("{} to be tried again in {}", words(purpose), go_duration(*at - now)));
        }
        for (step, progress) in self.state.steps.iter().enumerate() {
            if let Progress::Failed { retry_at } = progress
                && *retry_at > now
            {
                waits.push(format!("{} to be tried again in {}", words(&Purpose::Up(step)), go_duration(*retry_at - now)));
            }
        }
        waits.extend(self.init_that_holds().map(|init| format!("init container {init}, before the others start")));
        let finalizers: Vec<&str> = self.object["metadata"].items("finalizers").iter().filter_map(Value::as_str).collect();
        if self.removed && !self.gone && !finalizers.is_empty() {
            waits.push(format!("its finalizers to be taken away: {}", finalizers.join(", ")));
        }
        waits
    }

    /// The first init container that others wait for.
    fn init_that_holds(&self) -> Option<&str> {
        let spec = &self.object["spec"];
        if !self.state.is_up() || initialized(spec, &self.state) {
            return None;
        }
        let passed = |init: &Value| {
            self.state.container(init.str("name")).is_some_and(|known| match sidecar(init) {
                true => known.is_started(),
                false => !known.stale && known.exit().is_some_and(|exit| exit.code == 0),
            })
        };
        spec.items("initContainers").iter().find(|init| !passed(init)).map(|init| init.str("name"))
    }

    fn doing(&self, purpose: &Purpose, what: &str) -> String {
        match (purpose, &self.state.starting) {
            (Purpose::Start, Some(starting)) if what.contains("image") => {
                format!("start of container {}: {what} {}", starting.container, starting.reference)
            }
            (Purpose::Start, Some(starting)) => format!("start of container {}: {what}", starting.container),
            (Purpose::PreStop(container) | Purpose::Signal(container) | Purpose::Kill(container), _) => {
                format!("{what} of container {container}")
            }
            (Purpose::Probe { container, .. }, _) => format!("{what} of container {container}"),
            _ => what.to_owned(),
        }
    }
}

fn running(now: Duration, known: &ContainerState) -> String {
    let ago = |since: Duration| go_duration(now.saturating_sub(since));
    match known.stop {
        Stop::NotAsked => {}
        Stop::Hook { since } => return format!("is being stopped: its preStop hook has run for {}", ago(since)),
        Stop::Turn { since } => return format!("is being stopped: for {} it has waited for others to end first", ago(since)),
        Stop::Signalled { at, .. } => return format!("is being stopped: it was signalled {} ago and runs still", ago(at)),
        Stop::Killed(at) => return format!("was killed {} ago, and its end has not been seen", ago(at)),
    }
    if known.startup_passed == Some(false) {
        "runs, and its startup probe has not passed".to_owned()
    } else if known.ready == Some(false) {
        "runs, and its readiness probe does not pass".to_owned()
    } else {
        "runs".to_owned()
    }
}

/// What an operation is for.
fn words(purpose: &Purpose) -> String {
    match purpose {
        Purpose::Up(VOLUMES) => "setting up the volumes".to_owned(),
        Purpose::Up(_) => "making the sandbox".to_owned(),
        Purpose::Down(VOLUMES) | Purpose::Remove(VOLUMES) => "taking down the volumes".to_owned(),
        Purpose::Down(_) | Purpose::Remove(_) => "taking down the sandbox".to_owned(),
        Purpose::RemoveDead(sandbox) => format!("removing the dead sandbox {sandbox}"),
        Purpose::Signal(container) => format!("signalling container {container}"),
        Purpose::Kill(container) => format!("killing container {container}"),
        Purpose::DeleteObject => "removing the pod's object".to_owned(),
        other => format!("{other:?}"),
    }
}
