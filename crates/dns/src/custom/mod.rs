//! What users add to the name server by the ConfigMap `coredns-custom`, in k3s's form: `NAME.server` holds server blocks of their own,
//! `NAME.override` directives for everything else. Understood are `hosts`, `forward` and `rewrite name`; what changes no answer is passed
//! over, and everything else is said. Pure.

mod corefile;
#[cfg(test)]
mod tests;

use crate::answer::Answer;
use crate::name;
use corefile::Directive;
use hickory_proto::op::{Query, ResponseCode};
use hickory_proto::rr::rdata::{A, AAAA};
use hickory_proto::rr::{Name, RData, Record, RecordType};
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};

/// How long clients may keep a name of `hosts`, unless it says so.
const HOSTS_TTL_S: u32 = 3600;
const PORT: u16 = 53;
/// Names of all `hosts` together.
const HOSTS_MAX: usize = 20_000;
/// Directives that say how to work, not what to answer.
const HARMLESS: [&str; 16] = [
    "autopath",
    "bind",
    "buffer",
    "bufsize",
    "cache",
    "cancel",
    "debug",
    "errors",
    "health",
    "log",
    "loadbalance",
    "loop",
    "prometheus",
    "ready",
    "reload",
    "minimal",
];

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Custom {
    /// The longest zone of a name counts; the root is everything else.
    blocks: Vec<Block>,
}

/// What holds for the names of a zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    zone: Name,
    hosts: HashMap<Name, Vec<IpAddr>>,
    hosts_ttl_s: u32,
    /// Whether names that `hosts` lacks are asked for elsewhere.
    falls_through: bool,
    pub forward: Option<Vec<SocketAddr>>,
    rewrites: Vec<(Name, Name)>,
}

impl Block {
    fn new(zone: Name) -> Self {
        Self { zone, hosts: HashMap::new(), hosts_ttl_s: HOSTS_TTL_S, falls_through: true, forward: None, rewrites: Vec::new() }
    }

    pub fn zone(&self) -> &Name {
        &self.zone
    }

    /// What its `hosts` says of a name; `None`: nothing.
    pub fn answer(&self, query: &Query) -> Option<Answer> {
        let addresses = self.hosts.get(&query.name().to_lowercase())?;
        let record = |address: &IpAddr| {
            let data = match (address, query.query_type()) {
                (IpAddr::V4(address), RecordType::A) => RData::A(A(*address)),
                (IpAddr::V6(address), RecordType::AAAA) => RData::AAAA(AAAA(*address)),
                _ => return None,
            };
            Some(Record::from_rdata(query.name().clone(), self.hosts_ttl_s, data))
        };
        Some(Answer::ours(addresses.iter().filter_map(record).collect()))
    }

    /// The answer for a name that nobody else is to be asked for.
    pub fn absence(&self) -> Option<Answer> {
        let is_all = !self.falls_through || (self.forward.is_none() && !self.zone.is_root());
        is_all.then(|| Answer { authoritative: true, ..Answer::bare(ResponseCode::NXDomain) })
    }

    /// The name that is looked up in a name's place.
    pub fn rewritten(&self, name: &Name) -> Option<&Name> {
        let lower = name.to_lowercase();
        self.rewrites.iter().find(|(from, _)| *from == lower).map(|(_, to)| to)
    }
}

impl Custom {
    /// Reads the ConfigMap's data; also what of it is not understood.
    pub fn parse<'a>(data: impl Iterator<Item = (&'a str, &'a str)>) -> (Self, Vec<String>) {
        let mut reading = Reading::default();
        for (key, text) in data {
            match (corefile::parse(text), key.rsplit_once('.')) {
                (Err(error), _) => reading.said.push(format!("{key}: {error}")),
                (Ok(directives), Some((_, "override"))) => reading.take(key, &Name::root(), &directives),
                (Ok(blocks), Some((_, "server"))) => {
                    for block in &blocks {
                        reading.take_server(key, block);
                    }
                }
                (Ok(_), _) => reading.said.push(format!("{key}: only keys that end with .server or .override are read")),
            }
        }
        (reading.custom, reading.said)
    }

    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// The block that a name belongs to.
    pub fn block(&self, name: &Name) -> Option<&Block> {
        self.blocks.iter().filter(|block| block.zone.zone_of(name)).max_by_key(|block| block.zone.iter().count())
    }

    pub fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }
}

#[derive(Debug, Default)]
struct Reading {
    custom: Custom,
    said: Vec<String>,
    hosts: usize,
}

