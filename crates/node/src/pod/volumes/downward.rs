//! Files that show a pod its own object (VOL-13).

use crate::pod::environment::{self, Sources};
use stead_api::time::Timestamp;
use stead_api::value::Access;
use stead_api::wire::json::go_quote;
use stead_api::{Map, Value};

/// The content of one file.
pub fn text(pod: &Value, item: &Value, allocatable: &Value, seen: Timestamp) -> Result<String, String> {
    let sources = || Sources { allocatable: allocatable.clone(), ..Sources::default() };
    if item.has("resourceFieldRef") {
        return environment::resource(pod, &Value::Null, &item["resourceFieldRef"], &sources());
    }
    match item["fieldRef"].str("fieldPath") {
        "metadata.labels" => Ok(lines(pod["metadata"].map("labels"))),
        "metadata.annotations" => Ok(annotations(pod, seen)),
        path => environment::field(pod, path, &sources()),
    }
}

/// With what a node adds to them.
fn annotations(pod: &Value, seen: Timestamp) -> String {
    let mut all = pod["metadata"].map("annotations").cloned().unwrap_or_default();
    all.insert("kubernetes.io/config.seen".to_owned(), seen.rfc3339_micro().into());
    all.insert("kubernetes.io/config.source".to_owned(), "api".into());
    lines(Some(&all))
}

/// `key="value"`, sorted, without a newline at the end.
fn lines(map: Option<&Map<String, Value>>) -> String {
    let mut lines: Vec<String> =
        map.into_iter().flatten().map(|(key, value)| format!("{key}={}", go_quote(value.as_str().unwrap_or_default()))).collect();
    lines.sort();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use stead_api::json;

    #[test]
    fn maps_are_sorted_lines_of_quoted_values() {
        // VOL-13
        let pod =
            json!({"metadata": {"labels": {"b": "2", "a": "1"}, "annotations": {"n": "a \"quoted\"\nline\\", "m/x": "\u{fc}\u{a0}\u{1}"}}});
        let file = |path: &str| text(&pod, &json!({"fieldRef": {"fieldPath": path}}), &Value::Null, Timestamp::from_seconds(0)).unwrap();
        assert_eq!(file("metadata.labels"), "a=\"1\"\nb=\"2\"");
        assert_eq!(
            file("metadata.annotations"),
            "kubernetes.io/config.seen=\"1970-01-01T00:00:00.000000Z\"\nkubernetes.io/config.source=\"api\"\n\
             m/x=\"\u{fc}\\u00a0\\x01\"\nn=\"a \\\"quoted\\\"\\nline\\\\\""
        );
        assert_eq!(file("metadata.labels['b']"), "2");
    }
}
