//! A power cut during every sync of a random workload, the syncs of recovery included, and an I/O error at every act. What
//! was acknowledged is there, what was not is there as a whole batch or not at all, no revision comes twice, and nothing
//! volatile survives.

use super::device::{Device, Plan};
use super::{Seeded, options, plain, process};
use crate::backend::Disk;
use crate::model::{Act, Model, Write};
use crate::pipeline::Pipeline;
use crate::state::Shared;
use crate::writer::Writer;
use crate::{Durability, Entry, Expect, NewValue, OpenError, durable};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

const KEYS: [&str; 7] = ["/a", "/b", "/c/1", "/c/2", "/d", "/lease/1", "/lease/2"];
const BATCHES: usize = 14;
const ALL: usize = usize::MAX;

type Keys = BTreeMap<String, Entry>;

fn open(device: &Device) -> Result<(Arc<Pipeline>, Writer), OpenError> {
    let (disk, contents) = Disk::open_device(device.opener(), Path::new("simulated"))?;
    Ok(durable(Box::new(disk), contents, options(ALL)))
}

/// A disk with an empty store, closed. (A store on a real disk is made under another name, so that half of one is never met.)
fn made() -> Device {
    let device = Device::new();
    let (_, mut writer) = open(&device).unwrap();
    writer.close().unwrap();
    Device::holding(&device.contents())
}

fn keys(shared: &Shared) -> Keys {
    let page = shared.read().range("", None, 0, None).unwrap();
    page.entries.into_iter().map(|entry| (entry.key.to_string(), entry)).collect()
}

fn random_write(seeded: &mut Seeded, model: &Model) -> Write {
    let key = KEYS[seeded.below(KEYS.len() as u64) as usize];
    let current = model.current().get(key).map(|entry| entry.revision);
    let expect = match (seeded.below(6), current) {
        (0, _) => Expect::Absent,
        (1, _) => Expect::Revision(seeded.below(40)),
        (2, Some(revision)) => Expect::Revision(revision),
        _ => Expect::Anything,
    };
    let len = [10, 300, 5_000, 20_000][seeded.below(4) as usize];
    let letter = b'a' + seeded.below(26) as u8;
    let value = NewValue { bytes: vec![letter; len], stamp: (seeded.below(2) == 0).then_some(5) };
    let volatile = key.starts_with("/lease/") && seeded.below(4) != 0;
    let operation = match (seeded.below(4), volatile) {
        (0, _) => Act::Delete(value),
        (_, true) => Act::Put(value, Durability::Volatile),
        (_, false) => Act::Put(value, Durability::Durable),
    };
    Write { key: key.to_owned(), expect, operation }
}

/// What may be found after the power is back: the durable keys before and after the batch that was cut.
struct Outcome {
    may_be: [Keys; 2],
    /// The newest revision that anybody was told of.
    newest: u64,
}

/// Runs batches until all are done or the disk stops.
fn run(device: &Device, seeded: &mut Seeded, batches: usize) -> Option<Outcome> {
    let (pipeline, mut writer) = open(device).ok()?;
    let shared = pipeline.shared();
    let mut model = Model::new(shared.read().revision(), keys(shared), ALL);
    let mut seen = 0;
    for _ in 0..batches {
        let mut after = model.clone();
        let mut requests = Vec::new();
        let mut expected = Vec::new();
        for _ in 0..=seeded.below(5) {
            let write = random_write(seeded, &after);
            requests.push(write.request());
            // A conflict tells of the state when it is told, which is that after the batch.
            expected.push(after.write(&write).map_err(drop));
        }
        let answers: Option<Vec<_>> =
            process(&pipeline, &mut writer, requests).into_iter().map(|answer| Some(plain(answer)?.map_err(drop))).collect();
        let Some(answers) = answers else {
            // Reads go on and show nothing that was not acknowledged.
            assert_eq!(&keys(shared), model.current());
            return Some(Outcome { may_be: [model.durable, after.durable], newest: seen });
        };
        assert!(answers == expected, "the answers are not the model's");
        seen = answers.iter().flatten().map(|entry| entry.revision).fold(seen, u64::max);
        model = after;
        assert_eq!(&keys(shared), model.current());
    }
    Some(Outcome { may_be: [model.durable.clone(), model.durable], newest: seen })
}

