//! Crashes that the store has to outlive: of the server, of the whole machine, of the disk below. The server continues on what
//! is left; what it finds is compared with what was acknowledged.

use super::node::Act;
use super::world::{Action, World};
use std::collections::{BTreeMap, BTreeSet};
use stead_store::device::{Device, Plan};
use stead_store::{Entry, Limits, Store};

/// How long a server or machine that crashed is away, at most.
const AWAY_MAX: i64 = 5_000_000;
/// What is volatile: Leases and heartbeats of nodes.
const VOLATILE: [&str; 2] = ["/registry/leases.coordination.k8s.io/kube-node-lease/", "/registry/nodes/"];

pub(super) fn open(device: &Device) -> Result<Store, String> {
    Store::on_device(device, Limits::default()).map_err(|e| format!("the store does not open: {e}"))
}

impl World {
    /// The server dies with all its connections and starts again on what the system has of its file.
    pub(super) fn crash_server(&mut self) -> Result<(), String> {
        self.reopen(self.device.after_kill())?;
        for node in 0..self.nodes.len() {
            self.cut_agent(node);
        }
        let Some(process) = &mut self.process else { return Ok(()) };
        let (id, resources) = (process.id, process.engine.resources());
        // None is taken up where it was any more.
        self.queue.retain(|_, action| !matches!(action, Action::Connect { .. }));
        for resource in resources {
            if let Some(process) = &mut self.process {
                process.cut(resource);
            }
            let at = self.server_back_at + self.chance.between(1000, 1_000_000);
            self.plan_at(at, Action::Connect { process: id, resource, relist: true });
        }
        Ok(())
    }

    /// Everything on the machine dies at once, and what was on its way. What was not synced is lost.
    pub(super) fn lose_power(&mut self) -> Result<(), String> {
        if !self.device.is_off() {
            self.device.cut(self.chance.next());
        }
        self.note(format_args!("the power is off"));
        self.reopen(self.device.powered())?;
        self.process = None;
        self.tick_at = None;
        self.queue.retain(|_, action| matches!(action, Action::User(_) | Action::Fault(_) | Action::RoomReturns(_)));
        self.node_acts = 0;
        self.truth.stop_all();
        let wall = self.wall();
        for node in 0..self.nodes.len() {
            self.nodes[node].agent = None;
            self.nodes[node].stalled_until = 0;
            self.nodes[node].containers.reboot(&mut self.chance, wall);
            self.nodes[node].disks.users().iter().for_each(|user| self.nodes[node].disks.give_up(user));
            let at = self.server_back_at + self.chance.between(1000, 1_000_000);
            self.plan_node(at, node, 0, Act::Start);
        }
        let at = self.server_back_at + self.chance.between(1000, 1_000_000);
        self.plan_at(at, Action::Restart);
        Ok(())
    }

    /// A new server on what is left of the store.
    fn reopen(&mut self, device: Device) -> Result<(), String> {
        let before = self.api.store().clone();
        let after = open(&device)?;
        check_kept(&before, &after)?;
        self.note(format_args!("the store goes on at {}", after.revision()));
        self.device = device;
        self.server_back_at = self.now + self.chance.between(1000, AWAY_MAX);
        self.api.restart(after).map_err(|e| e.to_string())?;
        self.claims.reconnect(&self.api)?;
        self.ledger.reconnect(&self.api)?;
        self.truth.reconnect(&self.api, unanswered_max(&before))
    }

    /// The disk fails in the middle of some write that is to come, and works again after a while.
    pub(super) fn fail_store(&mut self, length: i64) {
        let plan = match self.chance.below(2) {
            0 => Plan::FailSync { sync: 1, seed: self.chance.next() },
            _ => Plan::FailFrom { act: 1 + self.chance.below(8) },
        };
        self.device.plan(plan);
        self.plan_at(self.now + length, Action::StoreRecovers);
    }

    /// The disk works again; the store finds out what is on it.
    pub(super) fn recover_store(&mut self) -> Result<(), String> {
        self.device.plan(Plan::Nothing);
        if self.store_refuses() {
            self.api.store().recover()?;
            self.note(format_args!("the store takes writes again at {}", self.api.store().revision()));
        }
        self.pump()
    }

    pub(super) fn store_refuses(&self) -> bool {
        self.api.store().refusal().is_some()
    }

    /// The power goes in the middle of the next write.
    pub(super) fn cut_in_write(&mut self) {
        self.device.plan(Plan::CutAt { sync: 1, seed: self.chance.next() });
    }
}

/// How many writes may be there although nobody was told so: each is committed alone, and after one failed no other begins.
fn unanswered_max(before: &Store) -> usize {
    usize::from(before.refusal().is_some())
}

/// What was acknowledged must be there, and no revision may come twice.
fn check_kept(before: &Store, after: &Store) -> Result<(), String> {
    let (was, is) = (entries(before)?, entries(after)?);
    // It is the same if nothing was written since the store was opened.
    if after.revision() < before.revision() || is.values().any(|entry| entry.revision > after.revision()) {
        return Err(format!("the revision was {}, and is {}", before.revision(), after.revision()));
    }
    let keys: BTreeSet<&String> = was.keys().chain(is.keys()).collect();
    let differing: Vec<&String> = keys.into_iter().filter(|key| !is_kept(was.get(*key), is.get(*key))).collect();
    if differing.len() > unanswered_max(before) {
        return Err(format!("the store does not have what it acknowledged of {differing:?}"));
    }
    Ok(())
}

fn entries(store: &Store) -> Result<BTreeMap<String, Entry>, String> {
    let page = store.range("", None, 0, None).map_err(|e| e.to_string())?;
    Ok(page.entries.into_iter().map(|entry| (entry.key.to_string(), entry)).collect())
}

fn is_kept(was: Option<&Entry>, is: Option<&Entry>) -> bool {
    match was {
        Some(was) if VOLATILE.iter().any(|prefix| was.key.starts_with(prefix)) => is.is_none_or(|is| is.revision <= was.revision),
        _ => was == is,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;
    use stead_store::{Durability, Expect, NewValue};

    fn put(store: &Store, key: &str) {
        let value = NewValue { bytes: b"1".to_vec(), stamp: None };
        store.put(key, Expect::Anything, value, Durability::Durable).now_or_never().expect("it is answered at once").expect("it is taken");
    }

    // A check that finds nothing would prove nothing.
    #[test]
    fn a_lost_write_and_a_write_that_nobody_made_are_found() {
        let device = Device::new();
        let store = open(&device).expect("it opens");
        put(&store, "/a");
        let early = Device::holding(&device.contents());
        put(&store, "/b");
        assert!(check_kept(&store, &open(&early).expect("it opens")).expect_err("/b is lost").contains("/b"));
        let late = open(&device.powered()).expect("it opens");
        assert_eq!(check_kept(&store, &late), Ok(()));
        assert!(check_kept(&late, &store).expect_err("it goes back").contains("revision"));
        put(&late, "/c");
        assert!(check_kept(&store, &late).expect_err("/c is new").contains("/c"));
    }
}
