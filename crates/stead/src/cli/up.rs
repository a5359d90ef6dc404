//! `stead up`: a server in the background if none runs, the built-in example, and its pods as they come up.

use super::say;
use crate::config::ServerArgs;
use crate::example;
use crate::kubeconfig;
use crate::running::Running;
use anyhow::{Context, bail};
use futures::{StreamExt, TryStreamExt};
use http::Request;
use indicatif::ProgressBar;
use kube::Client;
use kube::core::WatchEvent;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use stead_api::Value;
use stead_api::value::Access;

/// How long the example may take to come up before `up` gives up watching.
const READY_MAX: Duration = Duration::from_secs(120);
/// A log larger than this is set aside when a server starts.
const LOG_MAX: u64 = 10 << 20;

/// Runs the verb.
pub fn run(args: ServerArgs) -> anyhow::Result<()> {
    if args.agent() && !nix::unistd::geteuid().is_root() {
        bail!("running containers needs root: use sudo, or `--simulated-nodes 1` to look around without containers");
    }
    let running = match Running::find(&args.data_dir) {
        Some(running) => {
            say(&format!("server {} runs already", running.url));
            running
        }
        None => start(&args)?,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("start the runtime")?;
    runtime.block_on(show(&running, &std::path::absolute(&args.data_dir)?))
}

/// Starts a server in the background and waits until it is ready.
fn start(args: &ServerArgs) -> anyhow::Result<Running> {
    let begun = Instant::now();
    crate::file::private_dir(&args.data_dir)?;
    let log = args.data_dir.join("server.log");
    let mut child = spawn(args, &log)?;
    let mut line = String::new();
    let out = child.stdout.take().context("the server's output is piped")?;
    BufReader::new(out).read_line(&mut line).context("read the server's output")?;
    if !line.starts_with("ready ") {
        let status = child.wait().context("wait for the server")?;
        bail!("the server did not start ({status}); the end of {}:\n{}", log.display(), tail(&log, 12));
    }
    let running = Running::find(&args.data_dir).context("the server is ready but has left no note of itself")?;
    say(&format!("server {} started in {} ms, log in {}", running.url, begun.elapsed().as_millis(), log.display()));
    Ok(running)
}

#[expect(clippy::disallowed_methods, reason = "the program started is this one")]
fn spawn(args: &ServerArgs, log: &Path) -> anyhow::Result<Child> {
    if std::fs::metadata(log).is_ok_and(|m| m.len() > LOG_MAX) {
        std::fs::rename(log, log.with_extension("log.1")).context("set the old log aside")?;
    }
    let log = std::fs::OpenOptions::new().create(true).append(true).open(log).with_context(|| format!("open {}", log.display()))?;
    let program = std::env::current_exe().context("find this program")?;
    Command::new(program)
        .args(server_line(args))
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log)
        .process_group(0)
        .spawn()
        .context("start the server")
}

/// The command line that gives a server these settings.
fn server_line(args: &ServerArgs) -> Vec<String> {
    let mut line = vec!["server".to_owned()];
    let mut flag = |name: &str, value: String| line.push(format!("--{name}={value}"));
    let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).display().to_string();
    flag("data-dir", absolute(&args.data_dir));
    flag("https-listen-port", args.https_listen_port.to_string());
    flag("bind-address", args.bind_address.to_string());
    if let Some(path) = &args.write_kubeconfig {
        flag("write-kubeconfig", absolute(path));
    }
    if !args.tls_san.is_empty() {
        flag("tls-san", args.tls_san.join(","));
    }
    flag("write-kubeconfig-mode", format!("{:o}", args.write_kubeconfig_mode));
    flag("cluster-cidr", args.cluster_cidr.to_string());
    flag("service-cidr", args.service_cidr.to_string());
    flag("cluster-domain", args.cluster_domain.clone());
    if let Some(name) = &args.node_name {
        flag("node-name", name.clone());
    }
    flag("simulated-nodes", args.simulated_nodes.to_string());
    flag("controllers", args.controllers.join(","));
    if args.disable_agent {
        line.push("--disable-agent".to_owned());
    }
    if args.disable_scheduler {
        line.push("--disable-scheduler".to_owned());
    }
    line
}

fn tail(path: &Path, lines: usize) -> String {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let all: Vec<&str> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}

/// Applies the example and shows it until it is whole.
async fn show(running: &Running, data_dir: &Path) -> anyhow::Result<()> {
    let client = client(&running.kubeconfig).await?;
    let mut made = 0;
    for (path, object) in example::objects() {
        made += usize::from(create_if_missing(&client, path, &example::applied(object)).await?);
    }
    if made == 0 {
        say("the example is there already: nothing changed");
    }
    let pods = tokio::time::timeout(READY_MAX, watch_pods(&client)).await;
    let pods = match pods {
        Ok(pods) => pods?,
        Err(_) => bail!("the example is not whole after {} s; see `kubectl describe statefulset web`", READY_MAX.as_secs()),
    };
    say("");
    table(&pods);
    say("");
    let reached = kubeconfig::reach(&running.kubeconfig, data_dir)?;
    if let Some(remark) = reached.remark {
        say(&remark);
    }
    say(&format!("Next: {} get pods -w", reached.kubectl));
    Ok(())
}

