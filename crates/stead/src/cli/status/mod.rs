//! `stead status`: the server, its nodes, and each workload with its pods, those of a StatefulSet by ordinal: what is ready, and what the rest
//! waits for and why. Asks a running server; changes nothing.

mod text;

use super::connect::{self, client, get};
use super::paint::Paint;
use super::{print_line, tails_and_pulls};
use crate::config::{Output, StatusArgs};
use crate::explain::PAGE;
use crate::observed::{FOLLOWED, Observed, Readiness, Workload, document};
use crate::running::{self, Found};
use anyhow::Context;
use futures::StreamExt;
use futures::stream::{BoxStream, select_all};
use std::collections::BTreeSet;
use std::time::Duration;
use stead_api::value::Access;
use stead_api::{Value, json};
use stead_client::resource::NODES;
use stead_client::wire::Report;
use stead_client::{Resource, Scope, follow};

/// How often changes are shown together.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How often logs and the progress of pulls are asked for.
const ASK_EVERY: Duration = Duration::from_secs(2);
/// Sets whose controller is asked for its reasons.
const EXPLAINED_MAX: usize = 50;

/// Runs the verb.
pub fn run(args: &StatusArgs) -> anyhow::Result<()> {
    let kubeconfig = connect::kubeconfig(args.kubeconfig.as_deref(), &args.data_dir)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("start the runtime")?;
    runtime.block_on(async {
        let client = client(&kubeconfig).await?;
        let view = View { args, namespace: namespace(args, &client), server: server(args, &client).await?, client };
        if args.watch { view.watch().await } else { view.once().await }
    })
}

/// Empty: all.
fn namespace(args: &StatusArgs, client: &kube::Client) -> String {
    match (&args.namespace, args.all_namespaces) {
        (_, true) => String::new(),
        (Some(namespace), false) => namespace.clone(),
        (None, false) => client.default_namespace().to_owned(),
    }
}

/// Which server answers.
async fn server(args: &StatusArgs, client: &kube::Client) -> anyhow::Result<Value> {
    let version = get(client, "/version").await.map_err(connect::in_words)?;
    let mut server = json!({"version": version["gitVersion"]});
    if args.kubeconfig.is_none()
        && let Found::Ready(running) = running::find(&args.data_dir)?
    {
        server["url"] = running.url.into();
        server["pid"] = running.process.pid.into();
        server["dataDir"] = args.data_dir.display().to_string().into();
    }
    Ok(server)
}

struct View<'a> {
    args: &'a StatusArgs,
    namespace: String,
    server: Value,
    client: kube::Client,
}

type Told = (Resource, Report<Value>);

