//! CertificateSigningRequest: somebody asks for a certificate, somebody with the right approves or denies, a signer signs. Of the spec
//! nothing changes; conditions come by `/approval`, the certificate by `/status`. Who asks is the server's to say. Nothing signs here.

pub mod pkcs10;

use super::columns;
use crate::{
    Value,
    field::{self, Errors, Path},
    json, names,
    registry::{ALL_VERBS, Column, Generation, Hooks, HooksRef, Kind, Part, READ_WRITE, Subresource},
    schema::generated::{
        CERTIFICATES_V1_CERTIFICATE_SIGNING_REQUEST, CERTIFICATES_V1_CERTIFICATE_SIGNING_REQUEST_SPEC as SPEC,
        CERTIFICATES_V1_CERTIFICATE_SIGNING_REQUEST_STATUS as STATUS,
    },
    time::{Timestamp, age, human_duration},
    value::Access,
    wire::base64,
};
use std::collections::BTreeSet;

pub static CERTIFICATE_SIGNING_REQUEST: Kind = Kind {
    group: "certificates.k8s.io",
    version: "v1",
    kind: "CertificateSigningRequest",
    plural: "certificatesigningrequests",
    singular: "certificatesigningrequest",
    short_names: &["csr"],
    categories: &[],
    namespaced: false,
    schema: &CERTIFICATES_V1_CERTIFICATE_SIGNING_REQUEST,
    verbs: ALL_VERBS,
    subresources: &[
        Subresource { name: "approval", gvk: None, verbs: READ_WRITE },
        Subresource { name: "status", gvk: None, verbs: READ_WRITE },
    ],
    selectable: &["spec.signerName"],
    columns: COLUMNS,
    create_on_update: false,
    unconditional_update: true,
    delete_returns_object: false,
    stored_as: None,
    hooks: HooksRef::Static(&CertificateSigningRequest),
};

const COLUMNS: &[Column] = &[
    columns::NAME,
    columns::AGE,
    columns::field("SignerName", &SPEC, "signerName"),
    columns::field("Requestor", &SPEC, "request"),
    columns::field("RequestedDuration", &SPEC, "expirationSeconds"),
    columns::field("Condition", &STATUS, "conditions"),
];

/// Who writes conditions and nothing else.
pub const APPROVAL: Part = Part::Other("approval");
/// What is said of a request by whoever may.
const VERDICTS: [&str; 2] = ["Approved", "Denied"];
/// Conditions that stay once they are there, and are never anything but true.
const LASTING: [&str; 3] = ["Approved", "Denied", "Failed"];
const EXPIRATION_MIN_S: i64 = 600;
const SUBDOMAIN_MAX: usize = 253;
/// A label and a subdomain, with a dot between.
const SIGNER_PATH_MAX: usize = SUBDOMAIN_MAX + 63 + 1;
/// Who signs certificates of clients of the API.
pub const CLIENT_SIGNER: &str = "kubernetes.io/kube-apiserver-client";
const LEGACY_SIGNER: &str = "kubernetes.io/legacy-unknown";
/// What certificates may be for, sorted.
const USAGES: [&str; 23] = [
    "any",
    "cert sign",
    "client auth",
    "code signing",
    "content commitment",
    "crl sign",
    "data encipherment",
    "decipher only",
    "digital signature",
    "email protection",
    "encipher only",
    "ipsec end system",
    "ipsec tunnel",
    "ipsec user",
    "key agreement",
    "key encipherment",
    "microsoft sgc",
    "netscape sgc",
    "ocsp signing",
    "s/mime",
    "server auth",
    "signing",
    "timestamping",
];

#[derive(Debug)]
struct CertificateSigningRequest;

impl Hooks for CertificateSigningRequest {
    fn prepare_create(&self, object: &mut Value) {
        object["status"] = json!({});
    }

    fn prepare_update(&self, part: Part, object: &mut Value, old: &Value) -> Generation {
        object["spec"] = old["spec"].clone();
        match part {
            Part::Main => object["status"] = old["status"].clone(),
            APPROVAL => match old["status"].get("certificate").cloned() {
                Some(certificate) => object["status"]["certificate"] = certificate,
                None => drop(object["status"].drop("certificate")),
            },
            // What others have said of it stays.
            Part::Status | Part::Other(_) => keep_verdicts(object, old),
        }
        Generation::Keep
    }

