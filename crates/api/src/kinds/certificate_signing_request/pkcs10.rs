//! What is asked for: a PKCS #10 request in PEM. Reads it and says whether whoever asks has the key. Pure.

use crate::wire::base64;
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::error::X509Error;
use x509_parser::pem::parse_x509_pem;
use x509_parser::prelude::FromDer;

/// What the PEM block says that it is.
const LABEL: &str = "CERTIFICATE REQUEST";

/// What is wrong with `spec.request`, in the words of Go's library where they are known.
pub(super) fn wrong(request: &str) -> Option<String> {
    let read = |request: &X509CertificationRequest<'_>| request.verify_signature().map_err(|error| unverified(request, &error));
    with_request(request, read).flatten().err()
}

/// The organizations of the subject, which a client's certificate has as its groups.
pub fn organizations(request: &str) -> Result<Vec<String>, String> {
    with_request(request, |request| {
        let organizations = request.certification_request_info.subject.iter_organization();
        organizations.filter_map(|organization| organization.as_str().ok().map(str::to_owned)).collect()
    })
}

fn with_request<T>(request: &str, read: impl FnOnce(&X509CertificationRequest<'_>) -> T) -> Result<T, String> {
    let pem = base64::decode(request).unwrap_or_default();
    let block = parse_x509_pem(&pem).ok().map(|(_, block)| block).filter(|block| block.label == LABEL);
    let block = block.ok_or_else(|| format!("PEM block type must be {LABEL}"))?;
    let (rest, request) = X509CertificationRequest::from_der(&block.contents).map_err(|error| format!("asn1: structure error: {error}"))?;
    if !rest.is_empty() {
        return Err("asn1: syntax error: trailing data".to_owned());
    }
    Ok(read(&request))
}

fn unverified(request: &X509CertificationRequest<'_>, error: &X509Error) -> String {
    if *error == X509Error::SignatureUnsupportedAlgorithm {
        return "x509: cannot verify signature: algorithm unimplemented".to_owned();
    }
    let algorithm = request.signature_algorithm.algorithm.to_id_string();
    match algorithm.as_str() {
        "1.3.101.112" => "x509: Ed25519 verification failure",
        ecdsa if ecdsa.starts_with("1.2.840.10045.") => "x509: ECDSA verification failure",
        _ => "crypto/rsa: verification error",
    }
    .to_owned()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// `openssl req -new -subj /O=dev/O=system:masters/CN=jane` with a key of P-256.
    const ECDSA: &str = "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlIeE1JR1lBZ0VBTURZeEREQUtCZ05WQkFvTUEyUmxkakVYTUJVR0ExVUVDZ3dPYzNsemRHVnRPbTFoYzNSbApjbk14RFRBTEJnTlZCQU1NQkdwaGJtVXdXVEFUQmdjcWhrak9QUUlCQmdncWhrak9QUU1CQndOQ0FBVGtGU2dKCnZPQXljTC9CUHc1bnJLRk9vaS9aL2R0aXJHK1VmcUwzV25UWU1KOS9OVjVJbm5vM1l2SkdubGJxQ2lOcnh2dTQKNUZxUFNLVlY5ZHBsVUk0em9BQXdDZ1lJS29aSXpqMEVBd0lEU0FBd1JRSWhBTWt0QXc4eGRPRlJUQ1lEaEdyUAp3dEZXR21VNloxa3BlSlRibUVSMXROb3dBaUE0TVlKNlJSY0tsck9pTmcrZ0g1SFdEREQ0WEU5Sy9HcjFMVEJTCnJJVmhqdz09Ci0tLS0tRU5EIENFUlRJRklDQVRFIFJFUVVFU1QtLS0tLQo=";
    /// The same with an Ed25519 key, and no organization.
    pub(in super::super) const ED25519: &str = "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlHTE1EOENBUUF3RERFS01BZ0dBMVVFQXd3QmFqQXFNQVVHQXl0bGNBTWhBS1p3V2RHTTZQeW1kSVkxalNHMQpWTmpuSlIwaEJnMzhzbEJnOFpmNXh4RDZvQUF3QlFZREsyVndBMEVBT0o3bHJOa0hFdFYwbWcyTk94LzN0ZEVsCnptWjhHWEY0aWRoNVJrQk56cFJnSDU0QnQ3WmtwZlgydi9uMjd6aWNiSnZidzFaMFgybERTRHptaUdQUUJnPT0KLS0tLS1FTkQgQ0VSVElGSUNBVEUgUkVRVUVTVC0tLS0tCg==";

    /// With one bit of the DER turned, so many bytes before its end.
    fn changed(request: &str, from_end: usize) -> String {
        let (_, block) = parse_x509_pem(&base64::decode(request).unwrap()).map(|(rest, block)| (rest.to_vec(), block)).unwrap();
        let mut der = block.contents;
        let at = der.len() - from_end;
        der[at] ^= 1;
        in_pem(&der)
    }

    fn in_pem(der: &[u8]) -> String {
        let text = format!("-----BEGIN {LABEL}-----\n{}\n-----END {LABEL}-----\n", base64::encode(der));
        base64::encode(text.as_bytes())
    }

    #[test]
    fn a_request_is_signed_with_the_key_that_it_names() {
        assert_eq!([wrong(ECDSA), wrong(ED25519)], [None, None]);
        assert_eq!(wrong(&changed(ECDSA, 1)).as_deref(), Some("x509: ECDSA verification failure"));
        assert_eq!(wrong(&changed(ED25519, 1)).as_deref(), Some("x509: Ed25519 verification failure"));
    }

    #[test]
    fn what_is_no_request_is_refused() {
        for (request, why) in [
            ("", "PEM block type must be CERTIFICATE REQUEST".to_owned()),
            ("!", "PEM block type must be CERTIFICATE REQUEST".to_owned()),
            (
                &base64::encode(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
                "PEM block type must be CERTIFICATE REQUEST".to_owned(),
            ),
        ] {
            assert_eq!(wrong(request), Some(why), "{request}");
        }
        assert!(wrong(&in_pem(b"\0\0\0")).unwrap().starts_with("asn1: structure error: "));
        let (_, block) = parse_x509_pem(&base64::decode(ECDSA).unwrap()).map(|(rest, block)| (rest.to_vec(), block)).unwrap();
        let longer = [&block.contents[..], &[0]].concat();
        assert_eq!(wrong(&in_pem(&longer)).as_deref(), Some("asn1: syntax error: trailing data"));
        for len in 0..block.contents.len() {
            assert!(wrong(&in_pem(&block.contents[..len])).is_some(), "{len}");
        }
    }

    #[test]
    fn the_groups_that_are_asked_for_are_read() {
        assert_eq!(organizations(ECDSA), Ok(vec!["dev".to_owned(), "system:masters".to_owned()]));
        assert_eq!(organizations(ED25519), Ok(vec![]));
        assert!(organizations("").is_err());
    }
}
