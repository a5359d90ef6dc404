//! What a Job may be and what of it may change. Input: objects. Output: upstream's errors.

use super::{CONTROLLER_UID, JOB_NAME, counters, has_condition, policies};
use crate::{
    Value,
    field::{self, Errors, Path},
    json,
    kinds::pod_template,
    names,
    selector::{self, LabelSelector},
    value::Access,
};

const MODES: [&str; 2] = ["NonIndexed", "Indexed"];
/// Bytes of the name of a controller.
const MANAGED_BY_MAX: usize = 63;
/// Limits of an indexed job, so that its status has room.
const PARALLELISM_MAX: i64 = 100_000;
const FAILED_INDEXES_MAX: i64 = 100_000;
const COMPLETIONS_SOFT_MAX: i64 = 100_000;
/// Limits above [`COMPLETIONS_SOFT_MAX`].
const MANY_PARALLELISM_MAX: i64 = 10_000;
const MANY_FAILED_INDEXES_MAX: i64 = 10_000;
const IMMUTABLE: &str = "field is immutable";

/// Validates a new job.
pub fn create(object: &Value) -> Errors {
    let (spec, path) = (&object["spec"], Path::new("spec"));
    let mut errors = generated_selector(object);
    errors.extend(job_spec(spec, &path));
    if spec.str("completionMode") == "Indexed"
        && let Some(completions) = spec.int("completions").filter(|completions| *completions > 0)
    {
        // The longest name that a pod gets.
        let name = object["metadata"].str("name");
        let host = format!("{name}-{}", completions - 1);
        if !names::dns_label(&host).is_empty() {
            let detail = format!("will not able to create pod with invalid DNS label: {host}");
            errors.push(field::invalid(&Path::new("metadata").child("name"), name, &detail));
        }
    }
    errors
}

/// Validates a changed job.
pub fn update(object: &Value, old: &Value) -> Errors {
    let (spec, before, path) = (&object["spec"], &old["spec"], Path::new("spec"));
    let mut errors = job_spec(spec, &path);
    errors.extend(completions_change(spec, before, &path.child("completions")));
    let frozen = |member: &str, new: &Value, old: &Value| {
        let shown = || new.get(member).cloned().unwrap_or(Value::Null);
        (new.get(member) != old.get(member)).then(|| field::invalid(&path.child(member), shown(), IMMUTABLE))
    };
    errors.extend(frozen("selector", spec, before));
    if is_at_rest(old) {
        let mut allowed = before["template"]["spec"].clone();
        loosen(&mut allowed, &spec["template"]["spec"]);
        let pod = &spec["template"]["spec"];
        let at = path.child("template").child("spec");
        errors.extend((*pod != allowed).then(|| field::invalid(&at, pod.clone(), IMMUTABLE)));
    } else {
        errors.extend(frozen("template", spec, before));
    }
    for member in ["completionMode", "podFailurePolicy", "backoffLimitPerIndex", "managedBy", "successPolicy"] {
        errors.extend(frozen(member, spec, before));
    }
    errors
}

/// Whether a job is suspended and has no pods: it never started, or all of them are gone.
fn is_at_rest(job: &Value) -> bool {
    let status = &job["status"];
    let idle = status.int("active").unwrap_or_default() == 0;
    job["spec"].flag("suspend") && idle && (!status.has("startTime") || has_condition(status, "Suspended"))
}

/// What may change in the pods of a job at rest: where they run, and how much they get.
fn loosen(old: &mut Value, new: &Value) {
    let affinity = new.get("affinity").and_then(|affinity| affinity.get("nodeAffinity")).cloned();
    if new.has("affinity") {
        old.default_to("affinity", json!({}));
    }
    if let Some(affinities) = old.get_mut("affinity") {
        affinities.drop("nodeAffinity");
        if let Some(affinity) = affinity {
            affinities["nodeAffinity"] = affinity;
        } else if !new.has("affinity") && affinities.as_object().is_some_and(|affinities| affinities.is_empty()) {
            old.drop("affinity");
        }
    }
    for member in ["nodeSelector", "tolerations", "schedulingGates"] {
        replace(old, new, member);
    }
    for list in ["containers", "initContainers"] {
        for (old, new) in old.items_mut(list).iter_mut().zip(new.items(list)) {
            replace(old, new, "resources");
        }
    }
}

