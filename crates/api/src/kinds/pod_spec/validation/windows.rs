//! Validation of what depends on the operating system of a pod: Windows options, host-process pods, forbidden fields.

use super::{Context, texts};
use crate::{
    Value,
    field::{self, Errors, Path},
    kinds::pod_spec,
    names,
    value::Access,
};

const MAX_CREDENTIAL_SPEC: usize = 64 * 1024;
const MAX_DOMAIN: usize = 256;
const MAX_USER: usize = 104;
const NOT_WINDOWS: &str = "cannot be set for a windows pod";
const NOT_LINUX: &str = "windows options cannot be set for a linux pod";
const POD_SECURITY: [&str; 11] = [
    "appArmorProfile",
    "seLinuxOptions",
    "seccompProfile",
    "fsGroup",
    "fsGroupChangePolicy",
    "sysctls",
    "runAsUser",
    "runAsGroup",
    "supplementalGroups",
    "supplementalGroupsPolicy",
    "seLinuxChangePolicy",
];
const CONTAINER_SECURITY: [&str; 10] = [
    "appArmorProfile",
    "seLinuxOptions",
    "seccompProfile",
    "capabilities",
    "readOnlyRootFilesystem",
    "privileged",
    "allowPrivilegeEscalation",
    "procMount",
    "runAsUser",
    "runAsGroup",
];

/// Validates `windowsOptions`.
pub fn options(options: &Value, path: &Path) -> Errors {
    let mut errors = Errors::new();
    if let Some(name) = options.get("gmsaCredentialSpecName").and_then(Value::as_str) {
        errors.extend(texts(&path.child("gmsaCredentialSpecName"), name, names::dns_subdomain(name)));
    }
    if let Some(spec) = options.get("gmsaCredentialSpec").and_then(Value::as_str) {
        let at = path.child("gmsaCredentialSpec");
        if spec.is_empty() {
            errors.push(field::invalid(&at, spec, "gmsaCredentialSpec cannot be an empty string"));
        } else if spec.len() > MAX_CREDENTIAL_SPEC {
            errors.push(field::invalid(&at, spec, "gmsaCredentialSpec size must be under 64 KiB"));
        }
    }
    if let Some(name) = options.get("runAsUserName").and_then(Value::as_str) {
        let at = path.child("runAsUserName");
        errors.extend(user_faults(name).iter().map(|text| field::invalid(&at, name, &format!("runAsUserName{text}"))));
    }
    errors
}

fn user_faults(name: &str) -> Vec<String> {
    if name.is_empty() {
        return vec![" cannot be an empty string".to_owned()];
    }
    if name.chars().any(|c| c.is_ascii_control()) {
        return vec![" cannot contain control characters".to_owned()];
    }
    let parts: Vec<&str> = name.split('\\').collect();
    let (domain, user) = match parts[..] {
        [user] => (None, user),
        [domain, user] => (Some(domain), user),
        _ => return vec![" cannot contain more than one backslash".to_owned()],
    };
    let mut faults = Vec::new();
    if let Some(domain) = domain {
        if domain.len() >= MAX_DOMAIN {
            faults.push(format!("'s Domain length must be under {MAX_DOMAIN} characters"));
        }
        if !is_net_bios(domain) && !is_dns(domain) {
            faults.push("'s Domain doesn't match the NetBios nor the DNS format".to_owned());
        }
    }
    if user.is_empty() {
        faults.push("'s User cannot be empty".to_owned());
    } else if user.len() > MAX_USER {
        faults.push(format!("'s User length must not be longer than {MAX_USER} characters"));
    }
    if !user.is_empty() && user.chars().all(|c| matches!(c, '.' | ' ')) {
        faults.push("'s User cannot contain only periods or spaces".to_owned());
    }
    if user.contains(['"', '/', '\\', ':', ';', '|', '=', ',', '+', '*', '?', '<', '>', '@', '[', ']']) {
        faults.push("'s User cannot contain the following characters: \"/\\:;|=,+*?<>@[]".to_owned());
    }
    faults
}

fn is_net_bios(domain: &str) -> bool {
    let allowed = |c: char| !matches!(c, '\\' | '/' | ':' | '*' | '?' | '"' | '<' | '>' | '|');
    (1..=15).contains(&domain.chars().count()) && !domain.starts_with('.') && domain.chars().all(allowed)
}

fn is_dns(domain: &str) -> bool {
    domain.split('.').all(|label| names::dns_label(&label.to_ascii_lowercase()).is_empty())
}

fn asks_host_process(holder: &Value) -> Option<bool> {
    holder.get("securityContext")?.get("windowsOptions")?.get("hostProcess")?.as_bool()
}

/// Validates that either all containers are host processes or none is.
pub fn host_process(context: &Context<'_>) -> Errors {
    let mut errors = Errors::new();
    let of_pod = asks_host_process(context.spec);
    let containers = pod_spec::containers(context.spec, &context.path);
    let mut count = 0;
    for (container, path) in &containers {
        let own = asks_host_process(container);
        if let (Some(pod), Some(own)) = (of_pod, own)
            && pod != own
        {
            let at = path.child("securityContext").child("windowsOptions").child("hostProcess");
            let detail = format!("pod hostProcess value must be identical if both are specified, was {pod}");
            errors.push(field::invalid(&at, own, &detail));
        }
        if own.or(of_pod) == Some(true) {
            count += 1;
        }
    }
    if count == 0 {
        return errors;
    }
    if count != containers.len() {
        let detail = "If pod contains any hostProcess containers then all containers must be HostProcess containers";
        errors.push(field::invalid(&context.path, "", detail));
    }
    if !context.spec.flag("hostNetwork") {
        let detail = "hostNetwork must be true if pod contains any hostProcess containers";
        errors.push(field::invalid(&context.path.child("hostNetwork"), false, detail));
    }
    errors
}

/// Validates `os`, and what the named system rules out.
pub fn operating_system(os: &Value, context: &Context<'_>) -> Errors {
    let path = &context.path;
    match os.str("name") {
        "" => vec![field::required(&path.child("os").child("name"), "")],
        "linux" => linux(context),
        "windows" => windows(context),
        other => vec![field::not_supported(&path.child("os"), other, &["linux", "windows"])],
    }
}

fn linux(context: &Context<'_>) -> Errors {
    let mut holders = vec![(context.spec, context.path.clone())];
    holders.extend(pod_spec::containers(context.spec, &context.path));
    let given = holders.into_iter().filter(|(h, _)| h.get("securityContext").is_some_and(|s| s.has("windowsOptions")));
    given.map(|(_, path)| field::forbidden(&path.child("securityContext").child("windowsOptions"), NOT_LINUX)).collect()
}

fn windows(context: &Context<'_>) -> Errors {
    let mut errors = set_fields(&context.spec["securityContext"], &POD_SECURITY, &context.path.child("securityContext"));
    for member in ["hostUsers", "hostPID", "hostIPC", "shareProcessNamespace"] {
        if context.spec.has(member) {
            errors.push(field::forbidden(&context.path.child(member), NOT_WINDOWS));
        }
    }
    for (container, path) in pod_spec::containers(context.spec, &context.path) {
        errors.extend(set_fields(&container["securityContext"], &CONTAINER_SECURITY, &path.child("securityContext")));
    }
    errors
}

fn set_fields(security: &Value, members: &[&str], path: &Path) -> Errors {
    let set = members.iter().filter(|member| security.has(member));
    set.map(|member| field::forbidden(&path.child(member), NOT_WINDOWS)).collect()
}
