//! The environment of containers: variables that are used before they are defined, or mean something else than their reader wants.

use crate::findings::Findings;
use crate::places::{image_tag, major};
use crate::rules::{NAME_AS_NUMBER, VARIABLE_LATER, VARIABLE_UNDEFINED, ZOOKEEPER_DROPPED};
use crate::workload::{Container, Workload};
use crate::{Known, Value};
use stead_api::value::Access;

/// How names of variables end that are read as numbers.
const NUMBERS: &[&str] = &["BROKER_ID", "NODE_ID", "SERVER_ID", "MY_ID", "MYID", "SHARD_ID", "ORDINAL", "POD_INDEX"];
/// Images of Kafka, and the first version without ZooKeeper.
const KAFKAS: &[(&str, u32)] = &[
    ("confluentinc/cp-kafka", 8),
    ("confluentinc/cp-server", 8),
    ("confluentinc/cp-enterprise-kafka", 8),
    ("apache/kafka", 4),
    ("bitnami/kafka", 4),
    ("bitnamilegacy/kafka", 4),
];
const ZOOKEEPERS: &[&str] = &["KAFKA_ZOOKEEPER_CONNECT", "KAFKA_CFG_ZOOKEEPER_CONNECT"];
/// What Services of the namespace add by themselves ends so, or has this in it.
const OF_SERVICES: &[&str] = &["_SERVICE_HOST", "_SERVICE_PORT", "_PORT"];

pub fn check(workload: &Workload<'_>, known: &dyn Known, findings: &mut Findings) {
    for container in workload.containers() {
        numbers(workload, &container, findings);
        zookeeper(&container, findings);
        uses(workload, &container, known, findings);
    }
}

fn numbers(workload: &Workload<'_>, container: &Container<'_>, findings: &mut Findings) {
    for (index, variable) in container.spec.items("env").iter().enumerate() {
        let name = variable.str("name");
        let is_name = variable["valueFrom"]["fieldRef"].str("fieldPath") == "metadata.name";
        if is_name && NUMBERS.iter().any(|end| name.ends_with(end)) {
            let pod = if workload.is_set() { format!("{}-0", workload.name()) } else { workload.name().to_owned() };
            let message = format!("{name} of container {:?} wants a number and gets the pod's name, such as {pod}", container.name());
            let fix = "valueFrom: {fieldRef: {fieldPath: \"metadata.labels['apps.kubernetes.io/pod-index']\"}}";
            findings.add(&NAME_AS_NUMBER, container.path(&format!("env[{index}].valueFrom")), message, fix);
        }
    }
}

fn zookeeper(container: &Container<'_>, findings: &mut Findings) {
    let image = container.spec.str("image");
    let (repository, tag) = image_tag(image);
    let Some((_, first)) = KAFKAS.iter().find(|(name, _)| repository == *name || repository.ends_with(&format!("/{name}"))) else { return };
    let Some(named) = container.spec.items("env").iter().map(|variable| variable.str("name")).find(|name| ZOOKEEPERS.contains(name)) else {
        return;
    };
    let tag = tag.unwrap_or("latest");
    if major(tag).map_or(tag == "latest", |version| version >= *first) {
        let message = format!("{named} is set, and {repository}:{tag} no longer knows ZooKeeper: it has been dropped in version {first}");
        let last = if *first == 8 { "7.9.0" } else { "3.9.0" };
        let fix = format!("image: {repository}:{last}, or KRaft (KAFKA_PROCESS_ROLES, KAFKA_CONTROLLER_QUORUM_VOTERS) without {named}");
        findings.add(&ZOOKEEPER_DROPPED, container.path("image"), message, fix);
    }
}

fn uses(workload: &Workload<'_>, container: &Container<'_>, known: &dyn Known, findings: &mut Findings) {
    let variables = container.spec.items("env");
    let names: Vec<&str> = variables.iter().map(|variable| variable.str("name")).collect();
    let others = Others::of(workload, container, known);
    for (index, variable) in variables.iter().enumerate() {
        let path = container.path(&format!("env[{index}].value"));
        for used in references(variable.str("value")) {
            if names[..index].contains(&used) || others.may_have(used) {
                continue;
            }
            if names[index..].contains(&used) {
                let message = format!("{} uses $({used}), which is defined after it: it stays as it is written", names[index]);
                findings.add(&VARIABLE_LATER, &path, message, format!("move {used} before {} in env", names[index]));
            } else {
                undefined(container, &path, used, names[index], findings);
            }
        }
    }
    for list in ["command", "args"] {
        for (index, word) in container.spec.items(list).iter().filter_map(Value::as_str).enumerate() {
            // A shell has commands in such brackets.
            let upper = |used: &&str| used.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
            for used in references(word).into_iter().filter(upper).filter(|used| !names.contains(used) && !others.may_have(used)) {
                undefined(container, &container.path(&format!("{list}[{index}]")), used, list, findings);
            }
        }
    }
}

fn undefined(container: &Container<'_>, path: &str, used: &str, by: &str, findings: &mut Findings) {
    let message = format!("{by} of container {:?} uses $({used}), which is not defined: it stays as it is written", container.name());
    findings.add(
        &VARIABLE_UNDEFINED,
        path,
        message,
        format!("add {used} to env, before its use (or write $$({used}) for the text itself)"),
    );
}

/// Names in `$(...)`; `$$` is a dollar.
fn references(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            rest = after;
        } else if let Some((name, after)) = rest.strip_prefix('(').and_then(|rest| rest.split_once(')')) {
            if !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')) {
                found.push(name);
            }
            rest = after;
        }
    }
    found
}

/// Variables that are not in `env`.
struct Others {
    names: Vec<String>,
    /// An object that is not known has some.
    more: bool,
    services: bool,
}

impl Others {
    fn of(workload: &Workload<'_>, container: &Container<'_>, known: &dyn Known) -> Self {
        let (mut names, mut more) = (Vec::new(), false);
        for from in container.spec.items("envFrom") {
            for (reference, kind) in [("configMapRef", "ConfigMap"), ("secretRef", "Secret")] {
                let name = from[reference].str("name");
                if name.is_empty() {
                    continue;
                }
                match known.find(kind, workload.namespace, name) {
                    Some(object) => {
                        let keys = ["data", "stringData"].into_iter().filter_map(|map| object.map(map)).flatten();
                        names.extend(keys.map(|(key, _)| format!("{}{key}", from.str("prefix"))));
                    }
                    None => more = true,
                }
            }
        }
        let services = workload.pod_spec().get("enableServiceLinks").and_then(Value::as_bool).unwrap_or(true);
        Self { names, more, services }
    }

    fn may_have(&self, name: &str) -> bool {
        let of_service = self.services && OF_SERVICES.iter().any(|part| name.contains(part)) || name.starts_with("KUBERNETES_");
        self.more || of_service || self.names.iter().any(|other| other == name)
    }
}
