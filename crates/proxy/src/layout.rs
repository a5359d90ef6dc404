//! The table's fixed part: its sets, its chains, and the chains that spread connections over a number of endpoints. Pure.
//!
//! ```text
//!  prerouting, output ─▶ services ─▶ services4 ── by address, protocol, port (service-ips4) ─▶ cluster-ip4-N │ external4-N │ ...
//!        who the sender is to become (a mark), one of N by chance ─▶ dnat to what endpoints4 has for it
//!                                                                       postrouting: the mark, and who asked himself
//! ```
//!
//! There is no chain for a Service, only one for each number of endpoints: what differs between Services is elements of maps, so that a change
//! is some elements more or less. Where clients keep their endpoints, a port has a chain of its own. The same with 4 and 6 in their names. No
//! map with chains lies behind another: the kernel walks every way through them whenever one changes. And no key is made of what a map gives:
//! the `nft` program ends at such rules.

use crate::range::AddressRange;
use sha2::{Digest, Sha256};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use stead_netfilter::{Base, Chain, Datum, Element, Family, Field, Hook, Reject, Rule, Set, SetRef, Statement, Term, Test, Type};

/// The bit of a packet's mark that says that its sender is to become the machine; as kube-proxy has it.
pub const MASQUERADE_MARK: u32 = 0x4000;
/// Clients that are remembered, in each family.
const CLIENTS_MAX: u32 = 1 << 18;

/// What the table is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    pub table: String,
    /// What the names of the links of this server's pods begin with, and those of every server's.
    pub links: String,
    pub all_links: String,
    /// The addresses of all pods of the cluster.
    pub pod_ranges: Vec<AddressRange>,
}

/// The sets of one family, in the order in which they are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Name {
    /// Address, protocol and port to the chain of a [`Way`].
    ServiceIps,
    ClusterIps,
    /// Address, protocol, port and number to an address and port.
    Endpoints,
    /// The same of this node's alone.
    LocalEndpoints,
    /// Client, endpoint and the hash of a Service's port.
    Affinity,
    /// Endpoints of this node that may come to themselves.
    Hairpins,
}

impl Name {
    pub const ALL: [Name; 6] = [Name::ServiceIps, Name::ClusterIps, Name::Endpoints, Name::LocalEndpoints, Name::Affinity, Name::Hairpins];

    fn stem(self) -> &'static str {
        match self {
            Name::ServiceIps => "service-ips",
            Name::ClusterIps => "cluster-ips",
            Name::Endpoints => "endpoints",
            Name::LocalEndpoints => "local-endpoints",
            Name::Affinity => "affinity",
            Name::Hairpins => "hairpins",
        }
    }

    pub fn of(self, family: Family) -> String {
        named(self.stem(), family)
    }

    pub fn set(self, family: Family) -> Set {
        use Type::{Number, Port, Protocol};
        let (name, address) = (self.of(family), family.address());
        match self {
            Name::ServiceIps => Set::verdict_map(name, &[address, Protocol, Port]),
            Name::ClusterIps => Set::new(name, &[address]),
            Name::Endpoints | Name::LocalEndpoints => Set::map(name, &[address, Protocol, Port, Number], &[address, Port]),
            Name::Affinity => Set::new(name, &[address, address, Port, Number, Number]).with_timeouts(CLIENTS_MAX),
            Name::Hairpins => Set::new(name, &[address, address]),
        }
    }
}

/// Which endpoints of a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    Cluster,
    Local,
}

/// What to do with the sender of what comes to an address of a Service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Entry {
    ClusterIp(Scope),
    External(Scope),
    /// As external, but only for some senders.
    Firewalled(Scope),
}

/// Where what comes in goes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Goal {
    /// Nobody has endpoints (SVC-7).
    Refused,
    /// Others have (SVC-6).
    Lost,
    /// To one of so many.
    Spread(u32),
    /// To whom the client had last (SVC-8).
    Sticky(Sticky),
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sticky {
    /// The hash of the Service's port.
    pub id: [u32; 2],
    pub affinity_s: u32,
    pub endpoints: Vec<SocketAddr>,
}

/// For the name of a chain of what it is made.
fn hash(what: &impl std::fmt::Debug) -> String {
    let hash = Sha256::digest(format!("{what:?}"));
    hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

impl Goal {
    fn name(&self) -> String {
        match self {
            Goal::Refused => "none".to_owned(),
            Goal::Lost => "elsewhere".to_owned(),
            Goal::Spread(count) => count.to_string(),
            Goal::Sticky(sticky) => {
                format!("sticky-{}", hash(sticky))
            }
        }
    }
}

/// The whole way of what comes to an address: a chain. Many Services share one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Way {
    pub family: Family,
    pub entry: Entry,
    /// Whom it is for, if it is [`Entry::Firewalled`].
    pub sources: Vec<AddressRange>,
    pub cluster: Goal,
    /// `None`: all endpoints alike.
    pub local: Option<Goal>,
}

fn named(stem: &str, family: Family) -> String {
    format!("{stem}{}", if family == Family::Ipv4 { 4 } else { 6 })
}

