//! Rules for packets and the connections that the kernel tracks: nf_tables and ctnetlink over netlink, without any program. Knows no
//! Kubernetes words.
//!
//! Never decides what a rule is to be. Input: chains, rules and sets as values; output: messages of the kernel's, as a batch that is in
//! force as a whole or not at all, and what the kernel has, read back.
//!
//! ```text
//!   Rule, Chain, Set ──▶ Batch ──▶ Connection ──▶ kernel
//!   Content (all of a table, as wanted) ──▶ differences to what the kernel has ──▶ Batch
//! ```
//!
//! A rule is made of statements; a statement looks at terms: fields of the packet, numbers by chance, and what maps say of other terms. Their
//! values lie next to each other in the kernel's registers, so that several terms together are the key of a set.

mod batch;
mod chain;
mod connection;
mod datum;
mod encode;
mod error;
mod field;
mod numbers;
mod rule;
mod set;
mod watch;
mod wire;

pub mod conntrack;
pub mod dump;
pub mod rules;

pub use batch::Batch;
pub use chain::{Base, Chain, ChainKind, Hook, Policy};
pub use connection::Connection;
pub use datum::{Datum, Type};
pub use error::{Error, Result};
pub use field::{Direction, Family, Field};
pub use rule::{Decision, Reject, Rule, SetRef, Statement, Term, Test};
pub use set::{Element, Key, Set, SetKind, Value};
pub use watch::Watch;
