//! How an answer is compared with the recorded one: what differs from run to run is replaced on both sides, Go's own printing
//! of values is cut out, a discovery document may list less. Input and output: JSON values, and lines that tell differences.

use super::case::Saved;
use regex::Regex;
use serde_json::{Map, Value};
use std::sync::LazyLock;

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a valid pattern")
}

static TIME: LazyLock<Regex> = LazyLock::new(|| pattern(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"));
static UID: LazyLock<Regex> = LazyLock::new(|| pattern("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"));
static ACCESS: LazyLock<Regex> = LazyLock::new(|| pattern("kube-api-access-[a-z0-9]{5}"));
static ADDRESS: LazyLock<Regex> = LazyLock::new(|| pattern(r"\b10\.43\.\d+\.\d+\b"));

/// Columns whose cells are ages.
const AGES: &[&str] = &["Age", "Last Seen", "First Seen", "Duration"];
/// Node ports that cases ask for; others are allocated.
const ASKED_PORTS: &[i64] = &[30123, 30124, 30125];
/// A run of one character at least this long is written as its length.
const RUN_MIN: usize = 400;

/// Replaces what differs between runs: uids, versions, times, the namespace, allocated addresses and ports, ages, continue tokens.
pub fn normalise(value: &Value, ns: &str, saved: &Saved, ignore: &[String]) -> Value {
    let versions = saved
        .iter()
        .filter(|(name, _)| name.starts_with("rv"))
        .filter_map(|(_, value)| value.as_str())
        .filter(|version| version.len() > 1)
        .map(|version| pattern(&format!(r"\b{}\b", regex::escape(version))))
        .collect();
    Normal { ns, versions, ignore }.value(value, None)
}

struct Normal<'a> {
    ns: &'a str,
    versions: Vec<Regex>,
    ignore: &'a [String],
}

impl Normal<'_> {
    fn value(&self, value: &Value, key: Option<&str>) -> Value {
        match value {
            Value::Object(members) => self.members(members),
            Value::Array(items) => Value::Array(items.iter().map(|item| self.value(item, key)).collect()),
            Value::Number(number) => {
                let port = matches!(key, Some("nodePort" | "healthCheckNodePort"));
                match number.as_i64() {
                    Some(n) if port && n >= 30000 && !ASKED_PORTS.contains(&n) => "<port>".into(),
                    _ => value.clone(),
                }
            }
            Value::String(text) => self.text(text, key).into(),
            Value::Null | Value::Bool(_) => value.clone(),
        }
    }

    fn members(&self, members: &Map<String, Value>) -> Value {
        let ages = age_columns(members);
        let mut out = Map::new();
        for (name, member) in members.iter().filter(|(name, _)| !self.ignore.contains(name)) {
            let without_ages = match &ages {
                Some(ages) if name == "rows" => Some(without_ages(member, ages)),
                _ => None,
            };
            let member = self.value(without_ages.as_ref().unwrap_or(member), Some(name));
            out.insert(name.replace(self.ns, "{ns}"), member);
        }
        Value::Object(out)
    }

    fn text(&self, text: &str, key: Option<&str>) -> String {
        if let Some(key @ ("resourceVersion" | "continue")) = key
            && !matches!(text, "" | "0")
        {
            return format!("<{key}>");
        }
        let text = shorten_runs(&text.replace(self.ns, "{ns}"));
        let text = UID.replace_all(&text, "<uid>");
        let text = TIME.replace_all(&text, "<time>");
        let text = ACCESS.replace_all(&text, "kube-api-access-<r>");
        let mut text = ADDRESS.replace_all(&text, "<ip>").into_owned();
        for version in &self.versions {
            text = version.replace_all(&text, "<rv>").into_owned();
        }
        text
    }
}

/// The indices of a Table's age columns.
fn age_columns(members: &Map<String, Value>) -> Option<Vec<usize>> {
    if members.get("kind").and_then(Value::as_str) != Some("Table") {
        return None;
    }
    let columns = members.get("columnDefinitions")?.as_array().filter(|columns| !columns.is_empty())?;
    let is_age = |column: &Value| column["name"].as_str().is_some_and(|name| AGES.contains(&name));
    Some(columns.iter().enumerate().filter(|(_, column)| is_age(column)).map(|(index, _)| index).collect())
}

fn without_ages(rows: &Value, ages: &[usize]) -> Value {
    let mut rows = rows.as_array().cloned().unwrap_or_default();
    for row in &mut rows {
        for index in ages {
            if let Some(cell) = row.get_mut("cells").and_then(|cells| cells.get_mut(*index)) {
                *cell = "<age>".into();
            }
        }
    }
    Value::Array(rows)
}

