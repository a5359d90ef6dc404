//! The one door from controllers to an API server. `kube::Client` (in process or TLS) stands behind it in production, the
//! server core directly in simulation.

use crate::plan::Call;
use stead_api::{Status, Value};
use std::future::Future;

/// An API server as controllers see it.
pub trait Api: Send + Sync + 'static {
    /// Performs one call; the answer is the object (or the Status of a successful delete).
    fn call(&self, call: &Call) -> impl Future<Output = Result<Value, Failure>> + Send;
}

/// Why a call failed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Failure {
    #[error("{0}")]
    Refused(Status),
    /// Nothing is known of the outcome.
    #[error("no answer from the API server: {0}")]
    NoAnswer(String),
}
