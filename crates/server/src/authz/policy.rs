//! Who has which roles, indexed by subject and namespace, so that a question costs what its user has and not what there is. Pure.
//! Input: roles and bindings as they come and go. Output: the verdict on a question, and all rules of somebody (A6).

use super::rules::{Question, Rule, What};
use crate::Identity;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use stead_api::Value;
use stead_api::value::Access;

/// Namespace and name; the namespace is empty outside of namespaces.
pub(crate) type Key = (String, String);

/// What came of a question. Why, is told only to who asks.
#[derive(Debug)]
pub(crate) enum Finding<'a> {
    /// By this binding.
    Allowed(Grant<'a>),
    /// What was wrong with roles that might have allowed it.
    Refused(BTreeSet<String>),
}

/// A verdict, and why it is so.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Judgement {
    /// Why, if a role allows it.
    Allowed(String),
    /// What was wrong with roles that might have allowed it.
    Refused(String),
}

#[derive(Debug, Default)]
pub(crate) struct Policy {
    roles: HashMap<Key, Vec<Rule>>,
    /// By namespace and name.
    bindings: HashMap<String, HashMap<String, Binding>>,
    users: HashMap<String, Places>,
    groups: HashMap<String, Places>,
}

/// The names of bindings by namespace.
type Places = BTreeMap<String, BTreeSet<String>>;

#[derive(Debug)]
struct Binding {
    role: Key,
    role_kind: String,
    subjects: Vec<Subject>,
}

#[derive(Debug)]
struct Subject {
    is_group: bool,
    /// Of the user or group; a service account is a user.
    name: String,
    /// `ServiceAccount "name/namespace"`.
    shown: String,
}

impl Policy {
    pub(crate) fn set_role(&mut self, key: Key, role: &Value) {
        self.roles.insert(key, Rule::all_of(role));
    }

    pub(crate) fn remove_role(&mut self, key: &Key) {
        self.roles.remove(key);
    }

    pub(crate) fn set_binding(&mut self, key: Key, binding: &Value) {
        self.remove_binding(&key);
        let reference = &binding["roleRef"];
        let kind = reference.str("kind").to_owned();
        let namespace = if kind == "Role" { key.0.clone() } else { String::new() };
        let subjects: Vec<Subject> = binding.items("subjects").iter().filter_map(|subject| read_subject(subject, &key.0)).collect();
        for subject in &subjects {
            let index = if subject.is_group { &mut self.groups } else { &mut self.users };
            index.entry(subject.name.clone()).or_default().entry(key.0.clone()).or_default().insert(key.1.clone());
        }
        self.bindings
            .entry(key.0)
            .or_default()
            .insert(key.1, Binding { role: (namespace, reference.str("name").to_owned()), role_kind: kind, subjects });
    }

    pub(crate) fn remove_binding(&mut self, key: &Key) {
        let Some(binding) = self.bindings.get_mut(&key.0).and_then(|here| here.remove(&key.1)) else { return };
        if self.bindings.get(&key.0).is_some_and(HashMap::is_empty) {
            self.bindings.remove(&key.0);
        }
        for subject in &binding.subjects {
            let index = if subject.is_group { &mut self.groups } else { &mut self.users };
            let Some(places) = index.get_mut(&subject.name) else { continue };
            if let Some(names) = places.get_mut(&key.0) {
                names.remove(&key.1);
                if names.is_empty() {
                    places.remove(&key.0);
                }
            }
            if places.is_empty() {
                index.remove(&subject.name);
            }
        }
    }

    pub(crate) fn judge<'a>(&'a self, identity: &'a Identity, question: &'a Question<'_>) -> Finding<'a> {
        let namespace = match question.what {
            What::Resource { namespace, .. } => namespace,
            What::Path(_) => "",
        };
        let mut faults = BTreeSet::new();
        for grant in self.grants(identity, namespace) {
            match self.rules(grant.binding) {
                Ok(rules) if rules.iter().any(|rule| rule.allows(question)) => return Finding::Allowed(grant),
                Ok(_) => {}
                Err(fault) => {
                    faults.insert(fault);
                }
            }
        }
        Finding::Refused(faults)
    }

    /// All rules of somebody in a namespace, and what was wrong with roles.
    pub(crate) fn rules_of(&self, identity: &Identity, namespace: &str) -> (Vec<Rule>, Vec<String>) {
        let (mut all, mut faults) = (Vec::new(), BTreeSet::new());
        for grant in self.grants(identity, namespace) {
            match self.rules(grant.binding) {
                Ok(rules) => all.extend_from_slice(rules),
                Err(fault) => {
                    faults.insert(fault);
                }
            }
        }
        (all, faults.into_iter().collect())
    }

    /// The rules of a role, if there is such a role.
    pub(crate) fn role(&self, key: &Key) -> Option<&[Rule]> {
        self.roles.get(key).map(Vec::as_slice)
    }

    fn rules(&self, binding: &Binding) -> Result<&[Rule], String> {
        let missing = || format!("{}.rbac.authorization.k8s.io {:?} not found", binding.role_kind.to_lowercase(), binding.role.1);
        self.role(&binding.role).ok_or_else(missing)
    }

