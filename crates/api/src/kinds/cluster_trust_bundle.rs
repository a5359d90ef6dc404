//! ClusterTrustBundle: certificates to trust, a signer's or anybody's. The signer stays, and is in the name.

use super::certificate_signing_request::validate_signer;
use super::columns;
use crate::{
    Value,
    field::{self, Errors, Path},
    names::{self, NameRule},
    registry::{ALL_VERBS, Column, Hooks, HooksRef, Kind, Part},
    schema::generated::{CERTIFICATES_V1_CLUSTER_TRUST_BUNDLE, CERTIFICATES_V1_CLUSTER_TRUST_BUNDLE_SPEC as SPEC},
    time::Timestamp,
    value::Access,
};

pub static CLUSTER_TRUST_BUNDLE: Kind = Kind {
    group: "certificates.k8s.io",
    version: "v1",
    kind: "ClusterTrustBundle",
    plural: "clustertrustbundles",
    singular: "clustertrustbundle",
    short_names: &[],
    categories: &[],
    namespaced: false,
    schema: &CERTIFICATES_V1_CLUSTER_TRUST_BUNDLE,
    verbs: ALL_VERBS,
    subresources: &[],
    selectable: &["spec.signerName"],
    columns: COLUMNS,
    create_on_update: false,
    unconditional_update: false,
    delete_returns_object: false,
    stored_as: None,
    hooks: HooksRef::Static(&ClusterTrustBundle),
};

const COLUMNS: &[Column] = &[columns::NAME, columns::field("SignerName", &SPEC, "signerName")];
const BUNDLE_BYTES_MAX: usize = 1 << 20;

#[derive(Debug)]
struct ClusterTrustBundle;

impl Hooks for ClusterTrustBundle {
    /// Its own, stricter rule is in `validate`.
    fn name_rule(&self) -> NameRule {
        NameRule::PathSegment
    }

    fn validate(&self, object: &Value) -> Errors {
        let (name, spec) = (object["metadata"].str("name"), &object["spec"]);
        let (signer, bundle, path) = (spec.str("signerName"), spec.str("trustBundle"), Path::new("spec"));
        let at = Path::new("metadata").child("name");
        let mut errors: Errors = wrong_name(name, signer).iter().map(|why| field::invalid(&at, name, why)).collect();
        if !signer.is_empty() {
            errors.extend(validate_signer(signer, &path.child("signerName")));
        }
        let at = path.child("trustBundle");
        if bundle.len() > BUNDLE_BYTES_MAX {
            errors.push(field::too_long(&at, BUNDLE_BYTES_MAX));
        } else if !bundle.contains("-----BEGIN CERTIFICATE-----") || !bundle.contains("-----END CERTIFICATE-----") {
            errors.push(field::invalid(&at, "<value omitted>", "at least one trust anchor must be provided"));
        }
        errors
    }

    fn validate_update(&self, _: Part, object: &Value, old: &Value) -> Errors {
        let mut errors = self.validate(object);
        let signer = object["spec"].str("signerName");
        if signer != old["spec"].str("signerName") {
            errors.push(field::invalid(&Path::new("spec").child("signerName"), signer, "field is immutable"));
        }
        errors
    }

    fn selectable(&self, object: &Value, _label: &str) -> String {
        object["spec"].str("signerName").to_owned()
    }

    fn cells(&self, object: &Value, _: Timestamp) -> Vec<Value> {
        let signer = Some(object["spec"].str("signerName")).filter(|signer| !signer.is_empty());
        vec![object["metadata"].str("name").into(), signer.unwrap_or("<none>").into()]
    }
}

fn wrong_name(name: &str, signer: &str) -> Vec<String> {
    if signer.is_empty() {
        if name.contains(':') {
            return vec!["ClusterTrustBundle without signer name must not have \":\" in its name".to_owned()];
        }
        return names::dns_subdomain(name);
    }
    let prefix = format!("{}:", signer.replace('/', ":"));
    match name.strip_prefix(&prefix) {
        Some(rest) => names::dns_subdomain(rest),
        None => vec![format!("ClusterTrustBundle for signerName {signer} must be named with prefix {prefix}")],
    }
}

#[cfg(test)]
mod tests {
    use super::CLUSTER_TRUST_BUNDLE;
    use crate::json;

    #[test]
    fn a_bundle_of_a_signer_is_named_after_it() {
        let pem = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        let errors = |name: &str, signer: &str, bundle: &str| {
            let spec = json!({"signerName": signer, "trustBundle": bundle});
            CLUSTER_TRUST_BUNDLE.hooks.validate(&json!({"metadata": {"name": name}, "spec": spec})).len()
        };
        assert_eq!([errors("a", "", pem), errors("a.b:c:d", "a.b/c", pem)], [0, 0]);
        assert_eq!([errors("a:b", "", pem), errors("a", "a.b/c", pem), errors("a", "", "")], [1, 1, 1]);
    }
}
