//! One pod as a state machine without I/O: events come in with the time, commands go out. No clock, no task, no log.
//!
//! ```text
//! object, exit, outcome, tick ─▶ state ─▶ plan (what is due) ─▶ operations not under way yet ─▶ commands
//!                                  └─▶ status (what to say) ─▶ a write, if the API has another
//! ```
//!
//! Operations are under way side by side: a slow one holds up only what needs it. At most one operation of a [`Purpose`] is out at a
//! time, except those that take down or remove a step, which go together.

mod admitting;
mod explain;
mod probing;
mod report;
mod resizing;
mod start;
mod stop;
#[cfg(test)]
mod tests;
mod view;
mod volumes;

use super::operation::{Operation, OperationId, Outcome};
use super::plan::{Action, going_down, plan};
use super::probes::Kind;
use super::recovery::recovered;
use super::restart::{Following, following};
use super::state::{PodState, Progress, Stop, TerminalReason};
use super::steps::{NodeFacts, RETRY, SANDBOX, STEPS, about};
use crate::clock::Now;
use crate::runtime::{Ended, SandboxRecord};
use admitting::former_rejection;
pub use admitting::is_accepted;
pub use explain::Explanation;
use report::Report;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use stead_api::Value;
use stead_api::time::Timestamp;
use stead_api::value::Access;
use stead_client::event::Event as Recorded;

/// Grace of a container whose pod object has gone (KILL-10).
const ORPHAN_GRACE_S: i64 = 1;
/// Pause before what could not be stopped or removed is tried again.
const STOP_RETRY: Duration = Duration::from_secs(1);
/// How long a wait by the wall clock lasts before the clock is looked at again: it may have been set.
const WALL_WAIT_MAX: Duration = Duration::from_secs(60);
/// Plans made for one event; each but the last has changed the state, so there are few.
const PLANS_MAX: u32 = 64;

/// What the API says about the pod.
#[derive(Debug, Clone)]
pub enum PodUpdate {
    /// The object as it is now.
    Object(Arc<Value>),
    /// The object is gone.
    Gone,
}

/// Something that has happened.
#[derive(Debug)]
pub enum Event {
    Update(PodUpdate),
    /// A container ended.
    Exited(Ended),
    /// A sandbox died; the ends of what ran in it are told by themselves.
    SandboxDied {
        sandbox: String,
        reason: String,
    },
    /// An operation ended.
    Outcome(OperationId, Outcome),
    /// The node ends the pod.
    End(TerminalReason),
    /// An object that the pod's volumes refer to is another, or gone.
    SourcesChanged,
    /// The time that [`Machine::wake`] named has come.
    Tick,
}

/// Something to be done for the machine.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Begin an operation; its outcome is to be told.
    Run(OperationId, Operation),
    /// Give an operation up; no outcome is expected.
    Cancel(OperationId),
    RecordEvent(Recorded),
}

/// What an operation is for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Purpose {
    Admit,
    Up(usize),
    Down(usize),
    Remove(usize),
    /// Of a sandbox that another has replaced.
    RemoveDead(String),
    RefreshVolumes,
    Start,
    PreStop(String),
    Allot,
    Resize,
    Signal(String),
    Kill(String),
    ForgetRuns,
    Probe {
        container: String,
        kind: Kind,
        attempt: u32,
    },
    WriteStatus,
    DeleteObject,
}

/// One pod.
#[derive(Debug)]
pub struct Machine {
    node: Arc<NodeFacts>,
    /// The newest object that the API is known to have, status included.
    object: Arc<Value>,
    state: PodState,
    /// The node has taken the pod.
    admitted: bool,
    report: Report,
    under_way: BTreeMap<OperationId, Purpose>,
    /// What they do, and since when.
    begun: BTreeMap<OperationId, (&'static str, Duration)>,
    /// How what is still to be done failed last.
    errors: BTreeMap<Purpose, String>,
    /// What failed and is not to be tried again before that time.
    retries: BTreeMap<Purpose, Duration>,
    /// Some of the operations of this purpose has failed, and others are still under way.
    part_failed: BTreeMap<Purpose, String>,
    last_id: u64,
    gone: bool,
    /// The API was asked to remove the object, and has not told of it since.
    delete_asked: bool,
    removed: bool,
    /// The runs whose back-off was told of.
    held_back: BTreeMap<String, u32>,
    wake: Option<Duration>,
    commands: Vec<Command>,
}

impl Machine {
    /// A pod that is new to this node, or known from before a restart by what the runtime has of it.
    pub fn new(node: Arc<NodeFacts>, object: Arc<Value>, records: &[SandboxRecord], now: Now) -> Self {
        let mut state = recovered(records, &object, now);
        state.start_time.get_or_insert(now.wall);
        state.ended = former_rejection(&object);
        let admitted = is_accepted(&object, records);
        let report = Report::of(&object);
        Self {
            admitted,
            node,
            object,
            state,
            report,
            under_way: BTreeMap::new(),
            begun: BTreeMap::new(),
            errors: BTreeMap::new(),
            retries: BTreeMap::new(),
            part_failed: BTreeMap::new(),
            last_id: 0,
            gone: false,
            delete_asked: false,
            removed: false,
            held_back: BTreeMap::new(),
            wake: None,
            commands: Vec::new(),
        }
    }

