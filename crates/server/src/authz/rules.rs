//! Rules of roles: what one allows, and whether some cover others. Pure (A6, A8).

use std::collections::{BTreeMap, BTreeSet};
use stead_api::value::Access;
use stead_api::{Value, json};

/// What somebody wants to do.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Question<'a> {
    pub verb: &'a str,
    pub what: What<'a>,
    /// The field selector of a list or watch; empty: everything.
    pub fields: &'a str,
}

impl<'a> Question<'a> {
    pub(crate) fn of(verb: &'a str, what: What<'a>) -> Self {
        Self { verb, what, fields: "" }
    }

    /// Whether only objects whose field has this value are asked for.
    pub(crate) fn selects(&self, field: &str, value: &str) -> bool {
        self.fields.split(',').filter_map(|term| term.split_once('=')).any(|(of, is)| of == field && is.trim_start_matches('=') == value)
    }
}

/// To what.
#[derive(Debug, Clone, Copy)]
pub(crate) enum What<'a> {
    /// Empty: the core group, no subresource, everywhere or outside of namespaces, no name.
    Resource {
        group: &'a str,
        resource: &'a str,
        subresource: &'a str,
        namespace: &'a str,
        name: &'a str,
    },
    Path(&'a str),
}

/// One rule of a role.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rule {
    pub groups: Vec<String>,
    pub resources: Vec<String>,
    pub urls: Vec<String>,
    pub names: Vec<String>,
    pub verbs: Vec<String>,
}

impl Rule {
    /// The rules of a role.
    pub(crate) fn all_of(role: &Value) -> Vec<Self> {
        role.items("rules").iter().map(Self::read).collect()
    }

    fn read(rule: &Value) -> Self {
        let texts = |member: &str| rule.items(member).iter().filter_map(Value::as_str).map(str::to_owned).collect();
        Self {
            groups: texts("apiGroups"),
            resources: texts("resources"),
            urls: texts("nonResourceURLs"),
            names: texts("resourceNames"),
            verbs: texts("verbs"),
        }
    }

    /// As an object of the API.
    pub(crate) fn to_value(&self) -> Value {
        let mut value = json!({"verbs": self.verbs});
        let members =
            [("apiGroups", &self.groups), ("resources", &self.resources), ("resourceNames", &self.names), ("nonResourceURLs", &self.urls)];
        for (member, texts) in members {
            if !texts.is_empty() {
                value[member] = json!(texts);
            }
        }
        value
    }

    /// Everything there is.
    pub(crate) fn everything() -> Vec<Self> {
        let any = || vec!["*".to_owned()];
        let resources = Self { groups: any(), resources: any(), verbs: any(), ..Self::default() };
        vec![resources, Self { urls: any(), verbs: any(), ..Self::default() }]
    }

    pub(crate) fn allows(&self, question: &Question<'_>) -> bool {
        any_or(&self.verbs, question.verb)
            && match question.what {
                What::Resource { group, resource, subresource, name, .. } => {
                    any_or(&self.groups, group)
                        && self.resources.iter().any(|own| is_resource(own, resource, subresource))
                        && (self.names.is_empty() || self.names.iter().any(|own| own == name && !name.is_empty()))
                }
                What::Path(path) => self.urls.iter().any(|own| is_path(own, path)),
            }
    }

    /// The rules of one verb and one thing each that this one is made of.
    fn parts(&self) -> Vec<Self> {
        let one = |text: &String| vec![text.clone()];
        let mut parts = Vec::new();
        for group in &self.groups {
            for resource in &self.resources {
                for verb in &self.verbs {
                    let part = Self { groups: one(group), resources: one(resource), verbs: one(verb), ..Self::default() };
                    match self.names.is_empty() {
                        true => parts.push(part),
                        false => parts.extend(self.names.iter().map(|name| Self { names: one(name), ..part.clone() })),
                    }
                }
            }
        }
        for url in &self.urls {
            parts.extend(self.verbs.iter().map(|verb| Self { urls: one(url), verbs: one(verb), ..Self::default() }));
        }
        parts
    }

    /// Whether this one allows all that a part does.
    fn covers(&self, part: &Self) -> bool {
        let resource = |wanted: &String| {
            let (resource, subresource) = wanted.split_once('/').unwrap_or((wanted, ""));
            self.resources.iter().any(|own| is_resource(own, resource, subresource))
        };
        part.verbs.iter().all(|verb| any_or(&self.verbs, verb))
            && part.groups.iter().all(|group| any_or(&self.groups, group))
            && part.resources.iter().all(resource)
            && part.urls.iter().all(|url| self.urls.iter().any(|own| is_path(own, url)))
            && match (self.names.is_empty(), part.names.is_empty()) {
                (true, _) => true,
                (false, true) => false,
                (false, false) => part.names.iter().all(|name| self.names.contains(name)),
            }
    }

    /// As upstream prints it: `{APIGroups:[""], Resources:["pods"], Verbs:["get"]}`.
    fn text(&self) -> String {
        let members = [
            ("APIGroups", &self.groups),
            ("Resources", &self.resources),
            ("NonResourceURLs", &self.urls),
            ("ResourceNames", &self.names),
            ("Verbs", &self.verbs),
        ];
        let shown = members.iter().filter(|(_, texts)| !texts.is_empty()).map(|(name, texts)| format!("{name}:{}", quoted(texts)));
        format!("{{{}}}", shown.collect::<Vec<_>>().join(", "))
    }
}

