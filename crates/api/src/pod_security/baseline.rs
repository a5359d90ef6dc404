//! The rules of the level `baseline`, which `restricted` has too unless it replaces them.

use super::{Pod, Violation, distinct, named, plural, quoted, setters, violation};
use crate::Value;
use crate::value::Access;

/// A rule by upstream's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    AppArmorProfile,
    Capabilities,
    HostNamespaces,
    HostPathVolumes,
    HostPorts,
    HostProbesAndHostLifecycle,
    Privileged,
    ProcMount,
    SelinuxOptions,
    SeccompProfile,
    Sysctls,
    WindowsHostProcess,
}

type Check = fn(&Pod<'_>) -> Option<Violation>;

/// In the order in which upstream lists what they find.
const RULES: &[(Rule, Check)] = &[
    (Rule::AppArmorProfile, app_armor_profile),
    (Rule::Capabilities, capabilities),
    (Rule::HostNamespaces, host_namespaces),
    (Rule::HostPathVolumes, host_path_volumes),
    (Rule::HostPorts, host_ports),
    (Rule::HostProbesAndHostLifecycle, hosts_of_probes),
    (Rule::Privileged, privileged),
    (Rule::ProcMount, proc_mount),
    (Rule::SelinuxOptions, selinux_options),
    (Rule::SeccompProfile, seccomp_profile),
    (Rule::Sysctls, sysctls),
    (Rule::WindowsHostProcess, windows_host_process),
];

pub(super) fn violations(pod: &Pod<'_>, applies: impl Fn(Rule) -> bool) -> Vec<Violation> {
    RULES.iter().filter(|(rule, _)| applies(*rule)).filter_map(|(_, check)| check(pod)).collect()
}

const APP_ARMOR_ANNOTATION: &str = "container.apparmor.security.beta.kubernetes.io/";

fn app_armor_profile(pod: &Pod<'_>) -> Option<Violation> {
    let bad = |holder: &Value| {
        let profile = &holder["securityContext"]["appArmorProfile"];
        profile.is_object() && !matches!(profile.str("type"), "RuntimeDefault" | "Localhost")
    };
    let kind = |holder: &'_ Value| holder["securityContext"]["appArmorProfile"].str("type").to_owned();
    let mut values: Vec<String> = [pod.spec].into_iter().chain(pod.containers()).filter(|holder| bad(holder)).map(kind).collect();
    values.sort_unstable();
    values.dedup();
    let annotations = pod.metadata.map("annotations").into_iter().flatten();
    let forbidden = annotations.filter(|(key, value)| {
        let value = value.as_str().unwrap_or_default();
        key.starts_with(APP_ARMOR_ANNOTATION) && !(matches!(value, "" | "runtime/default") || value.starts_with("localhost/"))
    });
    let mut forbidden: Vec<String> = forbidden.map(|(key, value)| format!("{key}={value}")).collect();
    forbidden.sort_unstable();
    let mut who: Vec<String> = setters(bad(pod.spec), &pod.breaking(bad)).into_iter().collect();
    if !forbidden.is_empty() {
        who.push(plural(forbidden.len(), "annotation", "annotations").to_owned());
    }
    if who.is_empty() {
        return None;
    }
    values.extend(forbidden);
    let shown: Vec<&str> = values.iter().map(String::as_str).collect();
    let reason = plural(shown.len(), "forbidden AppArmor profile", "forbidden AppArmor profiles");
    violation(reason, format!("{} must not set AppArmor profile type to {}", who.join(" and "), quoted(&shown)))
}

const CAPABILITIES: &[&str] = &[
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

/// Capabilities beyond the allowed ones that containers add: who adds some, and which.
pub(super) fn added<'a>(pod: &'a Pod<'_>, allowed: &[&str]) -> Option<String> {
    let beyond = |container: &'a Value| {
        let add = container["securityContext"]["capabilities"].items("add").iter();
        add.filter_map(Value::as_str).filter(|capability| !allowed.contains(capability)).collect::<Vec<_>>()
    };
    let bad: Vec<&Value> = pod.containers().filter(|container| !beyond(container).is_empty()).collect();
    let names: Vec<&str> = bad.iter().map(|container| container.str("name")).collect();
    let capabilities = distinct(bad.into_iter().flat_map(beyond).collect());
    let text = || format!("{} must not include {} in securityContext.capabilities.add", named(&names), quoted(&capabilities));
    (!names.is_empty()).then(text)
}

