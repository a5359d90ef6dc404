//! The API server: a tower service over a [`stead_store::Store`]. It serves any kind that the registry has a row for.
//!
//! Input: HTTP requests with a [`Identity`] extension. Output: HTTP responses. It opens no socket and reads no clock of its own.

mod admission;
mod allocation;
mod answer;
mod app;
mod authn;
mod authz;
mod body;
mod bootstrap;
mod call;
mod cluster;
mod component_statuses;
mod copy;
mod core;
mod debug;
mod digest;
mod discovery;
mod event_budget;
mod fairness;
mod format;
mod gateway;
mod health;
mod key_locks;
mod keys;
mod kinds;
mod kubernetes_service;
mod lines;
mod lint;
mod metrics;
mod negotiation;
mod object;
mod objects;
mod openapi;
mod query;
mod registry;
mod request;
mod reviews;
mod scale;
mod serve;
mod site;
mod subresources;
mod table;
mod tokens;
mod virtual_time;
mod watch;
mod yaml;

pub use copy::{copied_kinds, copy_into};
pub use debug::DebugPage;
pub use gateway::{NodeService, unserved};
pub use lint::LintWarnings;
pub use metrics::{MetricsSource, Used, UsedBy};
pub use site::{Audience, Site, SiteRequest, Wanted};
pub use subresources::proxy::Unreached;
pub use tokens::{InvalidKey, SigningKey};
pub use virtual_time::VirtualTime;

use futures::future::BoxFuture;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::task::{Context, Poll};
use stead_api::Status;
use stead_api::kinds::metrics::{NODE_METRICS, POD_METRICS};
use stead_api::registry::Kind;
use stead_api::time::Timestamp;

/// The Kubernetes version whose API this is.
pub const KUBERNETES_VERSION: &str = "v1.37.2";

/// Who acts for all simulated nodes at once, with the rights of any node.
pub const SIMULATED_NODES: &str = "system:stead:simulated-nodes";

/// Body of a request or response.
pub type Body = http_body_util::combinators::UnsyncBoxBody<bytes::Bytes, std::io::Error>;

/// Who sends a request; put into the request's extensions by whoever accepted it. A request without one is anonymous.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Identity {
    pub user: String,
    pub groups: Vec<String>,
    /// Of the user, where there is one.
    pub uid: String,
    /// What else is known of it.
    pub extra: BTreeMap<String, Vec<String>>,
}

/// Put there instead if the client gave credentials that do not hold: it is refused, and never anonymous (A1).
#[derive(Debug, Clone, Copy)]
pub struct InvalidCredentials;

/// In the extensions of a request: the address that its connection comes from.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub std::net::IpAddr);

/// In a response's extensions: whose request it answers. Absent where the credentials were refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnsweredTo(pub String);

impl Identity {
    /// The group that passes every authorization check.
    pub const MASTERS: &'static str = "system:masters";

    /// The group of everybody whose name is known.
    pub const AUTHENTICATED: &'static str = "system:authenticated";
    /// Nodes are of it, and named `system:node:NAME`.
    pub const NODES: &'static str = "system:nodes";
    /// The user of a controller is this and the name of its ServiceAccount.
    pub const SYSTEM_ACCOUNT: &'static str = "system:serviceaccount:kube-system:";

    /// Somebody of the group `system:masters`: the administrator.
    pub fn master(user: &str) -> Self {
        Self::of(user, &[Self::MASTERS])
    }

    /// A component of the cluster, with the groups that go with its name: those of ServiceAccounts, or of nodes.
    pub fn component(user: &str) -> Self {
        let account = user.strip_prefix("system:serviceaccount:").and_then(|account| account.split_once(':'));
        match account {
            Some((namespace, _)) => Self::of(user, &["system:serviceaccounts", &format!("system:serviceaccounts:{namespace}")]),
            None if user.starts_with("system:node:") => Self::of(user, &[Self::NODES]),
            None => Self::of(user, &[]),
        }
    }

    fn of(user: &str, groups: &[&str]) -> Self {
        let groups = groups.iter().chain(&[Self::AUTHENTICATED]).map(|group| (*group).to_owned()).collect();
        Self { user: user.to_owned(), groups, ..Self::default() }
    }
}

/// Time and chance, injected so that a simulation can own them.
pub trait Environment: std::fmt::Debug + Send + Sync {
    fn now(&self) -> Timestamp;
    /// A version 4 UUID as text.
    fn uid(&self) -> String;
    /// A uniformly random number below `below`.
    fn random(&self, below: u64) -> u64;
    /// The end of a generated name (W3), of so many characters.
    fn suffix(&self, n: usize) -> String {
        (0..n).map(|_| char::from(SUFFIX[usize::try_from(self.random(SUFFIX.len() as u64)).unwrap_or(0)])).collect()
    }
    /// Completes after so many milliseconds. Used for watch timeouts, bookmarks, waiting lists and bodies that do not come,
    /// never on the way of a write that is there.
    fn sleep(&self, millis: u64) -> BoxFuture<'static, ()>;
    /// Completes when a write has waited long enough for what another component makes meanwhile; at once where nothing happens meanwhile.
    fn patience(&self) -> BoxFuture<'static, ()> {
        self.sleep(PATIENCE_MS)
    }
}

/// Letters and digits of generated names (W3): no vowels, nothing easily confused.
const SUFFIX: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

