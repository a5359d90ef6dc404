//! The machine without a runner: the test performs what it is told to, when it wants to.

mod admission;
mod ends;
mod explain;
mod hooks;
mod image_volumes;
mod probing;
mod resize;

use super::*;
use crate::pod::environment::Sources;
use crate::pod::operation::WriteFailure;
use crate::pod::volumes::{Stage, VolumeFailure, VolumesUp};
use crate::runtime::{Exit, Image, Instance, InstanceState, Pulled, StartError};
use stead_api::json;

const WALL: Timestamp = Timestamp(1_800_000_000_000_000);

/// A machine, the API as it is, and what is under way.
struct Bench {
    machine: Machine,
    now: Now,
    object: Value,
    version: u64,
    under_way: Vec<(OperationId, Operation)>,
    events: Vec<String>,
    cancelled: Vec<&'static str>,
    /// Every status written.
    told: Vec<Value>,
}

impl Bench {
    /// Its volumes are there.
    fn new(spec: Value) -> Self {
        let mut bench = Self::begun(spec);
        bench.perform("set up volumes");
        bench
    }

    /// The node has taken it.
    fn begun(spec: Value) -> Self {
        let mut bench = Self::asked(spec);
        bench.perform("admit");
        bench
    }

    /// The node is asked to take it.
    fn asked(spec: Value) -> Self {
        let object = json!({"apiVersion": "v1", "kind": "Pod",
            "metadata": {"namespace": "ns", "name": "p", "uid": "u", "resourceVersion": "1"}, "spec": spec, "status": {"phase": "Pending"}});
        let now = Now { wall: WALL, steady: Duration::from_secs(1000) };
        let machine = Machine::new(Arc::new(NodeFacts::default()), Arc::new(object.clone()), &[], now);
        let mut bench =
            Self { machine, now, object, version: 1, under_way: Vec::new(), events: Vec::new(), cancelled: Vec::new(), told: Vec::new() };
        bench.step(Event::Tick);
        bench
    }

    /// A new agent, on a machine where nothing is left of the pod.
    fn restart_agent(&mut self) {
        self.machine = Machine::new(Arc::new(NodeFacts::default()), Arc::new(self.object.clone()), &[], self.now);
        self.under_way.clear();
        self.step(Event::Tick);
    }

    /// One container that runs and is reported.
    fn running(spec: Value) -> Self {
        let mut bench = Self::new(spec);
        bench.perform_all();
        bench
    }

    fn step(&mut self, event: Event) {
        for command in self.machine.step(self.now, event) {
            match command {
                Command::Run(id, operation) => self.under_way.push((id, operation)),
                Command::Cancel(id) => {
                    let index = self.under_way.iter().position(|(other, _)| *other == id).expect("only what is under way is cancelled");
                    self.cancelled.push(self.under_way.remove(index).1.name());
                }
                Command::RecordEvent(event) => self.events.push(format!("{}: {}", event.reason, event.message)),
            }
        }
        // A pod's files are there at once; a test that wants them slow is none about the machine.
        if self.names().contains(&"write files") {
            self.perform("write files");
        }
    }