fn capabilities(pod: &Pod<'_>) -> Option<Violation> {
    violation("non-default capabilities", added(pod, CAPABILITIES)?)
}

fn host_namespaces(pod: &Pod<'_>) -> Option<Violation> {
    let shared = ["hostNetwork", "hostPID", "hostIPC"].into_iter().filter(|name| pod.spec.flag(name));
    let shared: Vec<String> = shared.map(|name| format!("{name}=true")).collect();
    if shared.is_empty() { None } else { violation("host namespaces", shared.join(", ")) }
}

fn host_path_volumes(pod: &Pod<'_>) -> Option<Violation> {
    let volumes = pod.spec.items("volumes").iter().filter(|volume| volume.has("hostPath"));
    let names: Vec<&str> = volumes.map(|volume| volume.str("name")).collect();
    if names.is_empty() {
        return None;
    }
    violation("hostPath volumes", format!("{} {}", plural(names.len(), "volume", "volumes"), quoted(&names)))
}

fn host_ports(pod: &Pod<'_>) -> Option<Violation> {
    let ports = |container: &Value| {
        container.items("ports").iter().filter_map(|port| port.int("hostPort")).filter(|port| *port != 0).collect::<Vec<_>>()
    };
    let names = pod.breaking(|container| !ports(container).is_empty());
    let texts: Vec<String> = pod.containers().flat_map(ports).map(|port| port.to_string()).collect();
    let shown = distinct(texts.iter().map(String::as_str).collect());
    if names.is_empty() {
        return None;
    }
    let (uses, what) = (plural(names.len(), "uses", "use"), plural(shown.len(), "hostPort", "hostPorts"));
    violation("hostPort", format!("{} {uses} {what} {}", named(&names), shown.join(", ")))
}

fn hosts_of_probes(pod: &Pod<'_>) -> Option<Violation> {
    if !pod.since(34) {
        return None;
    }
    fn hosts(container: &Value) -> Vec<&str> {
        let probes = ["livenessProbe", "readinessProbe", "startupProbe"].map(|name| &container[name]);
        let handlers = ["postStart", "preStop"].map(|name| &container["lifecycle"][name]);
        let all = probes.into_iter().chain(handlers).flat_map(|handler| [&handler["httpGet"], &handler["tcpSocket"]]);
        all.map(|action| action.str("host")).filter(|host| !host.is_empty()).collect()
    }
    let names = distinct(pod.breaking(|container| !hosts(container).is_empty()));
    let found = distinct(pod.containers().flat_map(hosts).collect());
    if names.is_empty() {
        return None;
    }
    let (uses, what) = (plural(names.len(), "uses", "use"), plural(found.len(), "probe or lifecycle host", "probe or lifecycle hosts"));
    violation("probe or lifecycle host", format!("{} {uses} {what} {}", named(&names), quoted(&found)))
}

fn privileged(pod: &Pod<'_>) -> Option<Violation> {
    let names = pod.breaking(|container| container["securityContext"].flag("privileged"));
    if names.is_empty() {
        return None;
    }
    violation("privileged", format!("{} must not set securityContext.privileged=true", named(&names)))
}

fn proc_mount(pod: &Pod<'_>) -> Option<Violation> {
    let of = |container: &'_ Value| container["securityContext"].get("procMount").and_then(Value::as_str).map(str::to_owned);
    let bad = |container: &Value| of(container).is_some_and(|mount| mount != "Default");
    let names = pod.breaking(bad);
    let mounts: Vec<String> = pod.containers().filter(|container| bad(container)).filter_map(of).collect();
    let shown = distinct(mounts.iter().map(String::as_str).collect());
    if names.is_empty() {
        return None;
    }
    violation("procMount", format!("{} must not set securityContext.procMount to {}", named(&names), quoted(&shown)))
}

fn selinux_options(pod: &Pod<'_>) -> Option<Violation> {
    let options = |holder: &'_ Value| holder["securityContext"]["seLinuxOptions"].clone();
    let allowed =
        |ty: &str| matches!(ty, "" | "container_t" | "container_init_t" | "container_kvm_t") || pod.since(31) && ty == "container_engine_t";
    let bad = |holder: &Value| {
        let options = options(holder);
        !allowed(options.str("type")) || !options.str("user").is_empty() || !options.str("role").is_empty()
    };
    let who = setters(bad(pod.spec), &pod.breaking(bad))?;
    let all: Vec<Value> = [pod.spec].into_iter().chain(pod.containers()).map(options).collect();
    let types = distinct(all.iter().map(|options| options.str("type")).filter(|ty| !allowed(ty)).collect());
    let mut what = Vec::new();
    if !types.is_empty() {
        what.push(format!("{} {}", plural(types.len(), "type", "types"), quoted(&types)));
    }
    for field in ["user", "role"] {
        if all.iter().any(|options| !options.str(field).is_empty()) {
            what.push(format!("{field} may not be set"));
        }
    }
    violation("seLinuxOptions", format!("{who} set forbidden securityContext.seLinuxOptions: {}", what.join("; ")))
}

