//! Binds the parts together: listeners, what is followed, the host's resolvers, and how the cluster shows it. Everything runs inside the
//! caller's task.

use crate::forward::{HostResolvers, Resolver, Source};
use crate::name::Zone;
use crate::publish::{Shown, publish, service_reference};
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

/// A listener that could not be had, or broke, is tried again after so long, each time after twice that.
const BOUND_AGAIN_AFTER: Duration = Duration::from_secs(1);
const BOUND_AGAIN_AFTER_MAX: Duration = Duration::from_secs(60);

/// Events that wait to be recorded; more are lost.
const EVENTS_MAX: usize = 256;
const COMPONENT: &str = "stead-dns";

/// The time of the API's objects.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The user that it acts as.
pub const USER: &str = "system:serviceaccount:kube-system:kube-dns";

pub struct Options {
    pub zone: Zone,
    pub resolvers: Source,
    /// The node whose pods ask here.
    pub node_name: String,
    /// Where they ask; taken up again if it breaks.
    pub node: Vec<SocketAddr>,
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
        let cannot = |event| say(event);
        futures::future::join_all(options.node.iter().map(|address| serve_always(*address, &site, &options.node_name, &cannot))).await;
        std::future::pending::<()>().await
    };
    let shown = async {
        match &options.shown {
            Some(shown) => publish(&client, shown, say).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        ended = host => ended,
        () = node => Ok(()),
        () = shown => Ok(()),
        () = follow::follow(&client, &site) => Ok(()),
        () = resolve(&site, options.resolvers, &options.node) => Ok(()),
        () = probe::watch(&site.forwarder, &site.probes, |resolver| say(loop_found(resolver))) => Ok(()),
        () = follow::follow_custom(&client, &site, say) => Ok(()),
        () = stead_client::broadcast(client.clone(), || (options.clock)(), recorded) => Ok(()),
        () = stop => Ok(()),
    }
}

fn loop_found(resolver: &Resolver) -> Event {
    let resolver = resolver.address();
    tracing::error!(%resolver, "this resolver asks back what it is asked and is left out; name another with --dns-upstream or --resolv-conf");
    let message = format!(
        "The resolver {resolver} leads back to this name server and is not asked; name another with --dns-upstream or --resolv-conf"
    );
    Event::warning(service_reference(), "ForwardingLoop", message)
}

/// Listens where pods ask, again and again, and says on the node when that cannot be.
async fn serve_always(address: SocketAddr, site: &Arc<Site>, node: &str, say: &impl Fn(Event)) {
    let mut last = None;
    let mut again_after = BOUND_AGAIN_AFTER;
    loop {
        let error = match Listener::bind(address, Memory::Used).await {
            Ok(listener) => {
                (last, again_after) = (None, BOUND_AGAIN_AFTER);
                listener.serve(Arc::clone(site)).await
            }
            Err(error) => error,
        };
        if last.replace(error.kind()) != Some(error.kind()) {
            tracing::error!(%address, %error, "pods cannot resolve names: cannot listen for their questions, trying again");
        }
        say(cannot_listen(node, address, &error));
        tokio::time::sleep(again_after).await;
        again_after = (again_after * 2).min(BOUND_AGAIN_AFTER_MAX);
    }
}

fn cannot_listen(node: &str, address: SocketAddr, error: &io::Error) -> Event {
    let hint = match error.kind() {
        io::ErrorKind::AddrInUse => "; another program has that port",
        io::ErrorKind::PermissionDenied => "; ports below 1024 need root",
        _ => "",
    };
    // A node's events have its name for a uid, as a kubelet's have.
    let node = Reference {
        api_version: "v1".to_owned(),
        kind: "Node".to_owned(),
        name: node.to_owned(),
        uid: node.to_owned(),
        ..Reference::default()
    };
    let message = format!("Pods cannot resolve names: cannot listen on {address} for their questions ({error}{hint}), trying again");
    Event::warning(node, "NameServerNotListening", message)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forward::{Transport, exchange};
    use hickory_proto::op::{Message, Query};
    use hickory_proto::rr::RecordType;

    #[tokio::test]
    async fn an_address_that_is_taken_is_said_on_the_node_and_had_once_it_is_free() {
        let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = taken.local_addr().unwrap();
        let site = Arc::new(Site::new(Zone::new("cluster.local", 30).unwrap(), 1));
        let (events, mut said) = mpsc::channel(8);
        let say = |event| events.try_send(event).unwrap();
        let free = async {
            let event: Event = said.recv().await.unwrap();
            assert_eq!(
                (event.reason, event.regarding.kind.as_str(), event.regarding.name.as_str()),
                ("NameServerNotListening", "Node", "n")
            );
            assert!(event.message.contains(&address.to_string()) && event.message.contains("another program has that port"), "{event:?}");
            drop(taken);
            let mut question = Message::query();
            question.add_query(Query::query(crate::name::parse("cluster.local").unwrap(), RecordType::SOA));
            // Whoever asks too early is refused by the kernel.
            while exchange(address, &question, Transport::Tcp).await.is_err() {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            () = serve_always(address, &site, "n", &say) => unreachable!("it never ends"),
            freed = tokio::time::timeout(Duration::from_secs(30), free) => freed.expect("it listens again"),
        }
    }
}
