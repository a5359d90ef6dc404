//! Reads X.509 certificates: their names, validity and public key, and whether one signed another. Pure; decides nothing.

use anyhow::{Context, bail, ensure};
use rcgen::KeyPair;
use rustls::crypto::WebPkiSupportedAlgorithms;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, SignatureVerificationAlgorithm};
use std::net::IpAddr;
use x509_parser::asn1_rs::{Any, FromDer};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;

/// The certificates of a PEM file; there is at least one.
pub fn certificates(pem: &str) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let all: Vec<_> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect::<Result<_, _>>().context("it is no PEM file")?;
    ensure!(!all.is_empty(), "it has no certificate");
    for certificate in &all {
        parse(certificate)?;
    }
    Ok(all)
}

/// One certificate, whole and with nothing after it.
pub fn parse<'a>(der: &'a CertificateDer<'_>) -> anyhow::Result<X509Certificate<'a>> {
    let (rest, certificate) = X509Certificate::from_der(der).context("it is no X.509 certificate")?;
    ensure!(rest.is_empty(), "something follows the certificate");
    Ok(certificate)
}

/// Whether the certificate is that key's.
pub fn is_of_key(certificate: &X509Certificate<'_>, key: &KeyPair) -> bool {
    certificate.public_key().subject_public_key.data.as_ref() == key.public_key_raw()
}

/// The last common name of the subject, which is the one that Go takes.
pub fn common_name<'a>(certificate: &'a X509Certificate<'_>) -> Option<&'a str> {
    certificate.subject().iter_common_name().last()?.as_str().ok()
}

/// The DNS names and addresses that a certificate is for.
pub fn names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(extension)) = certificate.subject_alternative_name() else { return Vec::new() };
    let text = |name: &GeneralName<'_>| match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => address(bytes).map(|ip| ip.to_string()),
        _ => None,
    };
    extension.value.general_names.iter().filter_map(text).collect()
}

/// The address that these four or sixteen bytes are.
fn address(bytes: &[u8]) -> Option<IpAddr> {
    let v4 = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    v4.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from)).ok()
}

/// Fails unless `issuer` names itself as the certificate's issuer and its key signed it. Says nothing of validity or purpose.
pub fn check_signed_by(certificate: &CertificateDer<'_>, issuer: &CertificateDer<'_>) -> anyhow::Result<()> {
    let (signed, signer) = (parse(certificate)?, parse(issuer)?);
    ensure!(signed.issuer().as_raw() == signer.subject().as_raw(), "another authority issued it");
    let parts = SignedParts::of(certificate).context("it is no X.509 certificate")?;
    let (key_algorithm, key) = public_key(&signer).context("the authority's key cannot be read")?;
    let algorithms = algorithms().all.iter();
    let mut fitting =
        algorithms.filter(|a| a.signature_alg_id().as_ref() == parts.algorithm && a.public_key_alg_id().as_ref() == key_algorithm);
    let Some(algorithm) = fitting.next() else { bail!("its signature is of a kind that is not supported") };
    algorithm.verify_signature(key, parts.tbs, parts.signature).ok().context("its signature is not the authority's")
}

/// What the crypto provider can verify; nothing weaker than SHA-256 and RSA of 2048 bits.
pub fn algorithms() -> WebPkiSupportedAlgorithms {
    rustls::crypto::ring::default_provider().signature_verification_algorithms
}

/// Whether the key of the certificate made this signature by one of these algorithms.
pub fn is_signature_of(
    certificate: &X509Certificate<'_>,
    algorithms: &[&dyn SignatureVerificationAlgorithm],
    message: &[u8],
    signature: &[u8],
) -> bool {
    let Some((key_algorithm, key)) = public_key(certificate) else { return false };
    algorithms.iter().any(|a| a.public_key_alg_id().as_ref() == key_algorithm && a.verify_signature(key, message, signature).is_ok())
}

/// The encoded parts of a certificate that a signature is checked with.
struct SignedParts<'a> {
    /// What is signed, with its tag.
    tbs: &'a [u8],
    /// The algorithm identifier without its tag, as the verification algorithms name themselves.
    algorithm: &'a [u8],
    signature: &'a [u8],
}

impl<'a> SignedParts<'a> {
    fn of(der: &'a CertificateDer<'_>) -> Option<Self> {
        let (_, outer) = Any::from_der(der).ok()?;
        let (after_tbs, _) = Any::from_der(outer.data).ok()?;
        let (after_algorithm, algorithm) = Any::from_der(after_tbs).ok()?;
        let (rest, signature) = Any::from_der(after_algorithm).ok()?;
        let tbs = &outer.data[..outer.data.len() - after_tbs.len()];
        rest.is_empty().then_some(())?;
        Some(Self { tbs, algorithm: algorithm.data, signature: whole_bytes(signature.data)? })
    }
}

/// The algorithm identifier (without its tag) and the bits of a public key.
fn public_key<'a>(certificate: &X509Certificate<'a>) -> Option<(&'a [u8], &'a [u8])> {
    let (_, outer) = Any::from_der(certificate.tbs_certificate.subject_pki.raw).ok()?;
    let (rest, algorithm) = Any::from_der(outer.data).ok()?;
    let (_, key) = Any::from_der(rest).ok()?;
    Some((algorithm.data, whole_bytes(key.data)?))
}

/// The content of a BIT STRING without unused bits.
fn whole_bytes(bits: &[u8]) -> Option<&[u8]> {
    match bits {
        [0, bytes @ ..] => Some(bytes),
        _ => None,
    }
}
