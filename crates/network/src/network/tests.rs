//! With the real kernel, in network namespaces of the tests' own: each test is a machine.

use super::*;
use crate::socket::tests::{allow, is_cut};
use nix::sched::{CloneFlags, setns, unshare};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Instant;

/// Nothing here takes long; what does not happen in this time never will.
const LONG: std::time::Duration = std::time::Duration::from_secs(10);

/// Notes for `cargo xtask test` that a test did not run, and why.
#[expect(clippy::disallowed_methods, reason = "the list's place is told by the environment")]
fn left_out(test: &str, reason: &str) {
    if let Some(path) = std::env::var_os("STEAD_LEFT_OUT") {
        let mut file = fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
        file.write_all(format!("{test}: {reason}\n").as_bytes()).unwrap();
    }
    writeln!(std::io::stderr(), "LEFT OUT {test}: {reason}").unwrap();
}

/// Runs a test on a machine of its own, and sees that it leaves nothing.
fn on_machine(test: impl FnOnce(&Path) + Send) {
    if !nix::unistd::geteuid().is_root() {
        return left_out(std::thread::current().name().unwrap_or("a test"), "needs root");
    }
    let dir = tempfile::tempdir().unwrap();
    in_thread(|| {
        unshare(CloneFlags::CLONE_NEWNET).unwrap();
        stead_sys::network::loopback_up().unwrap();
        let before = machine();
        test(dir.path());
        clean(&dir.path().join("network")).unwrap();
        assert_eq!(machine(), before);
    });
}

fn in_thread<T: Send>(run: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| scope.spawn(run).join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
}

/// Everything of this thread's network: links, addresses, routes and neighbours.
fn machine() -> Vec<String> {
    let names = |file: &str| {
        let text = fs::read_to_string(format!("/proc/thread-self/net/{file}")).unwrap_or_default();
        text.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let forwarding = |link: &String| fs::read_to_string(format!("/proc/sys/net/ipv4/conf/{link}/forwarding")).unwrap_or_default();
    let settings = machine_links().into_iter().map(|link| format!("{link} forwards: {}", forwarding(&link).trim()));
    let links = settings.chain(names("dev").into_iter().filter_map(|line| Some(line.split_once(':')?.0.trim().to_owned())));
    let v6 = names("if_inet6").into_iter().chain(names("ipv6_route").into_iter().map(|line| line[..32].to_owned()));
    // How the kernel's tree of routes is shaped depends on what has been in it.
    let fib = names("fib_trie").into_iter().filter(|line| !line.contains("+--"));
    let mut all: Vec<String> = links.chain(names("route")).chain(fib).chain(names("arp")).chain(v6).collect();
    all.sort();
    all.dedup();
    all
}

fn machine_links() -> Vec<String> {
    let text = fs::read_to_string("/proc/thread-self/net/dev").unwrap();
    let mut links: Vec<String> = text.lines().filter_map(|line| Some(line.split_once(':')?.0.trim().to_owned())).collect();
    links.push("all".into());
    links
}

/// A network namespace as a container's.
struct Namespace(File);

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

    fn inside<T: Send>(&self, run: impl FnOnce() -> T + Send) -> T {
        in_thread(|| {
            setns(&self.0, CloneFlags::CLONE_NEWNET).unwrap();
            run()
        })
    }
}

/// Connects this thread's machine with another one: `to_other` here has the first address, `eth0` there the second.
fn connect(other: &Namespace, here: &str, there: &str) {
    let mut socket = Socket::open().unwrap();
    let [_, up] = request::bring_outside_up("to_other", Ipv6::Absent);
    let made = socket.perform(&[request::make_link("to_other", [2; 6], other.0.as_raw_fd(), 1500), up, request::get_link("to_other")]);
    socket.perform(&[request::add_address(index(made.unwrap()), here.parse().unwrap(), None)]).unwrap();
    let mut inside = Socket::open_in(&other.0).unwrap();
    let [_, up] = request::bring_inside_up(Ipv6::Absent);
    let made = inside.perform(&[up, request::get_link(crate::link::INSIDE)]).unwrap();
    inside.perform(&[request::add_address(index(made), there.parse().unwrap(), None)]).unwrap();
}

