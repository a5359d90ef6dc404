//! The table's fixed part: its sets, its chains, and the chains that spread connections over a number of endpoints. Pure.
//!
//! ```text
//!  prerouting, output ─▶ services ─▶ services4 ── by address, protocol, port (entries4) ─▶ cluster-ip4 │ external4 │ ...
//!        who the sender is to become (a mark) ─▶ endpoints4 │ local-endpoints4 ── by how many there are (groups4) ─▶ spread4-N
//!        one of N by chance ─▶ dnat to what endpoints4 has for it           postrouting: the mark, and who asked himself
//! ```
//!
//! There is no chain for a Service: what differs between Services is elements of maps, so that a change is some elements more or less. The
//! same with 4 and 6 in their names. Maps of Services have numbers for values and never chains: whenever a map with chains changes, the kernel
//! walks every way that leads through it, which for one such map behind another would be their product.

use crate::range::AddressRange;
use stead_netfilter::{Base, Chain, Datum, Decision, Element, Family, Field, Hook, Reject, Rule, Set, SetRef, Statement, Term, Test, Type};

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
    /// Address, protocol and port to the number of what is to be done with the sender: an [`Entry`].
    Entries,
    /// The same to the id of the Service's port.
    ServiceIds,
    ClusterIps,
    /// Id and scope to how many endpoints there are, and for how long a client keeps its own.
    Groups,
    /// These and scope to the chain that spreads over so many.
    Spreads,
    /// Id, scope and number to an address and port.
    Endpoints,
    /// Id, scope and endpoint, of those with affinity: whom a client may still have.
    StickyEndpoints,
    /// Id and client to its endpoint.
    Affinity,
    /// Id and senders that may use the load balancer's addresses.
    SourceRanges,
    /// Endpoints of this node that may come to themselves.
    Hairpins,
}

impl Name {
    pub const ALL: [Name; 10] = [
        Name::Entries,
        Name::ServiceIds,
        Name::ClusterIps,
        Name::Groups,
        Name::Spreads,
        Name::Endpoints,
        Name::StickyEndpoints,
        Name::Affinity,
        Name::SourceRanges,
        Name::Hairpins,
    ];

    fn stem(self) -> &'static str {
        match self {
            Name::Entries => "entries",
            Name::ServiceIds => "service-ids",
            Name::ClusterIps => "cluster-ips",
            Name::Groups => "groups",
            Name::Spreads => "spreads",
            Name::Endpoints => "endpoints",
            Name::StickyEndpoints => "sticky-endpoints",
            Name::Affinity => "affinity",
            Name::SourceRanges => "source-ranges",
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
            Name::Entries => Set::map(name, &[address, Protocol, Port], &[Number]),
            Name::ServiceIds => Set::map(name, &[address, Protocol, Port], &[Number, Number]),
            Name::ClusterIps => Set::new(name, &[address]),
            Name::Groups => Set::map(name, &[Number, Number, Number], &[Number, Number]),
            Name::Spreads => Set::verdict_map(name, &[Number, Number, Number]),
            Name::Endpoints => Set::map(name, &[Number, Number, Number, Number], &[address, Port]),
            Name::StickyEndpoints => Set::new(name, &[Number, Number, Number, address, Port]),
            Name::Affinity => Set::map(name, &[Number, Number, address], &[address, Port]).with_timeouts(CLIENTS_MAX),
            Name::SourceRanges => Set::new(name, &[Number, Number, address]).with_intervals(),
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

impl Scope {
    pub fn datum(self) -> Datum {
        Datum::Number(match self {
            Scope::Cluster => 0,
            Scope::Local => 1,
        })
    }

    fn stem(self) -> &'static str {
        match self {
            Scope::Cluster => "",
            Scope::Local => "local-",
        }
    }
}

/// What to do with the sender of what comes to an address of a Service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    ClusterIp(Scope),
    External(Scope),
    /// Only for the sources of the load balancer.
    Firewalled(Scope),
}

