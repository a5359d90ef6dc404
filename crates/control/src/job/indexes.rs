//! Sets of completion indexes, as sorted runs, and their text (JOB-70). Pure.

use std::fmt;

/// Runs of indexes, first and last of each, ascending, with gaps between them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Indexes(Vec<(i64, i64)>);

impl Indexes {
    /// Reads `0,2-4`; what is not below `completions` is left out.
    pub fn parse(text: &str, completions: i64) -> Self {
        let run = |part: &str| {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (first, last) = (first.parse().ok()?, last.parse::<i64>().ok()?.min(completions - 1));
            (0 <= first && first <= last).then_some((first, last))
        };
        Self::of(text.split(',').filter_map(run).collect())
    }

    fn of(mut runs: Vec<(i64, i64)>) -> Self {
        runs.sort_unstable();
        let mut merged: Vec<(i64, i64)> = Vec::with_capacity(runs.len());
        for (first, last) in runs {
            match merged.last_mut() {
                Some(run) if first <= run.1 + 1 => run.1 = run.1.max(last),
                _ => merged.push((first, last)),
            }
        }
        Self(merged)
    }

    /// These and some more.
    pub fn with(&self, more: impl IntoIterator<Item = i64>) -> Self {
        Self::of(self.0.iter().copied().chain(more.into_iter().map(|index| (index, index))).collect())
    }

    /// These and others.
    pub fn and(&self, others: &Self) -> Self {
        Self::of(self.0.iter().chain(&others.0).copied().collect())
    }

    pub fn has(&self, index: i64) -> bool {
        let after = self.0.partition_point(|(first, _)| *first <= index);
        after > 0 && self.0[after - 1].1 >= index
    }

    pub fn total(&self) -> i64 {
        self.0.iter().map(|(first, last)| last - first + 1).sum()
    }

    /// How many are in both.
    pub fn in_common(&self, others: &Self) -> i64 {
        // What both have is counted twice without the union.
        self.total() + others.total() - self.and(others).total()
    }

    /// The lowest ones that are not here, below `completions`.
    pub fn missing(&self, completions: i64) -> impl Iterator<Item = i64> {
        let starts = std::iter::once(0).chain(self.0.iter().map(|(_, last)| last + 1));
        let ends = self.0.iter().map(|(first, _)| *first).chain(std::iter::once(completions));
        starts.zip(ends).flat_map(|(start, end)| start..end)
    }
}

impl fmt::Display for Indexes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (first, last)) in self.0.iter().enumerate() {
            if at > 0 {
                f.write_str(",")?;
            }
            match last - first {
                0 => write!(f, "{first}")?,
                1 => write!(f, "{first},{last}")?,
                _ => write!(f, "{first}-{last}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // JOB-70, JOB-71
    #[test]
    fn runs_of_three_are_written_short() {
        let indexes = Indexes::parse("0-2,4,5,9", 9);
        assert_eq!(indexes.to_string(), "0-2,4,5");
        assert_eq!(indexes.with([3, 7]).to_string(), "0-5,7");
        assert_eq!((indexes.total(), indexes.has(4), indexes.has(3), indexes.has(9)), (5, true, false, false));
        assert_eq!(indexes.missing(9).collect::<Vec<_>>(), [3, 6, 7, 8]);
        assert_eq!(Indexes::default().missing(2).collect::<Vec<_>>(), [0, 1]);
        assert_eq!(indexes.in_common(&Indexes::parse("1-4", 9)), 3);
        assert_eq!(Indexes::parse("", 5), Indexes::default());
    }
}
