//! Pods of a Job: how they are made (JOB-3, JOB-4, JOB-74) and which go first when there are too many (JOB-26, JOB-72, JOB-73). Pure.

use super::spec::{Spec, TRACKING};
use crate::facts::job_pod::{FAILURES, IGNORED_FAILURES, INDEX};
use crate::object::Object;
use crate::plan::Effect;
use crate::pods;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;
use stead_api::{Value, json, value::Access};

/// The longest prefix of a name that the server makes up.
const PREFIX_MAX: usize = 58;
const INDEX_VARIABLE: &str = "JOB_COMPLETION_INDEX";

/// The template of a Job as its pods have it.
pub fn template(job: &Object, spec: &Spec) -> Value {
    let mut template = job.spec()["template"].clone();
    template.default_to("metadata", json!({}));
    let mut finalizers = template["metadata"].items("finalizers").to_vec();
    if !finalizers.iter().any(|name| name.as_str() == Some(TRACKING)) {
        finalizers.push(TRACKING.into());
    }
    template["metadata"]["finalizers"] = finalizers.into();
    if spec.indexed {
        for list in ["initContainers", "containers"] {
            template["spec"].items_mut(list).iter_mut().for_each(tell_index);
        }
    }
    template
}

fn tell_index(container: &mut Value) {
    let mut variables = container.items("env").to_vec();
    if variables.iter().all(|variable| variable.str("name") != INDEX_VARIABLE) {
        let field = format!("metadata.labels['{INDEX}']");
        variables.push(json!({"name": INDEX_VARIABLE, "valueFrom": {"fieldRef": {"fieldPath": field}}}));
        container["env"] = variables.into();
    }
}

/// Makes a pod without an index.
pub fn create(job: &Object, template: &Value) -> Effect {
    pods::create(job, template)
}

/// Makes the pod of an index; `replaced` is the failed one before it.
pub fn create_indexed(job: &Object, spec: &Spec, template: &Value, index: i64, replaced: Option<&Arc<Object>>) -> Effect {
    let mut template = template.clone();
    let meta = &mut template["metadata"];
    for member in ["labels", "annotations"] {
        if !meta.has(member) {
            meta[member] = json!({});
        }
        meta[member][INDEX] = index.to_string().into();
    }
    if spec.backoff_limit_per_index.is_some() {
        let (failures, ignored) = replaced.map_or((0, 0), |pod| count_failures(spec, pod));
        meta["annotations"][FAILURES] = failures.to_string().into();
        if ignored > 0 {
            meta["annotations"][IGNORED_FAILURES] = ignored.to_string().into();
        }
    }
    template["spec"]["hostname"] = format!("{}-{index}", job.key.name).into();
    pods::create_as(job, &template, &prefix(&job.key.name, index))
}

/// How often an index has failed, this pod included.
fn count_failures(spec: &Spec, failed: &Object) -> (i64, i64) {
    let facts = failed.pod().job();
    match spec.is_ignored(failed) {
        true => (facts.failures, facts.ignored_failures + 1),
        false => (facts.failures + 1, facts.ignored_failures),
    }
}

fn prefix(job: &str, index: i64) -> String {
    let end = format!("-{index}-");
    let room = PREFIX_MAX - end.len();
    format!("{}{end}", job.get(..room).unwrap_or(job))
}

/// Active pods of which at least so many go.
pub fn surplus(spec: &Spec, active: &[Arc<Object>], at_least: usize) -> Vec<Arc<Object>> {
    let mut going = Vec::new();
    let mut staying = Vec::new();
    if spec.indexed {
        let mut of_index: BTreeMap<i64, Vec<Arc<Object>>> = BTreeMap::new();
        for pod in active {
            match spec.index_of(pod) {
                Some(index) => of_index.entry(index).or_default().push(Arc::clone(pod)),
                None => going.push(Arc::clone(pod)),
            }
        }
        for mut pods in of_index.into_values() {
            pods.sort_by_cached_key(|pod| rank(pod));
            staying.extend(pods.pop());
            going.extend(pods);
        }
    } else {
        staying = active.to_vec();
    }
    if going.len() < at_least {
        staying.sort_by_cached_key(|pod| rank(pod));
        let more = at_least - going.len();
        going.extend(staying.into_iter().take(more));
    }
    going
}

/// Low ranks go first.
fn rank(pod: &Object) -> impl Ord + use<> {
    let facts = pod.pod();
    let phase = match facts.phase.as_str() {
        "Pending" => 0,
        "Unknown" => 1,
        _ => 2,
    };
    let ready_since = facts.ready_since.filter(|_| facts.ready).map(Reverse);
    let restarts = (Reverse(facts.restarts.0), Reverse(facts.restarts.1));
    (!facts.node.is_empty(), phase, facts.ready, ready_since, restarts, Reverse(pod.created), Reverse(pod.uid.clone()))
}
