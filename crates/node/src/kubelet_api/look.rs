//! What can be looked at of a node (NODE-16, STAT-1, STAT-4): its statistics, its metrics, its pods, its health. GET only.

use super::{Body, KubeletApi, Refusal, text};
use crate::stats::{Detail, metrics, resource_metrics, summary};
use crate::streams::Streams;
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use stead_api::json;
use stead_client::Scope;
use stead_client::resource::PODS;

/// What Prometheus and metrics-server take.
const METRICS: &str = "text/plain; version=0.0.4; charset=utf-8";

impl<R: Streams> KubeletApi<R> {
    /// The document of that path.
    pub(super) async fn look(&self, path: &[&str], query: &str) -> Result<Response<Body>, Refusal> {
        let samples = self.stats.of(&self.node);
        match path {
            ["healthz", ..] => Ok(document("text/plain; charset=utf-8", "ok".to_owned())),
            ["stats", "summary"] => {
                let brief = form_urlencoded::parse(query.as_bytes()).any(|(name, value)| name == "only_cpu_and_memory" && value == "true");
                let detail = if brief { Detail::CpuAndMemory } else { Detail::Everything };
                Ok(document("application/json", summary(&self.node, &samples, detail).to_string()))
            }
            ["metrics", "resource"] => Ok(document(METRICS, resource_metrics(&samples))),
            ["metrics"] => Ok(document(METRICS, metrics(&self.node, &samples))),
            ["pods"] => self.pods().await,
            _ => Err(Refusal::not_found("404 page not found")),
        }
    }

    /// The pods of this node.
    async fn pods(&self) -> Result<Response<Body>, Refusal> {
        let own = Scope { field_selector: format!("spec.nodeName={}", self.node), ..Scope::all(PODS) };
        let pods = self.api.list_in(&own).await.map_err(|failure| Refusal::internal(failure.to_string()))?;
        let list = json!({"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": pods});
        Ok(document("application/json", list.to_string()))
    }
}

fn document(media: &'static str, body: String) -> Response<Body> {
    let mut response = text(StatusCode::OK, Full::new(body.into()).map_err(|never| match never {}).boxed_unsync());
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    response
}
