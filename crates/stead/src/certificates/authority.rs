//! The certificate authority: made once, then the same for ever, for clients hold copies of its certificate.
//!
//! ```text
//!   ca.crt    ca.key
//!   missing   missing ─▶ made (at a start only)
//!   good      good    ─▶ used; if it has expired, its certificate is made anew of the same name and key
//!   bad       good    ─▶ the certificate is made anew of the key (at a start only)
//!   good      bad     ─▶ used for checking; nothing can be signed until the key is back
//!   all else          ─▶ an error that names the file
//! ```
//! `ca.crt` may hold several certificates: the first is the one of `ca.key` and signs, clients of all of them are accepted.

use super::{EPOCH, Finding, at, x509};
use crate::file;
use anyhow::{Context, bail};
use rcgen::{BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rustls_pki_types::CertificateDer;
use std::path::{Path, PathBuf};
use stead_api::time::Timestamp;

/// 9999-12-31T23:59:59Z: "has no expiration date" in RFC 5280, 4.1.2.5.
const NEVER_S: i64 = 253_402_300_799;

/// What a file held.
enum Found<T> {
    Missing,
    /// There, and not what it should be.
    Unusable(anyhow::Error),
    Good(T),
}

/// The authority as it is on disk.
pub struct Authority {
    /// PEM of all certificates, the signing one first.
    pub bundle: String,
    /// The same, parsed.
    pub certificates: Vec<CertificateDer<'static>>,
    key: Result<KeyPair, String>,
}

/// Whether files that are missing may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    Make,
    /// Somebody may be replacing them at this moment.
    Refuse,
}

impl Authority {
    /// Reads the authority, or makes what may be made. Adds to `findings` what the operator should know.
    pub fn open(dir: &Path, missing: Missing, now: Timestamp, findings: &mut Vec<Finding>) -> anyhow::Result<Self> {
        let (certificate_path, key_path) = (dir.join("ca.crt"), dir.join("ca.key"));
        let certificate = read(&certificate_path, |pem| x509::certificates(pem).map(|all| (pem.to_owned(), all)))?;
        let key = read(&key_path, |pem| KeyPair::from_pem(pem).context("it is no private key of PKCS #8"))?;
        match (certificate, key) {
            (Found::Missing, Found::Missing) if missing == Missing::Make => Self::make(dir),
            (Found::Good((bundle, certificates)), Found::Good(key)) => {
                if !x509::is_of_key(&x509::parse(&certificates[0])?, &key) {
                    bail!("{} is not the key of the first certificate of {}", key_path.display(), certificate_path.display());
                }
                Self { bundle, certificates, key: Ok(key) }.checked(&certificate_path, now, findings)
            }
            (Found::Missing, Found::Good(key)) if missing == Missing::Make => Self::remake(dir, key, "missing", findings),
            (Found::Unusable(error), Found::Good(key)) if missing == Missing::Make => {
                let aside = certificate_path.with_extension("crt.unusable");
                std::fs::rename(&certificate_path, aside).with_context(|| format!("set {} aside", certificate_path.display()))?;
                Self::remake(dir, key, &format!("set aside as ca.crt.unusable ({error:#})"), findings)
            }
            (Found::Good((bundle, certificates)), bad) => {
                let why = format!("{}: {:#}", key_path.display(), reason(&bad));
                findings.push(Finding(format!("no certificate can be signed: {why}; put the file back")));
                Ok(Self { bundle, certificates, key: Err(why) })
            }
            (certificate, key) => bail!(
                "the certificate authority cannot be used ({}: {:#}; {}: {:#}); put the files back, or remove both and start the server: \
                 it makes a new authority, and kubeconfigs that were handed out must be replaced",
                certificate_path.display(),
                reason(&certificate),
                key_path.display(),
                reason(&key)
            ),
        }
    }

