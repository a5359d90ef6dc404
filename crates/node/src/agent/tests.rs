//! The agent against an API and a runtime of the test's own.

use super::*;
use crate::clock::Now;
use crate::pod::recovery::recovered;
use crate::runtime::{
    ContainerSpec, Ended, ExecEnd, ExecError, Exit, Heard, Image, Instance, InstanceState, SandboxRecord, SandboxSpec, StartError,
};
use crate::shutdown::plan::Config;
use http::{Method, Request, Response};
use std::sync::Mutex;
use stead_api::time::Timestamp;
use stead_api::{Value, json};
use tokio::sync::Notify;

const NOW: Timestamp = Timestamp(1_800_000_000_000_000);

/// Sandboxes in memory; writes down what is done to them.
#[derive(Clone, Default)]
struct Fake {
    found: Arc<Mutex<Vec<SandboxRecord>>>,
    done: Arc<Mutex<Vec<String>>>,
    changed: Arc<Notify>,
    exits: Arc<Mutex<Vec<Ended>>>,
}

impl Fake {
    fn did(&self, what: String) {
        self.done.lock().unwrap().push(what);
        self.changed.notify_one();
    }

    /// Waits until something was done, and gives all that was done so far.
    async fn until(&self, what: &str) -> Vec<String> {
        loop {
            let done = self.done.lock().unwrap().clone();
            if done.iter().any(|d| d == what) {
                return done;
            }
            self.changed.notified().await;
        }
    }

    fn end(&self, sandbox: &str, container: &str, attempt: u32) {
        let exit = Exit { code: 137, oom: false, started_at: Some(NOW), finished_at: NOW, message: String::new(), reason: None };
        self.exits.lock().unwrap().push(Ended { sandbox: sandbox.into(), container: container.into(), attempt, exit });
    }
}

impl Runtime for Fake {
    fn version(&self) -> String {
        "fake://1".to_owned()
    }
    async fn image(&self, reference: &str) -> Result<Option<Image>, String> {
        Ok(Some(Image { reference: reference.to_owned(), entrypoint: vec!["/x".to_owned()], ..Image::default() }))
    }
    async fn create_sandbox(&self, spec: SandboxSpec) -> Result<Vec<std::net::IpAddr>, String> {
        self.did(format!("create {}", spec.id));
        Ok(Vec::new())
    }
    async fn stop_sandbox(&self, id: &str) -> Result<(), String> {
        self.did(format!("stop {id}"));
        Ok(())
    }
    async fn remove_sandbox(&self, id: &str) -> Result<(), String> {
        // Takes its time: whoever does not wait for it is seen.
        tokio::time::sleep(Duration::from_millis(200)).await;
        self.did(format!("remove {id}"));
        Ok(())
    }
    async fn start(&self, sandbox: &str, spec: ContainerSpec) -> Result<Instance, StartError> {
        self.did(format!("start {sandbox} {} {}", spec.name, spec.attempt));
        Ok(Instance {
            attempt: spec.attempt,
            id: "id".to_owned(),
            image: spec.image_named.clone(),
            user: None,
            state: InstanceState::Running { started_at: NOW },
        })
    }
    async fn signal(&self, sandbox: &str, container: &str, attempt: u32, _signal: &str) -> Result<(), String> {
        self.end(sandbox, container, attempt);
        Ok(())
    }
    async fn kill(&self, sandbox: &str, container: &str, attempt: u32) -> Result<(), String> {
        self.end(sandbox, container, attempt);
        Ok(())
    }
    async fn exec(&self, _: &str, _: &str, _: u32, _: Vec<String>, _: Duration) -> Result<ExecEnd, ExecError> {
        Ok(ExecEnd { code: 0, output: Vec::new() })
    }
    async fn forget_runs(&self, sandbox: &str, container: &str, before: u32) -> Result<(), String> {
        self.did(format!("forget {sandbox} {container} before {before}"));
        Ok(())
    }
    async fn list(&self) -> Result<Vec<SandboxRecord>, String> {
        Ok(self.found.lock().unwrap().clone())
    }
    async fn hear(&self) -> Option<Heard> {
        loop {
            let next = self.exits.lock().unwrap().pop();
            match next {
                Some(ended) => return Some(Heard::Ended(ended)),
                None => tokio::time::sleep(Duration::from_millis(1)).await,
            }
        }
    }
}