    fn names(&self) -> Vec<&'static str> {
        self.under_way.iter().map(|(_, operation)| operation.name()).collect()
    }

    fn take(&mut self, name: &str) -> (OperationId, Operation) {
        let index = self.under_way.iter().position(|(_, operation)| operation.name() == name);
        self.under_way.remove(index.unwrap_or_else(|| panic!("{name} is not among {:?}", self.names())))
    }

    /// Ends an operation as it should end.
    fn perform(&mut self, name: &str) {
        let (id, operation) = self.take(name);
        let outcome = match operation {
            Operation::Admit(_) => Outcome::Admitted(Ok(())),
            Operation::SetUpVolumes { .. } => Outcome::Volumes(Ok(VolumesUp::default())),
            Operation::InspectImage(reference) => {
                Outcome::Image(Ok(Some(Image { reference, entrypoint: vec!["/x".into()], ..Image::default() })))
            }
            Operation::MountImages(images) => Outcome::ImagesMounted(images.into_iter().map(|image| (image, Ok(()))).collect()),
            Operation::PullImage { reference, .. } => {
                let image = Image { reference, entrypoint: vec!["/x".into()], ..Image::default() };
                Outcome::Pulled { missing_secrets: Vec::new(), pulled: Ok(Pulled { image, size_bytes: 7 }) }
            }
            Operation::FetchSources { .. } => Outcome::Sources(Ok(Sources::default())),
            Operation::Hook { .. } => Outcome::Hook(Ok(())),
            Operation::WriteFiles(_) => Outcome::Files(Ok(Vec::new())),
            Operation::Refuse(reason) => Outcome::Done(Err(reason)),
            Operation::Allot(_) => Outcome::Allotted(Ok(())),
            Operation::StartContainer { spec, .. } => Outcome::Started(Ok(Instance {
                attempt: spec.attempt,
                id: "id".into(),
                image: spec.image_named,
                user: None,
                state: InstanceState::Running { started_at: self.now.wall },
            })),
            Operation::WriteStatus { patch, .. } => {
                self.version += 1;
                self.object["metadata"]["resourceVersion"] = self.version.to_string().into();
                self.object["status"] = patch["status"].clone();
                self.told.push(patch["status"].clone());
                Outcome::Written(Ok(Arc::new(self.object.clone())))
            }
            Operation::Probe(_) => Outcome::Probed(crate::pod::probes::Probed::Success),
            _ => Outcome::Done(Ok(())),
        };
        self.step(Event::Outcome(id, outcome));
    }

    fn fail(&mut self, name: &str, outcome: Outcome) {
        let (id, _) = self.take(name);
        self.step(Event::Outcome(id, outcome));
    }

    fn perform_all(&mut self) {
        while let Some((_, operation)) = self.under_way.first() {
            self.perform(operation.name());
        }
    }

    /// Somebody else changes the object.
    fn edit(&mut self, edit: impl FnOnce(&mut Value)) {
        self.version += 1;
        self.object["metadata"]["resourceVersion"] = self.version.to_string().into();
        edit(&mut self.object);
        self.step(Event::Update(PodUpdate::Object(Arc::new(self.object.clone()))));
    }

    fn delete(&mut self) {
        self.edit(|pod| pod["metadata"]["deletionTimestamp"] = "x".into());
    }

    /// What the API was told of the pod, distinct states in order: phase, readiness, and each container's state.
    fn told(&self) -> Vec<String> {
        let mut told: Vec<String> = Vec::new();
        for status in &self.told {
            let mut words = vec![status.str("phase").to_owned()];
            let ready = |status: &Value| status.items("conditions").iter().any(|c| c["type"] == "Ready" && c["status"] == "True");
            words.extend(ready(status).then(|| "ready".to_owned()));
            for list in ["initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses"] {
                words.extend(status.items(list).iter().map(sketch));
            }
            let line = words.join(" ");
            if told.last() != Some(&line) {
                told.push(line);
            }
        }
        told
    }

    fn exit(&mut self, container: &str, attempt: u32, code: i32) {
        let exit = Exit { code, oom: false, started_at: None, finished_at: self.now.wall, message: String::new(), reason: None };
        self.step(Event::Exited(Ended { sandbox: "u-0".into(), container: container.into(), attempt, exit }));
    }

    fn pass(&mut self, seconds: u64) {
        self.now.steady += Duration::from_secs(seconds);
        self.now.wall = self.now.wall.plus_millis(i64::try_from(seconds * 1000).unwrap());
        self.step(Event::Tick);
    }

    fn ready(&self) -> &str {
        self.object["status"].items("conditions").iter().find(|c| c["type"] == "Ready").map_or("", |c| c.str("status"))
    }
}

/// `name:state(reason,code)#restarts`, `*` for ready.
fn sketch(status: &Value) -> String {
    let (state, of) = status["state"].as_object().and_then(|state| state.iter().next()).expect("a state");
    let details = [of.str("reason").to_owned(), of.int("exitCode").map(|code| code.to_string()).unwrap_or_default()];
    let details: Vec<String> = details.into_iter().filter(|text| !text.is_empty()).collect();
    let details = if details.is_empty() { String::new() } else { format!("({})", details.join(",")) };
    let count = status.int("restartCount").filter(|count| *count > 0).map(|count| format!("#{count}")).unwrap_or_default();
    format!("{}:{state}{details}{}{count}", status.str("name"), if status.flag("ready") { "*" } else { "" })
}

