//! Questions as the cases write them, sent byte by byte as the tool does, and answers in the words of the cases.

use anyhow::{Context, Result};
use hickory_proto::op::Message;
use hickory_proto::rr::{DNSClass, Name, RData, Record, RecordType};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

/// No answer by then is silence.
const SILENCE: Duration = Duration::from_secs(2);
const IDENT: u16 = 4711;
const MESSAGE_MAX: usize = 65_535;
/// Flags by name, in the order in which the cases list them.
const FLAGS: [(&str, u16); 8] =
    [("qr", 0x8000), ("aa", 0x400), ("tc", 0x200), ("rd", 0x100), ("ra", 0x80), ("z", 0x40), ("ad", 0x20), ("cd", 0x10)];

/// Types by name, as the tool has them.
const TYPES: [(&str, u16); 21] = [
    ("A", 1),
    ("NS", 2),
    ("CNAME", 5),
    ("SOA", 6),
    ("NULL", 10),
    ("PTR", 12),
    ("HINFO", 13),
    ("MX", 15),
    ("TXT", 16),
    ("AAAA", 28),
    ("SRV", 33),
    ("NAPTR", 35),
    ("DS", 43),
    ("DNSKEY", 48),
    ("SVCB", 64),
    ("HTTPS", 65),
    ("SPF", 99),
    ("IXFR", 251),
    ("AXFR", 252),
    ("ANY", 255),
    ("CAA", 257),
];

/// One question of a case.
#[derive(Debug)]
pub struct Asked {
    bytes: Vec<u8>,
    over_tcp: bool,
    size_max: usize,
    is_loose: bool,
    is_cut: bool,
}

impl Asked {
    pub fn parse(query: &Value, ns: &str) -> Result<Self> {
        let fill = |text: &Value| text.as_str().unwrap_or_default().replace("{ns}", ns).replace("{NS}", &ns.to_uppercase());
        let questions: Vec<String> = match &query["q"] {
            Value::Array(items) => items.iter().map(fill).collect(),
            one => vec![fill(one)],
        };
        let flags = query.get("flags").and_then(Value::as_str).unwrap_or("rd");
        let mut bits = u16::try_from(query["opcode"].as_u64().unwrap_or_default())? << 11;
        for flag in flags.split_whitespace() {
            bits |= FLAGS.iter().find(|(name, _)| *name == flag).with_context(|| format!("the flag {flag}"))?.1;
        }
        let edns = query.get("edns").filter(|edns| !edns.is_null());
        let mut bytes = Vec::new();
        for number in [IDENT, bits, u16::try_from(questions.len())?, 0, 0, edns.is_some().into()] {
            bytes.extend(number.to_be_bytes());
        }
        for question in &questions {
            bytes.extend(packed_question(question)?);
        }
        let number = |edns: &Value, name: &str, otherwise: u64| edns[name].as_u64().unwrap_or(otherwise);
        if let Some(edns) = edns {
            let size = u16::try_from(number(edns, "size", 1232))?;
            let ttl = u32::try_from(number(edns, "version", 0))? << 16 | if edns["do"] == true { 0x8000 } else { 0 };
            bytes.extend([0, 0, 41]);
            bytes.extend(size.to_be_bytes());
            bytes.extend(ttl.to_be_bytes());
            bytes.extend([0, 0]);
        }
        Ok(Self {
            bytes,
            over_tcp: query["tcp"] == true,
            size_max: usize::try_from(edns.map_or(512, |edns| number(edns, "size", 512)))?.max(512),
            is_loose: query["loose"] == true,
            is_cut: query["cut"] == true,
        })
    }

    /// The answer; `None`: silence.
    pub async fn exchange(&self, server: SocketAddr) -> Result<Option<Vec<u8>>> {
        let exchanged = async {
            if self.over_tcp {
                let mut stream = TcpStream::connect(server).await?;
                stream.write_u16(u16::try_from(self.bytes.len())?).await?;
                stream.write_all(&self.bytes).await?;
                let mut answer = vec![0; stream.read_u16().await?.into()];
                stream.read_exact(&mut answer).await?;
                return anyhow::Ok(answer);
            }
            let socket = UdpSocket::bind("127.0.0.1:0").await?;
            socket.connect(server).await?;
            socket.send(&self.bytes).await?;
            let mut answer = vec![0; MESSAGE_MAX];
            let length = socket.recv(&mut answer).await?;
            anyhow::ensure!(length <= self.size_max, "{length} bytes, {} were asked for", self.size_max);
            answer.truncate(length);
            Ok(answer)
        };
        timeout(SILENCE, exchanged).await.ok().transpose()
    }

    /// Takes out what is not compared.
    pub fn loosen(&self, got: &mut Value) {
        if self.is_loose {
            for record in got["answer"].as_array_mut().into_iter().flatten() {
                let words: Vec<String> = record.as_str().unwrap_or_default().split(' ').map(str::to_owned).collect();
                if words.get(3).is_some_and(|kind| kind == "SRV") {
                    *record = words
                        .iter()
                        .enumerate()
                        .map(|(at, word)| if at == 5 { "<weight>" } else { word })
                        .collect::<Vec<_>>()
                        .join(" ")
                        .into();
                }
            }
        }
        let is_cut_off = got["flags"].as_str().is_some_and(|flags| flags.split(' ').any(|flag| flag == "tc"));
        if self.is_cut
            && is_cut_off
            && let Some(members) = got.as_object_mut()
        {
            members.retain(|name, _| !["answer", "authority", "additional"].contains(&name.as_str()));
        }
    }
}

