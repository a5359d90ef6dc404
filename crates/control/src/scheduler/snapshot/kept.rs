//! What was worked out once about all nodes and is kept up to date from then on, by the text of what was asked. Bounded.

use std::collections::BTreeMap;

/// How many answers are kept; the one that was not asked for longest is forgotten first.
const KEPT_MAX: usize = 64;

#[derive(Debug)]
pub struct Kept<T> {
    known: BTreeMap<String, Answer<T>>,
    asked: u64,
}

#[derive(Debug)]
struct Answer<T> {
    value: T,
    asked: u64,
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self { known: BTreeMap::new(), asked: 0 }
    }
}

impl<T> Kept<T> {
    /// The answer to what `question` says; `work_out` finds it the first time.
    pub fn answer(&mut self, question: &str, work_out: impl FnOnce() -> T) -> &T {
        self.asked += 1;
        if !self.known.contains_key(question) {
            self.forget_the_oldest();
            self.known.insert(question.to_owned(), Answer { value: work_out(), asked: 0 });
        }
        let answer = self.known.get_mut(question).expect("it was put in just now");
        answer.asked = self.asked;
        &answer.value
    }

    fn forget_the_oldest(&mut self) {
        if self.known.len() >= KEPT_MAX
            && let Some(oldest) = self.known.iter().min_by_key(|(_, answer)| answer.asked).map(|(question, _)| question.clone())
        {
            self.known.remove(&oldest);
        }
    }

    /// All answers, to be changed.
    pub fn all(&mut self) -> impl Iterator<Item = &mut T> {
        self.known.values_mut().map(|answer| &mut answer.value)
    }

    pub fn clear(&mut self) {
        self.known.clear();
    }
}
