//! The API server: a tower service over a [`stead_store::Store`]. It serves any kind that the registry has a row for.
//!
//! Input: HTTP requests with a [`Identity`] extension. Output: HTTP responses. It opens no socket and reads no clock of its own.

use std::sync::Arc;
use stead_api::time::Timestamp;

/// Body of a request or response.
pub type Body = http_body_util::combinators::UnsyncBoxBody<bytes::Bytes, std::io::Error>;

/// Who sends a request; put into the request's extensions by whoever accepted it. A request without one is anonymous.
#[derive(Debug, Clone)]
pub struct Identity {
    pub user: String,
    pub groups: Vec<String>,
}

/// Time and chance, injected so that a simulation can own them.
pub trait Environment: std::fmt::Debug + Send + Sync {
    fn now(&self) -> Timestamp;
    /// A version 4 UUID as text.
    fn uid(&self) -> String;
    /// `n` characters of `bcdfghjklmnpqrstvwxz2456789`.
    fn suffix(&self, n: usize) -> String;
    /// A uniformly random number below `below`.
    fn random(&self, below: u64) -> u64;
}

/// What the server is made of.
#[derive(Debug, Clone)]
pub struct Config {
    pub store: stead_store::Store,
    pub environment: Arc<dyn Environment>,
    /// Service addresses, e.g. `10.43.0.0/16`; its first address belongs to the Service `kubernetes`.
    pub service_cidr: String,
    /// `https://HOST:PORT` as clients know it.
    pub advertise: String,
}
