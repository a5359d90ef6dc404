//! What a look shows of pods, and how: pure. Input: pods as the API has them. Output: the compared part of a status, a state in
//! one line, whether something holds, and values in which all that differs from run to run is replaced.

use super::life::Rules;
use crate::golden::case::Saved;
use crate::golden::compare::normalise;
use fancy_regex::{NoExpand, Regex};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// The lists of container statuses, in the order they are looked at.
const STATUSES: [&str; 3] = ["initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses"];
/// What is compared of a container unless the life is `full`.
const BRIEF: [&str; 9] = ["name", "image", "imageID", "containerID", "ready", "started", "restartCount", "state", "lastState"];
/// What is compared of a status beside conditions and containers unless the life is `full`.
const BRIEF_STATUS: [&str; 7] = ["phase", "reason", "message", "qosClass", "hostIP", "podIP", "startTime"];
/// Metadata that tells of a pod's end.
const ENDING: [&str; 3] = ["deletionTimestamp", "deletionGracePeriodSeconds", "finalizers"];

/// What stands for texts that differ from run to run.
static PLAIN: LazyLock<[(Regex, &str); 3]> = LazyLock::new(|| {
    let pattern = |text| Regex::new(text).expect("a valid pattern");
    [
        (pattern("1970-01-01T00:00:00Z"), "<epoch>"),
        (pattern(r"\b(sha256:)?[0-9a-f]{64}\b"), "<id>"),
        (
            pattern(r" in [\d.]+m?s \([\d.]+m?s including waiting\)\. Image size: \d+ bytes"),
            " in <duration> (<duration> including waiting). Image size: <n> bytes",
        ),
    ]
});

fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value[name].as_array().map_or(&[], Vec::as_slice)
}

fn is_deleting(pod: &Value) -> bool {
    pod["metadata"].get("deletionTimestamp").is_some()
}

/// A pod's state in one line: phase, `ready`, `deleting`, and per container its state; `*` is ready, `-` runs but has not started,
/// `#2` restarted twice. None while no node has taken it.
pub fn sketch(pod: &Value) -> Option<String> {
    let status = &pod["status"];
    if status["startTime"].as_str().is_none_or(str::is_empty) {
        return None;
    }
    let mut out = vec![status["phase"].as_str().unwrap_or_default().to_owned()];
    if condition(pod, "Ready") == Some("True") {
        out.push("ready".to_owned());
    }
    if is_deleting(pod) {
        out.push("deleting".to_owned());
    }
    out.extend(STATUSES.iter().flat_map(|kind| list(status, kind)).map(sketch_container));
    Some(out.join(" "))
}

fn sketch_container(container: &Value) -> String {
    let state = container["state"].as_object().and_then(|state| state.iter().next());
    let (name, detail) = state.map_or(("none", &Value::Null), |(name, detail)| (name.as_str(), detail));
    let is_running = name == "running";
    let said = ["reason", "exitCode"].into_iter().filter_map(|key| detail.get(key)).map(plain_text).collect::<Vec<_>>().join(",");
    let said = if is_running { String::new() } else { format!("({said})") };
    let mark = match (&container["ready"], &container["started"]) {
        (Value::Bool(true), _) => "*",
        (_, Value::Bool(false)) if is_running => "-",
        _ => "",
    };
    let restarts = match container["restartCount"].as_i64() {
        None | Some(0) => String::new(),
        Some(restarts) => format!("#{restarts}"),
    };
    format!("{}:{name}{said}{mark}{restarts}", container["name"].as_str().unwrap_or_default())
}

fn plain_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn condition<'a>(pod: &'a Value, kind: &str) -> Option<&'a str> {
    list(&pod["status"], "conditions").iter().find(|condition| condition["type"] == kind)?["status"].as_str()
}

