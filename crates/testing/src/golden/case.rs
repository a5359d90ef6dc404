//! One case: a sequence of requests with the recorded answers. Input: a line of `cases/AREA.jsonl` and a server. Output: what came of it.

use super::compare::{diff, normalise, served, strip};
use super::{CaseResult, Failure};
use crate::http::{Answer, Client};
use anyhow::{Context, Result, bail};
use regex::Regex;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;

/// What steps have saved, by name.
pub type Saved = BTreeMap<String, Value>;

/// A case as recorded.
#[derive(Debug, Clone)]
pub struct Case {
    pub area: String,
    pub name: String,
    /// Members that are not compared.
    pub ignore: Vec<String>,
    pub steps: Vec<Value>,
}

/// Reads every `*.jsonl` of a folder, in order.
pub fn load(folder: &Path) -> Result<Vec<Case>> {
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .with_context(|| format!("reading {}", folder.display()))?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    files.retain(|file| file.extension().is_some_and(|ext| ext == "jsonl"));
    files.sort();
    let mut cases = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).with_context(|| format!("reading {}", file.display()))?;
        for line in text.lines() {
            let case: Value = serde_json::from_str(line).with_context(|| format!("a line of {}", file.display()))?;
            let strings = |list: &Value| list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
            cases.push(Case {
                area: case["area"].as_str().unwrap_or_default().to_owned(),
                name: case["name"].as_str().unwrap_or_default().to_owned(),
                ignore: strings(&case["ignore"]),
                steps: case["steps"].as_array().cloned().unwrap_or_default(),
            });
        }
    }
    Ok(cases)
}

/// Makes a namespace with its ServiceAccount `default`, in which nothing has happened.
pub async fn namespace(client: &Client, number: usize) -> Result<String> {
    let ns = format!("g-{number:08x}");
    let made = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": ns}});
    let answer = client.call("POST", "/api/v1/namespaces", Some(made.to_string().into()), &[]).await?;
    if answer.code != 201 {
        bail!("cannot make a namespace: {} {}", answer.code, String::from_utf8_lossy(&answer.body));
    }
    let account = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}});
    let path = format!("/api/v1/namespaces/{ns}/serviceaccounts");
    client.call("POST", &path, Some(account.to_string().into()), &[]).await?;
    Ok(ns)
}

/// Replays a case in a namespace of its own.
pub async fn replay(client: &Client, case: &Case, number: usize) -> Result<CaseResult> {
    let ns = namespace(client, number).await?;
    let mut saved = Saved::new();
    let mut failed = Vec::new();
    for (index, step) in case.steps.iter().enumerate() {
        let differences = match perform(client, step, &ns, &mut saved, &case.ignore).await {
            Ok(got) => judge(case, step, &got),
            Err(error) => vec![format!("no answer: {error:#}")],
        };
        if !differences.is_empty() {
            let what = format!("{} {}", text(step, "do"), text(step, "path"));
            failed.push(Failure { step: index, what, differences });
        }
    }
    Ok(CaseResult { area: case.area.clone(), name: case.name.clone(), steps: case.steps.len(), failed })
}

fn judge(case: &Case, step: &Value, got: &Value) -> Vec<String> {
    let mut want = strip(&step["expect"], &case.ignore);
    if case.area == "discovery" {
        want["body"] = served(&want["body"], &got["body"]);
    }
    diff(&want, got)
}

fn text<'a>(step: &'a Value, name: &str) -> &'a str {
    step[name].as_str().unwrap_or_default()
}

/// Sends one step's request; what came back, in the form it is compared in.
pub async fn perform(client: &Client, step: &Value, ns: &str, saved: &mut Saved, ignore: &[String]) -> Result<Value> {
    let path = fill_text(text(step, "path"), ns, saved)?;
    let body = match step.get("body") {
        None | Some(Value::Null) => None,
        Some(body) => match fill(body, ns, saved)? {
            Value::String(text) => Some(text.into()),
            other => Some(spaced(&other).into()),
        },
    };
    let mut headers = Vec::new();
    for (name, value) in step["headers"].as_object().into_iter().flatten() {
        let value = value.as_str().map(|value| fill_text(value, ns, saved)).transpose()?;
        headers.push((name.clone(), value));
    }
    let watches = text(step, "do") == "WATCH";
    let method = if watches { "GET" } else { text(step, "do") };
    let answer = client.call(method, &path, body, &headers).await?;
    let document = document(&answer, watches);
    for (name, at) in step["save"].as_object().into_iter().flatten() {
        let value = at.as_str().and_then(|at| pointer(&document, at)).cloned();
        saved.insert(name.clone(), value.unwrap_or_else(|| "unsaved".into()));
    }
    Ok(compared(&answer, &document, ns, saved, ignore))
}

