//! `nslookup`: asks a DNS server for addresses, over UDP.
//!
//! Reads `/etc/resolv.conf` for the server, the search list and `ndots`. No TCP: a truncated answer is printed as far as it goes.

use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::process::ExitCode;
use std::time::Duration;

const TIMEOUT: Duration = Duration::from_secs(2);
const TRIES: u32 = 3;
const A: u16 = 1;
const CNAME: u16 = 5;
const AAAA: u16 = 28;

struct Resolver {
    server: IpAddr,
    search: Vec<String>,
    ndots: usize,
}

/// `nslookup NAME [SERVER]`: exit code 1 if no address is found.
pub fn run(arguments: &[OsString]) -> Result<ExitCode, String> {
    let mut words = arguments.iter().map(|word| word.to_string_lossy().into_owned());
    let name = words.next().ok_or("usage: nslookup NAME [SERVER]")?;
    let mut resolver = configuration(&fs::read_to_string("/etc/resolv.conf").unwrap_or_default());
    if let Some(server) = words.next() {
        resolver.server = server.parse().map_err(|_| format!("server must be an IP address, not '{server}'"))?;
    }
    let mut output = io::stdout().lock();
    let mut print = |line: String| writeln!(output, "{line}").map_err(|error| error.to_string());
    print(format!("Server:\t\t{}\nAddress:\t{}\n", resolver.server, SocketAddr::new(resolver.server, 53)))?;
    let mut answer = Answer::Missing;
    for candidate in candidates(&name, &resolver) {
        let mut found = Vec::new();
        let mut known = false;
        for kind in [A, AAAA] {
            match ask(resolver.server, &candidate, kind)? {
                Answer::Addresses(addresses) => found.extend(addresses),
                Answer::Empty => known = true,
                Answer::Missing => {}
                Answer::Failed(code) => answer = Answer::Failed(code),
            }
        }
        if !found.is_empty() {
            for (owner, address) in found {
                print(format!("Name:\t{owner}\nAddress: {address}"))?;
            }
            return Ok(ExitCode::SUCCESS);
        }
        if known {
            answer = Answer::Empty;
            break;
        }
    }
    print(match answer {
        Answer::Empty => format!("*** Can't find {name}: No answer"),
        Answer::Failed(code) => format!("** server can't find {name}: code {code}"),
        Answer::Missing | Answer::Addresses(_) => format!("** server can't find {name}: NXDOMAIN"),
    })?;
    Ok(ExitCode::FAILURE)
}

fn configuration(text: &str) -> Resolver {
    let mut resolver = Resolver { server: IpAddr::V4(Ipv4Addr::LOCALHOST), search: Vec::new(), ndots: 1 };
    let mut has_server = false;
    for line in text.lines() {
        let mut words = line.split_ascii_whitespace();
        match words.next() {
            Some("nameserver") if !has_server => {
                if let Some(server) = words.next().and_then(|word| word.parse().ok()) {
                    resolver.server = server;
                    has_server = true;
                }
            }
            Some("search") => resolver.search = words.map(|word| word.trim_end_matches('.').to_owned()).collect(),
            Some("options") => {
                if let Some(ndots) = words.find_map(|word| word.strip_prefix("ndots:")?.parse().ok()) {
                    resolver.ndots = ndots;
                }
            }
            _ => {}
        }
    }
    resolver
}

/// The full names to try, in order.
fn candidates(name: &str, resolver: &Resolver) -> Vec<String> {
    if let Some(full) = name.strip_suffix('.') {
        return vec![full.to_owned()];
    }
    let mut names: Vec<String> = resolver.search.iter().map(|domain| format!("{name}.{domain}")).collect();
    let at = if name.matches('.').count() >= resolver.ndots { 0 } else { names.len() };
    names.insert(at, name.to_owned());
    names
}

#[derive(Debug, PartialEq)]
enum Answer {
    /// Owner and address of each record.
    Addresses(Vec<(String, IpAddr)>),
    /// The name exists without records of the kind.
    Empty,
    /// The name does not exist.
    Missing,
    /// The server's code.
    Failed(u8),
}

fn ask(server: IpAddr, name: &str, kind: u16) -> Result<Answer, String> {
    let local: IpAddr = if server.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind((local, 0)).map_err(|error| error.to_string())?;
    socket.connect((server, 53)).map_err(|error| error.to_string())?;
    socket.set_read_timeout(Some(TIMEOUT)).map_err(|error| error.to_string())?;
    // The port that the kernel chose is what an answer cannot guess; the id only tells our two questions apart.
    let query = question(kind, name, kind).ok_or_else(|| format!("invalid name '{name}'"))?;
    let mut buffer = [0; 4096];
    let mut last = String::new();
    for _ in 0..TRIES {
        let received = socket.send(&query).and_then(|_| socket.recv(&mut buffer));
        match received {
            Ok(length) => match parse(&buffer[..length], kind, kind) {
                Some(answer) => return Ok(answer),
                None => last = "malformed answer".to_owned(),
            },
            Err(error) => last = error.to_string(),
        }
    }
    Err(format!("no answer from {server}: {last}"))
}

