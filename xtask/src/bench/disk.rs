//! The disk's own price of a durable write, which stands beside every durable figure.

use super::report::quantile;
use anyhow::{Context, Result};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::{Duration, Instant};

const SYNCS: usize = 300;

/// Median time of a 4 kB write with fdatasync in this directory, into space that is already allocated.
pub fn fdatasync(directory: &Path) -> Result<Duration> {
    let path = directory.join("fdatasync");
    let file = std::fs::File::create(&path).with_context(|| format!("create {}", path.display()))?;
    file.write_all_at(&[0; 64 * 4096], 0)?;
    file.sync_all()?;
    let mut times = Vec::with_capacity(SYNCS);
    for n in 0..SYNCS {
        let begun = Instant::now();
        file.write_all_at(&[(n % 251) as u8; 4096], (n as u64 % 64) * 4096)?;
        file.sync_data()?;
        times.push(begun.elapsed());
    }
    std::fs::remove_file(&path).with_context(|| format!("remove {}", path.display()))?;
    Ok(quantile(&mut times, 0.5))
}
