//! Progress of images on a terminal, a bar for each part. Elsewhere nothing is drawn.

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use stead_images::{Digest, Progress, Stage};

/// Parts so small that they are done before a bar shows.
const SMALL_BYTES: u64 = 1 << 20;

pub struct Bars {
    all: MultiProgress,
    by_part: Mutex<HashMap<Digest, ProgressBar>>,
}

impl Bars {
    pub fn new() -> Bars {
        Bars { all: MultiProgress::new(), by_part: Mutex::default() }
    }
}

impl Progress for Bars {
    fn advance(&self, stage: Stage, digest: &Digest, done_bytes: u64, total_bytes: u64) {
        if total_bytes < SMALL_BYTES {
            return;
        }
        let mut bars = self.by_part.lock().unwrap_or_else(PoisonError::into_inner);
        let bar = bars.entry(digest.clone()).or_insert_with(|| {
            let style = ProgressStyle::with_template("{prefix:12} {msg:10} {bar:30} {bytes:>10} / {total_bytes} {bytes_per_sec}");
            let bar = self.all.add(ProgressBar::new(total_bytes).with_prefix(digest.hex()[..12].to_owned()));
            if let Ok(style) = style { bar.with_style(style) } else { bar }
        });
        bar.set_message(match stage {
            Stage::Fetch => "fetching",
            Stage::Unpack => "unpacking",
            Stage::Push => "pushing",
        });
        bar.set_position(done_bytes);
    }
}

impl Drop for Bars {
    fn drop(&mut self) {
        let bars = self.by_part.lock().unwrap_or_else(PoisonError::into_inner);
        bars.values().for_each(ProgressBar::finish_and_clear);
    }
}
