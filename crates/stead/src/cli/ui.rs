//! `stead ui`: asks a running server for a link that opens its page once, and prints it. It opens nothing.

use super::connect::{config, in_words, kubeconfig};
use super::{print_line, print_note};
use crate::certificates::names::outer_addresses;
use crate::config::{Output, UiArgs};
use anyhow::Context;
use http::Request;
use http::uri::Authority;
use kube::Client;
use std::net::IpAddr;
use stead_api::value::Access;
use stead_api::{Value, json};
use stead_ui::LINKS_PATH;

/// Prints the link: on standard output it stands alone.
pub fn run(args: &UiArgs) -> anyhow::Result<()> {
    let kubeconfig = kubeconfig(args.kubeconfig.as_deref(), &args.data_dir)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("start the runtime")?;
    let (link, server) = runtime.block_on(async {
        let config = config(&kubeconfig).await?;
        let server = config.cluster_url.authority().cloned().context("the kubeconfig names no server")?;
        let client = Client::try_from(config).context("make a client")?;
        anyhow::Ok((ask(&client).await.map_err(in_words)?, server))
    })?;
    let url = format!("https://{}{}", address(args.address.as_ref(), &server), link.str("path"));
    if let Some(Output::Json) = args.output {
        let document =
            json!({"url": url, "user": link["user"], "expiresAt": link["expiresAt"], "certificateSHA256": link["certificateSHA256"]});
        print_line(&serde_json::to_string_pretty(&document)?);
        return Ok(());
    }
    print_line(&url);
    notes(&link, args.address.is_none().then_some(&server)).iter().for_each(|note| print_note(note));
    Ok(())
}

async fn ask(client: &Client) -> anyhow::Result<Value> {
    let request = Request::post(LINKS_PATH).body(Vec::new()).context("build a request")?;
    client.request::<Value>(request).await.context("ask for a link")
}

/// Where the browser goes: the port is the server's, unless the user names one.
fn address(named: Option<&Authority>, server: &Authority) -> String {
    match (named, server.port_u16()) {
        (None, _) => server.to_string(),
        (Some(named), Some(port)) if named.port().is_none() => format!("{named}:{port}"),
        (Some(named), _) => named.to_string(),
    }
}

/// What to know before the link is opened. `server`: the address in it, if nobody chose it.
fn notes(link: &Value, server: Option<&Authority>) -> Vec<String> {
    let mut notes = vec![format!(
        "It opens the page once, until {}, as {}: whoever has it until then has what that user may see and do there.",
        link.str("expiresAt"),
        link.str("user")
    )];
    if let Some(fingerprint) = link["certificateSHA256"].as_str() {
        notes.push(format!(
            "The browser warns at first, because Stead's own authority has signed the certificate. Go on if its SHA-256 is\n  {fingerprint}"
        ));
    }
    if server.is_some_and(is_loopback)
        && let Some(other) = outer_addresses().into_iter().find(IpAddr::is_ipv4)
    {
        notes.push(format!("For another device: a server with --bind-address 0.0.0.0, and here --address {other}"));
    }
    notes
}

fn is_loopback(server: &Authority) -> bool {
    let host = server.host().trim_matches(['[', ']']);
    host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_link_leads_where_the_browser_reaches_the_server() {
        let server: Authority = "127.0.0.1:6443".parse().unwrap();
        let to = |named: &str| address(Some(&named.parse().unwrap()), &server);
        assert_eq!(address(None, &server), "127.0.0.1:6443");
        assert_eq!((to("192.0.2.7"), to("a.example:443")), ("192.0.2.7:6443".to_owned(), "a.example:443".to_owned()));
        assert_eq!(to("[::1]"), "[::1]:6443");
    }

    #[test]
    fn what_is_to_be_known_of_a_link_is_said() {
        let link = json!({"user": "admin", "expiresAt": "2026-01-01T00:00:00Z", "certificateSHA256": "AB:CD"});
        let text = notes(&link, None).join("\n");
        assert!(text.contains("once") && text.contains("as admin") && text.contains("AB:CD") && !text.contains("--bind-address"), "{text}");
    }
}
