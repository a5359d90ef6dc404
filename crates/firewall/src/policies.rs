//! NetworkPolicies as rules: a chain for each policy and way, which lets through what the policy allows, and a chain for each pod that some
//! policy is for, which asks those of its policies and drops the rest. Pure.
//!
//! ```text
//!   forward ──▶ pod-egress  ──sender's address──▶ accept | pod-out-UID ──▶ pod-policy-out-... (accept) ... drop
//!   forward ──▶ pod-ingress ──receiver's address─▶ accept | pod-in-UID  ──▶ pod-policy-in-...  (accept) ... drop
//! ```
//!
//! Both are asked after Services have chosen an endpoint, and before a sender is masqueraded: policies see who speaks with whom in truth.
//! An address of a link of ours that has no verdict yet is dropped. Packets between a pod and its own node are not forwarded, so they are not
//! judged. What was let through goes on: a connection is judged by its first packet.

use crate::content::{Content, rule};
use crate::object::{Name, Peer, Pod, Policy, Ports, Protocol, Rule};
use crate::world::{Sandbox, World};
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::net::IpAddr;
use stead_netfilter::{Base, Chain, Datum, Decision, Element, Family, Field, Hook, Set, SetRef, Statement, Term, Test, Type};

/// Hexadecimal digits of a hash in a name.
const DIGITS: usize = 16;
/// Of a name that is only there to be read.
const SHOWN_MAX: usize = 64;
/// Behind Services' choice (-100), where filters usually are; what comes in is asked after what goes out.
const EGRESS_PRIORITY: i32 = 0;
const INGRESS_PRIORITY: i32 = 1;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    In,
    Out,
}

impl Way {
    const BOTH: [Way; 2] = [Way::In, Way::Out];

    fn name(self) -> &'static str {
        match self {
            Way::In => "in",
            Way::Out => "out",
        }
    }

    /// The base chain and the beginning of its maps' names.
    fn chain(self) -> &'static str {
        match self {
            Way::In => "pod-ingress",
            Way::Out => "pod-egress",
        }
    }

    fn priority(self) -> i32 {
        match self {
            Way::In => INGRESS_PRIORITY,
            Way::Out => EGRESS_PRIORITY,
        }
    }

    fn link(self) -> Field {
        match self {
            Way::In => Field::OutputName,
            Way::Out => Field::InputName,
        }
    }

    /// The pod's own address in a packet.
    fn own(self, family: Family) -> Field {
        match self {
            Way::In => Field::Destination(family),
            Way::Out => Field::Source(family),
        }
    }

    fn others(self, family: Family) -> Field {
        match self {
            Way::In => Field::Source(family),
            Way::Out => Field::Destination(family),
        }
    }

    fn rules(self, policy: &Policy) -> Option<&[Rule]> {
        match self {
            Way::In => policy.ingress.as_deref(),
            Way::Out => policy.egress.as_deref(),
        }
    }
}

/// Adds what NetworkPolicies ask for.
pub fn add(content: &mut Content, world: &World) {
    for way in Way::BOTH {
        content.chain(base(way, &world.place.links));
        Family::ALL.into_iter().for_each(|family| content.set(verdicts(way, family), []));
        for (sandbox, pod) in world.local() {
            let verdict = judge(content, world, way, sandbox, pod);
            for address in &sandbox.addresses {
                let element = Element::new(&[(*address).into()]).verdict(verdict.clone());
                content.set(verdicts(way, Family::of(*address)), [element]);
            }
        }
    }
}

fn base(way: Way, links: &str) -> Chain {
    let settled = Test::HasAny(Field::ESTABLISHED | Field::RELATED);
    let mut rules = vec![
        rule([Statement::Match(Field::ConnectionState, settled), Statement::accept()]),
        rule([Statement::Match(way.link(), Test::NotBeginsWith(links.to_owned())), Statement::accept()]),
    ];
    rules.extend(Family::ALL.map(|family| {
        let verdicts = SetRef::Named(verdicts(way, family).name);
        rule([of(family), Statement::VerdictMap(vec![way.own(family).into()], verdicts)])
    }));
    rules.push(rule([Statement::drop()]));
    Chain::at(way.chain(), Base::filter(Hook::Forward, way.priority()), rules)
}

fn verdicts(way: Way, family: Family) -> Set {
    Set::verdict_map(format!("{}-{}", way.chain(), short(family)), &[family.address()])
}

