//! The server's certificates: an authority that is made once, and what it signs, renewed long before it expires.
//!
//! Input: the directory `DATA_DIR/tls`, the names the server is reached by, the time. Output: certificates and keys, in memory and on disk.
//! Nothing here refuses to start because something has expired: it is made anew.

mod authority;
pub mod clients;
pub mod names;
pub mod renewal;
mod x509;

pub use authority::Missing;
#[cfg(test)]
pub use authority::rotated;

use crate::file;
use anyhow::Context;
use authority::Authority;
use rcgen::{CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose};
use rustls_pki_types::CertificateDer;
use std::path::Path;
use stead_api::time::Timestamp;
use time::OffsetDateTime;

const DAY_S: i64 = 86_400;
const LEAF_LIFETIME_S: i64 = 365 * DAY_S;
/// A certificate with less left than this is renewed.
const LEAF_REST_S: i64 = LEAF_LIFETIME_S / 3;
/// Certificates are valid from the beginning of time: the clock of a client, or of this machine when it was first started, may be far behind.
const EPOCH: i64 = 0;

/// A PEM certificate and its PEM key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    pub certificate: String,
    pub key: String,
}

/// Everything the server presents and trusts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pki {
    /// PEM of the authorities, the signing one first.
    pub authorities: String,
    /// CertificateResolver by the API's listener.
    pub server: Pair,
    /// User `admin` of the group `system:masters`.
    pub admin: Pair,
}

/// Something about the certificates that the operator should know, and that is no reason to stop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding(pub String);

/// Who a certificate is for.
struct Subject<'a> {
    common_name: &'a str,
    organization: Option<&'a str>,
    names: &'a [String],
    usage: ExtendedKeyUsagePurpose,
}

impl Pki {
    /// Loads what is in `dir`, and makes those of the server's and administrator's certificates that are missing, unreadable, due, lack a
    /// name, or are of another authority.
    pub fn ensure(dir: &Path, server_names: &[String], missing: Missing, now: Timestamp) -> anyhow::Result<(Self, Vec<Finding>)> {
        file::private_dir(dir)?;
        let mut findings = Vec::new();
        let authority = Authority::open(dir, missing, now, &mut findings)?;
        let server = Subject { common_name: "stead", organization: None, names: server_names, usage: ExtendedKeyUsagePurpose::ServerAuth };
        let admin =
            Subject { common_name: "admin", organization: Some("system:masters"), names: &[], usage: ExtendedKeyUsagePurpose::ClientAuth };
        let server = leaf(dir, "server", &authority, &server, now)?;
        let admin = leaf(dir, "admin", &authority, &admin, now)?;
        Ok((Self { authorities: authority.bundle, server, admin }, findings))
    }
}

/// The pair of that name on disk if it is good, else a new one.
fn leaf(dir: &Path, name: &str, authority: &Authority, subject: &Subject<'_>, now: Timestamp) -> anyhow::Result<Pair> {
    let (certificate, key) = (dir.join(format!("{name}.crt")), dir.join(format!("{name}.key")));
    if let (Ok(certificate), Ok(key)) = (std::fs::read_to_string(&certificate), std::fs::read_to_string(&key)) {
        let pair = Pair { certificate, key };
        if is_good(&pair, authority.signer(), subject.names, now).unwrap_or(false) {
            return Ok(pair);
        }
    }
    let pair = make_leaf(authority, subject, now).with_context(|| format!("make {}", certificate.display()))?;
    file::replace(&key, pair.key.as_bytes(), 0o600)?;
    file::replace(&certificate, pair.certificate.as_bytes(), 0o600)?;
    Ok(pair)
}

/// Whether the pair belongs together, is of the authority, for these names, and not due.
fn is_good(pair: &Pair, signer: &CertificateDer<'_>, names: &[String], now: Timestamp) -> anyhow::Result<bool> {
    let certificates = x509::certificates(&pair.certificate)?;
    let certificate = x509::parse(&certificates[0])?;
    let key = KeyPair::from_pem(&pair.key).context("read the key")?;
    let (from, to) = (certificate.validity().not_before.timestamp(), certificate.validity().not_after.timestamp());
    let found = x509::names(&certificate);
    Ok(x509::is_of_key(&certificate, &key)
        && x509::check_signed_by(&certificates[0], signer).is_ok()
        && names.iter().all(|name| found.contains(name))
        && (from..=to - LEAF_REST_S).contains(&now.seconds()))
}

fn make_leaf(authority: &Authority, subject: &Subject<'_>, now: Timestamp) -> anyhow::Result<Pair> {
    let issuer = authority.issuer()?;
    let key = KeyPair::generate().context("make a key")?;
    let mut params = CertificateParams::new(subject.names).context("a server name is no DNS name")?;
    (params.not_before, params.not_after) = (at(EPOCH)?, at(now.seconds() + LEAF_LIFETIME_S)?);
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, subject.common_name);
    if let Some(organization) = subject.organization {
        params.distinguished_name.push(DnType::OrganizationName, organization);
    }
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![subject.usage.clone()];
    params.use_authority_key_identifier_extension = true;
    let certificate = params.signed_by(&key, &issuer).context("sign a certificate")?;
    x509::check_signed_by(certificate.der(), authority.signer()).context("sign with the authority")?;
    Ok(Pair { certificate: certificate.pem(), key: key.serialize_pem() })
}

/// Whether a server of this program made the first of these authorities.
pub fn is_steads(pem: &str) -> bool {
    let Ok(certificates) = x509::certificates(pem) else { return false };
    x509::parse(&certificates[0]).is_ok_and(|c| x509::common_name(&c).is_some_and(|name| name.starts_with("stead-ca@")))
}

fn at(seconds: i64) -> anyhow::Result<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp(seconds).context("the clock is out of range")
}

#[cfg(test)]
mod tests;
