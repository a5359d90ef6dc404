//! The token cleaner: a bootstrap token is removed once its `expiration` has passed.

use crate::engine::{Cache, Change, Controller};
use crate::object::Object;
use crate::options::Registration;
use crate::plan::{Effect, Key, Plan};
use stead_api::wire::base64;
use stead_api::{time::Timestamp, value::Access};
use stead_client::resource::{Resource, SECRETS};

/// Type of the Secrets that are bootstrap tokens.
pub const BOOTSTRAP_TOKEN: &str = "bootstrap.kubernetes.io/token";
const NAMESPACE: &str = "kube-system";

pub const REGISTRATION: Registration =
    Registration { name: "token-cleaner-controller", alias: "tokencleaner", make: |_, _| Box::new(TokenCleaner) };

#[derive(Debug)]
pub struct TokenCleaner;

impl Controller for TokenCleaner {
    fn name(&self) -> &'static str {
        REGISTRATION.name
    }

    fn watches(&self) -> Vec<Resource> {
        vec![SECRETS]
    }

    fn keys_for(&self, change: &Change, _: &Cache, keys: &mut Vec<(Resource, Key)>) {
        keys.extend(change.new.as_ref().filter(|secret| is_token(secret)).map(|secret| (SECRETS, secret.key.clone())));
    }

    fn reconcile(&self, _: Resource, key: &Key, cache: &Cache, now: Timestamp) -> Plan {
        let mut plan = Plan::default();
        let Some(secret) = cache.get(SECRETS, key).filter(|secret| is_token(secret) && secret.deleting.is_none()) else { return plan };
        match expires_at(secret) {
            Expiry::Never => plan.because("it has no expiration"),
            Expiry::At(at) if at > now => {
                plan.because(format!("waiting: it is removed at {}", at.rfc3339()));
                plan.requeue_at = Some(at);
            }
            Expiry::At(_) | Expiry::Unreadable => {
                plan.because("its time is over, or cannot be read");
                plan.step(vec![Effect::new(secret.delete()).tolerating(&["NotFound"])]);
            }
        }
        plan
    }
}

fn is_token(secret: &Object) -> bool {
    secret.key.namespace == NAMESPACE && secret.value.str("type") == BOOTSTRAP_TOKEN
}

enum Expiry {
    Never,
    At(Timestamp),
    /// A token of which nobody can tell how long it is good is not good.
    Unreadable,
}

fn expires_at(secret: &Object) -> Expiry {
    let text = base64::decode(secret.value["data"].str("expiration")).unwrap_or_default();
    match str::from_utf8(&text) {
        Ok("") => Expiry::Never,
        Ok(text) => Timestamp::parse(text).map_or(Expiry::Unreadable, Expiry::At),
        Err(_) => Expiry::Unreadable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stead_api::json;

    fn plan(namespace: &str, ty: &str, expiration: &str) -> Plan {
        let meta = json!({"name": "bootstrap-token-a", "namespace": namespace, "uid": "u"});
        let body = json!({"metadata": meta, "type": ty, "data": {"expiration": base64::encode(expiration.as_bytes())}});
        let mut cache = Cache::default();
        cache.put(Object::parse(SECRETS, body).unwrap());
        TokenCleaner.reconcile(SECRETS, &Key::new(namespace, "bootstrap-token-a"), &cache, Timestamp::from_seconds(1000))
    }

    #[test]
    fn a_bootstrap_token_goes_at_its_time() {
        let at = |seconds| Timestamp::from_seconds(seconds).rfc3339();
        assert_eq!(plan(NAMESPACE, BOOTSTRAP_TOKEN, &at(999)).effects().count(), 1);
        let later = plan(NAMESPACE, BOOTSTRAP_TOKEN, &at(1001));
        assert_eq!((later.effects().count(), later.requeue_at), (0, Some(Timestamp::from_seconds(1001))));
        assert_eq!(plan(NAMESPACE, BOOTSTRAP_TOKEN, "soon").effects().count(), 1);
        assert!(plan(NAMESPACE, BOOTSTRAP_TOKEN, "").is_empty());
    }

    #[test]
    fn other_secrets_are_left_alone() {
        assert!(plan("default", BOOTSTRAP_TOKEN, "soon").is_empty());
        assert!(plan(NAMESPACE, "Opaque", "soon").is_empty());
    }
}