/// Whether that is true of the pod: `phase=P`, `ready`, `unready`, `deleting`, `TYPE=STATUS` (a condition), or of its container:
/// `C:running`, `C:terminated`, `C:ready`, `C:unready`, `C:started`, `C:waiting=REASON`, `C:restarts=N`.
pub fn holds(pod: &Value, what: &str) -> bool {
    let Some((name, rest)) = what.split_once(':') else {
        let (key, value) = what.split_once('=').unwrap_or((what, ""));
        return match key {
            "phase" => pod["status"]["phase"] == value,
            "ready" => condition(pod, "Ready") == Some("True"),
            "unready" => condition(pod, "Ready") == Some("False"),
            "deleting" => is_deleting(pod),
            kind => condition(pod, kind) == Some(value),
        };
    };
    let mut containers = STATUSES.iter().flat_map(|kind| list(&pod["status"], kind));
    let Some(container) = containers.find(|container| container["name"] == name) else { return false };
    let (key, value) = rest.split_once('=').unwrap_or((rest, ""));
    match key {
        "waiting" => container["state"]["waiting"]["reason"] == value,
        "restarts" => container["restartCount"].as_i64() == value.parse().ok(),
        "ready" => container["ready"] == true,
        "unready" => container["ready"] == false,
        "started" => container["started"] == true,
        state => container["state"].get(state).is_some(),
    }
}

/// What is compared of a pod.
pub fn status(pod: &Value, rules: &Rules) -> Value {
    let empty = Map::new();
    let status = pod["status"].as_object().unwrap_or(&empty);
    let apart = |key: &str| STATUSES.contains(&key) || matches!(key, "conditions" | "resources");
    let shown = |key: &str| !apart(key) && (rules.full || BRIEF_STATUS.contains(&key));
    let mut out: Map<String, Value> = status.iter().filter(|(key, _)| shown(key)).map(|(key, v)| (key.clone(), v.clone())).collect();
    let conditions = list(&pod["status"], "conditions").iter().map(|condition| {
        let told = |key: &str| condition.get(key).filter(|value| **value != "").cloned();
        let said: Vec<Value> = [Some(condition["status"].clone()), told("reason"), told("message")].into_iter().flatten().collect();
        (condition["type"].as_str().unwrap_or_default().to_owned(), Value::from(said))
    });
    out.insert("conditions".to_owned(), Value::Object(conditions.collect()));
    for key in ENDING {
        out.extend(pod["metadata"].get(key).map(|value| (key.to_owned(), value.clone())));
    }
    for kind in STATUSES {
        let containers = list(&pod["status"], kind);
        if !containers.is_empty() {
            out.insert(kind.to_owned(), containers.iter().map(|c| container(c, rules)).collect());
        }
    }
    Value::Object(out)
}

fn container(container: &Value, rules: &Rules) -> Value {
    let mut out = container.as_object().cloned().unwrap_or_default();
    out.retain(|key, _| rules.full || BRIEF.contains(&key.as_str()));
    let hide = |members: &mut Map<String, Value>, key: &str| {
        if let Some(id) = members.get_mut(key).filter(|id| **id != "") {
            *id = "<id>".into();
        }
    };
    hide(&mut out, "imageID");
    hide(&mut out, "containerID");
    for key in ["state", "lastState"] {
        for state in out.get_mut(key).and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut) {
            if let Some(state) = state.as_object_mut() {
                hide(state, "containerID");
            }
        }
    }
    out.retain(|_, value| *value != json!({}));
    Value::Object(out)
}

/// What stands for a name or an address, by what it is.
pub type Names = BTreeMap<String, String>;

/// The names that a pod brings.
pub fn names(pod: &Value) -> impl Iterator<Item = (String, String)> {
    let name = pod["metadata"]["name"].as_str().unwrap_or_default();
    [
        (&pod["spec"]["nodeName"], "<node>".to_owned()),
        (&pod["status"]["podIP"], format!("<ip of {name}>")),
        (&pod["status"]["hostIP"], "<node ip>".to_owned()),
    ]
    .into_iter()
    .filter_map(|(word, is)| Some((word.as_str().filter(|word| !word.is_empty())?.to_owned(), is)))
}

/// A value without all that differs from run to run.
pub fn plain(value: &Value, ns: &str, names: &Names, rules: &Rules) -> Value {
    let mut text = value.to_string();
    let mut words: Vec<(&String, &String)> = names.iter().collect();
    words.sort_by_key(|(word, _)| std::cmp::Reverse(word.chars().count()));
    for (word, is) in words {
        let pattern = format!(r"(?<![\w.-]){}(?![\w-]|\.\w)", fancy_regex::escape(word));
        let pattern = Regex::new(&pattern).expect("an escaped word is a pattern");
        text = pattern.replace_all(&text, NoExpand(is)).into_owned();
    }
    for (pattern, is) in PLAIN.iter() {
        text = pattern.replace_all(&text, NoExpand(is)).into_owned();
    }
    let value = serde_json::from_str(&text).expect("what is put in is no mark of JSON");
    loosen(&normalise(&value, ns, &Saved::new(), &[]), rules)
}

