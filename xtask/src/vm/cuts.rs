//! Power cuts: the machine is killed in the middle of writes, starts and rolls, its disk loses what was not flushed, and after the next start
//! everything that was acknowledged must be there. What happens inside is in `guest.rs`; this side has the only memory that a cut does not touch.

use super::disk::{self, Disk};
use super::guest::{DATABASES, content, is_on_disk};
use super::machine::{self, Acceleration, Machine, Parts};
use super::{note, say};
use anyhow::{Context, Result, bail, ensure};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::UnixListener;
use tokio::time::{Instant, timeout};

/// From the start of a machine to settled pods; seconds on an idle host, after the first.
const SETTLE_MAX: Duration = Duration::from_secs(1200);
/// How often a machine may hang in one round.
const HANGS_MAX: usize = 2;
/// A cut during starts comes this long after the server is ready; every other one after that many writes were acknowledged, or the longest of these times.
const DELAY_MS: std::ops::Range<u64> = 200..20_000;
const ACKNOWLEDGED: std::ops::Range<u64> = 5..150;
/// And that many writes to the disk later, if it is written to at all.
const WRITES_MAX: u64 = 30;
const QUIET_MAX: Duration = Duration::from_secs(5);

/// Cuts the power that often, then starts once more.
pub async fn run(mut parts: Parts, acceleration: Acceleration, disk: &Path, cuts: u64, seed: u64) -> Result<()> {
    // A name of its own: qemu connects again to a server that went away, and one that a killed run has left would take this run's disk.
    let socket = disk.with_extension(format!("{}.sock", std::process::id()));
    let listener = UnixListener::bind(&socket).context("open the disk's socket")?;
    parts.data = format!("nbd:unix:{}", socket.display());
    let disk = Arc::new(Mutex::new(Disk::open(disk)?));
    let server = tokio::spawn(disk::serve(listener, disk.clone()));
    let result = rounds(&parts, acceleration, &disk, cuts, Chance(seed)).await;
    server.abort();
    std::fs::remove_file(&socket).context("remove the disk's socket")?;
    result.with_context(|| format!("power cuts with --seed {seed}"))
}

async fn rounds(parts: &Parts, acceleration: Acceleration, disk: &Mutex<Disk>, cuts: u64, mut chance: Chance) -> Result<()> {
    let mut ledger = Ledger::default();
    for round in 1..=cuts {
        let plan = Plan::of(round, &mut chance);
        boot_until(parts, acceleration, disk, &mut ledger, (&round.to_string(), &plan)).await?;
        let kept_percent = [0, 50, 90][chance.within(0..3) as usize];
        let (lost, unflushed) = disk.lock().expect("no holder panics").cut(|| chance.within(0..100) < kept_percent)?;
        say(&format!(
            "cut {round} after {:?}: {} writes acknowledged so far, {} rows of databases, {lost} of {unflushed} unflushed sectors lost",
            plan.from,
            ledger.count,
            ledger.rows()
        ));
    }
    boot_until(parts, acceleration, disk, &mut ledger, ("last", &Plan::LAST)).await?;
    say(&format!("{cuts} power cuts: all {} acknowledged writes were there, every identity ran once", ledger.count));
    Ok(())
}

/// When the power is cut.
struct Plan {
    from: Mark,
    cut: Option<Cut>,
}

struct Cut {
    delay_ms: u64,
    /// How many more are acknowledged before it at most.
    acknowledged: u64,
    /// How many more the disk is told before it, the last of which is not answered.
    writes: u64,
}

impl Plan {
    /// Everything comes up, and the machine goes off by itself.
    const LAST: Self = Self { from: Mark::Settled, cut: None };

    /// Every third cut comes while pods start, the others in the middle of writes and rolls.
    fn of(round: u64, chance: &mut Chance) -> Self {
        let (from, delay_ms, acknowledged) = match round % 3 {
            0 => (Mark::Ready, chance.within(DELAY_MS), u64::MAX),
            _ => (Mark::Settled, DELAY_MS.end, chance.within(ACKNOWLEDGED)),
        };
        Self { from, cut: Some(Cut { delay_ms, acknowledged, writes: chance.within(1..WRITES_MAX) }) }
    }
}