fn ranges(text: &str) -> Vec<Range> {
    text.split(',').map(|range| range.parse().unwrap()).collect()
}

fn open(dir: &Path, text: &str, live: &[&str]) -> Result<Network> {
    Network::open(&dir.join("network"), &ranges(text), &live.iter().map(|holder| (*holder).to_owned()).collect())
}

fn passing(name: &str) -> Owner {
    Owner { name: name.to_owned(), tenure: crate::Tenure::Passing }
}

fn texts(addresses: &[IpAddr]) -> Vec<String> {
    addresses.iter().map(IpAddr::to_string).collect()
}

/// Sends a word from where the thread is to a listener elsewhere; gives who the listener saw.
fn say(listener: &TcpListener, to: IpAddr) -> IpAddr {
    let to = SocketAddr::new(to, listener.local_addr().unwrap().port());
    let mut stream = TcpStream::connect_timeout(&to, LONG).unwrap();
    stream.write_all(b"hello").unwrap();
    let (mut accepted, from) = listener.accept().unwrap();
    drop(stream);
    let mut word = String::new();
    accepted.read_to_string(&mut word).unwrap();
    assert_eq!(word, "hello");
    from.ip()
}

fn listener(address: IpAddr) -> TcpListener {
    TcpListener::bind((address, 0)).unwrap()
}

#[test]
fn everybody_reaches_everybody_as_who_they_are() {
    // NETW-1
    on_machine(|dir| {
        let both = if crate::host::ipv6() == Ipv6::Present { "10.42.0.0/16,fd00:42::/56" } else { "10.42.0.0/16" };
        let network = open(dir, both, &[]).unwrap();
        let (one, two) = (Namespace::new(), Namespace::new());
        let first = network.attach(&passing("n/one"), "one", &one.path()).unwrap();
        let second = network.attach(&passing("n/two"), "two", &two.path()).unwrap();
        assert_eq!(texts(&first)[0], "10.42.0.2");
        for (first, second, own) in
            first.iter().zip(&second).zip(lock(&network.table).pool.machine_addresses()).map(|((a, b), c)| (*a, *b, c))
        {
            let (of_first, of_machine) = (one.inside(|| listener(first)), listener(own));
            assert_eq!(two.inside(|| say(&of_first, first)), second, "pod to pod");
            assert_eq!(one.inside(|| say(&of_first, first)), first, "pod to itself");
            assert_eq!(say(&of_first, first), own, "machine to pod");
            assert_eq!(two.inside(|| say(&of_machine, own)), second, "pod to machine");
        }
        assert_eq!(network.attach(&passing("n/one"), "one", Path::new("/nowhere")).unwrap(), first, "asked for again");
    });
}

#[test]
fn what_is_held_is_found_again_and_the_rest_removed() {
    on_machine(|dir| {
        let (one, two) = (Namespace::new(), Namespace::new());
        let network = open(dir, "10.42.0.0/16", &[]).unwrap();
        let kept = network.attach(&passing("n/one"), "one", &one.path()).unwrap();
        network.attach(&passing("n/two"), "two", &two.path()).unwrap();
        drop(network);
        let network = open(dir, "10.42.0.0/16", &["one"]).unwrap();
        assert_eq!((network.addresses("one"), network.addresses("two")), (Some(kept.clone()), None));
        let of_one = one.inside(|| listener(kept[0]));
        say(&of_one, kept[0]);
        // The machine was started anew: links and namespaces are gone, and the names keep their addresses.
        network.detach("one").unwrap();
        network.detach("one").unwrap();
        drop(network);
        let (three, again) = (Namespace::new(), Namespace::new());
        let network = open(dir, "10.42.0.0/16", &[]).unwrap();
        assert_eq!(texts(&network.attach(&passing("n/three"), "three", &three.path()).unwrap()), ["10.42.0.4"]);
        assert_eq!(network.attach(&passing("n/one"), "one-1", &again.path()).unwrap(), kept);
        assert_eq!(network.journal.live().len(), 3, "two links and the machine's address");
    });
}

