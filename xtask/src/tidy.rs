//! `cargo xtask tidy`: the rules of the house that no compiler checks. Exceptions stand in `xtask/tidy.txt`, which only shrinks.

use anyhow::{Context, Result, bail};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};

const LINES_MAX: usize = 800;
const FUNCTION_LINES_MAX: usize = 80;
const VAGUE_NAMES: [&str; 6] = ["utils", "util", "common", "helpers", "manager", "misc"];
/// Private names that said too little and are not to come back: the field has words for what they meant.
const FORMER_NAMES: [&str; 19] = [
    "Booked",
    "Deed",
    "Nature",
    "News",
    "ROUNDS_UNSAID_MAX",
    "Spare",
    "Standing",
    "Trouble",
    "Turn",
    "VOUCHED",
    "Verdict",
    "Wish",
    "begin_life",
    "disown",
    "doubt",
    "employ",
    "is_got_rid_of",
    "overtaken",
    "social",
];
const DEFINITIONS: [&str; 8] = ["const", "enum", "fn", "mod", "static", "struct", "trait", "type"];
/// Which of our crates each may use (`api`, `store` and `runtime` know nothing of each other).
const DEPENDENCIES: [(&str, &[&str]); 24] = [
    ("api", &[]),
    ("store", &[]),
    ("streams", &[]),
    ("sys", &[]),
    ("allocator", &[]),
    ("applets", &["sys"]),
    ("images", &["sys"]),
    ("journal", &["sys"]),
    ("netlink", &[]),
    ("netfilter", &["netlink"]),
    ("network", &["journal", "netlink", "sys"]),
    ("firewall", &["api", "client", "netfilter", "network", "sys"]),
    ("runtime", &["applets", "images", "journal", "sys"]),
    ("volumes", &["journal", "sys"]),
    ("disks", &["journal", "sys", "volumes"]),
    ("lint", &["api"]),
    ("server", &["api", "lint", "store"]),
    ("ui", &["api", "server"]),
    ("client", &["api"]),
    ("control", &["api", "client"]),
    ("proxy", &["api", "client", "netfilter"]),
    ("dns", &["api", "client", "sys"]),
    ("node", &["api", "client", "disks", "firewall", "images", "journal", "network", "runtime", "streams", "sys", "volumes"]),
    (
        "stead",
        &[
            "allocator",
            "api",
            "applets",
            "client",
            "control",
            "disks",
            "dns",
            "firewall",
            "images",
            "lint",
            "network",
            "node",
            "proxy",
            "runtime",
            "server",
            "store",
            "sys",
            "ui",
            "volumes",
        ],
    ),
];

/// Checks the whole tree; prints every offence.
pub fn run(root: &Path) -> Result<()> {
    let mut offences = BTreeSet::new();
    for path in sources(root)? {
        let text = std::fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
        let name = path.strip_prefix(root).unwrap_or(&path).display().to_string();
        offences.extend(source(&name, &text));
    }
    for (name, allowed) in DEPENDENCIES {
        let manifest = std::fs::read_to_string(root.join(format!("crates/{name}/Cargo.toml")))
            .with_context(|| format!("read the manifest of {name}"))?;
        offences.extend(dependencies(name, &manifest, allowed));
    }
    for entry in std::fs::read_dir(root.join("crates")).context("read the list of crates")? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name != "testing" && !DEPENDENCIES.iter().any(|(known, _)| *known == name) {
            offences.insert(format!("crates/{name}: xtask/src/tidy.rs does not say what it may use"));
        }
    }
    let known = std::fs::read_to_string(root.join("xtask/tidy.txt")).unwrap_or_default();
    let known: BTreeSet<String> = known.lines().filter(|l| !l.is_empty() && !l.starts_with('#')).map(str::to_owned).collect();
    let mut report = String::new();
    for offence in offences.difference(&known) {
        writeln!(report, "{offence}")?;
    }
    for gone in known.difference(&offences) {
        writeln!(report, "no longer so, take it from xtask/tidy.txt: {gone}")?;
    }
    if report.is_empty() { Ok(()) } else { bail!("tidy:\n{report}") }
}

