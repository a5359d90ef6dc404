//! Binds the parts together: listeners, what is followed, the host's resolvers, and how the cluster shows it. Everything runs inside the
//! caller's task.

use crate::forward::{HostResolvers, Source};
use crate::name::Zone;
use crate::publish::{Shown, publish};
use crate::serve::Listener;
use crate::site::{Memory, Site};
use crate::{follow, probe};
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use stead_client::Client;

/// A listener that could not be had, or broke, is tried again after so long.
const BOUND_AGAIN_AFTER: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub struct Options {
    pub zone: Zone,
    /// The zone's first serial.
    pub serial: u32,
    pub resolvers: Source,
    /// Where pods ask; taken up again if it breaks.
    pub node: Option<SocketAddr>,
    /// Bound already: where the host asks.
    pub host: Option<Listener>,
    /// How the cluster shows it; `None`: not at all.
    pub shown: Option<Shown>,
}

/// Answers until `stop` ends. An error is one of the host's listener.
pub async fn run(client: Client, options: Options, stop: impl Future<Output = ()>) -> io::Result<()> {
    let site = Arc::new(Site::new(options.zone, options.serial));
    let host = async {
        match options.host {
            Some(listener) => Err(listener.serve(Arc::clone(&site)).await),
            None => std::future::pending().await,
        }
    };
    let node = async {
        match options.node {
            Some(address) => serve_always(address, &site).await,
            None => std::future::pending().await,
        }
    };
    let shown = async {
        match &options.shown {
            Some(shown) => publish(&client, shown).await,
            None => std::future::pending().await,
        }
    };
    let mine: Vec<SocketAddr> = options.node.into_iter().collect();
    tokio::select! {
        ended = host => ended,
        () = node => Ok(()),
        () = shown => Ok(()),
        () = follow::follow(&client, &site) => Ok(()),
        () = resolve(&site, options.resolvers, &mine) => Ok(()),
        () = probe::watch(&site.forwarder, &site.probes, say_loop) => Ok(()),
        () = stop => Ok(()),
    }
}

fn say_loop(resolver: &crate::forward::Resolver) {
    let resolver = resolver.address();
    tracing::error!(%resolver, "this resolver asks back what it is asked here and is left out; name another with --dns-upstream or --resolv-conf");
}

/// Listens where pods ask, again and again.
async fn serve_always(address: SocketAddr, site: &Arc<Site>) {
    let mut last = None;
    loop {
        let error = match Listener::bind(address, Memory::Used).await {
            Ok(listener) => {
                last = None;
                listener.serve(Arc::clone(site)).await
            }
            Err(error) => error,
        };
        if last.replace(error.kind()) != Some(error.kind()) {
            tracing::error!(%address, %error, "pods cannot resolve names: cannot listen for their questions, trying again");
        }
        tokio::time::sleep(BOUND_AGAIN_AFTER).await;
    }
}

/// Keeps to the host's resolvers, without ourselves.
async fn resolve(site: &Site, source: Source, mine: &[SocketAddr]) {
    let mut resolvers = HostResolvers::new(source);
    loop {
        let others: Vec<SocketAddr> = resolvers.addresses().iter().filter(|address| !mine.contains(address)).copied().collect();
        if others.is_empty() {
            tracing::warn!("there is no resolver to ask for names outside the cluster");
        }
        site.forwarder.set_resolvers(&others);
        resolvers.changed().await;
    }
}
