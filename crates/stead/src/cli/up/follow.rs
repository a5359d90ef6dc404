//! Follows what was applied until it is ready, or cannot become so, or for as long as may be, and says what happens to it.

use super::apply::Applied;
use super::shown::{Change, Shown};
use super::tell::Teller;
use crate::cli::tails_and_pulls;
use crate::observed::{FOLLOWED, Observed, Readiness, Workload, document};
use futures::StreamExt;
use futures::stream::{BoxStream, select_all};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};
use stead_api::{Value, json};
use stead_client::wire::Report;
use stead_client::{Client, Resource, Scope, follow};

/// How often changes are looked at together.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// How often logs and the progress of pulls are asked for.
const ASK_EVERY: Duration = Duration::from_secs(1);
/// How often what is waited for is said.
const EXPLAIN_EVERY: Duration = Duration::from_secs(5);

/// What is waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    resource: Resource,
    namespace: String,
    name: String,
}

impl Target {
    /// Those of the objects that can be waited for.
    pub fn of(applied: &[Applied]) -> Vec<Self> {
        let target = |applied: &Applied| {
            let resource = Observed::has_standing(&applied.kind, &applied.api_version)?;
            Some(Self { resource, namespace: applied.namespace.clone(), name: applied.name.clone() })
        };
        applied.iter().filter_map(target).collect()
    }
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Ready,
    /// Something will not become ready by itself.
    Failed,
    TimedOut,
}

/// Returns when all is ready, something has failed, or the time is over; with how everything stood last.
pub async fn until_ready(
    client: &kube::Client,
    targets: &[Target],
    patience: Duration,
    teller: &Teller,
) -> anyhow::Result<(End, Vec<Workload>)> {
    let mut following = Following::begin(client, targets, teller);
    let end = match tokio::time::timeout(patience, following.run()).await {
        Ok(end) => end,
        Err(_) => End::TimedOut,
    };
    teller.live(&[]);
    if end != End::Ready {
        // The last words of what has failed just now.
        let present = following.present();
        tails_and_pulls::ask(client, &mut following.observed, &present).await;
    }
    Ok((end, following.workloads()))
}

type Told = (Resource, String, Report<Value>);

struct Following<'a> {
    client: &'a kube::Client,
    targets: &'a [Target],
    teller: &'a Teller,
    reports: BoxStream<'static, Told>,
    /// What has not been listed yet.
    unlisted: BTreeSet<(Resource, String)>,
    observed: Observed,
    shown: Shown,
    begun: Instant,
}

impl<'a> Following<'a> {
    fn begin(client: &'a kube::Client, targets: &'a [Target], teller: &'a Teller) -> Self {
        let namespaces: BTreeSet<&String> = targets.iter().map(|target| &target.namespace).collect();
        let unlisted: BTreeSet<(Resource, String)> =
            namespaces.into_iter().flat_map(|namespace| FOLLOWED.map(|resource| (resource, namespace.clone()))).collect();
        let api = Client::new(client.clone(), "stead-up");
        let streams = unlisted.iter().cloned().map(|(resource, namespace)| {
            let scope = Scope { namespace: namespace.clone(), ..Scope::all(resource) };
            follow(api.clone(), scope, Some).map(move |report| (resource, namespace.clone(), report)).boxed()
        });
        let reports = select_all(streams.collect::<Vec<_>>()).boxed();
        Self { client, targets, teller, reports, unlisted, observed: Observed::default(), shown: Shown::default(), begun: Instant::now() }
    }

