//! Secret: a typed map of bytes, optionally frozen; `stringData` is folded into `data` when it comes in.

use super::{
    columns,
    config_map::{FROZEN, SIZE_MAX, decoded_len},
};
use crate::{
    Map, Value,
    field::{self, Errors, Path, forbidden, invalid, required},
    names,
    registry::{ALL_VERBS, Column, Hooks, HooksRef, Kind, Part},
    schema::generated::CORE_V1_SECRET,
    time::{Timestamp, age},
    value::Access,
    wire::json,
};
use base64::{Engine, engine::general_purpose::STANDARD};

pub static SECRET: Kind = Kind {
    group: "",
    version: "v1",
    kind: "Secret",
    plural: "secrets",
    singular: "secret",
    short_names: &[],
    categories: &[],
    namespaced: true,
    schema: &CORE_V1_SECRET,
    verbs: ALL_VERBS,
    subresources: &[],
    selectable: &["type"],
    columns: COLUMNS,
    create_on_update: false,
    unconditional_update: true,
    delete_returns_object: false,
    stored_as: None,
    hooks: HooksRef::Static(&Secret),
};

const TLS: &str = "kubernetes.io/tls";
const SERVICE_ACCOUNT_NAME: &str = "kubernetes.io/service-account.name";

const COLUMNS: &[Column] = &[
    columns::NAME,
    columns::text(
        "Type",
        "Used to facilitate programmatic handling of secret data. More info: \
                      https://kubernetes.io/docs/concepts/configuration/secret/#secret-types",
    ),
    columns::text(
        "Data",
        "Data contains the secret data. Each key must consist of alphanumeric characters, '-', '_' or '.'. The \
                      serialized form of the secret data is a base64 encoded string, representing the arbitrary (possibly \
                      non-string) data value here. Described in https://tools.ietf.org/html/rfc4648#section-4",
    ),
    columns::AGE,
];

#[derive(Debug)]
struct Secret;

impl Hooks for Secret {
    fn default(&self, object: &mut Value) {
        fold_string_data(object);
        if object.str("type").is_empty() {
            object["type"] = "Opaque".into();
        }
    }

    fn validate(&self, object: &Value) -> Errors {
        let mut errors = Errors::new();
        let path = Path::new("data");
        let mut size = 0;
        for (key, value) in object.map("data").into_iter().flatten() {
            let path = path.key(key);
            errors.extend(names::config_map_key(key).iter().map(|why| invalid(&path, key.as_str(), why)));
            size += decoded_len(value);
        }
        if size > SIZE_MAX {
            errors.push(field::too_long(&path, SIZE_MAX));
        }
        errors.extend(validate_type(object));
        errors
    }

    fn validate_update(&self, _part: Part, object: &Value, old: &Value) -> Errors {
        let mut errors = Errors::new();
        if object.str("type") != old.str("type") {
            errors.push(invalid(&Path::new("type"), object.str("type"), "field is immutable"));
        }
        if old.flag("immutable") {
            if !object.flag("immutable") {
                errors.push(forbidden(&Path::new("immutable"), FROZEN));
            }
            if object.get("data") != old.get("data") {
                errors.push(forbidden(&Path::new("data"), FROZEN));
            }
        }
        errors.extend(self.validate(object));
        errors
    }

    fn warnings(&self, object: &Value, _old: Option<&Value>) -> Vec<String> {
        if object.str("type") != TLS {
            return Vec::new();
        }
        let lacks_pem = |key: &str| {
            let text = object.map("data").and_then(|d| d.get(key)).and_then(Value::as_str).unwrap_or_default();
            !STANDARD.decode(text).is_ok_and(|bytes| memchr::memmem::find(&bytes, b"-----BEGIN ").is_some())
        };
        let about = [("tls.crt", "certificate"), ("tls.key", "key")].into_iter().find(|(key, _)| lacks_pem(key));
        about.map(|(_, what)| format!("tls: failed to find any PEM data in {what} input")).into_iter().collect()
    }

    fn selectable(&self, object: &Value, _label: &str) -> String {
        object.str("type").to_owned()
    }

    fn cells(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let name = object["metadata"].str("name");
        let count = object.map("data").map_or(0, Map::len);
        vec![name.into(), object.str("type").into(), count.into(), age(object, now).into()]
    }
}

fn fold_string_data(object: &mut Value) {
    let Some(Value::Object(strings)) = object.drop("stringData") else { return };
    if strings.is_empty() {
        return;
    }
    object.default_to("data", Value::Object(Map::new()));
    for (key, value) in strings {
        object["data"][key] = STANDARD.encode(value.as_str().unwrap_or_default()).into();
    }
}

/// The keys that a type asks for.
fn validate_type(object: &Value) -> Errors {
    let data = object.map("data");
    let lacks = |key: &str| !data.is_some_and(|d| d.contains_key(key));
    let missing = |keys: &[&str]| -> Errors { keys.iter().map(|key| required(&Path::new("data").key(key), "")).collect() };
    match object.str("type") {
        "kubernetes.io/service-account-token" => {
            let annotations = &object["metadata"]["annotations"];
            if annotations.str(SERVICE_ACCOUNT_NAME).is_empty() {
                return vec![required(&Path::new("metadata.annotations").key(SERVICE_ACCOUNT_NAME), "")];
            }
            Errors::new()
        }
        "kubernetes.io/dockercfg" => validate_docker(object, ".dockercfg"),
        "kubernetes.io/dockerconfigjson" => validate_docker(object, ".dockerconfigjson"),
        "kubernetes.io/basic-auth" if lacks("username") && lacks("password") => missing(&["username", "password"]),
        "kubernetes.io/ssh-auth" => {
            let key = data.and_then(|d| d.get("ssh-privatekey")).and_then(Value::as_str).unwrap_or_default();
            if key.is_empty() { missing(&["ssh-privatekey"]) } else { Errors::new() }
        }
        TLS => ["tls.crt", "tls.key"].into_iter().filter(|key| lacks(key)).flat_map(|key| missing(&[key])).collect(),
        _ => Errors::new(),
    }
}

fn validate_docker(object: &Value, key: &str) -> Errors {
    let path = Path::new("data").key(key);
    let Some(text) = object.map("data").and_then(|d| d.get(key)).and_then(Value::as_str) else {
        return vec![required(&path, "")];
    };
    let bytes = STANDARD.decode(text).unwrap_or_default();
    let why = match not_an_object(&bytes) {
        Some(why) => why,
        None => return Errors::new(),
    };
    vec![invalid(&path, "<secret contents redacted>", &why)]
}

/// Why Go cannot read a text as a JSON object; null passes.
pub(super) fn not_an_object(bytes: &[u8]) -> Option<String> {
    if let Err(why) = json::check(bytes) {
        return Some(why);
    }
    let first = bytes.trim_ascii_start().first().copied().unwrap_or_default();
    let kind = json::kind_of(first);
    let fits = matches!(kind, "object" | "null");
    (!fits).then(|| format!("json: cannot unmarshal {kind} into Go value of type map[string]interface {{}}"))
}