#[test]
fn a_kill_between_any_two_requests_leaves_what_the_next_start_removes() {
    on_machine(|dir| {
        drop(open(dir, "10.42.0.0/16", &[]).unwrap());
        let before = machine();
        for count in 0.. {
            let namespace = Namespace::new();
            let network = open(dir, "10.42.0.0/16", &[]).unwrap();
            allow(Some(count));
            let rates = Rates { inwards: None, outwards: Some(8_000_000) };
            let attached = network.attach_limited(&passing("n/one"), "one", &namespace.path(), rates);
            let done = attached.is_ok() && !is_cut();
            drop(network);
            allow(None);
            drop(open(dir, "10.42.0.0/16", &[]).unwrap());
            assert_eq!(machine(), before, "after {count} requests");
            assert_eq!(namespace.inside(machine).iter().filter(|line| line.contains("eth0")).count(), 0, "after {count} requests");
            // The holder lives: what is there by half is made anew.
            allow(Some(count));
            drop(open(dir, "10.42.0.0/16", &[]).and_then(|network| network.attach(&passing("n/one"), "one", &namespace.path())));
            allow(None);
            let network = open(dir, "10.42.0.0/16", &["one"]).unwrap();
            let address = network.attach(&passing("n/one"), "one", &namespace.path()).unwrap()[0];
            assert_eq!(address.to_string(), "10.42.0.2");
            let inside = namespace.inside(|| listener(address));
            say(&inside, address);
            network.detach("one").unwrap();
            if done {
                assert!(count > 8, "{count}");
                break;
            }
        }
    });
}

#[test]
fn directories_do_not_share_addresses() {
    on_machine(|dir| {
        let (first, second, third) = (dir.join("a"), dir.join("b"), dir.join("c"));
        let one = open(&first, "10.42.0.0/23", &[]).unwrap();
        let two = open(&second, "10.42.0.0/23", &[]).unwrap();
        assert_eq!((one.ranges(), two.ranges()), (ranges("10.42.0.0/24"), ranges("10.42.1.0/24")));
        let error = open(&third, "10.42.0.0/23", &[]).unwrap_err().to_string();
        assert!(error.contains("every part of 10.42.0.0/23 is used on this machine already"), "{error}");
        // A directory that was copied, and is used beside its original: what runs of it keeps it to its addresses.
        let namespace = Namespace::new();
        drop(one);
        open(&first, "10.42.0.0/23", &[]).unwrap().attach(&passing("n/one"), "one", &namespace.path()).unwrap();
        fs::create_dir_all(third.join("network")).unwrap();
        fs::copy(file(&first.join("network")), file(&third.join("network"))).unwrap();
        let error = open(&third, "10.42.0.0/16", &["one"]).unwrap_err().to_string();
        assert!(error.contains("stop that server first"), "{error}");
        // Nothing does: it gets others.
        let copy = open(&third, "10.42.0.0/16", &[]).unwrap();
        assert_eq!(copy.ranges(), ranges("10.42.2.0/24"));
        let again = Namespace::new();
        assert_eq!(texts(&copy.attach(&passing("n/one"), "one", &again.path()).unwrap()), ["10.42.2.2"]);
        assert_eq!(open(&first, "10.42.0.0/16", &[]).unwrap().ranges(), ranges("10.42.0.0/24"), "the same one again");
        for dir in [first, second, third] {
            clean(&dir.join("network")).unwrap();
        }
    });
}

