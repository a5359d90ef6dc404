//! What was found, and of which object.

use crate::Rule;
use stead_api::Value;
use stead_api::value::Access;

/// The object that a finding is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ObjectName {
    pub kind: String,
    /// Empty for objects outside of namespaces.
    pub namespace: String,
    pub name: String,
}

impl ObjectName {
    pub fn of(object: &Value, namespace: &str) -> Self {
        let own = object["metadata"].str("namespace");
        Self {
            kind: object.str("kind").to_owned(),
            namespace: if own.is_empty() { namespace } else { own }.to_owned(),
            name: object["metadata"].str("name").to_owned(),
        }
    }
}

/// One thing to be said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub rule: &'static Rule,
    pub object: ObjectName,
    /// `spec.template.spec.containers[0].image`
    pub path: String,
    /// What is so, in one line.
    pub message: String,
    /// What to write instead, in one line.
    pub fix: String,
}

/// The findings about one object, in the order found.
pub struct Findings {
    object: ObjectName,
    list: Vec<Finding>,
}

impl Findings {
    pub fn new(object: &Value, namespace: &str) -> Self {
        Self { object: ObjectName::of(object, namespace), list: Vec::new() }
    }

    pub fn add(&mut self, rule: &'static Rule, path: impl Into<String>, message: String, fix: impl Into<String>) {
        let object = self.object.clone();
        self.add_about(object, rule, path, message, fix);
    }

    /// About another object than the one that is looked at.
    pub fn add_about(&mut self, object: ObjectName, rule: &'static Rule, path: impl Into<String>, message: String, fix: impl Into<String>) {
        let finding = Finding { rule, object, path: path.into(), message, fix: fix.into() };
        // One cause is told once, however many fields it has.
        if !self.list.iter().any(|other| other.rule == finding.rule && other.message == finding.message) {
            self.list.push(finding);
        }
    }

    pub fn into_list(self) -> Vec<Finding> {
        self.list
    }
}
