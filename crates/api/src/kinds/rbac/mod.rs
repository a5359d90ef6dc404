//! Roles and bindings: who may do what. One file for roles, one for bindings; what they share is here.

mod binding;
mod role;
#[cfg(test)]
mod tests;

pub use binding::{CLUSTER_ROLE_BINDING, ROLE_BINDING};
pub use role::{CLUSTER_ROLE, ROLE};

/// The API group of roles, and of the users and groups that bindings name.
const GROUP: &str = "rbac.authorization.k8s.io";

/// Where a role or binding counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    Namespace,
    Cluster,
}
