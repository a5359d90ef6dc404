//! The API's TLS listener: accepts connections, tells the service who calls, hands it the requests.
//!
//! Input: a TCP listener, the certificate to present, the authorities of clients, the service. It ends when told to, within [`DRAIN_MAX`].

mod places;

use crate::certificates::Pair;
use crate::certificates::clients::{Caller, ClientAuthorities, PossessionVerifier};
use crate::stall::{Patience, Unstalled};
use anyhow::Context;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use places::{Place, Places};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use std::convert::Infallible;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use stead_server::{AnsweredTo, Body, Environment, InvalidCredentials, Peer};
use stead_ui::SESSION_HEADER;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Connections served at once. When there are as many, those of strangers make room for others; more wait in the kernel's backlog.
const CONNECTIONS_MAX: usize = 8192;
/// What files of the process' limit are left for all else, beside a part of it.
const OTHER_FILES: u64 = 256;
const HANDSHAKE_MAX: Duration = Duration::from_secs(10);
/// What is encrypted for a client that does not take it.
const TLS_BUFFER_BYTES_MAX: usize = 32 * 1024;
/// For the head of a request; it also ends HTTP/1.1 connections that idle so long.
const HEADER_READ_MAX: Duration = Duration::from_secs(90);
/// How long open requests may go on once the server is told to stop.
pub const DRAIN_MAX: Duration = Duration::from_millis(2500);

/// The certificate the listener presents, replaceable while it serves.
#[derive(Debug)]
pub struct CertificateResolver(RwLock<Arc<CertifiedKey>>);

impl CertificateResolver {
    pub fn new(pair: &Pair) -> anyhow::Result<Self> {
        Ok(Self(RwLock::new(certified(pair)?)))
    }

    /// Presents another certificate from the next connection on.
    pub fn replace(&self, pair: &Pair) -> anyhow::Result<()> {
        let new = certified(pair)?;
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = new;
        Ok(())
    }

    /// SHA-256 of the certificate, in hexadecimal with colons, as browsers show it.
    pub fn fingerprint(&self) -> Option<String> {
        let key = self.0.read().unwrap_or_else(PoisonError::into_inner).clone();
        let digest = ring::digest::digest(&ring::digest::SHA256, key.cert.first()?);
        Some(digest.as_ref().iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":"))
    }
}

impl ResolvesServerCert for CertificateResolver {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.read().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

fn certified(pair: &Pair) -> anyhow::Result<Arc<CertifiedKey>> {
    let chain =
        CertificateDer::pem_slice_iter(pair.certificate.as_bytes()).collect::<Result<_, _>>().context("read the server's certificate")?;
    let key = PrivateKeyDer::from_pem_slice(pair.key.as_bytes()).context("read the server's key")?;
    let key = rustls::crypto::ring::sign::any_supported_type(&key).context("use the server's key")?;
    Ok(Arc::new(CertifiedKey::new(chain, key)))
}

/// TLS settings: the certificate presented, and the client's certificate where it has one (T1, A1).
pub fn tls(presented: Arc<CertificateResolver>) -> anyhow::Result<Arc<rustls::ServerConfig>> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .context("choose TLS versions")?
        .with_client_cert_verifier(Arc::new(PossessionVerifier))
        .with_cert_resolver(presented);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// How connections are taken.
#[derive(Debug, Clone)]
pub struct Security {
    pub tls: Arc<rustls::ServerConfig>,
    pub clients: Arc<ClientAuthorities>,
    pub clock: Arc<dyn Environment>,
}

/// Serves until `stop` turns true, then lets open requests end for [`DRAIN_MAX`].
pub async fn serve<S>(listener: TcpListener, security: Security, service: S, stop: watch::Receiver<bool>)
where
    S: tower::Service<http::Request<Body>, Response = http::Response<Body>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    serve_in(Places::new(connections_max()), listener, security, service, stop).await;
}