#[test]
fn containers_see_the_machine_by_the_address_of_their_own_directory() {
    // That of another one goes with it.
    on_machine(|dir| {
        let both = if crate::host::ipv6() == Ipv6::Present { "10.42.0.0/16,fd00:42::/56" } else { "10.42.0.0/16" };
        for name in ["a", "b"] {
            let network = open(&dir.join(name), both, &[]).unwrap();
            let namespace = Namespace::new();
            let addresses = network.attach(&passing("n/one"), "one", &namespace.path()).unwrap();
            for (address, own) in addresses.into_iter().zip(network.machine_addresses()) {
                let inside = namespace.inside(|| listener(address));
                assert_eq!(say(&inside, address), own, "of {name}");
            }
        }
        for name in ["a", "b"] {
            clean(&dir.join(name).join("network")).unwrap();
        }
    });
}

#[test]
fn a_machine_without_ipv6_has_one_family() {
    on_machine(|dir| {
        let ipv6 = Path::new("/proc/sys/net/ipv6/conf/default/disable_ipv6");
        if ipv6.exists() {
            fs::write(ipv6, "1").unwrap();
        }
        assert_eq!(open(dir, "10.42.0.0/16,fd00:42::/56", &[]).unwrap().ranges(), ranges("10.42.0.0/24"));
        let error = open(dir, "fd00:42::/56", &[]).unwrap_err().to_string();
        assert_eq!(error, "this machine has no IPv6, and fd00:42::/56 is all that containers could have addresses of");
        if ipv6.exists() {
            fs::write(ipv6, "0").unwrap();
            let network = open(dir, "fd00:42::/56,10.42.0.0/16", &[]).unwrap();
            assert_eq!(network.ranges(), ranges("fd00:42::/64,10.42.0.0/24"), "another family first, once nothing holds an address");
        }
    });
}

#[test]
fn settings_of_the_machine_are_put_back_by_the_last_that_needs_them() {
    // MACH-5
    on_machine(|dir| {
        let world = Namespace::new();
        connect(&world, "192.0.2.1", "192.0.2.2");
        // It would get an address of its own after a while, which is nobody's doing here.
        fs::write("/proc/sys/net/ipv6/conf/to_other/disable_ipv6", "1").ok();
        let before = machine();
        let (first, second) = (dir.join("a"), dir.join("b"));
        drop(open(&first, "10.42.0.0/16", &[]).unwrap());
        drop(open(&second, "10.42.0.0/16", &[]).unwrap());
        let forwards = || fs::read_to_string("/proc/sys/net/ipv4/conf/to_other/forwarding").unwrap().trim() == "1";
        assert!(forwards());
        clean(&first.join("network")).unwrap();
        assert!(forwards(), "the other one needs it");
        clean(&second.join("network")).unwrap();
        clean(&first.join("network")).unwrap();
        assert_eq!(machine(), before);
        remove_link(&mut Socket::open().unwrap(), "to_other").unwrap();
    });
}

fn forwards(link: &str) -> bool {
    fs::read_to_string(format!("/proc/sys/net/ipv4/conf/{link}/forwarding")).unwrap().trim() == "1"
}

#[test]
fn settings_are_put_back_though_the_directory_that_changed_them_is_gone() {
    // MACH-5
    on_machine(|dir| {
        let world = Namespace::new();
        connect(&world, "192.0.2.1", "192.0.2.2");
        drop(open(&dir.join("a"), "10.42.0.0/16", &[]).unwrap());
        assert!(forwards("to_other"));
        fs::remove_dir_all(dir.join("a")).unwrap();
        clean(&dir.join("a/network")).unwrap();
        assert!(!forwards("to_other"));
        // Killed, and its directory removed: the next one that goes puts them back, whichever it is.
        drop(open(&dir.join("b"), "10.42.0.0/16", &[]).unwrap());
        fs::remove_dir_all(dir.join("b")).unwrap();
        let label = Tag::of(&dir.join("b/network")).label();
        let own = host::look(&mut Socket::open().unwrap()).unwrap().addresses_of(&Tag::of(&dir.join("b/network")));
        assert_eq!(own.len(), 1, "{label}");
        Socket::open().unwrap().perform(&[request::remove_machine_address(own[0])]).unwrap();
        drop(open(&dir.join("c"), "10.42.0.0/16", &[]).unwrap());
        assert!(forwards("to_other"));
        clean(&dir.join("c/network")).unwrap();
        assert!(!forwards("to_other"));
        remove_link(&mut Socket::open().unwrap(), "to_other").unwrap();
    });
}

