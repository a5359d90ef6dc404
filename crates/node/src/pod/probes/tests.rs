//! Probes under a clock of the test's own.

use super::*;
use crate::runtime::Exit;
use stead_api::json;
use stead_api::time::Timestamp;

/// A container that runs, and what is asked of it.
struct Bench {
    pod: Value,
    state: PodState,
    now: Now,
    going_down: bool,
}

const MS: Duration = Duration::from_millis(1);

impl Bench {
    fn new(container: Value) -> Self {
        let mut container = container;
        container["name"] = "c".into();
        let pod = json!({"metadata": {"uid": "u"}, "spec": {"containers": [container]}});
        let now = Now { wall: Timestamp::from_seconds(1000), steady: Duration::from_secs(1000) };
        let mut bench = Self { pod, state: PodState::default(), now, going_down: false };
        bench.state.sandboxes.push("u-0".into());
        bench.run(0);
        bench
    }

    fn run(&mut self, attempt: u32) {
        let state = InstanceState::Running { started_at: self.now.wall };
        let instance = Instance { attempt, id: format!("id{attempt}"), image: String::new(), user: None, state };
        self.state.container_mut("c").started(instance, self.now.steady);
    }

    fn end(&mut self, attempt: u32) {
        let exit = Exit { code: 0, oom: false, started_at: None, finished_at: self.now.wall, message: String::new(), reason: None };
        self.state.container_mut("c").ended(attempt, exit, self.now.steady);
    }

    fn due(&mut self) -> (Vec<Due>, Option<Duration>) {
        self.state.due_probes(self.now, &self.pod, Some("10.0.0.1"), self.going_down)
    }

    fn pass(&mut self, time: Duration) {
        self.now.steady += time;
        self.now.wall = self.now.wall.plus_millis(i64::try_from(time.as_millis()).unwrap());
    }

    /// Lets that much time pass, every probe answered at once by `answer`; when each was asked, in ms, and what was told.
    fn watch(&mut self, time: Duration, answer: impl Fn(Kind, Duration) -> Probed) -> Vec<(Kind, u64, Option<Told>)> {
        let (began, end, mut seen) = (self.now.steady, self.now.steady + time, Vec::new());
        loop {
            let (due, wake) = self.due();
            for one in &due {
                self.state.probes.begun(self.now.steady, &one.container, one.kind);
                let probed = answer(one.kind, self.now.steady - began);
                let told = self.state.probes.take(self.now.steady, &one.container, one.kind, one.check.attempt, &probed);
                seen.push((one.kind, u64::try_from((self.now.steady - began).as_millis()).unwrap(), told));
            }
            match wake {
                _ if !due.is_empty() => {}
                Some(at) if at <= end => self.pass(at - self.now.steady),
                _ => {
                    self.pass(end - self.now.steady);
                    return seen;
                }
            }
        }
    }

    /// The container's state after all that was told.
    fn known(&mut self) -> &ContainerState {
        self.due();
        self.state.container("c").unwrap()
    }

    fn started(&mut self) -> bool {
        let known = self.known();
        known.running() && known.startup_passed != Some(false)
    }

    fn ready(&mut self) -> bool {
        self.started() && self.known().ready != Some(false)
    }

    fn failed(&mut self) -> Option<ProbeKind> {
        let known = self.known();
        known.unhealthy.as_ref().filter(|_| known.running()).map(|unhealthy| unhealthy.probe)
    }
}

fn failure() -> Probed {
    Probed::Failure("no".into())
}

fn times(seen: &[(Kind, u64, Option<Told>)], kind: Kind) -> Vec<u64> {
    seen.iter().filter(|(other, ..)| *other == kind).map(|(_, at, _)| *at).collect()
}

fn told(seen: &[(Kind, u64, Option<Told>)]) -> usize {
    seen.iter().filter(|(.., told)| told.is_some()).count()
}

#[test]
fn without_probes_what_runs_is_ready() {
    // PRB-5
    let mut bench = Bench::new(json!({}));
    assert!(bench.started() && bench.ready());
    assert_eq!(bench.due(), (vec![], None));
    bench.end(0);
    assert!(!bench.started() && !bench.ready());
}

#[test]
fn the_first_readiness_is_at_once() {
    // PRB-7
    let mut bench = Bench::new(json!({"readinessProbe": {"tcpSocket": {"port": 1}}}));
    assert!(!bench.ready());
    let seen = bench.watch(Duration::from_secs(25), |_, _| Probed::Success);
    assert_eq!(times(&seen, Kind::Readiness), [0, 10_000, 20_000]);
    assert!(bench.ready());
}

