//! Who may approve and sign for a signer (CertificateApproval, CertificateSigning). Input: a CertificateSigningRequest that is about to be
//! stored, and who stores it. Output: nothing, or the Status that refuses it.

use super::{Question, What, is_allowed};
use crate::Identity;
use crate::call::Call;
use crate::core::Core;
use stead_api::kinds::certificate_signing_request::{APPROVAL, CERTIFICATE_SIGNING_REQUEST};
use stead_api::registry::Part;
use stead_api::value::Access;
use stead_api::{Status, Value};

/// Judges a change of a part of an object; other kinds pass.
pub(crate) fn check(core: &Core, call: &Call, part: Part, object: &Value, old: &Value) -> Result<(), Status> {
    let kind = &call.target.kind;
    if (kind.group, kind.kind) != (CERTIFICATE_SIGNING_REQUEST.group, CERTIFICATE_SIGNING_REQUEST.kind) {
        return Ok(());
    }
    let verb = match part {
        APPROVAL => "approve",
        Part::Status if object["status"].str("certificate") != old["status"].str("certificate") => "sign",
        Part::Main | Part::Status | Part::Other(_) => return Ok(()),
    };
    // A call that nobody sent is the server's own.
    let Some(identity) = call.extensions.get::<Identity>() else { return Ok(()) };
    let signer = old["spec"].str("signerName");
    if may(core, identity, verb, signer)? {
        return Ok(());
    }
    let why = format!("user not permitted to {verb} requests with signerName {signer:?}");
    Err(Status::forbidden(kind, &call.target.name, &why))
}

/// A signer is named, or all of a domain are.
fn may(core: &Core, identity: &Identity, verb: &str, signer: &str) -> Result<bool, Status> {
    let all = signer.split_once('/').map(|(domain, _)| format!("{domain}/*")).unwrap_or_default();
    for name in [signer, &all] {
        let what = What::Resource { group: CERTIFICATE_SIGNING_REQUEST.group, resource: "signers", subresource: "", namespace: "", name };
        if is_allowed(core, identity, &Question::of(verb, what))? {
            return Ok(true);
        }
    }
    Ok(false)
}
