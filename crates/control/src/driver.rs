//! Binds the engine to an API server through a client: watches in, calls out, time. The only code here that awaits.
//! Everything runs inside the caller's task; when [`run`] ends, nothing of it is left.

use crate::engine::{CallId, Engine, Input, Now, Start};
use crate::object::Object;
use crate::options::Options;
use crate::questions::Questions;
use crate::users::WATCHER;
use futures::FutureExt;
use futures::future::{BoxFuture, Either};
use futures::stream::{FuturesUnordered, SelectAll, Stream, StreamExt};
use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use stead_api::Value;
use stead_client::{Client, Failure, Resource, Scope, discovery::discover};
use tokio::time::{Instant, sleep_until};

/// Calls on their way at once; more wait their turn.
const CALLS_MAX: usize = 256;
/// Inputs taken before keys are looked at.
const INPUTS_MAX: usize = 1024;
/// User-Agent, and so the field manager of what controllers write.
const AGENT: &str = "stead-controller";

/// Makes the client of a user. Where one credential is all there is, it is that one's for every user.
pub type Clients = Box<dyn Fn(&str) -> kube::Client + Send + Sync>;

/// Runs the controllers until `shutdown` ends, and answers questions about them: each acts as a user of its own, and what they look at
/// is watched as `system:kube-controller-manager`. Failures of the server are waited out.
pub async fn run(clients: Clients, options: Options, mut questions: Questions, shutdown: impl Future<Output = ()>) {
    let client = Client::new(clients(WATCHER), AGENT);
    let mut shutdown = pin!(shutdown.fuse());
    let resources = futures::select_biased! {
        resources = pin!(discover(&client).fuse()) => resources,
        () = shutdown => return,
    };
    let mut driver = Driver::new(client, clients, &options, &resources);
    loop {
        let turn = futures::select_biased! {
            () = shutdown => return,
            question = pin!(questions.next().fuse()) => Either::Left(question),
            input = pin!(driver.next().fuse()) => Either::Right(input),
        };
        match turn {
            Either::Left(question) => question.answer(&driver.engine, driver.now()),
            Either::Right(input) => driver.handle(input),
        }
    }
}

/// Watches and calls under way around an engine.
struct Driver {
    clients: Clients,
    /// By user, each made at its first call.
    made: HashMap<Arc<str>, Client>,
    engine: Engine,
    clock: crate::options::Clock,
    started: Instant,
    watches: SelectAll<Pin<Box<dyn Stream<Item = Input> + Send>>>,
    calls: FuturesUnordered<BoxFuture<'static, (CallId, Result<Value, Failure>)>>,
    waiting: VecDeque<Start>,
}

impl Driver {
    fn new(client: Client, clients: Clients, options: &Options, resources: &[Resource]) -> Self {
        let engine = Engine::new(options.controllers(resources));
        let watches = engine.resources().into_iter().map(|r| reports(client.clone(), r).boxed()).collect();
        Self {
            clients,
            made: HashMap::new(),
            engine,
            clock: options.clock.clone(),
            started: Instant::now(),
            watches,
            calls: FuturesUnordered::new(),
            waiting: VecDeque::new(),
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
            let client = self.client(&start.user);
            self.calls.push(perform(client, start).boxed());
        }
    }

    fn client(&mut self, user: &Arc<str>) -> Client {
        let clients = &self.clients;
        self.made.entry(user.clone()).or_insert_with(|| Client::new(clients(user), AGENT)).clone()
    }

    fn at_hand(&mut self) -> Option<Input> {
        if let Some(Some((id, result))) = self.calls.next().now_or_never() {
            return Some(Input::Outcome { id, result });
        }
        self.watches.next().now_or_never().flatten()
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
