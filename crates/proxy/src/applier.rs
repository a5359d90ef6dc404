//! Brings the kernel's table to what the state says: changes at once, the whole at a start, after a failure, and where somebody else took
//! something away. A thin layer; what is to be is decided in `state` and `reconcile`.

use crate::flows;
use crate::reconcile::{self, Depth, Found};
use crate::state::State;
use std::collections::HashMap;
use std::net::SocketAddr;
use stead_netfilter::{Batch, Connection, Error, Result, dump};

/// What was done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Applied {
    pub services: usize,
    /// Bytes of the batch.
    pub bytes: usize,
    pub flows_forgotten: usize,
}

#[derive(Debug)]
pub struct Applier {
    pub state: State,
    connection: Connection,
    /// Whether the kernel is known to have what the state was when it was last asked.
    is_whole: bool,
    /// The packet filter's generation when the table was last seen to be whole.
    generation: u32,
    /// Flows that are still to be judged.
    udp: HashMap<SocketAddr, Vec<SocketAddr>>,
}

impl Applier {
    /// In the network namespace of this thread.
    pub fn open(state: State) -> Result<Applier> {
        Ok(Applier { state, connection: Connection::open()?, is_whole: false, generation: 0, udp: HashMap::new() })
    }

    /// Whether [`apply`](Self::apply) has something to do.
    pub fn is_due(&self) -> bool {
        !self.is_whole || self.state.is_dirty() || !self.udp.is_empty()
    }

    /// Puts what has changed into force. After an error all is compared at the next call.
    pub fn apply(&mut self) -> Result<Applied> {
        let changes = self.state.changes();
        let mut applied = Applied { services: changes.services, ..Applied::default() };
        let was_whole = std::mem::replace(&mut self.is_whole, false) && !self.state.has_many_unused_ways();
        self.udp.extend(changes.udp);
        if was_whole {
            applied.bytes = self.put(changes.batch)?;
        } else {
            self.state.forget_unused_ways();
            let found = Found::read(&mut self.connection, &self.state.settings.table, Depth::Elements)?;
            applied.bytes = self.put(reconcile::batch(&found, &self.state))?;
            self.udp = self.state.udp();
            if let Err(error) = self.put(reconcile::leftovers(&found, &self.state)) {
                tracing::debug!(%error, "chains that nothing leads to stay until the next start");
            }
        }
        self.is_whole = true;
        applied.flows_forgotten = flows::forget(&mut self.connection, &self.udp)?;
        self.udp.clear();
        Ok(applied)
    }

    fn put(&mut self, batch: Batch) -> Result<usize> {
        let bytes = batch.size();
        self.connection.apply(batch).map(|()| bytes)
    }

    /// Looks whether others have changed rules since this was last asked, and if so whether the table is still whole; if not, it is due.
    /// Gives whether something was missing.
    pub fn check(&mut self) -> Result<bool> {
        let generation = dump::generation(&mut self.connection)?;
        if generation == self.generation || !self.is_whole {
            return Ok(false);
        }
        let found = Found::read(&mut self.connection, &self.state.settings.table, Depth::Outline)?;
        self.generation = generation;
        self.is_whole = found.is_sound(&self.state);
        Ok(!self.is_whole)
    }
}

/// Removes a table with everything in it, of pods as well; does nothing if it is not there, or the kernel has no packet filter.
pub fn remove(table: &str) -> Result<()> {
    let mut batch = Batch::new(table);
    batch.delete_table();
    match Connection::open().and_then(|mut connection| connection.apply(batch)) {
        Err(error) if Error::is_absent(&error) || Error::is_unsupported(&error) => Ok(()),
        other => other,
    }
}
