//! The user's objects as they can be applied: each has a name and is there once, and none stands before what it needs. Pure but for the files.
//! What is wrong is said with file and line, all at once.

use crate::cli::BadInput;
use crate::manifests::{self, Depth, Document, Source};
use std::collections::BTreeMap;
use stead_api::field;
use stead_api::value::Access;

/// Kinds in the order of their turn: what others live in, then what workloads name, then workloads. Kinds that are not named here come between.
const FIRST: &[&str] = &[
    "Namespace",
    "PriorityClass",
    "RuntimeClass",
    "StorageClass",
    "IngressClass",
    "ResourceQuota",
    "LimitRange",
    "NetworkPolicy",
    "PodDisruptionBudget",
    "ServiceAccount",
    "Secret",
    "ConfigMap",
    "ClusterRole",
    "ClusterRoleBinding",
    "Role",
    "RoleBinding",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "Service",
];
const LAST: &[&str] = &[
    "Pod",
    "ReplicationController",
    "ReplicaSet",
    "DaemonSet",
    "Deployment",
    "StatefulSet",
    "Job",
    "CronJob",
    "HorizontalPodAutoscaler",
    "Ingress",
];

/// The objects of these sources in the order in which they are applied.
pub fn read(sources: &[Source], depth: Depth) -> Result<Vec<Document>, BadInput> {
    let documents = manifests::read(sources, depth).map_err(|error| BadInput(format!("{error:#}")))?;
    let mut wrong: Vec<String> =
        documents.iter().filter_map(|document| Some(format!("{}: {}", document.place(), missing(document)?))).collect();
    wrong.extend(documents.iter().flat_map(unreachable));
    wrong.extend(repeated(&documents));
    if wrong.is_empty() { Ok(sorted(documents)) } else { Err(BadInput(wrong.join("\n"))) }
}

/// What an object lacks that is to be applied.
fn missing(document: &Document) -> Option<String> {
    let (kind, has_prefix) = (document.kind(), !document.object["metadata"].str("generateName").is_empty());
    match (document.repeated.as_slice(), document.name(), has_prefix) {
        ([], "", true) => Some(format!("{kind}: metadata.generateName makes another object each time; give it a metadata.name")),
        ([], "", false) => Some(format!("{kind}: metadata.name is not set")),
        ([], _, _) => None,
        (repeated, ..) => Some(format!("{kind}: {}", repeated.join("; "))),
    }
}

/// Names by which an object cannot be asked for.
fn unreachable(document: &Document) -> Vec<String> {
    let line = |error: &field::Error| document.line_of(error.path.as_str());
    let errors = document.unreachable_names();
    errors.iter().map(|error| format!("{}:{}: {}: {error}", document.file, line(error), document.kind())).collect()
}

/// Objects that are there twice: the second would undo the first.
fn repeated(documents: &[Document]) -> Vec<String> {
    let mut first = BTreeMap::new();
    let mut wrong = Vec::new();
    for document in documents.iter().filter(|document| !document.name().is_empty()) {
        let group = document.api_version().split_once('/').map_or("", |(group, _)| group);
        let id = (group, document.kind(), document.namespace(), document.name());
        if let Some(other) = first.insert(id, document) {
            wrong.push(format!("{}: {} {} is already in {}", document.place(), document.kind(), document.name(), other.place()));
        }
    }
    wrong
}

fn turn(kind: &str) -> usize {
    let of = |kinds: &[&str]| kinds.iter().position(|one| *one == kind);
    match (of(FIRST), of(LAST)) {
        (Some(place), _) => place,
        (_, Some(place)) => FIRST.len() + 1 + place,
        _ => FIRST.len(),
    }
}

/// Objects of one kind stay in the order in which they were written.
fn sorted(mut documents: Vec<Document>) -> Vec<Document> {
    documents.sort_by_key(|document| turn(document.kind()));
    documents
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<Vec<Document>, String> {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("f.yaml");
        std::fs::write(&file, text).unwrap();
        let error = |error: BadInput| error.0.replace(&format!("{}/", dir.path().display()), "");
        read(&[Source::Path(file)], Depth::Directory).map_err(error)
    }

    fn objects(objects: &[(&str, &str)]) -> String {
        objects.iter().map(|(kind, name)| format!("{{apiVersion: v1, kind: {kind}, metadata: {{name: {name}}}}}\n---\n")).collect()
    }

    #[test]
    fn what_others_need_comes_first() {
        let kinds = ["StatefulSet", "Widget", "Pod", "Service", "ConfigMap", "PersistentVolumeClaim", "Namespace", "Secret", "RoleBinding"];
        let documents = of(&objects(&kinds.map(|kind| (kind, "a")))).unwrap();
        let order: Vec<&str> = documents.iter().map(Document::kind).collect();
        let wanted =
            ["Namespace", "Secret", "ConfigMap", "RoleBinding", "PersistentVolumeClaim", "Service", "Widget", "Pod", "StatefulSet"];
        assert_eq!(order, wanted);
        let documents = of(&objects(&[("Pod", "b"), ("Pod", "a")])).unwrap();
        assert_eq!(documents.iter().map(Document::name).collect::<Vec<_>>(), ["b", "a"], "one kind stays as it was written");
    }

    #[test]
    fn what_cannot_be_applied_is_said_at_once() {
        let text = "{apiVersion: v1, kind: A}\n---\n{apiVersion: v1, kind: A, metadata: {generateName: a-}}\n---\napiVersion: v1\nkind: A\nkind: B\nmetadata: {name: a}\n";
        let said = of(text).unwrap_err();
        assert_eq!(
            said.lines().collect::<Vec<_>>(),
            [
                "f.yaml:1: A: metadata.name is not set",
                "f.yaml:3: A: metadata.generateName makes another object each time; give it a metadata.name",
                "f.yaml:5: B: line 7: key \"kind\" already set in map",
            ]
        );
    }

    #[test]
    fn a_name_that_no_path_leads_to_is_refused_with_its_line() {
        let text = "apiVersion: v1\nkind: A\nmetadata:\n  name: a/b\n---\napiVersion: v1\nkind: A\nmetadata:\n  name: a\n  namespace: ..\n";
        assert_eq!(
            of(text).unwrap_err().lines().collect::<Vec<_>>(),
            [
                "f.yaml:4: A: metadata.name: Invalid value: \"a/b\": may not contain '/'",
                "f.yaml:10: A: metadata.namespace: Invalid value: \"..\": may not be '..'",
            ]
        );
    }

    #[test]
    fn an_object_that_is_there_twice_is_refused() {
        let other_version =
            "{apiVersion: apps/v1, kind: A, metadata: {name: a}}\n---\n{apiVersion: apps/v1beta1, kind: A, metadata: {name: a}}\n---\n";
        assert_eq!(of(&format!("{other_version}{}", objects(&[("A", "a")]))).unwrap_err(), "f.yaml:3: A a is already in f.yaml:1");
    }
}