/// Whether a pod or container names a seccomp profile that it may not have.
pub(super) fn has_bad_seccomp(holder: &Value) -> bool {
    let profile = &holder["securityContext"]["seccompProfile"];
    profile.is_object() && !matches!(profile.str("type"), "RuntimeDefault" | "Localhost")
}

/// Profiles that are named and may not be.
pub(super) fn bad_seccomp(pod: &Pod<'_>) -> Option<String> {
    let who = setters(has_bad_seccomp(pod.spec), &pod.breaking(has_bad_seccomp))?;
    let holders = [pod.spec].into_iter().chain(pod.containers()).filter(|holder| has_bad_seccomp(holder));
    let types = distinct(holders.map(|holder| holder["securityContext"]["seccompProfile"].str("type")).collect());
    Some(format!("{who} must not set securityContext.seccompProfile.type to {}", quoted(&types)))
}

const SECCOMP_OF_POD: &str = "seccomp.security.alpha.kubernetes.io/pod";
const SECCOMP_OF_CONTAINER: &str = "container.seccomp.security.alpha.kubernetes.io/";

fn seccomp_profile(pod: &Pod<'_>) -> Option<Violation> {
    if pod.since(19) {
        return violation("seccompProfile", bad_seccomp(pod)?);
    }
    let of_containers = pod.containers().map(|container| format!("{SECCOMP_OF_CONTAINER}{}", container.str("name")));
    let keys = std::iter::once(SECCOMP_OF_POD.to_owned()).chain(of_containers);
    let mut forbidden: Vec<String> = keys
        .filter_map(|key| {
            let value = pod.metadata["annotations"].get(&key)?.as_str()?;
            let allowed = matches!(value, "runtime/default" | "docker/default") || value.starts_with("localhost/");
            (!allowed).then(|| format!("{key}={value:?}"))
        })
        .collect();
    forbidden.sort_unstable();
    if forbidden.is_empty() {
        return None;
    }
    violation("seccompProfile", format!("forbidden {} {}", plural(forbidden.len(), "annotation", "annotations"), forbidden.join(", ")))
}

/// Sysctls that a pod may set, and the minor version since which it may.
const SYSCTLS: &[(&str, u32)] = &[
    ("kernel.shm_rmid_forced", 0),
    ("net.ipv4.ip_local_port_range", 0),
    ("net.ipv4.tcp_syncookies", 0),
    ("net.ipv4.ping_group_range", 0),
    ("net.ipv4.ip_unprivileged_port_start", 0),
    ("net.ipv4.ip_local_reserved_ports", 27),
    ("net.ipv4.tcp_keepalive_time", 29),
    ("net.ipv4.tcp_fin_timeout", 29),
    ("net.ipv4.tcp_keepalive_intvl", 29),
    ("net.ipv4.tcp_keepalive_probes", 29),
    ("net.ipv4.tcp_rmem", 32),
    ("net.ipv4.tcp_wmem", 32),
];

fn sysctls(pod: &Pod<'_>) -> Option<Violation> {
    let allowed = |name: &str| SYSCTLS.iter().any(|(known, since)| *known == name && pod.since(*since));
    let set = pod.spec["securityContext"].items("sysctls").iter().map(|sysctl| sysctl.str("name"));
    let forbidden: Vec<&str> = set.filter(|name| !allowed(name)).collect();
    if forbidden.is_empty() { None } else { violation("forbidden sysctls", forbidden.join(", ")) }
}

fn windows_host_process(pod: &Pod<'_>) -> Option<Violation> {
    let bad = |holder: &Value| holder["securityContext"]["windowsOptions"].flag("hostProcess");
    let who = setters(bad(pod.spec), &pod.breaking(bad))?;
    violation("hostProcess", format!("{who} must not set securityContext.windowsOptions.hostProcess=true"))
}
