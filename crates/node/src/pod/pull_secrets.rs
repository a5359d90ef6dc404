//! The credentials that a pod's secrets hold for registries (IMG-13).

use super::steps::about;
use crate::node::Node;
use crate::runtime::Runtime;
use base64::Engine;
use stead_api::Value;
use stead_api::value::Access;
use stead_client::event::Event;
use stead_client::resource::SECRETS;
use stead_images::Keyring;

/// Both kinds of secret, and the member that counts.
const MEMBERS: [(&str, &str); 2] = [("kubernetes.io/dockerconfigjson", ".dockerconfigjson"), ("kubernetes.io/dockercfg", ".dockercfg")];

/// The secrets that a pod names.
pub fn named(pod: &Value) -> Vec<String> {
    let secrets = pod["spec"].items("imagePullSecrets").iter();
    secrets.map(|secret| secret.str("name").to_owned()).filter(|name| !name.is_empty()).collect()
}

/// Tells of those that cannot be had (IMG-13).
pub fn missing(pod: &Value, names: &[String]) -> Event {
    let names = names.join(", ");
    let message = format!("Unable to retrieve some image pull secrets ({names}); attempting to pull the image may not succeed.");
    about(pod, "", "Warning", "FailedToRetrieveImagePullSecret", message)
}

/// What these secrets hold together, and the names of those that cannot be had.
pub async fn keyring<R: Runtime>(node: &Node<R>, namespace: &str, names: &[String]) -> (Keyring, Vec<String>) {
    let (mut keyring, mut missing) = (Keyring::default(), Vec::new());
    for name in names {
        match node.optional(SECRETS, namespace, name).await {
            Ok(Some(secret)) => match credentials(&secret) {
                Some(own) => keyring.extend(own),
                None => tracing::warn!(namespace, secret = name, "a secret for pulling images holds no credentials"),
            },
            Ok(None) | Err(_) => missing.push(name.clone()),
        }
    }
    (keyring, missing)
}

/// None if it is of another kind, or not understood.
fn credentials(secret: &Value) -> Option<Keyring> {
    let (_, member) = MEMBERS.iter().find(|(kind, _)| *kind == secret.str("type"))?;
    let bytes = base64::engine::general_purpose::STANDARD.decode(secret["data"].str(member)).ok()?;
    Keyring::parse(&bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use stead_api::json;

    #[test]
    fn both_kinds_of_secret_are_read() {
        // IMG-13
        let encode = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
        let entry = r#"{"r.example":{"username":"me","password":"p"}}"#;
        let new =
            json!({"type": "kubernetes.io/dockerconfigjson", "data": {".dockerconfigjson": encode(&format!("{{\"auths\":{entry}}}"))}});
        let old = json!({"type": "kubernetes.io/dockercfg", "data": {".dockercfg": encode(entry)}});
        assert_eq!(credentials(&new).unwrap().lookup("r.example", "x").len(), 1);
        assert_eq!(credentials(&new), credentials(&old));
        assert_eq!(credentials(&json!({"type": "Opaque", "data": {".dockercfg": encode(entry)}})), None);
    }
}
