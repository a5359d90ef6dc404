//! The server of a case: what its steps do to it, and what there is to be seen. Input: steps. Output: answers and looks.

use super::look::{self, Told};
use crate::golden::case::{Saved, fill};
use crate::http::Client;
use anyhow::{Result, bail};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// So that scheduler and controllers know what was made before, whatever the order of their watches.
const KNOWN_AFTER: Duration = Duration::from_millis(400);
const POLL: Duration = Duration::from_millis(50);
/// How long a pod may wait for its first attempt.
const FIRST_ATTEMPT: Duration = Duration::from_secs(4);
const QUIET_MAX: Duration = Duration::from_secs(40);
/// What may have to be taken away, in order.
const MADE_IN_NAMESPACES: &[&str] = &[
    "apis/apps/v1/namespaces/{ns}/statefulsets",
    "apis/apps/v1/namespaces/{ns}/replicasets",
    "apis/apps/v1/namespaces/{ns}/deployments",
    "api/v1/namespaces/{ns}/pods",
    "api/v1/namespaces/{ns}/persistentvolumeclaims",
    "apis/policy/v1/namespaces/{ns}/poddisruptionbudgets",
];

/// A case under way.
pub struct World {
    client: Client,
    ns: String,
    spaces: Vec<String>,
    /// Paths of what has no namespace, nodes first.
    made: Vec<String>,
    uids: BTreeMap<String, String>,
    told: BTreeSet<Told>,
    fresh: bool,
}

impl World {
    pub fn new(client: Client, ns: String) -> Self {
        Self { client, spaces: vec![ns.clone()], ns, made: Vec::new(), uids: BTreeMap::new(), told: BTreeSet::new(), fresh: false }
    }

    async fn call(&self, method: &str, path: &str, body: Option<Value>, kind: &str) -> Result<(u16, Value)> {
        let path = fill(&path.into(), &self.ns, &Saved::new())?;
        let body = body.map(|body| fill(&body, &self.ns, &Saved::new())).transpose()?.map(|body| body.to_string().into());
        let headers = if kind.is_empty() { Vec::new() } else { vec![("Content-Type".to_owned(), Some(kind.to_owned()))] };
        let answer = self.client.call(method, path.as_str().unwrap_or_default(), body, &headers).await?;
        Ok((answer.code, answer.json()))
    }

    async fn must(&self, method: &str, path: &str, body: Option<Value>, kind: &str) -> Result<Value> {
        let (code, answer) = self.call(method, path, body, kind).await?;
        if code >= 300 {
            bail!("{method} {path}: {code} {}", answer["message"]);
        }
        Ok(answer)
    }

    /// Does a step; what is to be compared of its answer.
    pub async fn act(&mut self, step: &Value) -> Result<Map<String, Value>> {
        let what = step["do"].as_str().unwrap_or_default();
        let path = step["path"].as_str().unwrap_or("/pods");
        let concerns = |plural: &str| path.split('/').any(|part| part == plural);
        if self.fresh && what != "node" && (concerns("pods") || concerns("persistentvolumeclaims")) {
            sleep(KNOWN_AFTER).await;
        }
        self.fresh = what == "node" || !concerns("pods");
        let pods = step["pods"].as_array().into_iter().flatten().filter_map(Value::as_str);
        match what {
            "node" => self.make_node(&step["body"]).await?,
            "gone" => {
                for pod in pods {
                    let now = json!({"gracePeriodSeconds": 0});
                    self.must("DELETE", &format!("/api/v1/namespaces/{{ns}}/pods/{pod}"), Some(now), "").await?;
                }
            }
            "status" => {
                for pod in pods {
                    let path = format!("/api/v1/namespaces/{{ns}}/pods/{pod}/status");
                    let status = json!({"status": step["status"]});
                    self.must("PATCH", &path, Some(status), "application/strategic-merge-patch+json").await?;
                }
            }
            "wait" => sleep(Duration::from_secs_f64(step["seconds"].as_f64().unwrap_or(0.0))).await,
            method => return self.request(method, path, step).await,
        }
        Ok(Map::new())
    }

    async fn request(&mut self, method: &str, path: &str, step: &Value) -> Result<Map<String, Value>> {
        let kind = step["headers"]["Content-Type"].as_str().unwrap_or_default();
        let (code, answer) = self.call(method, path, step.get("body").filter(|body| !body.is_null()).cloned(), kind).await?;
        if method == "POST" && code == 201 {
            let name = answer["metadata"]["name"].as_str().unwrap_or_default().to_owned();
            if path == "/api/v1/namespaces" {
                let account = json!({"metadata": {"name": "default"}});
                self.call("POST", &format!("{path}/{name}/serviceaccounts"), Some(account), "").await?;
                self.spaces.push(name);
            } else if !path.contains("/namespaces/") {
                self.made.push(format!("{path}/{name}"));
            }
        }
        let mut out = Map::from_iter([("code".to_owned(), code.into())]);
        if code >= 400 {
            out.insert("message".to_owned(), self.plain(&answer["message"]));
        }
        Ok(out)
    }