fn replace(holder: &mut Value, from: &Value, member: &str) {
    holder.drop(member);
    if let Some(value) = from.get(member) {
        holder[member] = value.clone();
    }
}

/// The number of completions stays, but for indexed jobs, where it may follow the parallelism.
fn completions_change(spec: &Value, old: &Value, path: &Path) -> Option<field::Error> {
    let (new, before) = (spec.int("completions"), old.int("completions"));
    if new == before {
        return None;
    }
    let shown = new.map_or(Value::Null, Value::from);
    match (spec.str("completionMode") == "Indexed", new) {
        (false, _) => Some(field::invalid(path, shown, IMMUTABLE)),
        // Told already.
        (true, None) => None,
        (true, Some(new)) => (Some(new) != spec.int("parallelism"))
            .then(|| field::invalid(path, shown, "can only be modified in tandem with spec.parallelism")),
    }
}

/// Labels and selector must be what the server would have made.
fn generated_selector(object: &Value) -> Errors {
    let spec = &object["spec"];
    if spec.flag("manualSelector") || !spec.has("selector") {
        return Errors::new();
    }
    let metadata = &object["metadata"];
    let (name, uid) = (metadata.str("name"), metadata.str("uid"));
    let labels = &spec["template"]["metadata"]["labels"];
    let path = Path::new("spec").child("template").child("metadata").child("labels");
    let mut errors = Errors::new();
    let [[new_uid, old_uid], [new_name, old_name]] = [CONTROLLER_UID, JOB_NAME];
    let mut expected = json!({});
    for (key, value) in [(old_uid, uid), (old_name, name), (new_uid, uid), (new_name, name)] {
        expected[key] = value.into();
        let detail = format!("must be '{value}'");
        match labels.get(key) {
            None => errors.push(field::required(&path.key(key), &detail)),
            Some(given) if given != value => errors.push(field::invalid(&path.key(key), labels.clone(), &detail)),
            Some(_) => {}
        }
    }
    if !LabelSelector::from_object(spec.get("selector")).matches(expected.as_object()) {
        errors.push(field::invalid(&Path::new("spec").child("selector"), spec["selector"].clone(), "`selector` not auto-generated"));
    }
    errors
}

fn job_spec(spec: &Value, path: &Path) -> Errors {
    let mut errors = template_spec(spec, path);
    let (selector, at) = (spec.get("selector").filter(|selector| !selector.is_null()), path.child("selector"));
    let faults = match selector {
        None => vec![field::required(&at, "")],
        Some(selector) => selector::validate_label_selector(selector, &at),
    };
    if selector.is_none() || faults.is_empty() {
        errors.extend(faults);
        errors.extend(pod_template::selected(&LabelSelector::from_object(selector), &spec["template"], &path.child("template")));
    } else {
        errors.extend(faults);
    }
    errors
}

/// Validates the spec of a job, but for its selector, which a CronJob's has not got.
pub fn template_spec(spec: &Value, path: &Path) -> Errors {
    const COUNTERS: [&str; 7] = [
        "parallelism",
        "completions",
        "activeDeadlineSeconds",
        "backoffLimit",
        "ttlSecondsAfterFinished",
        "backoffLimitPerIndex",
        "maxFailedIndexes",
    ];
    let mut errors = counters(spec, &COUNTERS, path);
    if spec.has("maxFailedIndexes") && !spec.has("backoffLimitPerIndex") {
        errors.push(field::required(&path.child("backoffLimitPerIndex"), "when maxFailedIndexes is specified"));
    }
    if let Some(manager) = spec.get("managedBy").and_then(Value::as_str) {
        errors.extend(managed_by(manager, &path.child("managedBy")));
    }
    errors.extend(indexes(spec, path));
    if spec.has("podFailurePolicy") {
        errors.extend(policies::failure(spec, &path.child("podFailurePolicy")));
    }
    if spec.has("successPolicy") {
        errors.extend(policies::success(spec, &path.child("successPolicy")));
    }
    errors.extend(policies::replacement(spec, &path.child("podReplacementPolicy")));
    let at = path.child("template");
    errors.extend(pod_template::validate(&spec["template"], &at));
    errors.extend(restart_policy(spec, &at.child("spec").child("restartPolicy")));
    errors
}