async fn client(kubeconfig: &Path) -> anyhow::Result<Client> {
    let file = kube::config::Kubeconfig::read_from(kubeconfig).with_context(|| format!("read {}", kubeconfig.display()))?;
    let config =
        kube::Config::from_custom_kubeconfig(file, &kube::config::KubeConfigOptions::default()).await.context("use the kubeconfig")?;
    Client::try_from(config).context("make a client")
}

/// Creates the object unless one of its name exists; what exists is not touched. Says what it did.
async fn create_if_missing(client: &Client, path: &str, object: &Value) -> anyhow::Result<bool> {
    let what = format!("{}/{}", object.str("kind").to_lowercase(), object["metadata"].str("name"));
    let request = Request::post(format!("{path}?fieldManager=stead-up")).header("Content-Type", "application/json");
    let request = request.body(serde_json::to_vec(object)?).context("build a request")?;
    match client.request::<Value>(request).await {
        Ok(_) => {
            say(&format!("{what} created"));
            Ok(true)
        }
        Err(kube::Error::Api(status)) if status.reason == "AlreadyExists" => {
            say(&format!("{what} unchanged"));
            Ok(false)
        }
        Err(error) => Err(error).with_context(|| format!("create {what}")),
    }
}

/// Follows the example's pods until all are ready, saying which became so.
async fn watch_pods(client: &Client) -> anyhow::Result<BTreeMap<String, Value>> {
    let begun = Instant::now();
    let path = format!("/api/v1/namespaces/default/pods?labelSelector={}&watch=true", example::SELECTOR.replace('=', "%3D"));
    let spinner = ProgressBar::new_spinner();
    spinner.enable_steady_tick(Duration::from_millis(100));
    let mut pods: BTreeMap<String, Value> = BTreeMap::new();
    let request = Request::get(path).body(Vec::new()).context("build a request")?;
    let mut events = client.request_events::<Value>(request).await.context("watch the pods")?.boxed();
    while let Some(event) = events.try_next().await.context("watch the pods")? {
        match event {
            WatchEvent::Added(pod) | WatchEvent::Modified(pod) => {
                let name = pod["metadata"].str("name").to_owned();
                let was = pods.get(&name).is_some_and(ready);
                spinner.set_message(format!("{name}: {}", pod["status"].str("phase")));
                if ready(&pod) && !was {
                    spinner.suspend(|| say(&format!("  {name} ready after {:.2} s", begun.elapsed().as_secs_f64())));
                }
                pods.insert(name, pod);
            }
            WatchEvent::Deleted(pod) => {
                pods.remove(pod["metadata"].str("name"));
            }
            WatchEvent::Bookmark(_) => {}
            WatchEvent::Error(status) => bail!("watch the pods: {}", status.message),
        }
        if pods.len() >= example::REPLICAS && pods.values().all(ready) {
            spinner.finish_and_clear();
            return Ok(pods);
        }
    }
    bail!("the server ended the watch of the pods")
}

fn ready(pod: &Value) -> bool {
    pod["status"].items("conditions").iter().any(|c| c.str("type") == "Ready" && c.str("status") == "True")
}

fn table(pods: &BTreeMap<String, Value>) {
    say(&format!("{:<10} {:<7} {:<10} {}", "NAME", "READY", "STATUS", "RESTARTS"));
    for (name, pod) in pods {
        let statuses = pod["status"].items("containerStatuses");
        let running = statuses.iter().filter(|s| s.flag("ready")).count();
        let restarts: i64 = statuses.iter().filter_map(|s| s.int("restartCount")).sum();
        let total = pod["spec"].items("containers").len();
        say(&format!("{name:<10} {:<7} {:<10} {restarts}", format!("{running}/{total}"), pod["status"].str("phase")));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Cli, Verb};
    use clap::Parser;
    use stead_api::json;

    #[test]
    fn the_background_server_gets_the_same_settings() {
        let line = "stead up --data-dir /d --https-listen-port 0 --node-name n --disable-scheduler --controllers *,-statefulset --simulated-nodes 2";
        let Verb::Up(up) = Cli::try_parse_from(line.split_whitespace()).unwrap().verb else { panic!("not up") };
        let mut again = vec!["stead".to_owned()];
        again.extend(server_line(&up.server));
        let Verb::Server(server) = Cli::try_parse_from(again).unwrap().verb else { panic!("not server") };
        assert_eq!(format!("{:?}", up.server), format!("{server:?}"));
    }

    #[test]
    fn readiness_is_the_condition() {
        assert!(ready(&json!({"status": {"conditions": [{"type": "Ready", "status": "True"}]}})));
        assert!(!ready(&json!({"status": {"conditions": [{"type": "Ready", "status": "False"}]}})));
        assert!(!ready(&json!({})));
    }
}
