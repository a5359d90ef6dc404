//! Binds the parts together: listeners, what is followed, the host's resolvers, and how the cluster shows it. Everything runs inside the
//! caller's task.

use crate::forward::{HostResolvers, Resolver, Source};
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
use stead_api::time::Timestamp;
use stead_client::Client;
use stead_client::event::{self, Event, Reference};
use tokio::sync::mpsc;

/// A listener that could not be had, or broke, is tried again after so long.
const BOUND_AGAIN_AFTER: Duration = Duration::from_secs(5);

/// Events that wait to be recorded; more are lost.
const EVENTS_MAX: usize = 256;
const COMPONENT: &str = "stead-dns";

/// The time of the API's objects.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

pub struct Options {
    pub zone: Zone,
    pub resolvers: Source,
    /// Where pods ask; taken up again if it breaks.
    pub node: Option<SocketAddr>,
    /// Bound already: where the host asks.
    pub host: Option<Listener>,
    /// How the cluster shows it; `None`: not at all.
    pub shown: Option<Shown>,
    /// Also the zone's first serial.
    pub clock: Clock,
}

/// Answers until `stop` ends. An error is one of the host's listener.
pub async fn run(client: Client, options: Options, stop: impl Future<Output = ()>) -> io::Result<()> {
    let serial = u32::try_from((options.clock)().seconds()).unwrap_or_default();
    let site = Arc::new(Site::new(options.zone, serial));
    let (events, recorded) = mpsc::channel(EVENTS_MAX);
    let say = |event: Event| {
        let source = event::Source { component: COMPONENT.to_owned(), host: String::new() };
        if events.try_send((source, event)).is_err() {
            tracing::debug!("too many events at once, one is lost");
        }
    };
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
        () = probe::watch(&site.forwarder, &site.probes, |resolver| say(loop_found(resolver))) => Ok(()),
        () = follow::follow_custom(&client, &site, say) => Ok(()),
        () = stead_client::broadcast(client.clone(), || (options.clock)(), recorded) => Ok(()),
        () = stop => Ok(()),
    }
}

fn loop_found(resolver: &Resolver) -> Event {
    let resolver = resolver.address();
    tracing::error!(%resolver, "this resolver asks back what it is asked and is left out; name another with --dns-upstream or --resolv-conf");
    let service = Reference {
        api_version: "v1".to_owned(),
        kind: "Service".to_owned(),
        namespace: "kube-system".to_owned(),
        name: "kube-dns".to_owned(),
        ..Reference::default()
    };
    let message = format!(
        "The resolver {resolver} leads back to this name server and is not asked; name another with --dns-upstream or --resolv-conf"
    );
    Event::warning(service, "ForwardingLoop", message)
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