impl Entry {
    /// The number of each in the map of entries is its place. Where a Service wants an address in two ways, the first counts.
    const ALL: [Entry; 6] = [
        Entry::Firewalled(Scope::Cluster),
        Entry::Firewalled(Scope::Local),
        Entry::ClusterIp(Scope::Cluster),
        Entry::ClusterIp(Scope::Local),
        Entry::External(Scope::Cluster),
        Entry::External(Scope::Local),
    ];

    pub fn datum(self) -> Datum {
        let place = Entry::ALL.iter().position(|entry| *entry == self);
        Datum::Number(place.and_then(|place| u32::try_from(place).ok()).expect("all entries are in the list"))
    }

    pub fn chain(self, family: Family) -> String {
        let (stem, scope) = match self {
            Entry::ClusterIp(scope) => ("cluster-ip", scope),
            Entry::External(scope) => ("external", scope),
            Entry::Firewalled(scope) => ("firewall", scope),
        };
        format!("{}{}", scope.stem(), named(stem, family))
    }
}

fn named(stem: &str, family: Family) -> String {
    format!("{stem}{}", if family == Family::Ipv4 { 4 } else { 6 })
}

fn rule(statements: impl Into<Vec<Statement>>) -> Rule {
    Rule(statements.into())
}

fn map(key: Vec<Term>, name: Name, family: Family) -> Term {
    let value = match name.set(family).kind {
        stead_netfilter::SetKind::Map(value) => value,
        _ => Vec::new(),
    };
    Term::Map { key, map: name.of(family), value }
}

fn address_and_port(family: Family) -> Vec<Term> {
    vec![Field::Destination(family).into(), Field::Protocol.into(), Field::DestinationPort.into()]
}

/// The id of the port that the packet goes to.
fn id(family: Family) -> Term {
    map(address_and_port(family), Name::ServiceIds, family)
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

/// What leads to nowhere, where others have endpoints.
pub fn dead_ends() -> impl Iterator<Item = (Family, Element)> {
    let dead_end = |scope: Scope| Element::new(&[Datum::Number(0), Datum::Number(0), scope.datum()]).verdict(Decision::Drop);
    Family::ALL.into_iter().flat_map(move |family| [Scope::Cluster, Scope::Local].map(|scope| (family, dead_end(scope))))
}

/// All chains that are always there, each after those that it names.
pub fn chains(settings: &Settings) -> Vec<Chain> {
    let mut chains: Vec<Chain> = Family::ALL.into_iter().flat_map(|family| family_chains(settings, family)).collect();
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
    let clear = Statement::SetMark { mask: MASQUERADE_MARK, value: 0 };
    let mut postrouting = vec![rule([Statement::Match(Field::Mark, Test::HasAny(MASQUERADE_MARK)), clear, Statement::Masquerade])];
    postrouting.extend(Family::ALL.map(hairpin));
    chains.push(Chain::at("nat-postrouting", Base::nat(Hook::Postrouting, 100), postrouting));
    chains
}

fn family_chains(settings: &Settings, family: Family) -> Vec<Chain> {
    let groups = |scope: Scope| {
        let group = map(vec![id(family), Term::Constant(scope.datum())], Name::Groups, family);
        let find = Statement::VerdictMap(vec![group, Term::Constant(scope.datum())], set(Name::Spreads, family));
        // SVC-7
        Chain::new(
            format!("{}{}", scope.stem(), named("endpoints", family)),
            vec![rule([find]), rule([Statement::Reject(Reject::PortUnreachable)])],
        )
    };
    let to_group = |scope: Scope| Statement::goto(format!("{}{}", scope.stem(), named("endpoints", family)));
    let pods = settings.pod_ranges.iter().find(|range| Family::of(range.address) == family);
    let chain = |entry: Entry, rules| Chain::new(entry.chain(family), rules);
    let cluster_ip = |scope: Scope| {
        // SVC-11
        let not_of_pod =
            pods.map(|range| rule([Statement::Match(Field::Source(family), Test::NotWithin(range.address, range.bits)), mark()]));
        chain(Entry::ClusterIp(scope), not_of_pod.into_iter().chain([rule([to_group(scope)])]).collect())
    };
    let mut local = Vec::new();
    if let Some(range) = pods {
        let of_pod = Statement::Match(Field::Source(family), Test::Within(range.address, range.bits));
        local.push(rule([of_pod, to_group(Scope::Cluster)]));
    }
    let of_machine = Statement::is(Field::SourceRoute, Datum::Number(Field::LOCAL));
    local.push(rule([of_machine, mark(), to_group(Scope::Cluster)]));
    local.push(rule([to_group(Scope::Local)]));
    let firewall = |scope: Scope| {
        let unlisted = Statement::NotIn(vec![id(family), Field::Source(family).into()], set(Name::SourceRanges, family));
        let rules = vec![rule([unlisted, Statement::drop()]), rule([Statement::goto(Entry::External(scope).chain(family))])];
        chain(Entry::Firewalled(scope), rules)
    };
    let entry = |entry: Entry| Element::new(&[entry.datum()]).verdict(Decision::Goto(entry.chain(family)));
    let entries = SetRef::Inline(Entry::ALL.map(entry).to_vec());
    let services = vec![
        rule([Statement::VerdictMap(vec![map(address_and_port(family), Name::Entries, family)], entries)]),
        // NFT-11
        rule([
            Statement::In(vec![Field::Destination(family).into()], set(Name::ClusterIps, family)),
            Statement::Reject(Reject::PortUnreachable),
        ]),
    ];
    vec![
        groups(Scope::Cluster),
        groups(Scope::Local),
        cluster_ip(Scope::Cluster),
        cluster_ip(Scope::Local),
        chain(Entry::External(Scope::Cluster), vec![rule([mark(), to_group(Scope::Cluster)])]),
        // NFT-8
        chain(Entry::External(Scope::Local), local),
        firewall(Scope::Cluster),
        firewall(Scope::Local),
        Chain::new(named("services", family), services),
    ]
}

/// How connections to a port go to its endpoints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Spread {
    pub family: Family,
    pub is_local: bool,
    pub count: u32,
    /// Seconds, 0: none.
    pub affinity_s: u32,
}