    /// The bindings of somebody: those of everywhere first.
    fn grants<'a>(&'a self, identity: &'a Identity, namespace: &'a str) -> impl Iterator<Item = Grant<'a>> {
        let everywhere = self.grants_in(identity, "");
        let here = (!namespace.is_empty()).then(|| self.grants_in(identity, namespace));
        everywhere.chain(here.into_iter().flatten())
    }

    fn grants_in<'a>(&'a self, identity: &'a Identity, namespace: &'a str) -> impl Iterator<Item = Grant<'a>> {
        let user = self.users.get(&identity.user).map(|places| (places, false, identity.user.as_str()));
        let groups = identity.groups.iter().filter_map(|group| Some((self.groups.get(group)?, true, group.as_str())));
        let here = self.bindings.get(namespace);
        user.into_iter().chain(groups).flat_map(move |(places, is_group, who)| {
            places.get(namespace).into_iter().flatten().filter_map(move |name| {
                let binding = here?.get(name)?;
                Some(Grant { namespace, name, binding, is_group, who })
            })
        })
    }
}

impl Finding<'_> {
    pub(crate) fn is_allowed(&self) -> bool {
        matches!(self, Self::Allowed(_))
    }

    /// With the reasons, as upstream words them.
    pub(crate) fn explained(self) -> Judgement {
        match self {
            Self::Allowed(grant) => Judgement::Allowed(grant.reason()),
            Self::Refused(faults) => Judgement::Refused(match Vec::from_iter(faults).as_slice() {
                [] => String::new(),
                [one] => format!("RBAC: {one}"),
                several => format!("RBAC: [{}]", several.join(", ")),
            }),
        }
    }
}

/// That a binding names somebody.
#[derive(Debug)]
pub(crate) struct Grant<'a> {
    namespace: &'a str,
    name: &'a str,
    binding: &'a Binding,
    is_group: bool,
    who: &'a str,
}

impl Grant<'_> {
    fn reason(&self) -> String {
        let Self { namespace, name, binding, .. } = self;
        let of = match *namespace {
            "" => format!("ClusterRoleBinding {name:?}"),
            namespace => format!("RoleBinding {:?}", format!("{name}/{namespace}")),
        };
        let named = |subject: &&Subject| subject.is_group == self.is_group && subject.name == self.who;
        let subject = binding.subjects.iter().find(named).map(|subject| subject.shown.as_str()).unwrap_or_default();
        format!("RBAC: allowed by {of} of {} {:?} to {subject}", binding.role_kind, binding.role.1)
    }
}

fn read_subject(subject: &Value, namespace: &str) -> Option<Subject> {
    let (kind, name) = (subject.str("kind"), subject.str("name"));
    match kind {
        "User" | "Group" => Some(Subject { is_group: kind == "Group", name: name.to_owned(), shown: format!("{kind} {name:?}") }),
        "ServiceAccount" => {
            let namespace = if subject.str("namespace").is_empty() { namespace } else { subject.str("namespace") };
            let shown = format!("{kind} {:?}", format!("{name}/{namespace}"));
            (!namespace.is_empty()).then(|| Subject { is_group: false, name: format!("system:serviceaccount:{namespace}:{name}"), shown })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stead_api::json;

    fn key(namespace: &str, name: &str) -> Key {
        (namespace.to_owned(), name.to_owned())
    }

    fn policy() -> Policy {
        let mut policy = Policy::default();
        policy.set_role(key("", "reader"), &json!({"rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]}));
        let subjects = json!([{"kind": "ServiceAccount", "name": "bot"}, {"kind": "Group", "name": "team"}]);
        let binding = json!({"roleRef": {"kind": "ClusterRole", "name": "reader"}, "subjects": subjects});
        policy.set_binding(key("a", "readers"), &binding);
        policy
    }

    fn who(user: &str, groups: &[&str]) -> Identity {
        Identity { user: user.to_owned(), groups: groups.iter().map(|group| (*group).to_owned()).collect(), ..Identity::default() }
    }

    fn get_pod(namespace: &str) -> Question<'_> {
        Question::of("get", What::Resource { group: "", resource: "pods", subresource: "", namespace, name: "x" })
    }

    #[test]
    fn a_role_binding_counts_in_its_namespace() {
        // A6
        let (policy, bot) = (policy(), who("system:serviceaccount:a:bot", &[]));
        let reason = "RBAC: allowed by RoleBinding \"readers/a\" of ClusterRole \"reader\" to ServiceAccount \"bot/a\"";
        assert_eq!(policy.judge(&bot, &get_pod("a")).explained(), Judgement::Allowed(reason.to_owned()));
        for namespace in ["b", ""] {
            assert_eq!(policy.judge(&bot, &get_pod(namespace)).explained(), Judgement::Refused(String::new()));
        }
        assert!(policy.judge(&who("eve", &["team"]), &get_pod("a")).is_allowed());
        assert!(!policy.judge(&who("team", &[]), &get_pod("a")).is_allowed());
        assert_eq!(policy.rules_of(&bot, "a").0.len(), 1);
    }

    #[test]
    fn what_is_removed_counts_no_more() {
        let (mut policy, team) = (policy(), who("eve", &["team"]));
        policy.remove_role(&key("", "reader"));
        let fault = "RBAC: clusterrole.rbac.authorization.k8s.io \"reader\" not found";
        assert_eq!(policy.judge(&team, &get_pod("a")).explained(), Judgement::Refused(fault.to_owned()));
        policy.remove_binding(&key("a", "readers"));
        assert_eq!(policy.judge(&team, &get_pod("a")).explained(), Judgement::Refused(String::new()));
        assert!(policy.users.is_empty() && policy.groups.is_empty());
    }
}
