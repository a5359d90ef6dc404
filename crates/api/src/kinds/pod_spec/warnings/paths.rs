//! Warnings about files of one volume that lie on or below each other.

use crate::{Value, field::Path, value::Access};
use std::collections::BTreeSet;

/// Files of a volume that would overwrite each other.
pub fn overlapping(spec: &Value, texts: &mut Vec<String>) {
    for volume in spec.items("volumes") {
        let name = volume.str("name");
        for (member, what, named_by) in [("configMap", "ConfigMap", "name"), ("secret", "Secret", "secretName")] {
            if let Some(source) = volume.get(member) {
                let head = format!("volume {name:?} ({what} {:?})", source.str(named_by));
                overlaps(&files(source), &head, texts);
            }
        }
        if let Some(source) = volume.get("downwardAPI") {
            overlaps(&files(source), &format!("volume {name:?} (DownwardAPI)"), texts);
        }
        if let Some(source) = volume.get("projected") {
            projected(source, name, texts);
        }
    }
}

fn files(source: &Value) -> Vec<&str> {
    source.items("items").iter().map(|item| item.str("path")).collect()
}

fn projected(volume: &Value, name: &str, texts: &mut Vec<String>) {
    let mut known: BTreeSet<&str> = BTreeSet::new();
    for source in volume.items("sources") {
        if source.as_object().is_none_or(|s| s.is_empty()) {
            texts.push(format!("volume {name:?} (Projected) has no sources provided"));
            continue;
        }
        let Some((own, what)) = projection(source) else { continue };
        let head = format!("volume {name:?} (Projected {what})");
        overlaps(&own, &head, texts);
        let unique: BTreeSet<&str> = own.iter().copied().collect();
        let mut ordered: Vec<&str> = unique.iter().chain(&known).copied().collect();
        ordered.sort_unstable();
        overlaps(&ordered, &head, texts);
        known.extend(unique);
    }
}

/// The files of a source and its name in a warning.
fn projection(source: &Value) -> Option<(Vec<&str>, String)> {
    for (member, what) in [("configMap", "ConfigMap"), ("secret", "Secret")] {
        if let Some(keys) = source.get(member).filter(|keys| keys.has("items")) {
            return Some((files(keys), format!("{what} {:?}", keys.str("name"))));
        }
    }
    if let Some(api) = source.get("downwardAPI").filter(|api| api.has("items")) {
        return Some((files(api), "DownwardAPI".to_owned()));
    }
    if let Some(token) = source.get("serviceAccountToken") {
        return Some((vec![token.str("path")], "ServiceAccountToken".to_owned()));
    }
    let bundle = source.get("clusterTrustBundle")?;
    let named = if bundle.has("name") { bundle.str("name") } else { bundle.str("signerName") };
    Some((vec![bundle.str("path")], format!("ClusterTrustBundle {named:?}")))
}

fn overlaps(paths: &[&str], head: &str, texts: &mut Vec<String>) {
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    for path in paths {
        let path = path.trim_end_matches('/');
        let other = seen.iter().find(|other| {
            !other.is_empty()
                && !path.is_empty()
                && (**other == path || format!("{other}/").starts_with(path) || format!("{path}/").starts_with(**other))
        });
        if let Some(other) = other {
            texts.push(format!("{head}: overlapping paths: {path:?} with {other:?}"));
        }
        seen.insert(path);
    }
}

/// Files of a projected volume that lie where a token goes.
pub fn beside_tokens(spec: &Value, path: &Path, texts: &mut Vec<String>) {
    let sources = |volume: &'_ Value| volume.get("projected").map_or_else(Vec::new, |p| p.items("sources").to_vec());
    let tokens: BTreeSet<String> = spec
        .items("volumes")
        .iter()
        .flat_map(sources)
        .filter_map(|source| Some(source.get("serviceAccountToken")?.str("path").to_owned()))
        .collect();
    for (i, volume) in spec.items("volumes").iter().enumerate() {
        let at = path.child("volumes").index(i).child("projected").child("sources");
        for source in sources(volume) {
            for (member, shown) in [("configMap", "configMap"), ("secret", "secrets"), ("downwardAPI", "downwardAPI")] {
                let items = source.get(member).map_or(&[][..], |keys| keys.items("items"));
                for (j, item) in items.iter().enumerate().filter(|(_, item)| tokens.contains(item.str("path"))) {
                    let text = format!("has duplicated path with ServiceAccountToken {:?}", item.str("path"));
                    texts.push(format!("{}: {text}", at.child(shown).index(j)));
                }
            }
            if let Some(bundle) = source.get("clusterTrustBundle").filter(|b| tokens.contains(b.str("path"))) {
                let text = format!("has duplicated path with ServiceAccountToken {:?}", bundle.str("path"));
                texts.push(format!("{}: {text}", at.child("ClusterTrustBundle")));
            }
        }
    }
}
