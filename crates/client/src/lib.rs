//! The API client of the controllers and the node: which request a call is, what an answer means, a resource followed for
//! ever, and events recorded. It decides nothing about objects, keeps none, and never retries a call.
//!
//! [`wire`], [`paths`], [`call`] and [`event`] are without I/O, so that a simulation can use them; [`Client`] and [`follow`] await.

mod broadcaster;
pub mod call;
mod client;
pub mod discovery;
pub mod event;
mod failure;
pub mod follow;
pub mod paths;
mod prune;
pub mod resource;
pub mod wire;

pub use broadcaster::broadcast;
pub use call::{Call, DeleteOptions, Key, Patch};
pub use client::Client;
pub use failure::{Failure, NAMESPACE_TERMINATING, Refusal};
pub use follow::{Scope, follow, follow_while_wanted};
pub use resource::Resource;
pub use wire::Report;