/// `example.com/name`.
fn managed_by(manager: &str, path: &Path) -> Errors {
    let mut errors = names::domain_prefixed_path(manager, path);
    if manager.len() > MANAGED_BY_MAX {
        errors.push(field::too_long(path, MANAGED_BY_MAX));
    }
    errors
}

fn indexes(spec: &Value, path: &Path) -> Errors {
    let mut errors = Errors::new();
    let mode = spec.str("completionMode");
    if !mode.is_empty() && !MODES.contains(&mode) {
        errors.push(field::not_supported(&path.child("completionMode"), mode, &MODES));
    }
    let [completions, parallelism, failed] = ["completions", "parallelism", "maxFailedIndexes"].map(|member| spec.int(member));
    let per_index = spec.int("backoffLimitPerIndex");
    let (at_parallelism, at_failed) = (path.child("parallelism"), path.child("maxFailedIndexes"));
    if matches!(mode, "" | "NonIndexed") {
        for (member, value) in [("backoffLimitPerIndex", per_index), ("maxFailedIndexes", failed)] {
            errors.extend(value.map(|value| field::invalid(&path.child(member), value, "requires indexed completion mode")));
        }
    }
    if mode != "Indexed" {
        return errors;
    }
    let above = |value: Option<i64>, max: i64, at: &Path, more: &str| {
        let value = value.filter(|value| *value > max)?;
        Some(field::invalid(at, value, &format!("must be less than or equal to {max}{more}")))
    };
    if completions.is_none() {
        errors.push(field::required(&path.child("completions"), "when completion mode is Indexed"));
    }
    errors.extend(above(parallelism, PARALLELISM_MAX, &at_parallelism, " when completion mode is Indexed"));
    if let (Some(failed), Some(completions)) = (failed, completions)
        && failed > completions
    {
        errors.push(field::invalid(&at_failed, failed, "must be less than or equal to completions"));
    }
    errors.extend(above(failed, FAILED_INDEXES_MAX, &at_failed, ""));
    if per_index.is_some() && completions.is_some_and(|completions| completions > COMPLETIONS_SOFT_MAX) {
        if failed.is_none() {
            let detail = format!("must be specified when completions is above {COMPLETIONS_SOFT_MAX}");
            errors.push(field::required(&at_failed, &detail));
        }
        let more = format!(" when completions are above {COMPLETIONS_SOFT_MAX} and used with backoff limit per index");
        errors.extend(above(parallelism, MANY_PARALLELISM_MAX, &at_parallelism, &more));
        errors.extend(above(failed, MANY_FAILED_INDEXES_MAX, &at_failed, &more));
    }
    errors
}

/// Pods of a job end; a policy about failures is asked only if they are not restarted in place.
fn restart_policy(spec: &Value, path: &Path) -> Option<field::Error> {
    match spec["template"]["spec"].str("restartPolicy") {
        "" | "Always" => Some(field::required(path, "valid values: \"OnFailure\", \"Never\"")),
        "Never" => None,
        "OnFailure" => spec
            .has("podFailurePolicy")
            .then(|| field::invalid(path, "OnFailure", "only \"Never\" is supported when podFailurePolicy is specified")),
        other => Some(field::not_supported(path, other, &["OnFailure", "Never"])),
    }
}
