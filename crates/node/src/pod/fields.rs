//! Every field of a pod's spec, and what becomes of it on this node: done, listed in the README as absent, or refused in words. A test
//! walks the schema and demands that each field stands here exactly once.

use stead_api::Value;
use stead_api::value::Access;

/// What of a refused field is asked for, in words; `None` if this value asks for nothing that is absent.
pub type Asked = fn(&str, &Value) -> Option<String>;

/// The fields of one type.
pub struct Fields {
    /// Last part of the type's OpenAPI name.
    pub ty: &'static str,
    pub done: &'static [&'static str],
    /// Rows of the README say what these do not do.
    pub listed: &'static [&'static str],
    pub refused: &'static [(&'static str, Asked)],
}

impl Fields {
    /// The first absent thing that a value of this type asks for.
    pub fn refusal(&self, value: &Value) -> Option<String> {
        self.refused.iter().find_map(|(field, asked)| asked(field, value.get(*field)?))
    }
}

pub const POD_SPEC: Fields = Fields {
    ty: "PodSpec",
    done: &[
        "initContainers",
        "containers",
        "ephemeralContainers",
        "restartPolicy",
        "terminationGracePeriodSeconds",
        "activeDeadlineSeconds",
        "nodeSelector",
        "nodeName",
        "hostNetwork",
        "hostIPC",
        "hostPID",
        "hostUsers",
        "shareProcessNamespace",
        "securityContext",
        "hostname",
        "subdomain",
        "setHostnameAsFQDN",
        "hostAliases",
        "dnsPolicy",
        "dnsConfig",
        "affinity",
        "schedulerName",
        "tolerations",
        "readinessGates",
        "enableServiceLinks",
        "schedulingGates",
        "topologySpreadConstraints",
        "priorityClassName",
        "priority",
        "preemptionPolicy",
        "resources",
        "hostnameOverride",
        "serviceAccountName",
        "imagePullSecrets",
        "serviceAccount",
        "runtimeClassName",
        "overhead",
    ],
    listed: &["volumes", "automountServiceAccountToken"],
    refused: &[("resourceClaims", set), ("schedulingGroup", set), ("evictionResponders", set), ("os", other_os)],
};

pub const CONTAINER: Fields = Fields {
    ty: "Container",
    done: &[
        "name",
        "image",
        "command",
        "args",
        "workingDir",
        "ports",
        "envFrom",
        "env",
        "resources",
        "resizePolicy",
        "terminationMessagePath",
        "terminationMessagePolicy",
        "securityContext",
        "lifecycle",
        "restartPolicy",
        "restartPolicyRules",
        "livenessProbe",
        "readinessProbe",
        "startupProbe",
        "stdin",
        "stdinOnce",
        "tty",
        "volumeDevices",
    ],
    listed: &["volumeMounts", "imagePullPolicy"],
    refused: &[],
};

pub const POD_SECURITY_CONTEXT: Fields = Fields {
    ty: "PodSecurityContext",
    done: &[
        "runAsUser",
        "runAsGroup",
        "runAsNonRoot",
        "supplementalGroups",
        "fsGroup",
        "fsGroupChangePolicy",
        "seccompProfile",
        "supplementalGroupsPolicy",
        "sysctls",
        "appArmorProfile",
    ],
    listed: &["seLinuxChangePolicy"],
    refused: &[("seLinuxOptions", present), ("windowsOptions", present)],
};

pub const SECURITY_CONTEXT: Fields = Fields {
    ty: "SecurityContext",
    done: &[
        "capabilities",
        "privileged",
        "runAsUser",
        "runAsGroup",
        "runAsNonRoot",
        "readOnlyRootFilesystem",
        "allowPrivilegeEscalation",
        "seccompProfile",
        "appArmorProfile",
        "procMount",
    ],
    listed: &[],
    refused: &[("seLinuxOptions", present), ("windowsOptions", present)],
};

pub const LIFECYCLE: Fields = Fields { ty: "Lifecycle", done: &["postStart", "preStop"], listed: &[], refused: &[("stopSignal", set)] };

#[cfg(test)]
const CONTAINER_PORT: Fields =
    Fields { ty: "ContainerPort", done: &["name", "containerPort", "protocol", "hostPort", "hostIP"], listed: &[], refused: &[] };

