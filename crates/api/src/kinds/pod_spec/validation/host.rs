//! Validation of what ties a pod to its host or names it: user namespaces, host name, host aliases, scheduling group.

use super::{Context, texts};
use crate::{
    Value,
    field::{self, Errors},
    kinds::pod_spec,
    names,
    value::Access,
};

const MAX_HOSTNAME: usize = 64;

/// Validates `hostUsers` and `hostnameOverride`.
pub fn validate(context: &Context<'_>) -> Errors {
    let mut errors = Errors::new();
    if !context.host_users() {
        errors.extend(own_users(context));
    }
    errors.extend(hostname(context));
    errors
}

fn own_users(context: &Context<'_>) -> Errors {
    let mut errors = Errors::new();
    let detail = "when `hostUsers` is false";
    for (member, shown) in [("hostNetwork", "hostNetwork"), ("hostPID", "HostPID"), ("hostIPC", "HostIPC")] {
        if context.spec.flag(member) {
            errors.push(field::forbidden(&context.path.child(shown), detail));
        }
    }
    for (container, path) in pod_spec::containers(context.spec, &context.path) {
        if !container.items("volumeDevices").is_empty() {
            errors.push(field::forbidden(&path.child("volumeDevices"), detail));
        }
    }
    errors
}

fn hostname(context: &Context<'_>) -> Errors {
    let mut errors = Errors::new();
    let Some(name) = context.spec.get("hostnameOverride").and_then(Value::as_str) else { return errors };
    let path = context.path.child("hostnameOverride");
    if context.spec.flag("setHostnameAsFQDN") {
        errors.push(field::forbidden(&path, "may not be specified when setHostnameAsFQDN is true"));
    }
    if context.spec.flag("hostNetwork") {
        errors.push(field::forbidden(&path, "may not be specified when hostNetwork is true"));
    }
    if name.len() > MAX_HOSTNAME {
        errors.push(field::too_long(&path, MAX_HOSTNAME));
    }
    errors.extend(texts(&path, name, names::dns_subdomain(name)));
    errors
}

/// Validates `hostAliases`.
pub fn aliases(context: &Context<'_>) -> Errors {
    let mut errors = Errors::new();
    for (i, alias) in context.spec.items("hostAliases").iter().enumerate() {
        let path = context.path.child("hostAliases").index(i);
        errors.extend(texts(&path.child("ip"), alias.str("ip"), names::ip_address(alias.str("ip"))));
        for (j, name) in alias.items("hostnames").iter().enumerate() {
            let name = name.as_str().unwrap_or_default();
            errors.extend(texts(&path.child("hostnames").index(j), name, names::dns_subdomain(name)));
        }
    }
    errors
}

/// Validates `schedulingGroup`.
pub fn scheduling_group(context: &Context<'_>) -> Errors {
    let Some(group) = context.spec.get("schedulingGroup") else { return Errors::new() };
    let path = context.path.child("schedulingGroup");
    match group.get("podGroupName").and_then(Value::as_str) {
        None => {
            vec![field::invalid(&path.child("podGroupName"), Value::Null, "must specify one of: `podGroupName`")]
        }
        Some(name) => texts(&path.child("podGroupName"), name, names::dns_subdomain(name)).collect(),
    }
}
