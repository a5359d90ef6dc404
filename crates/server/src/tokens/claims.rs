//! What a token claims (A2). Pure.

use stead_api::time::Timestamp;
use stead_api::value::Access;
use stead_api::{Value, json};

/// The life that the volumes of pods ask for: such tokens are good for longer, so that what does not read them again goes on working,
/// and say when they should have been read again.
const LIFE_OF_PODS_S: i64 = 3607;
const EXTENDED_LIFE_S: i64 = 365 * 24 * 3600;
const SECOND_US: i64 = 1_000_000;

/// An object that a token names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named {
    pub name: String,
    pub uid: String,
}

impl Named {
    pub(crate) fn of(object: &Value) -> Self {
        let meta = &object["metadata"];
        Self { name: meta.str("name").to_owned(), uid: meta.str("uid").to_owned() }
    }

    fn parse(value: &Value) -> Option<Self> {
        value.is_object().then(|| Self { name: value.str("name").to_owned(), uid: value.str("uid").to_owned() })
    }

    fn value(&self) -> Value {
        json!({"name": self.name, "uid": self.uid})
    }
}

/// The objects without which a token is not good any more; the node is told of only, where there is a pod.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Bound {
    pub pod: Option<Named>,
    pub secret: Option<Named>,
    pub node: Option<Named>,
}

/// A token to be.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    pub issuer: &'a str,
    pub namespace: &'a str,
    pub account: Named,
    pub bound: Bound,
    pub audiences: &'a [String],
    pub life_s: i64,
    pub id: String,
}

impl Request<'_> {
    /// In the order in which upstream writes them: sorted.
    pub(crate) fn claims(&self, now: Timestamp) -> Value {
        let now_s = now.0.div_euclid(SECOND_US);
        let extended = self.life_s == LIFE_OF_PODS_S && self.bound.pod.is_some() && self.audiences == [self.issuer];
        let life_s = if extended { EXTENDED_LIFE_S } else { self.life_s };
        let mut private = json!({"namespace": self.namespace});
        for (name, object) in [("node", &self.bound.node), ("pod", &self.bound.pod), ("secret", &self.bound.secret)] {
            if let Some(object) = object {
                private[name] = object.value();
            }
        }
        private["serviceaccount"] = self.account.value();
        if extended {
            private["warnafter"] = (now_s + self.life_s).into();
        }
        json!({
            "aud": self.audiences,
            "exp": now_s + life_s,
            "iat": now_s,
            "iss": self.issuer,
            "jti": self.id,
            "kubernetes.io": private,
            "nbf": now_s,
            "sub": format!("system:serviceaccount:{}:{}", self.namespace, self.account.name),
        })
    }
}

/// The claims of a token that was signed here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Claims {
    pub namespace: String,
    pub account: Named,
    pub bound: Bound,
    pub id: String,
    issuer: String,
    audiences: Vec<String>,
    expires_s: i64,
    begins_s: i64,
}

impl Claims {
    pub(crate) fn parse(payload: &Value) -> Option<Self> {
        let private = &payload["kubernetes.io"];
        let object = |name: &str| private.get(name).and_then(Named::parse);
        let audiences = match payload.get("aud")? {
            Value::String(one) => vec![one.clone()],
            several => several.as_array()?.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        };
        Some(Self {
            namespace: private.str("namespace").to_owned(),
            account: object("serviceaccount")?,
            bound: Bound { pod: object("pod"), secret: object("secret"), node: object("node") },
            id: payload.str("jti").to_owned(),
            issuer: payload.str("iss").to_owned(),
            audiences,
            expires_s: payload.int("exp")?,
            begins_s: payload.int("nbf").unwrap_or_default(),
        })
    }

    /// The audiences that it shares with those that are wanted; else what is wrong with it.
    pub(crate) fn check(&self, issuer: &str, wanted: &[String], now: Timestamp) -> Result<Vec<String>, String> {
        let now_s = now.0.div_euclid(SECOND_US);
        if self.issuer != issuer {
            return Err("invalid bearer token".to_owned());
        }
        if now_s >= self.expires_s {
            return Err("service account token has expired".to_owned());
        }
        if now_s < self.begins_s {
            return Err("service account token is not valid yet".to_owned());
        }
        let shared: Vec<String> = self.audiences.iter().filter(|audience| wanted.contains(audience)).cloned().collect();
        if shared.is_empty() {
            return Err(format!("token audiences {:?} is invalid for the target audiences {wanted:?}", self.audiences));
        }
        Ok(shared)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_000_000_000);

    fn named(name: &str) -> Named {
        Named { name: name.to_owned(), uid: format!("uid-{name}") }
    }

    fn claims(life_s: i64, audience: &str, bound: Bound) -> Value {
        let audiences = [audience.to_owned()];
        let request = Request {
            issuer: "https://me",
            namespace: "ns",
            account: named("default"),
            bound,
            audiences: &audiences,
            life_s,
            id: "j".into(),
        };
        request.claims(NOW)
    }

    #[test]
    fn a_pods_token_says_what_upstreams_says() {
        // A2, VOL-12
        let bound = Bound { pod: Some(named("p")), node: Some(named("n")), secret: None };
        let text = claims(3607, "https://me", bound).to_string();
        assert_eq!(
            text,
            r#"{"aud":["https://me"],"exp":31537000,"iat":1000,"iss":"https://me","jti":"j","kubernetes.io":{"namespace":"ns","node":{"name":"n","uid":"uid-n"},"pod":{"name":"p","uid":"uid-p"},"serviceaccount":{"name":"default","uid":"uid-default"},"warnafter":4607},"nbf":1000,"sub":"system:serviceaccount:ns:default"}"#
        );
    }

    #[test]
    fn only_the_tokens_of_pods_for_this_server_live_longer_than_asked() {
        let pod = || Bound { pod: Some(named("p")), ..Bound::default() };
        for (life_s, audience, bound) in [(3600, "https://me", pod()), (3607, "vault", pod()), (3607, "https://me", Bound::default())] {
            let claims = claims(life_s, audience, bound);
            assert_eq!(claims["exp"], 1000 + life_s);
            assert!(!claims["kubernetes.io"].has("warnafter"));
        }
    }

    #[test]
    fn times_issuer_and_audience_must_hold() {
        // A2
        let own = ["https://me".to_owned()];
        let parsed = Claims::parse(&claims(600, "https://me", Bound::default())).unwrap();
        assert_eq!(parsed.check("https://me", &own, NOW), Ok(own.to_vec()));
        assert!(parsed.check("https://me", &own, Timestamp(NOW.0 + 600 * SECOND_US)).is_err());
        assert!(parsed.check("https://me", &own, Timestamp(NOW.0 - SECOND_US)).is_err());
        assert!(parsed.check("https://other", &own, NOW).is_err());
        assert!(parsed.check("https://me", &["vault".to_owned()], NOW).is_err());
    }
}
