//! The ports at which load balancers ask how many endpoints of a Service are on this node (SVC-12). A thin layer: who is asked about and what
//! the answer is comes from the state.

use crate::state::Health;
use std::collections::BTreeMap;
use std::net::Ipv6Addr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::{AbortHandle, JoinSet};

/// Questions at a time, of one port.
const ANSWERS_MAX: usize = 16;
/// A question takes no longer, and is no longer.
const QUESTION_MAX: Duration = Duration::from_secs(5);
const QUESTION_BYTES_MAX: usize = 4096;
/// Before a port that is taken is tried again.
const WAIT: Duration = Duration::from_secs(10);

/// The listeners, one for each port.
#[derive(Debug, Default)]
pub struct Listeners {
    tasks: JoinSet<()>,
    by_port: BTreeMap<u16, (watch::Sender<Health>, AbortHandle)>,
}

impl Listeners {
    /// Listens where these say, and nowhere else.
    pub fn set(&mut self, wanted: &BTreeMap<u16, Health>) {
        self.by_port.retain(|port, (_, task)| {
            let stays = wanted.contains_key(port);
            if !stays {
                task.abort();
            }
            stays
        });
        for (port, health) in wanted {
            match self.by_port.get(port) {
                Some((known, _)) => {
                    known.send_replace(health.clone());
                }
                None => {
                    let (sender, receiver) = watch::channel(health.clone());
                    let task = self.tasks.spawn(listen(*port, receiver));
                    self.by_port.insert(*port, (sender, task));
                }
            }
        }
        while self.tasks.try_join_next().is_some() {}
    }
}

async fn listen(port: u16, health: watch::Receiver<Health>) {
    let listener = loop {
        let bound = match TcpListener::bind((Ipv6Addr::UNSPECIFIED, port)).await {
            Ok(listener) => Ok(listener),
            Err(_) => TcpListener::bind(("0.0.0.0", port)).await,
        };
        match bound {
            Ok(listener) => break listener,
            Err(error) => {
                let service = health.borrow().service.clone();
                tracing::warn!(port, %service, %error, "cannot listen at a Service's port for health checks");
                tokio::time::sleep(WAIT).await;
            }
        }
    };
    serve(listener, health).await;
}

async fn serve(listener: TcpListener, health: watch::Receiver<Health>) {
    let (room, mut answers) = (Semaphore::new(ANSWERS_MAX), JoinSet::new());
    let room = std::sync::Arc::new(room);
    loop {
        let Ok(permit) = room.clone().acquire_owned().await else { return };
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let health = health.borrow().clone();
        answers.spawn(async move {
            if let Ok(Err(error)) = tokio::time::timeout(QUESTION_MAX, answer(stream, &health)).await {
                tracing::debug!(%error, "a health check was not answered");
            }
            drop(permit);
        });
        while answers.try_join_next().is_some() {}
    }
}

/// Whatever is asked.
async fn answer(mut stream: TcpStream, health: &Health) -> std::io::Result<()> {
    let mut question = Vec::new();
    while !question.windows(4).any(|end| end == b"\r\n\r\n") && question.len() < QUESTION_BYTES_MAX {
        if stream.read_buf(&mut question).await? == 0 {
            return Ok(());
        }
    }
    stream.write_all(reply(health).as_bytes()).await?;
    stream.shutdown().await
}

/// As kube-proxy's.
fn reply(health: &Health) -> String {
    let status = if health.local_endpoints > 0 { "200 OK" } else { "503 Service Unavailable" };
    let (namespace, name) = health.service.split_once('/').unwrap_or_default();
    let endpoints = health.local_endpoints;
    let body = format!(
        "{{\n\t\"service\": {{\n\t\t\"namespace\": \"{namespace}\",\n\t\t\"name\": \"{name}\"\n\t}},\n\t\"localEndpoints\": {endpoints},\n\t\"serviceProxyHealthy\": true\n}}"
    );
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nX-Load-Balancing-Endpoint-Weight: {endpoints}\r\nX-Content-Type-Options: nosniff\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_port_says_how_many_endpoints_are_here_and_goes() {
        // SVC-12
        let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
        let health = |local_endpoints| BTreeMap::from([(port, Health { service: "default/web".into(), local_endpoints })]);
        let mut listeners = Listeners::default();
        for (count, status) in [(2, "HTTP/1.1 200 OK\r\n"), (0, "HTTP/1.1 503 Service Unavailable\r\n")] {
            listeners.set(&health(count));
            let mut stream = loop {
                if let Ok(stream) = TcpStream::connect(("127.0.0.1", port)).await {
                    break stream;
                }
                tokio::task::yield_now().await;
            };
            stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
            let mut text = String::new();
            stream.read_to_string(&mut text).await.unwrap();
            assert!(text.starts_with(status), "{text}");
            assert!(text.contains(&format!("\"localEndpoints\": {count}")) && text.contains("\"name\": \"web\""), "{text}");
        }
        listeners.set(&BTreeMap::new());
        while TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
            tokio::task::yield_now().await;
        }
    }
}
