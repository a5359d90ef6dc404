//! Disks of claims, without any server: how long making one takes.

use super::report::{self, Report, quantile, time};
use anyhow::Result;
use std::path::Path;
use std::time::Instant;
use stead_disks::{Content, Demand, Disks, FileSystem, Settings, Wanted};

const ROUNDS: usize = 30;
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