fn question(id: u16, name: &str, kind: u16) -> Option<Vec<u8>> {
    let mut message = Vec::new();
    for word in [id, 0x0100, 1, 0, 0, 0] {
        message.extend_from_slice(&word.to_be_bytes());
    }
    for label in name.split('.') {
        let length = u8::try_from(label.len()).ok().filter(|length| (1..=63).contains(length))?;
        message.push(length);
        message.extend_from_slice(label.as_bytes());
    }
    message.push(0);
    message.extend_from_slice(&kind.to_be_bytes());
    message.extend_from_slice(&1u16.to_be_bytes());
    Some(message)
}

fn word_at(message: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(message.get(at..at + 2)?.try_into().ok()?))
}

/// The name at `at`, and where it ends.
fn name_at(message: &[u8], mut at: usize) -> Option<(String, usize)> {
    let mut labels = Vec::new();
    let mut end = None;
    // Every jump must go back, and a message has fewer labels than bytes: this cannot loop.
    for _ in 0..128 {
        let length = usize::from(*message.get(at)?);
        match length {
            0 => return Some((labels.join("."), end.unwrap_or(at + 1))),
            192.. => {
                end = end.or(Some(at + 2));
                at = usize::from(word_at(message, at)? & 0x3fff);
            }
            _ => {
                labels.push(String::from_utf8_lossy(message.get(at + 1..at + 1 + length)?).into_owned());
                at += 1 + length;
            }
        }
    }
    None
}

fn parse(message: &[u8], id: u16, kind: u16) -> Option<Answer> {
    if word_at(message, 0)? != id || message.get(2)? & 0x80 == 0 {
        return None;
    }
    match message[3] & 0x0f {
        0 => {}
        3 => return Some(Answer::Missing),
        code => return Some(Answer::Failed(code)),
    }
    let (questions, answers) = (word_at(message, 4)?, word_at(message, 6)?);
    let mut at = 12;
    for _ in 0..questions {
        at = name_at(message, at)?.1 + 4;
    }
    let mut found = Vec::new();
    for _ in 0..answers {
        let (owner, end) = name_at(message, at)?;
        let (record, length) = (word_at(message, end)?, usize::from(word_at(message, end + 8)?));
        let data = message.get(end + 10..end + 10 + length)?;
        match (record, length) {
            (A, 4) if kind == A => found.push((owner, IpAddr::from(<[u8; 4]>::try_from(data).ok()?))),
            (AAAA, 16) if kind == AAAA => found.push((owner, IpAddr::from(<[u8; 16]>::try_from(data).ok()?))),
            (CNAME, _) => {}
            _ => {}
        }
        at = end + 10 + length;
    }
    Some(if found.is_empty() { Answer::Empty } else { Answer::Addresses(found) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn search_list_and_ndots() {
        let resolver = configuration("search default.svc.cluster.local svc.cluster.local.\nnameserver 10.0.0.10\noptions ndots:5\n");
        assert_eq!(resolver.server, IpAddr::from([10, 0, 0, 10]));
        assert_eq!(
            candidates("web-0.nginx", &resolver),
            ["web-0.nginx.default.svc.cluster.local", "web-0.nginx.svc.cluster.local", "web-0.nginx"]
        );
        assert_eq!(candidates("a.b.", &resolver), ["a.b"]);
        assert_eq!(candidates("a.b", &configuration(""))[0], "a.b");
    }

    #[test]
    fn an_answer_with_a_compressed_name() {
        let mut message = question(A, "web-0.nginx", A).unwrap();
        message[2] = 0x81;
        message[7] = 1;
        message.extend_from_slice(&[0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 5, 0, 4, 10, 42, 0, 7]);
        assert_eq!(parse(&message, A, A), Some(Answer::Addresses(vec![("web-0.nginx".to_owned(), IpAddr::from([10, 42, 0, 7]))])));
        message[3] = 3;
        assert_eq!(parse(&message, A, A), Some(Answer::Missing));
        assert_eq!(parse(&message[..20], 7, A), None);
    }

    #[test]
    fn a_name_that_points_at_itself_is_refused() {
        let mut message = question(A, "x", A).unwrap();
        message[12] = 0xc0;
        message[13] = 12;
        assert_eq!(name_at(&message, 12), None);
    }
}
