//! What is read of the API's objects: pods, namespaces' labels and NetworkPolicies, as far as packets depend on them. Pure.

use std::collections::BTreeMap;
use std::net::IpAddr;
use stead_api::Value;
use stead_api::selector::LabelSelector;
use stead_api::value::Access;
use stead_network::Range;

pub type Labels = BTreeMap<String, String>;

/// Of what is carried by IP.
pub type Protocol = u8;
pub const TCP: Protocol = 6;
pub const UDP: Protocol = 17;
pub const SCTP: Protocol = 132;

/// Namespace and name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name {
    pub namespace: String,
    pub name: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pod {
    pub name: Name,
    pub uid: String,
    pub labels: Labels,
    /// As its status says; none for a pod that shares its node's network or has ended: the address may be another's by then.
    pub addresses: Vec<IpAddr>,
    pub ports: Vec<Port>,
}

/// A port of a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Port {
    /// May be empty.
    pub name: String,
    pub protocol: Protocol,
    pub number: u16,
    pub host: Option<HostPort>,
}

/// Where the node passes packets on to a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HostPort {
    pub number: u16,
    /// `None`: any address of the node. An unspecified address: any of its family.
    pub address: Option<IpAddr>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Namespace {
    pub name: String,
    pub labels: Labels,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    pub name: Name,
    pub uid: String,
    /// The pods that it is for, in its namespace.
    pub pods: LabelSelector,
    /// `None`: it says nothing about what comes in.
    pub ingress: Option<Vec<Rule>>,
    pub egress: Option<Vec<Rule>>,
}

/// What is let through: from or to one of the peers, at one of the ports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// None: everybody.
    pub peers: Vec<Peer>,
    /// None: everything.
    pub ports: Vec<Ports>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Peer {
    Pods {
        /// `None`: the policy's own.
        namespaces: Option<LabelSelector>,
        pods: LabelSelector,
    },
    Block {
        range: Range,
        except: Vec<Range>,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ports {
    /// Every port.
    All(Protocol),
    /// Both included.
    Numbers(Protocol, u16, u16),
    Named(Protocol, String),
}

fn name(object: &Value) -> Name {
    let meta = &object["metadata"];
    Name { namespace: meta.str("namespace").to_owned(), name: meta.str("name").to_owned() }
}

fn labels(object: &Value) -> Labels {
    let labels = object["metadata"].map("labels").into_iter().flatten();
    labels.map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned())).collect()
}

fn protocol(text: &str) -> Protocol {
    match text {
        "UDP" => UDP,
        "SCTP" => SCTP,
        _ => TCP,
    }
}

fn number(value: Option<i64>) -> Option<u16> {
    value.and_then(|number| u16::try_from(number).ok()).filter(|number| *number > 0)
}

pub fn pod(object: &Value) -> Pod {
    let (spec, status) = (&object["spec"], &object["status"]);
    let is_over = matches!(status.str("phase"), "Succeeded" | "Failed");
    let has_own_network = !spec.flag("hostNetwork");
    let lasting = spec.items("initContainers").iter().filter(|container| container.str("restartPolicy") == "Always");
    let ports = spec.items("containers").iter().chain(lasting).flat_map(|container| container.items("ports"));
    Pod {
        name: name(object),
        uid: object["metadata"].str("uid").to_owned(),
        labels: labels(object),
        addresses: match has_own_network && !is_over {
            true => status.items("podIPs").iter().filter_map(|ip| ip.str("ip").parse().ok()).collect(),
            false => Vec::new(),
        },
        ports: ports.filter_map(port).filter(|_| has_own_network).collect(),
    }
}

fn port(port: &Value) -> Option<Port> {
    let host = number(port.int("hostPort")).map(|number| HostPort { number, address: port.str("hostIP").parse().ok() });
    let (name, protocol) = (port.str("name").to_owned(), protocol(port.str("protocol")));
    Some(Port { name, protocol, number: number(port.int("containerPort"))?, host })
}

pub fn namespace(object: &Value) -> Namespace {
    Namespace { name: object["metadata"].str("name").to_owned(), labels: labels(object) }
}

pub fn policy(object: &Value) -> Policy {
    let spec = &object["spec"];
    let types: Vec<&str> = spec.items("policyTypes").iter().filter_map(Value::as_str).collect();
    // Where no types are said: always what comes in, and what goes out where there are rules for it.
    let covers = |ty: &str, by_default: bool| if types.is_empty() { by_default } else { types.contains(&ty) };
    let rules = |of: &str, peers: &str| spec.items(of).iter().map(|rule| self::rule(rule, peers)).collect::<Vec<_>>();
    Policy {
        name: name(object),
        uid: object["metadata"].str("uid").to_owned(),
        pods: match spec.has("podSelector") {
            true => LabelSelector::from_object(spec.get("podSelector")),
            false => LabelSelector::everything(),
        },
        ingress: covers("Ingress", true).then(|| rules("ingress", "from")),
        egress: covers("Egress", !spec.items("egress").is_empty()).then(|| rules("egress", "to")),
    }
}

