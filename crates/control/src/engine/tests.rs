use super::*;
use crate::plan::{Pace, Step};
use std::sync::{Arc, Mutex};
use stead_api::json;
use stead_client::Refusal;
use stead_client::resource::{CONFIG_MAPS, EVENTS, PODS};

/// Hands out prepared plans and counts how often it was asked.
struct Scripted {
    plans: Arc<Mutex<Vec<Plan>>>,
    asked: Arc<Mutex<u32>>,
}

impl Controller for Scripted {
    fn name(&self) -> &'static str {
        "scripted"
    }
    fn watches(&self) -> Vec<Resource> {
        vec![CONFIG_MAPS]
    }
    fn keys_for(&self, change: &Change, _: &Cache, keys: &mut Vec<(Resource, Key)>) {
        keys.push((change.resource, change.key.clone()));
    }
    fn reconcile(&self, _: Resource, _: &Key, _: &Cache, _: Timestamp) -> Plan {
        *self.asked.lock().unwrap() += 1;
        let mut plans = self.plans.lock().unwrap();
        if plans.is_empty() { Plan::default() } else { plans.remove(0) }
    }
}

struct Bench {
    engine: Engine,
    asked: Arc<Mutex<u32>>,
}

fn bench(plans: Vec<Plan>) -> Bench {
    let asked = Arc::new(Mutex::new(0));
    let controller = Scripted { plans: Arc::new(Mutex::new(plans)), asked: Arc::clone(&asked) };
    Bench { engine: Engine::new(vec![Box::new(controller)]), asked }
}

fn at(ms: u64) -> Now {
    Now { wall: Timestamp::from_seconds(1_000_000).plus_millis(ms as i64), steady: Duration::from_millis(ms) }
}

fn map(name: &str, version: u64) -> Object {
    let meta = json!({"namespace": "d", "name": name, "uid": format!("u-{name}"), "resourceVersion": version.to_string()});
    Object::parse(CONFIG_MAPS, json!({"kind": "ConfigMap", "metadata": meta})).unwrap()
}

fn create(name: &str) -> Effect {
    Effect::new(Call::create(CONFIG_MAPS, "d", json!({"metadata": {"name": name}})))
}

fn answer(version: u64) -> Result<Value, Failure> {
    Ok(json!({"kind": "ConfigMap", "metadata": {"resourceVersion": version.to_string()}}))
}

fn refused(reason: &str) -> Result<Value, Failure> {
    Err(Failure::Refused(Refusal { code: 409, reason: reason.into(), message: format!("no: {reason}") }))
}

impl Bench {
    fn asked(&self) -> u32 {
        *self.asked.lock().unwrap()
    }
    fn list(&mut self, objects: Vec<Object>, version: u64, now: Now) -> Vec<Start> {
        self.engine.step(Input::Watch { resource: CONFIG_MAPS, report: Report::Replaced { objects, version } }, now)
    }
    fn put(&mut self, object: Object, now: Now) -> Vec<Start> {
        self.engine.step(Input::Watch { resource: CONFIG_MAPS, report: Report::Put(object) }, now)
    }
    fn outcome(&mut self, start: &Start, result: Result<Value, Failure>, now: Now) -> Vec<Start> {
        self.engine.step(Input::Outcome { id: start.id, result }, now)
    }
}

fn steps(effects: Vec<Effect>, pace: Pace) -> Plan {
    Plan { steps: vec![Step { pace, effects }], ..Plan::default() }
}

#[test]
fn nothing_is_decided_before_every_list_is_in() {
    let mut bench = bench(vec![]);
    bench.put(map("a", 3), at(0));
    assert_eq!(bench.asked(), 0);
    bench.list(vec![map("a", 3)], 3, at(0));
    assert_eq!(bench.asked(), 1);
}

