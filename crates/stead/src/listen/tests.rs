//! A real listener and real clients: certificates that are rotated while it serves, and certificates that no authority of ours signed.

use super::*;
use crate::certificates::clients::tests::v1_certificate;
use crate::certificates::names::NameSources;
use crate::certificates::renewal::Certificates;
use crate::certificates::{Pair, Pki, rotated};
use crate::environment::Machine;
use base64::Engine as _;
use http::Response;
use std::path::Path;
use stead_api::json;
use stead_server::Identity;
use tokio::task::JoinHandle;

/// A server whose every answer is the caller's name.
struct Serving {
    dir: tempfile::TempDir,
    certificates: Certificates,
    url: String,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Serving {
    async fn start() -> Self {
        Self::with(Places::new(100)).await
    }

    async fn with(places: Places) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let named = NameSources {
            bind_address: "127.0.0.1".parse().unwrap(),
            node_name: "n".to_owned(),
            cluster_domain: "cluster.local".to_owned(),
            service_addresses: vec!["10.43.0.1".parse().unwrap()],
            towards_pods: Vec::new(),
            tls_sans: Vec::new(),
        };
        let clock: Arc<dyn Environment> = Arc::new(Machine::default());
        let certificates = Certificates::open(dir.path().to_owned(), named, clock.clone()).unwrap();
        let tls = tls(certificates.presented.clone()).unwrap();
        let security = Security { tls, clients: certificates.clients.clone(), clock };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        let (stop, stopping) = watch::channel(false);
        let service = tower::service_fn(|request: http::Request<Body>| async move { Ok::<_, Infallible>(who(&request)) });
        let task = tokio::spawn(serve_in(places, listener, security, service, stopping));
        Self { dir, certificates, url, stop, task }
    }

    fn client(&self, authorities: &str, pair: &Pair) -> kube::Client {
        let encode = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
        let file = json!({
            "clusters": [{"name": "c", "cluster": {"server": self.url, "certificate-authority-data": encode(authorities)}}],
            "users": [{"name": "c", "user": {"client-certificate-data": encode(&pair.certificate), "client-key-data": encode(&pair.key)}}],
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "c"}}], "current-context": "c",
        });
        let file: kube::config::Kubeconfig = serde_json::from_value(file).unwrap();
        let options = kube::config::KubeConfigOptions::default();
        let config = futures::executor::block_on(kube::Config::from_custom_kubeconfig(file, &options)).unwrap();
        kube::Client::try_from(config).unwrap()
    }

    /// Asks with that certificate, which the client's TLS does not look at: that of kube's client refuses version 1 itself.
    async fn get(&self, authorities: &str, pair: &Pair, version: &'static rustls::SupportedProtocolVersion) -> std::io::Result<String> {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let mut roots = rustls::RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(authorities.as_bytes()).unwrap()).unwrap();
        let config = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_protocol_versions(&[version])
            .unwrap()
            .with_root_certificates(roots)
            .with_client_cert_resolver(Arc::new(Shown(certified(pair).unwrap())));
        let stream = TcpStream::connect(self.url.trim_start_matches("https://")).await?;
        let name = rustls_pki_types::ServerName::try_from("127.0.0.1").unwrap();
        let mut stream = tokio_rustls::TlsConnector::from(Arc::new(config)).connect(name, stream).await?;
        stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await?;
        let mut text = String::new();
        stream.read_to_string(&mut text).await?;
        Ok(text.split("\r\n\r\n").nth(1).unwrap_or_default().to_owned())
    }

    async fn end(self) {
        self.stop.send_replace(true);
        self.task.await.unwrap();
    }
}

/// Shows this certificate to every server.
#[derive(Debug)]
struct Shown(Arc<CertifiedKey>);

