//! The list of cases that do not pass yet, `tests/golden/pending.txt`: one `area/name` a line, sorted. It only shrinks.

use super::{Report, folder};
use anyhow::{Context, Result};
use std::collections::BTreeSet;
use std::path::PathBuf;

fn file() -> PathBuf {
    folder().join("pending.txt")
}

/// The list.
pub fn read() -> Result<BTreeSet<String>> {
    let text = std::fs::read_to_string(file()).context("reading tests/golden/pending.txt")?;
    Ok(text.lines().map(str::to_owned).collect())
}

/// What is wrong with the list, given what was replayed: a line each.
pub fn judge(pending: &BTreeSet<String>, report: &Report) -> Vec<String> {
    let mut wrong = Vec::new();
    for result in &report.results {
        match (result.passed(), pending.contains(&result.id())) {
            (true, true) => wrong.push(format!("{} passes: take it off tests/golden/pending.txt", result.id())),
            (false, false) => wrong.push(format!("{} fails and is not on tests/golden/pending.txt", result.id())),
            (true, false) | (false, true) => {}
        }
    }
    wrong
}

/// Drops the lines of what passes; returns how many.
pub fn forget_passed(report: &Report) -> Result<usize> {
    let mut pending = read()?;
    let before = pending.len();
    for result in report.results.iter().filter(|result| result.passed()) {
        pending.remove(&result.id());
    }
    let mut text = pending.iter().cloned().collect::<Vec<_>>().join("\n");
    if !text.is_empty() {
        text.push('\n');
    }
    std::fs::write(file(), text).context("writing tests/golden/pending.txt")?;
    Ok(before - pending.len())
}
