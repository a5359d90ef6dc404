//! Images, limits and probes of containers.

use crate::findings::Findings;
use crate::places::image_tag;
use crate::rules::{LIVENESS_ALONE, LIVENESS_EARLY, MOVING_TAG, NO_LIMITS};
use crate::workload::{Container, Workload};
use crate::{Known, Value};
use std::sync::Arc;
use stead_api::value::Access;

/// A start that takes less is no surprise; a data base's first one takes longer.
const START_S: i64 = 60;

pub fn check(workload: &Workload<'_>, known: &dyn Known, findings: &mut Findings) {
    let ranges = known.list("LimitRange", workload.namespace);
    for container in workload.containers() {
        tag(&container, findings);
        if container.stays {
            limits(workload, &container, &ranges, findings);
            if workload.serves() {
                probes(&container, findings);
            }
        }
    }
}

fn tag(container: &Container<'_>, findings: &mut Findings) {
    let image = container.spec.str("image");
    if image.is_empty() || image.contains('@') {
        return;
    }
    let (name, tag) = image_tag(image);
    let said = match tag {
        None => "names no tag, which means latest",
        Some("latest") => "has the tag latest",
        Some(_) => return,
    };
    let message =
        format!("image {image} of container {:?} {said}: pods that start on another day may run another program", container.name());
    findings.add(&MOVING_TAG, container.path("image"), message, format!("image: {name}:VERSION"));
}

fn limits(workload: &Workload<'_>, container: &Container<'_>, ranges: &[Arc<Value>], findings: &mut Findings) {
    let has = |resource: &str| {
        let of_pod = workload.pod_spec()["resources"]["limits"].has(resource);
        of_pod || container.spec["resources"]["limits"].has(resource) || is_given(ranges, resource)
    };
    let missing: Vec<&str> = ["memory", "cpu"].into_iter().filter(|resource| !has(resource)).collect();
    if missing.is_empty() {
        return;
    }
    let message = format!("container {:?} has no limit of {}: it can take all that the node has", container.name(), missing.join(" and "));
    let values: Vec<&str> = missing.iter().map(|resource| if *resource == "memory" { "memory: 1Gi" } else { "cpu: \"1\"" }).collect();
    findings.add(&NO_LIMITS, container.path("resources"), message, format!("resources: {{limits: {{{}}}}}", values.join(", ")));
}

/// Whether a LimitRange gives containers without a limit one.
fn is_given(ranges: &[Arc<Value>], resource: &str) -> bool {
    let limits = ranges.iter().flat_map(|range| range["spec"].items("limits"));
    limits.filter(|limit| limit.str("type") == "Container").any(|limit| limit["default"].has(resource) || limit["max"].has(resource))
}

fn probes(container: &Container<'_>, findings: &mut Findings) {
    let spec = container.spec;
    if !spec.has("livenessProbe") {
        return;
    }
    let name = container.name();
    if !spec.has("readinessProbe") {
        let message = format!("container {name:?} has a livenessProbe and no readinessProbe: it gets traffic before it can answer");
        findings.add(&LIVENESS_ALONE, container.path("livenessProbe"), message, "add a readinessProbe with the same check");
    }
    let probe = &spec["livenessProbe"];
    let number = |field: &str, default: i64| probe.int(field).unwrap_or(default);
    let (delay_s, period_s, failures) = (number("initialDelaySeconds", 0), number("periodSeconds", 10), number("failureThreshold", 3));
    let begins_s = delay_s.saturating_add(period_s.saturating_mul(failures));
    if !spec.has("startupProbe") && begins_s < START_S {
        let message = format!("container {name:?} is killed if it has not started {begins_s} s after its beginning, again and again");
        let fix = "add a startupProbe with the same check, periodSeconds: 10, failureThreshold: 30";
        findings.add(&LIVENESS_EARLY, container.path("livenessProbe"), message, fix);
    }
}
