//! Validation of projected volumes: each source alone, and that no two write the same file.

use super::{needed, texts, volumes};
use crate::{
    Value,
    field::{self, Errors, Path},
    names, selector,
    value::Access,
};
use std::collections::BTreeSet;

const MIN_TOKEN_SECONDS: i64 = 600;
const MAX_TOKEN_SECONDS: i64 = 1 << 32;
const MIN_CERTIFICATE_SECONDS: i64 = 3600;
const MAX_CERTIFICATE_SECONDS: i64 = 91 * 86_400;
const MAX_KUBERNETES_CERTIFICATE_SECONDS: i64 = 86_400;
const KEY_TYPES: [&str; 6] = ["RSA3072", "RSA4096", "ECDSAP256", "ECDSAP384", "ECDSAP521", "ED25519"];
const CONFLICT: &str = "conflicting duplicate paths";

/// Validates a projected volume. Several errors are told at the volume, not at the source, as upstream does.
pub fn validate(volume: &Value, path: &Path) -> Errors {
    let mut errors = volumes::mode(volume, "defaultMode", path);
    let mut taken = BTreeSet::new();
    for (i, source) in volume.items("sources").iter().enumerate() {
        let at = path.child("sources").index(i);
        let mut count = 0;
        for member in ["secret", "configMap"] {
            if let Some(keys) = source.get(member) {
                count += 1;
                errors.extend(keys_of(keys, &mut taken, &at.child(member), path));
            }
        }
        if let Some(api) = source.get("downwardAPI") {
            count += 1;
            for file in api.items("items") {
                errors.extend(volumes::downward_file(file, &at.child("downwardAPI")));
                errors.extend(take(file.str("path"), file.str("path"), &mut taken, path));
            }
        }
        if let Some(token) = source.get("serviceAccountToken") {
            count += 1;
            errors.extend(self::token(token, &at.child("serviceAccountToken"), path));
        }
        if let Some(bundle) = source.get("clusterTrustBundle") {
            count += 1;
            errors.extend(trust_bundle(bundle, &mut taken, &at.child("clusterTrustBundle"), path));
        }
        if let Some(certificate) = source.get("podCertificate") {
            count += 1;
            errors.extend(self::certificate(certificate, &mut taken, &at.child("podCertificate"), path));
        }
        if count > 1 {
            errors.push(field::forbidden(&at, "may not specify more than 1 volume type per source"));
        }
    }
    errors
}

/// Takes a file for one source; a conflict is told about `shown`.
fn take<'a>(file: &'a str, shown: &str, taken: &mut BTreeSet<&'a str>, path: &Path) -> Option<field::Error> {
    (!file.is_empty() && !taken.insert(file)).then(|| field::invalid(path, shown, CONFLICT))
}

fn keys_of<'a>(keys: &'a Value, taken: &mut BTreeSet<&'a str>, at: &Path, volume: &Path) -> Errors {
    let mut errors = needed(keys, "name", at);
    for (i, item) in keys.items("items").iter().enumerate() {
        errors.extend(volumes::key_to_path(item, &at.child("items").index(i)));
        errors.extend(take(item.str("path"), keys.str("name"), taken, volume));
    }
    errors
}

fn token(token: &Value, at: &Path, volume: &Path) -> Errors {
    let mut errors = Errors::new();
    let seconds = token.int("expirationSeconds").unwrap_or_default();
    let expiration = at.child("expirationSeconds");
    if seconds < MIN_TOKEN_SECONDS {
        errors.push(field::invalid(&expiration, seconds, "may not specify a duration less than 10 minutes"));
    }
    if seconds > MAX_TOKEN_SECONDS {
        errors.push(field::invalid(&expiration, seconds, "may not specify a duration larger than 2^32 seconds"));
    }
    errors.extend(needed(token, "path", volume));
    errors.extend(volumes::local_path(token.str("path"), &volume.child("path")));
    errors
}