fn compared(answer: &Answer, document: &Value, ns: &str, saved: &Saved, ignore: &[String]) -> Value {
    let mut got = json!({
        "code": answer.code,
        "type": answer.header("content-type"),
        "body": normalise(document, ns, saved, ignore),
    });
    let warnings: Vec<Value> = answer
        .headers
        .get_all("warning")
        .iter()
        .filter_map(|warning| std::str::from_utf8(warning.as_bytes()).ok())
        .map(|warning| normalise(&warning.into(), ns, saved, &[]))
        .collect();
    if !warnings.is_empty() {
        got["warnings"] = warnings.into();
    }
    got
}

/// The body as JSON, a watch's as its list of events without empty bookmarks; text if it is neither.
fn document(answer: &Answer, watches: bool) -> Value {
    let text = String::from_utf8_lossy(&answer.body);
    let parsed = if watches && answer.code == 200 {
        let events: Result<Vec<Value>, _> = text.lines().filter(|line| !line.trim().is_empty()).map(serde_json::from_str).collect();
        events.map(|events| events.into_iter().filter(|e| e["type"] != "BOOKMARK" || annotated(&e["object"])).collect())
    } else {
        serde_json::from_str(&text)
    };
    parsed.unwrap_or_else(|_| Value::String(text.into_owned()))
}

fn annotated(object: &Value) -> bool {
    if object["kind"] == "Table" {
        return object["rows"].as_array().into_iter().flatten().any(|row| annotated(&row["object"]));
    }
    object["metadata"]["annotations"].as_object().is_some_and(|annotations| !annotations.is_empty())
}

/// A JSON pointer; list indices may be negative, as in the tools' language.
fn pointer<'a>(document: &'a Value, path: &str) -> Option<&'a Value> {
    path.trim_matches('/').split('/').try_fold(document, |at, part| {
        let part = part.replace("~1", "/").replace("~0", "~");
        match at {
            Value::Array(items) => {
                let index: i64 = part.parse().ok()?;
                let length = i64::try_from(items.len()).ok()?;
                items.get(usize::try_from(if index < 0 { index + length } else { index }).ok()?)
            }
            other => other.get(&part),
        }
    })
}

static FILL: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\{fill:(.):(\d+)\}").expect("a valid pattern"));
static SAVED: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\{\{(\w+)\}\}").expect("a valid pattern"));

/// Puts the namespace, repeated characters and saved values into every string.
pub fn fill(value: &Value, ns: &str, saved: &Saved) -> Result<Value> {
    Ok(match value {
        Value::String(text) => fill_text(text, ns, saved)?.into(),
        Value::Array(items) => Value::Array(items.iter().map(|item| fill(item, ns, saved)).collect::<Result<_>>()?),
        Value::Object(members) => {
            let mut out = Map::new();
            for (name, member) in members {
                out.insert(fill_text(name, ns, saved)?, fill(member, ns, saved)?);
            }
            Value::Object(out)
        }
        other => other.clone(),
    })
}

fn fill_text(text: &str, ns: &str, saved: &Saved) -> Result<String> {
    let text = FILL.replace_all(text, |found: &regex::Captures<'_>| found[1].repeat(found[2].parse().unwrap_or(0)));
    let text = text.replace("{ns}", ns);
    if let Some(missing) = SAVED.captures_iter(&text).find(|found| !saved.contains_key(&found[1])) {
        bail!("nothing was saved as {}", &missing[1]);
    }
    let put = |found: &regex::Captures<'_>| match &saved[&found[1]] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    Ok(SAVED.replace_all(&text, put).into_owned())
}

/// JSON as the recorder sent it: a space after each comma and colon. Some error texts show the first bytes of a body.
pub fn spaced(value: &Value) -> Vec<u8> {
    struct Spaces;
    impl serde_json::ser::Formatter for Spaces {
        fn begin_array_value<W: ?Sized + std::io::Write>(&mut self, out: &mut W, first: bool) -> std::io::Result<()> {
            if first { Ok(()) } else { out.write_all(b", ") }
        }
        fn begin_object_key<W: ?Sized + std::io::Write>(&mut self, out: &mut W, first: bool) -> std::io::Result<()> {
            if first { Ok(()) } else { out.write_all(b", ") }
        }
        fn begin_object_value<W: ?Sized + std::io::Write>(&mut self, out: &mut W) -> std::io::Result<()> {
            out.write_all(b": ")
        }
    }
    let mut out = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut out, Spaces);
    serde::Serialize::serialize(value, &mut serializer).expect("a value is always written");
    out
}
