//! Brings the kernel's table to what the state says: changes at once, the whole at a start, after a failure, and where somebody else took
//! something away. A thin layer; what is to be is decided in `state` and `reconcile`.

use crate::flows;
use crate::reconcile::{self, Found};
use crate::state::State;
use std::collections::HashMap;
use std::net::SocketAddr;
use stead_netfilter::{Batch, Connection, Error, Result};

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
    /// Flows that are still to be judged.
    udp: HashMap<SocketAddr, Vec<SocketAddr>>,
}

impl Applier {
    /// In the network namespace of this thread.
    pub fn open(state: State) -> Result<Applier> {
        Ok(Applier { state, connection: Connection::open()?, is_whole: false, udp: HashMap::new() })
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
            let found = Found::read(&mut self.connection, &self.state.settings.table)?;
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

    /// Somebody else has changed rules of Services: all is compared at the next call.
    pub fn disturbed(&mut self) {
        self.is_whole = false;
    }

    /// What changes that are made here are told of with.
    pub fn port(&self) -> u32 {
        self.connection.port()
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
