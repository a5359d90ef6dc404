//! `stead version`: this program's version, and that of the server that runs on the data directory, if one does.

use super::connect::{self, client, get};
use super::print_line;
use crate::config::{Output, VersionArgs};
use crate::running::{self, Found};
use anyhow::Context;
use stead_api::value::Access;
use stead_api::{Value, json};

pub fn run(args: &VersionArgs) -> anyhow::Result<()> {
    let server = match running::find(&args.data_dir) {
        Ok(Found::Ready(running)) => {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("start the runtime")?;
            let asked = runtime.block_on(async { get(&client(&running.kubeconfig).await?, "/version").await });
            let version = asked.map_err(connect::in_words).context("ask the server for its version")?;
            json!({"version": version["gitVersion"], "url": running.url})
        }
        // A version is told to everybody, also to whom a server says nothing.
        Ok(Found::Nothing | Found::Unready(_) | Found::Orphaned(_)) | Err(_) => Value::Null,
    };
    let document = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "kubernetesVersion": stead_server::KUBERNETES_VERSION,
        "platform": format!("{}/{}", std::env::consts::OS, std::env::consts::ARCH),
        "server": server,
    });
    match args.output {
        Some(Output::Json) => print_line(&format!("{document:#}")),
        None => lines(&document).iter().for_each(|line| print_line(line)),
    }
    Ok(())
}

fn lines(document: &Value) -> Vec<String> {
    let server = &document["server"];
    let own = format!(
        "stead {}, the API of Kubernetes {}, {}",
        document.str("version"),
        document.str("kubernetesVersion"),
        document.str("platform")
    );
    let theirs = match server.str("url") {
        "" => "no server that answers runs on the data directory".to_owned(),
        url => format!("server {url}: {}", server.str("version")),
    };
    vec![own, theirs]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_versions_are_told() {
        let told = |server: Value| lines(&json!({"version": "1", "kubernetesVersion": "v2", "platform": "linux/x", "server": server}));
        assert_eq!(told(json!({"url": "u", "version": "v3"})), ["stead 1, the API of Kubernetes v2, linux/x", "server u: v3"]);
        assert!(told(Value::Null)[1].starts_with("no server"));
    }
}
