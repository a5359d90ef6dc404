//! From a probe's handler to what is asked of whom. Pure.

use crate::pod::environment::expand;
use crate::probe::http::{Get, Scheme};
use std::time::Duration;
use stead_api::Value;
use stead_api::value::Access;

/// One probe of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    pub sandbox: String,
    pub container: String,
    pub attempt: u32,
    pub action: Action,
    pub timeout: Duration,
}

/// What is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    Exec(Vec<String>),
    HttpGet(Get),
    TcpSocket {
        host: String,
        port: u16,
    },
    Grpc {
        host: String,
        port: u16,
        service: String,
    },
    /// It cannot be done; why.
    Impossible(String),
}

impl Check {
    /// The check of a probe (PRB-1: one second is its usual time); `address` is the pod's.
    pub fn of(probe: &Value, container: &Value, sandbox: String, attempt: u32, address: Option<&str>) -> Self {
        let seconds = u64::try_from(probe.int("timeoutSeconds").unwrap_or(1).max(1)).unwrap_or(1);
        Self {
            sandbox,
            container: container.str("name").to_owned(),
            attempt,
            action: action(probe, container, address).unwrap_or_else(Action::Impossible),
            timeout: Duration::from_secs(seconds),
        }
    }
}

fn action(probe: &Value, container: &Value, address: Option<&str>) -> Result<Action, String> {
    let host = |own: &str| if own.is_empty() { address.ok_or("the pod has no address").map(str::to_owned) } else { Ok(own.to_owned()) };
    if probe["exec"].is_object() {
        return Ok(Action::Exec(command(&probe["exec"], container)));
    }
    if probe["httpGet"].is_object() {
        return http_get(&probe["httpGet"], container, address, "kube-probe").map(Action::HttpGet);
    }
    if probe["tcpSocket"].is_object() {
        let handler = &probe["tcpSocket"];
        return Ok(Action::TcpSocket { port: port(&handler["port"], container)?, host: host(handler.str("host"))? });
    }
    if probe["grpc"].is_object() {
        let handler = &probe["grpc"];
        return Ok(Action::Grpc { port: port(&handler["port"], container)?, host: host("")?, service: handler.str("service").to_owned() });
    }
    Err("missing probe handler".to_owned())
}

/// PRB-9: only what the container's spec says itself is seen by `$(NAME)`, as it stands there.
fn command(exec: &Value, container: &Value) -> Vec<String> {
    let known = |name: &str| container.items("env").iter().rfind(|var| var.str("name") == name).map(|var| var.str("value").to_owned());
    exec.items("command").iter().filter_map(Value::as_str).map(|word| expand(word, known)).collect()
}

/// The request of an `httpGet` handler (PRB-10, HOOK-3); `agent` begins its `User-Agent`.
///
/// # Errors
/// Why there is none, in words.
pub fn http_get(handler: &Value, container: &Value, address: Option<&str>, agent: &'static str) -> Result<Get, String> {
    let own = handler.str("host");
    let host = if own.is_empty() { address.ok_or("the pod has no address")? } else { own };
    let header = |header: &Value| (header.str("name").to_owned(), header.str("value").to_owned());
    Ok(Get {
        scheme: if handler.str("scheme").eq_ignore_ascii_case("https") { Scheme::Https } else { Scheme::Http },
        host: host.to_owned(),
        port: port(&handler["port"], container)?,
        path: handler.str("path").to_owned(),
        headers: handler.items("httpHeaders").iter().map(header).collect(),
        agent,
    })
}

/// PRB-12.
fn port(port: &Value, container: &Value) -> Result<u16, String> {
    let number = match port.as_str() {
        None => port.as_i64().unwrap_or_default(),
        Some(name) => match container.items("ports").iter().find(|port| port.str("name") == name) {
            Some(port) => port.int("containerPort").unwrap_or_default(),
            None => name.parse().map_err(|_| format!("strconv.Atoi: parsing {name:?}: invalid syntax"))?,
        },
    };
    u16::try_from(number).ok().filter(|number| *number > 0).ok_or_else(|| format!("invalid port number: {number}"))
}
