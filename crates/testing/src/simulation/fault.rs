//! Faults of the whole world: processes that crash, machines without power, disks that fail, machines that stand still, clocks that jump.

use super::chance::Chance;

const SECOND: i64 = 1_000_000;

/// One fault; times in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    ControllersCrash,
    /// The agent of that node; its containers run on.
    AgentCrash(usize),
    /// It stands still for so long.
    AgentStall(usize, i64),
    /// The server, with every connection; what it acknowledged stays.
    ServerCrash,
    /// The machine loses its power between two effects: server, controllers, agents and containers end at once.
    PowerCut,
    /// The same in the middle of the next write to the disk.
    PowerCutInWrite,
    /// The disk below the store fails in a write that is to come, and works again after so long.
    StoreFailure(i64),
    /// Others have taken all room for claims on that node, for so long.
    DiskFull(usize, i64),
    /// Nothing happens for so long, and the clocks go on.
    Stall(i64),
    /// The wall clock is set forward or back. A suspended machine looks the same: all stands still, and the steady clock with it.
    ClockJump(i64),
}

/// The faults of a world, with their times, up to `end`.
pub fn draw(chance: &mut Chance, nodes: usize, end: i64) -> Vec<(i64, Fault)> {
    let mut faults = Vec::new();
    let mut add = |chance: &mut Chance, fault| faults.push((chance.between(0, end), fault));
    for _ in 0..chance.below(4) {
        add(chance, Fault::ControllersCrash);
    }
    for _ in 0..chance.below(4) {
        let node = usize::try_from(chance.below(nodes as u64)).unwrap_or(0);
        add(chance, Fault::AgentCrash(node));
    }
    for _ in 0..chance.below(3) {
        add(chance, Fault::ServerCrash);
    }
    for _ in 0..chance.below(3) {
        let fault = if chance.one_in(2) { Fault::PowerCut } else { Fault::PowerCutInWrite };
        add(chance, fault);
    }
    if chance.one_in(3) {
        let length = chance.between(SECOND / 2, 20 * SECOND);
        add(chance, Fault::StoreFailure(length));
    }
    if chance.one_in(4) {
        let length = chance.between(SECOND, 90 * SECOND);
        let fault = if chance.one_in(2) { Fault::Stall(length) } else { Fault::AgentStall(0, length) };
        add(chance, fault);
    }
    if chance.one_in(3) {
        let node = usize::try_from(chance.below(nodes as u64)).unwrap_or(0);
        let length = chance.between(SECOND, 60 * SECOND);
        add(chance, Fault::DiskFull(node, length));
    }
    for _ in 0..chance.below(2) {
        let jump = chance.between(-3600 * SECOND, 3600 * SECOND);
        add(chance, Fault::ClockJump(jump));
    }
    faults
}
