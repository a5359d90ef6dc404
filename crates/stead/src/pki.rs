//! The server's own certificate authority: made once, kept in `DATA_DIR/tls`, and what it signs renewed long before it expires.
//!
//! Input: the directory, the names the server is reached by, the time. Output: certificates and keys, in memory and on disk.
//! Nothing here refuses to start because something has expired: it is made anew.

use crate::file;
use anyhow::Context;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use stead_api::time::Timestamp;
use time::OffsetDateTime;

const DAY_S: i64 = 86_400;
const CA_LIFETIME_S: i64 = 3650 * DAY_S;
const LEAF_LIFETIME_S: i64 = 365 * DAY_S;
/// Certificates begin this long before they are made, for clients whose clock is behind.
const BACKDATE_S: i64 = DAY_S;

/// A PEM certificate and its PEM key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    pub certificate: String,
    pub key: String,
}

/// Everything the server signs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pki {
    pub ca: Pair,
    /// Presented by the API's listener.
    pub server: Pair,
    /// User `admin` of the group `system:masters`.
    pub admin: Pair,
}

/// Who a certificate is for.
struct Subject<'a> {
    common_name: &'a str,
    organization: Option<&'a str>,
    names: &'a [String],
    usage: ExtendedKeyUsagePurpose,
}

impl Pki {
    /// Loads what is in `dir`, makes what is missing, unreadable, due (a third of its life left) or signed by another authority.
    pub fn ensure(dir: &Path, server_names: &[String], now: Timestamp) -> anyhow::Result<Self> {
        file::private_dir(dir)?;
        let (ca, ca_is_new) = match load(dir, "ca").filter(|pair| !due(&pair.certificate, now)) {
            Some(pair) => (pair, false),
            None => (save(dir, "ca", make_ca(now)?)?, true),
        };
        let leaf = |name: &str, subject: &Subject<'_>| match load(dir, name) {
            Some(pair) if !ca_is_new && !due(&pair.certificate, now) && covers(&pair.certificate, subject.names) => Ok(pair),
            _ => save(dir, name, make_leaf(&ca, subject, now)?),
        };
        let server = leaf(
            "server",
            &Subject { common_name: "stead", organization: None, names: server_names, usage: ExtendedKeyUsagePurpose::ServerAuth },
        )?;
        let admin = leaf(
            "admin",
            &Subject { common_name: "admin", organization: Some("system:masters"), names: &[], usage: ExtendedKeyUsagePurpose::ClientAuth },
        )?;
        Ok(Self { ca, server, admin })
    }
}

fn paths(dir: &Path, name: &str) -> (PathBuf, PathBuf) {
    (dir.join(format!("{name}.crt")), dir.join(format!("{name}.key")))
}

/// A pair on disk; `None` if either file is missing or does not parse.
fn load(dir: &Path, name: &str) -> Option<Pair> {
    let (certificate, key) = paths(dir, name);
    let pair = Pair { certificate: std::fs::read_to_string(certificate).ok()?, key: std::fs::read_to_string(key).ok()? };
    KeyPair::from_pem(&pair.key).ok()?;
    validity(&pair.certificate)?;
    Some(pair)
}

fn save(dir: &Path, name: &str, pair: Pair) -> anyhow::Result<Pair> {
    let (certificate, key) = paths(dir, name);
    file::replace(&key, pair.key.as_bytes(), 0o600)?;
    file::replace(&certificate, pair.certificate.as_bytes(), 0o600)?;
    Ok(pair)
}

/// Not before and not after, seconds since 1970.
fn validity(certificate: &str) -> Option<(i64, i64)> {
    with_x509(certificate, |x509| (x509.validity().not_before.timestamp(), x509.validity().not_after.timestamp()))
}

fn with_x509<T>(certificate: &str, read: impl FnOnce(&x509_parser::certificate::X509Certificate<'_>) -> T) -> Option<T> {
    let (_, pem) = x509_parser::pem::parse_x509_pem(certificate.as_bytes()).ok()?;
    let x509 = pem.parse_x509().ok()?;
    Some(read(&x509))
}

/// Whether less than a third of its life is left, or the clock is before its beginning.
fn due(certificate: &str, now: Timestamp) -> bool {
    let Some((from, to)) = validity(certificate) else { return true };
    let now = now.seconds();
    now < from || now > to - (to - from) / 3
}

/// Whether the certificate has every one of these names.
fn covers(certificate: &str, names: &[String]) -> bool {
    use x509_parser::extensions::GeneralName;
    let found = with_x509(certificate, |x509| {
        let Ok(Some(extension)) = x509.subject_alternative_name() else { return Vec::new() };
        let text = |name: &GeneralName<'_>| match name {
            GeneralName::DNSName(name) => Some((*name).to_owned()),
            GeneralName::IPAddress(bytes) => address(bytes).map(|ip| ip.to_string()),
            _ => None,
        };
        extension.value.general_names.iter().filter_map(text).collect()
    });
    let found: Vec<String> = found.unwrap_or_default();
    names.iter().all(|name| found.contains(name))
}

