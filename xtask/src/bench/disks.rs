//! Disks of claims: how long making one takes, and whether the removal of a large one holds anybody up.

use super::report::{self, Report, quantile, time};
use anyhow::{Context, Result, ensure};
use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, Instant};
use stead_disks::{Content, Demand, Disks, FileSystem, Settings, Wanted};

const ROUNDS: usize = 30;
/// A build that is not optimised shows that all of this works, and measures nothing.
const FILES: usize = if cfg!(debug_assertions) { 20_000 } else { 1_000_000 };
const FILES_PER_DIRECTORY: usize = 10_000;
/// Entries that a node has removed at a time.
const SWEPT: u64 = 10_000;
const GIB: u64 = 1 << 30;

/// Measures in a directory of the machine's own disk.
pub fn measure(place: &Path, report: &mut Report) -> Result<()> {
    let disks = Disks::open(&place.join("state"), Settings::default())?;
    let wanted = |name: String, demand| {
        let content = Content::Directory { permissions: 0o777, file_system: FileSystem::Ext4 };
        Wanted { name, pool: place.join("pool"), bytes: GIB, demand, content }
    };
    let probed = disks.probe(&place.join("pool"))?;
    let directory = if probed.project_quota.is_ok() { Demand::ProjectQuota } else { Demand::Unenforced };
    report.add(report::DISK_DIRECTORY, made(&disks, |round| wanted(format!("directory-{round}"), directory))?);
    match probed.image {
        Ok(()) => report.add(report::DISK_IMAGE, made(&disks, |round| wanted(format!("image-{round}"), Demand::Image))?),
        Err(why) => report.note(format!("LEFT OUT: disks that are images: {why}.")),
    }
    report.add(report::DISK_REMOVED, removed(&disks, |name| wanted(name.to_owned(), directory))?);
    Ok(())
}

/// One after the other, each removed before the next.
fn made(disks: &Disks, wanted: impl Fn(usize) -> Wanted) -> Result<String> {
    let mut times = Vec::new();
    for round in 0..ROUNDS {
        let wanted = wanted(round);
        let begun = Instant::now();
        disks.create(&wanted)?;
        times.push(begun.elapsed());
        disks.remove(&wanted.name, 0)?;
        while disks.sweep(0, SWEPT).more {}
    }
    Ok(format!("{} / {}", time(quantile(&mut times, 0.5)), time(quantile(&mut times, 0.99))))
}

/// Disks are made and removed while another thread empties the trash.
fn removed(disks: &Disks, wanted: impl Fn(&str) -> Wanted) -> Result<String> {
    let large = disks.create(&wanted("large"))?;
    for number in 0..FILES {
        let directory = large.path.join(format!("d{}", number / FILES_PER_DIRECTORY));
        if number % FILES_PER_DIRECTORY == 0 {
            fs::create_dir(&directory).context("make a directory")?;
        }
        File::create(directory.join(number.to_string())).context("make a file")?;
    }
    let begun = Instant::now();
    disks.remove("large", 0)?;
    let out_of_sight = begun.elapsed();
    let (swept, slowest) = std::thread::scope(|scope| {
        let sweep = scope.spawn(|| {
            let begun = Instant::now();
            while disks.sweep(0, SWEPT).more {}
            begun.elapsed()
        });
        let mut slowest = Duration::ZERO;
        let mut round = 0;
        while !sweep.is_finished() {
            let begun = Instant::now();
            disks.create(&wanted(&format!("meanwhile-{round}")))?;
            slowest = slowest.max(begun.elapsed());
            round += 1;
        }
        ensure!(round > 0, "nothing was made meanwhile");
        anyhow::Ok((sweep.join().ok().context("the sweep ends")?, slowest))
    })?;
    for disk in disks.list() {
        disks.remove(&disk.name, 0)?;
    }
    while disks.sweep(0, SWEPT).more {}
    Ok(format!("{} / {} ({} until all are gone)", time(out_of_sight), time(slowest), time(swept)))
}