fn one() -> Value {
    json!({"restartPolicy": "Always", "containers": [{"name": "c", "image": "i"}]})
}

fn two() -> Value {
    json!({"restartPolicy": "Always", "containers": [{"name": "a", "image": "i"}, {"name": "b", "image": "i"}]})
}

#[test]
fn a_pod_comes_up_and_goes() {
    // HOOK-1, KILL-7, KILL-8
    let mut bench = Bench::new(one());
    let order = ["create sandbox", "inspect image", "fetch sources", "start container"];
    for name in order {
        bench.perform(name);
    }
    bench.perform_all();
    assert_eq!(bench.ready(), "True");
    bench.delete();
    assert_eq!(bench.names(), ["signal"]);
    bench.perform("signal");
    bench.exit("c", 0, 0);
    assert_eq!(bench.names(), ["stop sandbox"]);
    bench.perform("stop sandbox");
    bench.perform("tear down volumes");
    assert_eq!(bench.names(), ["write status"]);
    bench.perform("write status");
    assert_eq!(bench.object["status"]["phase"], "Succeeded"); // KILL-9
    bench.perform("remove sandbox");
    bench.perform("remove the pod's directory");
    bench.perform("delete object");
    assert!(!bench.machine.is_over(), "the watch has not said that it is gone");
    bench.step(Event::Update(PodUpdate::Gone));
    assert!(bench.machine.is_over());
    assert_eq!(bench.names(), [""; 0]);
}

#[test]
fn containers_start_one_after_the_other_and_stop_together() {
    // INIT-3, KILL-6
    let mut bench = Bench::new(two());
    bench.perform("create sandbox");
    assert_eq!(bench.names().iter().filter(|name| **name == "inspect image").count(), 1);
    bench.perform_all();
    bench.delete();
    assert_eq!(bench.names(), ["signal", "signal"]);
}

#[test]
fn a_slow_image_delays_neither_a_deletion_nor_a_kill() {
    let mut bench = Bench::new(two());
    for name in ["write status", "create sandbox", "inspect image", "fetch sources", "start container"] {
        bench.perform(name);
    }
    assert!(bench.names().contains(&"inspect image"), "b's image is looked for: {:?}", bench.names());
    bench.delete();
    assert_eq!(bench.cancelled, ["inspect image"]);
    assert!(bench.names().contains(&"signal"));
    // A signal that hangs does not hold the kill up.
    bench.pass(30);
    assert!(bench.names().contains(&"kill"), "{:?}", bench.names());
}

#[test]
fn a_start_that_was_ordered_is_waited_for_before_the_sandbox_goes() {
    // An identity runs at most once: whatever was asked to start is stopped, not forgotten.
    let mut bench = Bench::new(one());
    for name in ["create sandbox", "inspect image", "fetch sources"] {
        bench.perform(name);
    }
    bench.delete();
    assert!(!bench.names().contains(&"stop sandbox"), "{:?}", bench.names());
    bench.perform("start container");
    assert!(bench.names().contains(&"signal"), "{:?}", bench.names());
}

#[test]
fn an_end_told_before_its_start_counts() {
    // SHIM-1
    let mut bench = Bench::new(one());
    for name in ["create sandbox", "inspect image", "fetch sources"] {
        bench.perform(name);
    }
    bench.exit("c", 0, 3);
    bench.perform("start container");
    bench.perform_all();
    assert_eq!(bench.object["status"]["containerStatuses"][0]["restartCount"], 1);
}