/// `aaaa...` becomes `{fill:a:N}`.
fn shorten_runs(text: &str) -> String {
    if text.len() < RUN_MIN {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let mut length = 1;
        while rest.next_if_eq(&c).is_some() {
            length += 1;
        }
        if length >= RUN_MIN && (c.is_ascii_alphanumeric() || c == ' ') {
            out += &format!("{{fill:{c}:{length}}}");
        } else {
            out.extend(std::iter::repeat_n(c, length));
        }
    }
    out
}

/// A value without some members, at any depth.
pub fn strip(value: &Value, ignore: &[String]) -> Value {
    match value {
        Value::Object(members) => Value::Object(
            members.iter().filter(|(name, _)| !ignore.contains(name)).map(|(name, v)| (name.clone(), strip(v, ignore))).collect(),
        ),
        Value::Array(items) => Value::Array(items.iter().map(|item| strip(item, ignore)).collect()),
        other => other.clone(),
    }
}

/// Cuts out what only Go can print: values as JSON or `%v` after `Invalid value: `, and struct diffs; they say nothing to a client.
pub fn loosen(text: &str) -> String {
    let mut rest = text.split("\n@@").next().unwrap_or_default().to_owned();
    for mark in ["Invalid value: {", "Invalid value: [", "Invalid value: \"{", "Invalid value: \"map["] {
        let mut out = String::new();
        while let Some((head, tail)) = rest.split_once(mark) {
            let opening = &mark["Invalid value: ".len()..];
            let value = format!("{opening}{tail}");
            let mut values = serde_json::Deserializer::from_str(&value).into_iter::<serde::de::IgnoredAny>();
            let kept = match values.next() {
                Some(Ok(_)) => value[values.byte_offset()..].to_owned(),
                _ => String::new(),
            };
            out += &format!("{head}Invalid value: <value>");
            rest = kept;
        }
        rest = out + &rest;
    }
    rest.trim().to_owned()
}

/// Of a discovery document, the entries that the server lists too.
pub fn served(want: &Value, got: &Value) -> Value {
    let (Value::Object(wanted), Value::Object(given)) = (want, got) else { return want.clone() };
    let mut out: Map<String, Value> =
        wanted.iter().map(|(name, v)| (name.clone(), served(v, given.get(name).unwrap_or(&Value::Null)))).collect();
    for list in ["resources", "groups", "items", "subresources"] {
        if let (Some(Value::Array(wanted)), Some(Value::Array(given))) = (wanted.get(list), given.get(list)) {
            let find = |item: &Value| given.iter().rev().find(|other| entry_name(other) == entry_name(item));
            let kept = wanted.iter().filter_map(|item| find(item).map(|mine| served(item, mine))).collect();
            out.insert(list.to_owned(), Value::Array(kept));
        }
    }
    Value::Object(out)
}

fn entry_name(entry: &Value) -> &Value {
    let truthy = |value: &&Value| !value.is_null() && *value != "";
    let named = ["resource", "subresource", "name"].into_iter().map(|name| &entry[name]).find(truthy);
    named.unwrap_or_else(|| &entry["metadata"]["name"])
}

/// The differences, one line each, with their paths.
pub fn diff(want: &Value, got: &Value) -> Vec<String> {
    let mut out = Vec::new();
    differences(want, got, "", &mut out);
    out
}

fn differences(want: &Value, got: &Value, at: &str, out: &mut Vec<String>) {
    let here = if at.is_empty() { "/" } else { at };
    match (want, got) {
        (Value::String(wanted), Value::String(given))
            if wanted != given && (wanted.contains("Invalid value: ") || wanted.contains("\n@@")) =>
        {
            let (wanted, given) = (loosen(wanted), loosen(given));
            if wanted != given {
                out.push(format!("{here}: want {}, got {}", short(&wanted.into()), short(&given.into())));
            }
        }
        (Value::Object(wanted), Value::Object(given)) => {
            let mut names: Vec<&String> = wanted.keys().chain(given.keys()).collect();
            names.sort();
            names.dedup();
            for name in names {
                match (wanted.get(name), given.get(name)) {
                    (Some(wanted), None) => out.push(format!("{at}/{name}: missing, want {}", short(wanted))),
                    (None, Some(given)) => out.push(format!("{at}/{name}: unexpected {}", short(given))),
                    (Some(wanted), Some(given)) => differences(wanted, given, &format!("{at}/{name}"), out),
                    (None, None) => {}
                }
            }
        }
        (Value::Array(wanted), Value::Array(given)) if wanted.len() != given.len() => {
            out.push(format!("{at}: want {} items {}, got {} {}", wanted.len(), short(want), given.len(), short(got)))
        }
        (Value::Array(wanted), Value::Array(given)) => {
            for (index, (wanted, given)) in wanted.iter().zip(given).enumerate() {
                differences(wanted, given, &format!("{at}/{index}"), out);
            }
        }
        (want, got) if want == got => {}
        (want, got) => out.push(format!("{here}: want {}, got {}", short(want), short(got))),
    }
}

fn short(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() < 160 { text } else { text.chars().take(157).collect::<String>() + "..." }
}