fn rule(rule: &Value, peers: &str) -> Rule {
    Rule { peers: rule.items(peers).iter().map(peer).collect(), ports: rule.items("ports").iter().map(ports).collect() }
}

fn peer(peer: &Value) -> Peer {
    let range = |text: &str| {
        let (address, prefix) = text.split_once('/')?;
        Some(Range::around(address.parse().ok()?, prefix.parse().ok()?))
    };
    let block = &peer["ipBlock"];
    if let Some(found) = range(block.str("cidr")) {
        let except = block.items("except").iter().filter_map(Value::as_str).filter_map(range).collect();
        return Peer::Block { range: found, except };
    }
    let selector = |name: &str| peer.has(name).then(|| LabelSelector::from_object(peer.get(name)));
    match (selector("namespaceSelector"), selector("podSelector")) {
        // One that says nothing that is known here is nobody.
        (None, None) => Peer::Pods { namespaces: None, pods: LabelSelector::Nothing },
        (namespaces, pods) => Peer::Pods { namespaces, pods: pods.unwrap_or_else(LabelSelector::everything) },
    }
}

fn ports(port: &Value) -> Ports {
    let protocol = protocol(port.str("protocol"));
    match (number(port.int("port")), port.str("port")) {
        (Some(from), _) => Ports::Numbers(protocol, from, number(port.int("endPort")).unwrap_or(from).max(from)),
        (None, "") => Ports::All(protocol),
        (None, name) => Ports::Named(protocol, name.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stead_api::json;

    #[test]
    fn types_that_are_not_said_follow_from_the_rules() {
        let types = |spec: Value| {
            let policy = policy(&json!({"metadata": {"name": "p", "namespace": "n"}, "spec": spec}));
            (policy.ingress.map(|rules| rules.len()), policy.egress.map(|rules| rules.len()))
        };
        assert_eq!(types(json!({"podSelector": {}})), (Some(0), None));
        assert_eq!(types(json!({"podSelector": {}, "egress": [{}]})), (Some(0), Some(1)));
        assert_eq!(types(json!({"podSelector": {}, "egress": [{}], "policyTypes": ["Ingress"]})), (Some(0), None));
        assert_eq!(types(json!({"podSelector": {}, "ingress": [{}], "policyTypes": ["Egress"]})), (None, Some(0)));
    }

    #[test]
    fn peers_and_ports_are_read() {
        let policy = policy(&json!({"spec": {"ingress": [{
            "from": [{"podSelector": {}}, {"namespaceSelector": {}}, {"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}}, {}],
            "ports": [{"port": 80}, {"port": "web", "protocol": "UDP"}, {"protocol": "SCTP"}, {"port": 1, "endPort": 9}],
        }]}}));
        let everything = LabelSelector::everything;
        let rule = &policy.ingress.unwrap()[0];
        let range = |text: &str| text.parse::<Range>().unwrap();
        assert_eq!(
            rule.peers,
            [
                Peer::Pods { namespaces: None, pods: everything() },
                Peer::Pods { namespaces: Some(everything()), pods: everything() },
                Peer::Block { range: range("10.0.0.0/8"), except: vec![range("10.1.0.0/16")] },
                Peer::Pods { namespaces: None, pods: LabelSelector::Nothing },
            ]
        );
        let named = Ports::Named(UDP, "web".into());
        assert_eq!(rule.ports, [Ports::Numbers(TCP, 80, 80), named, Ports::All(SCTP), Ports::Numbers(TCP, 1, 9)]);
    }

    #[test]
    fn pods_that_ended_or_share_their_nodes_network_have_no_address_of_their_own() {
        let object = |phase: &str, host: bool| {
            json!({"spec": {"hostNetwork": host, "containers": [{"ports": [{"containerPort": 80, "hostPort": 8080, "hostIP": "127.0.0.1"}]}]},
                "status": {"phase": phase, "podIPs": [{"ip": "10.42.0.2"}, {"ip": "fd00::2"}]}})
        };
        let running = pod(&object("Running", false));
        assert_eq!(running.addresses.len(), 2);
        assert_eq!(running.ports[0].host, Some(HostPort { number: 8080, address: Some("127.0.0.1".parse().unwrap()) }));
        assert!(pod(&object("Failed", false)).addresses.is_empty());
        let host = pod(&object("Running", true));
        assert!(host.addresses.is_empty() && host.ports.is_empty());
    }
}