#[test]
fn a_link_that_gets_an_address_later_is_a_way_too() {
    on_machine(|dir| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let entered = runtime.enter();
        let network = open(dir, "10.42.0.0/16", &[]).unwrap();
        let mut ways = crate::Ways::listen().unwrap();
        let (world, pod) = (Namespace::new(), Namespace::new());
        // Pods that come are nothing that is told of.
        network.attach(&passing("n/one"), "one", &pod.path()).unwrap();
        let nothing = async { tokio::time::timeout(std::time::Duration::from_millis(100), ways.changed()).await.is_err() };
        assert!(runtime.block_on(nothing));
        connect(&world, "192.0.2.1", "192.0.2.2");
        assert!(!forwards("to_other"));
        runtime.block_on(async { tokio::time::timeout(LONG, ways.changed()).await }).unwrap().unwrap();
        network.open_ways().unwrap();
        assert!(forwards("to_other"));
        drop(entered);
        drop(network);
        remove_link(&mut Socket::open().unwrap(), "to_other").unwrap();
    });
}

#[test]
fn a_link_carries_no_more_than_it_may() {
    // NETW-9: 8 Mbit are a megabyte in a second, and a tenth of it goes at once.
    on_machine(|dir| {
        let network = open(dir, "10.42.0.0/16", &[]).unwrap();
        let pod = Namespace::new();
        let rates = Rates { inwards: Some(8_000_000), outwards: Some(8_000_000) };
        let address = network.attach_limited(&passing("n/one"), "one", &pod.path(), rates).unwrap()[0];
        let own = network.machine_addresses()[0];
        let bytes = vec![0; 500_000];
        let carry = |from: &mut TcpStream, to: &mut TcpStream| {
            let begun = Instant::now();
            std::thread::scope(|scope| {
                scope.spawn(|| from.write_all(&bytes).unwrap());
                to.read_exact(&mut vec![0; bytes.len()]).unwrap();
            });
            begun.elapsed()
        };
        let listener = listener(own);
        let to = SocketAddr::new(own, listener.local_addr().unwrap().port());
        let mut inside = pod.inside(|| TcpStream::connect_timeout(&to, LONG).unwrap());
        let (mut outside, from) = listener.accept().unwrap();
        assert_eq!(from.ip(), address);
        let least = std::time::Duration::from_millis(300);
        assert!(carry(&mut inside, &mut outside) > least, "outwards");
        assert!(carry(&mut outside, &mut inside) > least, "inwards");
        // Root inside has nothing to take away: no queue of its end is another than in any namespace.
        let mut there = Socket::open_in(&pod.0).unwrap();
        let queues = there.perform(&[request::all_queues()]).unwrap();
        let kinds =
            queues.iter().filter_map(|queue| if let RouteNetlinkMessage::NewQueueDiscipline(queue) = queue { Some(queue) } else { None });
        let limits = kinds.filter(|queue| queue.attributes.contains(&netlink_packet_route::tc::TcAttribute::Kind("tbf".into())));
        assert_eq!(limits.count(), 0);
        // A new start keeps it, and the end of the pod ends it.
        drop(network);
        let network = open(dir, "10.42.0.0/16", &["one"]).unwrap();
        assert!(machine_links().contains(&network.tag.shaper(2)), "{:?}", machine_links());
        assert!(carry(&mut inside, &mut outside) > least, "outwards, after a new start");
        network.detach("one").unwrap();
        assert!(!machine_links().contains(&network.tag.shaper(2)));
    });
}

