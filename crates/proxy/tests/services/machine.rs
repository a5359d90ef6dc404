//! Machines of network namespaces: a node with its pods, and somebody outside of it.

use nix::sched::{CloneFlags, setns, unshare};
use nix::sys::socket::{setsockopt, sockopt};
use nix::sys::time::TimeVal;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;
use stead_network::{Network, Owner, Range, Tenure};
use stead_proxy::{Applier, State};

/// Nothing here takes long; what does not happen in this time never will.
const LONG: Duration = Duration::from_secs(10);
/// As long as it is waited for what is not to happen.
pub const SHORT: Duration = Duration::from_millis(300);
/// How often a server looks whether it is to stop.
const LOOK_US: i64 = 20_000;
/// Of every pod's server.
pub const PORT: u16 = 8080;

/// Notes for `cargo xtask test` that a test did not run, and why.
#[expect(clippy::disallowed_methods, reason = "the list's place is told by the environment")]
fn left_out(test: &str, reason: &str) {
    if let Some(path) = std::env::var_os("STEAD_LEFT_OUT") {
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
        file.write_all(format!("{test}: {reason}\n").as_bytes()).unwrap();
    }
    eprintln!("LEFT OUT {test}: {reason}");
}

pub fn in_thread<T: Send>(run: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| scope.spawn(run).join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
}

/// A network namespace.
pub struct Namespace(File);

impl Namespace {
    fn new() -> Namespace {
        Namespace(in_thread(|| {
            unshare(CloneFlags::CLONE_NEWNET).unwrap();
            stead_sys::network::loopback_up().unwrap();
            File::open("/proc/thread-self/ns/net").unwrap()
        }))
    }

    fn path(&self) -> PathBuf {
        PathBuf::from(format!("/proc/self/fd/{}", self.0.as_raw_fd()))
    }

    pub fn inside<T: Send>(&self, run: impl FnOnce() -> T + Send) -> T {
        in_thread(|| {
            setns(&self.0, CloneFlags::CLONE_NEWNET).unwrap();
            run()
        })
    }

    /// Connects to a server; gives who answered, and whom it saw.
    pub fn ask(&self, to: &str) -> io::Result<(String, String)> {
        self.ask_within(to, LONG)
    }

    pub fn ask_within(&self, to: &str, time: Duration) -> io::Result<(String, String)> {
        let to: SocketAddr = to.parse().unwrap();
        self.inside(|| ask(to, time))
    }
}

pub fn ask(to: SocketAddr, time: Duration) -> io::Result<(String, String)> {
    let mut stream = TcpStream::connect_timeout(&to, time)?;
    stream.set_read_timeout(Some(LONG))?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    let (server, client) = text.split_once(' ').unwrap();
    Ok((server.to_owned(), client.to_owned()))
}

/// A server in a pod, for as long as it lives: says who it is and whom it sees, over TCP and UDP.
pub struct Pod {
    pub namespace: Namespace,
    pub v4: String,
    pub v6: String,
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Drop for Pod {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.threads.drain(..).for_each(|thread| thread.join().unwrap());
    }
}

impl Pod {
    #[expect(clippy::disallowed_methods, reason = "the threads are joined when the pod goes")]
    fn new(namespace: Namespace, addresses: &[IpAddr]) -> Pod {
        let stop = Arc::new(AtomicBool::new(false));
        let mut threads = Vec::new();
        for address in addresses {
            let (tcp, udp) =
                namespace.inside(|| (TcpListener::bind((*address, PORT)).unwrap(), UdpSocket::bind((*address, PORT)).unwrap()));
            setsockopt(&tcp, sockopt::ReceiveTimeout, &TimeVal::new(0, LOOK_US)).unwrap();
            setsockopt(&udp, sockopt::ReceiveTimeout, &TimeVal::new(0, LOOK_US)).unwrap();
            let (address, is_over) = (*address, stop.clone());
            threads.push(std::thread::spawn(move || serve_tcp(&tcp, address, &is_over)));
            let is_over = stop.clone();
            threads.push(std::thread::spawn(move || serve_udp(&udp, address, &is_over)));
        }
        Pod { namespace, v4: addresses[0].to_string(), v6: addresses[1].to_string(), stop, threads }
    }
}

fn serve_tcp(listener: &TcpListener, own: IpAddr, is_over: &AtomicBool) {
    let mut open: Vec<TcpStream> = Vec::new();
    while !is_over.load(Ordering::Relaxed) {
        let Ok((mut stream, from)) = listener.accept() else { continue };
        // One that has gone already is no matter.
        if stream.write_all(format!("{own} {}", from.ip()).as_bytes()).is_ok() && stream.shutdown(std::net::Shutdown::Write).is_ok() {
            open.push(stream);
            open.truncate(16);
        }
    }
}