/// Runs the machine to its end. One that hangs is switched off by its kernel, as another cut would, and runs again.
async fn boot_until(
    parts: &Parts,
    acceleration: Acceleration,
    disk: &Mutex<Disk>,
    ledger: &mut Ledger,
    (round, plan): (&str, &Plan),
) -> Result<()> {
    let mut parts = Parts { words: format!("round={round}"), ..parts.clone() };
    for hang in 1..=HANGS_MAX {
        let ended = run_once(&parts, acceleration, disk, ledger, plan).await;
        let Some(words) = ended.as_ref().err().and_then(|_| machine::hung(&parts)) else { return ended };
        // What is there at first is made once, and by nobody else.
        if !ledger.has_settled {
            return ended.context("the machine hung before everything had been made");
        }
        say(&format!("the machine hung in {}, which ended its kernel; it starts again\n{words}", parts.words));
        disk.lock().expect("no holder panics").cut(|| false)?;
        // What it writes has names of its own; the last one only looks.
        if plan.cut.is_some() {
            parts.words = format!("round={round}-{hang}");
        }
    }
    run_once(&parts, acceleration, disk, ledger, plan).await
}

async fn run_once(parts: &Parts, acceleration: Acceleration, disk: &Mutex<Disk>, ledger: &mut Ledger, plan: &Plan) -> Result<()> {
    ledger.found.clear();
    let mut machine = Machine::boot(parts, acceleration).await?;
    until(&mut machine, ledger, plan.from).await?;
    if let Some(cut) = &plan.cut {
        let writes = ledger.count.saturating_add(cut.acknowledged);
        listen(&mut machine, ledger, writes, tokio::time::sleep(Duration::from_millis(cut.delay_ms))).await?;
        let stopped = disk.lock().expect("no holder panics").stop_after(cut.writes);
        listen(&mut machine, ledger, u64::MAX, async { drop(timeout(QUIET_MAX, stopped).await) }).await?;
        machine.cut().await?;
    }
    drain(&mut machine, ledger).await
}

/// How far the machine has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    /// The server answers, and what it has was compared.
    Ready,
    /// Every pod runs, once.
    Settled,
}

/// Reads on until the machine has come so far.
async fn until(machine: &mut Machine, ledger: &mut Ledger, mark: Mark) -> Result<()> {
    let deadline = Instant::now() + SETTLE_MAX;
    loop {
        let line = machine.line(deadline).await?.context("the machine went off by itself")?;
        if ledger.take(&line)? == Some(mark) {
            return Ok(());
        }
    }
}

/// Reads until so many writes were acknowledged, or until then.
async fn listen(machine: &mut Machine, ledger: &mut Ledger, writes: u64, end: impl Future<Output = ()>) -> Result<()> {
    let deadline = Instant::now() + SETTLE_MAX;
    tokio::pin!(end);
    while ledger.count < writes {
        tokio::select! {
            () = &mut end => return Ok(()),
            line = machine.line(deadline) => ledger.take(&line?.context("the machine went off by itself")?)?,
        };
    }
    Ok(())
}

/// Reads what a machine had printed before it went off.
async fn drain(machine: &mut Machine, ledger: &mut Ledger) -> Result<()> {
    while let Some(line) = machine.line(Instant::now() + SETTLE_MAX).await? {
        ledger.take(&line)?;
    }
    Ok(())
}

/// What was acknowledged, by key.
#[derive(Default)]
struct Ledger {
    entries: BTreeMap<String, Entry>,
    found: BTreeMap<String, u64>,
    revision: u64,
    count: u64,
    /// Everything that there is at first has been made.
    has_settled: bool,
}

#[derive(Clone, Copy)]
struct Entry {
    /// The last change that was acknowledged.
    change: u64,
    /// The next one may have been on its way.
    open: bool,
}

impl Ledger {
    /// How many rows of databases were acknowledged, of all together.
    fn rows(&self) -> u64 {
        DATABASES.iter().filter_map(|database| self.entries.get(database.name)).map(|entry| entry.change).sum()
    }

    /// Takes a line of the machine's. One that the cut has torn does not end in a full stop, and says nothing.
    fn take(&mut self, line: &str) -> Result<Option<Mark>> {
        match line.split(' ').collect::<Vec<_>>()[..] {
            ["ack", key, change, revision, "."] => {
                self.entries.insert(key.to_owned(), Entry { change: change.parse()?, open: true });
                self.revision = self.revision.max(revision.parse()?);
                self.count += 1;
            }
            ["found", key, change, "."] => {
                self.found.insert(key.to_owned(), change.parse()?);
            }
            ["ready", revision, "."] => {
                let revision: u64 = revision.parse()?;
                ensure!(revision >= self.revision, "the store went back from revision {} to {revision}", self.revision);
                self.compare(|key| !is_on_disk(key))?;
                return Ok(Some(Mark::Ready));
            }
            ["settled", "."] => {
                self.compare(is_on_disk)?;
                self.has_settled = true;
                return Ok(Some(Mark::Settled));
            }
            ["failed", ..] => bail!("in the machine: {line}"),
            _ => note(line),
        }
        Ok(None)
    }