impl rustls::client::ResolvesClientCert for Shown {
    fn resolve(&self, _hints: &[&[u8]], _schemes: &[rustls::SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(self.0.clone())
    }

    fn has_certs(&self) -> bool {
        true
    }
}

fn who(request: &http::Request<Body>) -> Response<Body> {
    let text = match (request.extensions().get::<Identity>(), request.extensions().get::<InvalidCredentials>()) {
        (Some(identity), None) => format!("{} of {}", identity.user, identity.groups.join(" ")),
        (None, Some(_)) => "refused".to_owned(),
        _ => "anonymous".to_owned(),
    };
    let body = http_body_util::Full::from(text);
    Response::new(Body::new(http_body_util::BodyExt::map_err(body, |never| match never {})))
}

async fn ask(client: &kube::Client) -> Result<String, kube::Error> {
    client.request_text(http::Request::get("/").body(Vec::new()).unwrap()).await
}

fn put(dir: &Path, pki: &Pair) {
    std::fs::write(dir.join("ca.crt"), &pki.certificate).unwrap();
    std::fs::write(dir.join("ca.key"), &pki.key).unwrap();
}

const ADMIN: &str = "admin of system:masters system:authenticated";

#[tokio::test]
async fn a_rotation_reaches_new_clients_old_ones_and_open_connections() {
    let mut serving = Serving::start().await;
    let old: Pki = serving.certificates.pki().clone();
    let open = serving.client(&old.authorities, &old.admin);
    assert_eq!(ask(&open).await.unwrap(), ADMIN);
    // The new authority beside the old one: both are accepted.
    let new = rotated();
    put(serving.dir.path(), &Pair { certificate: format!("{}{}", new.certificate, old.authorities), key: new.key.clone() });
    assert!(serving.certificates.refresh().unwrap());
    let both = serving.certificates.pki().clone();
    assert_ne!(both.admin, old.admin);
    assert_eq!(ask(&open).await.unwrap(), ADMIN);
    assert_eq!(ask(&serving.client(&new.certificate, &both.admin)).await.unwrap(), ADMIN);
    // The old one is gone.
    put(serving.dir.path(), &new);
    assert!(serving.certificates.refresh().unwrap());
    assert_eq!(ask(&open).await.unwrap(), "refused");
    assert_eq!(ask(&serving.client(&new.certificate, &both.admin)).await.unwrap(), ADMIN);
    ask(&serving.client(&old.authorities, &old.admin)).await.unwrap_err();
    assert!(!serving.certificates.refresh().unwrap());
    serving.end().await;
}

#[tokio::test]
async fn connections_that_say_nothing_lock_nobody_out() {
    const PLACES: usize = 4;
    let serving = Serving::with(Places::new(PLACES)).await;
    let pki = serving.certificates.pki().clone();
    let silent = async || {
        let mut all = Vec::new();
        for _ in 0..3 * PLACES {
            all.push(TcpStream::connect(serving.url.trim_start_matches("https://")).await.unwrap());
        }
        all
    };
    let before = silent().await;
    let admin = serving.client(&pki.authorities, &pki.admin);
    assert_eq!(ask(&admin).await.unwrap(), ADMIN);
    // Whoever has shown a name keeps the connection, whoever comes after.
    let after = silent().await;
    assert_eq!(ask(&admin).await.unwrap(), ADMIN);
    drop((before, after));
    serving.end().await;
}

#[tokio::test]
async fn half_of_a_rotation_changes_nothing() {
    let mut serving = Serving::start().await;
    let old: Pki = serving.certificates.pki().clone();
    std::fs::write(serving.dir.path().join("ca.crt"), rotated().certificate).unwrap();
    serving.certificates.refresh().unwrap_err();
    std::fs::remove_file(serving.dir.path().join("ca.crt")).unwrap();
    serving.certificates.refresh().unwrap_err();
    assert_eq!(ask(&serving.client(&old.authorities, &old.admin)).await.unwrap(), ADMIN);
    assert_eq!(*serving.certificates.pki(), old);
    serving.end().await;
}

#[tokio::test]
async fn a_certificate_of_version_1_is_accepted_as_upstream_accepts_it() {
    let serving = Serving::start().await;
    let authorities = serving.certificates.pki().authorities.clone();
    let read = |name: &str| std::fs::read_to_string(serving.dir.path().join(name)).unwrap();
    let ours = Pair { certificate: read("ca.crt"), key: read("ca.key") };
    let vera = v1_certificate(&ours, &ours.certificate);
    // One that somebody else signed in our authority's name gets an answer, and it is no.
    let forged = v1_certificate(&rotated(), &ours.certificate);
    // One with the key of another is no client at all.
    let stolen = Pair { key: forged.key.clone(), ..vera.clone() };
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        assert_eq!(serving.get(&authorities, &vera, version).await.unwrap(), "vera of ops system:authenticated");
        assert_eq!(serving.get(&authorities, &forged, version).await.unwrap(), "refused");
        serving.get(&authorities, &stolen, version).await.unwrap_err();
    }
    serving.end().await;
}

#[tokio::test]
async fn a_certificate_of_another_authority_is_refused_and_not_anonymous() {
    let serving = Serving::start().await;
    let other = Serving::start().await;
    let client = serving.client(&serving.certificates.pki().authorities, &other.certificates.pki().admin);
    assert_eq!(ask(&client).await.unwrap(), "refused");
    serving.end().await;
    other.end().await;
}
