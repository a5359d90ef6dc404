//! The API's TLS listener: accepts connections, learns who calls from the client certificate, hands requests to the service.
//!
//! Input: a TCP listener, the certificates, the service. It ends when told to, within [`DRAIN_MAX`].

use crate::pki::Pki;
use anyhow::Context;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use std::convert::Infallible;
use std::sync::{Arc, RwLock};
use std::time::Duration;
use stead_server::{Body, Identity};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

/// Connections served at once; more wait in the kernel's backlog.
const CONNECTIONS_MAX: usize = 8192;
const HANDSHAKE_MAX: Duration = Duration::from_secs(10);
/// For the head of a request; it also ends HTTP/1.1 connections that idle so long.
const HEADER_READ_MAX: Duration = Duration::from_secs(90);
/// How long open requests may go on once the server is told to stop.
pub const DRAIN_MAX: Duration = Duration::from_millis(2500);

/// The certificate the listener presents, replaceable while it serves.
#[derive(Debug)]
pub struct Presented(RwLock<Arc<CertifiedKey>>);

impl Presented {
    pub fn new(pki: &Pki) -> anyhow::Result<Self> {
        Ok(Self(RwLock::new(certified(pki)?)))
    }

    /// Presents another certificate from the next connection on.
    pub fn replace(&self, pki: &Pki) -> anyhow::Result<()> {
        let new = certified(pki)?;
        *self.0.write().expect("nothing panics while it holds this lock") = new;
        Ok(())
    }
}

impl ResolvesServerCert for Presented {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.read().expect("nothing panics while it holds this lock").clone())
    }
}

fn certified(pki: &Pki) -> anyhow::Result<Arc<CertifiedKey>> {
    let chain = CertificateDer::pem_slice_iter(pki.server.certificate.as_bytes())
        .collect::<Result<_, _>>()
        .context("read the server's certificate")?;
    let key = PrivateKeyDer::from_pem_slice(pki.server.key.as_bytes()).context("read the server's key")?;
    let key = rustls::crypto::ring::sign::any_supported_type(&key).context("use the server's key")?;
    Ok(Arc::new(CertifiedKey::new(chain, key)))
}

/// TLS settings: our certificate, client certificates of our authority where a client has one (T1, A1).
pub fn tls(pki: &Pki, presented: Arc<Presented>) -> anyhow::Result<Arc<rustls::ServerConfig>> {
    let mut roots = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pki.ca.certificate.as_bytes()) {
        roots.add(certificate.context("read the authority")?).context("trust the authority")?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone())
        .allow_unauthenticated()
        .build()
        .context("verify clients")?;
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .context("choose TLS versions")?
        .with_client_cert_verifier(verifier)
        .with_cert_resolver(presented);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// Serves until `stop` turns true, then lets open requests end for [`DRAIN_MAX`].
pub async fn serve<S>(listener: TcpListener, tls: Arc<rustls::ServerConfig>, service: S, mut stop: watch::Receiver<bool>)
where
    S: tower::Service<http::Request<Body>, Response = http::Response<Body>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    let acceptor = tokio_rustls::TlsAcceptor::from(tls);
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let place = places.clone().acquire_owned().await.expect("the semaphore is never closed");
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = told(&mut stop) => break,
        };
        match accepted {
            Ok((stream, _)) => {
                let connection = connection(stream, acceptor.clone(), service.clone(), stop.clone());
                connections.spawn(async move {
                    connection.await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(50)).await; // out of descriptors: do not spin
            }
        }
    }
    let drained = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(DRAIN_MAX, drained).await.is_err() {
        tracing::debug!("closing the connections that did not end by themselves");
    }
}

/// Waits until the server is told to stop.
async fn told(stop: &mut watch::Receiver<bool>) {
    // A closed channel means that its owner has gone, which is a stop as well.
    stop.wait_for(|stop| *stop).await.map(drop).unwrap_or_default();
}

async fn connection<S>(stream: TcpStream, acceptor: tokio_rustls::TlsAcceptor, service: S, mut stop: watch::Receiver<bool>)
where
    S: tower::Service<http::Request<Body>, Response = http::Response<Body>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    stream.set_nodelay(true).ok();
    let stream = match tokio::time::timeout(HANDSHAKE_MAX, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return tracing::debug!(%error, "a TLS handshake failed"),
        Err(_) => return tracing::debug!("a TLS handshake took too long"),
    };
    let identity = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first()).and_then(|leaf| identity(leaf));
    let handler = hyper::service::service_fn(move |request: http::Request<hyper::body::Incoming>| {
        let mut request = request.map(|body| Body::new(http_body_util::BodyExt::map_err(body, std::io::Error::other)));
        if let Some(identity) = &identity {
            request.extensions_mut().insert(identity.clone());
        }
        tower::ServiceExt::oneshot(service.clone(), request)
    });
    let mut builder = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEADER_READ_MAX);
    builder.http2().timer(TokioTimer::new()).max_concurrent_streams(1000).keep_alive_interval(Duration::from_secs(30));
    let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), handler);
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => Some(ended),
        () = told(&mut stop) => None,
    };
    let ended = match ended {
        Some(ended) => ended,
        None => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection broke off");
    }
}

/// The user (common name) and groups (organizations) of a client certificate.
fn identity(leaf: &CertificateDer<'_>) -> Option<Identity> {
    let (_, x509) = x509_parser::parse_x509_certificate(leaf).ok()?;
    let user = x509.subject().iter_common_name().next()?.as_str().ok()?.to_owned();
    let groups = x509.subject().iter_organization().filter_map(|o| o.as_str().ok()).map(str::to_owned).collect();
    Some(Identity { user, groups })
}
