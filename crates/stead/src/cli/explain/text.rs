//! An explanation in plain words. Pure. Input: the server's document. Output: lines.

use stead_api::Value;
use stead_api::value::Access;

/// A paragraph for each controller that has something to say, and one for a pod's node or a claim's disk.
pub fn lines(explained: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    for controller in explained.items("controllers") {
        paragraph(controller.str("controller").to_owned(), controller, &mut lines);
    }
    if let Some(node) = explained.get("node") {
        paragraph(format!("node {}", node.str("node")), node, &mut lines);
    }
    if let Some(disk) = explained.get("disk") {
        paragraph("disk".to_owned(), disk, &mut lines);
    }
    if lines.is_empty() {
        lines.push("nothing waits here: no controller has anything to do or to say".to_owned());
    }
    lines
}

fn paragraph(who: String, said: &Value, lines: &mut Vec<String>) {
    lines.push(match said.str("decidedAt") {
        "" => format!("{who}:"),
        at => format!("{who}, at {at}:"),
    });
    let texts = |field: &str| said.items(field).iter().filter_map(Value::as_str).collect::<Vec<_>>();
    lines.extend(texts("reasons").iter().map(|reason| format!("  {reason}")));
    lines.extend(texts("waitsFor").iter().map(|what| format!("  waits for {what}")));
    let (error, again) = (said.str("error"), said.str("looksAgainAt"));
    if !error.is_empty() {
        lines.push(format!("  failed: {error}"));
    }
    if !again.is_empty() {
        lines.push(format!("  looks again at {again}, or when something changes"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stead_api::json;

    #[test]
    fn each_controller_says_its_own() {
        let explained = json!({"controllers": [
            {"controller": "statefulset-controller", "decidedAt": "2026-01-01T00:00:00Z", "reasons": ["waiting: web-0 is not ready"],
             "waitsFor": [], "looksAgainAt": null, "error": null},
            {"controller": "garbage-collector-controller", "decidedAt": null, "reasons": [], "waitsFor": ["the answer to get of pods d/a"],
             "looksAgainAt": "2026-01-01T00:00:05Z", "error": "no"},
        ], "node": {"node": "n", "reasons": ["container c runs"], "waitsFor": ["write status, for 2s"]}});
        assert_eq!(
            lines(&explained),
            [
                "statefulset-controller, at 2026-01-01T00:00:00Z:",
                "  waiting: web-0 is not ready",
                "garbage-collector-controller:",
                "  waits for the answer to get of pods d/a",
                "  failed: no",
                "  looks again at 2026-01-01T00:00:05Z, or when something changes",
                "node n:",
                "  container c runs",
                "  waits for write status, for 2s",
            ]
        );
        assert_eq!(lines(&json!({"controllers": []})).len(), 1);
    }
}
