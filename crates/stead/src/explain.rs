//! The debug pages on which a running server says why an object is as it is: one from what its controllers last decided, one of a pod
//! from its machine on this server's nodes. Input: `resource` (`pods`, `statefulsets.apps`), `namespace`, `name`. Output: a JSON document.

use futures::FutureExt;
use std::sync::Arc;
use stead_api::{Status, Value, json};
use stead_client::Key;
use stead_control::{Explainer, Explanation, NoExplanation};
use stead_node::pod::pull_progress::PullState;
use stead_node::questions;
use stead_server::DebugPage;

/// Below `/debug/`.
pub const PAGE: &str = "controllers/explain";
/// Likewise, of nodes.
pub const NODE_PAGE: &str = "nodes/explain";

/// The page of these controllers.
pub fn page(explainer: Explainer) -> DebugPage {
    Arc::new(move |query| {
        let explainer = explainer.clone();
        async move { answer(&explainer, &query).await }.boxed()
    })
}

async fn answer(explainer: &Explainer, query: &[(String, String)]) -> Result<Value, Status> {
    let value = |key: &str| query.iter().find(|(k, _)| k == key).map(|(_, value)| value.as_str()).filter(|value| !value.is_empty());
    let required = |key: &str| value(key).ok_or_else(|| Status::bad_request(format!("the parameter {key:?} is required")));
    let (resource, namespace, name) = (required("resource")?, value("namespace").unwrap_or_default(), required("name")?);
    let explanations = explainer.explain(resource, Key::new(namespace, name)).await.map_err(|error| refused(&error))?;
    let controllers: Vec<Value> = explanations.iter().map(document).collect();
    Ok(json!({"resource": resource, "namespace": namespace, "name": name, "controllers": controllers}))
}

/// The page of the nodes of one agent.
pub fn node_page(explainer: questions::Explainer) -> DebugPage {
    Arc::new(move |query| {
        let explainer = explainer.clone();
        async move { node_answer(&explainer, &query).await }.boxed()
    })
}

async fn node_answer(explainer: &questions::Explainer, query: &[(String, String)]) -> Result<Value, Status> {
    let value = |key: &str| query.iter().find(|(k, _)| k == key).map(|(_, value)| value.as_str()).filter(|value| !value.is_empty());
    let required = |key: &str| value(key).ok_or_else(|| Status::bad_request(format!("the parameter {key:?} is required")));
    let (namespace, name) = (required("namespace")?, required("name")?);
    let explained = explainer.explain(namespace, name).await.map_err(|error| match error {
        questions::NoExplanation::NotFound { .. } => Status::new(404, "NotFound", error.to_string()),
        questions::NoExplanation::NotRunning | questions::NoExplanation::NotAnswered => {
            Status::new(503, "ServiceUnavailable", error.to_string())
        }
    })?;
    Ok(json!({
        "namespace": namespace,
        "name": name,
        "reasons": explained.reasons,
        "waitsFor": explained.waits_for,
        "looksAgainAt": explained.looks_again_at.map(|at| at.rfc3339_micro()),
        "pulls": explained.pulls.iter().map(pull).collect::<Vec<_>>(),
    }))
}

fn pull(pull: &PullState) -> Value {
    json!({"image": pull.image, "percent": pull.percent, "words": pull.words})
}

fn refused(error: &NoExplanation) -> Status {
    let (code, reason) = match error {
        NoExplanation::NotFound { .. } | NoExplanation::NotWatched { .. } => (404, "NotFound"),
        NoExplanation::NotRunning | NoExplanation::NotSynced => (503, "ServiceUnavailable"),
    };
    Status::new(code, reason, error.to_string())
}

fn document(explanation: &Explanation) -> Value {
    let Explanation { controller, at, reasons, waits_for, looks_again_at, error } = explanation;
    let time = |at: &Option<stead_api::time::Timestamp>| at.map(|at| at.rfc3339_micro());
    json!({
        "controller": controller,
        "decidedAt": time(at),
        "reasons": reasons,
        "waitsFor": waits_for,
        "looksAgainAt": time(looks_again_at),
        "error": error,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_question_that_cannot_be_answered_is_refused_in_words() {
        let (explainer, questions) = stead_control::questions();
        let query = |pairs: &[(&str, &str)]| pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect::<Vec<_>>();
        let status = answer(&explainer, &query(&[("name", "web")])).await.unwrap_err();
        assert_eq!((status.code, status.message.as_str()), (400, "the parameter \"resource\" is required"));
        drop(questions);
        let status = answer(&explainer, &query(&[("name", "web"), ("resource", "pods")])).await.unwrap_err();
        assert_eq!((status.code, status.message.as_str()), (503, "the controllers do not run"));
    }
}