#[test]
fn what_another_made_of_the_status_is_put_right() {
    // The node lifecycle controller marks the pods of a silent node; the node is back.
    let mut bench = Bench::running(one());
    assert_eq!(bench.ready(), "True");
    let unready = |pod: &mut Value| {
        for condition in pod["status"].items_mut("conditions").iter_mut().filter(|c| c["type"] == "Ready") {
            condition["status"] = "False".into();
            condition["reason"] = "NodeNotReady".into();
        }
    };
    bench.edit(unready);
    bench.perform("write status");
    assert_eq!(bench.ready(), "True");
    assert_eq!(bench.names(), [""; 0], "once is enough");
    // As long as the node counts as lost the controller does it again: that is no race.
    bench.edit(unready);
    assert_eq!(bench.names(), [""; 0]);
    bench.pass(10);
    bench.perform("write status");
    assert_eq!(bench.ready(), "True");
}

#[test]
fn a_status_that_the_server_writes_in_its_own_way_is_not_written_again_and_again() {
    let mut bench = Bench::new(one());
    let (id, _) = bench.take("write status");
    bench.version += 1;
    bench.object["metadata"]["resourceVersion"] = bench.version.to_string().into();
    bench.object["status"] = json!({"phase": "Pending", "startTime": "in its own way"});
    bench.step(Event::Outcome(id, Outcome::Written(Ok(Arc::new(bench.object.clone())))));
    assert!(!bench.names().contains(&"write status"), "{:?}", bench.names());
}

#[test]
fn an_older_object_is_not_taken_for_the_newest() {
    let mut bench = Bench::running(one());
    let mut old = bench.object.clone();
    old["metadata"]["resourceVersion"] = "1".into();
    old["status"] = json!({"phase": "Pending"});
    bench.step(Event::Update(PodUpdate::Object(Arc::new(old))));
    assert_eq!(bench.names(), [""; 0]);
}

#[test]
fn a_refused_status_is_an_event_and_is_not_tried_hot() {
    let mut bench = Bench::new(one());
    bench.fail("write status", Outcome::Written(Err(WriteFailure::Refused("qosClass: field is immutable".into()))));
    assert_eq!(bench.events, ["FailedStatusUpdate: The pod's status was refused: qosClass: field is immutable"]);
    assert!(!bench.names().contains(&"write status"));
    bench.pass(60);
    assert!(!bench.names().contains(&"write status"));
    // It does not keep a deleted pod from going.
    bench.perform_all();
    bench.delete();
}

#[test]
fn configuration_errors_do_not_raise_the_back_off() {
    let mut bench = Bench::running(one());
    bench.exit("c", 0, 1);
    bench.perform("write status");
    bench.perform("inspect image");
    bench.fail("fetch sources", Outcome::Sources(Err("no answer".into())));
    bench.perform_all();
    assert_eq!(bench.object["status"]["containerStatuses"][0]["state"]["waiting"]["reason"], "CreateContainerConfigError");
    for _ in 0..3 {
        bench.pass(10);
        bench.perform("inspect image");
        bench.fail("fetch sources", Outcome::Sources(Err("no answer".into())));
        bench.perform_all();
    }
    bench.pass(10);
    bench.perform_all();
    assert_eq!(bench.object["status"]["containerStatuses"][0]["restartCount"], 1);
    bench.exit("c", 1, 1);
    bench.perform_all();
    bench.pass(10); // the first delay, not one after five
    bench.perform_all();
    assert_eq!(bench.object["status"]["containerStatuses"][0]["restartCount"], 2);
}

#[test]
fn a_changed_image_is_said_and_done() {
    // KILL-5
    let mut bench = Bench::running(one());
    bench.edit(|pod| pod["spec"]["containers"][0]["image"] = "j".into());
    assert_eq!(bench.events.last().unwrap(), "Killing: Container c definition changed, will be restarted");
    bench.perform("signal");
    bench.exit("c", 0, 143);
    bench.perform_all();
    assert_eq!(bench.told().last().unwrap(), "Running ready c:running*#1");
    assert_eq!(bench.told().len(), 3, "its end is never shown by itself: {:?}", bench.told());
    assert_eq!(bench.object["status"]["containerStatuses"][0]["image"], "j");
    assert_eq!(bench.object["status"]["containerStatuses"][0]["restartCount"], 1);
    assert_eq!(bench.ready(), "True");
}