pub fn short(family: Family) -> &'static str {
    match family {
        Family::Ipv4 => "ip4",
        Family::Ipv6 => "ip6",
    }
}

pub fn of(family: Family) -> Statement {
    Statement::is(Field::Family, Datum::Family(family))
}

/// What becomes of a pod's packets that way.
fn judge(content: &mut Content, world: &World, way: Way, sandbox: &Sandbox, pod: &Pod) -> Decision {
    let policies: Vec<(&Policy, &[Rule])> = world.policies_of(pod).filter_map(|policy| Some((policy, way.rules(policy)?))).collect();
    if policies.is_empty() {
        return Decision::Accept;
    }
    // A pod reaches itself, whatever anybody says.
    let itself = sandbox.addresses.iter().map(|address| {
        let family = Family::of(*address);
        rule([of(family), Statement::is(way.others(family), (*address).into()), Statement::accept()])
    });
    let mut rules: Vec<_> = itself.collect();
    for (policy, allowed) in policies {
        let chain = name("pod-policy", way, &policy.name, "");
        if !content.has_chain(&chain) {
            policy_chain(content, world, way, policy, allowed, &chain);
        }
        rules.push(rule([Statement::jump(chain)]));
    }
    rules.push(rule([Statement::drop()]));
    let chain = name("pod", way, &pod.name, &pod.uid);
    content.chain(Chain::new(chain.clone(), rules));
    Decision::Goto(chain)
}

/// A name of the kernel's: short, told from others by a hash of what it is of, and readable.
fn name(kind: &str, way: Way, of: &Name, of_too: &str) -> String {
    let mut hash = Sha256::new();
    [&of.namespace, "/", &of.name, "/", of_too].iter().for_each(|part| hash.update(part));
    let mut text = format!("{kind}-{}-", way.name());
    hash.finalize().iter().take(DIGITS / 2).for_each(|byte| write!(text, "{byte:02x}").expect("writing to a string does not fail"));
    let shown: String = format!("-{}/{}", of.namespace, of.name).chars().take(SHOWN_MAX).collect();
    text + &shown
}

fn policy_chain(content: &mut Content, world: &World, way: Way, policy: &Policy, allowed: &[Rule], chain: &str) {
    let mut rules = Vec::new();
    for (n, allow) in allowed.iter().enumerate() {
        let asked = Asked { world, way, policy, allow, sets: format!("{}-{n}", name("pod-set", way, &policy.name, "")) };
        let (peers, ports) = (asked.peers(content), asked.ports());
        for (peer, port) in peers.iter().flat_map(|peer| ports.iter().map(move |port| (peer, port))) {
            rules.extend(both(peer, port));
        }
        rules.extend(asked.named(content));
    }
    content.chain(Chain::new(chain, rules));
}

/// A condition on packets of one family, or of any.
#[derive(Debug, Clone, Default)]
struct Condition {
    family: Option<Family>,
    statements: Vec<Statement>,
}

/// A rule that lets through what meets both; none if nothing can.
fn both(one: &Condition, other: &Condition) -> Option<stead_netfilter::Rule> {
    let family = match (one.family, other.family) {
        (Some(one), Some(other)) if one != other => return None,
        (one, other) => one.or(other),
    };
    let statements = family.map(of).into_iter().chain(one.statements.clone()).chain(other.statements.clone());
    Some(rule(statements.chain([Statement::accept()])))
}

/// One rule of a policy.
struct Asked<'a> {
    world: &'a World,
    way: Way,
    policy: &'a Policy,
    allow: &'a Rule,
    /// What its sets' names begin with.
    sets: String,
}

