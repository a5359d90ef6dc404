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

/// The newest record of each disk that the journal at `path` lists, which is only read.
pub fn read(path: &Path) -> Result<BTreeMap<String, Record>> {
    Ok(newest(Journal::<Record>::read(path)?).0)
}

/// The newest record of each name, and those that it follows.
fn newest(live: Vec<Record>) -> (BTreeMap<String, Record>, Vec<Record>) {
    let mut records = BTreeMap::new();
    let mut former = Vec::new();
    for record in live {
        match records.get(&record.name) {
            Some(Record { generation, .. }) if *generation > record.generation => former.push(record),
            _ => former.extend(records.insert(record.name.clone(), record)),
        }
    }
    (records, former)
}

impl Ledger {
    /// Opens or begins the journal at `path`.
    pub fn open(path: &Path) -> Result<Ledger> {
        let journal = Journal::<Record>::open(path)?;
        let (records, former) = newest(journal.live());
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Backing, Phase};

    /// What version 1 has written: these lines must be understood for ever, for data hangs on them.
    const LINES: &str = r#"{"Made":{"name":"a","generation":1,"pool":"/p","backing":{"Directory":{"permissions":511,"why":"w"}},"bytes":4096,"promised_bytes":4096,"phase":"Ready"},"v":1}
{"Made":{"name":"b","generation":2,"pool":"/p","backing":{"ProjectQuota":{"permissions":511,"project":1048576}},"bytes":4096,"promised_bytes":4096,"phase":{"Growing":{"bytes":8192,"promised_bytes":8192}}},"v":1}
{"Made":{"name":"c","generation":0,"pool":"/p","backing":{"Image":{"permissions":511}},"bytes":4096,"promised_bytes":9999,"phase":"Making"},"v":1}
{"Made":{"name":"d","generation":2,"pool":"/p","backing":"Device","bytes":4096,"promised_bytes":4096,"phase":{"Removing":{"since_unix_s":7}}},"v":1}
{"Made":{"name":"d","generation":1,"pool":"/p","backing":"Device","bytes":4096,"promised_bytes":4096,"phase":"Ready"},"v":1}
{"Made":{"name":"e","generation":3,"pool":"/p","backing":"Device","bytes":4096,"promised_bytes":4096,"phase":{"Trashed":{"since_unix_s":7}}},"v":1}
"#;

    #[test]
    fn what_was_written_down_once_is_understood() {
        // LOCV-12
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal");
        std::fs::write(&path, LINES).unwrap();
        let ledger = Ledger::open(&path).unwrap();
        let found: Vec<(String, u64, Phase)> =
            ledger.all().into_iter().map(|record| (record.name, record.generation, record.phase)).collect();
        let expected = [
            ("a", 1, Phase::Ready),
            ("b", 2, Phase::Growing { bytes: 8192, promised_bytes: 8192 }),
            ("c", 0, Phase::Making),
            ("d", 2, Phase::Removing { since_unix_s: 7 }),
            ("e", 3, Phase::Trashed { since_unix_s: 7 }),
        ];
        assert_eq!(found, expected.map(|(name, generation, phase)| (name.to_owned(), generation, phase)));
        assert_eq!(ledger.get("b").unwrap().backing, Backing::ProjectQuota { permissions: 0o777, project: 1 << 20 });
        assert_eq!(ledger.journal.not_understood(), Vec::<String>::new());
    }

    #[test]
    fn what_cannot_be_written_down_is_not_done_unless_it_makes_room() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal");
        std::fs::write(&path, LINES).unwrap();
        let ledger = Ledger::open(&path).unwrap();
        let a = ledger.get("a").unwrap();
        let refused = |_: &BTreeMap<String, Record>| Err(crate::Error::NotFound("no room".to_owned()));
        ledger.reserve(&a.with(Phase::Making), refused).unwrap_err();
        assert_eq!(ledger.get("a"), Some(a.clone()));
        let removed = ledger.put_even_if_full(a.with(Phase::Trashed { since_unix_s: 9 }));
        assert_eq!((removed.generation, ledger.get("a")), (2, Some(removed.clone())));
        drop(ledger);
        assert_eq!(Ledger::open(&path).unwrap().get("a"), Some(removed));
    }
}