    /// Takes an event in and says what is to be done.
    pub fn step(&mut self, now: Now, event: Event) -> Vec<Command> {
        match event {
            Event::Update(update) => self.update(now, update),
            Event::Exited(ended) => self.exited(now, ended),
            Event::SandboxDied { sandbox, reason } => self.sandbox_died(&sandbox, &reason),
            Event::Outcome(id, outcome) => self.outcome(now, id, outcome),
            Event::End(reason) => drop(self.state.ended.get_or_insert(reason)),
            Event::SourcesChanged => self.sources_changed(now),
            Event::Tick => {}
        }
        self.settle(now);
        self.note_begun(now);
        std::mem::take(&mut self.commands)
    }

    fn note_begun(&mut self, now: Now) {
        for command in &self.commands {
            if let Command::Run(id, operation) = command {
                self.begun.insert(*id, (operation.name(), now.steady));
            }
        }
        self.begun.retain(|id, _| self.under_way.contains_key(id));
    }

    /// When a [`Event::Tick`] is wanted, on the steady clock.
    pub fn wake(&self) -> Option<Duration> {
        self.wake
    }

    /// Everything is gone: the object, and what ran for it.
    pub fn is_over(&self) -> bool {
        self.gone && self.removed
    }

    fn update(&mut self, now: Now, update: PodUpdate) {
        match update {
            // Its own writes may be answered before the watch tells of what came before them.
            PodUpdate::Object(object) if version(&object) < version(&self.object) => {}
            PodUpdate::Object(object) => {
                let old = std::mem::replace(&mut self.object, object);
                self.metadata_changed(&old);
                self.delete_asked = false;
            }
            PodUpdate::Gone if self.gone => {}
            PodUpdate::Gone => {
                self.gone = true;
                let meta = &mut Arc::make_mut(&mut self.object)["metadata"];
                meta.default_to("deletionTimestamp", now.wall.rfc3339());
                meta["deletionGracePeriodSeconds"] =
                    meta.int("deletionGracePeriodSeconds").unwrap_or(ORPHAN_GRACE_S).min(ORPHAN_GRACE_S).into();
            }
        }
    }

    fn exited(&mut self, now: Now, ended: Ended) {
        // Attempts are counted through all sandboxes of a pod; the end of a run may be told after a new sandbox was made.
        if self.state.sandboxes.contains(&ended.sandbox) {
            let at = now.steady_at(ended.exit.finished_at);
            self.state.container_mut(&ended.container).ended(ended.attempt, ended.exit, at);
            self.look_at_end(now, &ended.container);
        }
    }

    /// RST-10: said, and another is made at once.
    fn sandbox_died(&mut self, sandbox: &str, reason: &str) {
        if self.state.sandboxes.last().is_none_or(|newest| newest != sandbox) {
            return;
        }
        self.record(about(&self.object, "", "Warning", "SandboxDied", format!("The pod's sandbox died: {reason}")));
        if self.state.steps[SANDBOX] == Progress::Up && !going_down(&self.object, &self.state) {
            self.state.sandbox_gone();
        }
    }

    /// Looks at a container that may just have ended.
    fn look_at_end(&mut self, now: Now, name: &str) {
        let Some(known) = self.state.container(name) else { return };
        let Some(code) = known.exit().map(|exit| exit.code) else { return };
        let (again, told) = (known.again.is_some(), known.end_told);
        self.cancel(|purpose| *purpose == Purpose::PreStop(name.to_owned()));
        let of_pod = find(&self.object, name).filter(|_| !going_down(&self.object, &self.state));
        if of_pod.is_some_and(|container| !again && following(&self.object["spec"], container, code) == Following::RestartAll) {
            self.state.restarting_all = true;
        }
        if again {
            // Shown as the next run's past only.
            self.state.container_mut(name).end_told = true;
        } else if !told {
            self.report.tell(now.steady, name);
        }
    }

