//! Policies of a Job about its pods: what a failure means (JOB-80..84) and when enough has succeeded (JOB-86). Pure.

use super::indexes::Indexes;
use crate::facts::job_pod::JobPodFacts;
use crate::object::Object;
use stead_api::{Value, value::Access};

/// What is done about a failed pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    FailJob,
    FailIndex,
    /// The failure counts against no limit.
    Ignore,
    Count,
}

/// What a policy says about a failed pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    pub action: Action,
    /// Why the Job fails, if it does.
    pub message: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
enum Match {
    ExitCodes {
        container: Option<String>,
        values: Vec<i64>,
        operator: Operator,
    },
    /// Types and statuses.
    Conditions(Vec<(String, String)>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    In,
    NotIn,
}

/// spec.podFailurePolicy.
#[derive(Debug, Clone, PartialEq)]
pub struct FailurePolicy(Vec<(Option<Action>, Match)>);

impl FailurePolicy {
    pub fn parse(value: &Value) -> Self {
        Self(value.items("rules").iter().map(|rule| (action(rule.str("action")), matching(rule))).collect())
    }

    /// JOB-80: the first rule that matches decides.
    pub fn judge(&self, pod: &Object) -> Judgement {
        let facts = pod.pod().job();
        for (at, (action, matching)) in self.0.iter().enumerate() {
            let (Some(action), Some(found)) = (action, matching.find(facts)) else { continue };
            let found = match found {
                Found::Exit(name, code) => format!("Container {name} for pod {} failed with exit code {code}", pod.key),
                Found::Condition(ty) => format!("Pod {} has condition {ty}", pod.key),
            };
            let message = (*action == Action::FailJob).then(|| format!("{found} matching FailJob rule at index {at}"));
            return Judgement { action: *action, message };
        }
        Judgement { action: Action::Count, message: None }
    }
}

fn action(name: &str) -> Option<Action> {
    match name {
        "FailJob" => Some(Action::FailJob),
        "FailIndex" => Some(Action::FailIndex),
        "Ignore" => Some(Action::Ignore),
        "Count" => Some(Action::Count),
        _ => None,
    }
}

fn matching(rule: &Value) -> Match {
    let Some(codes) = rule.get("onExitCodes").filter(|codes| !codes.is_null()) else {
        let status = |condition: &Value| Some(condition.str("status")).filter(|s| !s.is_empty()).unwrap_or("True").to_owned();
        return Match::Conditions(rule.items("onPodConditions").iter().map(|c| (c.str("type").to_owned(), status(c))).collect());
    };
    Match::ExitCodes {
        container: codes.get("containerName").and_then(Value::as_str).map(str::to_owned),
        values: codes.items("values").iter().filter_map(Value::as_i64).collect(),
        operator: if codes.str("operator") == "NotIn" { Operator::NotIn } else { Operator::In },
    }
}

enum Found<'a> {
    Exit(&'a str, i64),
    Condition(&'a str),
}

impl Match {
    fn find<'a>(&self, facts: &'a JobPodFacts) -> Option<Found<'a>> {
        match self {
            Self::ExitCodes { container, values, operator } => {
                let is_meant = |name: &str| container.as_ref().is_none_or(|wanted| wanted == name);
                let is_wanted = |code: &i64| values.contains(code) == (*operator == Operator::In);
                let mut exits = facts.exits.iter().filter(|(name, code)| is_meant(name) && is_wanted(code));
                exits.next().map(|(name, code)| Found::Exit(name, *code))
            }
            Self::Conditions(wanted) => {
                facts.conditions.iter().find(|condition| wanted.contains(condition)).map(|(ty, _)| Found::Condition(ty))
            }
        }
    }
}

/// A rule of spec.successPolicy.
#[derive(Debug, Clone, PartialEq)]
pub struct SuccessRule {
    /// Which indexes count; `None`: all.
    indexes: Option<Indexes>,
    /// How many of them; `None`: each.
    count: Option<i64>,
}

impl SuccessRule {
    pub fn parse(rule: &Value, completions: i64) -> Self {
        let indexes = rule.get("succeededIndexes").and_then(Value::as_str).map(|text| Indexes::parse(text, completions));
        Self { indexes, count: rule.int("succeededCount") }
    }

    pub fn is_met(&self, succeeded: &Indexes) -> bool {
        let (done, all) = match &self.indexes {
            Some(indexes) => (indexes.in_common(succeeded), indexes.total()),
            None => (succeeded.total(), i64::MAX),
        };
        done >= self.count.unwrap_or(all)
    }
}
