//! Pod security standards (M8): which level a namespace's labels ask for, and what of a pod violates it, in the words of upstream's
//! pod-security-admission. Input: labels; a pod's metadata and spec. Output: a policy; violations. Pure.
//! Pods in a user namespace are judged like all others: upstream's relaxations for them are absent.

mod baseline;
mod restricted;
#[cfg(test)]
mod tests;

use crate::Value;
use crate::field::{Errors, Path, invalid};
use crate::value::Access;

/// How much a pod may do; later ones are stricter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    Privileged,
    Baseline,
    Restricted,
}

/// Minor version of Kubernetes whose rules count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    Minor(u32),
    Latest,
}

/// A level as of a version; printed as `baseline:latest`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standard {
    pub level: Level,
    pub version: Version,
}

/// What a namespace asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// Pods that violate it are refused.
    pub enforce: Standard,
    /// Pods, and objects that make pods, are accepted with a warning if they violate it.
    pub warn: Standard,
}

/// A rule that a pod breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    pub reason: String,
    pub detail: String,
}

const PREFIX: &str = "pod-security.kubernetes.io/";

impl std::fmt::Display for Standard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let level = match self.level {
            Level::Privileged => "privileged",
            Level::Baseline => "baseline",
            Level::Restricted => "restricted",
        };
        match self.version {
            Version::Latest => write!(f, "{level}:latest"),
            Version::Minor(minor) => write!(f, "{level}:v1.{minor}"),
        }
    }
}

impl Standard {
    const UNRESTRICTED: Self = Self { level: Level::Privileged, version: Version::Latest };

    /// What of a pod violates this, baseline rules first.
    pub fn violations(self, metadata: &Value, spec: &Value) -> Vec<Violation> {
        let pod = Pod { metadata, spec, version: self.version };
        match self.level {
            Level::Privileged => Vec::new(),
            Level::Baseline => baseline::violations(&pod, |_| true),
            Level::Restricted => {
                let mut found = baseline::violations(&pod, |rule| !restricted::replaces(self.version, rule));
                found.extend(restricted::violations(&pod));
                found
            }
        }
    }
}

impl Policy {
    /// What the labels of a namespace ask for. Labels that say nothing known are errors, and count as the strictest level where pods are
    /// refused, as none where they are warned of.
    pub fn of(labels: &Value) -> (Self, Errors) {
        let mut errors = Errors::new();
        let enforce_level = read(labels, "enforce", level, &mut errors);
        let enforce_version = read(labels, "enforce-version", version, &mut errors);
        // Audit labels are checked like the others; there is no audit log that could tell.
        read(labels, "audit", level, &mut errors);
        read(labels, "audit-version", version, &mut errors);
        let warn_level = read(labels, "warn", level, &mut errors);
        let warn_version = read(labels, "warn-version", version, &mut errors);
        let enforce = Standard {
            level: enforce_level.map_or(Level::Privileged, |level| level.unwrap_or(Level::Restricted)),
            version: enforce_version.and_then(Result::ok).unwrap_or(Version::Latest),
        };
        let mut warn = Standard::UNRESTRICTED;
        match warn_level {
            Some(level) => warn.level = level.unwrap_or(Level::Privileged),
            // Who enforces a level is warned of it too.
            None if matches!(enforce_level, Some(Ok(_))) => warn = enforce,
            None => {}
        }
        if let Some(version) = warn_version {
            warn.version = version.unwrap_or(Version::Latest);
        }
        (Self { enforce, warn }, errors)
    }
}

/// The value of a label, if it is there.
fn read<T>(labels: &Value, name: &str, parse: fn(&str) -> Result<T, &'static str>, errors: &mut Errors) -> Option<Result<T, ()>> {
    let key = format!("{PREFIX}{name}");
    let text = labels.get(&key)?.as_str()?;
    Some(parse(text).map_err(|why| errors.push(invalid(&Path::new("metadata").child("labels").key(&key), text, why))))
}

fn level(text: &str) -> Result<Level, &'static str> {
    match text {
        "privileged" => Ok(Level::Privileged),
        "baseline" => Ok(Level::Baseline),
        "restricted" => Ok(Level::Restricted),
        _ => Err("must be one of privileged, baseline, restricted"),
    }
}

fn version(text: &str) -> Result<Version, &'static str> {
    let wrong = "must be \"latest\" or \"v1.x\"";
    if text == "latest" {
        return Ok(Version::Latest);
    }
    let minor = text.strip_prefix("v1.").filter(|minor| minor.bytes().all(|c| c.is_ascii_digit())).ok_or(wrong)?;
    let canonical = minor == "0" || !minor.starts_with('0');
    minor.parse().ok().filter(|_| canonical).map(Version::Minor).ok_or(wrong)
}

/// `reason (detail), reason (detail)`.
pub fn details(violations: &[Violation]) -> String {
    violations.iter().map(|violation| format!("{} ({})", violation.reason, violation.detail)).collect::<Vec<_>>().join(", ")
}

/// `reason, reason`.
pub fn reasons(violations: &[Violation]) -> String {
    violations.iter().map(|violation| violation.reason.as_str()).collect::<Vec<_>>().join(", ")
}

/// What rules look at.
struct Pod<'a> {
    metadata: &'a Value,
    spec: &'a Value,
    version: Version,
}

impl Pod<'_> {
    fn containers(&self) -> impl Iterator<Item = &Value> {
        ["initContainers", "containers", "ephemeralContainers"].into_iter().flat_map(|list| self.spec.items(list))
    }

    /// Names of the containers that break a rule.
    fn breaking(&self, mut breaks: impl FnMut(&Value) -> bool) -> Vec<&str> {
        self.containers().filter(|container| breaks(container)).map(|container| container.str("name")).collect()
    }

    fn since(&self, minor: u32) -> bool {
        self.version >= Version::Minor(minor)
    }

    fn is_windows(&self) -> bool {
        self.spec["os"].str("name") == "windows"
    }
}

fn violation(reason: &str, detail: String) -> Option<Violation> {
    Some(Violation { reason: reason.to_owned(), detail })
}

/// `container "a"` or `containers "a", "b"`.
fn named(names: &[&str]) -> String {
    format!("{} {}", plural(names.len(), "container", "containers"), quoted(names))
}

/// Those that set something: the pod, containers, or both.
fn setters(of_pod: bool, containers: &[&str]) -> Option<String> {
    match (of_pod, containers) {
        (false, []) => None,
        (true, []) => Some("pod".to_owned()),
        (false, names) => Some(named(names)),
        (true, names) => Some(format!("pod and {}", named(names))),
    }
}

fn plural<'a>(count: usize, one: &'a str, several: &'a str) -> &'a str {
    if count == 1 { one } else { several }
}

fn quoted(texts: &[&str]) -> String {
    format!("\"{}\"", texts.join("\", \""))
}

/// Each once, sorted.
fn distinct(mut texts: Vec<&str>) -> Vec<&str> {
    texts.sort_unstable();
    texts.dedup();
    texts
}
