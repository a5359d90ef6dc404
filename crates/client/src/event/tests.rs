use super::*;
use crate::failure::Refusal;
use stead_api::value::Access;

const SECOND: i64 = 1_800_000_000;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(SECOND + seconds)
}

fn kubelet() -> Source {
    Source { component: "kubelet".into(), host: "n".into() }
}

fn event(message: &str) -> Event {
    let regarding = Reference {
        api_version: "v1".into(),
        kind: "Pod".into(),
        namespace: "d".into(),
        name: "p".into(),
        uid: "u".into(),
        field_path: "spec.containers{c}".into(),
        ..Reference::default()
    };
    Event::normal(regarding, "Started", message)
}

fn created(call: &Call) -> &Value {
    let Call::Create { body, .. } = call else { panic!("not a creation: {call:?}") };
    body
}

fn patched(call: &Call) -> (&str, &Value) {
    let Call::Patch { key, patch: Patch::Merge(patch), .. } = call else { panic!("not a patch: {call:?}") };
    (&key.name, patch)
}

/// Records one and lets its call succeed.
fn tell(recorder: &mut Recorder, message: &str, seconds: i64) -> Option<Call> {
    let (ticket, call) = recorder.record(&kubelet(), event(message), at(seconds))?;
    assert_eq!(recorder.ended(ticket, call.clone(), &Ok(Value::Null)), None);
    Some(call)
}

// EVT-1, EVT-4
#[test]
fn repeats_are_counted_in_one_object() {
    let mut recorder = Recorder::default();
    let first = tell(&mut recorder, "a", 0).unwrap();
    let first = created(&first);
    assert_eq!(first["involvedObject"].str("fieldPath"), "spec.containers{c}");
    assert_eq!(first["source"], json!({"component": "kubelet", "host": "n"}));
    let second = tell(&mut recorder, "a", 1).unwrap();
    let (name, patch) = patched(&second);
    assert_eq!((name, &patch["count"]), (first["metadata"].str("name"), &json!(2)));
    assert_eq!(patch["lastTimestamp"], at(1).rfc3339());
    created(&tell(&mut recorder, "b", 2).unwrap());
}

#[test]
fn what_happens_while_a_call_is_on_its_way_is_told_after_it() {
    let mut recorder = Recorder::default();
    let (ticket, call) = recorder.record(&kubelet(), event("a"), at(0)).unwrap();
    assert_eq!(recorder.record(&kubelet(), event("a"), at(1)), None);
    assert_eq!(recorder.record(&kubelet(), event("a"), at(2)), None);
    let Again { ticket, call, after } = recorder.ended(ticket, call, &Ok(Value::Null)).unwrap();
    assert_eq!((&patched(&call).1["count"], after), (&json!(3), Duration::ZERO));
    assert_eq!(recorder.ended(ticket, call, &Ok(Value::Null)), None);
}

#[test]
fn an_event_whose_object_is_gone_is_made_anew_with_its_count() {
    let mut recorder = Recorder::default();
    tell(&mut recorder, "a", 0);
    let (ticket, call) = recorder.record(&kubelet(), event("a"), at(1)).unwrap();
    let gone = Failure::Refused(Refusal { code: 404, reason: "NotFound".into(), message: String::new() });
    let Again { ticket, call, .. } = recorder.ended(ticket, call, &Err(gone.clone())).unwrap();
    assert_eq!((&created(&call)["count"], &created(&call)["firstTimestamp"]), (&json!(2), &json!(at(0).rfc3339())));
    // Its namespace is going too: it is given up.
    assert_eq!(recorder.ended(ticket, call, &Err(gone)), None);
    created(&tell(&mut recorder, "a", 2).unwrap());
}

// EVT-4
#[test]
fn what_nobody_answered_is_told_again_until_it_is_given_up() {
    let refused = |code: u16, reason: &str| Failure::Refused(Refusal { code, reason: reason.into(), message: String::new() });
    let (lost, full) = (Failure::NoAnswer("broken".into()), refused(500, "InternalError"));
    let mut recorder = Recorder::default();
    let (mut ticket, first) = recorder.record(&kubelet(), event("a"), at(0)).unwrap();
    for failure in [&lost, &full] {
        let again = recorder.ended(ticket, first.clone(), &Err(failure.clone())).unwrap();
        assert_eq!((&again.call, again.after), (&first, PAUSE));
        ticket = again.ticket;
    }
    // It happened again; and the call that was lost had made it.
    assert_eq!(recorder.record(&kubelet(), event("a"), at(1)), None);
    let Again { ticket, call, after } = recorder.ended(ticket, first, &Err(refused(409, "AlreadyExists"))).unwrap();
    assert_eq!((&patched(&call).1["count"], after), (&json!(2), Duration::ZERO));
    let (mut ticket, mut call, mut tries) = (ticket, call, 0);
    while let Some(again) = recorder.ended(ticket, call, &Err(lost.clone())) {
        (ticket, call, tries) = (again.ticket, again.call, tries + 1);
    }
    assert_eq!(tries, TRIES_MAX - 1);
    // What the server does not want it is not asked again.
    let (ticket, call) = recorder.record(&kubelet(), event("b"), at(2)).unwrap();
    assert_eq!(recorder.ended(ticket, call, &Err(refused(403, "Forbidden"))), None);
}

// EVT-4
#[test]
fn similar_events_are_combined() {
    let mut recorder = Recorder::default();
    for n in 0..9 {
        created(&tell(&mut recorder, &format!("m{n}"), n).unwrap());
    }
    let combined = tell(&mut recorder, "m9", 9).unwrap();
    assert_eq!(created(&combined).str("message"), "(combined from similar events): m9");
    let more = tell(&mut recorder, "m10", 10).unwrap();
    let (name, patch) = patched(&more);
    assert_eq!(name, created(&combined)["metadata"].str("name"));
    assert_eq!((&patch["count"], patch.str("message")), (&json!(2), "(combined from similar events): m10"));
    // After ten quiet minutes they are told one by one again.
    assert_eq!(created(&tell(&mut recorder, "m11", 10 + SIMILAR_S + 1).unwrap()).str("message"), "m11");
}

// EVT-4
#[test]
fn a_loop_spends_its_objects_budget() {
    let mut recorder = Recorder::default();
    let told = (0..100).filter(|n| tell(&mut recorder, "a", n / 100).is_some()).count();
    assert_eq!(told, 25);
    let next = tell(&mut recorder, "a", REFILL_S).unwrap();
    assert_eq!(patched(&next).1["count"], 101);
    assert_eq!(tell(&mut recorder, "a", REFILL_S + 1), None);
    // Another source has a budget of its own.
    let other = Source { component: "scheduler".into(), host: String::new() };
    assert!(recorder.record(&other, event("a"), at(REFILL_S + 1)).is_some());
}

#[test]
fn memory_is_bounded() {
    let mut recorder = Recorder::default();
    for n in 0..REMEMBERED_MAX * 2 {
        let mut event = event("a");
        event.regarding.uid = n.to_string();
        recorder.record(&kubelet(), event, at(0));
    }
    let most = |entries: usize, order: usize| entries <= REMEMBERED_MAX && order <= REMEMBERED_MAX;
    assert!(most(recorder.recorded.entries.len(), recorder.recorded.order.len()));
    assert!(most(recorder.similar.entries.len(), recorder.similar.order.len()));
    assert!(most(recorder.budgets.entries.len(), recorder.budgets.order.len()));
}