#[test]
fn a_sandbox_that_died_is_replaced_and_the_start_is_made_again() {
    // RST-10
    let mut bench = Bench::new(one());
    for name in ["create sandbox", "inspect image", "fetch sources"] {
        bench.perform(name);
    }
    bench.fail("start container", Outcome::Started(Err(StartError::SandboxGone)));
    let (_, operation) = bench.under_way.iter().find(|(_, operation)| operation.name() == "create sandbox").expect("another is made");
    let Operation::CreateSandbox(spec) = operation else { panic!("not a sandbox") };
    assert_eq!(spec.id, "u-1");
    for name in ["create sandbox", "inspect image", "fetch sources"] {
        bench.perform(name);
    }
    assert!(!bench.names().contains(&"remove sandbox"), "the dead one says how containers ended: {:?}", bench.names());
    bench.perform("start container");
    let (_, operation) = bench.under_way.iter().find(|(_, operation)| operation.name() == "remove sandbox").expect("the dead one goes");
    assert_eq!(*operation, Operation::RemoveSandbox("u-0".into()));
    bench.perform_all();
    assert_eq!(bench.object["status"]["containerStatuses"][0]["restartCount"], 0);
}

#[test]
fn a_pod_that_ended_while_no_agent_ran_is_not_called_ready_until_it_runs_again() {
    // SHIM-7
    let mut bench = Bench::running(one());
    bench.pass(60);
    bench.restart_agent();
    assert!(bench.machine.is_overstated() && bench.names().contains(&"write status"), "at once: {:?}", bench.names());
    bench.perform("write status");
    assert_eq!((bench.ready(), bench.machine.is_overstated()), ("False", false));
    bench.perform_all();
    assert_eq!(bench.told().last().map(String::as_str), Some("Running ready c:running*#1"));
}

#[test]
fn a_pod_shows_its_address_before_its_images_are_there() {
    // NETW-11
    let mut bench = Bench::new(one());
    bench.perform("write status");
    let (id, _) = bench.take("create sandbox");
    bench.step(Event::Outcome(id, Outcome::Sandbox(Ok(vec!["10.42.0.2".parse().unwrap()]))));
    bench.now.steady += Duration::from_secs(2);
    bench.step(Event::Tick);
    bench.perform("write status");
    assert_eq!((bench.object["status"].str("podIP"), bench.names()), ("10.42.0.2", vec!["inspect image"]));
}

#[test]
fn a_network_that_fails_is_said_and_tried_again() {
    // NETW-10
    let mut bench = Bench::new(one());
    let why = "failed to setup network for sandbox \"u-0\": no IP addresses available in range set: 10.42.0.1-10.42.0.254";
    bench.fail("create sandbox", Outcome::Sandbox(Err(why.to_owned())));
    assert_eq!(bench.events, [format!("FailedCreatePodSandBox: Failed to create pod sandbox: {why}")]);
    bench.now.steady += RETRY;
    bench.step(Event::Tick);
    assert!(bench.names().contains(&"create sandbox"), "{:?}", bench.names());
}

#[test]
fn a_name_that_the_kernel_does_not_take_is_said() {
    // FILE-5
    let mut spec = one();
    spec["hostname"] = "h".repeat(60).into();
    spec["subdomain"] = "sub".into();
    spec["setHostnameAsFQDN"] = true.into();
    let mut bench = Bench::new(spec);
    bench.perform("refuse");
    assert!(
        bench.events[0].starts_with("FailedCreatePodSandBox: Failed to create pod sandbox: failed to construct FQDN"),
        "{:?}",
        bench.events
    );
}

#[test]
fn the_wall_clock_moves_no_grace_and_no_back_off() {
    let mut bench = Bench::running(one());
    bench.now.wall = WALL.plus_millis(-86_400_000);
    bench.delete();
    bench.perform_all();
    assert_eq!(bench.machine.wake(), Some(bench.now.steady + Duration::from_secs(30)));
    bench.now.wall = WALL.plus_millis(86_400_000);
    bench.step(Event::Tick);
    assert!(!bench.names().contains(&"kill"), "{:?}", bench.names());
}

