//! Whether the cluster of a kubeconfig entry lives on this machine.

use crate::certificates::names::host_addresses;
use rustls_pki_types::{CertificateDer, ServerName, pem::PemObject};
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

/// A server that is there answers at once; one that hangs so long counts as living.
const ANSWER_MAX: Duration = Duration::from_secs(2);

/// Whether the entry may still be of use: its server answers with a certificate of these authorities, or is on another machine.
pub fn is_alive(server: &str, authorities: &str) -> bool {
    let address = server.strip_prefix("https://").map(|rest| rest.trim_end_matches('/')).and_then(|rest| rest.parse::<SocketAddr>().ok());
    let Some(address) = address else { return true };
    if !address.ip().is_loopback() && !host_addresses().contains(&address.ip()) {
        return true;
    }
    match shake_hands(address, authorities) {
        Ok(()) => true,
        Err(error) => matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::WouldBlock),
    }
}

fn shake_hands(address: SocketAddr, authorities: &str) -> std::io::Result<()> {
    let mut roots = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(authorities.as_bytes()).flatten() {
        roots.add(certificate).map_err(std::io::Error::other)?;
    }
    let config = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(std::io::Error::other)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let mut tls = rustls::ClientConnection::new(Arc::new(config), ServerName::from(address.ip())).map_err(std::io::Error::other)?;
    let mut stream = TcpStream::connect_timeout(&address, ANSWER_MAX)?;
    stream.set_read_timeout(Some(ANSWER_MAX))?;
    stream.set_write_timeout(Some(ANSWER_MAX))?;
    while tls.is_handshaking() {
        tls.complete_io(&mut stream)?;
    }
    Ok(())
}
