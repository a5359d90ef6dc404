//! A plain HTTPS client: HTTP/1.1 with keep-alive over TLS with the kubeconfig's client certificate, or with a token. Knows no Kubernetes
//! kinds.

use anyhow::{Context, Result, ensure};
use base64::Engine as _;
use bytes::{Buf, Bytes, BytesMut};
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;

pub const MERGE_PATCH: &str = "application/merge-patch+json";
pub const APPLY_PATCH: &str = "application/apply-patch+yaml";
pub const PROTOBUF: &str = "application/vnd.kubernetes.protobuf";
pub const JSON: &str = "application/json";

/// Where an API is, and how to be let in.
#[derive(Clone)]
pub struct Target {
    /// `127.0.0.1:6443`.
    authority: String,
    roots: Arc<rustls::RootCertStore>,
    tls: Arc<rustls::ClientConfig>,
    /// What each request says of who asks, beside the certificate.
    bearer: Option<String>,
}

impl Target {
    /// The cluster and user of a kubeconfig that has one of each.
    pub fn of(kubeconfig: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(kubeconfig).with_context(|| format!("read {}", kubeconfig.display()))?;
        let config: Value = serde_saphyr::from_str(&text).context("read the kubeconfig")?;
        let field = |list: &str, part: &str, name: &str| -> Result<String> {
            let value = config[list][0][part][name].as_str();
            Ok(value.with_context(|| format!("the kubeconfig has no {name}"))?.to_owned())
        };
        let pem = |list: &str, part: &str, name: &str| -> Result<Vec<u8>> {
            base64::engine::general_purpose::STANDARD.decode(field(list, part, name)?).context("decode the kubeconfig")
        };
        let mut roots = rustls::RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(&pem("clusters", "cluster", "certificate-authority-data")?) {
            roots.add(certificate.context("read the authority")?)?;
        }
        let chain = CertificateDer::pem_slice_iter(&pem("users", "user", "client-certificate-data")?)
            .collect::<Result<_, _>>()
            .context("read the certificate")?;
        let key = PrivateKeyDer::from_pem_slice(&pem("users", "user", "client-key-data")?).context("read the key")?;
        let roots = Arc::new(roots);
        let tls = settings(&roots)?.with_client_auth_cert(chain, key)?;
        let server = field("clusters", "cluster", "server")?;
        let authority = server.strip_prefix("https://").context("the server is reached by https")?.to_owned();
        Ok(Self { authority, roots, tls: Arc::new(tls), bearer: None })
    }

    /// The same server for whoever has that token.
    pub fn with_token(&self, token: &str) -> Result<Self> {
        let tls = settings(&self.roots)?.with_no_client_auth();
        Ok(Self { tls: Arc::new(tls), bearer: Some(format!("Bearer {token}")), ..self.clone() })
    }

    pub async fn connect(&self) -> Result<Connection> {
        let tcp = TcpStream::connect(&self.authority).await.context("connect")?;
        tcp.set_nodelay(true)?;
        let (host, _) = self.authority.rsplit_once(':').context("the server has a port")?;
        let name = ServerName::try_from(host.to_owned()).context("the server has a name")?;
        let stream = TlsConnector::from(self.tls.clone()).connect(name, tcp).await.context("shake hands")?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await.context("speak HTTP")?;
        let driver = tokio::spawn(async move {
            connection.with_upgrades().await.ok(); // the sender reports what went wrong
        });
        Ok(Connection { sender, host: self.authority.clone(), bearer: self.bearer.clone(), driver })
    }
}

fn settings(roots: &Arc<rustls::RootCertStore>) -> Result<rustls::ConfigBuilder<rustls::ClientConfig, rustls::client::WantsClientCert>> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(builder.with_root_certificates(roots.clone()))
}

