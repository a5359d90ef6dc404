//! The numbers of a Deployment's revisions, and what of its annotations its new set bears (DEP-5..8). Pure.

use super::sets::{DESIRED_REPLICAS, MAX_REPLICAS, REVISION, REVISION_HISTORY, Set};
use super::spec::Spec;
use crate::object::strings;

/// Annotations that a set does not take over.
const NOT_COPIED: &[&str] = &[
    "kubectl.kubernetes.io/last-applied-configuration",
    REVISION,
    REVISION_HISTORY,
    DESIRED_REPLICAS,
    MAX_REPLICAS,
    "deprecated.deployment.rollback.to",
];
/// Characters of [`REVISION_HISTORY`].
const HISTORY_MAX: usize = 2000;

/// DEP-5, DEP-6.
pub fn copy_annotations(set: &mut Set, spec: &Spec) {
    for (name, value) in strings(spec.object.value["metadata"].get("annotations")) {
        if !NOT_COPIED.contains(&name.as_str()) {
            set.annotate(&name, value);
        }
    }
}

/// DEP-7, DEP-8: raises a set's revision to this one, and keeps its former one in its history.
pub fn raise(set: &mut Set, revision: i64) {
    let former = set.annotations.get(REVISION).cloned();
    let number = match former.as_deref() {
        None | Some("") => 0,
        // What somebody wrote there is left alone.
        Some(text) => match text.parse::<i64>() {
            Ok(number) => number,
            Err(_) => return,
        },
    };
    if number >= revision {
        return;
    }
    set.annotate(REVISION, revision.to_string());
    let Some(former) = former else { return };
    let history = set.annotations.get(REVISION_HISTORY).cloned().unwrap_or_default();
    let mut numbers: Vec<&str> = history.split(',').filter(|number| !number.is_empty()).collect();
    numbers.push(&former);
    let mut history = numbers.join(",");
    while history.len() > HISTORY_MAX
        && let Some((_, rest)) = history.split_once(',')
    {
        history = rest.to_owned();
    }
    set.annotate(REVISION_HISTORY, history);
}