fn trust_bundle<'a>(bundle: &'a Value, taken: &mut BTreeSet<&'a str>, at: &Path, volume: &Path) -> Errors {
    let mut errors = Errors::new();
    let [name, signer] = ["name", "signerName"].map(|m| bundle.get(m).and_then(Value::as_str));
    match (name, signer) {
        (Some(_), Some(_)) => {
            errors.push(field::invalid(at, bundle.clone(), "only one of name and signerName may be used"));
        }
        (Some(name), None) => {
            if name.is_empty() {
                errors.push(field::required(&at.child("name"), "must be a valid object name"));
            }
            let plain = name.rsplit(':').next().unwrap_or_default();
            let faults = names::dns_subdomain(plain).iter().map(|t| format!("not a valid clustertrustbundlename: {t}")).collect();
            errors.extend(texts(&at.child("name"), name, faults));
            if let Some(selector) = bundle.get("labelSelector") {
                let detail = "labelSelector must be unset if name is specified";
                errors.push(field::invalid(&at.child("labelSelector"), selector.clone(), detail));
            }
        }
        (None, Some(signer)) => {
            if signer.is_empty() {
                errors.push(field::required(&at.child("signerName"), "must be a valid signer name"));
            }
            errors.extend(signer_name(signer, &at.child("signerName")));
            if let Some(selector) = bundle.get("labelSelector") {
                errors.extend(selector::validate_label_selector(selector, &at.child("labelSelector")));
            }
        }
        (None, None) => errors.push(field::required(at, "either name or signerName must be specified")),
    }
    errors.extend(needed(bundle, "path", at));
    errors.extend(volumes::local_path(bundle.str("path"), &at.child("path")));
    errors.extend(take(bundle.str("path"), bundle.str("path"), taken, volume));
    errors
}

/// A signer is named `<domain>/<path>`.
fn signer_name(name: &str, path: &Path) -> Errors {
    if name.is_empty() {
        return vec![field::required(path, "")];
    }
    match name.split('/').collect::<Vec<_>>()[..] {
        [domain, rest] if !rest.is_empty() => {
            let mut errors: Errors = texts(path, name, names::dns_subdomain(domain)).collect();
            if !domain.contains('.') {
                let detail = format!("should be a domain with at least two segments separated by dots: \"{domain}\"");
                errors.push(field::invalid(path, name, &detail));
            }
            errors
        }
        _ => vec![field::invalid(path, name, "must be a fully qualified domain and path of the form 'example.com/signer-name'")],
    }
}

fn certificate<'a>(certificate: &'a Value, taken: &mut BTreeSet<&'a str>, at: &Path, volume: &Path) -> Errors {
    let signer = certificate.str("signerName");
    let mut errors = signer_name(signer, &at.child("signerName"));
    let key = certificate.str("keyType");
    if !KEY_TYPES.contains(&key) {
        errors.push(field::not_supported(&at.child("keyType"), key, &KEY_TYPES));
    }
    if let Some(seconds) = certificate.int("maxExpirationSeconds") {
        let at = at.child("maxExpirationSeconds");
        let of_kubernetes = signer.split('/').next().is_some_and(|d| d == "kubernetes.io" || d.ends_with(".kubernetes.io"));
        let most = if of_kubernetes { MAX_KUBERNETES_CERTIFICATE_SECONDS } else { MAX_CERTIFICATE_SECONDS };
        if seconds < MIN_CERTIFICATE_SECONDS {
            errors.push(field::invalid(&at, seconds, "if provided, maxExpirationSeconds must be >= 3600"));
        }
        if seconds > most {
            errors.push(field::invalid(&at, seconds, &format!("if provided, maxExpirationSeconds must be <= {most}")));
        }
    }
    let members = ["credentialBundlePath", "keyPath", "certificateChainPath"];
    for member in members {
        let file = certificate.str(member);
        errors.extend(volumes::local_path(file, &at.child(member)));
        errors.extend(take(file, file, taken, volume));
    }
    if members.iter().all(|m| certificate.str(m).is_empty()) {
        let detail = "specify at least one of credentialBundlePath, keyPath, and certificateChainPath";
        errors.push(field::required(at, detail));
    }
    errors
}