fn serve_udp(socket: &UdpSocket, own: IpAddr, is_over: &AtomicBool) {
    let mut word = [0; 16];
    while !is_over.load(Ordering::Relaxed) {
        if let Ok((_, from)) = socket.recv_from(&mut word) {
            socket.send_to(own.to_string().as_bytes(), from).unwrap();
        }
    }
}

/// A client that sends from one port all the time, as UDP clients that are missed do.
pub struct UdpClient(UdpSocket);

impl UdpClient {
    pub fn new(namespace: &Namespace, to: &str) -> UdpClient {
        let to: SocketAddr = to.parse().unwrap();
        UdpClient(namespace.inside(|| {
            let socket = UdpSocket::bind(if to.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" }).unwrap();
            socket.connect(to).unwrap();
            socket
        }))
    }

    /// Who answers.
    pub fn ask(&self, time: Duration) -> io::Result<String> {
        self.0.set_read_timeout(Some(time))?;
        // What an earlier question was told after its answer.
        drop(self.0.take_error()?);
        self.0.send(b"who?")?;
        let mut text = [0; 64];
        let length = self.0.recv(&mut text)?;
        Ok(String::from_utf8_lossy(&text[..length]).into_owned())
    }

    pub fn expect(&self) -> String {
        self.ask(LONG).unwrap()
    }
}

/// A node, and what is outside of it.
pub struct Node {
    pub outside: Namespace,
    pub machine: Namespace,
    /// The node's addresses on its link to the outside.
    pub v4: String,
    pub v6: String,
    pub tag: String,
    network: Network,
    _world: Network,
}

fn owner(name: &str) -> Owner {
    Owner { name: name.to_owned(), tenure: Tenure::Passing }
}

fn open(namespace: &Namespace, dir: &Path, ranges: &str) -> Network {
    let ranges: Vec<Range> = ranges.split(',').map(|range| range.parse().unwrap()).collect();
    namespace.inside(|| Network::open(dir, &ranges, &BTreeSet::new()).unwrap())
}

/// Runs a test with a node of its own.
pub fn on_node(test: impl FnOnce(&Node)) {
    if !nix::unistd::geteuid().is_root() {
        return left_out(std::thread::current().name().unwrap_or("a test"), "needs root");
    }
    let dir = tempfile::tempdir().unwrap();
    let (outside, machine) = (Namespace::new(), Namespace::new());
    let world = open(&outside, &dir.path().join("world"), "10.99.0.0/24,fd00:99::/64");
    let addresses = outside.inside(|| world.attach(&owner("machine"), "machine", &machine.path()).unwrap());
    let network = open(&machine, &dir.path().join("node"), "10.42.0.0/16,fd00:42::/56");
    // What comes in from outside is forwarded: a setting of the node's.
    machine.inside(|| std::fs::write("/proc/sys/net/ipv4/conf/eth0/forwarding", "1").unwrap());
    let mut node =
        Node { outside, machine, v4: addresses[0].to_string(), v6: addresses[1].to_string(), tag: String::new(), network, _world: world };
    let first = node.pod("first");
    let links = node.machine.inside(|| std::fs::read_to_string("/proc/thread-self/net/dev").unwrap());
    node.tag = links.lines().find_map(|line| line.trim().strip_prefix("st").map(|rest| rest[..8].to_owned())).unwrap();
    drop(first);
    test(&node);
}

impl Node {
    pub fn pod(&self, name: &str) -> Pod {
        let namespace = Namespace::new();
        let addresses = self.machine.inside(|| self.network.attach(&owner(name), name, &namespace.path()).unwrap());
        Pod::new(namespace, &addresses)
    }

    /// An applier that knows this node.
    pub fn applier(&self) -> Applier {
        self.applier_of(&self.tag)
    }

    pub fn applier_of(&self, tag: &str) -> Applier {
        let state: State = crate::objects::state(tag, &[&self.v4, &self.v6]);
        self.machine.inside(|| Applier::open(state).unwrap())
    }

    /// Whom pods see the machine as.
    pub fn machine_addresses(&self) -> [String; 2] {
        [IpAddr::from(Ipv4Addr::new(10, 42, 0, 1)).to_string(), IpAddr::from("fd00:42::1".parse::<Ipv6Addr>().unwrap()).to_string()]
    }
}
