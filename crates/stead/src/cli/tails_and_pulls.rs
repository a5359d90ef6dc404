//! What is asked of a server beside its objects, for those who show how pods come up: the last lines that failed containers printed, and how
//! far images are that a node pulls.

use super::connect::get;
use crate::explain::NODE_PAGE;
use crate::observed::{Observed, Pull, Run, Workload};
use http::Request;
use kube::Client;
use std::time::Duration;
use stead_api::Value;
use stead_api::value::Access;

/// Lines of a log that are shown.
const TAIL_LINES: usize = 5;
/// Questions of one round.
const QUESTIONS_MAX: usize = 16;
/// No question takes longer.
const ANSWER_MAX: Duration = Duration::from_secs(5);

/// Asks for what is wanted now; whether anything came of it.
pub async fn ask(client: &Client, observed: &mut Observed, workloads: &[Workload]) -> bool {
    let runs: Vec<Run> = observed.runs_to_read(workloads).into_iter().take(QUESTIONS_MAX).collect();
    let pulling: Vec<_> = observed.pulling(workloads).into_iter().take(QUESTIONS_MAX).collect();
    let has_questions = !runs.is_empty() || !pulling.is_empty();
    for run in runs {
        let lines = in_time(tail(client, &run)).await.unwrap_or_default();
        observed.take_tail(run, lines);
    }
    for (namespace, name) in pulling {
        let query =
            form_urlencoded::Serializer::new(String::new()).append_pair("namespace", &namespace).append_pair("name", &name).finish();
        let page = in_time(get(client, &format!("/debug/{NODE_PAGE}?{query}"))).await.unwrap_or_default();
        observed.take_pulls(&namespace, &name, page.items("pulls").iter().filter_map(pull).collect());
    }
    has_questions
}

/// What cannot be had is not shown.
async fn in_time<T>(question: impl Future<Output = anyhow::Result<T>>) -> Option<T> {
    let answered = tokio::time::timeout(ANSWER_MAX, question).await.ok()?;
    answered.inspect_err(|error| tracing::debug!(error = format!("{error:#}"), "a question beside was not answered")).ok()
}

async fn tail(client: &Client, run: &Run) -> anyhow::Result<Vec<String>> {
    let Run { namespace, pod, container, is_previous, .. } = run;
    let path = format!("/api/v1/namespaces/{namespace}/pods/{pod}/log?container={container}&tailLines={TAIL_LINES}&previous={is_previous}");
    let text = client.request_text(Request::get(path).body(Vec::new())?).await?;
    Ok(text.lines().map(str::to_owned).collect())
}

fn pull(of: &Value) -> Option<Pull> {
    let percent = of.int("percent").and_then(|percent| u8::try_from(percent).ok())?;
    Some(Pull { image: of.str("image").to_owned(), percent, words: of.str("words").to_owned() })
}
