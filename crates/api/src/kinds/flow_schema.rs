//! FlowSchema: which requests are of which priority level, and which of them stand in one line.

use super::columns;
use super::fairness;
use super::pod_spec::validation::texts;
use crate::{
    Value,
    field::{self, Errors, Path},
    json, names,
    registry::{ALL_VERBS, Column, Generation, Hooks, HooksRef, Kind, Part, READ_WRITE, Subresource, begin},
    schema::generated::{
        FLOWCONTROL_V1_FLOW_SCHEMA, FLOWCONTROL_V1_FLOW_SCHEMA_SPEC as SPEC, FLOWCONTROL_V1_PRIORITY_LEVEL_CONFIGURATION_REFERENCE as LEVEL,
    },
    time::{Timestamp, age},
    value::Access,
};

pub static FLOW_SCHEMA: Kind = Kind {
    group: "flowcontrol.apiserver.k8s.io",
    version: "v1",
    kind: "FlowSchema",
    plural: "flowschemas",
    singular: "flowschema",
    short_names: &[],
    categories: &[],
    namespaced: false,
    schema: &FLOWCONTROL_V1_FLOW_SCHEMA,
    verbs: ALL_VERBS,
    subresources: &[Subresource { name: "status", gvk: None, verbs: READ_WRITE }],
    selectable: &[],
    columns: COLUMNS,
    create_on_update: false,
    unconditional_update: true,
    delete_returns_object: false,
    stored_as: None,
    hooks: HooksRef::Static(&FlowSchema),
};

const COLUMNS: &[Column] = &[
    columns::NAME,
    columns::field("PriorityLevel", &LEVEL, "name"),
    columns::field("MatchingPrecedence", &SPEC, "matchingPrecedence"),
    columns::field("DistinguisherMethod", &SPEC, "distinguisherMethod"),
    columns::AGE,
    columns::text("MissingPL", "references a broken or non-existent PriorityLevelConfiguration"),
];

const PRECEDENCE_DEFAULT: i64 = 1000;
const PRECEDENCE_MAX: i64 = 10_000;
const METHODS: [&str; 2] = ["ByNamespace", "ByUser"];
/// Of a list that says so, it is all.
const ALL: &str = "*";
const VERBS: [&str; 9] = ["create", "delete", "deletecollection", "get", "list", "patch", "proxy", "update", "watch"];
/// What a subject of each kind says of itself.
const SUBJECTS: [(&str, &str); 3] = [("Group", "group"), ("ServiceAccount", "serviceAccount"), ("User", "user")];

#[derive(Debug)]
struct FlowSchema;

impl Hooks for FlowSchema {
    fn default(&self, object: &mut Value) {
        object.default_to("spec", json!({}));
        if object["spec"].int("matchingPrecedence").unwrap_or_default() == 0 {
            object["spec"]["matchingPrecedence"] = PRECEDENCE_DEFAULT.into();
        }
    }

    fn prepare_create(&self, object: &mut Value) {
        begin(object, json!({}));
    }

    fn prepare_update(&self, part: Part, object: &mut Value, old: &Value) -> Generation {
        part.restore_rest(object, old);
        Generation::by_spec(object, old)
    }

    fn validate(&self, object: &Value) -> Errors {
        let (spec, path, name) = (&object["spec"], Path::new("spec"), object["metadata"].str("name"));
        let mut errors = validate_spec(name, spec, &path);
        if fairness::mandatory_schema(name).is_some_and(|given| given != *spec) {
            errors.push(field::invalid(&path, spec.clone(), &format!("spec of '{name}' must equal the fixed value")));
        }
        errors.extend(fairness::validate_status(object));
        errors
    }

    fn validate_update(&self, part: Part, object: &Value, _old: &Value) -> Errors {
        if part == Part::Main { self.validate(object) } else { fairness::validate_status(object) }
    }

    fn cells(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let spec = &object["spec"];
        let method = spec["distinguisherMethod"].str("type");
        let dangling = object["status"].items("conditions").iter().find(|condition| condition.str("type") == "Dangling");
        vec![
            object["metadata"].str("name").into(),
            spec["priorityLevelConfiguration"].str("name").into(),
            spec.int("matchingPrecedence").unwrap_or_default().into(),
            if method.is_empty() { "<none>" } else { method }.into(),
            age(object, now).into(),
            dangling.map_or("?", |condition| condition.str("status")).into(),
        ]
    }
}