/// A list as Go prints it with `%q`.
pub(crate) fn quoted(texts: &[String]) -> String {
    format!("[{}]", texts.iter().map(|text| format!("{text:?}")).collect::<Vec<_>>().join(" "))
}

/// What of `wanted` nothing in `owned` covers, a line for each; nothing if all is.
pub(crate) fn missing(owned: &[Rule], wanted: &[Rule]) -> Option<String> {
    let parts = wanted.iter().flat_map(Rule::parts);
    let lost: Vec<Rule> = parts.filter(|part| !owned.iter().any(|own| own.covers(part))).collect();
    if lost.is_empty() {
        return None;
    }
    // Verbs of one resource are told together.
    let mut simple: BTreeMap<Rule, Vec<String>> = BTreeMap::new();
    let mut lines = BTreeSet::new();
    for mut part in lost {
        if part.resources.is_empty() {
            lines.insert(part.text());
        } else {
            let verbs = std::mem::take(&mut part.verbs);
            simple.entry(part).or_default().extend(verbs);
        }
    }
    lines.extend(simple.into_iter().map(|(rule, verbs)| Rule { verbs, ..rule }.text()));
    Some(lines.into_iter().collect::<Vec<_>>().join("\n"))
}

fn any_or(texts: &[String], wanted: &str) -> bool {
    texts.iter().any(|text| text == "*" || text == wanted)
}

/// `pods`, `pods/log`, `*`, `*/scale`.
fn is_resource(own: &str, resource: &str, subresource: &str) -> bool {
    match own.split_once('/') {
        _ if own == "*" => true,
        None => subresource.is_empty() && own == resource,
        Some((of, sub)) => !subresource.is_empty() && sub == subresource && (of == "*" || of == resource),
    }
}

/// `/healthz`, `/api/*`, `*`.
fn is_path(own: &str, path: &str) -> bool {
    own == "*" || own == path || own.strip_suffix('*').is_some_and(|start| path.starts_with(start.trim_end_matches('*')))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(groups: &[&str], resources: &[&str], names: &[&str], verbs: &[&str]) -> Rule {
        let own = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        Rule { groups: own(groups), resources: own(resources), names: own(names), verbs: own(verbs), urls: Vec::new() }
    }

    fn ask<'a>(verb: &'a str, resource: &'a str, subresource: &'a str, name: &'a str) -> Question<'a> {
        Question::of(verb, What::Resource { group: "", resource, subresource, namespace: "ns", name })
    }

    #[test]
    fn a_rule_allows_what_it_says() {
        // A6
        let pods = rule(&[""], &["pods"], &[], &["get"]);
        assert!(pods.allows(&ask("get", "pods", "", "a")));
        assert!(!pods.allows(&ask("list", "pods", "", "")));
        assert!(!pods.allows(&ask("get", "pods", "log", "a")));
        assert!(!rule(&["apps"], &["pods"], &[], &["*"]).allows(&ask("get", "pods", "", "a")));
        assert!(rule(&["*"], &["*"], &[], &["*"]).allows(&ask("get", "pods", "log", "a")));
        assert!(rule(&[""], &["*/log"], &[], &["get"]).allows(&ask("get", "pods", "log", "a")));
        assert!(!rule(&[""], &["*/log"], &[], &["get"]).allows(&ask("get", "pods", "", "a")));
        let named = rule(&[""], &["pods"], &["a"], &["*"]);
        assert!(named.allows(&ask("get", "pods", "", "a")) && !named.allows(&ask("get", "pods", "", "b")));
        assert!(!named.allows(&ask("create", "pods", "", "")));
    }

    #[test]
    fn paths_end_in_a_star_or_are_exact() {
        let urls = |text: &str| Rule { urls: vec![text.to_owned()], verbs: vec!["get".to_owned()], ..Rule::default() };
        let get = |path| Question::of("get", What::Path(path));
        assert!(urls("/api/*").allows(&get("/api/v1")) && !urls("/api/*").allows(&get("/api")));
        assert!(urls("/api").allows(&get("/api")) && !urls("/api").allows(&get("/apis")));
        assert!(urls("*").allows(&get("/x")) && !urls("*").allows(&ask("get", "pods", "", "")));
    }

    #[test]
    fn what_is_missing_is_told_by_resource() {
        // A8
        let owned = [rule(&[""], &["pods"], &[], &["get", "list"])];
        assert_eq!(missing(&owned, &[rule(&[""], &["pods"], &[], &["list"])]), None);
        assert_eq!(missing(&owned, &[rule(&[""], &["pods"], &["a"], &["get"])]), None);
        let text = missing(&owned, &[rule(&[""], &["pods", "secrets"], &[], &["get", "watch"])]).unwrap();
        let lines = "{APIGroups:[\"\"], Resources:[\"pods\"], Verbs:[\"watch\"]}\n{APIGroups:[\"\"], Resources:[\"secrets\"], Verbs:[\"get\" \"watch\"]}";
        assert_eq!(text, lines);
        assert!(missing(&[rule(&[""], &["pods"], &["a"], &["get"])], &owned).is_some());
        assert_eq!(missing(&Rule::everything(), &Rule::everything()), None);
    }
}
