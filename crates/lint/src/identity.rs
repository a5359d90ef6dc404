//! The Service by which a set's pods are found by name.

use crate::findings::{Findings, ObjectName};
use crate::rules::{NO_SERVICE_NAME, SELECTOR_MISMATCH, SERVICE_MISSING, SERVICE_NOT_HEADLESS, SERVICE_SELECTS_OTHERWISE};
use crate::workload::Workload;
use crate::{Known, Value};
use stead_api::selector::LabelSelector;
use stead_api::value::Access;

pub fn check(set: &Workload<'_>, known: &dyn Known, findings: &mut Findings) {
    selector(set, findings);
    let name = set.spec().str("serviceName");
    if name.is_empty() {
        let fix = "add spec.serviceName and a Service of that name with clusterIP: None";
        let message = "it names no Service (spec.serviceName), so its pods have no stable names".to_owned();
        return findings.add(&NO_SERVICE_NAME, "spec.serviceName", message, fix);
    }
    match known.find("Service", set.namespace, name) {
        None => missing(set, name, known, findings),
        Some(service) => governing(set, &service, findings),
    }
}

/// The API refuses it, too; here with what to write.
fn selector(set: &Workload<'_>, findings: &mut Findings) {
    let selector = LabelSelector::from_object(set.spec().get("selector"));
    if set.spec()["selector"].is_object() && !selector.is_everything() && !selector.matches(set.labels()) {
        let wanted = set.spec()["selector"]["matchLabels"].to_string();
        let message = format!("spec.selector {wanted} does not match the pods' labels {}", shown(set.labels()));
        let fix = format!("spec.template.metadata.labels: {wanted}");
        findings.add(&SELECTOR_MISMATCH, "spec.template.metadata.labels", message, fix);
    }
}

fn missing(set: &Workload<'_>, name: &str, known: &dyn Known, findings: &mut Findings) {
    let services = known.list("Service", set.namespace);
    let other = services.iter().find(|service| selects(service, set));
    let message = format!("there is no Service {name:?} in namespace {}: its pods will have no names", set.namespace);
    let fix = match other {
        Some(other) => format!("spec.serviceName: {}  (that Service selects these pods)", other["metadata"].str("name")),
        None => format!("add a Service {name} with clusterIP: None and selector {}", shown(set.labels())),
    };
    findings.add(&SERVICE_MISSING, "spec.serviceName", message, fix);
}

fn governing(set: &Workload<'_>, service: &Value, findings: &mut Findings) {
    let name = service["metadata"].str("name");
    let about = ObjectName { kind: "Service".to_owned(), namespace: set.namespace.to_owned(), name: name.to_owned() };
    let spec = &service["spec"];
    if spec.str("clusterIP") != "None" {
        let message = format!("Service {name} governs StatefulSet {} and is not headless: the pods have no names of their own", set.name());
        let fix = "clusterIP: None  (an existing Service has to be deleted and made anew for that)";
        findings.add_about(about.clone(), &SERVICE_NOT_HEADLESS, "spec.clusterIP", message, fix);
    }
    if !selects(service, set) {
        let selector = shown(spec.map("selector"));
        let message = format!(
            "Service {name} selects {selector}, and the pods of StatefulSet {} have the labels {}",
            set.name(),
            shown(set.labels())
        );
        findings.add_about(about, &SERVICE_SELECTS_OTHERWISE, "spec.selector", message, format!("selector: {}", shown(set.labels())));
    }
}

/// Whether a Service leads to the set's pods.
fn selects(service: &Value, set: &Workload<'_>) -> bool {
    let selector = service["spec"].map("selector");
    selector.is_some_and(|labels| !labels.is_empty()) && LabelSelector::from_map(selector).matches(set.labels())
}

/// `{app: nginx}`
fn shown(labels: Option<&stead_api::Map<String, Value>>) -> String {
    let pairs: Vec<String> =
        labels.into_iter().flatten().map(|(key, value)| format!("{key}: {}", value.as_str().unwrap_or_default())).collect();
    format!("{{{}}}", pairs.join(", "))
}
