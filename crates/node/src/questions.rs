//! How others ask a running agent why a pod is as it is on its node. Owns the way of a question to the agent and back.
//! Input: a pod's namespace and name. Output: its machine's [`Explanation`], or in words why there is none.

use crate::pod::machine::Explanation;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// Questions on their way; more wait their turn.
const QUESTIONS_MAX: usize = 16;
/// The longest wait for an answer.
const ANSWER_MAX: Duration = Duration::from_secs(5);

/// Why there is no explanation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoExplanation {
    #[error("the node agent does not run")]
    NotRunning,
    #[error("the node agent does not answer")]
    NotAnswered,
    #[error("the node agent knows no pod {namespace}/{name}")]
    NotFound { namespace: String, name: String },
}

/// Asks one agent. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Explainer(mpsc::Sender<Question>);

/// What an agent is asked.
#[derive(Debug)]
pub struct Questions(mpsc::Receiver<Question>);

/// One question; dropped without an answer, there is no such pod.
#[derive(Debug)]
pub struct Question {
    pub namespace: String,
    pub name: String,
    pub answer: oneshot::Sender<Explanation>,
}

/// The two ends of the way.
pub fn questions() -> (Explainer, Questions) {
    let (sender, receiver) = mpsc::channel(QUESTIONS_MAX);
    (Explainer(sender), Questions(receiver))
}

impl Explainer {
    pub async fn explain(&self, namespace: &str, name: &str) -> Result<Explanation, NoExplanation> {
        let (answer, answered) = oneshot::channel();
        let asked = async {
            let question = Question { namespace: namespace.to_owned(), name: name.to_owned(), answer };
            self.0.send(question).await.map_err(|_| NoExplanation::NotRunning)?;
            answered.await.map_err(|_| NoExplanation::NotFound { namespace: namespace.to_owned(), name: name.to_owned() })
        };
        tokio::time::timeout(ANSWER_MAX, asked).await.unwrap_or(Err(NoExplanation::NotAnswered))
    }
}

impl Questions {
    /// For an agent that nobody asks.
    pub fn none() -> Self {
        questions().1
    }

    /// The next question; none comes once nobody can ask any more. Cancel safe.
    pub async fn next(&mut self) -> Question {
        match self.0.recv().await {
            Some(question) => question,
            None => std::future::pending().await,
        }
    }
}