fn validate_spec(name: &str, spec: &Value, path: &Path) -> Errors {
    let mut errors = Errors::new();
    let (precedence, at) = (spec.int("matchingPrecedence").unwrap_or_default(), path.child("matchingPrecedence"));
    if precedence <= 0 {
        errors.push(field::invalid(&at, precedence, "must be a positive value"));
    }
    if precedence > PRECEDENCE_MAX {
        errors.push(field::invalid(&at, precedence, &format!("must not be greater than {PRECEDENCE_MAX}")));
    }
    if precedence == 1 && name != fairness::EXEMPT {
        errors.push(field::invalid(&at, precedence, "only the schema named 'exempt' may have matchingPrecedence 1"));
    }
    let method = &spec["distinguisherMethod"];
    if spec.has("distinguisherMethod") && !METHODS.contains(&method.str("type")) {
        errors.push(field::not_supported(&path.child("distinguisherMethod").child("type"), method.clone(), &METHODS));
    }
    let (level, at) = (spec["priorityLevelConfiguration"].str("name"), path.child("priorityLevelConfiguration").child("name"));
    match level {
        "" => errors.push(field::required(&at, "must reference a priority level")),
        level => errors.extend(texts(&at, level, names::dns_subdomain(level))),
    }
    for (index, rule) in spec.items("rules").iter().enumerate() {
        errors.extend(validate_rule(rule, &path.child("rules").index(index)));
    }
    errors
}

fn validate_rule(rule: &Value, path: &Path) -> Errors {
    let mut errors = Errors::new();
    if rule.items("subjects").is_empty() {
        errors.push(field::required(&path.child("subjects"), "subjects must contain at least one value"));
    }
    for (index, subject) in rule.items("subjects").iter().enumerate() {
        errors.extend(validate_subject(subject, &path.child("subjects").index(index)));
    }
    let (resources, others) = (rule.items("resourceRules"), rule.items("nonResourceRules"));
    if resources.is_empty() && others.is_empty() {
        errors.push(field::required(path, "at least one of resourceRules and nonResourceRules has to be non-empty"));
    }
    for (index, rule) in resources.iter().enumerate() {
        errors.extend(validate_resources(rule, &path.child("resourceRules").index(index)));
    }
    for (index, rule) in others.iter().enumerate() {
        errors.extend(validate_paths(rule, &path.child("nonResourceRules").index(index)));
    }
    errors
}

fn validate_subject(subject: &Value, path: &Path) -> Errors {
    let kind = subject.str("kind");
    let Some((_, own)) = SUBJECTS.iter().find(|(name, _)| *name == kind) else {
        return vec![field::not_supported(&path.child("kind"), kind, &SUBJECTS.map(|(name, _)| name))];
    };
    let mut errors = if subject.has(own) {
        validate_named(kind, &subject[*own], &path.child(own))
    } else {
        vec![field::required(&path.child(own), &format!("{own} is required when subject kind is '{kind}'"))]
    };
    // Upstream looks at the others in this order.
    for (other, member) in [("ServiceAccount", "serviceAccount"), ("User", "user"), ("Group", "group")] {
        if other != kind && subject.has(member) {
            errors.push(field::forbidden(&path.child(member), &format!("{member} is forbidden when subject kind is not '{other}'")));
        }
    }
    errors
}

fn validate_named(kind: &str, subject: &Value, path: &Path) -> Errors {
    let (name, at) = (subject.str("name"), path.child("name"));
    let mut errors = Errors::new();
    if name.is_empty() {
        errors.push(field::required(&at, ""));
    } else if kind == "ServiceAccount" && name != ALL {
        errors.extend(texts(&at, name, names::dns_subdomain(name)));
    }
    if kind == "ServiceAccount" {
        let (namespace, at) = (subject.str("namespace"), path.child("namespace"));
        match namespace {
            "" => errors.push(field::required(&at, "must specify namespace for service account")),
            namespace => errors.extend(texts(&at, namespace, names::dns_label(namespace))),
        }
    }
    errors
}

fn has_all(list: &[Value]) -> bool {
    list.iter().any(|item| item == ALL)
}

/// Of a list that may be everything, but not everything and more.
fn everything_alone(rule: &Value, member: &str, called: &str, path: &Path) -> Option<field::Error> {
    let list = rule.items(member);
    let detail = format!("if '*' is present, must not specify other {called}");
    (list.len() > 1 && has_all(list)).then(|| field::invalid(&path.child(member), list.to_vec(), &detail))
}

fn validate_verbs(rule: &Value, path: &Path) -> Option<field::Error> {
    let (verbs, at) = (rule.items("verbs"), path.child("verbs"));
    if verbs.is_empty() {
        return Some(field::required(&at, "verbs must contain at least one value"));
    }
    if has_all(verbs) {
        return everything_alone(rule, "verbs", "verbs", path);
    }
    let is_known = verbs.iter().all(|verb| verb.as_str().is_some_and(|verb| VERBS.contains(&verb)));
    (!is_known).then(|| field::not_supported(&at, verbs.to_vec(), &VERBS))
}