// SYNC-2
#[test]
fn a_key_waits_until_the_cache_has_seen_its_own_write() {
    let mut bench = bench(vec![steps(vec![create("b")], Pace::OneByOne)]);
    let starts = bench.list(vec![map("a", 3)], 3, at(0));
    assert_eq!((starts.len(), bench.asked()), (1, 1));
    bench.outcome(&starts[0], answer(7), at(1));
    assert!(!bench.engine.is_idle());
    // A change that was under way before the write: too early to look again.
    bench.put(map("a", 5), at(2));
    assert_eq!(bench.asked(), 1);
    bench.put(map("b", 7), at(3));
    // `b` is a key of its own; `a` was parked and comes back.
    assert_eq!(bench.asked(), 3);
    assert!(bench.engine.is_idle());
}

// SYNC-2
#[test]
fn a_key_waits_until_the_cache_has_seen_its_own_deletion() {
    let victim = map("a", 3);
    let mut bench = bench(vec![steps(vec![Effect::new(victim.delete())], Pace::OneByOne)]);
    let starts = bench.list(vec![victim], 3, at(0));
    bench.outcome(&starts[0], Ok(json!({"kind": "Status"})), at(1));
    bench.put(map("a", 4), at(2));
    assert_eq!(bench.asked(), 1);
    let gone = Report::Deleted(map("a", 9));
    bench.engine.step(Input::Watch { resource: CONFIG_MAPS, report: gone }, at(3));
    assert_eq!(bench.asked(), 2);
}

/// A change of `a`, which is being deleted, and the answer to it: one without finalizers.
fn release() -> Effect {
    let patch = crate::plan::Patch::Strategic(json!({"metadata": {"uid": "u-a", "finalizers": null}}));
    Effect::new(Call::Patch { resource: CONFIG_MAPS, key: Key::new("d", "a"), subresource: "", patch }).tolerating(&["NotFound"])
}

fn going(version: u64, finalizers: &[&str]) -> Value {
    let meta = json!({"namespace": "d", "name": "a", "uid": "u-a", "resourceVersion": version.to_string(),
        "deletionTimestamp": "2026-01-02T03:04:05Z", "finalizers": finalizers});
    json!({"kind": "ConfigMap", "metadata": meta})
}

fn parsed(value: Value) -> Object {
    Object::parse(CONFIG_MAPS, value).unwrap()
}

/// A key that took the last finalizer off `a`, which the cache shows at version 5, and wants to look again.
fn released() -> (Bench, Start) {
    let then = vec![(CONFIG_MAPS, Key::new("d", "a"))];
    let mut bench = bench(vec![Plan { then, ..steps(vec![release()], Pace::OneByOne) }]);
    let mut starts = bench.list(vec![parsed(going(5, &["f"]))], 5, at(0));
    (bench, starts.remove(0))
}

// SYNC-2: the server answers what takes the last finalizer off with the version that the object had, and the object is gone.
#[test]
fn a_key_waits_until_the_cache_shows_that_what_it_let_go_is_gone() {
    let (mut bench, start) = released();
    bench.outcome(&start, Ok(going(5, &[])), at(1));
    bench.engine.step(Input::Watch { resource: CONFIG_MAPS, report: Report::Bookmark { version: 6 } }, at(2));
    assert_eq!(bench.asked(), 1, "the cache still has it as it was");
    bench.engine.step(Input::Watch { resource: CONFIG_MAPS, report: Report::Deleted(parsed(going(7, &["f"]))) }, at(4));
    assert_eq!(bench.asked(), 2);
    assert!(bench.engine.is_idle());
}

// SYNC-2
#[test]
fn a_key_does_not_wait_for_what_the_cache_showed_before_the_answer_came() {
    let (mut bench, start) = released();
    bench.engine.step(Input::Watch { resource: CONFIG_MAPS, report: Report::Deleted(parsed(going(7, &["f"]))) }, at(1));
    bench.outcome(&start, Ok(going(5, &[])), at(2));
    assert!(bench.engine.is_idle());
    // Another of its name is no reason to wait either.
    let (mut bench, start) = released();
    bench.engine.step(Input::Watch { resource: CONFIG_MAPS, report: Report::Deleted(parsed(going(7, &["f"]))) }, at(1));
    let mut other = going(8, &["f"]);
    other["metadata"]["uid"] = "u-other".into();
    bench.put(parsed(other), at(1));
    bench.outcome(&start, Ok(going(5, &[])), at(2));
    assert!(bench.engine.is_idle());
}

