//! Who may approve and sign for a signer, and say what it is trusted by (CertificateApproval, CertificateSigning,
//! ClusterTrustBundleAttest). Input: an object of certificates.k8s.io that is about to be stored, and who stores it. Output: nothing, or
//! the Status that refuses it.

use super::{Question, What, is_allowed};
use crate::Identity;
use crate::call::Call;
use crate::core::Core;
use stead_api::kinds::certificate_signing_request::{APPROVAL, CERTIFICATE_SIGNING_REQUEST};
use stead_api::kinds::cluster_trust_bundle::CLUSTER_TRUST_BUNDLE;
use stead_api::registry::Part;
use stead_api::value::Access;
use stead_api::{Status, Value};

const GROUP: &str = "certificates.k8s.io";

/// Judges a new (`old` absent) or changed part of an object; what says nothing for a signer passes.
pub(crate) fn check(core: &Core, call: &Call, part: Part, object: &Value, old: Option<&Value>) -> Result<(), Status> {
    let kind = &call.target.kind;
    if kind.group != GROUP {
        return Ok(());
    }
    let is_changed = |of: &str, member: &str| old.is_none_or(|old| old[of].get(member) != object[of].get(member));
    let (verb, what) = if kind.kind == CERTIFICATE_SIGNING_REQUEST.kind && part == APPROVAL {
        ("approve", "approve requests with")
    } else if kind.kind == CERTIFICATE_SIGNING_REQUEST.kind && part == Part::Status && is_changed("status", "certificate") {
        ("sign", "sign requests with")
    } else if kind.kind == CLUSTER_TRUST_BUNDLE.kind && (is_changed("spec", "signerName") || is_changed("spec", "trustBundle")) {
        ("attest", "attest for")
    } else {
        return Ok(());
    };
    // A call that nobody sent is the server's own.
    let Some(identity) = call.extensions.get::<Identity>() else { return Ok(()) };
    let signer = object["spec"].str("signerName");
    let signer = old.map_or(signer, |old| old["spec"].str("signerName"));
    // What is trusted by itself is nobody's.
    if signer.is_empty() || may(core, identity, verb, signer)? {
        return Ok(());
    }
    let name = if call.target.name.is_empty() { object["metadata"].str("name") } else { &call.target.name };
    Err(Status::forbidden(kind, name, &format!("user not permitted to {what} signerName {signer:?}")))
}

/// A signer is named, or all of a domain are.
fn may(core: &Core, identity: &Identity, verb: &str, signer: &str) -> Result<bool, Status> {
    let all = signer.split_once('/').map(|(domain, _)| format!("{domain}/*")).unwrap_or_default();
    for name in [signer, &all] {
        let what = What::Resource { group: GROUP, resource: "signers", subresource: "", namespace: "", name };
        if is_allowed(core, identity, &Question::of(verb, what))? {
            return Ok(true);
        }
    }
    Ok(false)
}
