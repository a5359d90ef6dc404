//! Keeps the certificates of a running server: renews what is due, follows what somebody changed on disk, and hands it to the listener.

use super::clients::ClientAuthorities;
use super::names::{NameSources, host_addresses, server_names};
use super::{Finding, Missing, Pki};
use crate::listen::CertificateResolver;
use anyhow::Context;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use stead_server::Environment;
use tokio::sync::watch;

/// How often the files and the clock are looked at. A clock that was set, a rotation and a new address take effect this fast.
const CHECK_INTERVAL: Duration = Duration::from_secs(10);

/// The certificates in use.
#[derive(Debug)]
pub struct Certificates {
    dir: PathBuf,
    named: NameSources,
    clock: Arc<dyn Environment>,
    pki: Pki,
    /// What was said already: each finding is logged when it appears.
    logged: Vec<String>,
    pub presented: Arc<CertificateResolver>,
    pub clients: Arc<ClientAuthorities>,
}

impl Certificates {
    /// Loads what is in `dir`, and makes what is missing.
    pub fn open(dir: PathBuf, named: NameSources, clock: Arc<dyn Environment>) -> anyhow::Result<Self> {
        let (pki, findings) = Pki::ensure(&dir, &names(&named), Missing::Make, clock.now()).context("prepare certificates")?;
        let (presented, clients) = (Arc::new(CertificateResolver::new(&pki.server)?), Arc::new(ClientAuthorities::new(&pki.authorities)?));
        let mut certificates = Self { dir, named, clock, pki, logged: Vec::new(), presented, clients };
        certificates.log_new(findings);
        Ok(certificates)
    }

    pub fn pki(&self) -> &Pki {
        &self.pki
    }

    /// Looks once; whether anything has changed. An error leaves everything as it was.
    pub fn refresh(&mut self) -> anyhow::Result<bool> {
        let (pki, findings) = Pki::ensure(&self.dir, &names(&self.named), Missing::Refuse, self.clock.now())?;
        self.log_new(findings);
        if pki == self.pki {
            return Ok(false);
        }
        self.presented.replace(&pki.server)?;
        self.clients.replace(&pki.authorities)?;
        self.pki = pki;
        Ok(true)
    }

    /// Looks for as long as the server runs, and calls `publish` with what is new. `towards_pods` tells of this machine's addresses.
    pub async fn run(
        mut self,
        publish: impl Fn(&Pki) + Send,
        mut towards_pods: watch::Receiver<Vec<IpAddr>>,
        mut stop: watch::Receiver<bool>,
    ) -> anyhow::Result<()> {
        loop {
            tokio::select! {
                () = tokio::time::sleep(CHECK_INTERVAL) => {}
                Ok(()) = towards_pods.changed() => self.named.towards_pods = towards_pods.borrow_and_update().clone(),
                stopped = stop.wait_for(|stop| *stop) => return stopped.map(drop).map_err(Into::into),
            }
            match self.refresh() {
                Ok(true) => {
                    tracing::info!("certificates changed: new connections get them, clients are checked by them");
                    publish(&self.pki);
                }
                Ok(false) => {}
                Err(error) => self.log_new(vec![Finding(format!("the certificates in use are kept: {error:#}"))]),
            }
        }
    }

    fn log_new(&mut self, findings: Vec<Finding>) {
        for Finding(text) in &findings {
            if !self.logged.contains(text) {
                tracing::warn!("{text}");
            }
        }
        self.logged = findings.into_iter().map(|Finding(text)| text).collect();
    }
}

fn names(named: &NameSources) -> Vec<String> {
    let host = if named.bind_address.is_unspecified() { host_addresses() } else { Vec::new() };
    server_names(named, host)
}
