//! Keeps a data file untouched until it is known to be ours: while it is *held*, everything that redb writes (it repairs
//! while it opens) stays in memory. Accepting the file carries the writes out, in order and with their syncs; a refused
//! file was only read. Never judges the contents itself.

use redb::StorageBackend;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

/// The device below redb. Clones are the same device.
#[derive(Debug, Clone)]
pub(crate) struct Guard(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    device: Box<dyn StorageBackend>,
    phase: Mutex<Phase>,
}

#[derive(Debug)]
enum Phase {
    Held(Held),
    Accepted,
    /// What was held was carried out in part: nothing may follow it.
    Broken,
}

/// What redb wants to be done.
#[derive(Debug)]
struct Held {
    len: u64,
    acts: Vec<Act>,
}

#[derive(Debug)]
enum Act {
    Write { offset: u64, data: Vec<u8> },
    SetLen(u64),
    Sync,
}

impl Guard {
    pub(crate) fn hold(device: Box<dyn StorageBackend>) -> io::Result<Self> {
        let held = Held { len: device.len()?, acts: Vec::new() };
        Ok(Self(Arc::new(Inner { device, phase: Mutex::new(Phase::Held(held)) })))
    }

    /// Carries out what was held, and from now on everything at once.
    pub(crate) fn accept(&self) -> io::Result<()> {
        let mut phase = self.phase();
        let Phase::Held(held) = std::mem::replace(&mut *phase, Phase::Broken) else { return Ok(()) };
        for act in held.acts {
            match act {
                Act::Write { offset, data } => self.0.device.write(offset, &data)?,
                Act::SetLen(len) => self.0.device.set_len(len)?,
                Act::Sync => self.0.device.sync_data()?,
            }
        }
        *phase = Phase::Accepted;
        Ok(())
    }

    fn phase(&self) -> MutexGuard<'_, Phase> {
        self.0.phase.lock().expect("nothing panics with the guard locked")
    }
}

fn broken() -> io::Error {
    io::Error::other("the device failed while it was opened")
}

impl Held {
    /// What a reader sees: the device's bytes, then the acts in order.
    fn read(&self, device: &dyn StorageBackend, offset: u64, out: &mut [u8]) -> io::Result<()> {
        if offset + out.len() as u64 > self.len {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        out.fill(0);
        let there = device.len()?.saturating_sub(offset).min(out.len() as u64) as usize;
        if there > 0 {
            device.read(offset, &mut out[..there])?;
        }
        for act in &self.acts {
            match act {
                Act::Write { offset: at, data } => overlay(offset, out, *at, data),
                Act::SetLen(len) => {
                    let kept = len.saturating_sub(offset).min(out.len() as u64) as usize;
                    out[kept..].fill(0);
                }
                Act::Sync => {}
            }
        }
        Ok(())
    }
}

/// Copies the part of `data` (which lies at `at`) that falls into `out` (which lies at `offset`).
fn overlay(offset: u64, out: &mut [u8], at: u64, data: &[u8]) {
    let start = offset.max(at);
    let end = (offset + out.len() as u64).min(at + data.len() as u64);
    if start < end {
        let (from, into, len) = ((start - at) as usize, (start - offset) as usize, (end - start) as usize);
        out[into..into + len].copy_from_slice(&data[from..from + len]);
    }
}

impl StorageBackend for Guard {
    fn len(&self) -> io::Result<u64> {
        match &*self.phase() {
            Phase::Held(held) => Ok(held.len),
            Phase::Broken => Err(broken()),
            Phase::Accepted => self.0.device.len(),
        }
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        match &*self.phase() {
            Phase::Held(held) => held.read(&*self.0.device, offset, out),
            Phase::Broken => Err(broken()),
            Phase::Accepted => self.0.device.read(offset, out),
        }
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        match &mut *self.phase() {
            Phase::Held(held) => {
                held.len = len;
                held.acts.push(Act::SetLen(len));
                Ok(())
            }
            Phase::Broken => Err(broken()),
            Phase::Accepted => self.0.device.set_len(len),
        }
    }

    fn sync_data(&self) -> io::Result<()> {
        match &mut *self.phase() {
            Phase::Held(held) => {
                held.acts.push(Act::Sync);
                Ok(())
            }
            Phase::Broken => Err(broken()),
            Phase::Accepted => self.0.device.sync_data(),
        }
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        match &mut *self.phase() {
            Phase::Held(held) => {
                held.len = held.len.max(offset + data.len() as u64);
                held.acts.push(Act::Write { offset, data: data.to_vec() });
                Ok(())
            }
            Phase::Broken => Err(broken()),
            Phase::Accepted => self.0.device.write(offset, data),
        }
    }

    fn close(&self) -> io::Result<()> {
        self.0.device.close()
    }
}
