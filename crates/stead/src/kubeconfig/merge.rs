//! Merging our cluster, user and context into a kubeconfig. Pure: text and files are elsewhere.
//!
//! What others wrote stays: other entries, and what a user added to ours (a namespace on the context, a proxy on the cluster).

use anyhow::Context;
use stead_api::value::Access;
use stead_api::{Value, json};

/// The lists of a kubeconfig, and what an item of each holds beside its name.
const LISTS: [(&str, &str); 3] = [("clusters", "cluster"), ("users", "user"), ("contexts", "context")];

/// Whose the entries of a name are.
#[derive(Debug, PartialEq, Eq)]
pub enum Owner {
    /// There are none.
    Nobody,
    /// This server's: the same authority, or the same address.
    Us,
    /// Those of another server of this program.
    Stead {
        server: String,
        authorities: String,
    },
    Other,
}

/// Base64 of PEM and the server's address, of the cluster of that name.
fn cluster<'a>(config: &'a Value, name: &str) -> Option<&'a Value> {
    config.items("clusters").iter().find(|c| c.str("name") == name).map(|c| &c["cluster"])
}

/// Text of a base64 field; empty if it is missing or no text.
pub fn decoded(value: &Value, field: &str) -> String {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::STANDARD.decode(value.str(field)).unwrap_or_default();
    String::from_utf8(bytes).unwrap_or_default()
}

/// Whose the entries of that name are, seen from the server that `ours` is the document of.
pub fn owner(config: &Value, name: &str, ours: &Value) -> Owner {
    let Some(theirs) = cluster(config, name) else {
        let named = |list: &str| config.items(list).iter().any(|e| e.str("name") == name);
        return if named("users") || named("contexts") { Owner::Other } else { Owner::Nobody };
    };
    let ours = &ours["clusters"][0]["cluster"];
    let (authorities, our_authorities) = (decoded(theirs, "certificate-authority-data"), decoded(ours, "certificate-authority-data"));
    let shared = pem_blocks(&our_authorities).any(|block| pem_blocks(&authorities).any(|other| other == block));
    if shared || theirs.str("server") == ours.str("server") {
        Owner::Us
    } else if crate::certificates::is_steads(&authorities) {
        Owner::Stead { server: theirs.str("server").to_owned(), authorities }
    } else {
        Owner::Other
    }
}

fn pem_blocks(pem: &str) -> impl Iterator<Item = &str> {
    pem.split_inclusive("-----END CERTIFICATE-----").map(str::trim).filter(|block| !block.is_empty())
}

/// When our context becomes the current one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Current {
    Always,
    /// Only where no other is, in this file or one that is read with it.
    IfNone,
    Never,
}

/// `theirs` with the entries of `ours` under that name.
pub fn merged(mut theirs: Value, ours: &Value, name: &str, current: Current) -> anyhow::Result<Value> {
    if theirs.is_null() {
        theirs = json!({"apiVersion": "v1", "kind": "Config"});
    }
    let map = theirs.as_object_mut().context("it is not a map")?;
    for (list, member) in LISTS {
        let entries = map.entry(list).or_insert(Value::Null);
        if entries.is_null() {
            *entries = json!([]);
        }
        let entries = entries.as_array_mut().with_context(|| format!("its {list} are not a list"))?;
        let mut new = ours[list][0][member].clone();
        if list == "contexts" {
            (new["cluster"], new["user"]) = (name.into(), name.into());
        }
        match entries.iter_mut().find(|e| e.str("name") == name) {
            Some(old) => old[member] = kept(&old[member], new, list),
            None => entries.push(json!({"name": name, member: new})),
        }
    }
    let none = map.get("current-context").and_then(Value::as_str).unwrap_or_default().is_empty();
    if current == Current::Always || (current == Current::IfNone && none) {
        map.insert("current-context".to_owned(), name.into());
    }
    Ok(theirs)
}

/// The new content of an entry of ours with what the user added to the old. Credentials are replaced whole.
fn kept(old: &Value, new: Value, list: &str) -> Value {
    let (Some(old), false) = (old.as_object(), list == "users") else { return new };
    let mut result = old.clone();
    for other_way in ["certificate-authority", "insecure-skip-tls-verify"] {
        result.remove(other_way);
    }
    result.extend(new.as_object().cloned().unwrap_or_default());
    Value::Object(result)
}

/// Without the entries of that name; a current context of that name becomes `successor`.
pub fn without(mut config: Value, name: &str, successor: &str) -> Value {
    for (list, _) in LISTS {
        if let Some(entries) = config.get_mut(list).and_then(Value::as_array_mut) {
            entries.retain(|e| e.str("name") != name);
        }
    }
    if config.str("current-context") == name {
        config["current-context"] = successor.into();
    }
    config
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kubeconfig::tests::{document_of, prod};

    #[test]
    fn other_contexts_are_not_touched() {
        let new = merged(prod(), &document_of(1), "stead", Current::IfNone).unwrap();
        for (list, _) in LISTS {
            assert_eq!(new[list][0], prod()[list][0]);
            assert_eq!(new[list][1]["name"], "stead");
        }
        assert_eq!(new["current-context"], "prod");
        assert_eq!(new["preferences"], prod()["preferences"]);
        assert_eq!(new["x"], 1);
    }

    #[test]
    fn merging_twice_is_merging_once() {
        let once = merged(Value::Null, &document_of(1), "stead", Current::IfNone).unwrap();
        assert_eq!(once["current-context"], "stead");
        assert_eq!(merged(once.clone(), &document_of(1), "stead", Current::IfNone).unwrap(), once);
    }

    #[test]
    fn what_the_user_set_on_our_entries_is_kept() {
        let mut config = merged(Value::Null, &document_of(1), "stead", Current::IfNone).unwrap();
        config["contexts"][0]["context"]["namespace"] = "team".into();
        config["clusters"][0]["cluster"]["proxy-url"] = "socks5://localhost:1".into();
        let new = merged(config, &document_of(2), "stead", Current::IfNone).unwrap();
        assert_eq!(new["contexts"][0]["context"]["namespace"], "team");
        assert_eq!(new["clusters"][0]["cluster"]["proxy-url"], "socks5://localhost:1");
        assert_eq!(new["clusters"][0]["cluster"]["server"], document_of(2)["clusters"][0]["cluster"]["server"]);
    }

    #[test]
    fn entries_are_known_by_authority_or_address() {
        let one = merged(Value::Null, &document_of(1), "stead", Current::IfNone).unwrap();
        assert_eq!(owner(&one, "stead", &document_of(1)), Owner::Us);
        assert!(matches!(owner(&one, "stead", &document_of(2)), Owner::Stead { .. }));
        assert_eq!(owner(&one, "stead-x", &document_of(2)), Owner::Nobody);
        assert_eq!(owner(&prod(), "prod", &document_of(2)), Owner::Other);
        let user_alone = json!({"users": [{"name": "stead", "user": {}}]});
        assert_eq!(owner(&user_alone, "stead", &document_of(1)), Owner::Other);
    }

    #[test]
    fn a_name_that_is_given_up_takes_the_current_context_along() {
        let config = merged(prod(), &document_of(1), "stead-x", Current::Always).unwrap();
        let config = without(config, "stead-x", "stead");
        assert_eq!(config["current-context"], "stead");
        assert_eq!(config["clusters"], prod()["clusters"]);
    }
}