fn packed_question(question: &str) -> Result<Vec<u8>> {
    let (kind, name) = question.split_once(' ').context("a type and a name")?;
    let (kind, class) = kind.split_once('/').unwrap_or((kind, "IN"));
    let numbered = || kind.strip_prefix("TYPE").and_then(|number| number.parse().ok());
    let kind: u16 = TYPES
        .iter()
        .find(|(name, _)| *name == kind)
        .map(|(_, number)| *number)
        .or_else(numbered)
        .with_context(|| format!("the type {kind}"))?;
    let class: u16 = class.parse::<DNSClass>().with_context(|| format!("the class {class}"))?.into();
    let mut bytes = Vec::new();
    for label in name.trim_end_matches('.').split('.').filter(|label| !label.is_empty()) {
        let label = &label.as_bytes()[..label.len().min(63)];
        bytes.push(u8::try_from(label.len())?);
        bytes.extend(label);
    }
    bytes.push(0);
    bytes.extend(kind.to_be_bytes());
    bytes.extend(class.to_be_bytes());
    Ok(bytes)
}

/// An answer as the cases show it: each section's records sorted.
pub fn text_of(bytes: &[u8]) -> Result<Value> {
    let message = Message::from_vec(bytes).context("the answer cannot be read")?;
    let bits = u16::from_be_bytes([bytes[2], bytes[3]]);
    let flags: Vec<&str> = FLAGS.iter().filter(|(_, bit)| bits & bit != 0).map(|(name, _)| *name).collect();
    let code = u16::from(message.metadata.response_code);
    let question =
        message.queries.iter().map(|query| format!("{}/{} {}", kind_of(query.query_type()), query.query_class(), name_of(query.name())));
    let mut out = json!({"status": status(code), "flags": flags.join(" "), "question": question.collect::<Vec<_>>()});
    if bits >> 11 & 15 != 0 {
        out["opcode"] = (bits >> 11 & 15).into();
    }
    for (section, records) in [("answer", &message.answers), ("authority", &message.authorities), ("additional", &message.additionals)] {
        let mut texts: Vec<String> = records.iter().map(record_text).collect();
        texts.sort();
        if !texts.is_empty() {
            out[section] = texts.into();
        }
    }
    if let Some(edns) = &message.edns {
        out["edns"] = json!({"version": edns.version()});
        if edns.flags().dnssec_ok {
            out["edns"]["do"] = true.into();
        }
    }
    Ok(out)
}

fn status(code: u16) -> String {
    let names = [(0, "NOERROR"), (1, "FORMERR"), (2, "SERVFAIL"), (3, "NXDOMAIN"), (4, "NOTIMP"), (5, "REFUSED"), (16, "BADVERS")];
    names.iter().find(|(known, _)| *known == code).map_or_else(|| format!("RCODE{code}"), |(_, name)| (*name).to_owned())
}

/// The tool's word for a type.
pub fn kind_of(kind: RecordType) -> String {
    let number = u16::from(kind);
    TYPES.iter().find(|(_, known)| *known == number).map_or_else(|| format!("TYPE{number}"), |(name, _)| (*name).to_owned())
}

pub fn name_of(name: &Name) -> String {
    let label = |label: &[u8]| {
        label.iter().map(|byte| if *byte == b'.' { "\\.".to_owned() } else { char::from(*byte).to_string() }).collect::<String>()
    };
    let labels: String = name.iter().map(|bytes| label(bytes) + ".").collect();
    if labels.is_empty() { ".".to_owned() } else { labels }
}

fn record_text(record: &Record) -> String {
    let data = match &record.data {
        RData::A(address) => address.0.to_string(),
        RData::AAAA(address) => address.0.to_string(),
        RData::NS(name) => name_of(&name.0),
        RData::CNAME(name) => name_of(&name.0),
        RData::PTR(name) => name_of(&name.0),
        RData::MX(mx) => format!("{} {}", mx.preference, name_of(&mx.exchange)),
        RData::SRV(srv) => format!("{} {} {} {}", srv.priority, srv.weight, srv.port, name_of(&srv.target)),
        RData::TXT(txt) => txt.txt_data.iter().map(|part| format!("{:?}", String::from_utf8_lossy(part))).collect::<Vec<_>>().join(" "),
        RData::SOA(soa) => {
            format!("{} {} <serial> {} {} {} {}", name_of(&soa.mname), name_of(&soa.rname), soa.refresh, soa.retry, soa.expire, soa.minimum)
        }
        other => other.to_string(),
    };
    format!("{} {} {} {} {data}", name_of(&record.name), record.ttl, record.dns_class, kind_of(record.record_type()))
}
