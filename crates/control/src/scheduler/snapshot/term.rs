//! Which pods are meant: a term of affinity, or the selector of a spread constraint. Pure.

use crate::object::Object;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use stead_api::selector::{LabelSelector, Operator};
use stead_api::{Value, value::Access};

/// Namespaces by name.
pub type Namespaces = BTreeMap<String, Arc<Object>>;

/// Pods of some namespaces with some labels.
#[derive(Debug, Clone)]
pub struct Term {
    /// The label of nodes that makes a place; empty where there is none.
    pub topology: String,
    namespaces: BTreeSet<String>,
    /// Those whose labels it matches are meant, too.
    namespace_selector: Option<LabelSelector>,
    selector: LabelSelector,
}

impl Term {
    /// A PodAffinityTerm of a pod in that namespace (SCH-57, SCH-58). What matchLabelKeys add is in the selector already (SCH-59).
    pub fn of(term: &Value, namespace: &str) -> Self {
        let mut namespaces: BTreeSet<String> = term.items("namespaces").iter().filter_map(Value::as_str).map(str::to_owned).collect();
        let namespace_selector = term.get("namespaceSelector").filter(|selector| !selector.is_null());
        if namespaces.is_empty() && namespace_selector.is_none() {
            namespaces.insert(namespace.to_owned());
        }
        Self {
            topology: term.str("topologyKey").to_owned(),
            namespaces,
            namespace_selector: namespace_selector.map(|selector| LabelSelector::from_object(Some(selector))),
            selector: LabelSelector::from_object(term.get("labelSelector")),
        }
    }

    /// Pods of one namespace.
    pub fn within(namespace: &str, topology: &str, selector: LabelSelector) -> Self {
        let namespaces = BTreeSet::from([namespace.to_owned()]);
        Self { topology: topology.to_owned(), namespaces, namespace_selector: None, selector }
    }

    pub fn means(&self, pod: &Object, namespaces: &Namespaces) -> bool {
        self.means_namespace(&pod.key.namespace, namespaces) && self.selector.matches_labels(&pod.labels)
    }

    /// Labels that every pod has which is meant, each as namespace, label and value. None if pods of several namespaces may be meant.
    pub fn labels(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        let namespace = self.namespaces.first().filter(|_| self.namespaces.len() == 1 && self.namespace_selector.is_none());
        let requirements = match &self.selector {
            LabelSelector::All(requirements) => requirements.as_slice(),
            LabelSelector::Nothing => &[],
        };
        let wanted = requirements.iter().filter(|wanted| wanted.operator == Operator::In && wanted.values.len() == 1);
        namespace.into_iter().flat_map(move |namespace| {
            wanted
                .clone()
                .flat_map(move |wanted| wanted.values.iter().map(move |value| (namespace.as_str(), wanted.key.as_str(), value.as_str())))
        })
    }

    fn means_namespace(&self, name: &str, namespaces: &Namespaces) -> bool {
        let selected = |selector: &LabelSelector| match namespaces.get(name) {
            Some(namespace) => selector.matches_labels(&namespace.labels),
            None => selector.is_everything(),
        };
        self.namespaces.contains(name) || self.namespace_selector.as_ref().is_some_and(selected)
    }
}

/// What a pod says about the company of others.
#[derive(Debug, Clone, Default)]
pub struct Company {
    pub required: Vec<Term>,
    pub refused: Vec<Term>,
    /// With weights; below zero for what it avoids.
    pub preferred: Vec<(Term, i64)>,
}

impl Company {
    pub fn of(pod: &Object) -> Self {
        let affinity = &pod.spec()["affinity"];
        let namespace = &pod.key.namespace;
        let required = |kind: &str| {
            let terms = affinity[kind].items("requiredDuringSchedulingIgnoredDuringExecution");
            terms.iter().map(|term| Term::of(term, namespace)).collect()
        };
        let preferred = |kind: &str, sign: i64| {
            let terms = affinity[kind].items("preferredDuringSchedulingIgnoredDuringExecution").iter();
            let weighted = move |term: &Value| (Term::of(&term["podAffinityTerm"], namespace), sign * term.int("weight").unwrap_or(0));
            terms.map(weighted).collect::<Vec<_>>()
        };
        let mut all = preferred("podAffinity", 1);
        all.extend(preferred("podAntiAffinity", -1));
        Self { required: required("podAffinity"), refused: required("podAntiAffinity"), preferred: all }
    }
}
