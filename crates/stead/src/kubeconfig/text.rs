//! Changes the text of a kubeconfig where it has to change, so that comments, order and layout of the rest stay. Pure.
//!
//! It knows the block style that kubectl and people write. What comes out is read again: if that is not what was wanted (flow style, JSON,
//! anchors), the file is written anew instead, which loses comments and nothing else.

use anyhow::Context;
use stead_api::Value;
use stead_api::value::Access;

/// The text of `new`, made from the text of `old` with as few changes as possible.
pub fn edited(text: &str, old: &Value, new: &Value) -> anyhow::Result<String> {
    if text.trim_start().starts_with('{') {
        return Ok(format!("{}\n", serde_json::to_string_pretty(new)?));
    }
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for list in ["clusters", "users", "contexts"] {
        edit_list(&mut lines, list, old, new)?;
    }
    for key in ["apiVersion", "kind", "current-context"] {
        if old[key] != new[key] {
            set_line(&mut lines, key, &yaml(&new[key])?);
        }
    }
    let edited = format!("{}\n", lines.join("\n"));
    match serde_saphyr::from_str::<Value>(&edited) {
        Ok(read) if read == *new => Ok(edited),
        _ => yaml(new),
    }
}

/// YAML of a value.
pub fn yaml(value: &Value) -> anyhow::Result<String> {
    serde_saphyr::to_string(value).context("write YAML")
}

/// The lines of a list's items, without its key's line.
struct Block {
    key: usize,
    indent: usize,
    /// First line and the line after the last of each item.
    items: Vec<(usize, usize)>,
}

/// Finds a list of block style; `None` if it is missing, empty or written another way.
fn block(lines: &[String], list: &str) -> Option<Block> {
    let key = lines.iter().position(|line| line.trim_end() == format!("{list}:"))?;
    let is_item = |line: &str, indent: usize| line.len() > indent && line[..indent].trim().is_empty() && line[indent..].starts_with("- ");
    let first = lines[key + 1..].iter().position(|line| !is_blank(line))? + key + 1;
    let indent = lines[first].len() - lines[first].trim_start().len();
    is_item(&lines[first], indent).then_some(())?;
    let depth = |line: &str| line.len() - line.trim_start().len();
    let belongs = |line: &String| is_blank(line) || depth(line) > indent || is_item(line, indent);
    let end = lines[first..].iter().position(|line| !belongs(line)).map_or(lines.len(), |n| first + n);
    let starts: Vec<usize> = (first..end).filter(|&n| is_item(&lines[n], indent)).collect();
    let ends = starts.iter().skip(1).copied().chain([end]);
    // Comments and blank lines before the next item are that one's.
    let trimmed = |from: usize, to: usize| (from..to).rev().find(|&n| !is_blank(&lines[n])).map_or(from, |last| last + 1);
    Some(Block { key, indent, items: starts.iter().zip(ends).map(|(&from, to)| (from, trimmed(from, to))).collect() })
}

fn is_blank(line: &str) -> bool {
    let line = line.trim_start();
    line.is_empty() || line.starts_with('#')
}

fn edit_list(lines: &mut Vec<String>, list: &str, old: &Value, new: &Value) -> anyhow::Result<()> {
    for gone in old.items(list).iter().filter(|entry| find(new, list, entry).is_none()) {
        if let Some((_, from, to)) = item(lines, list, gone) {
            lines.drain(from..to);
        }
    }
    if new.items(list).is_empty() && !old.items(list).is_empty() {
        set_line(lines, list, "[]");
    }
    for entry in new.items(list) {
        if find(old, list, entry) == Some(entry) {
            continue;
        }
        if let Some((indent, from, to)) = item(lines, list, entry) {
            lines.splice(from..to, rendered(entry, indent)?);
        } else if let Some(block) = block(lines, list) {
            let at = block.items.last().map_or(block.key + 1, |(_, to)| *to);
            let new = rendered(entry, block.indent)?;
            lines.splice(at..at, new);
        } else {
            lines.retain(|line| !is_empty_list(line, list));
            lines.push(format!("{list}:"));
            lines.extend(rendered(entry, 0)?);
        }
    }
    Ok(())
}