    /// A Node that is Ready, with the taints of its spec and no other.
    async fn make_node(&mut self, body: &Value) -> Result<()> {
        let mut body = body.clone();
        let now: Value = self.client.now().rfc3339().into();
        for condition in body["status"]["conditions"].as_array_mut().into_iter().flatten() {
            condition["lastHeartbeatTime"] = now.clone();
            condition["lastTransitionTime"] = now.clone();
        }
        let path = format!("/api/v1/nodes/{}", body["metadata"]["name"].as_str().unwrap_or_default());
        let taints = body["spec"]["taints"].clone();
        self.must("POST", "/api/v1/nodes", Some(body), "").await?;
        self.made.insert(0, path.clone());
        self.call("PATCH", &path, Some(json!({"spec": {"taints": taints}})), "application/merge-patch+json").await?;
        Ok(())
    }

    async fn list(&self, plural: &str) -> Result<Vec<Value>> {
        let mut all = Vec::new();
        for space in &self.spaces {
            let list = self.must("GET", &format!("/api/v1/namespaces/{space}/{plural}"), None, "").await?;
            all.extend(list["items"].as_array().cloned().unwrap_or_default());
        }
        Ok(all)
    }

    /// Waits until pods and claims have not changed for so long, and no pod waits for its first attempt.
    pub async fn quiet(&mut self, silence: Duration) -> Result<()> {
        let end = Instant::now() + QUIET_MAX;
        let (mut last, mut since) = (Vec::new(), Instant::now());
        while Instant::now() < end {
            let pods = self.list("pods").await?;
            let waits = pods.iter().any(look::awaits_its_first_attempt);
            let objects = pods.into_iter().chain(self.list("persistentvolumeclaims").await?);
            let now: Vec<Value> = objects.map(|o| json!([o["metadata"]["uid"], o["metadata"]["resourceVersion"]])).collect();
            if now != last {
                (last, since) = (now, Instant::now());
            } else if since.elapsed() >= if waits { silence.max(FIRST_ATTEMPT) } else { silence } {
                return Ok(());
            }
            sleep(POLL).await;
        }
        Ok(())
    }

    /// What is to be compared.
    pub async fn look(&mut self, step: &Value) -> Result<Map<String, Value>> {
        let (pods, claims, events) = (self.list("pods").await?, self.list("persistentvolumeclaims").await?, self.list("events").await?);
        for (objects, label) in [(&pods, ""), (&claims, "claim ")] {
            for object in objects {
                let meta = &object["metadata"];
                let name = meta["name"].as_str().unwrap_or_default();
                self.uids.insert(meta["uid"].as_str().unwrap_or_default().to_owned(), format!("<uid of {label}{name}>"));
            }
        }
        let mut out = look::look(&self.ns, &pods, &claims, step);
        if step.get("view").is_none() {
            let mut new: Vec<Value> = look::first_of_each(&events, &self.told).into_iter().map(|(_, shown)| shown).collect();
            new.sort_by_cached_key(Value::to_string);
            out.insert("events".to_owned(), new.into());
        }
        let without = step["without"].as_array().into_iter().flatten().filter_map(Value::as_str);
        without.for_each(|name| drop(out.shift_remove(name)));
        match self.plain(&out.into()) {
            Value::Object(out) => Ok(out),
            other => bail!("a look is an object, not {other}"),
        }
    }

    /// What was told by now is not shown again.
    pub async fn remember(&mut self) -> Result<()> {
        let events = self.list("events").await?;
        let new: Vec<Told> = look::first_of_each(&events, &self.told).into_iter().map(|(told, _)| told).collect();
        self.told.extend(new);
        Ok(())
    }

    fn plain(&self, value: &Value) -> Value {
        let text = self.uids.iter().fold(value.to_string(), |text, (uid, label)| text.replace(uid, label));
        serde_json::from_str(&text.replace(&self.ns, "{ns}")).unwrap_or_default()
    }

    /// Leaves nothing behind.
    pub async fn close(self) -> Result<()> {
        let delete = json!({"gracePeriodSeconds": 0, "propagationPolicy": "Background"});
        let free = json!({"metadata": {"finalizers": null}});
        let mut paths = Vec::new();
        for (kind, space) in MADE_IN_NAMESPACES.iter().flat_map(|kind| self.spaces.iter().map(move |space| (kind, space))) {
            let path = format!("/{}", kind.replace("{ns}", space));
            let (_, list) = self.call("GET", &path, None, "").await?;
            let names = list["items"].as_array().into_iter().flatten().filter_map(|o| o["metadata"]["name"].as_str());
            paths.extend(names.map(|name| format!("{path}/{name}")));
        }
        paths.extend(self.made.iter().rev().cloned());
        paths.extend(self.spaces.iter().map(|space| format!("/api/v1/namespaces/{space}")));
        for path in paths {
            self.call("PATCH", &path, Some(free.clone()), "application/merge-patch+json").await?;
            self.call("DELETE", &path, Some(delete.clone()), "").await?;
        }
        sleep(KNOWN_AFTER).await;
        Ok(())
    }
}
