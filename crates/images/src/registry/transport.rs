//! HTTP to registries: TLS as a registry is to be known by, redirects, bounded waits. Knows nothing of images.

use super::endpoints::Tls;
use crate::error::Error;
use bytes::Bytes;
use http::header::{AUTHORIZATION, HOST, LOCATION};
use http::{HeaderMap, Method, Request, Response, StatusCode, Uri};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::ClientConfig;
use rustls::RootCertStore;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

const REDIRECTS_MAX: usize = 5;
/// For a connection, and for the head of an answer.
const CONNECT: Duration = Duration::from_secs(10);
const ANSWER: Duration = Duration::from_secs(60);

/// A client for one registry.
#[derive(Debug, Clone)]
pub struct Transport {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

/// Why nothing was answered.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error("{method} {url:?}: {reason}")]
    Request { method: Method, url: String, reason: String },
    #[error("{method} {url:?}: no answer within {} s", ANSWER.as_secs())]
    Silent { method: Method, url: String },
    #[error("{0}")]
    Redirect(String),
}

impl Transport {
    pub fn new(tls: &Tls) -> Result<Transport, Error> {
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        http.set_connect_timeout(Some(CONNECT));
        http.set_nodelay(true);
        let connector =
            hyper_rustls::HttpsConnectorBuilder::new().with_tls_config(config(tls)?).https_or_http().enable_http1().wrap_connector(http);
        Ok(Transport { client: Client::builder(TokioExecutor::new()).build(connector) })
    }

    /// Asks, and follows where a read is sent elsewhere; another host is not told who asks (IMG-15).
    pub async fn send(&self, method: &Method, url: &str, headers: &HeaderMap, body: Bytes) -> Result<Response<Incoming>, Failure> {
        let failed = |url: &str, reason: String| Failure::Request { method: method.clone(), url: url.to_owned(), reason };
        let mut url: Uri = url.parse().map_err(|error: http::uri::InvalidUri| failed(url, error.to_string()))?;
        let mut headers = headers.clone();
        for _ in 0..=REDIRECTS_MAX {
            let text = url.to_string();
            let mut request = Request::new(Full::new(body.clone()));
            (*request.method_mut(), *request.uri_mut(), *request.headers_mut()) = (method.clone(), url.clone(), headers.clone());
            let sent = tokio::time::timeout(ANSWER, self.client.request(request)).await;
            let answer = sent.map_err(|_| Failure::Silent { method: method.clone(), url: text.clone() })?;
            let answer = answer.map_err(|error| failed(&text, crate::error::causes(&error)))?;
            let is_read = *method == Method::GET || *method == Method::HEAD;
            if !is_read || !answer.status().is_redirection() || answer.status() == StatusCode::NOT_MODIFIED {
                return Ok(answer);
            }
            let location = answer.headers().get(LOCATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
            let next =
                resolve(&url, location).ok_or_else(|| Failure::Redirect(format!("{text} redirects to {location:?}, which is no URL")))?;
            if url.scheme_str() == Some("https") && next.scheme_str() != Some("https") {
                return Err(Failure::Redirect(format!("{text} redirects to {next}, which is not encrypted")));
            }
            if next.authority() != url.authority() {
                headers.remove(AUTHORIZATION);
            }
            headers.remove(HOST);
            url = next;
        }
        Err(Failure::Redirect(format!("{url}: more than {REDIRECTS_MAX} redirects")))
    }
}

/// A location, which may be relative.
pub fn resolve(base: &Uri, location: &str) -> Option<Uri> {
    if location.contains("://") {
        return location.parse().ok().filter(|uri: &Uri| matches!(uri.scheme_str(), Some("http" | "https")));
    }
    let path = if location.starts_with('/') {
        location.to_owned()
    } else {
        format!("{}/{location}", base.path().rsplit_once('/').map_or("", |(dir, _)| dir))
    };
    format!("{}://{}{path}", base.scheme_str()?, base.authority()?).parse().ok()
}

fn config(tls: &Tls) -> Result<ClientConfig, Error> {
    let wrong = |path: &Path, reason: String| Error::refused(format!("{}: {reason}", path.display()));
    let certificates = |path: &Path| {
        let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        read.map_err(|error| wrong(path, error.to_string()))
    };
    let mut roots = RootCertStore::empty();
    // What cannot be read of the machine's is as if it were not there.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(path) = &tls.ca_file {
        roots.add_parsable_certificates(certificates(path)?);
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider));
    let builder = builder.with_safe_default_protocol_versions().map_err(|error| Error::refused(error.to_string()))?;
    let builder = if tls.insecure_skip_verify {
        builder.dangerous().with_custom_certificate_verifier(Arc::new(Anyone(provider)))
    } else {
        builder.with_root_certificates(roots)
    };
    match (&tls.cert_file, &tls.key_file) {
        (Some(certificate), Some(key)) => {
            let private = PrivateKeyDer::from_pem_file(key).map_err(|error| wrong(key, error.to_string()))?;
            builder.with_client_auth_cert(certificates(certificate)?, private).map_err(|error| wrong(certificate, error.to_string()))
        }
        _ => Ok(builder.with_no_client_auth()),
    }
}

/// Takes every server for the right one: `insecure_skip_verify`.
#[derive(Debug)]
struct Anyone(Arc<rustls::crypto::CryptoProvider>);

impl rustls::client::danger::ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &rustls_pki_types::ServerName<'_>,
        _ocsp_response: &[u8],
        _now: rustls_pki_types::UnixTime,
    ) -> Result<rustls::client::danger::ServerCertVerified, rustls::Error> {
        Ok(rustls::client::danger::ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_may_be_relative() {
        let base: Uri = "https://r.example/v2/a/blobs/x".parse().unwrap();
        let at = |location| resolve(&base, location).map(|uri| uri.to_string());
        assert_eq!(at("/y?z=1").as_deref(), Some("https://r.example/y?z=1"));
        assert_eq!(at("http://s3.example/b").as_deref(), Some("http://s3.example/b"));
        assert_eq!((at("y").as_deref(), at("file:///etc/passwd")), (Some("https://r.example/v2/a/blobs/y"), None));
    }
}