impl View<'_> {
    async fn once(&self) -> anyhow::Result<()> {
        let api = stead_client::Client::new(self.client.clone(), "stead-status");
        let mut observed = Observed::default();
        for resource in FOLLOWED {
            let objects = api.list_in(&self.scope(resource)).await?;
            observed.take(resource, &self.namespace, Report::Replaced { objects, version: 0 });
        }
        let nodes = api.list_in(&Scope::all(NODES)).await?;
        let workloads = observed.workloads();
        tails_and_pulls::ask(&self.client, &mut observed, &workloads).await;
        self.print(&nodes, &observed).await;
        Ok(())
    }

    fn scope(&self, resource: Resource) -> Scope {
        Scope { namespace: self.namespace.clone(), ..Scope::all(resource) }
    }

    async fn watch(&self) -> anyhow::Result<()> {
        let mut reports = self.reports();
        let mut unlisted: BTreeSet<Resource> = FOLLOWED.into_iter().chain([NODES]).collect();
        let (mut observed, mut nodes) = (Observed::default(), Observed::default());
        let (mut look, mut ask) = (tokio::time::interval(LOOK_EVERY), tokio::time::interval(ASK_EVERY));
        let mut shown = Value::Null;
        loop {
            tokio::select! {
                Some((resource, report)) = reports.next() => {
                    if matches!(report, Report::Replaced { .. }) {
                        unlisted.remove(&resource);
                    }
                    if resource == NODES { nodes.take(NODES, "", report) } else { observed.take(resource, &self.namespace, report) }
                }
                _ = ask.tick() => {
                    let workloads = observed.workloads();
                    tails_and_pulls::ask(&self.client, &mut observed, &workloads).await;
                }
                _ = look.tick() => if unlisted.is_empty() {
                    let all: Vec<Value> = nodes.all(NODES).cloned().collect();
                    let now = self.document(&all, &observed).await;
                    if now != shown {
                        self.show(&now);
                        shown = now;
                    }
                }
            }
        }
    }

    fn reports(&self) -> BoxStream<'static, Told> {
        let api = stead_client::Client::new(self.client.clone(), "stead-status");
        let scopes = FOLLOWED.map(|resource| self.scope(resource)).into_iter().chain([Scope::all(NODES)]);
        let streams = scopes.map(|scope| {
            let resource = scope.resource;
            follow(api.clone(), scope, Some).map(move |report| (resource, report)).boxed()
        });
        select_all(streams.collect::<Vec<_>>()).boxed()
    }

    async fn print(&self, nodes: &[Value], observed: &Observed) {
        self.show(&self.document(nodes, observed).await);
    }

    fn show(&self, document: &Value) {
        match self.args.output {
            Some(Output::Json) if self.args.watch => print_line(&document.to_string()),
            Some(Output::Json) => print_line(&format!("{document:#}")),
            None => {
                let is_again = self.args.watch;
                text::lines(document, &self.namespace, Paint::of_stdout()).iter().for_each(|line| print_line(line));
                if is_again {
                    print_line("");
                }
            }
        }
    }

    async fn document(&self, nodes: &[Value], observed: &Observed) -> Value {
        let mut workloads = observed.workloads();
        self.explain(&mut workloads).await;
        let is_ready = workloads.iter().all(|workload| workload.standing == Readiness::Ready);
        let nodes: Vec<Value> = nodes.iter().map(node).collect();
        let workloads: Vec<Value> = workloads.iter().map(document::of_workload).collect();
        json!({"server": self.server, "ready": is_ready, "nodes": nodes, "workloads": workloads})
    }

    /// Adds what the controllers of unready sets say about them.
    async fn explain(&self, workloads: &mut [Workload]) {
        let unready = workloads.iter_mut().filter(|workload| workload.standing != Readiness::Ready && workload.kind == "StatefulSet");
        for workload in unready.take(EXPLAINED_MAX) {
            let query = form_urlencoded::Serializer::new(String::new())
                .append_pair("resource", "statefulsets.apps")
                .append_pair("namespace", &workload.namespace)
                .append_pair("name", &workload.name)
                .finish();
            // Only administrators are told; others see the objects alone.
            let said = get(&self.client, &format!("/debug/{PAGE}?{query}")).await.unwrap_or_default();
            let sets = said.items("controllers").iter().filter(|controller| controller.str("controller").starts_with("statefulset"));
            let reasons = sets.flat_map(|controller| controller.items("reasons")).filter_map(Value::as_str).map(str::to_owned);
            workload.reasons.extend(reasons);
        }
    }
}

/// A node as a document.
fn node(object: &Value) -> Value {
    let ready = object["status"].items("conditions").iter().find(|condition| condition.str("type") == "Ready");
    let is_ready = ready.is_some_and(|condition| condition.str("status") == "True");
    let troubles: Vec<&str> = object["status"]
        .items("conditions")
        .iter()
        .filter(|condition| (condition.str("type") == "Ready") != (condition.str("status") == "True"))
        .map(|condition| condition.str("message"))
        .collect();
    json!({"name": object["metadata"]["name"], "ready": is_ready, "unschedulable": object["spec"].flag("unschedulable"), "troubles": troubles})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_tells_of_its_troubles_alone() {
        let condition = |kind: &str, status: &str| json!({"type": kind, "status": status, "message": format!("{kind} is {status}")});
        let conditions = [condition("Ready", "True"), condition("MemoryPressure", "False"), condition("DiskPressure", "True")];
        let object = json!({"metadata": {"name": "n"}, "spec": {"unschedulable": true}, "status": {"conditions": conditions}});
        let said = node(&object);
        assert_eq!((said["ready"].clone(), said["troubles"].clone()), (json!(true), json!(["DiskPressure is True"])));
        let gone = json!({"metadata": {"name": "n"}, "status": {"conditions": [condition("Ready", "Unknown")]}});
        assert_eq!(node(&gone)["troubles"], json!(["Ready is Unknown"]));
    }
}