fn rule(statements: impl Into<Vec<Statement>>) -> Rule {
    Rule(statements.into())
}

fn address_and_port(family: Family) -> Vec<Term> {
    vec![Field::Destination(family).into(), Field::Protocol.into(), Field::DestinationPort.into()]
}

fn set(name: Name, family: Family) -> SetRef {
    SetRef::Named(name.of(family))
}

fn mark() -> Statement {
    Statement::SetMark { mask: MASQUERADE_MARK, value: MASQUERADE_MARK }
}

/// All sets, in the order in which they can be made.
pub fn sets() -> Vec<Set> {
    Family::ALL.into_iter().flat_map(|family| Name::ALL.map(|name| name.set(family))).collect()
}

/// All chains that are always there, each after those that it names.
pub fn chains(settings: &Settings) -> Vec<Chain> {
    let mut chains: Vec<Chain> = Family::ALL.map(services_chain).to_vec();
    let by_family = |family| {
        let is = Statement::is(Field::Family, Datum::Family(family));
        rule([is, Statement::goto(named("services", family))])
    };
    chains.push(Chain::new("services", Family::ALL.map(by_family).to_vec()));
    let ours = Statement::Match(Field::InputName, Test::BeginsWith(settings.links.clone()));
    let others = Statement::Match(Field::InputName, Test::BeginsWith(settings.all_links.clone()));
    let is_of_pod = Statement::is(Field::InputKind, Datum::Interface("veth".into()));
    let prerouting = vec![
        rule([ours, Statement::goto("services")]),
        // Pods of other servers on this machine have Services of their own.
        rule([others, is_of_pod, Statement::leave()]),
        rule([Statement::goto("services")]),
    ];
    chains.push(Chain::at("nat-prerouting", Base::nat(Hook::Prerouting, -100), prerouting));
    chains.push(Chain::at("nat-output", Base::nat(Hook::Output, -100), vec![rule([Statement::goto("services")])]));
    let hairpin = |family| {
        let is = Statement::is(Field::Family, Datum::Family(family));
        let pair = vec![Field::Source(family).into(), Field::Destination(family).into()];
        rule([is, Statement::In(pair, set(Name::Hairpins, family)), Statement::Masquerade])
    };
    let mut postrouting = Family::ALL.map(|family| own_process(family, &settings.links)).to_vec();
    postrouting.push(rule([marked(), clear(), Statement::Masquerade]));
    postrouting.extend(Family::ALL.map(hairpin));
    chains.push(Chain::at("nat-postrouting", Base::nat(Hook::Postrouting, 100), postrouting));
    chains
}

fn marked() -> Statement {
    Statement::Match(Field::Mark, Test::HasAny(MASQUERADE_MARK))
}

fn clear() -> Statement {
    Statement::SetMark { mask: MASQUERADE_MARK, value: 0 }
}

/// The machine's own processes need no other address towards its own pods, whose way back is the machine anyhow, unless theirs is one that
/// means everybody himself (SVC-11).
fn own_process(family: Family, links: &str) -> Rule {
    let (loopback, bits): (IpAddr, u8) = match family {
        Family::Ipv4 => (Ipv4Addr::new(127, 0, 0, 0).into(), 8),
        Family::Ipv6 => (Ipv6Addr::LOCALHOST.into(), 128),
    };
    rule([
        marked(),
        Statement::is(Field::Family, Datum::Family(family)),
        Statement::Match(Field::OutputName, Test::BeginsWith(links.to_owned())),
        Statement::Match(Field::Source(family), Test::NotWithin(loopback, bits)),
        Statement::is(Field::SourceRoute, Datum::Number(Field::LOCAL)),
        clear(),
        Statement::leave(),
    ])
}

/// What comes to a Service at all.
fn services_chain(family: Family) -> Chain {
    let rules = vec![
        rule([Statement::VerdictMap(address_and_port(family), set(Name::ServiceIps, family))]),
        // NFT-11
        rule([
            Statement::In(vec![Field::Destination(family).into()], set(Name::ClusterIps, family)),
            Statement::Reject(Reject::PortUnreachable),
        ]),
    ];
    Chain::new(named("services", family), rules)
}

impl Way {
    pub fn name(&self) -> String {
        let (stem, scope) = match self.entry {
            Entry::ClusterIp(scope) => ("cluster-ip", scope),
            Entry::External(scope) => ("external", scope),
            Entry::Firewalled(scope) => ("firewall", scope),
        };
        let local = if scope == Scope::Local { "local-" } else { "" };
        let mut parts: Vec<String> = self.goals().into_iter().map(Goal::name).collect();
        if let Entry::Firewalled(_) = self.entry {
            parts.push(hash(&self.sources));
        }
        format!("{local}{}-{}", named(stem, self.family), parts.join("-"))
    }

    /// Where senders go on that it is for.
    pub fn without_sources(&self) -> Option<Way> {
        let Entry::Firewalled(scope) = self.entry else { return None };
        Some(Way { entry: Entry::External(scope), sources: Vec::new(), ..self.clone() })
    }

