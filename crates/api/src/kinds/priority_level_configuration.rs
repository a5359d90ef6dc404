//! PriorityLevelConfiguration: how many requests of a level are served at a time, and how long others wait.

use super::columns;
use super::fairness::{self, EXEMPT};
use crate::{
    Value,
    field::{self, Errors, Path},
    json,
    registry::{ALL_VERBS, Column, Generation, Hooks, HooksRef, Kind, Part, READ_WRITE, Subresource, begin},
    schema::generated::{
        FLOWCONTROL_V1_LIMITED_PRIORITY_LEVEL_CONFIGURATION as LIMITED, FLOWCONTROL_V1_PRIORITY_LEVEL_CONFIGURATION,
        FLOWCONTROL_V1_PRIORITY_LEVEL_CONFIGURATION_SPEC as SPEC, FLOWCONTROL_V1_QUEUING_CONFIGURATION as QUEUING,
    },
    time::{Timestamp, age},
    value::Access,
};

pub static PRIORITY_LEVEL_CONFIGURATION: Kind = Kind {
    group: "flowcontrol.apiserver.k8s.io",
    version: "v1",
    kind: "PriorityLevelConfiguration",
    plural: "prioritylevelconfigurations",
    singular: "prioritylevelconfiguration",
    short_names: &[],
    categories: &[],
    namespaced: false,
    schema: &FLOWCONTROL_V1_PRIORITY_LEVEL_CONFIGURATION,
    verbs: ALL_VERBS,
    subresources: &[Subresource { name: "status", gvk: None, verbs: READ_WRITE }],
    selectable: &[],
    columns: COLUMNS,
    create_on_update: false,
    unconditional_update: true,
    delete_returns_object: false,
    stored_as: None,
    hooks: HooksRef::Static(&PriorityLevelConfiguration),
};

const COLUMNS: &[Column] = &[
    columns::NAME,
    columns::field("Type", &SPEC, "type"),
    columns::field("NominalConcurrencyShares", &LIMITED, "nominalConcurrencyShares"),
    columns::field("Queues", &QUEUING, "queues"),
    columns::field("HandSize", &QUEUING, "handSize"),
    columns::field("QueueLengthLimit", &QUEUING, "queueLengthLimit"),
    columns::AGE,
];

/// The members of a queuing configuration, and what they are if nobody says so.
const QUEUING_DEFAULTS: [(&str, i64); 3] = [("handSize", 8), ("queues", 64), ("queueLengthLimit", 50)];
const QUEUES_MAX: i64 = 10_000_000;
/// Which queues a request may go to is drawn from a hash of so many bits.
const HASH_BITS: i64 = 60;

#[derive(Debug)]
struct PriorityLevelConfiguration;

impl Hooks for PriorityLevelConfiguration {
    fn default(&self, object: &mut Value) {
        object.default_to("spec", json!({}));
        let spec = &mut object["spec"];
        if spec.str("type") == "Exempt" {
            spec.default_to("exempt", json!({}));
        }
        for (member, shares) in [("limited", 30), ("exempt", 0)] {
            if let Some(level) = spec.get_mut(member).filter(|level| level.is_object()) {
                level.default_to("nominalConcurrencyShares", shares);
                level.default_to("lendablePercent", 0);
            }
        }
        let queuing = spec.get_mut("limited").and_then(|limited| limited.get_mut("limitResponse")?.get_mut("queuing"));
        if let Some(queuing) = queuing.filter(|queuing| queuing.is_object()) {
            for (member, value) in QUEUING_DEFAULTS {
                if queuing.int(member).unwrap_or_default() == 0 {
                    queuing[member] = value.into();
                }
            }
        }
    }

    fn prepare_create(&self, object: &mut Value) {
        begin(object, json!({}));
    }

    fn prepare_update(&self, part: Part, object: &mut Value, old: &Value) -> Generation {
        part.restore_rest(object, old);
        Generation::by_spec(object, old)
    }

    fn validate(&self, object: &Value) -> Errors {
        let (spec, path) = (&object["spec"], Path::new("spec"));
        let name = object["metadata"].str("name");
        let mut errors = validate_spec(name, spec, &path);
        errors.extend(fixed(name, spec).map(|detail| field::invalid(&path, spec.clone(), &detail)));
        errors.extend(fairness::validate_status(object));
        errors
    }