impl<'a> Asked<'a> {
    /// The pods among its peers; `None`: everybody is a peer.
    fn pods(&self) -> Option<Vec<&'a Pod>> {
        let (world, own): (&'a World, &'a str) = (self.world, &self.policy.name.namespace);
        let pods_of = |peer: &'a Peer| match peer {
            Peer::Pods { namespaces, pods } => world.peers(own, namespaces.as_ref(), pods),
            Peer::Block { .. } => Vec::new(),
        };
        (!self.allow.peers.is_empty()).then(|| self.allow.peers.iter().flat_map(pods_of).collect())
    }

    fn peers(&self, content: &mut Content) -> Vec<Condition> {
        let Some(pods) = self.pods() else { return vec![Condition::default()] };
        let mut conditions = Vec::new();
        if self.allow.peers.iter().any(|peer| matches!(peer, Peer::Pods { .. })) {
            for family in Family::ALL {
                let set = Set::new(format!("{}-{}", self.sets, short(family)), &[family.address()]);
                let of_family = pods.iter().flat_map(|pod| self.world.addresses(pod)).filter(|address| Family::of(**address) == family);
                let elements: Vec<Element> = of_family.map(|address| Element::new(&[(*address).into()])).collect();
                let statement = Statement::In(vec![self.way.others(family).into()], SetRef::Named(set.name.clone()));
                content.set(set, elements);
                conditions.push(Condition { family: Some(family), statements: vec![statement] });
            }
        }
        conditions.extend(self.allow.peers.iter().filter_map(|peer| match peer {
            Peer::Pods { .. } => None,
            Peer::Block { range, except } => {
                let family = Family::of(range.address());
                let field = self.way.others(family);
                let within = (range.prefix() > 0).then(|| Statement::Match(field, Test::Within(range.address(), range.prefix())));
                let but = except.iter().map(|but| Statement::Match(field, Test::NotWithin(but.address(), but.prefix())));
                Some(Condition { family: Some(family), statements: within.into_iter().chain(but).collect() })
            }
        }));
        conditions
    }

    /// Ports by number; those by name are a matter of single pods.
    fn ports(&self) -> Vec<Condition> {
        if self.allow.ports.is_empty() {
            return vec![Condition::default()];
        }
        let condition = |ports: &Ports| {
            let protocol = |number: Protocol| Statement::is(Field::Protocol, Datum::Protocol(number));
            let statements = match *ports {
                Ports::All(number) => vec![protocol(number)],
                Ports::Numbers(number, from, to) if from == to => {
                    vec![protocol(number), Statement::is(Field::DestinationPort, Datum::Port(from))]
                }
                Ports::Numbers(number, from, to) => {
                    let between = Test::Between(Datum::Port(from), Datum::Port(to));
                    vec![protocol(number), Statement::Match(Field::DestinationPort, between)]
                }
                Ports::Named(..) => return None,
            };
            Some(Condition { family: None, statements })
        };
        self.allow.ports.iter().filter_map(condition).collect()
    }

    /// Ports by name are those of whoever receives: of the policy's pods, or of its peers. A block of addresses has no names.
    fn named(&self, content: &mut Content) -> Vec<stead_netfilter::Rule> {
        let wanted: Vec<(Protocol, &str)> = self.allow.ports.iter().filter_map(named).collect();
        if wanted.is_empty() {
            return Vec::new();
        }
        let receivers: Vec<&Pod> = match self.way {
            Way::In => self.world.selected(self.policy).collect(),
            Way::Out => self.pods().unwrap_or_else(|| self.world.pods.values().collect()),
        };
        let peers = match self.way {
            Way::In => self.peers(content),
            Way::Out => vec![Condition::default()],
        };
        let mut rules = Vec::new();
        for family in Family::ALL {
            let set = Set::new(format!("{}-names-{}", self.sets, short(family)), &[family.address(), Type::Protocol, Type::Port]);
            let elements: Vec<Element> = receivers.iter().flat_map(|pod| self.endpoints(pod, &wanted, family)).collect();
            let key = vec![Field::Destination(family).into(), Field::Protocol.into(), Term::Field(Field::DestinationPort)];
            let statements = vec![Statement::In(key, SetRef::Named(set.name.clone()))];
            content.set(set, elements);
            let port = Condition { family: Some(family), statements };
            rules.extend(peers.iter().filter_map(|peer| both(peer, &port)));
        }
        rules
    }

    fn endpoints(&self, pod: &Pod, wanted: &[(Protocol, &str)], family: Family) -> Vec<Element> {
        let ports = pod.ports.iter().filter(|port| wanted.contains(&(port.protocol, port.name.as_str())));
        let addresses: Vec<IpAddr> = self.world.addresses(pod).iter().copied().filter(|address| Family::of(*address) == family).collect();
        let element = |port: &crate::object::Port, address: IpAddr| {
            Element::new(&[address.into(), Datum::Protocol(port.protocol), Datum::Port(port.number)])
        };
        ports.flat_map(|port| addresses.iter().map(move |address| element(port, *address))).collect()
    }
}

fn named(ports: &Ports) -> Option<(Protocol, &str)> {
    if let Ports::Named(protocol, name) = ports { Some((*protocol, name.as_str())) } else { None }
}
