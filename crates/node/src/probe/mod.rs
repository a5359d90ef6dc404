//! Performs one probe of a container (PRB-9 to PRB-11) and says how it went, in a kubelet's words. Never decides when, how often, or what
//! follows. A probe is a future that holds no thread, and no connection beyond its end.

mod dial;
mod grpc;
pub mod http;
mod tls;

use crate::pod::probes::{Action, Check, Probed};
use crate::runtime::{ExecError, Runtime};
use std::time::Duration;
use stead_api::time::go_duration;

/// Tries of a probe that cannot be made, before it is given up until its next turn (PRB-3).
const TRIES_MAX: u32 = 3;

/// Makes the probe.
pub async fn perform<R: Runtime>(runtime: &R, check: &Check) -> Probed {
    let mut probed = attempt(runtime, check).await;
    for _ in 1..TRIES_MAX {
        if !matches!(probed, Probed::Unknown(_)) {
            break;
        }
        probed = attempt(runtime, check).await;
    }
    probed
}

async fn attempt<R: Runtime>(runtime: &R, check: &Check) -> Probed {
    match &check.action {
        Action::Exec(argv) => exec(runtime, check, argv).await,
        Action::HttpGet(get) => http(get, check.timeout).await,
        Action::TcpSocket { host, port } => match dial::connect(host, *port, check.timeout).await {
            Ok(_) => Probed::Success,
            Err(text) => Probed::Failure(text),
        },
        Action::Grpc { host, port, service } => grpc::check(host, *port, service, check.timeout).await,
        Action::Impossible(why) => Probed::Unknown(why.clone()),
    }
}

/// PRB-9.
async fn exec<R: Runtime>(runtime: &R, check: &Check, argv: &[String]) -> Probed {
    match runtime.exec(&check.sandbox, &check.container, check.attempt, argv.to_vec(), check.timeout).await {
        Ok(end) if end.code == 0 => Probed::Success,
        Ok(end) => Probed::Failure(String::from_utf8_lossy(&end.output).into_owned()),
        Err(ExecError::TimedOut) => {
            Probed::Failure(format!("command timed out: {:?} timed out after {}", argv.join(" "), go_duration(check.timeout)))
        }
        Err(ExecError::NotRunning) => Probed::Unknown("container is not running".to_owned()),
        Err(ExecError::Failed(text)) => Probed::Unknown(text),
    }
}

/// PRB-10.
async fn http(get: &http::Get, timeout: Duration) -> Probed {
    match http::get(get, timeout).await {
        Ok(http::Answer { code: 200..=299, .. }) => Probed::Success,
        Ok(http::Answer { code: 300..=399, body }) => Probed::Warning(format!("Probe terminated redirects, Response body: {body}")),
        Ok(http::Answer { code, .. }) => Probed::Failure(format!("HTTP probe failed with statuscode: {code}")),
        Err(http::Failure::Request(text)) => Probed::Failure(text),
        Err(http::Failure::Body(text)) => Probed::Unknown(text),
    }
}

#[cfg(test)]
mod tests;