fn loosen(value: &Value, rules: &Rules) -> Value {
    match value {
        Value::Object(members) => Value::Object(members.iter().map(|(key, member)| (key.clone(), loosen(member, rules))).collect()),
        Value::Array(items) => items.iter().map(|item| loosen(item, rules)).collect(),
        Value::String(text) => {
            let loose = rules.loosen.iter().fold(text.clone(), |text, (pattern, to)| pattern.replace_all(&text, to.as_str()).into_owned());
            loose.into()
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golden::lives::life::Life;

    fn pod() -> Value {
        json!({
            "metadata": {"name": "p", "deletionTimestamp": "2026-01-02T03:04:05Z"},
            "spec": {"nodeName": "n1"},
            "status": {
                "phase": "Running", "startTime": "2026-01-02T03:04:05Z", "podIP": "10.42.0.7", "hostIP": "192.0.2.1", "observedGeneration": 1,
                "conditions": [{"type": "Ready", "status": "False", "reason": "X", "message": ""}],
                "containerStatuses": [
                    {"name": "a", "ready": true, "restartCount": 2, "state": {"running": {}}, "lastState": {}, "containerID": "x://1"},
                    {"name": "b", "ready": false, "started": false, "restartCount": 0, "state": {"running": {}}},
                    {"name": "c", "ready": false, "restartCount": 0, "state": {"waiting": {"reason": "ErrImagePull", "message": "m"}}},
                    {"name": "d", "ready": false, "restartCount": 0, "state": {"terminated": {"reason": "Error", "exitCode": 3}}},
                ],
            },
        })
    }

    fn rules(value: Value) -> Rules {
        Life::of(&value).unwrap().rules
    }

    #[test]
    fn a_sketch_tells_a_pods_state_in_a_line() {
        let text = "Running deleting a:running*#2 b:running- c:waiting(ErrImagePull) d:terminated(Error,3)";
        assert_eq!(sketch(&pod()).as_deref(), Some(text));
        assert_eq!(sketch(&json!({"metadata": {}, "status": {"phase": "Pending"}})), None);
    }

    #[test]
    fn conditions_and_containers_hold_or_not() {
        let true_ones = [
            "phase=Running",
            "unready",
            "deleting",
            "Ready=False",
            "a:running",
            "a:ready",
            "b:unready",
            "a:restarts=2",
            "c:waiting=ErrImagePull",
        ];
        for what in true_ones {
            assert!(holds(&pod(), what), "{what}");
        }
        for what in ["phase=Failed", "ready", "Ready=True", "b:started", "a:restarts=1", "c:waiting=X", "x:running", "d:running"] {
            assert!(!holds(&pod(), what), "{what}");
        }
    }

    #[test]
    fn a_status_shows_what_is_compared() {
        let brief = status(&pod(), &rules(json!({})));
        assert_eq!(brief["conditions"], json!({"Ready": ["False", "X"]}));
        assert_eq!(brief["containerStatuses"][0]["containerID"], "<id>");
        assert_eq!(brief["containerStatuses"][0].get("lastState"), None);
        assert_eq!(brief.get("observedGeneration"), None);
        assert_eq!(status(&pod(), &rules(json!({"full": true})))["observedGeneration"], 1);
    }

    #[test]
    fn names_are_replaced_as_words_and_texts_loosened() {
        let names: Names = names(&pod()).collect();
        let rules = rules(json!({"loosen": [["score (?!1000$).*", "score <n>"], ["(a: ).*", "\\1..."]]}));
        let seen = json!(["http://10.42.0.7:80/ on n1", "10.42.0.77 n1-x n1.x n1.", "score 1000", "score 7", "a: b\nc"]);
        let want = json!(["http://<ip of p>:80/ on <node>", "10.42.0.77 n1-x n1.x <node>.", "score 1000", "score <n>", "a: ..."]);
        assert_eq!(plain(&seen, "g-1", &names, &rules), want);
    }
}
