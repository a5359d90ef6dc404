//! The resolver that is forwarded to. What a name's first label says is what it answers: one, two, six, alias, far, text, mail, big, empty,
//! fail, refuse; anything else is no name.

use super::message::{kind_of, name_of};
use anyhow::Result;
use hickory_proto::op::{Message, MessageType, OpCode, ResponseCode};
use hickory_proto::rr::rdata::{A, AAAA, CNAME, MX, SOA, TXT};
use hickory_proto::rr::{Name, RData, Record, RecordType};
use std::collections::BTreeSet;
use std::io;
use std::net::{Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};

const QUESTION_MAX: usize = 4096;

#[derive(Debug, Clone)]
pub struct Upstream {
    udp: Arc<UdpSocket>,
    tcp: Arc<TcpListener>,
    seen: Arc<Mutex<BTreeSet<String>>>,
}

impl Upstream {
    pub async fn bind() -> Result<Self> {
        let tcp = TcpListener::bind("127.0.0.1:0").await?;
        let udp = UdpSocket::bind(tcp.local_addr()?).await?;
        Ok(Self { udp: Arc::new(udp), tcp: Arc::new(tcp), seen: Arc::default() })
    }

    pub fn address(&self) -> io::Result<SocketAddr> {
        self.tcp.local_addr()
    }

    /// What was asked since the last time, sorted.
    pub fn taken(&self) -> Vec<String> {
        std::mem::take(&mut *self.seen.lock().unwrap_or_else(PoisonError::into_inner)).into_iter().collect()
    }

    /// Answers until a socket breaks.
    pub fn serve(&self) -> impl Future<Output = io::Error> + use<> {
        let (datagrams, streams) = (self.clone(), self.clone());
        async move {
            let ended = tokio::select! {
                ended = datagrams.serve_udp() => ended,
                ended = streams.serve_tcp() => ended,
            };
            ended.err().unwrap_or_else(|| io::ErrorKind::Other.into())
        }
    }

    async fn serve_udp(&self) -> io::Result<()> {
        let mut buffer = vec![0; QUESTION_MAX];
        loop {
            let (length, client) = self.udp.recv_from(&mut buffer).await?;
            if let Some(answer) = self.answer(&buffer[..length], true) {
                self.udp.send_to(&answer, client).await?;
            }
        }
    }

    async fn serve_tcp(&self) -> io::Result<()> {
        loop {
            let (stream, _) = self.tcp.accept().await?;
            // A client that leaves early is none of ours.
            self.talk(stream).await.ok();
        }
    }

    /// One question a connection is all that the name server asks.
    async fn talk(&self, mut stream: TcpStream) -> io::Result<()> {
        let mut question = vec![0; stream.read_u16().await?.into()];
        stream.read_exact(&mut question).await?;
        if let Some(answer) = self.answer(&question, false) {
            stream.write_u16(u16::try_from(answer.len()).map_err(io::Error::other)?).await?;
            stream.write_all(&answer).await?;
        }
        Ok(())
    }

    fn answer(&self, bytes: &[u8], may_cut: bool) -> Option<Vec<u8>> {
        let asked = Message::from_vec(bytes).ok()?;
        let query = asked.queries.first()?;
        let (name, kind) = (query.name(), query.query_type());
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).insert(format!("{} {}", kind_of(kind), name_of(name)));
        let mut answer = Message::new(asked.metadata.id, MessageType::Response, OpCode::Query);
        answer.metadata.recursion_desired = asked.metadata.recursion_desired;
        answer.metadata.recursion_available = true;
        answer.metadata.checking_disabled = asked.metadata.checking_disabled;
        answer.add_query(query.clone());
        let first = name.iter().next().map(|label| String::from_utf8_lossy(label).to_lowercase()).unwrap_or_default();
        answer.metadata.response_code = match first.as_str() {
            "fail" => ResponseCode::ServFail,
            "refuse" => ResponseCode::Refused,
            "one" | "two" | "six" | "alias" | "far" | "text" | "mail" | "big" | "empty" => ResponseCode::NoError,
            _ => ResponseCode::NXDomain,
        };
        answer.answers = records(name, &first, kind)?;
        if may_cut && answer.answers.len() > 10 {
            answer.metadata.truncation = true;
            answer.answers.truncate(10);
        }
        if answer.answers.is_empty() && !matches!(first.as_str(), "fail" | "refuse") {
            answer.add_authority(soa()?);
        }
        answer.to_vec().ok()
    }
}

fn records(name: &Name, first: &str, kind: RecordType) -> Option<Vec<Record>> {
    let v4 = |name: &Name, last: u8, ttl_s: u32| Record::from_rdata(name.clone(), ttl_s, RData::A(A::new(192, 0, 2, last)));
    let of = |wanted: RecordType, records: Vec<Record>| if kind == wanted { records } else { Vec::new() };
    let beside = |label: &str| Name::from_ascii(label).ok()?.append_domain(&name.base_name()).ok();
    let alias = |target: Name| Record::from_rdata(name.clone(), 120, RData::CNAME(CNAME(target)));
    Some(match first {
        "one" => of(RecordType::A, vec![v4(name, 1, 300)]),
        "two" => of(RecordType::A, vec![v4(name, 1, 10), v4(name, 2, 10)]),
        "six" if kind == RecordType::AAAA => {
            vec![Record::from_rdata(name.clone(), 300, RData::AAAA(AAAA(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 6))))]
        }
        "six" => of(RecordType::A, vec![v4(name, 6, 300)]),
        "alias" => {
            let target = beside("one")?;
            let mut records = vec![alias(target.clone())];
            records.extend(of(RecordType::A, vec![v4(&target, 1, 300)]));
            records
        }
        "far" => vec![alias(Name::from_ascii("elsewhere.golden.test.").ok()?)],
        "text" => {
            of(RecordType::TXT, vec![Record::from_rdata(name.clone(), 300, RData::TXT(TXT::new(vec!["hello".into(), "world".into()])))])
        }
        "mail" => of(RecordType::MX, vec![Record::from_rdata(name.clone(), 300, RData::MX(MX::new(10, beside("mx")?)))]),
        "big" => of(RecordType::A, (1..=40).map(|last| v4(name, last, 300)).collect()),
        _ => Vec::new(),
    })
}

fn soa() -> Option<Record> {
    let name = |text: &str| Name::from_ascii(text).ok();
    let soa = SOA::new(name("ns.golden.test.")?, name("admin.golden.test.")?, 1, 2, 3, 4, 60);
    Some(Record::from_rdata(name("golden.test.")?, 60, RData::SOA(soa)))
}