    fn validate_update(&self, part: Part, object: &Value, _old: &Value) -> Errors {
        if part == Part::Main { self.validate(object) } else { fairness::validate_status(object) }
    }

    fn cells(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let spec = &object["spec"];
        let level = if spec.str("type") == "Exempt" { &spec["exempt"] } else { &spec["limited"] };
        let queuing = &spec["limited"]["limitResponse"]["queuing"];
        let number = |holder: &Value, member: &str| holder.int(member).map_or_else(|| "<none>".into(), Value::from);
        vec![
            object["metadata"].str("name").into(),
            spec.str("type").into(),
            number(level, "nominalConcurrencyShares"),
            number(queuing, "queues"),
            number(queuing, "handSize"),
            number(queuing, "queueLengthLimit"),
            age(object, now).into(),
        ]
    }
}

/// What is wrong with the spec of a level that every cluster has as it is.
fn fixed(name: &str, spec: &Value) -> Option<String> {
    let given = fairness::mandatory_level(name)?;
    if name == EXEMPT {
        let (mut own, mut given) = (spec.clone(), given);
        own.drop("exempt");
        given.drop("exempt");
        return (own != given).then(|| format!("spec of '{name}' except the 'spec.exempt' field must equal the fixed value"));
    }
    (*spec != given).then(|| format!("spec of '{name}' must equal the fixed value"))
}

fn validate_spec(name: &str, spec: &Value, path: &Path) -> Errors {
    let mut errors = Errors::new();
    let ty = spec.str("type");
    if (name == EXEMPT) != (ty == "Exempt") {
        errors.push(field::invalid(&path.child("type"), ty, "type must be 'Exempt' if and only if name is 'exempt'"));
    }
    let [limited, exempt] = ["limited", "exempt"].map(|member| path.child(member));
    match ty {
        "Exempt" => {
            if spec.has("limited") {
                errors.push(field::forbidden(&limited, "must be nil if the type is not Limited"));
            }
            match spec.has("exempt") {
                true => errors.extend(validate_shares(&spec["exempt"], &exempt)),
                false => errors.push(field::required(&exempt, "must not be empty when type is Exempt")),
            }
        }
        "Limited" => {
            if spec.has("exempt") {
                errors.push(field::forbidden(&exempt, "must be nil if the type is Limited"));
            }
            match spec.has("limited") {
                true => errors.extend(validate_limited(&spec["limited"], &limited)),
                false => errors.push(field::required(&limited, "must not be empty when type is Limited")),
            }
        }
        other => errors.push(field::not_supported(&path.child("type"), other, &["Exempt", "Limited"])),
    }
    errors
}

fn validate_shares(level: &Value, path: &Path) -> Errors {
    let mut errors = Errors::new();
    if let Some(shares) = level.int("nominalConcurrencyShares").filter(|shares| *shares < 0) {
        errors.push(field::invalid(&path.child("nominalConcurrencyShares"), shares, "must be a non-negative integer"));
    }
    errors.extend(validate_percent(level, path));
    errors
}

fn validate_percent(level: &Value, path: &Path) -> Option<field::Error> {
    let percent = level.int("lendablePercent").filter(|percent| !(0..=100).contains(percent))?;
    Some(field::invalid(&path.child("lendablePercent"), percent, "must be between 0 and 100, inclusive"))
}

fn validate_limited(limited: &Value, path: &Path) -> Errors {
    let mut errors = Errors::new();
    if let Some(shares) = limited.int("nominalConcurrencyShares").filter(|shares| *shares < 0) {
        errors.push(field::invalid(&path.child("nominalConcurrencyShares"), shares, "must be a non-negative integer"));
    }
    let (response, at) = (&limited["limitResponse"], path.child("limitResponse"));
    let queuing = at.child("queuing");
    match response.str("type") {
        "Reject" if response.has("queuing") => {
            errors.push(field::forbidden(&queuing, "must be nil if limited.limitResponse.type is not Limited"));
        }
        "Reject" => {}
        "Queue" if !response.has("queuing") => {
            errors.push(field::required(&queuing, "must not be empty if limited.limitResponse.type is Limited"));
        }
        "Queue" => errors.extend(validate_queuing(&response["queuing"], &queuing)),
        other => errors.push(field::not_supported(&at.child("type"), other, &["Queue", "Reject"])),
    }
    errors.extend(validate_percent(limited, path));
    if let Some(percent) = limited.int("borrowingLimitPercent").filter(|percent| *percent < 0) {
        errors.push(field::invalid(&path.child("borrowingLimitPercent"), percent, "if specified, must be a non-negative integer"));
    }
    errors
}