#[test]
fn a_container_that_does_not_end_loses_its_sandbox() {
    let mut bench = Bench::running(one());
    bench.delete();
    bench.perform_all();
    bench.pass(30);
    bench.fail("kill", Outcome::Done(Err("the shim does not answer".into())));
    assert_eq!(bench.events.last().unwrap(), "FailedKillPod: error killing pod: the shim does not answer");
    bench.pass(1);
    bench.perform("kill");
    bench.pass(10);
    bench.perform("stop sandbox");
    bench.perform_all();
    assert_eq!(bench.object["status"]["containerStatuses"][0]["state"]["terminated"]["reason"], "ContainerStatusUnknown");
}

fn with_labels_shown() -> Value {
    let volume = json!({"name": "v", "downwardAPI": {"items": [{"path": "l", "fieldRef": {"fieldPath": "metadata.labels"}}]}});
    json!({"restartPolicy": "Always", "volumes": [volume],
        "containers": [{"name": "c", "image": "i", "volumeMounts": [{"name": "v", "mountPath": "/v"}]}]})
}

fn not_mounted() -> Outcome {
    Outcome::Volumes(Err(vec![VolumeFailure::of("v", Stage::SetUp, "configmap \"cm\" not found")]))
}

#[test]
fn volumes_that_fail_are_tried_again_ever_later_and_at_once_when_what_they_need_comes() {
    // VOL-1
    let mut bench = Bench::begun(one());
    for pause in [0, 1, 2, 4] {
        bench.pass(pause);
        bench.fail("set up volumes", not_mounted());
        assert!(!bench.names().contains(&"set up volumes"), "after {pause} s");
    }
    assert_eq!(bench.events[0], "FailedMount: MountVolume.SetUp failed for volume \"v\" : configmap \"cm\" not found");
    bench.pass(1);
    bench.step(Event::SourcesChanged);
    bench.perform("set up volumes");
    assert!(bench.names().contains(&"create sandbox"));
}

#[test]
fn volumes_that_are_missing_for_long_are_named() {
    // VOL-1
    let mut bench = Bench::begun(one());
    bench.fail("set up volumes", not_mounted());
    bench.pass(123);
    let expected = "FailedMount: Unable to attach or mount volumes: unmounted volumes=[v], unattached volumes=[], failed to process \
                    volumes=[]: context deadline exceeded";
    assert_eq!(bench.events.last().unwrap(), expected);
}

#[test]
fn volumes_follow_what_they_show() {
    // VOL-9, VOL-13
    let mut bench = Bench::running(with_labels_shown());
    bench.edit(|pod| pod["spec"]["x"] = 1.into());
    assert_eq!(bench.names(), [""; 0]);
    bench.edit(|pod| pod["metadata"]["labels"] = json!({"a": "2"}));
    assert_eq!(bench.names(), ["set up volumes"]);
    // Another change while it is under way comes after it.
    bench.step(Event::SourcesChanged);
    bench.perform("set up volumes");
    assert_eq!(bench.names(), ["set up volumes"]);
    bench.perform("set up volumes");
    assert_eq!(bench.names(), [""; 0]);
    // A failure harms nothing that runs, and is tried again.
    bench.step(Event::SourcesChanged);
    bench.fail("set up volumes", not_mounted());
    assert_eq!((bench.names(), bench.ready()), (vec![], "True"));
    bench.pass(1);
    bench.perform("set up volumes");
}

#[test]
fn a_token_is_renewed_in_time() {
    // VOL-12
    let mut bench = Bench::running(one());
    bench.step(Event::SourcesChanged);
    let renew_at = Some(bench.now.wall.plus_millis(100_000));
    bench.fail("set up volumes", Outcome::Volumes(Ok(VolumesUp { renew_at })));
    bench.pass(99);
    assert_eq!(bench.names(), [""; 0]);
    bench.pass(1);
    assert_eq!(bench.names(), ["set up volumes"]);
}

#[test]
fn a_pod_that_goes_waits_for_its_volumes_and_takes_them_along() {
    // VOL-2
    let mut bench = Bench::running(one());
    bench.step(Event::SourcesChanged);
    bench.delete();
    bench.perform("signal");
    bench.exit("c", 0, 0);
    assert!(bench.names().contains(&"set up volumes") && !bench.names().contains(&"tear down volumes"));
    bench.perform_all();
    assert!(bench.machine.state.volumes.removed);
}