    /// Gives up the operations of such purposes.
    fn cancel(&mut self, which: impl Fn(&Purpose) -> bool) {
        let under_way: Vec<OperationId> = self.under_way.iter().filter(|(_, purpose)| which(purpose)).map(|(id, _)| *id).collect();
        for id in under_way {
            self.under_way.remove(&id);
            self.commands.push(Command::Cancel(id));
        }
    }

    /// Does everything that is due now.
    fn settle(&mut self, now: Now) {
        if !self.is_admitted() {
            self.wake = None;
            return;
        }
        self.give_up_telling(now);
        let probe_at = self.probe(now);
        for _ in 0..PLANS_MAX {
            self.wake = None;
            self.end_by_deadline(now);
            if going_down(&self.object, &self.state) {
                self.begin_down(now);
            }
            let plan = plan(now.steady, &self.object, &self.state);
            self.wake = plan.wake.into_iter().chain(self.wake).min();
            self.drop_unwanted_start(&plan.actions);
            let mut again = false;
            for action in plan.actions {
                again |= self.act(now, action);
            }
            if !again {
                break;
            }
        }
        probe_at.into_iter().for_each(|at| self.wake_at(at));
        self.remove_dead_sandboxes(now);
        self.refresh_volumes(now);
        self.record_backoff(now);
        self.report_status(now);
    }

    /// A pod that others end is shown as it was from here on, until nothing of it runs; one that ends by itself is shown as it ends.
    fn begin_down(&mut self, now: Now) {
        self.state.down_since.get_or_insert(now.steady);
        let ended_by_others = self.object["metadata"].has("deletionTimestamp") || self.state.ended.is_some();
        if ended_by_others && self.state.before_down.is_none() {
            self.state.before_down = Some(self.state.containers.clone());
        }
    }

    fn wake_at(&mut self, at: Duration) {
        self.wake = Some(self.wake.map_or(at, |wake| wake.min(at)));
    }

    fn record(&mut self, event: Recorded) {
        self.commands.push(Command::RecordEvent(event));
    }

    fn is_under_way(&self, purpose: &Purpose) -> bool {
        self.under_way.values().any(|other| other == purpose)
    }

    /// Whether an operation of this purpose may be begun; looks again later if one failed a moment ago.
    fn may_begin(&mut self, now: Now, purpose: &Purpose) -> bool {
        if self.is_under_way(purpose) {
            return false;
        }
        match self.retries.get(purpose).copied().filter(|at| *at > now.steady) {
            Some(at) => self.wake_at(at),
            None => return true,
        }
        false
    }

    fn run(&mut self, purpose: Purpose, operation: Operation) {
        self.last_id += 1;
        let id = OperationId(self.last_id);
        self.under_way.insert(id, purpose);
        self.commands.push(Command::Run(id, operation));
    }

    /// Performs what the plan wants, unless it is under way. `true`: the state has changed already, so plan again.
    fn act(&mut self, now: Now, action: Action) -> bool {
        match action {
            Action::Up(step) if self.may_begin(now, &Purpose::Up(step)) => {
                let (operation, event) = STEPS[step].up(&self.object, &self.node, &mut self.state);
                event.into_iter().for_each(|event| self.record(event));
                self.run(Purpose::Up(step), operation);
                false
            }
            Action::Down(step) if !self.is_under_way(&Purpose::Up(step)) && !self.is_under_way(&Purpose::RefreshVolumes) => {
                self.together(now, Purpose::Down(step), STEPS[step].down(&self.state))
            }
            Action::Start { container, restart } if self.state.starting.is_none() && !self.is_ending_a_start() => {
                // What ended is told of before its next run, or the next init container, follows, as long as somebody listens.
                let inits = self.object["spec"].items("initContainers");
                let follows = |ended: &str| ended == container || inits.iter().any(|init| init.str("name") == ended);
                match self.report.untold_until(now.steady, follows) {
                    Some(at) => self.wake_at(at),
                    None => return self.start(now, &container, restart),
                }
                false
            }
            Action::Stop { container, cause } => self.begin_stop(now, &container, cause),
            Action::AbandonHook { container } => self.end_hook(&container),
            Action::Signal { container } => self.signal(now, container),
            Action::Kill { container, cause } => self.kill(now, container, cause),
            Action::Allot => self.allot(now),
            Action::Resize => self.resize(now),
            Action::Resized => self.resized(),
            Action::StartAnew => self.start_anew(),
            Action::Finish => self.finish(now),
            Action::Up(_) | Action::Down(_) | Action::Start { .. } => false,
        }
    }