#[test]
fn a_program_that_is_still_starting_is_asked_again_soon_and_not_complained_of() {
    // PRB-7
    let mut bench = Bench::new(json!({"readinessProbe": {"tcpSocket": {"port": 1}, "periodSeconds": 5}}));
    let seen = bench.watch(7000 * MS, |_, at| if at < 2000 * MS { failure() } else { Probed::Success });
    assert_eq!(times(&seen, Kind::Readiness), [0, 100, 400, 1000, 6000]);
    assert_eq!(told(&seen), 1);
    assert!(bench.ready());
}

#[test]
fn readiness_flips_at_its_thresholds() {
    // PRB-3
    let probe = json!({"exec": {"command": ["x"]}, "periodSeconds": 1, "successThreshold": 2, "failureThreshold": 3});
    let mut bench = Bench::new(json!({ "readinessProbe": probe }));
    bench.watch(900 * MS, |_, _| Probed::Success);
    assert!(!bench.ready(), "one success of two");
    bench.watch(Duration::from_secs(1), |_, _| Probed::Success);
    assert!(bench.ready());
    bench.watch(Duration::from_secs(2), |_, _| failure());
    assert!(bench.ready(), "two failures of three");
    bench.watch(Duration::from_secs(1), |_, _| Probed::Unknown("?".into()));
    assert!(bench.ready(), "what could not be asked does not count");
    let seen = bench.watch(Duration::from_secs(1), |_, _| failure());
    assert!(!bench.ready());
    assert_eq!(seen[0].2, Some(Told::Failed("no".into())));
}

#[test]
fn the_initial_delay_counts_from_the_start() {
    // PRB-2
    let probe = json!({"exec": {"command": ["x"]}, "initialDelaySeconds": 6, "periodSeconds": 1});
    let mut bench = Bench::new(json!({"readinessProbe": probe, "livenessProbe": probe}));
    let seen = bench.watch(8500 * MS, |_, _| Probed::Success);
    assert_eq!(times(&seen, Kind::Readiness), [6000, 7000, 8000]);
    assert_eq!(times(&seen, Kind::Liveness), [7000, 8000]);
}

#[test]
fn nothing_else_is_asked_before_the_startup_probe_has_succeeded() {
    // PRB-4, CS-12
    let probe = |period: i64| json!({"exec": {"command": ["x"]}, "periodSeconds": period, "failureThreshold": 30});
    let mut bench = Bench::new(json!({"startupProbe": probe(2), "livenessProbe": probe(1), "readinessProbe": probe(3)}));
    let seen = bench.watch(4500 * MS, |_, _| failure());
    assert_eq!(times(&seen, Kind::Startup), [0, 100, 400, 1000, 3000]);
    assert_eq!(seen.len(), 5);
    assert!(!bench.started() && !bench.ready());
    let seen = bench.watch(5000 * MS, |_, _| Probed::Success);
    assert_eq!(times(&seen, Kind::Startup), [500], "it is not asked again");
    assert_eq!(times(&seen, Kind::Readiness), [500, 3500]);
    assert_eq!(times(&seen, Kind::Liveness), [1500, 2500, 3500, 4500]);
    assert!(bench.started() && bench.ready());
}

#[test]
fn failing_for_good_is_said_once_and_the_next_run_begins_anew() {
    // PRB-4
    let probe = json!({"exec": {"command": ["x"]}, "periodSeconds": 1, "failureThreshold": 2});
    for (kind, word) in [(Kind::Liveness, ProbeKind::Liveness), (Kind::Startup, ProbeKind::Startup)] {
        let mut bench = Bench::new(json!({ kind.member(): probe }));
        let seen = bench.watch(9500 * MS, |_, _| failure());
        assert_eq!((told(&seen), bench.failed()), (2, Some(word)));
        bench.end(0);
        assert_eq!(bench.failed(), None);
        bench.run(1);
        assert_eq!(bench.failed(), None);
        assert_eq!(bench.started(), kind == Kind::Liveness);
        let seen = bench.watch(1100 * MS, |_, _| failure());
        assert_eq!((told(&seen), bench.failed()), (1, None), "counted anew");
    }
}

