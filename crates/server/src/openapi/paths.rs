//! The paths of a document: what can be done where, as far as clients read it (O5). Input: a kind. Output: JSON. Pure.

use super::schemas::list_name;
use stead_api::registry::{Kind, Subresource};
use stead_api::schema::by_gvk;
use stead_api::time::Timestamp;
use stead_api::{Map, Value, json};

/// The patch types that are served.
const PATCH_TYPES: &[&str] = &["application/json-patch+json", "application/merge-patch+json", "application/strategic-merge-patch+json"];
const PATCH: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.Patch";
const STATUS: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.Status";
const DELETE_OPTIONS: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions";

type Paths = Map<String, Value>;

/// The paths of a kind below `/api/v1` or `/apis/GROUP/VERSION`.
pub(super) fn of_kind(root: &str, kind: &Kind) -> Paths {
    let mut paths = Paths::new();
    let collection =
        if kind.namespaced { format!("{root}/namespaces/{{namespace}}/{}", kind.plural) } else { format!("{root}/{}", kind.plural) };
    let object = format!("{collection}/{{name}}");
    if kind.namespaced {
        let across = operations(kind, &[("get", "list")], kind.verbs, &[]);
        insert(&mut paths, format!("{root}/{}", kind.plural), across);
    }
    let scope: &[&str] = if kind.namespaced { &["namespace"] } else { &[] };
    let on_collection = [("get", "list"), ("post", "create"), ("delete", "deletecollection")];
    insert(&mut paths, collection, operations(kind, &on_collection, kind.verbs, scope));
    let scope = [scope, &["name"]].concat();
    let on_object = [("get", "get"), ("put", "update"), ("patch", "patch"), ("delete", "delete")];
    insert(&mut paths, object.clone(), operations(kind, &on_object, kind.verbs, &scope));
    for sub in kind.subresources {
        insert(&mut paths, format!("{object}/{}", sub.name), subresource_operations(kind, sub, &scope));
    }
    paths
}

fn insert(paths: &mut Paths, path: String, operations: Value) {
    if operations.as_object().is_some_and(|methods| methods.keys().any(|name| name != "parameters")) {
        paths.insert(path, operations);
    }
}

fn operations(kind: &Kind, methods: &[(&str, &str)], verbs: &[&str], scope: &[&str]) -> Value {
    let gvk = json!({"group": kind.group, "kind": kind.kind, "version": kind.version});
    let mut out = json!({});
    for (method, verb) in methods.iter().filter(|(_, verb)| verbs.contains(verb)) {
        let answer = if *verb == "list" { list_name(kind) } else { kind.schema.name.to_owned() };
        out[*method] = operation(verb, kind.schema.name, &answer, &gvk);
    }
    out["parameters"] = path_parameters(scope);
    out
}

fn subresource_operations(kind: &Kind, sub: &Subresource, scope: &[&str]) -> Value {
    let (group, version, name) = sub.gvk.unwrap_or((kind.group, kind.version, kind.kind));
    let gvk = json!({"group": group, "kind": name, "version": version});
    let body = by_gvk(group, version, name).map_or(STATUS, |ty| ty.name);
    let mut out = json!({});
    for (method, verb) in [("get", "get"), ("put", "update"), ("patch", "patch"), ("post", "create"), ("delete", "delete")] {
        if sub.verbs.contains(&verb) {
            out[method] = operation(verb, body, body, &gvk);
        }
    }
    out["parameters"] = path_parameters(scope);
    out
}

/// One operation. Its `fieldValidation` parameter is how clients learn that the server validates.
fn operation(verb: &str, body: &str, answer: &str, gvk: &Value) -> Value {
    let action = match verb {
        "create" => "post",
        "update" => "put",
        other => other,
    };
    let answer = if matches!(verb, "delete" | "deletecollection") { STATUS } else { answer };
    let mut out = json!({
        "parameters": parameters(verb),
        "responses": {"200": {"description": "OK", "content": content(&["application/json"], answer)}},
        "x-kubernetes-action": action,
        "x-kubernetes-group-version-kind": gvk,
    });
    match verb {
        "create" | "update" => out["requestBody"] = json!({"required": true, "content": content(&["*/*"], body)}),
        "patch" => out["requestBody"] = json!({"required": true, "content": content(PATCH_TYPES, PATCH)}),
        "delete" | "deletecollection" => out["requestBody"] = json!({"content": content(&["*/*"], DELETE_OPTIONS)}),
        _ => {}
    }
    out
}

fn content(media_types: &[&str], schema: &str) -> Value {
    let schema = json!({"schema": {"$ref": format!("#/components/schemas/{schema}")}});
    Value::Object(media_types.iter().map(|media_type| ((*media_type).to_owned(), schema.clone())).collect())
}

fn parameters(verb: &str) -> Value {
    let names: &[(&str, &str)] = match verb {
        "create" | "update" | "patch" => &[("dryRun", "string"), ("fieldManager", "string"), ("fieldValidation", "string")],
        "delete" => &[("dryRun", "string"), ("gracePeriodSeconds", "integer"), ("propagationPolicy", "string")],
        "list" => &[
            ("allowWatchBookmarks", "boolean"),
            ("continue", "string"),
            ("fieldSelector", "string"),
            ("labelSelector", "string"),
            ("limit", "integer"),
            ("resourceVersion", "string"),
            ("resourceVersionMatch", "string"),
            ("sendInitialEvents", "boolean"),
            ("timeoutSeconds", "integer"),
            ("watch", "boolean"),
        ],
        "deletecollection" => &[("dryRun", "string"), ("fieldSelector", "string"), ("labelSelector", "string")],
        _ => &[],
    };
    let query = |(name, ty): &(&str, &str)| json!({"name": name, "in": "query", "schema": {"type": ty, "uniqueItems": true}});
    names.iter().map(query).collect()
}

fn path_parameters(scope: &[&str]) -> Value {
    let path = |name: &&str| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string", "uniqueItems": true}});
    let mut all: Vec<Value> = scope.iter().map(path).collect();
    all.push(json!({"name": "pretty", "in": "query", "schema": {"type": "string", "uniqueItems": true}}));
    all.into()
}

/// A time as HTTP headers have it: `Fri, 02 Jan 2026 03:04:05 GMT`.
pub(super) fn http_date(at: Timestamp) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let text = at.rfc3339();
    let number = |range: std::ops::Range<usize>| text[range].parse::<usize>().unwrap_or(1);
    let day = usize::try_from(at.seconds().div_euclid(86_400).rem_euclid(7)).unwrap_or_default();
    format!("{}, {} {} {} {} GMT", DAYS[day], &text[8..10], MONTHS[number(5..7) - 1], &text[..4], &text[11..19])
}
