//! How others ask running controllers why an object is as it is. Owns the way of a question to the driver and back; changes nothing
//! of the engine's. Input: a resource and a key. Output: [`Explanation`]s, or in words why there is none.

use crate::engine::{Engine, Explanation, Now};
use crate::plan::Key;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// Questions on their way; more wait their turn.
const QUESTIONS_MAX: usize = 16;
/// The longest wait for an answer: before it has discovered the server's resources, a driver gives none.
const ANSWER_MAX: Duration = Duration::from_secs(5);

/// Why there is no explanation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoExplanation {
    #[error("the controllers do not run")]
    NotRunning,
    #[error("the controllers have not seen all objects yet, please ask again")]
    NotSynced,
    #[error("no controller watches {resource:?}; they watch {}", watched.join(", "))]
    NotWatched { resource: String, watched: Vec<String> },
    #[error("the controllers know no object {key} of {resource}")]
    NotFound { resource: String, key: Key },
}

/// Asks the controllers of one driver. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Explainer(mpsc::Sender<Question>);

/// What a driver is asked.
#[derive(Debug)]
pub struct Questions(mpsc::Receiver<Question>);

#[derive(Debug)]
pub(crate) struct Question {
    resource: String,
    key: Key,
    answer: oneshot::Sender<Result<Vec<Explanation>, NoExplanation>>,
}

/// The two ends of the way.
pub fn questions() -> (Explainer, Questions) {
    let (sender, receiver) = mpsc::channel(QUESTIONS_MAX);
    (Explainer(sender), Questions(receiver))
}

impl Explainer {
    /// What each controller has to say of an object. `resource` is `pods` or `statefulsets.apps`; the namespace is empty for what has none.
    pub async fn explain(&self, resource: &str, key: Key) -> Result<Vec<Explanation>, NoExplanation> {
        let (answer, answered) = oneshot::channel();
        let asked = async {
            let question = Question { resource: resource.to_owned(), key, answer };
            self.0.send(question).await.map_err(|_| NoExplanation::NotRunning)?;
            answered.await.unwrap_or(Err(NoExplanation::NotRunning))
        };
        tokio::time::timeout(ANSWER_MAX, asked).await.unwrap_or(Err(NoExplanation::NotSynced))
    }
}

impl Questions {
    /// For a driver that nobody asks.
    pub fn none() -> Self {
        questions().1
    }

    /// The next question; none comes once nobody can ask any more. Cancel safe.
    pub(crate) async fn next(&mut self) -> Question {
        match self.0.recv().await {
            Some(question) => question,
            None => std::future::pending().await,
        }
    }
}

impl Question {
    pub(crate) fn answer(self, engine: &Engine, now: Now) {
        let answer = explain(engine, &self.resource, &self.key, now);
        // Who asked may have gone.
        self.answer.send(answer).ok();
    }
}

fn explain(engine: &Engine, name: &str, key: &Key, now: Now) -> Result<Vec<Explanation>, NoExplanation> {
    let (plural, group) = name.split_once('.').unwrap_or((name, ""));
    let Some(resource) = engine.resources().into_iter().find(|r| r.plural == plural && r.group() == group) else {
        let qualified = |group: &str, plural: &str| if group.is_empty() { plural.to_owned() } else { format!("{plural}.{group}") };
        let watched = engine.resources().iter().map(|r| qualified(r.group(), r.plural)).collect();
        return Err(NoExplanation::NotWatched { resource: name.to_owned(), watched });
    };
    if !engine.synced() {
        return Err(NoExplanation::NotSynced);
    }
    if engine.cache().get(resource, key).is_none() {
        return Err(NoExplanation::NotFound { resource: name.to_owned(), key: key.clone() });
    }
    Ok(engine.explain(resource, key, now))
}