fn validate_queuing(queuing: &Value, path: &Path) -> Errors {
    let [length, queues, hand] = ["queueLengthLimit", "queues", "handSize"].map(|member| queuing.int(member).unwrap_or_default());
    let mut errors = Errors::new();
    let mut wrong = |member: &str, value: i64, detail: &str| errors.push(field::invalid(&path.child(member), value, detail));
    if length <= 0 {
        wrong("queueLengthLimit", length, "must be positive");
    }
    if queues <= 0 {
        wrong("queues", queues, "must be positive");
    } else if queues > QUEUES_MAX {
        wrong("queues", queues, &format!("must not be greater than {QUEUES_MAX}"));
    }
    if hand <= 0 {
        wrong("handSize", hand, "must be positive");
    } else if hand > queues {
        wrong("handSize", hand, &format!("should not be greater than queues ({queues})"));
    } else if !fits_hash(queues, hand) {
        let detail = format!("required entropy bits of deckSize {queues} and handSize {hand} should not be greater than {HASH_BITS}");
        wrong("handSize", hand, &detail);
    }
    errors
}

/// Whether a hash tells all hands apart that can be dealt.
fn fits_hash(queues: i64, hand: i64) -> bool {
    let mut hands: u128 = 1;
    (0..hand).all(|dealt| {
        hands = hands.saturating_mul(u128::try_from(queues - dealt).unwrap_or(1));
        hands <= 1 << HASH_BITS
    })
}

#[cfg(test)]
mod tests {
    use super::{PRIORITY_LEVEL_CONFIGURATION, fits_hash};
    use crate::{Value, json, kinds::fairness, time::Timestamp};

    fn errors(level: &Value) -> Vec<String> {
        PRIORITY_LEVEL_CONFIGURATION.hooks.validate(level).iter().map(ToString::to_string).collect()
    }

    fn level(name: &str, spec: Value) -> Value {
        let mut level = json!({"metadata": {"name": name}, "spec": spec});
        PRIORITY_LEVEL_CONFIGURATION.hooks.default(&mut level);
        level
    }

    #[test]
    fn what_is_not_said_is_filled_in() {
        let level = level("a", json!({"type": "Limited", "limited": {"limitResponse": {"type": "Queue", "queuing": {}}}}));
        assert_eq!(errors(&level), [""; 0]);
        let cells = PRIORITY_LEVEL_CONFIGURATION.hooks.cells(&level, Timestamp::default());
        assert_eq!(cells[..6], [json!("a"), json!("Limited"), json!(30), json!(64), json!(8), json!(50)]);
    }

    #[test]
    fn levels_that_every_cluster_has_stay_as_they_are() {
        for given in fairness::levels() {
            assert_eq!(errors(&given), [""; 0], "{given}");
        }
        let exempt = json!({"type": "Exempt", "exempt": {"nominalConcurrencyShares": 5}});
        assert_eq!(errors(&level("exempt", exempt.clone())), [""; 0]);
        assert!(errors(&level("other", exempt))[0].contains("if and only if name is 'exempt'"));
        let catch_all = json!({"type": "Limited", "limited": {"limitResponse": {"type": "Reject"}}});
        assert!(errors(&level("catch-all", catch_all))[0].ends_with("spec of 'catch-all' must equal the fixed value"));
    }

    #[test]
    fn hands_are_told_apart_by_a_hash() {
        assert!(fits_hash(128, 6) && fits_hash(1 << 20, 3) && !fits_hash(1 << 21, 3) && !fits_hash(10_000_000, 3));
        let wrong = json!({"type": "Limited", "limited": {"limitResponse": {"type": "Queue", "queuing": {"queues": 2, "handSize": 3}}}});
        assert!(errors(&level("a", wrong))[0].ends_with("should not be greater than queues (2)"));
    }
}
