//! IngressClass: which controller serves Ingresses that name it.

use super::columns;
use crate::{
    Value,
    field::{self, Errors, Path, forbidden, invalid, not_supported, required},
    names,
    registry::{ALL_VERBS, Column, Generation, Hooks, HooksRef, Kind, Part},
    schema::generated::NETWORKING_V1_INGRESS_CLASS,
    time::{Timestamp, age},
    value::Access,
};

pub static INGRESS_CLASS: Kind = Kind {
    group: "networking.k8s.io",
    version: "v1",
    kind: "IngressClass",
    plural: "ingressclasses",
    singular: "ingressclass",
    short_names: &[],
    categories: &[],
    namespaced: false,
    schema: &NETWORKING_V1_INGRESS_CLASS,
    verbs: ALL_VERBS,
    subresources: &[],
    selectable: &[],
    columns: COLUMNS,
    create_on_update: false,
    unconditional_update: true,
    delete_returns_object: false,
    stored_as: None,
    hooks: HooksRef::Static(&IngressClass),
};

const COLUMNS: &[Column] = &[
    columns::NAME,
    columns::text("Controller", "Controller that is responsible for handling this class"),
    columns::text("Parameters", "A reference to a resource with additional parameters"),
    columns::AGE,
];

const CONTROLLER_MAX: usize = 250;
const DEFAULT_ANNOTATION: &str = "ingressclass.kubernetes.io/is-default-class";

/// Whether Ingresses that name no class get this one.
pub fn is_default(class: &Value) -> bool {
    class["metadata"]["annotations"].str(DEFAULT_ANNOTATION) == "true"
}

#[derive(Debug)]
struct IngressClass;

impl Hooks for IngressClass {
    fn default(&self, object: &mut Value) {
        if object["spec"].has("parameters") {
            object["spec"]["parameters"].default_to("scope", "Cluster");
        }
    }

    fn prepare_create(&self, object: &mut Value) {
        object["metadata"]["generation"] = 1.into();
    }

    fn prepare_update(&self, _part: Part, object: &mut Value, old: &Value) -> Generation {
        Generation::by_spec(object, old)
    }

    fn validate(&self, object: &Value) -> Errors {
        let (spec, path) = (&object["spec"], Path::new("spec"));
        let (controller, at) = (spec.str("controller"), path.child("controller"));
        let mut errors = Errors::new();
        if controller.len() > CONTROLLER_MAX {
            errors.push(field::too_long(&at, CONTROLLER_MAX));
        }
        errors.extend(names::domain_prefixed_path(controller, &at));
        if spec.has("parameters") {
            errors.extend(validate_parameters(&spec["parameters"], &path.child("parameters")));
        }
        errors
    }

    fn validate_update(&self, _part: Part, object: &Value, old: &Value) -> Errors {
        let mut errors = Errors::new();
        if object["spec"].str("controller") != old["spec"].str("controller") {
            errors.push(invalid(&Path::new("spec.controller"), object["spec"].str("controller"), "field is immutable"));
        }
        errors.extend(self.validate(object));
        errors
    }

    fn cells(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let (spec, parameters) = (&object["spec"], &object["spec"]["parameters"]);
        let shown = match (spec.has("parameters"), parameters.str("apiGroup")) {
            (false, _) => "<none>".to_owned(),
            (true, "") => format!("{}/{}", parameters.str("kind"), parameters.str("name")),
            (true, group) => format!("{}.{group}/{}", parameters.str("kind"), parameters.str("name")),
        };
        vec![object["metadata"].str("name").into(), spec.str("controller").into(), shown.into(), age(object, now).into()]
    }
}

fn validate_parameters(parameters: &Value, path: &Path) -> Errors {
    let mut errors = validate_reference(parameters, path, |member| format!("{member} is required"));
    let at = path.child("namespace");
    match parameters.str("scope") {
        "Cluster" if parameters.has("namespace") => errors.push(forbidden(&at, "`parameters.scope` is set to 'Cluster'")),
        "Cluster" => {}
        "Namespace" if !parameters.has("namespace") => errors.push(required(&at, "`parameters.scope` is set to 'Namespace'")),
        "Namespace" => {
            let namespace = parameters.str("namespace");
            errors.extend(names::dns_label(namespace).iter().map(|why| invalid(&at, namespace, why)));
        }
        other => errors.push(not_supported(&path.child("scope"), other, &["Cluster", "Namespace"])),
    }
    errors
}

/// A reference to an object in the same place by group, kind and name; `missing` is what is said of a member that is not there.
pub(super) fn validate_reference(reference: &Value, path: &Path, missing: impl Fn(&str) -> String) -> Errors {
    let mut errors = Errors::new();
    let group = reference.str("apiGroup");
    if !group.is_empty() {
        errors.extend(names::dns_subdomain(group).iter().map(|why| invalid(&path.child("apiGroup"), group, why)));
    }
    for member in ["kind", "name"] {
        let (at, value) = (path.child(member), reference.str(member));
        match value {
            "" => errors.push(required(&at, &missing(member))),
            value => errors.extend(names::path_segment_name(value).iter().map(|why| invalid(&at, value, why))),
        }
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    fn class(spec: Value) -> Value {
        let mut class = json!({"metadata": {"name": "a"}, "spec": spec});
        INGRESS_CLASS.hooks.default(&mut class);
        class
    }

    #[test]
    fn parameters_are_of_the_cluster_unless_they_say_otherwise() {
        let reference = json!({"kind": "K", "name": "n"});
        let made = class(json!({"controller": "example.com/c", "parameters": reference}));
        assert_eq!(made["spec"]["parameters"]["scope"], "Cluster");
        assert!(INGRESS_CLASS.hooks.validate(&made).is_empty());
        for (scope, namespace) in [("Cluster", Some("a")), ("Namespace", None), ("Namespace", Some("A")), ("Other", None)] {
            let parameters = json!({"kind": "K", "name": "n", "scope": scope, "namespace": namespace});
            let wrong = class(json!({"controller": "example.com/c", "parameters": parameters}));
            assert_eq!(INGRESS_CLASS.hooks.validate(&wrong).len(), 1, "{wrong}");
        }
    }

    #[test]
    fn the_controller_stays() {
        let (old, new) = (class(json!({"controller": "a.b/c"})), class(json!({"controller": "a.b/d"})));
        assert_eq!(INGRESS_CLASS.hooks.validate_update(Part::Main, &new, &old).len(), 1);
        assert!(INGRESS_CLASS.hooks.validate_update(Part::Main, &old, &old).is_empty());
        assert_eq!(INGRESS_CLASS.hooks.validate(&class(json!({"controller": ""}))).len(), 1);
    }
}
