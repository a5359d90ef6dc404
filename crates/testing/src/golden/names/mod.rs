//! The golden names of `tests/golden/dns`: requests that change Services, pods and slices, and questions whose answers were recorded. Asked
//! over real sockets of a name server on an in-process API server with its controllers. Judges exactly as the tool that recorded them.

mod message;
mod upstream;

use super::case::{Case, namespace};
use super::compare::diff;
use super::{CaseResult, Failure, folder};
use crate::http::Client;
use anyhow::{Context, Result};
use message::{Asked, text_of};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::time::{Instant, sleep};
use upstream::Upstream;

/// How long a change may take to show.
const PATIENCE: Duration = Duration::from_secs(6);
const AGAIN_AFTER: Duration = Duration::from_millis(10);
/// The Node that pods are bound to by hand.
const NODE: &str = "manual";
/// Areas begin with the folder's name, as those of runs and lives do.
const PREFIX: &str = "dns";

/// Every case, its area with the folder before it.
pub fn load() -> Result<Vec<Case>> {
    let cases = super::case::load(&folder().join(PREFIX))?;
    Ok(cases.into_iter().map(|case| Case { area: format!("{PREFIX}/{}", case.area), ..case }).collect())
}

/// A name server to ask, and the API whose names it knows.
#[derive(Debug)]
pub struct World {
    client: Client,
    server: SocketAddr,
    upstream: Upstream,
}

impl World {
    /// Replays these cases one after another.
    pub async fn replay(client: Client, cases: &[Case]) -> Result<Vec<CaseResult>> {
        let upstream = Upstream::bind().await?;
        let listener = stead_dns::Listener::bind("127.0.0.1:0".parse()?, stead_dns::Memory::Unused).await?;
        let server = listener.address()?;
        let options = stead_dns::Options {
            zone: stead_dns::Zone::new("cluster.local", 30).context("a zone")?,
            resolvers: stead_dns::Source::Given(vec![upstream.address()?]),
            node_name: String::new(),
            node: Vec::new(),
            host: Some(listener),
            shown: None,
            clock: client.clock(),
        };
        let serving = stead_dns::run(stead_client::Client::new(client.kube(stead_dns::USER), "dns"), options, std::future::pending());
        let resolving = upstream.serve();
        let world = World { client: client.clone(), server, upstream };
        let replayed = async {
            world.make_node().await?;
            let mut results = Vec::new();
            for (number, case) in cases.iter().enumerate() {
                results.push(world.replay_case(case, number).await?);
            }
            Ok(results)
        };
        tokio::select! {
            results = replayed => results,
            error = serving => anyhow::bail!("the name server ended: {error:?}"),
            error = resolving => anyhow::bail!("the resolver ended: {error}"),
        }
    }

    async fn make_node(&self) -> Result<()> {
        let node = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": NODE}});
        self.client.call("POST", "/api/v1/nodes", Some(node.to_string().into()), &[]).await.map(drop)
    }

    async fn replay_case(&self, case: &Case, number: usize) -> Result<CaseResult> {
        let ns = namespace(&self.client, number).await?;
        let mut made = vec![ns.clone()];
        let mut failed = Vec::new();
        for (index, step) in case.steps.iter().enumerate() {
            if step["do"] == "ask" {
                for (what, differences) in self.ask_all(step, &ns).await? {
                    failed.push(Failure { step: index, what, differences });
                }
                continue;
            }
            let got = self.request(step, &ns, &mut made).await?;
            if got.0 != step["code"] {
                let what = format!("{} {}", step["do"], step["path"]);
                failed.push(Failure {
                    step: index,
                    what,
                    differences: vec![format!("want code {}, got {} {}", step["code"], got.0, got.1)],
                });
            }
        }
        for ns in &made {
            self.clear(ns).await?;
        }
        Ok(CaseResult { area: case.area.clone(), name: case.name.clone(), steps: case.steps.len(), failed })
    }

    async fn request(&self, step: &Value, ns: &str, made: &mut Vec<String>) -> Result<(Value, String)> {
        let filled = super::case::fill(step, ns, &super::case::Saved::new())?;
        let headers: Vec<(String, Option<String>)> = filled["headers"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, value)| (name.clone(), value.as_str().map(str::to_owned)))
            .collect();
        let body = filled.get("body").filter(|body| !body.is_null()).map(|body| body.to_string().into());
        let (method, path) = (filled["do"].as_str().unwrap_or_default(), filled["path"].as_str().unwrap_or_default());
        let answer = self.client.call(method, path, body, &headers).await?;
        if method == "POST" && answer.code == 201 && filled["body"]["kind"] == "Namespace" {
            made.push(filled["body"]["metadata"]["name"].as_str().unwrap_or_default().to_owned());
        }
        Ok((answer.code.into(), String::from_utf8_lossy(&answer.body).chars().take(300).collect()))
    }

    /// Asks until every answer is as recorded, or patience is at its end.
    async fn ask_all(&self, step: &Value, ns: &str) -> Result<Vec<(String, Vec<String>)>> {
        let mut left: Vec<&Value> = step["queries"].as_array().into_iter().flatten().collect();
        let end = Instant::now() + PATIENCE;
        loop {
            let mut wrong = Vec::new();
            for query in left {
                let differences = diff(&query["expect"], &self.ask(query, ns).await?);
                if !differences.is_empty() {
                    wrong.push((query, differences));
                }
            }
            if wrong.is_empty() || Instant::now() > end {
                return Ok(wrong.into_iter().map(|(query, differences)| (query["q"].to_string(), differences)).collect());
            }
            left = wrong.into_iter().map(|(query, _)| query).collect();
            sleep(AGAIN_AFTER).await;
        }
    }

    async fn ask(&self, query: &Value, ns: &str) -> Result<Value> {
        let asked = Asked::parse(query, ns)?;
        self.upstream.taken();
        let mut got = match asked.exchange(self.server).await? {
            None => json!({"status": "silence"}),
            Some(answer) => text_of(&answer)?,
        };
        let seen = self.upstream.taken();
        if !seen.is_empty() {
            got["forwarded"] = seen.into();
        }
        asked.loosen(&mut got);
        let text = got.to_string().replace(ns, "{ns}").replace(&ns.to_uppercase(), "{NS}");
        Ok(serde_json::from_str(&text)?)
    }

    /// Services name their own addresses: the next case may want the same.
    async fn clear(&self, ns: &str) -> Result<()> {
        let now = || Some(json!({"gracePeriodSeconds": 0}).to_string().into());
        for resource in [
            "api/v1/namespaces/{ns}/services",
            "api/v1/namespaces/{ns}/pods",
            "apis/discovery.k8s.io/v1/namespaces/{ns}/endpointslices",
            "api/v1/namespaces/{ns}/endpoints",
        ] {
            let path = format!("/{}", resource.replace("{ns}", ns));
            let list = self.client.call("GET", &path, None, &[]).await?.json();
            for object in list["items"].as_array().into_iter().flatten() {
                let name = object["metadata"]["name"].as_str().unwrap_or_default();
                self.client.call("DELETE", &format!("{path}/{name}"), now(), &[]).await?;
            }
        }
        self.client.call("DELETE", &format!("/api/v1/namespaces/{ns}"), now(), &[]).await.map(drop)
    }
}