    /// A container is being killed because its postStart hook failed: its start is not over yet.
    fn is_ending_a_start(&self) -> bool {
        self.state.containers.values().any(|known| known.before_start.is_some())
    }

    /// Begins operations that serve one purpose together. Without any, it is served at once.
    fn together(&mut self, now: Now, purpose: Purpose, operations: Vec<Operation>) -> bool {
        if !self.may_begin(now, &purpose) {
            return false;
        }
        if operations.is_empty() {
            self.served(now, &purpose);
            return true;
        }
        operations.into_iter().for_each(|operation| self.run(purpose.clone(), operation));
        false
    }

    fn outcome(&mut self, now: Now, id: OperationId, outcome: Outcome) {
        let Some(purpose) = self.under_way.remove(&id) else { return }; // it was cancelled
        match (purpose, outcome) {
            (Purpose::Start, outcome) => self.advance_start(now, outcome),
            (_, Outcome::Admitted(judged)) => self.admission_is(judged),
            (Purpose::WriteStatus, Outcome::Written(written)) => self.status_written(now, written),
            (purpose, Outcome::Volumes(outcome)) => self.volumes_outcome(now, &purpose, outcome),
            (Purpose::Allot, Outcome::Allotted(outcome)) => self.allotted(now, outcome),
            (Purpose::Resize, Outcome::Done(outcome)) => self.changed_in_place(now, outcome),
            (Purpose::PreStop(container), Outcome::Hook(outcome)) => self.pre_stop_ended(&container, outcome),
            (Purpose::Up(step), Outcome::Done(Err(error)) | Outcome::Sandbox(Err(error))) => {
                self.record(STEPS[step].up_failed(&self.object, &error));
                self.errors.insert(Purpose::Up(step), error);
                self.state.steps[step] = Progress::Failed { retry_at: now.steady + RETRY };
            }
            (purpose, Outcome::Probed(probed)) => self.probed(now, &purpose, &probed),
            (purpose @ Purpose::Up(_), Outcome::Sandbox(Ok(addresses))) => {
                self.state.addresses = addresses;
                self.part_ended(now, &purpose);
            }
            (purpose, Outcome::Done(Err(error))) => {
                self.part_failed.insert(purpose.clone(), error);
                self.part_ended(now, &purpose);
            }
            (purpose, Outcome::Done(Ok(()))) => self.part_ended(now, &purpose),
            (
                _,
                Outcome::Sandbox(_)
                | Outcome::ImagesMounted(_)
                | Outcome::Image(_)
                | Outcome::Pulled { .. }
                | Outcome::Sources(_)
                | Outcome::Files(_)
                | Outcome::Started(_)
                | Outcome::Hook(_)
                | Outcome::Allotted(_)
                | Outcome::Written(_),
            ) => {}
        }
    }

    /// One operation of this purpose has ended; when all have, it is served or tried again.
    fn part_ended(&mut self, now: Now, purpose: &Purpose) {
        if self.is_under_way(purpose) {
            return;
        }
        let Some(error) = self.part_failed.remove(purpose) else {
            self.retries.remove(purpose);
            self.errors.remove(purpose);
            return self.served(now, purpose);
        };
        if matches!(purpose, Purpose::Kill(_) | Purpose::Down(_)) {
            self.record(about(&self.object, "", "Warning", "FailedKillPod", format!("error killing pod: {error}")));
        }
        self.errors.insert(purpose.clone(), error);
        self.retries.insert(purpose.clone(), now.steady + STOP_RETRY);
    }

    fn served(&mut self, now: Now, purpose: &Purpose) {
        match purpose {
            Purpose::Up(step) => self.state.steps[*step] = Progress::Up,
            Purpose::Down(step) => {
                self.state.steps[*step] = Progress::Down;
                if self.state.steps[SANDBOX] == Progress::Down {
                    self.state.lose_running(now.wall, now.steady);
                }
            }
            Purpose::Remove(step) => STEPS[*step].removed(&mut self.state),
            Purpose::RemoveDead(sandbox) => self.state.sandboxes.retain(|other| other != sandbox),
            Purpose::Kill(container) => self.state.container_mut(container).stop = Stop::Killed(now.steady),
            Purpose::DeleteObject => self.delete_asked = true,
            Purpose::RefreshVolumes
            | Purpose::Admit
            | Purpose::Start
            | Purpose::PreStop(_)
            | Purpose::Allot
            | Purpose::Resize
            | Purpose::Signal(_)
            | Purpose::ForgetRuns
            | Purpose::Probe { .. }
            | Purpose::WriteStatus => {}
        }
    }

