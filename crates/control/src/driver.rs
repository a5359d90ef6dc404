//! Binds the engine to an API server through a client: watches in, calls out, time. The only code here that awaits.
//! Everything runs inside the caller's task; when [`run`] ends, nothing of it is left.

use crate::engine::{CallId, Engine, Input, Now, Start};
use crate::object::Object;
use crate::options::Options;
use futures::stream::{FuturesUnordered, SelectAll, Stream, StreamExt};
use futures::{FutureExt, future::BoxFuture};
use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::pin::{Pin, pin};
use stead_api::Value;
use stead_client::{Client, Failure, Resource, Scope, discovery::discover};
use tokio::time::{Instant, sleep_until};

/// Calls on their way at once; more wait their turn.
const CALLS_MAX: usize = 256;
/// Inputs taken before keys are looked at.
const INPUTS_MAX: usize = 1024;
/// User-Agent, and so the field manager of what controllers write.
const AGENT: &str = "stead-controller";

/// How far the controllers have come, for those who must know that nothing is left to do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    /// No key is queued, no call is on its way, and every own write has been seen.
    pub idle: bool,
    /// The resourceVersion up to which each watched resource has been seen.
    pub seen: BTreeMap<Resource, u64>,
}

/// Runs the controllers until `shutdown` ends. Failures of the server are waited out.
pub async fn run(client: kube::Client, options: Options, shutdown: impl Future<Output = ()>) {
    let (progress, _) = tokio::sync::watch::channel(Progress::default());
    run_with_progress(client, options, progress, shutdown).await;
}

/// As [`run`]; tells after each step how far it has come.
pub async fn run_with_progress(
    client: kube::Client,
    options: Options,
    progress: tokio::sync::watch::Sender<Progress>,
    shutdown: impl Future<Output = ()>,
) {
    let client = Client::new(client, AGENT);
    let mut shutdown = pin!(shutdown.fuse());
    let resources = futures::select_biased! {
        resources = pin!(discover(&client).fuse()) => resources,
        () = shutdown => return,
    };
    let mut driver = Driver::new(client, &options, &resources, progress);
    loop {
        let input = futures::select_biased! {
            () = shutdown => return,
            input = pin!(driver.next().fuse()) => input,
        };
        driver.handle(input);
    }
}

/// Watches and calls under way around an engine.
struct Driver {
    client: Client,
    engine: Engine,
    clock: crate::options::Clock,
    started: Instant,
    watches: SelectAll<Pin<Box<dyn Stream<Item = Input> + Send>>>,
    calls: FuturesUnordered<BoxFuture<'static, (CallId, Result<Value, Failure>)>>,
    waiting: VecDeque<Start>,
    progress: tokio::sync::watch::Sender<Progress>,
}

impl Driver {
    fn new(client: Client, options: &Options, resources: &[Resource], progress: tokio::sync::watch::Sender<Progress>) -> Self {
        let engine = Engine::new(options.controllers(resources));
        let watches = engine.resources().into_iter().map(|r| reports(client.clone(), r).boxed()).collect();
        Self {
            client,
            engine,
            clock: options.clock.clone(),
            started: Instant::now(),
            watches,
            calls: FuturesUnordered::new(),
            waiting: VecDeque::new(),
            progress,
        }
    }

    fn now(&self) -> Now {
        Now { wall: (self.clock)(), steady: self.started.elapsed() }
    }

    /// The next input. Cancel safe.
    async fn next(&mut self) -> Input {
        let timer = self.engine.next_timer().map(|at| self.started + at);
        let mut tick = pin!(
            async move {
                match timer {
                    Some(at) => sleep_until(at).await,
                    None => std::future::pending().await,
                }
            }
            .fuse()
        );
        futures::select_biased! {
            (id, result) = self.calls.select_next_some() => Input::Outcome { id, result },
            input = self.watches.select_next_some() => input,
            () = tick => Input::Tick,
        }
    }

    /// Takes this input and what else is at hand, then looks at keys.
    fn handle(&mut self, input: Input) {
        let now = self.now();
        let mut starts = self.engine.take(input, now);
        for _ in 0..INPUTS_MAX {
            let Some(input) = self.at_hand() else { break };
            starts.extend(self.engine.take(input, now));
        }
        starts.extend(self.engine.work(now));
        self.waiting.extend(starts);
        while self.calls.len() < CALLS_MAX
            && let Some(start) = self.waiting.pop_front()
        {
            self.calls.push(perform(self.client.clone(), start).boxed());
        }
        self.publish();
    }

    fn at_hand(&mut self) -> Option<Input> {
        if let Some(Some((id, result))) = self.calls.next().now_or_never() {
            return Some(Input::Outcome { id, result });
        }
        self.watches.next().now_or_never().flatten()
    }

    fn publish(&self) {
        if self.progress.receiver_count() == 0 {
            return;
        }
        let seen = self.engine.resources().into_iter().map(|r| (r, self.engine.cache().seen(r))).collect();
        self.progress.send_replace(Progress { idle: self.engine.is_idle(), seen });
    }
}

/// A resource followed for ever.
fn reports(client: Client, resource: Resource) -> impl Stream<Item = Input> + Send {
    let reports = stead_client::follow(client, Scope::all(resource), move |value| Object::parse(resource, value));
    reports.map(move |report| Input::Watch { resource, report })
}

async fn perform(client: Client, Start { id, call, .. }: Start) -> (CallId, Result<Value, Failure>) {
    (id, client.carry_out(&call).await)
}