// SYNC-2: a pod stays without finalizers until its node has ended it, a namespace until its spec has none.
#[test]
fn what_stays_without_finalizers_is_not_waited_for_beyond_its_version() {
    let (mut bench, start) = released();
    bench.outcome(&start, Ok(going(6, &[])), at(1));
    assert!(!bench.engine.is_idle());
    bench.put(parsed(going(6, &[])), at(2));
    assert!(bench.engine.is_idle());
    // Of one that had none before, a change that changes nothing.
    let (mut bench, start) = released();
    bench.put(parsed(going(6, &[])), at(1));
    bench.outcome(&start, Ok(going(6, &[])), at(2));
    assert!(bench.engine.is_idle());
}

// SYNC-2
#[test]
fn a_key_waits_until_the_cache_shows_that_what_it_did_not_find_is_gone() {
    let (mut bench, start) = released();
    bench.outcome(&start, refused("NotFound"), at(1));
    assert!(!bench.engine.is_idle());
    bench.engine.step(Input::Watch { resource: CONFIG_MAPS, report: Report::Replaced { objects: vec![], version: 9 } }, at(2));
    assert!(bench.engine.is_idle());
}

// SYNC-15, REQ-1
#[test]
fn a_failing_key_backs_off_and_starts_over_after_a_success() {
    let failing = || Plan { error: Some("no".into()), ..Plan::default() };
    let mut bench = bench(vec![failing(), failing(), failing(), Plan::default(), failing()]);
    bench.list(vec![map("a", 3)], 3, at(0));
    let mut now = Duration::ZERO;
    for delay in [5, 10, 20] {
        let due = bench.engine.next_timer().unwrap();
        assert_eq!(due - now, Duration::from_millis(delay));
        now = due;
        bench.engine.step(Input::Tick, at(now.as_millis() as u64));
    }
    assert_eq!(bench.engine.next_timer(), None);
    bench.put(map("a", 4), at(100));
    assert_eq!(bench.engine.next_timer(), Some(Duration::from_millis(105)));
}

// CJ-2: as after a night in which the machine slept.
#[test]
fn a_time_of_the_wall_clock_is_not_missed_when_that_jumps_ahead() {
    let later = Plan { requeue_at: Some(at(3_600_000).wall), ..Plan::default() };
    let mut bench = bench(vec![later]);
    bench.list(vec![map("a", 3)], 3, at(0));
    bench.engine.step(Input::Tick, at(10_000));
    assert_eq!(bench.asked(), 1);
    bench.engine.step(Input::Tick, Now { wall: at(7_200_000).wall, ..at(20_000) });
    assert_eq!(bench.asked(), 2);
    // It is at rest until the clock jumps again.
    bench.engine.step(Input::Tick, Now { wall: at(7_201_000).wall, ..at(21_000) });
    assert_eq!(bench.asked(), 2);
}

// SYNC-16
#[test]
fn slow_start_doubles_and_stops_after_a_batch_with_a_failure() {
    let effects = (0..20).map(|i| create(&format!("m{i}"))).collect();
    let last = create("status");
    let mut bench = bench(vec![Plan { finally: vec![last.clone()], ..steps(effects, Pace::SlowStart) }]);
    let one = bench.list(vec![map("a", 3)], 3, at(0));
    assert_eq!(one.len(), 1);
    let two = bench.outcome(&one[0], answer(4), at(1));
    assert_eq!(two.len(), 2);
    assert_eq!(bench.outcome(&two[0], refused("Forbidden"), at(1)), []);
    let end = bench.outcome(&two[1], answer(5), at(1));
    // SYNC-13: what must happen at the end happens all the same.
    assert_eq!(end.iter().map(|s| &s.call).collect::<Vec<_>>(), [&last.call]);
}

#[test]
fn a_failure_before_the_steps_ends_everything() {
    let plan = Plan { before: vec![create("r")], finally: vec![create("status")], ..steps(vec![create("p")], Pace::OneByOne) };
    let mut bench = bench(vec![plan]);
    let starts = bench.list(vec![map("a", 3)], 3, at(0));
    assert_eq!(bench.outcome(&starts[0], refused("AlreadyExists"), at(1)), []);
    assert!(bench.engine.next_timer().is_some());
}

