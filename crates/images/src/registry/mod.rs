//! Registries by the distribution protocol: where an image can be had, with which credentials, and getting it.

mod challenge;
mod credentials;
mod endpoints;
mod session;
mod transport;

pub use credentials::{Credential, Keyring};
pub use endpoints::{Endpoint, Registries};
pub use session::{Access, Session, next, read_all};