    /// What is there against what was acknowledged, of some keys; from then on exactly what is there is expected of those.
    fn compare(&mut self, of: fn(&str) -> bool) -> Result<()> {
        let found = std::mem::take(&mut self.found);
        for key in found.keys().filter(|key| of(key) && !self.entries.contains_key(*key)).cloned().collect::<Vec<_>>() {
            self.entries.insert(key, Entry { change: 0, open: true });
        }
        let mut offences = Vec::new();
        for (key, entry) in self.entries.iter_mut().filter(|(key, _)| of(key)) {
            let there = found.get(key).copied();
            let next = entry.change + 1;
            if entry.open && there != content(key, entry.change) && there == content(key, next) {
                entry.change = next;
            }
            if there != content(key, entry.change) {
                offences.push(format!("{key}: change {} was acknowledged, found {there:?}", entry.change));
            }
            entry.open = false;
        }
        ensure!(offences.is_empty(), "acknowledged writes are not there:\n{}", offences.join("\n"));
        Ok(())
    }
}

/// Numbers from a seed (splitmix64).
struct Chance(u64);

impl Chance {
    fn within(&mut self, range: std::ops::Range<u64>) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        range.start + (z ^ (z >> 31)) % (range.end - range.start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(lines: &[&str]) -> Result<Option<Mark>> {
        let mut ledger = Ledger::default();
        lines.iter().try_fold(None, |_, line| ledger.take(line))
    }

    #[test]
    fn what_was_acknowledged_must_be_there() {
        assert_eq!(after(&["ack a 1 7 .", "ack a 2 8 .", "found a 2 .", "ready 8 ."]).unwrap(), Some(Mark::Ready));
        assert_eq!(after(&["ack a 2 8 .", "found a 3 .", "ready 9 ."]).unwrap(), Some(Mark::Ready)); // it was on its way
        assert_eq!(after(&["found a 1 .", "ready 1 ."]).unwrap(), Some(Mark::Ready));
        assert!(after(&["ack a 2 8 .", "found a 1 .", "ready 9 ."]).is_err());
        assert!(after(&["ack a 2 8 .", "found a 4 .", "ready 9 ."]).is_err());
        assert!(after(&["ack a 2 8 .", "ready 9 ."]).is_err());
        assert!(after(&["ack a 2 8 .", "found a 2 .", "ready 7 ."]).is_err()); // revisions never go back
    }

    #[test]
    fn what_was_found_once_stays() {
        let once = ["ack a 2 8 .", "found a 3 .", "ready 9 ."];
        assert!(after(&[&once[..], &["found a 4 .", "ready 9 ."]].concat()).is_err());
        assert!(after(&[&once[..], &["found a 3 .", "ready 9 ."]].concat()).is_ok());
    }

    #[test]
    fn an_acknowledged_deletion_stays_deleted() {
        assert!(after(&["ack a 10 8 .", "ready 9 ."]).is_ok());
        assert!(after(&["ack a 9 8 .", "ready 9 ."]).is_ok()); // the deletion was on its way
        assert!(after(&["ack a 10 8 .", "found a 9 .", "ready 9 ."]).is_err());
    }

    #[test]
    fn what_is_in_volumes_is_told_later() {
        let kept = ["ack quota-kept-0 2 0 .", "ready 9 ."];
        assert_eq!(after(&[&kept[..], &["found quota-kept-0 2 .", "settled ."]].concat()).unwrap(), Some(Mark::Settled));
        assert!(after(&[&kept[..], &["found quota-kept-0 1 .", "settled ."]].concat()).is_err());
        assert!(after(&[&kept[..], &["settled ."]].concat()).is_err());
        assert!(after(&["ack cycle-1-1 2 0 .", "ready 9 .", "settled ."]).is_ok()); // its deletion was on its way
        assert!(after(&["ack cycle-1-1 1 0 .", "ready 9 .", "settled ."]).is_err());
        assert!(after(&["ack cycle-1-1 3 0 .", "ready 9 .", "found cycle-1-1 2 .", "settled ."]).is_err());
    }

    #[test]
    fn rows_that_were_committed_must_be_there() {
        let committed = ["ack postgres 1 0 .", "ack redis 1 0 .", "ack postgres 2 0 .", "ready 9 ."];
        let and = |lines: &[&str]| after(&[&committed[..], lines, &["settled ."]].concat());
        assert!(and(&["found postgres 2 .", "found redis 1 ."]).is_ok());
        assert!(and(&["found postgres 3 .", "found redis 2 ."]).is_ok()); // commits were on their way
        assert!(and(&["found postgres 1 .", "found redis 1 ."]).is_err());
        assert!(and(&["found postgres 2 ."]).is_err());
        assert!(and(&[]).is_err());
    }

    #[test]
    fn a_torn_line_says_nothing() {
        assert!(after(&["ack a 1", "ready 9 ."]).is_ok());
    }
}