/// One connection; requests go one after the other.
#[derive(Debug)]
pub struct Connection {
    sender: SendRequest<Full<Bytes>>,
    host: String,
    bearer: Option<String>,
    driver: JoinHandle<()>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl Connection {
    async fn begin(&mut self, method: Method, path: &str, content_type: &str, body: Bytes) -> Result<http::Response<Incoming>> {
        self.begin_with(method, path, &[("accept", JSON), ("content-type", content_type)], body).await
    }

    async fn begin_with(&mut self, method: Method, path: &str, headers: &[(&str, &str)], body: Bytes) -> Result<http::Response<Incoming>> {
        let mut request = Request::builder().method(method).uri(path).header("host", &self.host);
        let bearer = self.bearer.as_deref().map(|bearer| ("authorization", bearer));
        for (name, value) in headers.iter().copied().chain(bearer) {
            request = request.header(name, value);
        }
        self.sender.ready().await.context("the connection is open")?;
        self.sender.send_request(request.body(Full::new(body))?).await.with_context(|| format!("send a request to {path}"))
    }

    /// The answer, whole, to a request with exactly these headers.
    pub async fn send_with(&mut self, method: Method, path: &str, headers: &[(&str, &str)], body: Bytes) -> Result<(StatusCode, Bytes)> {
        let response = self.begin_with(method, path, headers, body).await?;
        let status = response.status();
        Ok((status, response.into_body().collect().await.context("read the answer")?.to_bytes()))
    }

    /// The answer, whole.
    pub async fn send(&mut self, method: Method, path: &str, content_type: &str, body: Bytes) -> Result<(StatusCode, Bytes)> {
        let response = self.begin(method, path, content_type, body).await?;
        let status = response.status();
        Ok((status, response.into_body().collect().await.context("read the answer")?.to_bytes()))
    }

    /// The answer's object; any other status than success is an error.
    pub async fn call(&mut self, method: Method, path: &str, content_type: &str, body: &Value) -> Result<Value> {
        let bytes = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
        let (status, answer) = self.send(method, path, content_type, bytes).await?;
        ensure!(status.is_success(), "{path}: {status}: {}", String::from_utf8_lossy(&answer));
        serde_json::from_slice(&answer).context("read the answer")
    }

    /// Asks for another protocol, and gives what the server says in it up to that word.
    pub async fn upgrade_and_read(mut self, path: &str, headers: &[(&str, &str)], until: &[u8]) -> Result<Vec<u8>> {
        let response = self.begin_with(Method::GET, path, headers, Bytes::new()).await?;
        ensure!(response.status() == StatusCode::SWITCHING_PROTOCOLS, "{path}: {}", response.status());
        let mut stream = TokioIo::new(hyper::upgrade::on(response).await.context("change the protocol")?);
        let mut said = Vec::new();
        while !said.windows(until.len()).any(|part| part == until) {
            ensure!(stream.read_buf(&mut said).await.context("read what is said")? > 0, "{path} ended: {}", String::from_utf8_lossy(&said));
        }
        Ok(said)
    }

    /// A watch, from which lines are taken.
    pub async fn watch(mut self, path: &str) -> Result<Watch> {
        let response = self.begin(Method::GET, path, JSON, Bytes::new()).await?;
        ensure!(response.status().is_success(), "watch {path}: {}", response.status());
        Ok(Watch { body: response.into_body(), rest: BytesMut::new(), _connection: self })
    }
}

/// A stream of watch events.
pub struct Watch {
    body: Incoming,
    rest: BytesMut,
    _connection: Connection,
}

impl Watch {
    /// The next bytes of the stream; `None` at its end.
    pub async fn bytes(&mut self) -> Result<Option<Bytes>> {
        while let Some(frame) = self.body.frame().await {
            if let Ok(data) = frame.context("read the watch")?.into_data() {
                return Ok(Some(data));
            }
        }
        Ok(None)
    }

    /// The next event.
    pub async fn next(&mut self) -> Result<Value> {
        loop {
            if let Some(end) = self.rest.iter().position(|b| *b == b'\n') {
                let line = self.rest.split_to(end);
                self.rest.advance(1);
                return serde_json::from_slice(&line).context("read an event");
            }
            let data = self.bytes().await?.context("the watch ended")?;
            self.rest.extend_from_slice(&data);
        }
    }
}
