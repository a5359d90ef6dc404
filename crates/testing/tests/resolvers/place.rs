//! A place to look names up from: a network of its own with the name server on port 53, a `resolv.conf` that leads there, a resolver for
//! names of others, and the programs that look up.

use bytes::Bytes;
use hickory_proto::op::{Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::rdata::A;
use hickory_proto::rr::{Name, RData, Record, RecordType};
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::socket::{setsockopt, sockopt};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use stead_dns::{Listener, Memory, Options, Source, Zone};
use stead_testing::http::Client;
use tempfile::TempDir;
use tokio::net::UdpSocket;

const RANGES: &str = "10.43.0.0/16,fd00:43::/112";
const SERVER: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 53);
const RESOLV_CONF: &str = "search ns.svc.cluster.local svc.cluster.local cluster.local\nnameserver 127.0.0.1\noptions ndots:5\n";
/// More than fit a packet.
const MANY: u8 = 120;
const LONG: Duration = Duration::from_secs(60);
/// What is not answered by then never is.
const SILENCE: Duration = Duration::from_secs(2);

/// A program that a test needs.
pub struct Program(pub &'static str);

pub struct Place {
    /// A program that looks up with glibc, and one with musl; there if their compilers were asked for.
    pub glibc: PathBuf,
    pub musl: PathBuf,
    asked: Mutex<BTreeSet<String>>,
}

/// Runs a test in a place of its own, or says why that cannot be.
pub fn in_a_place(test: &str, programs: &[Program], work: impl AsyncFnOnce(&Place) + Send) {
    if let Some(Program(missing)) = programs.iter().find(|Program(name)| !is_installed(name)) {
        return stead_testing::left_out(test, &format!("there is no {missing}"));
    }
    let thread = || {
        if unshare(CloneFlags::CLONE_NEWNET | CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_FS).is_err() {
            return stead_testing::left_out(test, "needs root");
        }
        let dir = tempfile::tempdir().unwrap();
        stead_sys::network::loopback_up().unwrap();
        mount(None::<&str>, "/", None::<&str>, MsFlags::MS_REC | MsFlags::MS_PRIVATE, None::<&str>).unwrap();
        configure(&dir, "resolv.conf", RESOLV_CONF);
        configure(&dir, "nsswitch.conf", "hosts: files dns\n");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async { tokio::time::timeout(LONG, served(&dir, work)).await.expect("it ends") });
    };
    std::thread::scope(|scope| scope.spawn(thread).join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
}

/// Lays a file over one of `/etc`, for this thread and the programs that it starts.
fn configure(dir: &TempDir, name: &str, text: &str) {
    let file = dir.path().join(name);
    std::fs::write(&file, text).unwrap();
    let place = Path::new("/etc").join(name);
    if place.exists() {
        mount(Some(&file), &place, None::<&str>, MsFlags::MS_BIND, None::<&str>).unwrap();
    }
}

fn is_installed(program: &str) -> bool {
    ["/usr/local/bin", "/usr/bin", "/bin"].iter().any(|dir| Path::new(dir).join(program).exists())
}

async fn served(dir: &TempDir, work: impl AsyncFnOnce(&Place)) {
    let client = Client::with_ranges(RANGES, 1).await.unwrap();
    for (path, object) in objects() {
        let answer = client.call("POST", path, Some(Bytes::from(object.to_string())), &[]).await.unwrap();
        assert_eq!(answer.code, 201, "{}", answer.json());
    }
    let others = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let options = Options {
        zone: Zone::new("cluster.local", 30).unwrap(),
        resolvers: Source::Given(vec![others.local_addr().unwrap()]),
        node_name: String::new(),
        node: Vec::new(),
        host: Some(Listener::bind(SERVER, Memory::Unused).await.unwrap()),
        shown: None,
        clock: client.clock(),
    };
    let api = stead_client::Client::new(client.kube(stead_dns::USER), "dns");
    let place = Place { glibc: dir.path().join("glibc"), musl: dir.path().join("musl"), asked: Mutex::default() };
    let working = async {
        if is_installed("cc") {
            place.compile("cc", &[], &place.glibc).await;
        }
        if is_installed("musl-gcc") {
            place.compile("musl-gcc", &["-static"], &place.musl).await;
        }
        until_it_knows().await;
        work(&place).await;
    };
    tokio::select! {
        ended = stead_dns::run(api, options, std::future::pending()) => panic!("the name server ended: {ended:?}"),
        () = place.answer_for_others(&others) => {}
        () = working => {}
    }
}

/// What there is in the namespace `ns`: Services of one family, of both, without addresses, and of another name.
fn objects() -> Vec<(&'static str, Value)> {
    const SERVICES: &str = "/api/v1/namespaces/ns/services";
    const SLICES: &str = "/apis/discovery.k8s.io/v1/namespaces/ns/endpointslices";
    let service = |name: &str, spec: Value| {
        let mut spec = spec;
        spec["ports"] = json!([{"port": 80}]);
        (SERVICES, json!({"metadata": {"name": name}, "spec": spec}))
    };
    let slice = |of: &str, endpoints: Vec<Value>| {
        let meta = json!({"name": of, "labels": {"kubernetes.io/service-name": of}});
        (SLICES, json!({"metadata": meta, "addressType": "IPv4", "endpoints": endpoints, "ports": [{"port": 80}]}))
    };
    let many = (0..MANY).map(|n| json!({"addresses": [many(n)]})).collect();
    let all = vec![json!({"addresses": ["10.42.0.7"], "hostname": "web-0"}), json!({"addresses": ["10.42.0.8"], "hostname": "web-1"})];
    vec![
        ("/api/v1/namespaces", json!({"metadata": {"name": "ns"}})),
        service("web", json!({"clusterIP": "10.43.0.5"})),
        service("both", json!({"clusterIP": "10.43.0.6", "clusterIPs": ["10.43.0.6", "fd00:43::6"], "ipFamilyPolicy": "RequireDualStack"})),
        service("all", json!({"clusterIP": "None"})),
        slice("all", all),
        service("many", json!({"clusterIP": "None"})),
        slice("many", many),
        service("out", json!({"type": "ExternalName", "externalName": "one.test"})),
    ]
}

fn many(n: u8) -> String {
    format!("10.42.1.{n}")
}

/// Until questions have answers: the server has heard of everything.
async fn until_it_knows() {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let mut question = Message::query();
    question.add_query(Query::query(Name::from_ascii("web.ns.svc.cluster.local.").unwrap(), RecordType::A));
    let mut buffer = [0; 512];
    loop {
        socket.send_to(&question.to_vec().unwrap(), SERVER).await.unwrap();
        let length = socket.recv(&mut buffer).await.unwrap();
        if Message::from_vec(&buffer[..length]).unwrap().metadata.response_code == ResponseCode::NoError {
            return;
        }
        tokio::task::yield_now().await;
    }
}

impl Place {
    /// The addresses of the Service `many`.
    pub fn many(&self) -> BTreeSet<String> {
        (0..MANY).map(many).collect()
    }

    /// Names that the resolver of others was asked for.
    pub fn asked_elsewhere(&self) -> BTreeSet<String> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn answer_for_others(&self, socket: &UdpSocket) {
        let mut buffer = [0; 512];
        loop {
            let (length, client) = socket.recv_from(&mut buffer).await.unwrap();
            let question = Message::from_vec(&buffer[..length]).unwrap();
            let query = question.queries[0].clone();
            let mut answer = Message::new(question.metadata.id, MessageType::Response, OpCode::Query);
            answer.metadata.recursion_available = true;
            match (query.name().to_ascii().as_str(), query.query_type()) {
                ("one.test.", RecordType::A) => {
                    answer.add_answer(Record::from_rdata(query.name().clone(), 60, RData::A(A(Ipv4Addr::new(192, 0, 2, 1)))));
                }
                ("one.test.", _) => {}
                _ => answer.metadata.response_code = ResponseCode::NXDomain,
            }
            // The server's own questions, whether one leads back to it, are no client's.
            if query.query_type() != RecordType::HINFO {
                self.asked.lock().unwrap_or_else(PoisonError::into_inner).insert(query.name().to_ascii());
            }
            answer.add_query(query);
            socket.send_to(&answer.to_vec().unwrap(), client).await.unwrap();
        }
    }

    /// Asks so many times before the server can answer once; how many answers there are.
    pub async fn flood(&self, name: &str, count: u16) -> usize {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        setsockopt(&socket, sockopt::RcvBufForce, &(8 << 20)).unwrap();
        socket.connect(SERVER).await.unwrap();
        let mut question = Message::query();
        question.add_query(Query::query(Name::from_ascii(name).unwrap(), RecordType::A));
        socket.writable().await.unwrap();
        for id in 0..count {
            question.metadata.id = id;
            // Nothing is waited for, so that the server, on this thread, does not come in between.
            socket.try_send(&question.to_vec().unwrap()).unwrap();
        }
        let mut answered = BTreeSet::new();
        let mut buffer = [0; 512];
        while answered.len() < count.into() {
            let Ok(received) = tokio::time::timeout(SILENCE, socket.recv(&mut buffer)).await else { break };
            answered.insert(Message::from_vec(&buffer[..received.unwrap()]).unwrap().metadata.id);
        }
        answered.len()
    }

    async fn compile(&self, compiler: &str, flags: &[&str], program: &Path) {
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/resolvers/lookup.c");
        let line = [flags, &["-o", program.to_str().unwrap(), source]].concat();
        self.run(compiler, &line, &[]).await.unwrap_or_else(|said| panic!("{compiler}: {said}"));
    }

    /// What such a program finds; what it complains of, if it finds nothing.
    pub async fn look_up(&self, program: &Path, name: &str, environment: &[(&str, &str)]) -> Result<BTreeSet<String>, String> {
        let found = self.run(program.to_str().unwrap(), &[name], environment).await?;
        Ok(found.lines().map(str::to_owned).collect())
    }

    /// What a program prints, and all that it does if it fails.
    #[expect(clippy::disallowed_methods, reason = "other people's resolvers are what is tested")]
    pub async fn run(&self, program: &str, arguments: &[&str], environment: &[(&str, &str)]) -> Result<String, String> {
        let mut command = tokio::process::Command::from(std::process::Command::new(program));
        let done = command.args(arguments).envs(environment.iter().copied()).kill_on_drop(true).output().await.unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if done.status.success() { Ok(text(&done.stdout)) } else { Err(text(&done.stdout) + &text(&done.stderr)) }
    }
}
