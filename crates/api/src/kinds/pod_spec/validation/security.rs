//! Validation of security contexts of pods and containers.

use super::{Context, descending_path, windows};
use crate::{
    Value,
    field::{self, Errors, Path},
    names,
    value::Access,
};
use std::collections::BTreeSet;

const MAX_ID: i64 = i32::MAX as i64;
const MAX_PROFILE: usize = 4095;
const MAX_SYSCTL: usize = 253;
const SYSCTL_TEXT: &str = "must have at most 253 characters and match regex \
    ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$";
const PROFILE_TYPES: [&str; 3] = ["Localhost", "RuntimeDefault", "Unconfined"];

fn id(value: Option<i64>, path: &Path) -> Errors {
    let Some(value) = value else { return Errors::new() };
    names::in_range(value, 0, MAX_ID).iter().map(|text| field::invalid(path, value, text)).collect()
}

/// Validates the security context of a pod.
pub fn pod(context: &Context<'_>) -> Errors {
    let mut errors = Errors::new();
    let path = context.path.child("securityContext");
    let Some(security) = context.spec.get("securityContext") else { return errors };
    for member in ["fsGroup", "runAsUser", "runAsGroup"] {
        errors.extend(id(security.int(member), &path.child(member)));
    }
    for (i, group) in security.items("supplementalGroups").iter().enumerate() {
        errors.extend(id(group.as_i64(), &path.child("supplementalGroups").index(i)));
    }
    if context.spec.flag("shareProcessNamespace") && context.spec.flag("hostPID") {
        let detail = "ShareProcessNamespace and HostPID cannot both be enabled";
        errors.push(field::invalid(&context.path.child("shareProcessNamespace"), true, detail));
    }
    errors.extend(sysctls(security.items("sysctls"), context.spec, &path.child("sysctls")));
    errors.extend(one_of(security, "fsGroupChangePolicy", &["Always", "OnRootMismatch"], &path));
    errors.extend(profiles(security, &path));
    errors.extend(one_of(security, "supplementalGroupsPolicy", &["Merge", "Strict"], &path));
    errors.extend(one_of(security, "seLinuxChangePolicy", &["MountOption", "Recursive"], &path));
    errors
}

/// Validates the security context of a container.
pub fn container(container: &Value, context: &Context<'_>, path: &Path) -> Errors {
    let mut errors = Errors::new();
    let Some(security) = container.get("securityContext") else { return errors };
    for member in ["runAsUser", "runAsGroup"] {
        errors.extend(id(security.int(member), &path.child(member)));
    }
    errors.extend(one_of(security, "procMount", &["Default", "Unmasked"], path));
    if context.host_users() && security.str("procMount") == "Unmasked" {
        let detail = "`hostUsers` must be false to use `Unmasked`";
        errors.push(field::invalid(&path.child("procMount"), "Unmasked", detail));
    }
    errors.extend(seccomp(security, path));
    if security.get("allowPrivilegeEscalation").and_then(Value::as_bool) == Some(false) {
        if security.flag("privileged") {
            let detail = "cannot set `allowPrivilegeEscalation` to false and `privileged` to true";
            errors.push(field::invalid(path, security.clone(), detail));
        }
        let added = security.get("capabilities").map_or(&[][..], |c| c.items("add"));
        for _ in added.iter().filter(|c| *c == "CAP_SYS_ADMIN") {
            let detail = "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN";
            errors.push(field::invalid(path, security.clone(), detail));
        }
    }
    errors.extend(windows_and_app_armor(security, path));
    errors
}

fn profiles(security: &Value, path: &Path) -> Errors {
    let mut errors = seccomp(security, path);
    errors.extend(windows_and_app_armor(security, path));
    errors
}

fn windows_and_app_armor(security: &Value, path: &Path) -> Errors {
    let mut errors = Errors::new();
    if let Some(options) = security.get("windowsOptions") {
        errors.extend(windows::options(options, &path.child("windowsOptions")));
    }
    if let Some(profile) = security.get("appArmorProfile") {
        errors.extend(app_armor(profile, &path.child("appArmorProfile")));
    }
    errors
}

