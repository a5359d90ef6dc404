//! CertificateSubjectRestriction: nobody asks the signer of clients for a certificate of the administrators' group.

use super::{Attributes, Operation, Plugin, ready};
use crate::Identity;
use futures::future::BoxFuture;
use stead_api::kinds::certificate_signing_request::{CERTIFICATE_SIGNING_REQUEST, CLIENT_SIGNER, pkcs10};
use stead_api::value::Access;
use stead_api::{Status, Value};

#[derive(Debug)]
pub(super) struct CertificateSubjectRestriction;

impl Plugin for CertificateSubjectRestriction {
    fn name(&self) -> &'static str {
        "CertificateSubjectRestriction"
    }

    fn handles(&self, attributes: &Attributes<'_>) -> bool {
        let (kind, own) = (&attributes.target.kind, &CERTIFICATE_SIGNING_REQUEST);
        matches!(attributes.operation, Operation::Create) && (kind.group, kind.kind) == (own.group, own.kind)
    }

    fn validate<'a>(&'a self, attributes: &'a Attributes<'_>, object: &'a Value) -> BoxFuture<'a, Result<Vec<String>, Status>> {
        let refuse = |why: String| Status::forbidden(&attributes.target.kind, object["metadata"].str("name"), &why);
        ready(judge(&object["spec"]).map(|()| Vec::new()).map_err(refuse))
    }
}

fn judge(spec: &Value) -> Result<(), String> {
    if spec.str("signerName") != CLIENT_SIGNER {
        return Ok(());
    }
    let groups = pkcs10::organizations(spec.str("request")).map_err(|why| format!("failed to parse CSR: {why}"))?;
    if groups.iter().any(|group| group == Identity::MASTERS) {
        return Err(format!("use of {CLIENT_SIGNER} signer with {} group is not allowed", Identity::MASTERS));
    }
    Ok(())
}