/// Opens what is left, cutting the power again during recovery if `again` says so, and compares.
fn recover(device: &Device, outcome: &Outcome, again: Option<Plan>) -> Device {
    let mut device = device.powered();
    if let Some(plan) = again {
        device.plan(plan);
        drop(open(&device));
        device = device.powered();
    }
    let (pipeline, _writer) = open(&device).expect("a cut leaves a file that opens");
    let shared = pipeline.shared();
    let found = keys(shared);
    assert!(outcome.may_be.contains(&found), "found {:?}, may be {:?}", brief(&found), outcome.may_be.each_ref().map(brief));
    let newest = found.values().map(|entry| entry.revision).fold(outcome.newest, u64::max);
    assert!(shared.read().revision() > newest, "a revision could come twice");
    device
}

fn brief(keys: &Keys) -> Vec<(String, u64)> {
    keys.iter().map(|(key, entry)| (key.clone(), entry.revision)).collect()
}

/// The syncs and acts of the workload when nothing goes wrong.
fn measure(seed: u64) -> (u64, u64) {
    let device = made();
    run(&device, &mut Seeded(seed), BATCHES).unwrap();
    (device.syncs(), device.acts())
}

#[test]
fn survives_a_power_cut_at_every_sync() {
    for seed in 0..3 {
        let (syncs, _) = measure(seed);
        assert!(syncs > BATCHES as u64 / 2, "the workload hardly syncs");
        for sync in 1..=syncs {
            for leaves in 0..2 {
                let cut = seed ^ (sync << 8) ^ (leaves << 32);
                let device = made();
                device.plan(Plan::CutAt { sync, seed: cut });
                let nothing = Outcome { may_be: [Keys::new(), Keys::new()], newest: 0 };
                let outcome = run(&device, &mut Seeded(seed), BATCHES).unwrap_or(nothing);
                assert!(device.is_off(), "there is no sync {sync}");
                let recovered = recover(&device, &outcome, None);
                recover(&device, &outcome, Some(Plan::CutAt { sync: 1 + cut % 4, seed: cut + 1 }));
                // It is a store like any other afterwards.
                run(&recovered, &mut Seeded(cut), 2).expect("it opens again");
            }
        }
    }
}

// design.md section 7: after an I/O error the store refuses writes rather than lying.
#[test]
fn an_io_error_at_any_act_ends_writing_and_loses_nothing() {
    let seed = 7;
    let (_, acts) = measure(seed);
    for act in (1..=acts).step_by(3) {
        let device = made();
        device.plan(Plan::FailFrom { act });
        let Some(outcome) = run(&device, &mut Seeded(seed), BATCHES) else { continue };
        device.plan(Plan::Nothing);
        let healed = Device::holding(&device.contents());
        recover(&healed, &outcome, None);
    }
}

#[test]
fn refuses_all_writes_after_an_io_error() {
    let device = Device::new();
    let (pipeline, mut writer) = open(&device).unwrap();
    let put = |key: &str| {
        let value = NewValue { bytes: b"1".to_vec(), stamp: None };
        Write { key: key.to_owned(), expect: Expect::Anything, operation: Act::Put(value, Durability::Durable) }.request()
    };
    assert!(process(&pipeline, &mut writer, vec![put("/a")]).pop().unwrap().is_ok());
    device.plan(Plan::FailFrom { act: 1 });
    assert!(plain(process(&pipeline, &mut writer, vec![put("/b")]).pop().unwrap()).is_none());
    device.plan(Plan::Nothing);
    let answer = process(&pipeline, &mut writer, vec![put("/c")]).pop().unwrap();
    assert_eq!(answer.unwrap_err().to_string(), "the store refuses writes: cannot write to the data file: I/O error: injected");
    assert_eq!(keys(pipeline.shared()).len(), 1);
    assert!(!device.is_off());
}

// What a failed sync left in the system's memory is not on the disk, and the next process must not take it for durable.
#[test]
fn survives_a_failed_sync_then_a_kill_then_a_power_cut() {
    for seed in 0..3 {
        let (syncs, _) = measure(seed);
        for sync in 1..=syncs {
            for leaves in 0..4 {
                let device = made();
                device.plan(Plan::FailSync { sync, seed: seed ^ (sync << 8) ^ (leaves << 32) });
                let nothing = Outcome { may_be: [Keys::new(), Keys::new()], newest: 0 };
                let outcome = run(&device, &mut Seeded(seed), BATCHES).unwrap_or(nothing);
                let left = device.after_kill();
                drop(open(&left).expect("what is left opens"));
                left.cut(leaves);
                recover(&left, &outcome, None);
            }
        }
    }
}