    /// Signs with the authority's key.
    pub fn issuer(&self) -> anyhow::Result<Issuer<'_, &KeyPair>> {
        let key = self.key.as_ref().map_err(|why| anyhow::anyhow!("a certificate must be signed, and there is no key for it: {why}"))?;
        Issuer::from_ca_cert_der(self.signer(), key).context("read the authority's certificate")
    }

    /// The certificate that signs.
    pub fn signer(&self) -> &CertificateDer<'static> {
        &self.certificates[0]
    }

    fn make(dir: &Path) -> anyhow::Result<Self> {
        let key = KeyPair::generate().context("make the authority's key")?;
        file::replace(&dir.join("ca.key"), key.serialize_pem().as_bytes(), 0o600)?;
        Self::save(dir, key)
    }

    /// The name and the key decide whom clients trust, and the name comes from the key: copies of the old certificate go on to work.
    fn remake(dir: &Path, key: KeyPair, was: &str, findings: &mut Vec<Finding>) -> anyhow::Result<Self> {
        findings.push(Finding(format!("ca.crt was {was}: it was made anew of {}", dir.join("ca.key").display())));
        Self::save(dir, key)
    }

    fn save(dir: &Path, key: KeyPair) -> anyhow::Result<Self> {
        let bundle = self_signed(&key, name_of(&key))?;
        file::replace(&dir.join("ca.crt"), bundle.as_bytes(), 0o600)?;
        let certificates = x509::certificates(&bundle)?;
        Ok(Self { bundle, certificates, key: Ok(key) })
    }

    /// Says if the clock is outside the validity. An expired certificate of our own making is renewed under the same name and key.
    fn checked(self, path: &Path, now: Timestamp, findings: &mut Vec<Finding>) -> anyhow::Result<Self> {
        let certificate = x509::parse(&self.certificates[0])?;
        let (from, to) = (certificate.validity().not_before, certificate.validity().not_after);
        if now.seconds() < from.timestamp() {
            let path = path.display();
            findings.push(Finding(format!("the clock is before {from}, the beginning of the authority in {path}: it is kept, and clients refuse it until their clock is right")));
        } else if now.seconds() > to.timestamp() {
            let said = format!("the authority in {} expired on {to}", path.display());
            let Some(renewed) = self.renewed()? else {
                findings.push(Finding(format!("{said}, and clients refuse it; put a renewed certificate of the same key there")));
                return Ok(self);
            };
            file::replace(path, renewed.bundle.as_bytes(), 0o600)?;
            findings.push(Finding(format!(
                "{said}: its certificate was renewed with the same name and key; kubeconfigs copied elsewhere need the new one"
            )));
            return Ok(renewed);
        }
        Ok(self)
    }

    /// The same name and key without an end; `None` if the certificate is not one that this program would make.
    fn renewed(&self) -> anyhow::Result<Option<Self>> {
        let old = x509::parse(self.signer())?;
        let (Ok(key), [_], Some(name)) = (&self.key, self.certificates.as_slice(), x509::common_name(&old)) else { return Ok(None) };
        let bundle = self_signed(key, named(name))?;
        let certificates = x509::certificates(&bundle)?;
        if x509::parse(&certificates[0])?.subject().as_raw() != old.subject().as_raw() {
            return Ok(None);
        }
        let key = KeyPair::from_pem(&key.serialize_pem()).context("read the authority's key")?;
        Ok(Some(Self { bundle, certificates, key: Ok(key) }))
    }
}

fn reason<T>(found: &Found<T>) -> String {
    match found {
        Found::Missing => "missing".to_owned(),
        Found::Unusable(error) => format!("{error:#}"),
        Found::Good(_) => "good".to_owned(),
    }
}

/// An error of the disk or a missing right is an error, never a reason to make anything.
fn read<T>(path: &PathBuf, parse: impl FnOnce(&str) -> anyhow::Result<T>) -> anyhow::Result<Found<T>> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(match std::str::from_utf8(&bytes).context("it is no text").and_then(parse) {
            Ok(good) => Found::Good(good),
            Err(error) => Found::Unusable(error),
        }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Found::Missing),
        Err(error) => Err(error).with_context(|| format!("read {}", path.display())),
    }
}

/// `stead-ca@` and the beginning of the key's digest.
fn name_of(key: &KeyPair) -> DistinguishedName {
    let digest = ring::digest::digest(&ring::digest::SHA256, key.public_key_raw());
    let id: String = digest.as_ref()[..6].iter().map(|b| format!("{b:02x}")).collect();
    named(&format!("stead-ca@{id}"))
}

fn named(common_name: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common_name);
    name
}

/// PEM of a certificate that is valid at any time: a machine's first start may be before its clock is set.
fn self_signed(key: &KeyPair, name: DistinguishedName) -> anyhow::Result<String> {
    let mut params = CertificateParams::default();
    (params.not_before, params.not_after) = (at(EPOCH)?, at(NEVER_S)?);
    params.distinguished_name = name;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(params.self_signed(key).context("sign the authority")?.pem())
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authority").field("bundle", &self.bundle).finish_non_exhaustive()
    }
}

/// A new authority's files, as somebody who rotates it makes them.
#[cfg(test)]
pub fn rotated() -> super::Pair {
    let key = KeyPair::generate().unwrap();
    super::Pair { certificate: self_signed(&key, name_of(&key)).unwrap(), key: key.serialize_pem() }
}