fn validate_resources(rule: &Value, path: &Path) -> Errors {
    let mut errors: Errors = validate_verbs(rule, path).into_iter().collect();
    for (member, missing, called) in [
        ("apiGroups", "resource rules must supply at least one api group", "api groups"),
        ("resources", "resource rules must supply at least one resource", "resources"),
    ] {
        match rule.items(member) {
            [] => errors.push(field::required(&path.child(member), missing)),
            _ => errors.extend(everything_alone(rule, member, called, path)),
        }
    }
    let (namespaces, at) = (rule.items("namespaces"), path.child("namespaces"));
    if namespaces.is_empty() && !rule.flag("clusterScope") {
        errors.push(field::required(&at, "resource rules that are not cluster scoped must supply at least one namespace"));
    } else if has_all(namespaces) {
        errors.extend(everything_alone(rule, "namespaces", "namespaces", path));
    } else {
        for (index, namespace) in namespaces.iter().enumerate() {
            let namespace = namespace.as_str().unwrap_or_default();
            let why = names::dns_label(namespace);
            let detail = |why: &String| format!("each member of this list must be '*' or a DNS-1123 label; {why}");
            errors.extend(why.iter().map(|why| field::invalid(&at.index(index), namespace, &detail(why))));
        }
    }
    errors
}

fn validate_paths(rule: &Value, path: &Path) -> Errors {
    let mut errors: Errors = validate_verbs(rule, path).into_iter().collect();
    let (urls, at) = (rule.items("nonResourceURLs"), path.child("nonResourceURLs"));
    if urls.is_empty() {
        errors.push(field::required(&at, "nonResourceURLs must contain at least one value"));
    } else if has_all(urls) {
        errors.extend(everything_alone(rule, "nonResourceURLs", "non-resource URLs", path));
    } else {
        for (index, url) in urls.iter().enumerate() {
            let url = url.as_str().unwrap_or_default();
            errors.extend(wrong_path(url).map(|why| field::invalid(&at.index(index), url, why)));
        }
    }
    errors
}

fn wrong_path(path: &str) -> Option<&'static str> {
    let is_wild = path.matches('*').count();
    match path {
        "" => Some("must not be empty"),
        "/" => None,
        _ if !path.starts_with('/') => Some("must start with slash"),
        _ if path.contains(' ') => Some("must not contain white-space"),
        _ if path.contains("//") => Some("must not contain double slash"),
        _ if is_wild > 1 || (is_wild == 1 && !path.ends_with("/*")) => Some("wildcard can only do suffix matching"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{FLOW_SCHEMA, wrong_path};
    use crate::{Value, json, kinds::fairness};

    fn errors(schema: &Value) -> Vec<String> {
        FLOW_SCHEMA.hooks.validate(schema).iter().map(ToString::to_string).collect()
    }

    fn schema(rule: Value) -> Value {
        json!({"metadata": {"name": "a"}, "spec": {
            "priorityLevelConfiguration": {"name": "x"}, "matchingPrecedence": 5, "distinguisherMethod": {"type": "ByUser"}, "rules": [rule],
        }})
    }

    #[test]
    fn schemas_that_every_cluster_has_stay_as_they_are() {
        for given in fairness::schemas() {
            assert_eq!(errors(&given), [""; 0], "{given}");
        }
        let mut changed = fairness::schemas().into_iter().find(|schema| schema["metadata"]["name"] == "catch-all").unwrap();
        changed["spec"]["matchingPrecedence"] = 9999.into();
        assert!(errors(&changed)[0].ends_with("spec of 'catch-all' must equal the fixed value"));
    }

    #[test]
    fn rules_name_subjects_and_what_they_ask_for() {
        let all = json!({"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"], "clusterScope": true, "namespaces": ["*"]});
        let group = json!({"kind": "Group", "group": {"name": "g"}});
        assert_eq!(errors(&schema(json!({"subjects": [group], "resourceRules": [all]}))), [""; 0]);
        assert_eq!(errors(&schema(json!({}))).len(), 2);
        let wrong = json!({"subjects": [{"kind": "User", "group": {"name": "g"}}, {"kind": "X"}],
            "resourceRules": [{"verbs": ["*", "get"], "apiGroups": [], "resources": ["pods"], "namespaces": ["A"]}]});
        assert_eq!(errors(&schema(wrong)).len(), 6);
    }

    #[test]
    fn paths_may_end_wild() {
        assert!(["/", "/healthz", "/healthz/*"].iter().all(|path| wrong_path(path).is_none()));
        assert!(["", "a", "/a b", "//a", "/hea*", "/*/a/*"].iter().all(|path| wrong_path(path).is_some()));
    }
}
