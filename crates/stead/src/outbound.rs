//! Connections of the API server to pods, for its `proxy` paths: pods' addresses are this machine's to reach. Input: a request with an
//! absolute URI. Output: the other side's response, or that it was not reached. An upgraded connection is copied both ways to its end.

use anyhow::Context;
use http::header;
use http::{HeaderMap, Request, Response, StatusCode, Version};
use http_body_util::BodyExt;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use stead_server::{Body, NodeService, Unreached};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tower::service_fn;

const CONNECT_MAX: Duration = Duration::from_secs(30);
/// Headers that are about one connection only.
const HOP_BY_HOP: &[&str] = &[
    "connection",
    "keep-alive",
    "proxy-connection",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// A duplex stream.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// What drives the connections; they end when it goes.
type Tasks = Arc<Mutex<JoinSet<()>>>;

/// The service that reaches pods.
pub fn service() -> anyhow::Result<NodeService> {
    let tls = Arc::new(tls()?);
    let tasks = Tasks::default();
    Ok(NodeService::new(service_fn(move |request: Request<Body>| {
        let (tls, tasks) = (tls.clone(), tasks.clone());
        async move { Ok(send(tls, tasks, request).await.unwrap_or_else(unreached)) }
    })))
}

fn unreached(error: anyhow::Error) -> Response<Body> {
    let mut response = Response::new(empty());
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    response.extensions_mut().insert(Unreached(format!("{error:#}")));
    response
}

fn empty() -> Body {
    http_body_util::Empty::new().map_err(|never: std::convert::Infallible| match never {}).boxed_unsync()
}

fn spawn(tasks: &Tasks, task: impl Future<Output = ()> + Send + 'static) {
    let mut tasks = tasks.lock().unwrap_or_else(PoisonError::into_inner);
    while tasks.try_join_next().is_some() {}
    tasks.spawn(task);
}

async fn send(tls: Arc<ClientConfig>, tasks: Tasks, mut request: Request<Body>) -> anyhow::Result<Response<Body>> {
    let client = request.extensions_mut().remove::<OnUpgrade>();
    let stream = connect(tls, request.uri()).await?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.context("speak HTTP")?;
    spawn(&tasks, async move {
        if let Err(error) = connection.with_upgrades().await {
            tracing::debug!(%error, "a connection to a pod broke");
        }
    });
    let mut response = sender.send_request(outgoing(request)?).await.context("no answer")?;
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        let pod = hyper::upgrade::on(&mut response);
        let client = client.context("the client's connection cannot be upgraded")?;
        spawn(&tasks, async move {
            let (Ok(pod), Ok(client)) = (pod.await, client.await) else { return };
            if let Err(error) = tokio::io::copy_bidirectional(&mut TokioIo::new(pod), &mut TokioIo::new(client)).await {
                tracing::debug!(%error, "an upgraded connection to a pod broke");
            }
        });
        return Ok(response.map(|_| empty()));
    }
    strip(response.headers_mut());
    Ok(response.map(|body| body.map_err(std::io::Error::other).boxed_unsync()))
}

/// The request as it goes to the other side: the path alone, nothing of the client's connection but the wish to upgrade it.
fn outgoing(mut request: Request<Body>) -> anyhow::Result<Request<Body>> {
    let upgrade = request.headers().get(header::UPGRADE).cloned();
    strip(request.headers_mut());
    if let Some(upgrade) = upgrade {
        request.headers_mut().insert(header::CONNECTION, header::HeaderValue::from_static("Upgrade"));
        request.headers_mut().insert(header::UPGRADE, upgrade);
    }
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str()).parse().context("a path")?;
    *request.uri_mut() = path;
    *request.version_mut() = Version::HTTP_11;
    Ok(request)
}

fn strip(headers: &mut HeaderMap) {
    for name in HOP_BY_HOP {
        headers.remove(*name);
    }
}

async fn connect(tls: Arc<ClientConfig>, uri: &http::Uri) -> anyhow::Result<Box<dyn Stream>> {
    let secure = uri.scheme_str() == Some("https");
    let host = uri.host().context("no host")?.trim_matches(['[', ']']).to_owned();
    let port = match uri.port() {
        Some(port) => port.as_u16(),
        None if secure => 443,
        None => 80,
    };
    let dialled = tokio::time::timeout(CONNECT_MAX, TcpStream::connect((host.as_str(), port)));
    let said = || format!("dial tcp {}:{port}", if host.contains(':') { format!("[{host}]") } else { host.clone() });
    let stream = dialled.await.unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into())).map_err(|error| {
        // As upstream says it, without the number that follows it here.
        let text = error.to_string().to_lowercase();
        anyhow::anyhow!("{}: connect: {}", said(), text.split(" (os error").next().unwrap_or_default())
    })?;
    if !secure {
        return Ok(Box::new(stream));
    }
    let name = ServerName::try_from(host.clone()).context("a host's name")?;
    let handshake = tokio::time::timeout(CONNECT_MAX, tokio_rustls::TlsConnector::from(tls).connect(name, stream));
    Ok(Box::new(handshake.await.context("TLS")?.context("TLS")?))
}

/// Pods' certificates are nobody's to judge: a proxy only says where it wants to go.
fn tls() -> anyhow::Result<ClientConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder =
        ClientConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions().context("choose TLS versions")?;
    Ok(builder.dangerous().with_custom_certificate_verifier(Arc::new(Anyone(provider))).with_no_client_auth())
}

/// Takes every certificate whose holder has its key.
#[derive(Debug)]
struct Anyone(Arc<CryptoProvider>);

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests;