    fn stamp(&self, object: &mut Value, old: Option<&Value>, now: Timestamp) {
        let Some(old) = old.map(|old| old["status"].items("conditions")) else { return };
        for condition in object["status"].items_mut("conditions") {
            condition.default_to("lastUpdateTime", now.rfc3339());
            let is_same = |known: &&Value| ["type", "status"].iter().all(|member| known.str(member) == condition.str(member));
            let since = old.iter().find(is_same).map(|known| known["lastTransitionTime"].clone());
            condition.default_to("lastTransitionTime", since.unwrap_or_else(|| now.rfc3339().into()));
        }
    }

    fn validate(&self, object: &Value) -> Errors {
        let mut errors = validate_spec(&object["spec"], &Path::new("spec"));
        errors.extend(validate_conditions(object["status"].items("conditions"), &Path::new("status").child("conditions")));
        errors.extend(
            wrong_certificate(object["status"].str("certificate"))
                .map(|why| field::invalid(&Path::new("status").child("certificate"), "<certificate data>", &why)),
        );
        errors
    }

    fn validate_update(&self, part: Part, object: &Value, old: &Value) -> Errors {
        let mut errors = self.validate(object);
        let path = Path::new("status").child("conditions");
        let count = |object: &Value, ty: &str| object["status"].items("conditions").iter().filter(|c| c.str("type") == ty).count();
        for ty in LASTING.iter().filter(|ty| count(object, ty) < count(old, ty)) {
            errors.push(field::forbidden(&path, &format!("updates may not remove a condition of type {ty:?}")));
        }
        if part == Part::Status {
            for ty in VERDICTS.iter().filter(|ty| count(object, ty) > count(old, ty)) {
                errors.push(field::forbidden(&path, &format!("updates may not add a condition of type {ty:?}")));
            }
            let [new, old] = [object, old].map(|object| object["status"].str("certificate"));
            if !old.is_empty() && new != old {
                let at = Path::new("status").child("certificate");
                errors.push(field::forbidden(&at, "updates may not modify existing certificate content"));
            }
        }
        errors
    }

    fn selectable(&self, object: &Value, _label: &str) -> String {
        object["spec"].str("signerName").to_owned()
    }

    fn cells(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let (spec, status) = (&object["spec"], &object["status"]);
        let has = |ty: &str| status.items("conditions").iter().any(|condition| condition.str("type") == ty);
        let mut condition = match (has("Denied"), has("Approved")) {
            (true, _) => "Denied",
            (false, true) => "Approved",
            (false, false) => "Pending",
        }
        .to_owned();
        if has("Failed") {
            condition += ",Failed";
        }
        if !status.str("certificate").is_empty() {
            condition += ",Issued";
        }
        let signer = Some(spec.str("signerName")).filter(|signer| !signer.is_empty());
        let duration = spec.int("expirationSeconds").map_or_else(|| "<none>".to_owned(), human_duration);
        vec![
            object["metadata"].str("name").into(),
            age(object, now).into(),
            signer.unwrap_or("<none>").into(),
            spec.str("username").into(),
            duration.into(),
            condition.into(),
        ]
    }
}

/// A write of the status leaves the verdicts as they are.
fn keep_verdicts(object: &mut Value, old: &Value) {
    let is_verdict = |condition: &&Value| VERDICTS.contains(&condition.str("type"));
    let known: Vec<Value> = old["status"].items("conditions").iter().filter(is_verdict).cloned().collect();
    let has_all = known.iter().all(|condition| object["status"].items("conditions").iter().any(|c| c.str("type") == condition.str("type")));
    if known.is_empty() || has_all {
        return;
    }
    let given = object["status"].items("conditions").iter().filter(|condition| !is_verdict(condition)).cloned();
    let conditions: Vec<Value> = known.into_iter().chain(given).collect();
    object["status"]["conditions"] = conditions.into();
}

