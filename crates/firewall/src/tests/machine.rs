//! A machine with pods, and others that it reaches.

use crate::keeper::content;
use crate::kernel::{Kernel, Rules};
use crate::ways;
use crate::world::{Place, Sandbox, World};
use nix::sched::{CloneFlags, setns, unshare};
use std::fs::File;
use std::io::{ErrorKind, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::time::Duration;
use stead_network::{Network, Owner, Tenure};

/// Nothing here takes long; what does not happen in this time never will.
const LONG: Duration = Duration::from_secs(10);
/// What is dropped is never answered.
const SILENCE: Duration = Duration::from_millis(300);

#[expect(clippy::disallowed_methods, reason = "the list's place is told by the environment")]
pub fn left_out(test: &str, reason: &str) {
    if let Some(path) = std::env::var_os("STEAD_LEFT_OUT") {
        let mut file = File::options().create(true).append(true).open(path).unwrap();
        file.write_all(format!("{test}: {reason}\n").as_bytes()).unwrap();
    }
    writeln!(std::io::stderr(), "LEFT OUT {test}: {reason}").unwrap();
}

pub fn in_thread<T: Send>(run: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| scope.spawn(run).join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
}

/// Runs a test in a network namespace of its own, if it may.
pub fn on_machine(test: impl FnOnce(&Path) + Send) {
    let name = std::thread::current().name().unwrap_or("a test").to_owned();
    let dir = tempfile::tempdir().unwrap();
    in_thread(|| {
        if unshare(CloneFlags::CLONE_NEWNET).is_err() {
            return left_out(&name, "needs root");
        }
        stead_sys::network::loopback_up().unwrap();
        test(dir.path());
    });
}

pub struct Namespace(File);

impl Namespace {
    pub fn new() -> Namespace {
        Namespace(in_thread(|| {
            unshare(CloneFlags::CLONE_NEWNET).unwrap();
            stead_sys::network::loopback_up().unwrap();
            File::open("/proc/thread-self/ns/net").unwrap()
        }))
    }

    pub fn inside<T: Send>(&self, run: impl FnOnce() -> T + Send) -> T {
        in_thread(|| {
            setns(&self.0, CloneFlags::CLONE_NEWNET).unwrap();
            run()
        })
    }

    fn path(&self) -> PathBuf {
        PathBuf::from(format!("/proc/self/fd/{}", self.0.as_raw_fd()))
    }
}

/// The `ip` program, from where the thread is.
#[expect(clippy::disallowed_methods, reason = "what is around the machine is made by the usual program")]
pub fn ip(arguments: &str) {
    let done = std::process::Command::new("ip").args(arguments.split_whitespace()).output().expect("the program `ip` (iproute2) is there");
    assert!(done.status.success(), "ip {arguments}: {}", String::from_utf8_lossy(&done.stderr));
}

/// Connects this machine (first addresses) with another (second ones) by a link `name` that is called `eth0` there.
pub fn wire(other: &Namespace, name: &str, here: &[&str], there: &[&str]) {
    // The other end's descriptor is this process's.
    ip(&format!("link add {name} type veth peer name eth0 netns /proc/{}/fd/{}", std::process::id(), other.0.as_raw_fd()));
    // Addresses of their own would be looked for first, for a second.
    ip(&format!("link set {name} addrgenmode none"));
    here.iter().for_each(|address| ip(&format!("address add {address} dev {name} nodad")));
    ip(&format!("link set {name} up"));
    other.inside(|| {
        ip("link set eth0 addrgenmode none");
        there.iter().for_each(|address| ip(&format!("address add {address} dev eth0 nodad")));
        ip("link set eth0 up");
    });
}

/// A network with rules.
pub struct Node {
    pub network: Network,
    kernel: Kernel,
    pub world: World,
    pub pods: Vec<Namespace>,
}

impl Node {
    pub fn new(dir: &Path, ranges: &str, cluster: &str) -> Node {
        let parse = |text: &str| text.split(',').map(|range| range.parse().unwrap()).collect::<Vec<_>>();
        let network = Network::open(&dir.join("network"), &parse(ranges), &Default::default()).unwrap();
        let place = Place { links: network.tag().links(), own: network.ranges().to_vec(), cluster: parse(cluster) };
        let kernel = Kernel::new(network.tag().table());
        Node { network, kernel, world: World::new(place), pods: Vec::new() }
    }

    /// Connects a pod's namespace; gives its addresses. Its verdict is not in force yet.
    pub fn connect(&mut self, name: &str, ports: stead_api::Value) -> Vec<IpAddr> {
        let namespace = Namespace::new();
        let owner = Owner { name: name.to_owned(), tenure: Tenure::Passing };
        let addresses = self.network.attach(&owner, name, &namespace.path()).unwrap();
        let texts: Vec<String> = addresses.iter().map(IpAddr::to_string).collect();
        let pod = super::pod(name, &texts.iter().map(String::as_str).collect::<Vec<_>>(), ports);
        let sandbox = Sandbox { uid: pod.uid.clone(), link: self.network.link(name).unwrap(), addresses: addresses.clone() };
        self.world.sandboxes.insert(pod.uid.clone(), sandbox);
        let empty = World::new(self.world.place.clone());
        self.world = std::mem::replace(&mut self.world, empty).with_pod(pod, None);
        self.pods.push(namespace);
        addresses
    }

    pub fn change(&mut self, change: impl FnOnce(World) -> World) {
        let empty = World::new(self.world.place.clone());
        self.world = change(std::mem::replace(&mut self.world, empty));
        self.apply();
    }

    pub fn apply(&mut self) {
        self.kernel.apply(content(&self.world), ways::udp_ports(&self.world)).unwrap();
    }

    /// Waits for somebody else to change rules of pods, and puts them right.
    pub fn put_right(&mut self, runtime: &tokio::runtime::Runtime, watch: &mut stead_netfilter::Watch) {
        runtime.block_on(async { tokio::time::timeout(LONG, watch.disturbed(self.kernel.port())).await.unwrap().unwrap() });
        self.kernel.disturbed();
        self.apply();
    }

    pub fn port(&self) -> u32 {
        self.kernel.port()
    }
}

pub fn listener(address: IpAddr, port: u16) -> TcpListener {
    TcpListener::bind((address, port)).unwrap()
}

/// Whom a listener sees if one connects from where the thread is.
pub fn seen(listener: &TcpListener, to: (IpAddr, u16)) -> IpAddr {
    TcpStream::connect_timeout(&SocketAddr::from(to), LONG).unwrap();
    listener.accept().unwrap().1.ip()
}

/// Nothing is answered to who connects from where the thread is.
pub fn is_silent(to: (IpAddr, u16)) -> bool {
    TcpStream::connect_timeout(&SocketAddr::from(to), SILENCE).is_err_and(|error| error.kind() == ErrorKind::TimedOut)
}

/// A connection that stays.
pub fn connection(listener: &TcpListener, to: IpAddr) -> (TcpStream, TcpStream) {
    let to = SocketAddr::new(to, listener.local_addr().unwrap().port());
    let client = TcpStream::connect_timeout(&to, LONG).unwrap();
    client.set_read_timeout(Some(LONG)).unwrap();
    (client, listener.accept().unwrap().0)
}
