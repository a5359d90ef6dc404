//! Puts content into force: differences to what is there, or the whole of it where that is not known. Decides nothing about it.

use crate::content::{Changes, Content, PREFIX};
use std::collections::BTreeSet;
use std::net::IpAddr;
use stead_netfilter::{Batch, Connection, Result, conntrack, dump};
use stead_network::Tag;

use crate::object::UDP;

/// The part of a table that is this program's.
#[derive(Debug)]
pub struct Kernel {
    table: String,
    connection: Option<Connection>,
    /// What is in force, if it is known.
    applied: Option<Content>,
    /// Chains that could not be deleted yet.
    dead: Vec<String>,
    /// The node's UDP ports that are passed on.
    udp: BTreeSet<(u16, IpAddr)>,
}

/// Takes what is wanted. The kernel does, where it can.
pub trait Rules: Send + 'static {
    /// Everything is in force when this returns, together with ports of the node that are passed on by UDP. After an error it is not known
    /// what is; the next call puts the whole into force.
    fn apply(&mut self, wanted: Content, udp: BTreeSet<(u16, IpAddr)>) -> Result<()>;

    /// Somebody else has changed something: the next call puts the whole into force.
    fn disturbed(&mut self);

    /// What changes that are made here are told of with.
    fn port(&self) -> u32;
}

impl Rules for Kernel {
    fn apply(&mut self, wanted: Content, udp: BTreeSet<(u16, IpAddr)>) -> Result<()> {
        let before = self.applied.take();
        let changes = match &before {
            Some(before) => wanted.changes(&self.table, before),
            None => self.whole(&wanted)?,
        };
        let is_changed = !changes.batch.is_empty();
        let connection = open(&mut self.connection)?;
        if is_changed {
            connection.apply(changes.batch)?;
            self.dead.retain(|name| !wanted.has_chain(name));
            self.dead.extend(changes.dead);
            self.bury();
        }
        self.forget_flows(&udp);
        (self.applied, self.udp) = (Some(wanted), udp);
        Ok(())
    }

    fn disturbed(&mut self) {
        self.applied = None;
    }

    fn port(&self) -> u32 {
        self.connection.as_ref().map_or(0, Connection::port)
    }
}

impl Kernel {
    pub fn new(table: String) -> Kernel {
        Kernel { table, connection: None, applied: None, dead: Vec::new(), udp: BTreeSet::new() }
    }

    fn whole(&mut self, wanted: &Content) -> Result<Changes> {
        let connection = open(&mut self.connection)?;
        let is_ours = |name: &String| name.starts_with(PREFIX);
        let chains: Vec<String> = dump::chains(connection, &self.table)?.into_iter().map(|chain| chain.name).filter(is_ours).collect();
        let sets: Vec<String> = dump::sets(connection, &self.table)?.into_iter().map(|set| set.name).filter(is_ours).collect();
        Ok(wanted.whole(&self.table, &chains, &sets))
    }

    /// Deletes chains that nothing names any more; those that the kernel still holds are tried again with the next change.
    fn bury(&mut self) {
        let Some(connection) = &mut self.connection else { return };
        let table = &self.table;
        self.dead.retain(|name| {
            let mut batch = Batch::new(table.as_str());
            batch.delete_chain(name);
            connection.apply(batch).is_err_and(|error| !error.is_absent())
        });
    }

    /// What is sent over and over has no first packet: the kernel must forget whom it went to.
    fn forget_flows(&mut self, udp: &BTreeSet<(u16, IpAddr)>) {
        let Some(connection) = &mut self.connection else { return };
        let (gone, new) = (self.udp.difference(udp), udp.difference(&self.udp));
        let is_stale = |flow: &conntrack::Flow| {
            let at = |port: u16| flow.original.to.port() == port;
            gone.clone().any(|(port, to)| at(*port) && flow.reply.from.ip() == *to)
                || new.clone().any(|(port, to)| at(*port) && flow.reply.from.ip() != *to)
        };
        if &self.udp != udp
            && let Err(error) = conntrack::forget(connection, UDP, is_stale)
        {
            tracing::warn!(%error, "what is sent to changed ports of the node may go to where it went before for a while");
        }
    }
}

/// Removes a data directory's table with all that is in it, if there is one.
pub fn clean(tag: &Tag) -> Result<()> {
    let table = tag.table();
    let removed = Connection::open().and_then(|mut connection| {
        if dump::tables(&mut connection)?.contains(&table) {
            let mut batch = Batch::new(table);
            batch.delete_table();
            connection.apply(batch)?;
        }
        Ok(())
    });
    match removed {
        // Then nobody has made any.
        Err(error) if error.is_unsupported() || error.is_absent() => Ok(()),
        removed => removed,
    }
}

fn open(connection: &mut Option<Connection>) -> Result<&mut Connection> {
    if connection.is_none() {
        *connection = Some(Connection::open()?);
    }
    Ok(connection.as_mut().expect("it has just been opened"))
}