fn validate_spec(spec: &Value, path: &Path) -> Errors {
    let mut errors = Errors::new();
    errors.extend(pkcs10::wrong(spec.str("request")).map(|why| field::invalid(&path.child("request"), spec.str("request"), &why)));
    let (usages, at) = (spec.items("usages"), path.child("usages"));
    if usages.is_empty() {
        errors.push(field::required(&at, ""));
    }
    let usages: Vec<&str> = usages.iter().map(|usage| usage.as_str().unwrap_or_default()).collect();
    for (index, usage) in usages.iter().enumerate().filter(|(_, usage)| !USAGES.contains(usage)) {
        errors.push(field::not_supported(&at.index(index), *usage, &USAGES));
    }
    for (index, usage) in usages.iter().enumerate().filter(|(index, usage)| usages[..*index].contains(usage)) {
        errors.push(field::duplicate(&at.index(index), *usage));
    }
    errors.extend(validate_signer(spec.str("signerName"), &path.child("signerName")));
    if let Some(seconds) = spec.int("expirationSeconds").filter(|seconds| *seconds < EXPIRATION_MIN_S) {
        let detail = "may not specify a duration less than 600 seconds (10 minutes)";
        errors.push(field::invalid(&path.child("expirationSeconds"), seconds, detail));
    }
    errors
}

/// Validates the name of a signer: a domain and a path.
pub(super) fn validate_signer(signer: &str, path: &Path) -> Errors {
    match signer {
        "" => return vec![field::required(path, "")],
        LEGACY_SIGNER => return vec![field::invalid(path, signer, "the legacy signerName is not allowed via this API version")],
        _ => {}
    }
    let segments: Vec<&str> = signer.split('/').collect();
    let [domain, name] = segments[..] else {
        let detail = "must be a fully qualified domain and path of the form 'example.com/signer-name'";
        return vec![field::invalid(path, signer, detail)];
    };
    let mut errors = Errors::new();
    if domain.len() > SUBDOMAIN_MAX {
        errors.push(field::too_long(path, SUBDOMAIN_MAX));
    }
    let labels: Vec<&str> = domain.split('.').collect();
    let wrong = |part: &str, label: &str, why: &String| field::invalid(path, part, &format!("validating label {label:?}: {why}"));
    for label in &labels {
        errors.extend(names::dns_label(label).iter().map(|why| wrong(domain, label, why)));
    }
    if labels.len() < 2 {
        errors.push(field::invalid(path, domain, "should be a domain with at least two segments separated by dots"));
    }
    for label in name.split('.') {
        errors.extend(names::dns_subdomain(label).iter().map(|why| wrong(name, label, why)));
    }
    if name.len() > SIGNER_PATH_MAX {
        errors.push(field::too_long(path, SUBDOMAIN_MAX + SIGNER_PATH_MAX + 1));
    }
    errors
}

fn validate_conditions(conditions: &[Value], path: &Path) -> Errors {
    let mut errors = Errors::new();
    let mut seen = BTreeSet::new();
    for (index, condition) in conditions.iter().enumerate() {
        let (ty, status, at) = (condition.str("type"), condition.str("status"), path.index(index));
        if ty.is_empty() {
            errors.push(field::required(&at.child("type"), ""));
        }
        let allowed: &[&str] = if LASTING.contains(&ty) { &["True"] } else { &["False", "True", "Unknown"] };
        if status.is_empty() {
            errors.push(field::required(&at.child("status"), ""));
        } else if !allowed.contains(&status) {
            errors.push(field::not_supported(&at.child("status"), status, allowed));
        }
        if VERDICTS.contains(&ty) && VERDICTS.iter().any(|other| *other != ty && seen.contains(other)) {
            errors.push(field::invalid(&at.child("type"), ty, "Approved and Denied conditions are mutually exclusive"));
        }
        if !seen.insert(ty) {
            errors.push(field::duplicate(&at.child("type"), ty));
        }
    }
    errors
}

/// Whether base64 holds a PEM block of that type first.
fn is_pem(data: &str, ty: &str) -> bool {
    let text = base64::decode(data).ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
    let Some((_, rest)) = text.split_once("-----BEGIN ") else { return false };
    let end = format!("-----END {ty}-----");
    rest.starts_with(&format!("{ty}-----")) && rest.contains(&end)
}