#[test]
fn exhaustion_and_a_missing_namespace_are_said() {
    // NETW-2
    on_machine(|dir| {
        let namespaces: Vec<Namespace> = (0..5).map(|_| Namespace::new()).collect();
        let network = open(dir, "10.42.0.0/29", &[]).unwrap();
        let error = network.attach(&passing("n/x"), "x", Path::new("/nowhere")).unwrap_err();
        assert_eq!(error.to_string(), "cannot open /nowhere");
        for (n, namespace) in namespaces.iter().enumerate() {
            network.attach(&passing(&format!("n/{n}")), &n.to_string(), &namespace.path()).unwrap();
        }
        let error = network.attach(&passing("n/x"), "x", Path::new("/nowhere")).unwrap_err();
        assert_eq!(error.to_string(), "no IP addresses available in range set: 10.42.0.1-10.42.0.6");
    });
}

#[test]
fn two_hundred_come_and_go() {
    on_machine(|dir| {
        let network = open(dir, "10.42.0.0/16", &[]).unwrap();
        let before = machine();
        let namespaces: Vec<Namespace> = (0..200).map(|_| Namespace::new()).collect();
        let begun = Instant::now();
        for (n, namespace) in namespaces.iter().enumerate() {
            network.attach(&passing(&format!("n/{n}")), &n.to_string(), &namespace.path()).unwrap();
        }
        let up = begun.elapsed();
        let last = namespaces[199].inside(|| listener(network.addresses("199").unwrap()[0]));
        namespaces[0].inside(|| say(&last, network.addresses("199").unwrap()[0]));
        // As when a sandbox is stopped: its namespace goes first, which the kernel does for many at a time.
        drop((last, namespaces));
        let begun = Instant::now();
        (0..200).for_each(|n| network.detach(&n.to_string()).unwrap());
        println!("200 links: up in {up:?}, down in {:?}", begun.elapsed());
        assert_eq!(machine(), before);
        assert_eq!(network.journal.live().len(), 1);
    });
}

#[test]
fn many_are_connected_and_disconnected_side_by_side() {
    on_machine(|dir| {
        let network = open(dir, "10.42.0.0/16", &[]).unwrap();
        let before = machine();
        let namespaces: Vec<Namespace> = (0..16).map(|_| Namespace::new()).collect();
        // Each is asked for twice at once, as when an operation is given up and begun anew.
        let of_all = |work: &(dyn Fn(usize) -> Vec<IpAddr> + Sync)| -> BTreeSet<IpAddr> {
            std::thread::scope(|scope| {
                let all: Vec<_> = (0..32).map(|n| scope.spawn(move || work(n / 2))).collect();
                all.into_iter().flat_map(|one| one.join().unwrap()).collect()
            })
        };
        let attach = |n: usize| network.attach(&passing(&format!("n/{n}")), &n.to_string(), &namespaces[n].path()).unwrap();
        let addresses = of_all(&attach);
        assert_eq!(addresses.len(), 16);
        for (n, namespace) in namespaces.iter().enumerate() {
            let address = network.addresses(&n.to_string()).unwrap()[0];
            say(&namespace.inside(|| listener(address)), address);
        }
        of_all(&|n| {
            network.detach(&n.to_string()).unwrap();
            Vec::new()
        });
        assert_eq!(machine(), before);
        assert_eq!(network.journal.live().len(), 1, "the machine's address");
    });
}

#[test]
fn a_directory_that_is_gone_is_cleaned_by_the_names_of_its_links() {
    on_machine(|dir| {
        let before = machine();
        let namespace = Namespace::new();
        let network = open(dir, "10.42.0.0/16", &[]).unwrap();
        network.attach(&passing("n/one"), "one", &namespace.path()).unwrap();
        drop(network);
        fs::remove_dir_all(dir.join("network")).unwrap();
        assert_eq!(clean(&dir.join("network")).unwrap(), Cleaned { links: 1 });
        assert_eq!(machine(), before);
    });
}
