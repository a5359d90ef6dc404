//! What `up` says while it works: lines for people, with a live part below them on a terminal, or a JSON document on each line for programs.

use crate::cli::paint::Paint;
use crate::cli::print_line;
use crate::config::Output;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use std::cell::RefCell;
use std::time::{Duration, Instant};
use stead_api::{Value, json};

/// Lines of the live part.
const LIVE_MAX: usize = 16;
const TICK: Duration = Duration::from_millis(100);

/// Says it all in one form.
pub struct Teller {
    output: Option<Output>,
    begun: Instant,
    pub paint: Paint,
    all: MultiProgress,
    bars: RefCell<Vec<ProgressBar>>,
}

impl Teller {
    pub fn new(output: Option<Output>) -> Self {
        let paint = Paint::of_stdout();
        Self { output, begun: Instant::now(), paint, all: MultiProgress::new(), bars: RefCell::default() }
    }

    /// Something that happened: a document for programs, a line for people, who are spared those without.
    pub fn event(&self, mut document: Value, line: Option<&str>) {
        match (self.output, line) {
            (Some(Output::Json), _) => {
                document["elapsedMs"] = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX).into();
                print_line(&document.to_string());
            }
            (None, Some(line)) => self.all.suspend(|| print_line(line)),
            (None, None) => {}
        }
    }

    /// Something that is only said.
    pub fn say(&self, line: &str) {
        self.event(json!({"event": "message", "message": line}), Some(line));
    }

    /// Something for people alone.
    pub fn line(&self, line: &str) {
        if self.output.is_none() {
            self.all.suspend(|| print_line(line));
        }
    }

    /// What is under way now, on a terminal; elsewhere nothing is drawn.
    pub fn live(&self, lines: &[String]) {
        if self.output.is_some() {
            return;
        }
        let mut bars = self.bars.borrow_mut();
        let shown = lines.len().min(LIVE_MAX);
        while bars.len() > shown {
            bars.pop().into_iter().for_each(|bar| {
                bar.finish_and_clear();
                self.all.remove(&bar);
            });
        }
        while bars.len() < shown {
            let bar = self.all.add(ProgressBar::new_spinner());
            let bar = match ProgressStyle::with_template("{spinner} {wide_msg}") {
                Ok(style) => bar.with_style(style),
                Err(_) => bar,
            };
            bar.enable_steady_tick(TICK);
            bars.push(bar);
        }
        bars.iter().zip(lines).for_each(|(bar, line)| bar.set_message(line.lines().next().unwrap_or_default().to_owned()));
    }
}