/// What is wrong with what a signer wrote.
fn wrong_certificate(data: &str) -> Option<String> {
    if data.is_empty() || is_pem(data, "CERTIFICATE") {
        return None;
    }
    Some("must contain at least one CERTIFICATE PEM block".to_owned())
}

#[cfg(test)]
mod tests {
    use super::pkcs10::tests::ED25519;
    use super::{APPROVAL, CERTIFICATE_SIGNING_REQUEST};
    use crate::{Value, json, registry::Part, time::Timestamp, value::Access, wire::base64};

    fn pem(ty: &str) -> String {
        base64::encode(format!("-----BEGIN {ty}-----\nAAAA\n-----END {ty}-----\n").as_bytes())
    }

    fn request() -> Value {
        json!({"metadata": {"name": "r"}, "status": {}, "spec": {
            "request": ED25519, "signerName": "example.com/signer", "usages": ["client auth"], "expirationSeconds": 7200,
            "username": "jane",
        }})
    }

    fn errors(request: &Value) -> Vec<String> {
        CERTIFICATE_SIGNING_REQUEST.hooks.validate(request).iter().map(ToString::to_string).collect()
    }

    fn with(status: Value) -> Value {
        let mut request = request();
        request["status"] = status;
        request
    }

    #[test]
    fn a_request_says_what_for_and_to_whom() {
        assert_eq!(errors(&request()), [""; 0]);
        let mut wrong = request();
        wrong["spec"] =
            json!({"request": pem("CERTIFICATE"), "signerName": "signer", "usages": ["any", "any", "x"], "expirationSeconds": 599});
        let errors = errors(&wrong);
        for (error, what) in errors.iter().zip([
            "PEM block type must be CERTIFICATE REQUEST",
            "Unsupported value: \"x\"",
            "Duplicate value: \"any\"",
            "of the form 'example.com/signer-name'",
            "less than 600 seconds",
        ]) {
            assert!(error.contains(what), "{error}");
        }
        assert_eq!(errors.len(), 5);
    }

    #[test]
    fn a_verdict_stays_and_a_signer_gives_none() {
        let hooks = &CERTIFICATE_SIGNING_REQUEST.hooks;
        let approved = with(json!({"conditions": [{"type": "Approved", "status": "True"}]}));
        let update = |part: Part, new: &Value, old: &Value| {
            let mut new = new.clone();
            hooks.prepare_update(part, &mut new, old);
            let errors = hooks.validate_update(part, &new, old).len();
            (new["status"].items("conditions").len(), errors)
        };
        assert_eq!(update(APPROVAL, &approved, &request()), (1, 0));
        assert_eq!(update(Part::Main, &approved, &request()), (0, 0));
        assert_eq!(update(Part::Status, &approved, &request()), (1, 1));
        assert_eq!(update(APPROVAL, &request(), &approved), (0, 1));
        let failed = with(json!({"conditions": [{"type": "Failed", "status": "True"}]}));
        assert_eq!(update(Part::Status, &failed, &approved), (2, 0));
    }

    #[test]
    fn conditions_are_dated() {
        let mut approved = with(json!({"conditions": [{"type": "Approved", "status": "True"}]}));
        CERTIFICATE_SIGNING_REQUEST.hooks.stamp(&mut approved, Some(&request()), Timestamp::from_seconds(5));
        let condition = &approved["status"]["conditions"][0];
        let date = Timestamp::from_seconds(5).rfc3339();
        assert_eq!((condition.str("lastUpdateTime"), condition.str("lastTransitionTime")), (date.as_str(), date.as_str()));
    }

    // C11
    #[test]
    fn a_table_shows_how_far_it_has_come() {
        let conditions = json!([{"type": "Approved", "status": "True"}]);
        let issued = with(json!({"conditions": conditions, "certificate": pem("CERTIFICATE")}));
        let cells = CERTIFICATE_SIGNING_REQUEST.hooks.cells(&issued, Timestamp::default());
        assert_eq!(cells[2..], [json!("example.com/signer"), json!("jane"), json!("120m"), json!("Approved,Issued")]);
    }
}