impl Reading {
    fn take_server(&mut self, key: &str, server: &Directive) {
        let words = std::iter::once(&server.name).chain(&server.arguments);
        for word in words.flat_map(|word| word.split(',')).filter(|word| !word.is_empty()) {
            match zone(word) {
                Ok(zone) => self.take(key, &zone, &server.block),
                Err(error) => self.said.push(format!("{key}: line {}: {error}", server.line)),
            }
        }
    }

    fn take(&mut self, key: &str, zone: &Name, directives: &[Directive]) {
        let known = self.custom.blocks.iter().position(|block| block.zone == *zone);
        let mut block = known.map_or_else(|| Block::new(zone.clone()), |at| self.custom.blocks.swap_remove(at));
        for directive in directives {
            let mut not_understood = |what: String| self.said.push(format!("{key}: line {}: {what}", directive.line));
            match directive.name.as_str() {
                "hosts" => {
                    hosts(&mut block, directive, &mut not_understood);
                    self.hosts += block.hosts.len();
                    if self.hosts > HOSTS_MAX {
                        block.hosts.clear();
                        not_understood(format!("hosts: more than {HOSTS_MAX} names"));
                    }
                }
                "forward" => forward(&mut block, directive, &mut not_understood),
                "rewrite" => rewrite(&mut block, directive, &mut not_understood),
                name if HARMLESS.contains(&name) => {}
                name => not_understood(format!("{name} is not understood")),
            }
        }
        self.custom.blocks.push(block);
    }
}

/// `example.com`, `example.com:53`, `dns://example.com`, `.`.
fn zone(word: &str) -> Result<Name, String> {
    if word.contains("://") && !word.starts_with("dns://") {
        return Err(format!("{word}: only plain DNS is served"));
    }
    let bare = word.trim_start_matches("dns://");
    let (name, port) = bare.split_once(':').unwrap_or((bare, "53"));
    if port != "53" {
        return Err(format!("{word}: only port 53 is served"));
    }
    name::parse(name).map(|name| name.to_lowercase()).ok_or_else(|| format!("{word} is no zone"))
}

fn hosts(block: &mut Block, directive: &Directive, not_understood: &mut impl FnMut(String)) {
    if !directive.arguments.is_empty() {
        not_understood("hosts: files and zones are not understood, only names in its block".to_owned());
    }
    block.falls_through = false;
    for line in &directive.block {
        match (line.name.as_str(), line.name.parse::<IpAddr>()) {
            (_, Ok(address)) => {
                for host in line.arguments.iter().filter_map(|host| name::parse(host)) {
                    block.hosts.entry(host.to_lowercase()).or_default().push(address);
                }
            }
            ("ttl", _) => match line.arguments.first().and_then(|ttl| ttl.parse().ok()) {
                Some(ttl_s) => block.hosts_ttl_s = ttl_s,
                None => not_understood("hosts: ttl needs a number of seconds".to_owned()),
            },
            ("fallthrough", _) => block.falls_through = true,
            ("no_reverse" | "reload", _) => {}
            (other, _) => not_understood(format!("hosts: {other} is not understood")),
        }
    }
}

fn forward(block: &mut Block, directive: &Directive, not_understood: &mut impl FnMut(String)) {
    let Some((from, to)) = directive.arguments.split_first() else {
        return not_understood("forward needs a zone and resolvers".to_owned());
    };
    if name::parse(from).is_none_or(|from| !from.zone_of(&block.zone)) {
        return not_understood(format!("forward: {from} is only part of the block's zone"));
    }
    // The host's own resolvers are asked anyway.
    if to.iter().all(|to| to == "/etc/resolv.conf") {
        return;
    }
    let mut resolvers = Vec::new();
    for to in to {
        let bare = to.strip_prefix("dns://").unwrap_or(to);
        let with_port = || bare.parse::<SocketAddr>().ok();
        match bare.parse::<IpAddr>().ok().map(|ip| SocketAddr::new(ip, PORT)).or_else(with_port) {
            Some(address) => resolvers.push(address),
            None => not_understood(format!("forward: {to} is no address of a resolver")),
        }
    }
    if !resolvers.is_empty() {
        block.forward = Some(resolvers);
    }
}

fn rewrite(block: &mut Block, directive: &Directive, not_understood: &mut impl FnMut(String)) {
    let words: Vec<&str> = directive.arguments.iter().map(String::as_str).filter(|word| !matches!(*word, "stop" | "continue")).collect();
    let exact = match words.as_slice() {
        ["name", "exact", from, to] | ["name", from, to] => name::parse(from).zip(name::parse(to)),
        _ => None,
    };
    match exact {
        Some((from, to)) => block.rewrites.push((from.to_lowercase(), to.to_lowercase())),
        None => not_understood("rewrite: only `rewrite name [exact] FROM TO` is understood".to_owned()),
    }
}
