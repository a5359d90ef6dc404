//! What types and fields are for, in the words of the Kubernetes API: the texts of `kubectl explain`.
//! Input: an OpenAPI type name and a JSON field name. Output: the text. Read on first use.

use std::{borrow::Cow, collections::HashMap, sync::LazyLock};

/// One line per description; `cargo xtask codegen` says how it is made.
const TEXTS: &str = include_str!("generated/descriptions.txt");

/// `kind` and `apiVersion` say the same everywhere.
const KIND: &str = "Kind is a string value representing the REST resource this object represents. Servers may infer this from the endpoint the client submits requests to. Cannot be updated. In CamelCase. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#types-kinds";
const API_VERSION: &str = "APIVersion defines the versioned schema of this representation of an object. Servers should convert recognized schemas to the latest internal value, and may reject unrecognized values. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#resources";

#[derive(Default)]
struct Texts {
    own: Cow<'static, str>,
    fields: HashMap<&'static str, Cow<'static, str>>,
}

static INDEX: LazyLock<HashMap<&'static str, Texts>> = LazyLock::new(|| {
    let mut index: HashMap<&str, Texts> = HashMap::new();
    let mut current = "";
    for line in TEXTS.lines() {
        let (Some((name, text)), Some(mark)) = (line[2..].split_once('\t'), line.chars().next()) else { continue };
        if mark == 'T' {
            current = name;
        }
        let entry = index.entry(current).or_default();
        match mark {
            'T' => entry.own = unescaped(text),
            _ => drop(entry.fields.insert(name, unescaped(text))),
        }
    }
    index
});

/// The description of a field, e.g. of `io.k8s.api.core.v1.Pod` and `spec`; with an empty field name, of the type.
pub fn description(type_name: &str, field_name: &str) -> Option<&'static str> {
    let texts = INDEX.get(type_name);
    let found = match field_name {
        "" => texts.map(|texts| texts.own.as_ref()),
        _ => texts.and_then(|texts| texts.fields.get(field_name)).map(Cow::as_ref),
    };
    let top_level = || super::by_name(type_name).is_some_and(|ty| !ty.gvk.is_empty());
    found.filter(|text| !text.is_empty()).or_else(|| match field_name {
        "kind" if top_level() => Some(KIND),
        "apiVersion" if top_level() => Some(API_VERSION),
        _ => None,
    })
}

fn unescaped(text: &'static str) -> Cow<'static, str> {
    if !text.contains('\\') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => out.push(if chars.next() == Some('n') { '\n' } else { '\\' }),
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}