#[test]
fn a_late_result_of_a_former_run_changes_nothing() {
    let mut bench = Bench::new(json!({"readinessProbe": {"exec": {"command": ["x"]}}}));
    bench.due();
    bench.end(0);
    bench.run(1);
    bench.due();
    let told = bench.state.probes.take(bench.now.steady, "c", Kind::Readiness, 0, &Probed::Success);
    assert_eq!((told, bench.ready()), (None, false));
}

#[test]
fn of_a_pod_that_goes_only_readiness_is_asked() {
    // PRB-6
    let probe = json!({"exec": {"command": ["x"]}, "periodSeconds": 1, "failureThreshold": 1});
    let mut bench = Bench::new(json!({"readinessProbe": probe, "livenessProbe": probe}));
    bench.watch(1500 * MS, |_, _| Probed::Success);
    bench.going_down = true;
    let seen = bench.watch(5000 * MS, |_, _| failure());
    assert_eq!(times(&seen, Kind::Liveness).len(), 0);
    assert_eq!(times(&seen, Kind::Readiness).len(), 5);
    assert!(!bench.ready());
    assert_eq!(bench.failed(), None);
}

#[test]
fn an_agent_that_starts_anew_takes_over_what_was_ready() {
    // PRB-14
    let probe = json!({"exec": {"command": ["x"]}, "periodSeconds": 10});
    let spec = json!({"startupProbe": probe, "livenessProbe": probe, "readinessProbe": probe});
    let found = |status: Value| {
        let mut bench = Bench::new(spec.clone());
        bench.pod["status"] = json!({ "containerStatuses": [status] });
        let containers = bench.state.containers.clone();
        bench.state.probes.found(&bench.pod, &containers);
        bench.pass(Duration::from_secs(60));
        bench
    };
    let mut ready = found(json!({"name": "c", "containerID": "stead://id0", "started": true, "ready": true}));
    let (due, wake) = ready.due();
    assert_eq!(due, []);
    assert!(wake.is_some_and(|at| at < ready.now.steady + Duration::from_secs(10)), "PRB-2: within its period");
    assert!(ready.started() && ready.ready());
    // What the API says is of a former run.
    let mut other = found(json!({"name": "c", "containerID": "stead://other", "started": true, "ready": true}));
    assert!(!other.started() && !other.ready());
    assert_eq!(other.due().0.iter().map(|due| due.kind).collect::<Vec<_>>(), [Kind::Startup]);
    let mut unready = found(json!({"name": "c", "containerID": "stead://id0", "started": true, "ready": false}));
    assert!(unready.started() && !unready.ready());
    assert_eq!(unready.due().0.iter().map(|due| due.kind).collect::<Vec<_>>(), [Kind::Readiness], "asked at once");
}

#[test]
fn probes_ask_the_pod_or_whom_they_name() {
    // PRB-9, PRB-10, PRB-11, PRB-12
    let container = json!({"name": "c", "ports": [{"name": "web", "containerPort": 8080}],
        "env": [{"name": "A", "value": "a"}, {"name": "F", "valueFrom": {}}, {"name": "B", "value": "$(A)"}]});
    let action = |probe: Value| Check::of(&probe, &container, String::new(), 0, Some("10.0.0.1")).action;
    assert_eq!(
        action(json!({"exec": {"command": ["x", "$(A)", "$(B)", "$(F)", "$(N)", "$$(A)"]}})),
        Action::Exec(["x", "a", "$(A)", "", "$(N)", "$(A)"].map(str::to_owned).to_vec()),
    );
    let Action::HttpGet(get) = action(json!({"httpGet": {"port": "web", "path": "/x", "scheme": "HTTPS"}})) else { panic!() };
    assert_eq!((get.host.as_str(), get.port, get.scheme, get.agent), ("10.0.0.1", 8080, crate::probe::http::Scheme::Https, "kube-probe"));
    let Action::HttpGet(get) = action(json!({"httpGet": {"port": 80, "host": "h"}})) else { panic!() };
    assert_eq!(get.host, "h");
    assert_eq!(action(json!({"tcpSocket": {"port": "81", "host": "h"}})), Action::TcpSocket { host: "h".into(), port: 81 });
    assert_eq!(action(json!({"grpc": {"port": 5}})), Action::Grpc { host: "10.0.0.1".into(), port: 5, service: String::new() });
    assert_eq!(action(json!({"tcpSocket": {"port": "no"}})), Action::Impossible("strconv.Atoi: parsing \"no\": invalid syntax".into()));
    assert_eq!(action(json!({"tcpSocket": {"port": 0}})), Action::Impossible("invalid port number: 0".into()));
}
