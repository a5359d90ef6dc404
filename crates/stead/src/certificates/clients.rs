//! Who a client is by its certificate.
//!
//! As in kube-apiserver the handshake proves only that a client has the key of the certificate that it shows. Whether an authority of ours
//! signed it is asked of every request, so that a rotation and an expiry reach connections that are open, and a certificate that is not
//! accepted gets a 401 instead of a broken connection (A1).

use super::x509;
use anyhow::{Context, bail, ensure};
use rustls::client::danger::HandshakeSignatureValid;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, PeerIncompatible, SignatureScheme};
use rustls_pki_types::{CertificateDer, UnixTime};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;
use stead_api::time::Timestamp;
use stead_server::Identity;
use x509_parser::x509::X509Version;

/// How long a finding about a certificate is verified.
const VERIFIED_FOR_US: i64 = 10_000_000;

/// The authorities whose clients are accepted, replaceable while connections are open.
#[derive(Debug)]
pub struct ClientAuthorities(RwLock<Arc<Authorities>>);

#[derive(Debug)]
struct Authorities {
    certificates: Vec<CertificateDer<'static>>,
    verifier: Arc<dyn ClientCertVerifier>,
}

impl ClientAuthorities {
    /// From the PEM of one or more authorities.
    pub fn new(pem: &str) -> anyhow::Result<Self> {
        Ok(Self(RwLock::new(authorities(pem)?)))
    }

    /// Accepts clients of these authorities and no others, from now on and on open connections too.
    pub fn replace(&self, pem: &str) -> anyhow::Result<()> {
        let new = authorities(pem)?;
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = new;
        Ok(())
    }

    fn current(&self) -> Arc<Authorities> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn authorities(pem: &str) -> anyhow::Result<Arc<Authorities>> {
    let certificates = x509::certificates(pem).context("read the authorities of clients")?;
    let mut roots = rustls::RootCertStore::empty();
    for certificate in &certificates {
        roots.add(certificate.clone()).context("trust an authority")?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build().context("verify clients")?;
    Ok(Arc::new(Authorities { certificates, verifier }))
}

impl Authorities {
    /// The identity that the chain proves at this time.
    fn identify(&self, chain: &[CertificateDer<'_>], now: Timestamp) -> anyhow::Result<Identity> {
        let [leaf, intermediates @ ..] = chain else { bail!("there is no certificate") };
        let parsed = x509::parse(leaf)?;
        if parsed.version() == X509Version::V3 {
            let now = UnixTime::since_unix_epoch(Duration::from_secs(now.seconds().max(0).unsigned_abs()));
            self.verifier.verify_client_cert(leaf, intermediates, now)?;
        } else {
            self.verify_v1(leaf, now)?;
        }
        let user = x509::common_name(&parsed).context("it has no common name")?.to_owned();
        let mut groups = Vec::new();
        for organization in parsed.subject().iter_organization() {
            groups.push(organization.as_str().context("an organization of it is no text")?.to_owned());
        }
        groups.push("system:authenticated".to_owned());
        Ok(Identity { user, groups, ..Identity::default() })
    }

    /// X.509 v1 has no extensions, and `openssl x509 -req` makes it unless told otherwise. Go takes it for a client's own certificate, and
    /// so do we if an authority of ours signed it itself; rustls does not.
    fn verify_v1(&self, leaf: &CertificateDer<'_>, now: Timestamp) -> anyhow::Result<()> {
        let parsed = x509::parse(leaf)?;
        ensure!(parsed.version() == X509Version::V1 && parsed.extensions().is_empty(), "it is neither X.509 v3 nor v1");
        let validity = parsed.validity();
        let valid = validity.not_before.timestamp()..=validity.not_after.timestamp();
        ensure!(valid.contains(&now.seconds()), "it is valid from {} to {}", validity.not_before, validity.not_after);
        ensure!(
            self.certificates.iter().any(|authority| x509::check_signed_by(leaf, authority).is_ok()),
            "none of our authorities signed it (X.509 v1 is not accepted through intermediate ones)"
        );
        Ok(())
    }
}

/// The client at the other end of a connection.
#[derive(Debug)]
pub struct Caller {
    chain: Vec<CertificateDer<'static>>,
    authorities: Arc<ClientAuthorities>,
    verified: Mutex<Option<Verification>>,
}

/// What was found last, of which authorities, and when.
#[derive(Debug, Clone)]
struct Verification {
    authorities: Arc<Authorities>,
    at: Timestamp,
    identity: Option<Identity>,
}

impl Caller {
    pub fn new(chain: Vec<CertificateDer<'static>>, authorities: Arc<ClientAuthorities>) -> Self {
        Self { chain, authorities, verified: Mutex::new(None) }
    }

    /// Who sends a request now; `None` if the certificate is not accepted.
    pub fn identity(&self, now: Timestamp) -> Option<Identity> {
        let authorities = self.authorities.current();
        let mut verified = self.verified.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(last) = &*verified
            && Arc::ptr_eq(&last.authorities, &authorities)
            && (0..VERIFIED_FOR_US).contains(&(now.0 - last.at.0))
        {
            return last.identity.clone();
        }
        let identity = match authorities.identify(&self.chain, now) {
            Ok(identity) => Some(identity),
            Err(error) => {
                let known = verified.as_ref().is_some_and(|last| last.identity.is_none());
                if !known {
                    tracing::warn!(error = format!("{error:#}"), "a client's certificate is not accepted");
                }
                None
            }
        };
        *verified = Some(Verification { authorities, at: now, identity: identity.clone() });
        identity
    }
}

/// Asks clients for a certificate and checks that they have its key, and nothing else.
#[derive(Debug)]
pub struct PossessionVerifier;

impl ClientCertVerifier for PossessionVerifier {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    /// None: clients then send what they have, and the authorities may change while we serve.
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        leaf: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        x509::parse(leaf).map_err(|_| CertificateError::BadEncoding)?;
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = x509::algorithms();
        let parsed = x509::parse(certificate).map_err(|_| CertificateError::BadEncoding)?;
        if parsed.version() == X509Version::V3 {
            return rustls::crypto::verify_tls12_signature(message, certificate, signed, &algorithms);
        }
        let fitting = algorithms.mapping.iter().find(|(scheme, _)| *scheme == signed.scheme).map(|(_, fitting)| *fitting);
        let fitting = fitting.ok_or(PeerIncompatible::NoSignatureSchemesInCommon)?;
        if !x509::is_signature_of(&parsed, fitting, message, signed.signature()) {
            return Err(CertificateError::BadSignature.into());
        }
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let parsed = x509::parse(certificate).map_err(|_| CertificateError::BadEncoding)?;
        let key = parsed.public_key().raw.into();
        rustls::crypto::verify_tls13_signature_with_raw_key(message, &key, signed, &x509::algorithms())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        x509::algorithms().supported_schemes()
    }
}

#[cfg(test)]
pub mod tests;
