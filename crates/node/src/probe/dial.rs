//! Opens a TCP connection to a pod and says in Go's words why that failed. Never keeps one.

use std::io::{Error, ErrorKind};
use std::net::IpAddr;
use std::time::Duration;
use tokio::net::TcpStream;

/// Connects within that time.
pub async fn connect(host: &str, port: u16, timeout: Duration) -> Result<TcpStream, String> {
    match tokio::time::timeout(timeout, dial(host, port)).await {
        Ok(connected) => connected,
        Err(_) => Err(format!("dial tcp {}: i/o timeout", authority(host, port))),
    }
}

/// Connects, however long it takes.
pub async fn dial(host: &str, port: u16) -> Result<TcpStream, String> {
    let resolved = tokio::net::lookup_host((host, port)).await;
    let addresses: Vec<_> = resolved.map(Iterator::collect).unwrap_or_default();
    let mut failure = format!("dial tcp: lookup {host}: no such host");
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => failure = format!("dial tcp {address}: connect: {}", words(&error)),
        }
    }
    Err(failure)
}

/// `HOST:PORT`, an IPv6 address in brackets.
pub fn authority(host: &str, port: u16) -> String {
    match host.parse::<IpAddr>() {
        Ok(IpAddr::V6(_)) => format!("[{host}]:{port}"),
        _ => format!("{host}:{port}"),
    }
}

/// Go's text of a system error.
pub fn words(error: &Error) -> String {
    if error.kind() == ErrorKind::UnexpectedEof {
        return "EOF".to_owned();
    }
    let Some(number) = error.raw_os_error() else { return error.to_string() };
    let text = nix::errno::Errno::from_raw(number).desc();
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}