fn one_of(security: &Value, member: &str, supported: &[&str], path: &Path) -> Option<field::Error> {
    let value = security.get(member)?.as_str()?;
    (!supported.contains(&value)).then(|| field::not_supported(&path.child(member), value, supported))
}

fn sysctls(sysctls: &[Value], spec: &Value, path: &Path) -> Errors {
    let mut errors = Errors::new();
    let mut seen = BTreeSet::new();
    for (i, sysctl) in sysctls.iter().enumerate() {
        let name = sysctl.str("name");
        let at = path.index(i).child("name");
        if name.is_empty() {
            errors.push(field::required(&at, ""));
        } else if !is_sysctl(name) {
            errors.push(field::invalid(&at, name, SYSCTL_TEXT));
        } else if seen.contains(name) {
            errors.push(field::duplicate(&at, name));
        }
        for (host, namespace) in [("hostNetwork", "net"), ("hostIPC", "ipc")] {
            if spec.flag(host) && namespace_of(name) == namespace {
                errors.push(field::invalid(&at, name, &format!("may not be specified when '{host}' is true")));
            }
        }
        seen.insert(name);
    }
    errors
}

fn is_sysctl(name: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    name.len() <= MAX_SYSCTL
        && name.split(['.', '/']).all(|part| part.chars().all(inner) && edge(part.chars().next()) && edge(part.chars().next_back()))
}

/// The kernel namespace that a sysctl belongs to, if it belongs to one.
fn namespace_of(name: &str) -> &'static str {
    let name = name.replace('/', ".");
    match name.as_str() {
        "kernel.sem" => "ipc",
        "kernel.hostname" | "kernel.domainname" => "uts",
        _ if ["kernel.shm", "kernel.msg", "fs.mqueue."].iter().any(|p| name.starts_with(p)) => "ipc",
        _ if name.starts_with("net.") => "net",
        _ => "",
    }
}

fn seccomp(security: &Value, path: &Path) -> Errors {
    let mut errors = Errors::new();
    let Some(profile) = security.get("seccompProfile") else { return errors };
    let path = path.child("seccompProfile");
    let at = path.child("localhostProfile");
    let ty = profile.str("type");
    if ty.is_empty() {
        errors.push(field::required(&path.child("type"), "type is required when seccompProfile is set"));
    } else if !PROFILE_TYPES.contains(&ty) {
        errors.push(field::not_supported(&path.child("type"), ty, &PROFILE_TYPES));
    }
    match profile.get("localhostProfile").and_then(Value::as_str) {
        None if ty == "Localhost" => {
            errors.push(field::required(&at, "must be set when seccomp type is Localhost"));
        }
        Some(file) if ty == "Localhost" => errors.extend(descending_path(file, &at)),
        Some(_) => {
            errors.push(field::invalid(&at, profile.clone(), "can only be set when seccomp type is Localhost"));
        }
        None => {}
    }
    errors
}

fn app_armor(profile: &Value, path: &Path) -> Errors {
    let mut errors = Errors::new();
    let at = path.child("localhostProfile");
    let file = profile.get("localhostProfile").and_then(Value::as_str);
    match profile.str("type") {
        "Localhost" => {
            let file = file.unwrap_or_default();
            if file.trim() != file {
                errors.push(field::invalid(&at, file, "must not be padded with whitespace"));
            } else if file.is_empty() {
                errors.push(field::required(&at, "must be set when AppArmor type is Localhost"));
            }
            if file.len() > MAX_PROFILE {
                errors.push(field::too_long(&at, MAX_PROFILE));
            }
        }
        "RuntimeDefault" | "Unconfined" => {
            if let Some(file) = file {
                errors.push(field::invalid(&at, file, "can only be set when AppArmor type is Localhost"));
            }
        }
        "" => errors.push(field::required(&path.child("type"), "type is required when appArmorProfile is set")),
        other => errors.push(field::not_supported(&path.child("type"), other, &PROFILE_TYPES)),
    }
    errors
}
