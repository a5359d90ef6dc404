//! PodCertificateRequest: a node asks for a certificate of a pod's account. Of the spec nothing changes. Nothing signs here.

use super::certificate_signing_request::validate_signer;
use super::columns;
use crate::{
    Value,
    field::{self, Errors, Path},
    json, names,
    registry::{ALL_VERBS, Column, Generation, Hooks, HooksRef, Kind, Part, READ_WRITE, Subresource},
    schema::generated::{CERTIFICATES_V1_POD_CERTIFICATE_REQUEST, CERTIFICATES_V1_POD_CERTIFICATE_REQUEST_SPEC as SPEC},
    time::{Timestamp, age},
    value::Access,
};

pub static POD_CERTIFICATE_REQUEST: Kind = Kind {
    group: "certificates.k8s.io",
    version: "v1",
    kind: "PodCertificateRequest",
    plural: "podcertificaterequests",
    singular: "podcertificaterequest",
    short_names: &[],
    categories: &[],
    namespaced: true,
    schema: &CERTIFICATES_V1_POD_CERTIFICATE_REQUEST,
    verbs: ALL_VERBS,
    subresources: &[Subresource { name: "status", gvk: None, verbs: READ_WRITE }],
    selectable: &["spec.signerName", "spec.podName", "spec.nodeName"],
    columns: COLUMNS,
    create_on_update: false,
    unconditional_update: false,
    delete_returns_object: false,
    stored_as: None,
    hooks: HooksRef::Static(&PodCertificateRequest),
};

const COLUMNS: &[Column] = &[
    columns::NAME,
    columns::field("PodName", &SPEC, "podName"),
    columns::field("ServiceAccountName", &SPEC, "serviceAccountName"),
    columns::field("NodeName", &SPEC, "nodeName"),
    columns::field("SignerName", &SPEC, "signerName"),
    columns::text("State", "Whether it is issued, denied or failed."),
    columns::AGE,
];

/// How a request ends; it ends once.
const ENDS: [&str; 3] = ["Denied", "Failed", "Issued"];
const EXPIRATION_DEFAULT_S: i64 = 86_400;
/// An hour, and 91 days.
const EXPIRATION_S: std::ops::RangeInclusive<i64> = 3600..=7_862_400;

#[derive(Debug)]
struct PodCertificateRequest;

impl Hooks for PodCertificateRequest {
    fn default(&self, object: &mut Value) {
        object.default_to("spec", json!({}));
        object["spec"].default_to("maxExpirationSeconds", EXPIRATION_DEFAULT_S);
    }

    fn prepare_create(&self, object: &mut Value) {
        object["status"] = json!({});
    }

    fn prepare_update(&self, part: Part, object: &mut Value, old: &Value) -> Generation {
        part.restore_rest(object, old);
        Generation::Keep
    }

    fn validate(&self, object: &Value) -> Errors {
        let (spec, path) = (&object["spec"], Path::new("spec"));
        let mut errors = validate_signer(spec.str("signerName"), &path.child("signerName"));
        for (member, uid) in [("podName", "podUID"), ("serviceAccountName", "serviceAccountUID"), ("nodeName", "nodeUID")] {
            let (name, at) = (spec.str(member), path.child(member));
            errors.extend(names::dns_subdomain(name).iter().map(|why| field::invalid(&at, name, why)));
            if spec.str(uid).is_empty() {
                errors.push(field::required(&path.child(uid), "must not be empty"));
            }
        }
        let seconds = spec.int("maxExpirationSeconds").unwrap_or_default();
        if !EXPIRATION_S.contains(&seconds) {
            let detail = format!("must be in the range [{}, {}]", EXPIRATION_S.start(), EXPIRATION_S.end());
            errors.push(field::invalid(&path.child("maxExpirationSeconds"), seconds, &detail));
        }
        if spec.str("stubPKCS10Request").is_empty() {
            errors.push(field::required(&path.child("stubPKCS10Request"), "must not be empty"));
        }
        errors
    }

    fn validate_update(&self, part: Part, object: &Value, old: &Value) -> Errors {
        if part == Part::Main {
            let is_same = object["spec"] == old["spec"];
            let changed = || field::invalid(&Path::new("spec"), object["spec"].clone(), "field is immutable");
            return if is_same { Errors::new() } else { vec![changed()] };
        }
        let conditions = object["status"].items("conditions");
        let path = Path::new("status").child("conditions");
        let ends: Vec<&str> = conditions.iter().map(|c| c.str("type")).filter(|ty| ENDS.contains(ty)).collect();
        let mut errors = Errors::new();
        if ends.len() > 1 {
            errors.push(field::invalid(
                &path,
                conditions.to_vec(),
                r#"There may be at most one condition with type "Issued", "Denied", or "Failed""#,
            ));
        }
        errors
    }

    fn selectable(&self, object: &Value, label: &str) -> String {
        object["spec"].str(label.strip_prefix("spec.").unwrap_or(label)).to_owned()
    }

    fn cells(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let spec = &object["spec"];
        let end = object["status"].items("conditions").iter().map(|c| c.str("type")).find(|ty| ENDS.contains(ty));
        let mut cells = vec![object["metadata"].str("name").into()];
        cells.extend(["podName", "serviceAccountName", "nodeName", "signerName"].map(|member| spec.str(member).into()));
        cells.extend([end.unwrap_or("Pending").into(), age(object, now).into()]);
        cells
    }
}

#[cfg(test)]
mod tests {
    use super::POD_CERTIFICATE_REQUEST;
    use crate::{json, registry::Part};

    #[test]
    fn a_request_names_pod_account_and_node_and_ends_once() {
        let hooks = &POD_CERTIFICATE_REQUEST.hooks;
        let mut request = json!({"spec": {
            "signerName": "a.b/c", "podName": "p", "podUID": "1", "serviceAccountName": "s", "serviceAccountUID": "2", "nodeName": "n",
            "nodeUID": "3", "stubPKCS10Request": "AAAA",
        }});
        hooks.default(&mut request);
        assert_eq!(hooks.validate(&request).len(), 0);
        let mut wrong = request.clone();
        wrong["spec"]["maxExpirationSeconds"] = 60.into();
        wrong["spec"]["podUID"] = "".into();
        assert_eq!(hooks.validate(&wrong).len(), 2);
        assert_eq!(hooks.validate_update(Part::Main, &wrong, &request).len(), 1);
        let mut ended = request.clone();
        ended["status"] = json!({"conditions": [{"type": "Issued"}, {"type": "Denied"}]});
        assert_eq!(hooks.validate_update(Part::Status, &ended, &request).len(), 1);
    }
}
