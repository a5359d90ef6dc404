//! One life as recorded: its steps, what may differ, and its looks written in full. Input: `lives/*.json`.

use anyhow::{Context, Result};
use fancy_regex::Regex;
use serde_json::{Map, Value};
use std::path::Path;

/// A life as recorded.
#[derive(Debug, Clone)]
pub struct Life {
    pub area: String,
    pub name: String,
    /// How long it took when it was recorded: the longest begin first.
    pub seconds: u64,
    pub rules: Rules,
    pub steps: Vec<Value>,
    /// What is expected after each step.
    pub wanted: Vec<Value>,
}

/// What its looks leave out or see loosely.
#[derive(Debug, Clone)]
pub struct Rules {
    /// Every field of a status is compared.
    pub full: bool,
    /// Events (`Reason message`) that depend on timing.
    pub maybe: Vec<Regex>,
    /// Words of another program, and what stands for them.
    pub loosen: Vec<(Regex, String)>,
    /// Members that are left out at any depth.
    pub without: Vec<String>,
}

impl Life {
    /// `area/name`, as lists and options name it.
    pub fn id(&self) -> String {
        format!("lives/{}/{}", self.area, self.name)
    }

    /// It restarts the server, under which no other life may be.
    pub fn restarts(&self) -> bool {
        self.steps.iter().any(|step| step["do"] == "restart")
    }

    /// # Errors
    /// A pattern that is none.
    pub fn of(value: &Value) -> Result<Self> {
        let text = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
        let steps = value["steps"].as_array().cloned().unwrap_or_default();
        let wanted = unfold(steps.iter().map(|step| step["expect"].clone()).collect());
        Ok(Self {
            area: text("area"),
            name: text("name"),
            seconds: value["seconds"].as_u64().unwrap_or_default(),
            rules: Rules::of(value)?,
            steps,
            wanted,
        })
    }
}

impl Rules {
    fn of(value: &Value) -> Result<Self> {
        let maybe = strings(&value["maybe"]).iter().map(|text| Ok(Regex::new(text)?)).collect::<Result<_>>()?;
        let pair = |pair: &Value| {
            let pattern = format!("(?s){}", pair[0].as_str().unwrap_or_default());
            anyhow::Ok((Regex::new(&pattern)?, replacement(pair[1].as_str().unwrap_or_default())))
        };
        let loosen = value["loosen"].as_array().into_iter().flatten().map(pair).collect::<Result<_>>()?;
        Ok(Self { full: value["full"] == true, maybe, loosen, without: strings(&value["without"]) })
    }
}

/// A replacement as recorded (`\1`) in the form of the library (`${1}`).
fn replacement(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match c {
            '\\' => match rest.next() {
                Some(digit) if digit.is_ascii_digit() => out += &format!("${{{digit}}}"),
                Some(other) => out.push(other),
                None => out.push('\\'),
            },
            '$' => out += "$$",
            c => out.push(c),
        }
    }
    out
}

/// The strings of a list.
pub fn strings(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Reads every `*.json` of a folder, in order.
pub fn load(folder: &Path) -> Result<Vec<Life>> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))?;
    let mut files: Vec<_> = entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    let read = |file: &Path| {
        let value: Value = serde_json::from_str(&std::fs::read_to_string(file)?)?;
        Life::of(&value)
    };
    files.iter().map(|file| read(file).with_context(|| format!("reading {}", file.display()))).collect()
}

/// Puts back what a recorded look shows as `=`: alike in the look before.
fn unfold(mut looks: Vec<Value>) -> Vec<Value> {
    let mut last = Value::Null;
    for look in looks.iter_mut().filter(|look| look.get("pods").is_some() || look.get("events").is_some()) {
        for (name, pod) in look.get_mut("pods").and_then(Value::as_object_mut).unwrap_or(&mut Map::new()) {
            if pod == "=" {
                *pod = last["pods"][name].clone();
            }
        }
        if look["events"] == "=" {
            look["events"] = last["events"].clone();
        }
        last = look.clone();
    }
    looks
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn folded_looks_are_written_in_full() {
        let looks = vec![json!({"pods": {"p": {"a": 1}}, "events": [1]}), json!({"code": 200}), json!({"pods": {"p": "="}, "events": "="})];
        let full = unfold(looks.clone());
        assert_eq!(full, [looks[0].clone(), looks[1].clone(), looks[0].clone()]);
    }

    #[test]
    fn replacements_are_in_the_librarys_form() {
        assert_eq!(replacement(r"\1<error>: $x \\"), r"${1}<error>: $$x \");
    }
}