/// How long a write waits for another component, in milliseconds: a little longer than upstream's plugins, so that a slow machine does not matter.
const PATIENCE_MS: u64 = 3_000;

/// What the server is made of.
#[derive(Debug, Clone)]
pub struct Config {
    pub store: stead_store::Store,
    pub environment: Arc<dyn Environment>,
    /// Service addresses, e.g. `10.43.0.0/16`; its first address belongs to the Service `kubernetes`.
    pub service_cidr: String,
    /// `https://HOST:PORT` as clients know it.
    pub advertise: String,
    /// Signs the tokens of service accounts.
    pub token_key: Arc<SigningKey>,
    /// Who says so in them, a URL; and whom those are for that name nobody.
    pub token_issuer: String,
    /// Objects outside of namespaces that a new cluster begins with. Who deletes one is not given it again.
    pub first_objects: Vec<stead_api::Value>,
}

/// The API server. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Server {
    core: Arc<core::Core>,
}

impl Server {
    /// Makes the server and the objects that every cluster has (NS1): the four namespaces and the Service `kubernetes`.
    /// Without a runtime it completes at the first polls if the store is in memory.
    pub async fn new(config: Config) -> Result<Self, Status> {
        let ranges = allocation::parse_ranges(&config.service_cidr)?;
        let core = Arc::new(core::Core {
            cluster: cluster::Cluster::new(config.store, config.environment, ranges),
            admission: admission::Admission::default(),
            authorization: authz::Index::default(),
            references: authz::node::References::default(),
            fairness: fairness::Fairness::default(),
            gateway: gateway::Gateway::default(),
            debug: debug::DebugPages::default(),
            site: site::Registered::default(),
            documents: openapi::Documents::default(),
            lines: lines::Lines::default(),
            lint: lint::Setting::default(),
            metrics: metrics::Metrics::default(),
            advertise: config.advertise,
            reached: kubernetes_service::Reached::default(),
            tokens: tokens::Tokens { key: config.token_key, issuer: config.token_issuer },
        });
        bootstrap::run(&core, config.first_objects).await?;
        Ok(Self { core })
    }

    /// Says in the Endpoints and the EndpointSlice of the Service `kubernetes` that pods reach this server there, from now on.
    pub async fn publish(&self, addresses: Vec<SocketAddr>) -> Result<(), Status> {
        self.core.reached.set(addresses);
        kubernetes_service::repair(&self.core).await
    }

    /// Whether `kubectl` is warned of StatefulSets that will not do what was meant, from now on; it is, until this is called.
    pub fn set_lint_warnings(&self, warnings: LintWarnings) {
        self.core.lint.set(warnings);
    }

    /// Gives these addresses to no Service but this one (`NAMESPACE/NAME`) from now on. One that has them already keeps them.
    pub fn reserve(&self, service: &str, addresses: &[IpAddr]) {
        self.core.allocations.reserve(service, addresses);
    }

    /// Looks after the objects that every cluster has and removes Events whose hour has passed, for as long as it is polled. It has
    /// no end; without it deleted ones of those objects stay away, and old Events go when others are written.
    pub async fn maintain(&self) {
        bootstrap::maintain(&self.core).await;
    }

    /// Serves a kind from now on, or serves it differently.
    pub fn set_kind(&self, kind: Kind) {
        self.core.kinds.set(kind);
    }

    /// Serves a kind no longer; built-in ones stay. Its objects stay in the store.
    pub fn remove_kind(&self, kind: &Kind) {
        self.core.kinds.remove(kind);
    }

    /// Sends what belongs to a node (logs, exec, attach, port-forward) to that service from now on.
    pub fn register_node(&self, node: &str, service: NodeService) {
        self.core.gateway.register(node, service);
    }

    /// Sends nothing to a node any more: it answers that it is not served.
    pub fn forget_node(&self, node: &str) {
        self.core.gateway.forget(node);
    }

    /// Sends what `proxy` paths of pods and Services ask for to `service` from now on; its requests have absolute URIs. It says in an
    /// extension of the response, [`Unreached`], that nobody answered.
    pub fn register_outbound(&self, service: NodeService) {
        self.core.gateway.set_outbound(service);
    }

    /// Serves the metrics API from now on, with the numbers of that source.
    pub fn serve_metrics(&self, source: Arc<dyn MetricsSource>) {
        self.core.metrics.set(source);
        self.set_kind(NODE_METRICS.clone());
        self.set_kind(POD_METRICS.clone());
    }

    /// Answers GET of `/debug/PATH` with that page from now on, to those who may do everything.
    pub fn register_debug_page(&self, path: &str, page: DebugPage) {
        self.core.debug.register(path, page);
    }

    /// Lets that site answer below `/ui` from now on, and say whose its sessions are. There is one at most: the first stays.
    pub fn register_site(&self, site: Arc<dyn Site>) {
        self.core.site.set(site);
    }

    /// A service for one connection or client.
    pub fn service(&self) -> Service {
        Service { core: self.core.clone() }
    }
}

/// Answers requests; every clone is equal.
#[derive(Debug, Clone)]
pub struct Service {
    core: Arc<core::Core>,
}

impl tower::Service<http::Request<Body>> for Service {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let core = self.core.clone();
        Box::pin(async move { Ok(app::handle(core, request).await) })
    }
}