async fn serve_in<S>(places: Places, listener: TcpListener, security: Security, service: S, mut stop: watch::Receiver<bool>)
where
    S: tower::Service<http::Request<Body>, Response = http::Response<Body>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    let mut connections = JoinSet::new();
    loop {
        while let Some(ended) = connections.try_join_next() {
            log_panic(ended);
        }
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop_requested(&mut stop) => break,
        };
        match accepted {
            Ok((stream, from)) => {
                let (place, unwanted) = tokio::select! {
                    place = places.take() => place,
                    () = stop_requested(&mut stop) => break,
                };
                let peer = Peer(from.ip().to_canonical());
                let connection = connection(stream, (peer, place), security.clone(), service.clone(), stop.clone());
                connections.spawn(async move {
                    tokio::select! {
                        () = connection => {}
                        Ok(()) = unwanted => tracing::debug!("a connection that showed no name made room"),
                    }
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

/// As many as files can be had for.
fn connections_max() -> usize {
    let files = stead_sys::process::nofile_limit().map_or(u64::MAX, |(soft, _)| soft);
    // There may be two listeners.
    let left = files.saturating_sub(OTHER_FILES.max(files / 4)) / 2;
    usize::try_from(left).map_or(CONNECTIONS_MAX, |left| left.min(CONNECTIONS_MAX))
}

/// A connection that panics ends alone, and not unseen.
fn log_panic(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "a connection ended by a fault of this program");
    }
}

/// Waits until the server is told to stop.
async fn stop_requested(stop: &mut watch::Receiver<bool>) {
    // A closed channel means that its owner has gone, which is a stop as well.
    stop.wait_for(|stop| *stop).await.map(drop).unwrap_or_default();
}

async fn connection<S>(stream: TcpStream, (peer, place): (Peer, Place), security: Security, service: S, mut stop: watch::Receiver<bool>)
where
    S: tower::Service<http::Request<Body>, Response = http::Response<Body>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    let Security { tls, clients, clock } = security;
    stream.set_nodelay(true).ok();
    let patience = Patience::default();
    let bounded = |session: &mut rustls::ServerConnection| session.set_buffer_limit(Some(TLS_BUFFER_BYTES_MAX));
    let accepting = tokio_rustls::TlsAcceptor::from(tls).accept_with(Unstalled::new(stream, patience.clone()), bounded);
    let stream = match tokio::time::timeout(HANDSHAKE_MAX, accepting).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return tracing::debug!(%error, "a TLS handshake failed"),
        Err(_) => return tracing::debug!("a TLS handshake took too long"),
    };
    let chain = stream.get_ref().1.peer_certificates();
    let caller = chain.map(|chain| Caller::new(chain.iter().map(|c| c.clone().into_owned()).collect(), clients));
    let place = Arc::new(place);
    let handler = hyper::service::service_fn(move |request: http::Request<hyper::body::Incoming>| {
        let mut request = request.map(|body| Body::new(http_body_util::BodyExt::map_err(body, std::io::Error::other)));
        request.extensions_mut().insert(peer);
        if let Some(caller) = &caller {
            match caller.identity(clock.now()) {
                Some(identity) => {
                    place.is_of(&identity.user);
                    drop(request.extensions_mut().insert(identity));
                }
                None => drop(request.extensions_mut().insert(InvalidCredentials)),
            }
        }
        // Whoever sent credentials that were not refused has a name.
        let has_credentials =
            [http::header::AUTHORIZATION.as_str(), SESSION_HEADER].iter().any(|name| request.headers().contains_key(*name));
        let stranger = has_credentials.then(|| Arc::clone(&place));
        let (answer, patience) = (tower::ServiceExt::oneshot(service.clone(), request), patience.clone());
        async move {
            let response = answer.await;
            let user = response.as_ref().ok().and_then(|response| response.extensions().get::<AnsweredTo>());
            if let (Some(place), Some(AnsweredTo(user))) = (stranger, user) {
                place.is_of(user);
            }
            if response.as_ref().is_ok_and(|response| response.status() == http::StatusCode::SWITCHING_PROTOCOLS) {
                patience.be_endless();
            }
            response
        }
    });
    let mut builder = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEADER_READ_MAX);
    builder.http2().timer(TokioTimer::new()).max_concurrent_streams(1000).keep_alive_interval(Duration::from_secs(30));
    let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), handler);
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => Some(ended),
        () = stop_requested(&mut stop) => None,
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

#[cfg(test)]
mod tests;
