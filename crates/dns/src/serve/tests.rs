use super::*;
use crate::forward::Transport;
use crate::index::Change;
use crate::name::Zone;
use hickory_proto::op::{Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::rdata::A;
use hickory_proto::rr::{RData, Record, RecordType};
use std::future::Future;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use stead_api::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

fn site() -> Arc<Site> {
    let site = Site::new(Zone::new("cluster.local", 30).unwrap(), 1);
    let service = json!({"metadata": {"namespace": "ns", "name": "web"}, "spec": {"clusterIP": "10.43.0.5"}});
    let outside = json!({"metadata": {"namespace": "ns", "name": "out"}, "spec": {"type": "ExternalName", "externalName": "one.test"}});
    site.change(|index| {
        index.apply(&Change::Service(&service));
        index.apply(&Change::Service(&outside));
    });
    site.set_complete();
    Arc::new(site)
}

fn question(name: &str) -> Message {
    let mut message = Message::query();
    message.add_query(Query::query(crate::name::parse(name).unwrap(), RecordType::A));
    message
}

async fn serving<T>(site: &Arc<Site>, memory: Memory, work: impl AsyncFnOnce(SocketAddr) -> T) -> T {
    let listener = Listener::bind("127.0.0.1:0".parse().unwrap(), memory).await.unwrap();
    let address = listener.address().unwrap();
    tokio::select! {
        error = listener.serve(Arc::clone(site)) => panic!("{error}"),
        value = work(address) => value,
    }
}

async fn ask(server: SocketAddr, name: &str) -> Message {
    crate::forward::exchange(server, &question(name), Transport::Udp).await.unwrap()
}

fn addresses(message: &Message) -> Vec<String> {
    message.answers.iter().map(|record| record.data.to_string()).collect()
}

/// A resolver that counts what it is asked, and its address.
async fn resolver(asked: Arc<AtomicUsize>) -> (SocketAddr, impl Future<Output = ()>) {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    let serve = async move {
        let mut buffer = [0; 512];
        loop {
            let (length, client) = socket.recv_from(&mut buffer).await.unwrap();
            asked.fetch_add(1, Ordering::Relaxed);
            let question = Message::from_vec(&buffer[..length]).unwrap();
            let mut answer = Message::new(question.metadata.id, MessageType::Response, OpCode::Query);
            answer.metadata.recursion_available = true;
            let name = question.queries[0].name().clone();
            answer.add_query(question.queries[0].clone());
            answer.add_answer(Record::from_rdata(name, 60, RData::A(A(Ipv4Addr::new(192, 0, 2, 1)))));
            socket.send_to(&answer.to_vec().unwrap(), client).await.unwrap();
        }
    };
    (address, serve)
}

#[tokio::test]
async fn questions_over_udp_are_answered() {
    serving(&site(), Memory::Used, async |server| {
        assert_eq!(addresses(&ask(server, "web.ns.svc.cluster.local").await), ["10.43.0.5"]);
    })
    .await;
}

#[tokio::test]
async fn on_all_addresses_an_answer_leaves_from_the_one_that_was_asked() {
    // Who asks hears from nobody else.
    for (all, asked) in [("0.0.0.0:0", "127.0.0.9"), ("[::]:0", "::1"), ("[::]:0", "127.0.0.9")] {
        let listener = Listener::bind(all.parse().unwrap(), Memory::Used).await.unwrap();
        let server = SocketAddr::new(asked.parse().unwrap(), listener.address().unwrap().port());
        let asking = tokio::time::timeout(Duration::from_secs(10), ask(server, "web.ns.svc.cluster.local"));
        let answer = tokio::select! {
            error = listener.serve(site()) => panic!("{error}"),
            answer = asking => answer.unwrap_or_else(|_| panic!("no answer from {asked} on {all}")),
        };
        assert_eq!(addresses(&answer), ["10.43.0.5"]);
    }
}

#[tokio::test]
async fn many_questions_at_once_are_answered_one_by_one() {
    const QUESTIONS: u16 = 100;
    serving(&site(), Memory::Used, async |server| {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        socket.connect(server).await.unwrap();
        for id in 0..QUESTIONS {
            let mut asked = question(if id.is_multiple_of(2) { "web.ns.svc.cluster.local" } else { "none.ns.svc.cluster.local" });
            asked.metadata.id = id;
            socket.send(&asked.to_vec().unwrap()).await.unwrap();
        }
        let mut answered = std::collections::BTreeSet::new();
        let mut buffer = [0; 512];
        while answered.len() < QUESTIONS.into() {
            let received = tokio::time::timeout(Duration::from_secs(10), socket.recv(&mut buffer)).await;
            let answer = Message::from_vec(&buffer[..received.expect("an answer").unwrap()]).unwrap();
            let is_there = answer.metadata.response_code == ResponseCode::NoError;
            assert_eq!(is_there, answer.metadata.id.is_multiple_of(2), "{answer:?}");
            assert!(answered.insert(answer.metadata.id), "answered twice");
        }
    })
    .await;
}

#[tokio::test]
async fn questions_before_the_index_is_complete_fail_and_are_asked_again() {
    // DNS-17
    let site = Arc::new(Site::new(Zone::new("cluster.local", 30).unwrap(), 1));
    serving(&site, Memory::Used, async |server| {
        assert_eq!(ask(server, "web.ns.svc.cluster.local").await.metadata.response_code, ResponseCode::ServFail);
    })
    .await;
}

#[tokio::test]
async fn several_questions_are_answered_over_one_connection() {
    serving(&site(), Memory::Used, async |server| {
        let mut stream = TcpStream::connect(server).await.unwrap();
        for _ in 0..200 {
            let bytes = question("web.ns.svc.cluster.local").to_vec().unwrap();
            stream.write_all(&[&[0, u8::try_from(bytes.len()).unwrap()], bytes.as_slice()].concat()).await.unwrap();
        }
        for _ in 0..200 {
            let mut answer = vec![0; stream.read_u16().await.unwrap().into()];
            stream.read_exact(&mut answer).await.unwrap();
            assert_eq!(addresses(&Message::from_vec(&answer).unwrap()), ["10.43.0.5"]);
        }
    })
    .await;
}

#[tokio::test]
async fn a_client_that_holds_connections_open_keeps_no_other_protocol_out() {
    serving(&site(), Memory::Used, async |server| {
        let mut held = Vec::new();
        for _ in 0..200 {
            held.push(TcpStream::connect(server).await.unwrap());
        }
        let mut ended = 0;
        for mut stream in held {
            if let Ok(Ok(0) | Err(_)) = tokio::time::timeout(Duration::from_millis(20), stream.read(&mut [0])).await {
                ended += 1;
            }
        }
        assert!(ended >= 100, "{ended} connections of one client were refused");
        assert_eq!(addresses(&ask(server, "web.ns.svc.cluster.local").await), ["10.43.0.5"]);
    })
    .await;
}

#[tokio::test]
async fn what_others_answered_is_remembered_only_for_those_who_want_that() {
    let asked = Arc::new(AtomicUsize::new(0));
    let (resolver, resolving) = resolver(Arc::clone(&asked)).await;
    let site = site();
    site.forwarder.set_resolvers(&[resolver]);
    let test = async {
        for (memory, wanted) in [(Memory::Used, 1), (Memory::Unused, 3)] {
            asked.store(0, Ordering::Relaxed);
            serving(&site, memory, async |server| {
                for name in ["One.test", "oNE.test"] {
                    let answer = ask(server, name).await;
                    assert_eq!((addresses(&answer), answer.queries[0].name().to_ascii()), (vec!["192.0.2.1".into()], format!("{name}.")));
                }
                let answer = ask(server, "out.ns.svc.cluster.local").await;
                assert_eq!(addresses(&answer), ["one.test.", "192.0.2.1"]);
            })
            .await;
            assert_eq!(asked.load(Ordering::Relaxed), wanted, "{memory:?}");
        }
    };
    tokio::select! {
        () = resolving => {}
        () = test => {}
    }
}

#[tokio::test]
async fn a_dead_resolver_is_passed_over() {
    let (alive, resolving) = resolver(Arc::default()).await;
    let dead = UdpSocket::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let site = site();
    site.forwarder.set_resolvers(&[dead, alive]);
    let test = serving(&site, Memory::Unused, async |server| {
        for _ in 0..4 {
            assert_eq!(addresses(&ask(server, "one.test").await), ["192.0.2.1"]);
        }
    });
    tokio::select! {
        () = resolving => {}
        () = test => {}
    }
}

#[tokio::test]
async fn a_resolver_that_leads_back_here_is_found() {
    // DNS-15
    let site = site();
    serving(&site, Memory::Used, async |server| {
        site.forwarder.set_resolvers(&[server]);
        let (found, mut finding) = tokio::sync::mpsc::channel(1);
        let watch = crate::probe::watch(&site.forwarder, &site.probes, |resolver| found.try_send(resolver.address()).unwrap());
        tokio::select! {
            () = watch => {}
            address = finding.recv() => assert_eq!(address, Some(server)),
        }
    })
    .await;
}
