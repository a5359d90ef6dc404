//! The records of all disks: in memory, and in the journal before anything is done.

use crate::error::Result;
use crate::record::Record;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use stead_journal::Journal;

#[derive(Debug)]
pub(crate) struct Ledger {
    journal: Journal<Record>,
    table: Mutex<Table>,
    /// Somebody has done with a name.
    freed: Condvar,
}

/// What is known in memory.
#[derive(Debug, Default)]
pub(crate) struct Table {
    pub records: BTreeMap<String, Record>,
    /// Names that somebody is at work on.
    busy: BTreeSet<String>,
}

/// The right to change one name's disk.
#[derive(Debug)]
pub(crate) struct Holder<'a> {
    ledger: &'a Ledger,
    name: String,
}

impl Drop for Holder<'_> {
    fn drop(&mut self) {
        self.ledger.lock().busy.remove(&self.name);
        self.ledger.freed.notify_all();
    }
}

impl Ledger {
    /// Opens or begins the journal at `path`.
    pub fn open(path: &Path) -> Result<Ledger> {
        let journal = Journal::<Record>::open(path)?;
        let mut records = BTreeMap::new();
        let mut former = Vec::new();
        for record in journal.live() {
            match records.get(&record.name) {
                Some(Record { generation, .. }) if *generation > record.generation => former.push(record),
                _ => former.extend(records.insert(record.name.clone(), record)),
            }
        }
        // What could not be crossed out when its successor was written.
        journal.gone(&former);
        Ok(Ledger { journal, table: Mutex::new(Table { records, busy: BTreeSet::new() }), freed: Condvar::new() })
    }

    pub fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until nobody else is at work on that name.
    pub fn hold(&self, name: &str) -> Holder<'_> {
        let mut table = self.lock();
        while table.busy.contains(name) {
            table = self.freed.wait(table).unwrap_or_else(PoisonError::into_inner);
        }
        table.busy.insert(name.to_owned());
        Holder { ledger: self, name: name.to_owned() }
    }

    pub fn get(&self, name: &str) -> Option<Record> {
        self.lock().records.get(name).cloned()
    }

    pub fn all(&self) -> Vec<Record> {
        self.lock().records.values().cloned().collect()
    }

    /// Adds a record if `allowed` says so of all the others, so that two who come at the same time do not both get the last room.
    pub fn reserve(&self, record: &Record, allowed: impl FnOnce(&BTreeMap<String, Record>) -> Result<()>) -> Result<()> {
        let mut table = self.lock();
        allowed(&table.records)?;
        let former = table.records.insert(record.name.clone(), record.clone());
        drop(table);
        let written = self.journal.make(std::slice::from_ref(record));
        if written.is_err() {
            let mut table = self.lock();
            match &former {
                Some(former) => table.records.insert(record.name.clone(), former.clone()),
                None => table.records.remove(&record.name),
            };
        } else if let Some(former) = former {
            self.journal.gone(&[former]);
        }
        Ok(written?)
    }

    /// Has a disk's record followed by another one; the new one is on disk when this returns. Gives it with its generation.
    pub fn put(&self, record: Record) -> Result<Record> {
        let record = Record { generation: record.generation + 1, ..record };
        self.reserve(&record, |_| Ok(()))?;
        Ok(record)
    }

    /// The same where the journal may be on the very disk that is full: the change is then remembered in memory alone.
    pub fn put_even_if_full(&self, record: Record) -> Record {
        let record = Record { generation: record.generation + 1, ..record };
        if let Err(error) = self.reserve(&record, |_| Ok(())) {
            tracing::warn!(disk = record.name, %error, "a removal goes on although it could not be written down");
            self.lock().records.insert(record.name.clone(), record.clone());
        }
        record
    }

    /// Forgets a disk of which nothing is left.
    pub fn forget(&self, record: &Record) {
        self.journal.gone(std::slice::from_ref(record));
        self.lock().records.remove(&record.name);
    }
}
