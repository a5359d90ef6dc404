//! RuntimeClass: what runs the containers of pods that name it, what that costs, and which nodes have it.

use super::columns;
use super::pod_spec::validation::{resources, texts, tolerations};
use crate::{
    Value,
    field::{self, Errors, Path},
    names,
    registry::{ALL_VERBS, Column, Hooks, HooksRef, Kind, Part},
    schema::generated::NODE_V1_RUNTIME_CLASS,
    selector,
    time::{Timestamp, age},
    value::Access,
};

pub static RUNTIME_CLASS: Kind = Kind {
    group: "node.k8s.io",
    version: "v1",
    kind: "RuntimeClass",
    plural: "runtimeclasses",
    singular: "runtimeclass",
    short_names: &[],
    categories: &[],
    namespaced: false,
    schema: &NODE_V1_RUNTIME_CLASS,
    verbs: ALL_VERBS,
    subresources: &[],
    selectable: &[],
    columns: COLUMNS,
    create_on_update: false,
    unconditional_update: false,
    delete_returns_object: false,
    stored_as: None,
    hooks: HooksRef::Static(&RuntimeClass),
};

const COLUMNS: &[Column] = &[columns::NAME, columns::field("Handler", &NODE_V1_RUNTIME_CLASS, "handler"), columns::AGE];

#[derive(Debug)]
struct RuntimeClass;

impl Hooks for RuntimeClass {
    fn validate(&self, object: &Value) -> Errors {
        let (handler, path) = (object.str("handler"), Path::new("handler"));
        let mut errors: Errors = texts(&path, handler, names::dns_label(handler)).collect();
        if object.has("overhead") {
            errors.extend(resources::overhead(&object["overhead"]["podFixed"], &Path::new("overhead")));
        }
        let (scheduling, path) = (&object["scheduling"], Path::new("scheduling"));
        errors.extend(selector::validate_labels(scheduling.map("nodeSelector"), &path.child("nodeSelector")));
        errors.extend(tolerations::validate(scheduling.items("tolerations"), &path.child("tolerations")));
        errors
    }

    fn validate_update(&self, _part: Part, object: &Value, old: &Value) -> Errors {
        let handler = object.str("handler");
        let is_same = handler == old.str("handler");
        if is_same { Errors::new() } else { vec![field::invalid(&Path::new("handler"), handler, "field is immutable")] }
    }

    fn cells(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        vec![object["metadata"].str("name").into(), object.str("handler").into(), age(object, now).into()]
    }
}

#[cfg(test)]
mod tests {
    use super::RUNTIME_CLASS;
    use crate::{Value, json, registry::Part};

    fn errors(class: &Value) -> Vec<String> {
        RUNTIME_CLASS.hooks.validate(class).iter().map(ToString::to_string).collect()
    }

    // M10
    #[test]
    fn a_class_names_a_handler_and_says_what_it_costs() {
        let class = json!({"handler": "heavy", "overhead": {"podFixed": {"cpu": "500m"}},
            "scheduling": {"nodeSelector": {"arch": "arm"}, "tolerations": [{"key": "arch", "operator": "Exists"}]}});
        assert_eq!(errors(&class), [""; 0]);
        let wrong = json!({"handler": "Heavy_", "overhead": {"podFixed": {"cpu": "-1"}}, "scheduling": {"nodeSelector": {"a b": ""}}});
        let errors = errors(&wrong);
        assert_eq!(errors.len(), 3, "{errors:?}");
        assert!(errors[1].starts_with("overhead.limits[cpu]: Invalid value: \"-1\""), "{errors:?}");
    }

    #[test]
    fn the_handler_stays() {
        let update = |new: &str| RUNTIME_CLASS.hooks.validate_update(Part::Main, &json!({"handler": new}), &json!({"handler": "a"})).len();
        assert_eq!((update("a"), update("b")), (0, 1));
    }
}