    fn goals(&self) -> Vec<&Goal> {
        match (&self.local, self.entry) {
            (Some(local), Entry::ClusterIp(_)) => vec![local],
            (Some(local), _) => vec![&self.cluster, local],
            (None, _) => vec![&self.cluster],
        }
    }

    pub fn chain(&self, settings: &Settings) -> Chain {
        let family = self.family;
        let pods = settings.pod_ranges.iter().find(|range| Family::of(range.address) == family);
        let mut rules = Vec::new();
        if let Some(open) = self.without_sources() {
            for source in &self.sources {
                let is_source = Statement::Match(Field::Source(family), Test::Within(source.address, source.bits));
                rules.push(rule([is_source, Statement::goto(open.name())]));
            }
            rules.push(rule([Statement::drop()]));
            return Chain::new(self.name(), rules);
        }
        match (&self.local, self.entry) {
            (local, Entry::ClusterIp(_)) => {
                // SVC-11
                rules.extend(
                    pods.map(|range| rule([Statement::Match(Field::Source(family), Test::NotWithin(range.address, range.bits)), mark()])),
                );
                match local {
                    None => goal_rules(&mut rules, family, &self.cluster, Scope::Cluster, &[]),
                    Some(local) => goal_rules(&mut rules, family, local, Scope::Local, &[]),
                }
            }
            (None, _) => {
                rules.push(rule([mark()]));
                goal_rules(&mut rules, family, &self.cluster, Scope::Cluster, &[]);
            }
            (Some(local), _) => {
                // NFT-8: pods and the node itself reach all endpoints even by addresses whose traffic stays on the node.
                if let Some(range) = pods {
                    let of_pod = Statement::Match(Field::Source(family), Test::Within(range.address, range.bits));
                    goal_rules(&mut rules, family, &self.cluster, Scope::Cluster, &[of_pod]);
                }
                let of_machine = Statement::is(Field::SourceRoute, Datum::Number(Field::LOCAL));
                rules.push(rule([of_machine.clone(), mark()]));
                goal_rules(&mut rules, family, &self.cluster, Scope::Cluster, &[of_machine]);
                goal_rules(&mut rules, family, local, Scope::Local, &[]);
            }
        }
        Chain::new(self.name(), rules)
    }
}

/// Rules that decide, of what `only` holds for.
fn goal_rules(rules: &mut Vec<Rule>, family: Family, goal: &Goal, scope: Scope, only: &[Statement]) {
    let mut push = |statements: Vec<Statement>| rules.push(Rule(only.iter().cloned().chain(statements).collect()));
    match goal {
        Goal::Refused => push(vec![Statement::Reject(Reject::PortUnreachable)]),
        Goal::Lost => push(vec![Statement::drop()]),
        Goal::Spread(count) => {
            let name = if scope == Scope::Local { Name::LocalEndpoints } else { Name::Endpoints };
            let pick = |number: Term| {
                let key = address_and_port(family).into_iter().chain([number]).collect();
                Statement::Dnat(family, vec![Term::Map { key, map: name.of(family), value: vec![family.address(), Type::Port] }])
            };
            let first = Term::Constant(Datum::Number(0));
            if *count > 1 {
                push(vec![pick(Term::Random(*count))]);
            }
            // Between two looks at the maps one may have gone.
            push(vec![pick(first)]);
        }
        Goal::Sticky(sticky) => {
            let to = |endpoint: &SocketAddr| [Term::Constant(endpoint.ip().into()), Term::Constant(Datum::Port(endpoint.port()))];
            let key = |endpoint: &SocketAddr| -> Vec<Term> {
                let id = sticky.id.map(|word| Term::Constant(Datum::Number(word)));
                [Field::Source(family).into()].into_iter().chain(to(endpoint)).chain(id).collect()
            };
            let go = |endpoint: &SocketAddr| {
                let timeout_ms = u64::from(sticky.affinity_s) * 1000;
                let remember = Statement::Update { set: Name::Affinity.of(family), key: key(endpoint), value: Vec::new(), timeout_ms };
                [remember, Statement::Dnat(family, to(endpoint).to_vec())]
            };
            for endpoint in &sticky.endpoints {
                push([Statement::In(key(endpoint), set(Name::Affinity, family))].into_iter().chain(go(endpoint)).collect());
            }
            // Each takes its part of what those before it left.
            for (endpoint, left) in sticky.endpoints.iter().zip((1..=u32::try_from(sticky.endpoints.len()).unwrap_or(u32::MAX)).rev()) {
                let chance = Statement::In(vec![Term::Random(left)], SetRef::Inline(vec![Element::new(&[Datum::Number(0)])]));
                push(if left > 1 { [chance].into_iter().chain(go(endpoint)).collect() } else { go(endpoint).to_vec() });
            }
            // Where no client can be remembered any more.
            if let Some(endpoint) = sticky.endpoints.first() {
                push(vec![Statement::Dnat(family, to(endpoint).to_vec())]);
            }
        }
    }
}