/// The address that these four or sixteen bytes are.
fn address(bytes: &[u8]) -> Option<IpAddr> {
    let v4 = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    v4.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from)).ok()
}

fn params(names: &[String], now: Timestamp, lifetime_s: i64) -> anyhow::Result<CertificateParams> {
    let mut params = CertificateParams::new(names).context("a server name is no DNS name")?;
    let at = |seconds| OffsetDateTime::from_unix_timestamp(seconds).context("the clock is out of range");
    params.not_before = at(now.seconds() - BACKDATE_S)?;
    params.not_after = at(now.seconds() + lifetime_s)?;
    params.distinguished_name = DistinguishedName::new();
    Ok(params)
}

fn make_ca(now: Timestamp) -> anyhow::Result<Pair> {
    let key = KeyPair::generate().context("make the authority's key")?;
    let mut params = params(&[], now, CA_LIFETIME_S)?;
    params.distinguished_name.push(DnType::CommonName, format!("stead-ca@{}", now.seconds()));
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let certificate = params.self_signed(&key).context("sign the authority")?;
    Ok(Pair { certificate: certificate.pem(), key: key.serialize_pem() })
}

fn make_leaf(ca: &Pair, subject: &Subject<'_>, now: Timestamp) -> anyhow::Result<Pair> {
    let ca_key = KeyPair::from_pem(&ca.key).context("read the authority's key")?;
    let issuer = Issuer::from_ca_cert_pem(&ca.certificate, ca_key).context("read the authority's certificate")?;
    let key = KeyPair::generate().context("make a key")?;
    let mut params = params(subject.names, now, LEAF_LIFETIME_S)?;
    params.distinguished_name.push(DnType::CommonName, subject.common_name);
    if let Some(organization) = subject.organization {
        params.distinguished_name.push(DnType::OrganizationName, organization);
    }
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![subject.usage.clone()];
    params.use_authority_key_identifier_extension = true;
    let certificate = params.signed_by(&key, &issuer).context("sign a certificate")?;
    Ok(Pair { certificate: certificate.pem(), key: key.serialize_pem() })
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp(1_800_000_000_000_000);

    fn later(days: i64) -> Timestamp {
        Timestamp::from_seconds(START.seconds() + days * DAY_S)
    }

    fn names() -> Vec<String> {
        vec!["127.0.0.1".to_owned(), "localhost".to_owned(), "::1".to_owned()]
    }

    #[test]
    fn what_is_good_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        let first = Pki::ensure(dir.path(), &names(), START).unwrap();
        assert_eq!(Pki::ensure(dir.path(), &names(), later(100)).unwrap(), first);
    }

    #[test]
    fn leaves_are_renewed_before_they_expire() {
        let dir = tempfile::tempdir().unwrap();
        let first = Pki::ensure(dir.path(), &names(), START).unwrap();
        let second = Pki::ensure(dir.path(), &names(), later(300)).unwrap();
        assert_eq!(second.ca, first.ca);
        assert_ne!(second.server, first.server);
        assert_ne!(second.admin, first.admin);
    }

    #[test]
    fn a_box_that_slept_for_twenty_years_starts() {
        let dir = tempfile::tempdir().unwrap();
        let first = Pki::ensure(dir.path(), &names(), START).unwrap();
        let second = Pki::ensure(dir.path(), &names(), later(7300)).unwrap();
        assert_ne!(second.ca, first.ca);
        assert!(!due(&second.server.certificate, later(7300)));
    }

    #[test]
    fn a_clock_set_back_or_a_torn_file_does_not_stop_the_start() {
        let dir = tempfile::tempdir().unwrap();
        Pki::ensure(dir.path(), &names(), START).unwrap();
        std::fs::write(dir.path().join("admin.key"), "torn").unwrap();
        let pki = Pki::ensure(dir.path(), &names(), later(-4000)).unwrap();
        assert!(!due(&pki.admin.certificate, later(-4000)));
    }

    #[test]
    fn a_new_name_makes_a_new_server_certificate_only() {
        let dir = tempfile::tempdir().unwrap();
        let first = Pki::ensure(dir.path(), &names(), START).unwrap();
        let mut more = names();
        more.push("192.0.2.7".to_owned());
        let second = Pki::ensure(dir.path(), &more, START).unwrap();
        assert_ne!(second.server, first.server);
        assert_eq!(second.admin, first.admin);
        assert!(covers(&second.server.certificate, &more));
    }
}