/// Every Rust source of ours that a person writes.
fn sources(root: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut dirs = vec![root.join("crates"), root.join("xtask/src"), root.join("tests")];
    while let Some(dir) = dirs.pop() {
        for entry in std::fs::read_dir(&dir).with_context(|| format!("read {}", dir.display()))? {
            let path = entry?.path();
            if path.is_dir() && !path.ends_with("generated") && !path.ends_with("target") {
                dirs.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Offences of one source file. Numbers are left out, so that the list of exceptions does not change with every edit.
fn source(name: &str, text: &str) -> Vec<String> {
    let mut offences = Vec::new();
    let test = name.contains("tests");
    let stem = Path::new(name).file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
    if VAGUE_NAMES.contains(&stem.as_str()) {
        offences.push(format!("{name}: the file's name says nothing"));
    }
    if !test && !text.trim_start().starts_with("//!") {
        offences.push(format!("{name}: the file does not open with //!"));
    }
    if !test && text.lines().count() > LINES_MAX {
        offences.push(format!("{name}: more than {LINES_MAX} lines"));
    }
    if text.lines().any(|line| ["#[allow(", "#![allow("].iter().any(|start| line.trim_start().starts_with(start))) {
        offences.push(format!("{name}: allow( where expect( would say when it is no longer needed"));
    }
    offences.extend(former_names(text).into_iter().map(|former| format!("{name}: {former} is a name that was given up")));
    if !test {
        offences.extend(
            long_functions(text).into_iter().map(|function| format!("{name}: fn {function} has more than {FUNCTION_LINES_MAX} lines")),
        );
    }
    offences
}

/// Names defined here that are not to come back.
fn former_names(text: &str) -> BTreeSet<&str> {
    let words: Vec<&str> = text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty()).collect();
    let defined = words.windows(2).filter(|pair| DEFINITIONS.contains(&pair[0])).map(|pair| pair[1]);
    defined.filter(|name| FORMER_NAMES.contains(name)).collect()
}

/// Names of functions that are too long; by indentation, which rustfmt keeps.
fn long_functions(text: &str) -> Vec<String> {
    let mut long = Vec::new();
    let mut open: Option<(String, usize, usize)> = None;
    for (number, line) in text.lines().enumerate() {
        let indent = line.len() - line.trim_start().len();
        match &open {
            None => open = function_name(line).map(|function| (function, indent, number)),
            Some((function, start_indent, start)) if indent == *start_indent && line.trim_start().starts_with('}') => {
                if number - start + 1 > FUNCTION_LINES_MAX {
                    long.push(function.clone());
                }
                open = None;
            }
            Some((_, start_indent, start)) if number == *start + 1 && indent == *start_indent && function_name(line).is_some() => {
                open = function_name(line).map(|function| (function, indent, number)); // a one-line function came before
            }
            Some(_) => {}
        }
        if open.as_ref().is_some_and(|(_, _, start)| *start == number) && (line.ends_with(';') || line.ends_with('}')) {
            open = None;
        }
    }
    long
}

fn function_name(line: &str) -> Option<String> {
    let mut rest = line.trim_start();
    for word in ["pub(crate) ", "pub(super) ", "pub ", "const ", "async ", "unsafe "] {
        rest = rest.strip_prefix(word).unwrap_or(rest);
    }
    let name = rest.strip_prefix("fn ")?;
    Some(name.split(['(', '<']).next().unwrap_or_default().to_owned())
}

/// Uses of our crates that the shape of the program does not allow, outside of tests.
fn dependencies(name: &str, manifest: &str, allowed: &[&str]) -> Vec<String> {
    let mut section = "";
    let mut offences = Vec::new();
    for line in manifest.lines() {
        if line.starts_with('[') {
            section = line;
        } else if section == "[dependencies]"
            && let Some(used) = line.strip_prefix("stead-").and_then(|l| l.split(['.', ' ']).next())
            && !allowed.contains(&used)
        {
            offences.push(format!("crates/{name} may not use crates/{used}"));
        }
    }
    offences
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_functions_are_found() {
        let body = "    x();\n".repeat(90);
        let text = format!(
            "//! Doc.\nfn short() {{}}\nfn long() {{\n{body}}}\nimpl X {{\n    fn fine(\n        &self,\n    ) {{\n        y();\n    }}\n}}\n"
        );
        assert_eq!(long_functions(&text), ["long"]);
        assert_eq!(source("a.rs", &text), ["a.rs: fn long has more than 80 lines"]);
    }

    #[test]
    fn files_open_with_a_word_on_what_they_own() {
        assert_eq!(source("utils.rs", "fn f() {}\n").len(), 2);
    }

    #[test]
    fn names_that_were_given_up_do_not_come_back() {
        let text = "//! A Wish.\nstruct Wish;\nfn disown() {}\nlet turn = Turn;\n";
        assert_eq!(former_names(text).into_iter().collect::<Vec<_>>(), ["Wish", "disown"]);
        assert_eq!(source("a.rs", "//! Doc.\n#[allow(dead_code)]\nfn f() {}\n").len(), 1);
    }

    #[test]
    fn crates_use_what_they_may() {
        let manifest = "[dev-dependencies]\nstead-server.workspace = true\n[dependencies]\nstead-store.workspace = true\n";
        assert_eq!(dependencies("api", manifest, &[]), ["crates/api may not use crates/store"]);
        assert!(dependencies("server", manifest, &["store"]).is_empty());
    }
}
