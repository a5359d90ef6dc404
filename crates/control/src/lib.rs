//! Controllers and the scheduler. They are API clients and touch no store; the driver alone awaits.
//!
//! Data flow: watch -> cache -> queue -> `reconcile(key, cache, now) -> Plan` (pure) -> calls -> outcomes -> queue.

mod amount;
mod backends;
pub mod claim_protection;
pub mod cron_job;
pub mod daemon_set;
pub mod deployment;
pub mod disruption;
pub mod driver;
pub mod endpoint_slice;
pub mod endpoint_slice_mirroring;
pub mod endpoints;
pub mod engine;
pub mod ephemeral_volume;
pub mod facts;
pub mod garbage;
pub mod job;
pub mod namespace;
pub mod node_lifecycle;
pub mod node_ttl;
pub mod object;
pub mod options;
mod ownership;
pub mod plan;
pub mod pod_gc;
mod pods;
mod protection;
mod questions;
pub mod replica_set;
pub mod resource_quota;
pub mod role_aggregation;
pub mod root_ca;
pub mod scheduler;
pub mod service_account;
pub mod service_lb;
pub mod statefulset;
pub mod taint_eviction;
mod template_hash;
pub mod token_cleaner;
pub mod ttl_after_finished;
mod users;
pub mod volume_binder;
pub mod volume_expand;
pub mod volume_protection;

pub use driver::{Clients, run};
pub use engine::Explanation;
pub use options::{Clock, Options, Selection};
pub use questions::{Explainer, NoExplanation, Questions, questions};
pub use users::SCHEDULER;

/// Every controller, in the order in which they are asked. A controller is a directory, its `mod` line and its row here.
pub(crate) const CONTROLLERS: &[options::Registration] = &[
    statefulset::REGISTRATION,
    replica_set::REGISTRATION,
    replica_set::OF_REPLICATION_CONTROLLERS,
    deployment::REGISTRATION,
    job::REGISTRATION,
    cron_job::REGISTRATION,
    ttl_after_finished::REGISTRATION,
    daemon_set::REGISTRATION,
    disruption::REGISTRATION,
    garbage::REGISTRATION,
    namespace::REGISTRATION,
    service_account::REGISTRATION,
    root_ca::REGISTRATION,
    node_lifecycle::REGISTRATION,
    claim_protection::REGISTRATION,
    volume_protection::REGISTRATION,
    volume_binder::REGISTRATION,
    volume_expand::REGISTRATION,
    ephemeral_volume::REGISTRATION,
    pod_gc::REGISTRATION,
    taint_eviction::REGISTRATION,
    endpoints::REGISTRATION,
    endpoint_slice::REGISTRATION,
    endpoint_slice_mirroring::REGISTRATION,
    service_lb::REGISTRATION,
    resource_quota::REGISTRATION,
    node_ttl::REGISTRATION,
    role_aggregation::REGISTRATION,
    token_cleaner::REGISTRATION,
];