/// An API that has these pods, answers a list of them after `delay`, and takes every write.
fn api(pods: Vec<Value>, delay: Duration) -> Client {
    let service = tower::service_fn(move |request: Request<kube::client::Body>| {
        let pods = pods.clone();
        async move {
            let (path, watch) = (request.uri().path().to_owned(), request.uri().query().is_some_and(|q| q.contains("watch=true")));
            let body = match (request.method(), path.as_str()) {
                (&Method::GET, "/api/v1/pods") if watch => std::future::pending().await,
                (&Method::GET, "/api/v1/pods") => {
                    tokio::time::sleep(delay).await;
                    json!({"kind": "PodList", "apiVersion": "v1", "metadata": {"resourceVersion": "1"}, "items": pods})
                }
                (&Method::GET, path) if path.ends_with("/services") => {
                    json!({"kind": "ServiceList", "apiVersion": "v1", "metadata": {"resourceVersion": "1"}, "items": []})
                }
                (_, path) => {
                    let kinds = [("/nodes", "Node"), ("/leases", "Lease"), ("/pods", "Pod"), ("/events", "Event")];
                    let kind = kinds.iter().find(|(part, _)| path.contains(part)).map(|(_, kind)| kind);
                    json!({"kind": kind, "metadata": {"name": "x", "uid": "x", "resourceVersion": "1"}})
                }
            };
            Ok::<_, std::convert::Infallible>(Response::new(http_body_util::Full::new(bytes::Bytes::from(body.to_string()))))
        }
    });
    Client::new(kube::Client::new(service, "default"), "kubelet")
}

fn pod(name: &str, uid: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": "default", "name": name, "uid": uid},
        "spec": {"nodeName": "n", "restartPolicy": "Always", "containers": [{"name": "c", "image": "i"}]}, "status": {"phase": "Running"}})
}

/// A sandbox with one running container.
fn record(name: &str, uid: &str) -> SandboxRecord {
    let labels = [("namespace", "default"), ("name", name), ("uid", uid)];
    let run =
        Instance { attempt: 0, id: "id".to_owned(), image: "i".to_owned(), user: None, state: InstanceState::Running { started_at: NOW } };
    SandboxRecord {
        id: format!("{uid}-0"),
        labels: labels.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        ready: true,
        addresses: Vec::new(),
        containers: BTreeMap::from([("c".to_owned(), vec![run])]),
    }
}

/// Runs an agent until `what` has been done, for half a minute at most.
async fn done_until(what: &str, runtime: Fake, api: Client) -> Vec<String> {
    done_on_machine(what, runtime, api, 110, Shutdown::never()).await
}

/// The same on a machine for so many pods, which may shut down.
async fn done_on_machine(what: &str, runtime: Fake, api: Client, pods_max: u32, shutdown: Shutdown) -> Vec<String> {
    let (_stop, stopping) = watch::channel(false);
    let machines = vec![Machine { name: "n".to_owned(), pods_max, ..Machine::default() }];
    let options = Options {
        questions: Questions::none(),
        shutdown,
        caught_up: watch::Sender::new(false),
        api,
        machines,
        runtime: runtime.clone(),
        volumes: None,
        storage: None,
        clock: Arc::new(|| NOW),
        stats: Stats::default(),
        data_dir: None,
        eviction: eviction::thresholds::Config::default(),
    };
    let done = tokio::time::timeout(Duration::from_secs(30), async {
        tokio::select! {
            ended = run(options, stopping) => panic!("the agent ended: {ended:?}"),
            done = runtime.until(what) => done,
        }
    });
    done.await.unwrap_or_else(|_| panic!("never done: {what}; but {:?}", runtime.done.lock().unwrap()))
}