    async fn run(&mut self) -> End {
        let every = |period| tokio::time::interval_at(tokio::time::Instant::now() + period, period);
        let (mut look, mut ask, mut explain) = (every(LOOK_EVERY), every(ASK_EVERY), every(EXPLAIN_EVERY));
        let mut is_changed = false;
        loop {
            tokio::select! {
                Some((resource, namespace, report)) = self.reports.next() => {
                    if matches!(report, Report::Replaced { .. }) {
                        self.unlisted.remove(&(resource, namespace.clone()));
                    }
                    self.observed.take(resource, &namespace, report);
                    is_changed = true;
                }
                _ = look.tick() => {
                    if is_changed && self.unlisted.is_empty() {
                        is_changed = false;
                        let (has_news, end) = self.look();
                        if has_news {
                            explain.reset();
                        }
                        if let Some(end) = end {
                            return end;
                        }
                    }
                }
                _ = ask.tick() => {
                    let present = self.present();
                    is_changed |= tails_and_pulls::ask(self.client, &mut self.observed, &present).await;
                }
                _ = explain.tick() => self.explain(),
            }
        }
    }

    /// How those stand that are there.
    fn present(&self) -> Vec<Workload> {
        self.targets.iter().filter_map(|target| self.observed.workload(target.resource, &target.namespace, &target.name)).collect()
    }

    /// How all stand.
    fn workloads(&self) -> Vec<Workload> {
        let gone = |target: &Target| Workload {
            kind: target.resource.kind,
            namespace: target.namespace.clone(),
            name: target.name.clone(),
            standing: Readiness::Failed,
            wanted: 0,
            ready: 0,
            reasons: vec!["it was deleted".to_owned()],
            pods: Vec::new(),
        };
        let of = |target: &Target| self.observed.workload(target.resource, &target.namespace, &target.name).unwrap_or_else(|| gone(target));
        self.targets.iter().map(of).collect()
    }

    /// Says what is new, whether anything worth a line was, and whether that is the end.
    fn look(&mut self) -> (bool, Option<End>) {
        let workloads = self.workloads();
        let mut has_news = false;
        for news in self.shown.news(&workloads) {
            has_news |= !matches!(news, Change::PodMoved(_));
            self.tell(&news);
        }
        self.teller.live(&live(&workloads));
        let is_any = |standing| workloads.iter().any(|workload| workload.standing == standing);
        let end = match (is_any(Readiness::Failed), is_any(Readiness::Waiting)) {
            (true, _) => Some(End::Failed),
            (false, false) => Some(End::Ready),
            (false, true) => None,
        };
        (has_news, end)
    }

    fn tell(&self, news: &Change) {
        let (teller, took_s) = (self.teller, self.begun.elapsed().as_secs_f64());
        match news {
            Change::PodReady(pod) => {
                let mut document = document::of_pod(pod);
                document["event"] = "pod".into();
                let ready = teller.paint.green("ready");
                let said = if pod.phase == "Succeeded" { "done".to_owned() } else { ready };
                teller.event(document, Some(&format!("  {} {said} after {took_s:.2} s", pod.name)));
            }
            Change::PodInTrouble(pod) | Change::PodMoved(pod) => {
                let mut document = document::of_pod(pod);
                document["event"] = "pod".into();
                let line = format!("  {}: {}", teller.paint.red(&pod.name), indented(&pod.message));
                teller.event(document, matches!(news, Change::PodInTrouble(_)).then_some(line.as_str()));
            }
            Change::Workload(workload) => {
                let mut document = document::of_workload(workload);
                document["event"] = "workload".into();
                teller.event(document, None);
            }
        }
    }

    /// Reasons that were said before are not said again.
    fn explain(&mut self) {
        let waits = self.shown.waits(&self.present());
        for wait in &waits {
            self.teller.line(&format!("  waiting: {}", indented(wait)));
        }
        let waited_s = self.begun.elapsed().as_secs();
        if waits.is_empty() {
            self.teller.line(&format!("  still waiting after {waited_s} s"));
        }
        self.teller.event(json!({"event": "waiting", "waits": waits, "waitedSeconds": waited_s}), None);
    }
}

/// A text of several lines below another one.
pub fn indented(text: &str) -> String {
    text.replace('\n', "\n      ")
}

/// A line for each pod that is not ready.
fn live(workloads: &[Workload]) -> Vec<String> {
    let pods = workloads.iter().flat_map(|workload| &workload.pods).filter(|pod| pod.standing != Readiness::Ready);
    pods.map(|pod| format!("{}: {}", pod.name, pod.message)).collect()
}