#[test]
fn a_guard_that_does_not_hold_fails_the_plan() {
    let object = map("a", 3);
    let get = Call::Get { resource: CONFIG_MAPS, key: object.key.clone() };
    let guard = |guard| Plan { before: vec![Effect::guard(get.clone(), guard), create("b")], ..Plan::default() };
    let alive = Guard::Alive { uid: "u-a".into() };
    let found = |uid: &str| Ok(json!({"kind": "ConfigMap", "metadata": {"uid": uid}}));
    let unused = Guard::Unused { claim: Key::new("d", "c") };
    let pod = |node: &str| {
        let spec = json!({"nodeName": node, "volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "c"}}]});
        Ok(json!({"items": [{"metadata": {"namespace": "d", "name": "p"}, "spec": spec}]}))
    };
    for (condition, answer, goes_on) in [
        (unused.clone(), pod("n"), 0),
        (unused, pod(""), 1),
        (alive.clone(), found("u-a"), 1),
        (alive.clone(), found("other"), 0),
        (alive, refused("NotFound"), 0),
        (Guard::Absent { uid: "u-a".into() }, refused("NotFound"), 1),
        (Guard::Absent { uid: "u-a".into() }, found("other"), 1),
        (Guard::Absent { uid: "u-a".into() }, found("u-a"), 0),
        (Guard::Empty, Ok(json!({"items": []})), 1),
        (Guard::Empty, Ok(json!({"items": [{}]})), 0),
    ] {
        let mut bench = bench(vec![guard(condition.clone())]);
        let starts = bench.list(vec![map("a", 3)], 3, at(0));
        assert_eq!(bench.outcome(&starts[0], answer, at(1)).len(), goes_on, "{condition:?}");
    }
}

#[test]
fn events_repeat_by_count_and_stay_within_their_budget() {
    let object = map("a", 3);
    let event = || Plan { events: vec![Event::normal(object.reference(), "Did", "did it")], ..Plan::default() };
    let mut bench = bench((0..40).map(|_| event()).collect());
    let mut calls = Vec::new();
    let mut starts = bench.list(vec![map("a", 1)], 1, at(0));
    for version in 2..40 {
        for start in std::mem::take(&mut starts) {
            calls.push(start.call.clone());
            starts.extend(bench.outcome(&start, answer(100 + version), at(version)));
        }
        starts.extend(bench.put(map("a", version), at(version)));
    }
    assert_eq!(calls.len(), 25);
    let Call::Create { resource: EVENTS, body, .. } = &calls[0] else { panic!("{:?}", calls[0]) };
    assert_eq!((&body["count"], &body["source"]["component"]), (&json!(1), &json!("scripted")));
    assert_eq!(body["firstTimestamp"], body["lastTimestamp"]);
    let Call::Patch { patch: crate::plan::Patch::Merge(patch), .. } = &calls[24] else { panic!("{:?}", calls[24]) };
    assert_eq!(patch["count"], 25);
}

#[test]
fn a_relist_deletes_what_it_lacks_and_old_news_change_nothing() {
    let mut bench = bench(vec![]);
    bench.list(vec![map("a", 3), map("b", 4)], 4, at(0));
    assert_eq!(bench.asked(), 2);
    bench.put(map("a", 3), at(1));
    bench.put(map("a", 2), at(1));
    assert_eq!(bench.asked(), 2);
    bench.list(vec![map("b", 4)], 9, at(2));
    assert_eq!(bench.asked(), 3);
    // A late report of the deleted object does not bring it back.
    bench.put(map("a", 5), at(3));
    assert!(bench.engine.cache().get(CONFIG_MAPS, &Key::new("d", "a")).is_none());
}

/// Panics at one key, as long as it is told to.
struct Panicking(Arc<Mutex<bool>>);

impl Controller for Panicking {
    fn name(&self) -> &'static str {
        "panicking"
    }
    fn watches(&self) -> Vec<Resource> {
        vec![CONFIG_MAPS]
    }
    fn keys_for(&self, change: &Change, _: &Cache, keys: &mut Vec<(Resource, Key)>) {
        assert_ne!(change.key.name, "unroutable");
        keys.push((change.resource, change.key.clone()));
    }
    fn reconcile(&self, _: Resource, key: &Key, _: &Cache, _: Timestamp) -> Plan {
        assert!(key.name != "bad" || !*self.0.lock().unwrap(), "a bad object");
        steps(vec![create(&format!("for-{}", key.name))], Pace::OneByOne)
    }
}

#[test]
fn a_panic_ends_one_look_at_one_key() {
    let panics = Arc::new(Mutex::new(true));
    let mut engine = Engine::new(vec![Box::new(Panicking(Arc::clone(&panics)))]);
    let names = |starts: Vec<Start>| starts.into_iter().map(|start| format!("{:?}", start.call)).collect::<Vec<_>>();
    let list = Report::Replaced { objects: vec![map("bad", 1), map("good", 2), map("unroutable", 3)], version: 3 };
    let starts = names(engine.step(Input::Watch { resource: CONFIG_MAPS, report: list }, at(0)));
    assert!(starts.len() == 2 && starts[0].contains("for-good") && starts[1].contains("for-unroutable"), "{starts:?}");
    // It is tried again after a back-off, and is none the worse once its cause is gone.
    let due = engine.next_timer().unwrap();
    assert_eq!(engine.step(Input::Tick, at(1)), []);
    *panics.lock().unwrap() = false;
    let starts = names(engine.step(Input::Tick, Now { steady: due, ..at(10) }));
    assert!(starts.len() == 1 && starts[0].contains("for-bad"), "{starts:?}");
}

#[test]
fn the_reasons_of_a_key_s_last_plan_can_be_asked_for() {
    let because = |reason: &str| Plan { reasons: vec![reason.to_owned()], ..Plan::default() };
    let mut bench = bench(vec![because("it waits for b"), Plan { error: Some("no".to_owned()), ..Plan::default() }, Plan::default()]);
    let key = Key::new("d", "a");
    bench.list(vec![map("a", 3)], 3, at(0));
    let said = bench.engine.explain(CONFIG_MAPS, &key, at(0));
    assert_eq!((said.len(), said[0].controller, said[0].reasons.as_slice()), (1, "scripted", ["it waits for b".to_owned()].as_slice()));
    bench.put(map("a", 4), at(1));
    assert_eq!(bench.engine.explain(CONFIG_MAPS, &key, at(1))[0].error.as_deref(), Some("no"));
    assert_eq!(bench.engine.explain(CONFIG_MAPS, &key, at(1))[0].looks_again_at, Some(at(1).wall.plus_millis(5)));
    bench.put(map("a", 5), at(2));
    bench.engine.step(Input::Tick, at(6));
    assert_eq!(bench.engine.explain(CONFIG_MAPS, &key, at(6)), []);
}

#[test]
fn a_key_that_waits_says_for_what() {
    let mut bench = bench(vec![steps(vec![create("b")], Pace::OneByOne)]);
    let starts = bench.list(vec![map("a", 3)], 3, at(0));
    let waits_for = |bench: &Bench| bench.engine.explain(CONFIG_MAPS, &Key::new("d", "a"), at(1))[0].waits_for.clone();
    assert_eq!(waits_for(&bench), ["the answer to create of configmaps d/b"]);
    bench.outcome(&starts[0], answer(7), at(1));
    assert_eq!(waits_for(&bench), ["the watch of configmaps to show what it wrote (resourceVersion 7)"]);
}

#[test]
fn a_change_goes_only_to_those_who_watch_its_resource() {
    let mut bench = bench(vec![]);
    bench.list(vec![], 1, at(0));
    bench.engine.cache.watch(PODS);
    let pod = Object::parse(PODS, json!({"metadata": {"name": "p", "namespace": "d", "uid": "p", "resourceVersion": "2"}})).unwrap();
    bench.engine.step(Input::Watch { resource: PODS, report: Report::Replaced { objects: vec![pod], version: 2 } }, at(1));
    assert_eq!(bench.asked(), 0);
}

#[test]
fn an_index_follows_its_objects() {
    use crate::facts::pod::{BY_CLAIM, BY_NODE};
    let mut cache = Cache::default();
    let pod = |version: u64, node: &str, phase: &str| {
        let meta = json!({"name": "p", "namespace": "d", "uid": "p", "resourceVersion": version.to_string()});
        let spec = json!({"nodeName": node, "volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "c"}}]});
        Object::parse(PODS, json!({"metadata": meta, "spec": spec, "status": {"phase": phase}})).unwrap()
    };
    let found = |cache: &Cache, node: &str| cache.indexed(&BY_NODE, node).map(|pod| pod.version).collect::<Vec<_>>();
    cache.put(pod(1, "", "Pending"));
    assert_eq!(found(&cache, ""), [1]);
    cache.put(pod(2, "n", "Running"));
    assert_eq!((found(&cache, ""), found(&cache, "n")), (vec![], vec![2]));
    assert_eq!(cache.indexed(&BY_CLAIM, "d/c").count(), 1);
    cache.put(pod(3, "n", "Succeeded"));
    assert_eq!((found(&cache, "n"), cache.indexed(&BY_CLAIM, "d/c").count()), (vec![3], 0));
    cache.delete(&pod(4, "n", "Succeeded"));
    assert!(found(&cache, "n").is_empty());
}

// RS-10
#[test]
fn what_is_done_after_a_failure_tells_of_it() {
    let told = Effect::new(Call::create(CONFIG_MAPS, "d", json!({"metadata": {"name": "f"}, "data": {"why": "because: {error}"}})));
    let failing =
        || Plan { finally: vec![create("well")], finally_failed: Some(vec![told.clone()]), ..steps(vec![create("p")], Pace::SlowStart) };
    let mut refusing = bench(vec![failing()]);
    let starts = refusing.list(vec![map("a", 3)], 3, at(0));
    let Call::Create { body, .. } = &refusing.outcome(&starts[0], refused("Forbidden"), at(1))[0].call else { panic!("no call") };
    assert_eq!(body["data"]["why"], "because: no: Forbidden");
    let mut granting = bench(vec![failing()]);
    let starts = granting.list(vec![map("a", 3)], 3, at(0));
    assert_eq!(granting.outcome(&starts[0], answer(4), at(1))[0].call, create("well").call);
}

/// Has patience with all but the first state of an object.
struct Patient {
    asked: Arc<Mutex<u32>>,
}

impl Controller for Patient {
    fn name(&self) -> &'static str {
        "patient"
    }
    fn watches(&self) -> Vec<Resource> {
        vec![CONFIG_MAPS]
    }
    fn keys_for(&self, change: &Change, _: &Cache, keys: &mut Vec<(Resource, Key)>) {
        keys.push((change.resource, change.key.clone()));
    }
    fn patience(&self, change: &Change) -> Duration {
        if change.old.is_some() { Duration::from_secs(1) } else { Duration::ZERO }
    }
    fn back_off(&self) -> BackOff {
        BackOff { first: Duration::from_secs(1), max: Duration::from_secs(3) }
    }
    fn reconcile(&self, _: Resource, _: &Key, _: &Cache, _: Timestamp) -> Plan {
        *self.asked.lock().unwrap() += 1;
        Plan { error: Some("not yet".to_owned()), ..Plan::default() }
    }
}

// JOB-15
#[test]
fn a_patient_controller_looks_at_several_changes_at_once_and_waits_longer_after_failures() {
    let asked = Arc::new(Mutex::new(0));
    let mut bench = Bench { engine: Engine::new(vec![Box::new(Patient { asked: Arc::clone(&asked) })]), asked };
    bench.list(vec![map("a", 1)], 1, at(0));
    assert_eq!(bench.asked(), 1, "what is new is looked at at once");
    bench.put(map("a", 2), at(100));
    bench.put(map("a", 3), at(500));
    assert_eq!(bench.asked(), 1);
    for (ms, asked) in [(999, 1), (1000, 2), (1100, 2), (2999, 2), (3000, 3), (5999, 3), (6000, 4), (9000, 5)] {
        bench.engine.step(Input::Tick, at(ms));
        assert_eq!(bench.asked(), asked, "after {ms} ms");
    }
}
