//! Nobody grants what he has not (A8). Input: a role or a binding that is about to be stored, and who stores it. Output: nothing, or
//! the Status that refuses it.

use super::rules::{missing, quoted};
use super::{Question, Rule, What, is_allowed, is_master, rules_of};
use crate::Identity;
use crate::call::Call;
use crate::core::Core;
use stead_api::kinds::rbac::{CLUSTER_ROLE, ROLE};
use stead_api::value::Access;
use stead_api::{Status, Value};

/// Judges a new (`old` absent) or changed object; kinds that grant nothing pass.
pub(crate) fn check(core: &Core, call: &Call, object: &Value, old: Option<&Value>) -> Result<(), Status> {
    let kind = &call.target.kind;
    if kind.group != ROLE.group {
        return Ok(());
    }
    let is_same = |member: &str| old.is_some_and(|old| old[member] == object[member]);
    // A call that nobody sent is the server's own.
    let Some(identity) = call.extensions.get::<Identity>().filter(|identity| !is_master(identity)) else { return Ok(()) };
    match kind.kind {
        "Role" | "ClusterRole" if is_same("rules") && is_same("aggregationRule") => Ok(()),
        "Role" | "ClusterRole" => role(core, call, identity, object),
        "RoleBinding" | "ClusterRoleBinding" if is_same("roleRef") && is_same("subjects") => Ok(()),
        "RoleBinding" | "ClusterRoleBinding" => binding(core, call, identity, object),
        _ => Ok(()),
    }
}

fn role(core: &Core, call: &Call, identity: &Identity, role: &Value) -> Result<(), Status> {
    let (kind, namespace, name) = (&call.target.kind, call.target.namespace.as_str(), role["metadata"].str("name"));
    if may(core, identity, "escalate", kind.plural, namespace, name)? {
        return Ok(());
    }
    let refuse = |why: &str| Status::forbidden(kind, name, why);
    if let Some(why) = lacking(core, identity, namespace, &Rule::all_of(role))? {
        return Err(refuse(&why));
    }
    if role.has("aggregationRule") && lacking(core, identity, namespace, &Rule::everything())?.is_some() {
        return Err(refuse("must have cluster-admin privileges to use an aggregationRule"));
    }
    Ok(())
}

fn binding(core: &Core, call: &Call, identity: &Identity, binding: &Value) -> Result<(), Status> {
    let (kind, namespace, reference) = (&call.target.kind, call.target.namespace.as_str(), &binding["roleRef"]);
    let (role_kind, role_namespace) = if reference.str("kind") == "Role" { (&ROLE, namespace) } else { (&CLUSTER_ROLE, "") };
    let role = reference.str("name");
    if may(core, identity, "bind", role_kind.plural, namespace, role)? {
        return Ok(());
    }
    let Some(rules) = core.role_rules(&core.authorization, role_namespace, role)? else {
        return Err(Status::not_found(role_kind, role));
    };
    match lacking(core, identity, namespace, &rules)? {
        None => Ok(()),
        Some(why) => Err(Status::forbidden(kind, binding["metadata"].str("name"), &why)),
    }
}

fn may(core: &Core, identity: &Identity, verb: &str, resource: &str, namespace: &str, name: &str) -> Result<bool, Status> {
    let what = What::Resource { group: ROLE.group, resource, subresource: "", namespace, name };
    is_allowed(core, identity, &Question::of(verb, what))
}

/// What of these rules somebody does not have himself.
fn lacking(core: &Core, identity: &Identity, namespace: &str, wanted: &[Rule]) -> Result<Option<String>, Status> {
    let (owned, faults) = rules_of(core, identity, namespace)?;
    Ok(missing(&owned, wanted).map(|lines| {
        let faults = if faults.is_empty() { String::new() } else { format!("; resolution errors: [{}]", faults.join(", ")) };
        let (user, groups) = (&identity.user, quoted(&identity.groups));
        format!("user {user:?} (groups={groups}) is attempting to grant RBAC permissions not currently held:\n{lines}{faults}")
    }))
}