#[tokio::test]
async fn a_pod_waits_for_what_a_former_server_left_under_its_name() {
    // KILL-11: the old pod was deleted by force and made anew, and the server killed before it had ended the old one.
    let runtime = Fake::default();
    runtime.found.lock().unwrap().push(record("web-0", "old"));
    let done = done_until("start new-0 c 0", runtime, api(vec![pod("web-0", "new")], Duration::ZERO)).await;
    let at = |what: &str| done.iter().position(|d| d == what).unwrap_or_else(|| panic!("{what} is not in {done:?}"));
    assert!(at("remove old-0") < at("create new-0"), "{done:?}");
}

#[tokio::test]
async fn an_end_before_the_pods_are_known_is_not_forgotten() {
    // SHIM-1: the container ends after the agent has listed the runtime and before it has listed the pods.
    let runtime = Fake::default();
    runtime.found.lock().unwrap().push(record("web-0", "u"));
    runtime.end("u-0", "c", 0);
    done_until("start u-0 c 1", runtime, api(vec![pod("web-0", "u")], Duration::from_millis(200))).await;
}

#[tokio::test]
async fn only_the_last_ended_run_is_kept() {
    // GC-2: the former run is the one that `lastState` shows.
    let runtime = Fake::default();
    let mut record = record("web-0", "u");
    let runs = record.containers.get_mut("c").unwrap();
    runs[0].attempt = 4;
    runtime.found.lock().unwrap().push(record);
    runtime.end("u-0", "c", 4);
    let done = done_until("forget u-0 c before 4", runtime, api(vec![pod("web-0", "u")], Duration::ZERO)).await;
    assert!(done.contains(&"start u-0 c 5".to_owned()), "{done:?}");
}

#[test]
fn an_attempt_that_two_sandboxes_have_is_the_newer_one_s() {
    // SHIM-7: the first shim died while it started the container, so the attempt was made again in the second sandbox.
    let exit =
        Exit { code: 137, oom: false, started_at: None, finished_at: NOW, message: String::new(), reason: Some("ContainerStatusUnknown") };
    let mut lost = record("web-0", "u");
    lost.ready = false;
    lost.containers.get_mut("c").unwrap()[0].state = InstanceState::Exited(exit);
    let mut newer = record("web-0", "u");
    newer.id = "u-1".to_owned();
    let state = recovered(&[lost, newer], &pod("web-0", "u"), Now { wall: NOW, steady: Duration::ZERO });
    assert!(state.container("c").unwrap().running(), "it would be started a second time");
}

#[tokio::test]
async fn a_critical_pod_waits_until_the_pod_that_makes_room_has_ended() {
    // NODE-14
    let runtime = Fake::default();
    runtime.found.lock().unwrap().push(record("plain", "plain"));
    let mut critical = pod("critical", "critical");
    critical["spec"]["priority"] = crate::admission::CRITICAL.into();
    critical["status"] = json!({"phase": "Pending"});
    let api = api(vec![critical, pod("plain", "plain")], Duration::ZERO);
    let done = done_on_machine("create critical-0", runtime, api, 1, Shutdown::never()).await;
    assert_eq!(done.first().map(String::as_str), Some("stop plain-0"), "{done:?}");
}

#[tokio::test]
async fn a_machine_that_shuts_down_ends_its_pods() {
    // NODE-15
    let runtime = Fake::default();
    runtime.found.lock().unwrap().push(record("web-0", "u"));
    let (handle, shutdown) = crate::shutdown::shutdown(Config::of_periods(Duration::from_secs(30), Duration::ZERO).unwrap());
    handle.begin();
    let api = api(vec![pod("web-0", "u")], Duration::ZERO);
    done_on_machine("stop u-0", runtime, api, 110, shutdown).await;
}
