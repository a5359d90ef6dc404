//! Warnings about files of one volume that lie on or below each other.

use crate::{Value, value::Access};

/// Files of a volume that would overwrite each other.
pub fn overlapping(spec: &Value, texts: &mut Vec<String>) {
    for volume in spec.items("volumes") {
        let name = volume.str("name");
        for (member, what, named_by) in [("configMap", "ConfigMap", "name"), ("secret", "Secret", "secretName")] {
            if let Some(source) = volume.get(member) {
                let head = format!("volume {name:?} ({what} {:?})", source.str(named_by));
                plain_overlaps(source, &head, texts);
            }
        }
        if let Some(source) = volume.get("downwardAPI") {
            plain_overlaps(source, &format!("volume {name:?} (DownwardAPI)"), texts);
        }
        if let Some(source) = volume.get("projected") {
            projected(source, name, texts);
        }
    }
}

fn files(source: &Value) -> Vec<&str> {
    source.items("items").iter().map(|item| item.str("path")).collect()
}

fn plain_overlaps(source: &Value, head: &str, texts: &mut Vec<String>) {
    let mut seen: Vec<&str> = Vec::new();
    for file in files(source) {
        for other in seen.iter().filter(|other| meet(other, file)) {
            texts.push(format!("{head}: overlapping paths: {file:?} with {other:?}"));
        }
        seen.push(file);
    }
}

/// Each file is compared with all before it, those of its own source too.
fn projected(volume: &Value, name: &str, texts: &mut Vec<String>) {
    let mut seen: Vec<(&str, String)> = Vec::new();
    for source in volume.items("sources") {
        if source.as_object().is_none_or(|s| s.is_empty()) {
            texts.push(format!("volume {name:?} (Projected) has no sources provided"));
            continue;
        }
        let Some((files, what)) = projection(source) else { continue };
        for file in files {
            for (other, other_what) in seen.iter().filter(|(other, _)| meet(other, file)) {
                texts.push(format!("volume {name:?} (Projected): overlapping paths: {file:?} ({what}) with {other:?} ({other_what})"));
            }
            seen.push((file, what.clone()));
        }
    }
}

/// The files of a source and its name in a warning.
fn projection(source: &Value) -> Option<(Vec<&str>, String)> {
    for (member, what) in [("configMap", "ConfigMap"), ("secret", "Secret")] {
        if let Some(keys) = source.get(member) {
            return Some((files(keys), format!("{what} {:?}", keys.str("name"))));
        }
    }
    if let Some(api) = source.get("downwardAPI") {
        return Some((files(api), "DownwardAPI".to_owned()));
    }
    if let Some(token) = source.get("serviceAccountToken") {
        return Some((vec![token.str("path")], "ServiceAccountToken".to_owned()));
    }
    let bundle = source.get("clusterTrustBundle")?;
    let named = if bundle.has("name") { bundle.str("name") } else { bundle.str("signerName") };
    Some((vec![bundle.str("path")], format!("ClusterTrustBundle {named:?}")))
}

/// Whether two files are the same, or one is a folder of the other.
fn meet(one: &str, other: &str) -> bool {
    let [one, other] = [one, other].map(|path| path.trim_end_matches('/'));
    let below = |path: &str, folder: &str| path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
    !one.is_empty() && !other.is_empty() && (one == other || below(one, other) || below(other, one))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    #[test]
    fn files_that_meet() {
        for (one, other, want) in [("a/b", "a", true), ("a", "a/b", true), ("a/b/", "a/b", true), ("a/b", "a/bc", false), ("", "a", false)]
        {
            assert_eq!(meet(one, other), want, "{one} {other}");
        }
    }

    #[test]
    fn sources_of_a_projected_volume() {
        let keys = json!({"name": "m", "items": [{"key": "k", "path": "f"}]});
        let spec = json!({"volumes": [{"name": "v", "projected": {"sources": [
            {"configMap": keys}, {"serviceAccountToken": {"path": "f/g"}}, {}]}}]});
        let mut texts = Vec::new();
        overlapping(&spec, &mut texts);
        assert_eq!(
            texts,
            [
                "volume \"v\" (Projected): overlapping paths: \"f/g\" (ServiceAccountToken) with \"f\" (ConfigMap \"m\")",
                "volume \"v\" (Projected) has no sources provided",
            ]
        );
    }
}
