//! Who asks for a certificate: of a new CertificateSigningRequest the server says it, whatever the request says.

use super::{Attributes, Operation, Plugin, ready};
use crate::Identity;
use futures::future::BoxFuture;
use stead_api::kinds::certificate_signing_request::CERTIFICATE_SIGNING_REQUEST;
use stead_api::value::Access;
use stead_api::{Status, Value, json};

#[derive(Debug)]
pub(super) struct CertificateRequester;

impl Plugin for CertificateRequester {
    /// No plugin there: it is part of the kind.
    fn name(&self) -> &'static str {
        "CertificateRequester"
    }

    fn handles(&self, attributes: &Attributes<'_>) -> bool {
        let (kind, own) = (&attributes.target.kind, &CERTIFICATE_SIGNING_REQUEST);
        matches!(attributes.operation, Operation::Create) && (kind.group, kind.kind) == (own.group, own.kind)
    }

    fn mutate<'a>(&'a self, attributes: &'a Attributes<'_>, object: &'a mut Value) -> BoxFuture<'a, Result<(), Status>> {
        sign(object, attributes.identity);
        ready(Ok(()))
    }
}

fn sign(request: &mut Value, identity: Option<&Identity>) {
    request.default_to("spec", json!({}));
    let spec = &mut request["spec"];
    for member in ["username", "uid", "groups", "extra"] {
        spec.drop(member);
    }
    let Some(identity) = identity else { return };
    spec["username"] = identity.user.as_str().into();
    spec["groups"] = json!(identity.groups);
    if !identity.uid.is_empty() {
        spec["uid"] = identity.uid.as_str().into();
    }
    if !identity.extra.is_empty() {
        spec["extra"] = json!(identity.extra);
    }
}

#[cfg(test)]
mod tests {
    use super::sign;
    use crate::Identity;
    use stead_api::json;

    #[test]
    fn nobody_asks_in_another_s_name() {
        let jane = Identity { user: "jane".to_owned(), groups: vec!["dev".to_owned()], uid: String::new(), extra: Default::default() };
        let mut request = json!({"spec": {"username": "system:node:a", "uid": "u", "groups": ["system:nodes"], "signerName": "a.b/c"}});
        sign(&mut request, Some(&jane));
        assert_eq!(request["spec"], json!({"signerName": "a.b/c", "username": "jane", "groups": ["dev"]}));
        sign(&mut request, None);
        assert_eq!(request["spec"], json!({"signerName": "a.b/c"}));
    }
}