pub const RESOURCES: Fields =
    Fields { ty: "ResourceRequirements", done: &["requests"], listed: &[], refused: &[("limits", other_limits), ("claims", set)] };

/// Anything but nothing.
fn set(field: &str, value: &Value) -> Option<String> {
    let nothing = match value {
        Value::Null => true,
        Value::Bool(value) => !value,
        Value::Number(number) => number.as_i64() == Some(0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
    };
    (!nothing).then(|| field.to_owned())
}

/// Even an empty one means something.
fn present(field: &str, value: &Value) -> Option<String> {
    (!value.is_null()).then(|| field.to_owned())
}

fn other_os(field: &str, value: &Value) -> Option<String> {
    let name = value.str("name");
    (!matches!(name, "" | "linux")).then(|| format!("{field}: {name}"))
}

fn other_limits(field: &str, value: &Value) -> Option<String> {
    let other = value
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, _)| name)
        .find(|name| !matches!(name.as_str(), "cpu" | "memory" | "ephemeral-storage") && !name.starts_with("hugepages-"));
    other.map(|name| format!("resources.{field} of {name}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use stead_api::schema::{Shape, Type};

    const ALL: [&Fields; 7] = [&POD_SPEC, &CONTAINER, &POD_SECURITY_CONTEXT, &SECURITY_CONTEXT, &LIFECYCLE, &CONTAINER_PORT, &RESOURCES];
    /// Types that are done as a whole, field by field, elsewhere.
    const WHOLE: [&str; 21] = [
        "HostAlias",
        "PodDNSConfig",
        "Affinity",
        "Toleration",
        "PodReadinessGate",
        "PodSchedulingGate",
        "EnvVar",
        "EnvFromSource",
        "LocalObjectReference",
        "Capabilities",
        "ResourceClaim",
        "Probe",
        "SeccompProfile",
        "LifecycleHandler",
        "ContainerRestartRule",
        "ContainerResizePolicy",
        "EphemeralContainer",
        "AppArmorProfile",
        "Sysctl",
        "VolumeDevice",
        "TopologySpreadConstraint",
    ];

    fn short(ty: &Type) -> &'static str {
        ty.name.rsplit('.').next().expect("a name has a last part")
    }

    fn inner(shape: &Shape) -> Option<&'static Type> {
        match shape {
            Shape::Struct(ty) => Some(ty),
            Shape::List(item) | Shape::Map(item) => inner(item),
            _ => None,
        }
    }

    /// Walks a type and those of its fields that are done; complains of every field that does not stand in one list.
    fn walk(ty: &'static Type, seen: &mut BTreeSet<&'static str>, complaints: &mut Vec<String>) {
        if !seen.insert(short(ty)) {
            return;
        }
        let Some(fields) = ALL.iter().find(|fields| fields.ty == short(ty)) else {
            if !WHOLE.contains(&short(ty)) {
                complaints.push(format!("{} is in no list", short(ty)));
            }
            return;
        };
        for field in ty.fields {
            let refused = fields.refused.iter().filter(|(name, _)| *name == field.name).count();
            let places = [fields.done, fields.listed].iter().filter(|list| list.contains(&field.name)).count() + refused;
            if places != 1 {
                complaints.push(format!("{}.{} stands in {places} lists", short(ty), field.name));
            }
            if let Some(inner) = inner(&field.shape).filter(|_| fields.done.contains(&field.name)) {
                walk(inner, seen, complaints);
            }
        }
        let known: BTreeSet<&str> = ty.fields.iter().map(|field| field.name).collect();
        let named = fields.done.iter().chain(fields.listed).copied().chain(fields.refused.iter().map(|(name, _)| *name));
        complaints.extend(named.filter(|name| !known.contains(name)).map(|name| format!("{} has no field {name}", short(ty))));
    }

    #[test]
    fn every_field_of_a_pods_spec_is_done_refused_or_listed() {
        let mut complaints = Vec::new();
        walk(&stead_api::schema::generated::CORE_V1_POD_SPEC, &mut BTreeSet::new(), &mut complaints);
        assert_eq!(complaints, [""; 0]);
    }
}