    /// KILL-7, KILL-8: when the terminal status is written, what is left is removed, then the object.
    fn finish(&mut self, now: Now) -> bool {
        if !self.gone && !self.is_status_settled(now) {
            return false;
        }
        let left = STEPS.iter().enumerate().rev().map(|(index, step)| (index, step.remove(&self.state)));
        if let Some((index, operations)) = left.into_iter().find(|(_, operations)| !operations.is_empty()) {
            return self.together(now, Purpose::Remove(index), operations);
        }
        self.removed = true;
        // Until its finalizers are gone the object stays; nothing is left to do here but to wait for that.
        if !self.gone && !self.delete_asked && self.may_begin(now, &Purpose::DeleteObject) {
            let meta = &self.object["metadata"];
            let (namespace, name, uid) = (meta.str("namespace").to_owned(), meta.str("name").to_owned(), meta.str("uid").to_owned());
            self.run(Purpose::DeleteObject, Operation::DeleteObject { namespace, name, uid });
        }
        false
    }

    /// A sandbox that died goes once every container has run in the one that replaced it: until then it holds how they ended.
    fn remove_dead_sandboxes(&mut self, now: Now) {
        let Some((_, dead)) = self.state.sandboxes.split_last().filter(|(_, dead)| !dead.is_empty()) else { return };
        let kept = self.state.containers.values().any(|known| known.stale || known.current.is_none());
        if kept || !self.state.is_up() || going_down(&self.object, &self.state) {
            return;
        }
        let removals: Vec<(Purpose, Operation)> =
            dead.iter().map(|id| (Purpose::RemoveDead(id.clone()), Operation::RemoveSandbox(id.clone()))).collect();
        for (purpose, removal) in removals {
            if self.may_begin(now, &purpose) {
                self.run(purpose, removal);
            }
        }
    }

    /// POD-8. By the wall clock, as `status.startTime` is.
    fn end_by_deadline(&mut self, now: Now) {
        let terminal = matches!(self.object["status"].str("phase"), "Succeeded" | "Failed");
        let ending = self.state.ended.is_some() || self.object["metadata"].has("deletionTimestamp");
        let seconds = self.object["spec"].int("activeDeadlineSeconds").filter(|_| !terminal && !ending);
        let (Some(start), Some(seconds)) = (self.state.start_time, seconds) else { return };
        let deadline = Timestamp(start.0.saturating_add(seconds.saturating_mul(1_000_000)));
        if now.wall < deadline {
            return self.wake_at(now.steady_until(deadline).min(now.steady + WALL_WAIT_MAX));
        }
        let message = "Pod was active on the node longer than the specified deadline".to_owned();
        self.record(about(&self.object, "", "Normal", "DeadlineExceeded", message.clone()));
        self.state.ended = Some(TerminalReason { reason: "DeadlineExceeded", message, ..TerminalReason::default() });
    }

    /// Says once per run that its restart is being held back (RST-7).
    fn record_backoff(&mut self, now: Now) {
        if going_down(&self.object, &self.state) {
            return;
        }
        let meta = &self.object["metadata"];
        let pod = format!("{}_{}({})", meta.str("name"), meta.str("namespace"), meta.str("uid"));
        let held = self.state.containers.iter().filter_map(|(name, known)| {
            let run = known.current.as_ref()?;
            let until = known.backoff.until(known.ended_at?)?;
            (until > now.steady && self.held_back.get(name) != Some(&run.attempt)).then(|| (name.clone(), run.attempt))
        });
        let held: Vec<(String, u32)> = held.collect();
        for (name, attempt) in held {
            let message = format!("Back-off restarting failed container {name} in pod {pod}");
            self.record(about(&self.object, &name, "Warning", "BackOff", message));
            self.held_back.insert(name, attempt);
        }
    }
}

/// The object's resourceVersion; 0 for one that only the runtime remembers.
fn version(object: &Value) -> u64 {
    object["metadata"].str("resourceVersion").parse().unwrap_or(0)
}

fn find<'a>(pod: &'a Value, name: &str) -> Option<&'a Value> {
    let spec = &pod["spec"];
    let lists = ["initContainers", "containers", "ephemeralContainers"];
    lists.into_iter().flat_map(|list| spec.items(list)).find(|c| c.str("name") == name)
}