fn find<'a>(config: &'a Value, list: &str, entry: &Value) -> Option<&'a Value> {
    config.items(list).iter().find(|e| e.str("name") == entry.str("name"))
}

/// `clusters: []`, `clusters: null`, `clusters:` with nothing.
fn is_empty_list(line: &str, list: &str) -> bool {
    line.strip_prefix(list).and_then(|rest| rest.strip_prefix(':')).is_some_and(|rest| matches!(rest.trim(), "" | "[]" | "null" | "~"))
}

/// Indentation and lines of the item of the name of `entry`.
fn item(lines: &[String], list: &str, entry: &Value) -> Option<(usize, usize, usize)> {
    let block = block(lines, list)?;
    let (from, to) = block.items.into_iter().find(|&(from, to)| {
        let parsed: Option<Value> = serde_saphyr::from_str(&lines[from..to].join("\n")).ok();
        parsed.is_some_and(|items| items[0].str("name") == entry.str("name"))
    })?;
    Some((block.indent, from, to))
}

fn rendered(entry: &Value, indent: usize) -> anyhow::Result<Vec<String>> {
    let text = yaml(&Value::Array(vec![entry.clone()]))?;
    Ok(text.lines().map(|line| format!("{}{line}", " ".repeat(indent))).collect())
}

fn set_line(lines: &mut Vec<String>, key: &str, value: &str) {
    let new = format!("{key}: {}", value.trim_end());
    match lines.iter_mut().find(|line| line.strip_prefix(key).is_some_and(|rest| rest.starts_with(':'))) {
        Some(line) => *line = new,
        None => lines.push(new),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kubeconfig::merge::{Current, merged, without};
    use crate::kubeconfig::tests::document_of;

    const THEIRS: &str = "# my clusters\napiVersion: v1\nkind: Config\nclusters:\n# the big one\n- cluster:\n    server: https://prod # not the \
        test one\n  name: prod\n\ncontexts:\n- context:\n    cluster: prod\n    user: prod\n  name: prod\ncurrent-context: prod # careful\nusers: []\n";

    fn merge(text: &str, document: &Value) -> String {
        let old: Value = serde_saphyr::from_str(text).unwrap();
        let new = merged(old.clone(), document, "stead", Current::IfNone).unwrap();
        let edited = edited(text, &old, &new).unwrap();
        assert_eq!(serde_saphyr::from_str::<Value>(&edited).unwrap(), new);
        edited
    }

    #[test]
    fn comments_and_order_of_the_rest_stay() {
        let once = merge(THEIRS, &document_of(1));
        for kept in ["# my clusters", "# the big one", "# not the test one", "current-context: prod # careful"] {
            assert!(once.contains(kept), "{kept:?} is lost in:\n{once}");
        }
        let twice = merge(&once, &document_of(2));
        assert!(
            twice.contains("# the big one") && twice.contains("https://127.0.0.1:2") && !twice.contains("https://127.0.0.1:1"),
            "{twice}"
        );
        assert_eq!(twice.lines().count(), once.lines().count());
        let old: Value = serde_saphyr::from_str(&twice).unwrap();
        let gone = without(old.clone(), "stead", "");
        assert!(edited(&twice, &old, &gone).unwrap().contains("# the big one"));
    }

    #[test]
    fn indented_lists_and_missing_keys() {
        let text = "apiVersion: v1\nclusters:\n  - name: a\n    cluster: {server: https://a}   # one line\n";
        assert!(merge(text, &document_of(1)).contains("# one line"));
        merge("kind: Config\n", &document_of(1));
    }

    #[test]
    fn what_is_written_another_way_is_written_anew() {
        let flow = "{apiVersion: v1, kind: Config, clusters: [], users: [], contexts: []}";
        let old: Value = serde_saphyr::from_str(flow).unwrap();
        let new = merged(old.clone(), &document_of(1), "stead", Current::IfNone).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&edited(flow, &old, &new).unwrap()).unwrap(), new);
        merge("apiVersion: v1\nkind: Config\nclusters: &c []\nusers: *c\ncontexts: []\n", &document_of(1));
    }
}
