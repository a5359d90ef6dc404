//! Tests of what roles and bindings may say.

use super::{CLUSTER_ROLE, CLUSTER_ROLE_BINDING, ROLE, ROLE_BINDING};
use crate::{Value, json, registry::Kind, schema::walker, time::Timestamp};

fn decoded(kind: &'static Kind, mut body: Value) -> Value {
    body["metadata"] = json!({"name": "system:x"});
    let mut object = walker::decode_value(kind.schema, body).unwrap().value;
    kind.hooks.default(&mut object);
    object
}

fn faults(kind: &'static Kind, body: Value) -> Vec<String> {
    kind.hooks.validate(&decoded(kind, body)).iter().map(ToString::to_string).collect()
}

#[test]
fn rules_are_about_resources_or_urls() {
    let urls = json!({"rules": [{"verbs": ["get"], "nonResourceURLs": ["/healthz"]}]});
    assert!(faults(&CLUSTER_ROLE, urls.clone()).is_empty());
    assert_eq!(
        faults(&ROLE, urls),
        ["rules[0].nonResourceURLs: Invalid value: [\"/healthz\"]: namespaced rules cannot apply to non-resource URLs"]
    );
    assert_eq!(faults(&ROLE, json!({"rules": [{"apiGroups": [""]}]})).len(), 2);
}

#[test]
fn users_and_groups_belong_to_the_group_of_roles() {
    let binding = decoded(
        &ROLE_BINDING,
        json!({"roleRef": {"kind": "Role", "name": "r"}, "subjects": [{"kind": "User", "name": "u"}, {"kind": "ServiceAccount", "name": "s", "namespace": "n"}]}),
    );
    assert_eq!(binding["subjects"][0]["apiGroup"], "rbac.authorization.k8s.io");
    assert!(ROLE_BINDING.hooks.validate(&binding).is_empty());
    assert_eq!(ROLE_BINDING.hooks.cells(&binding, Timestamp(0))[3..], [json!("u"), json!(""), json!("n/s")]);
    let mut other = binding.clone();
    other["roleRef"]["name"] = "q".into();
    assert!(
        ROLE_BINDING.hooks.validate_update(crate::registry::Part::Main, &other, &binding)[0].to_string().ends_with("field is immutable")
    );
}

#[test]
fn a_cluster_has_cluster_roles_alone() {
    let binding = json!({"roleRef": {"kind": "Role", "name": "r"}, "subjects": [{"kind": "ServiceAccount", "name": "s"}]});
    assert_eq!(
        faults(&CLUSTER_ROLE_BINDING, binding),
        ["roleRef.kind: Unsupported value: \"Role\": supported values: \"ClusterRole\"", "subjects[0].namespace: Required value",]
    );
}