impl Spread {
    pub fn name(self) -> String {
        let Spread { family, count, affinity_s, .. } = self;
        let local = self.scope().stem();
        match affinity_s {
            0 => format!("{local}{}-{count}", named("spread", family)),
            _ => format!("{local}{}-{count}-{affinity_s}s", named("sticky", family)),
        }
    }

    /// What leads to its chain.
    pub fn element(self) -> Element {
        let key = [Datum::Number(self.count), Datum::Number(self.affinity_s), self.scope().datum()];
        Element::new(&key).verdict(Decision::Goto(self.name()))
    }

    fn scope(self) -> Scope {
        if self.is_local { Scope::Local } else { Scope::Cluster }
    }

    pub fn chain(self) -> Chain {
        let family = self.family;
        let scope = Term::Constant(self.scope().datum());
        let pick = |number: Term| map(vec![id(family), scope.clone(), number], Name::Endpoints, family);
        let to = |term: Term| Statement::Dnat(family, vec![term]);
        let first = Term::Constant(Datum::Number(0));
        let any = if self.count > 1 { Term::Random(self.count) } else { first.clone() };
        let mut rules = Vec::new();
        if self.affinity_s > 0 {
            let client = || vec![id(family), Field::Source(family).into()];
            let own = || map(client(), Name::Affinity, family);
            let affinity = || Name::Affinity.of(family);
            let timeout_ms = u64::from(self.affinity_s) * 1000;
            let is_there = Statement::In(vec![id(family), scope.clone(), own()], set(Name::StickyEndpoints, family));
            let refresh = Statement::Update { set: affinity(), key: client(), value: vec![own()], timeout_ms };
            // SVC-8: whom the client has, as long as it is there; else another one, from now on.
            rules.push(rule([is_there, refresh, to(own())]));
            rules.push(rule([Statement::Remove { set: affinity(), key: client(), value: vec![own()] }]));
            rules.push(rule([Statement::Update { set: affinity(), key: client(), value: vec![pick(any.clone())], timeout_ms }]));
            rules.push(rule([to(own())]));
        }
        rules.push(rule([to(pick(any))]));
        if self.count > 1 {
            // Between two looks at the maps one may have gone.
            rules.push(rule([to(pick(first))]));
        }
        Chain::new(self.name(), rules)
    }
}
