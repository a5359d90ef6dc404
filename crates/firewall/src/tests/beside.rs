//! Beside other programs' rules, laid by these programs themselves: what they keep back is said, and once the line was followed that is said
//! with it, packets pass. Each test is a machine with files of its own where the programs keep theirs.

use super::machine::*;
use crate::foreign::obstacles;
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use std::io::{BufRead, BufReader};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use stead_api::json;

/// What is kept back is refused or never answered.
const SILENCE: Duration = Duration::from_millis(300);

/// Docker's rules for one bridge, as its versions 20 to 27 lay them, by this program.
fn docker(iptables: &str) -> String {
    let rules = "-N DOCKER; -N DOCKER-ISOLATION-STAGE-1; -N DOCKER-ISOLATION-STAGE-2; -N DOCKER-USER; -P FORWARD DROP
        -A FORWARD -j DOCKER-USER; -A FORWARD -j DOCKER-ISOLATION-STAGE-1
        -A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT; -A FORWARD -o docker0 -j DOCKER
        -A FORWARD -i docker0 ! -o docker0 -j ACCEPT; -A FORWARD -i docker0 -o docker0 -j ACCEPT
        -A DOCKER-ISOLATION-STAGE-1 -i docker0 ! -o docker0 -j DOCKER-ISOLATION-STAGE-2; -A DOCKER-ISOLATION-STAGE-1 -j RETURN
        -A DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP; -A DOCKER-ISOLATION-STAGE-2 -j RETURN; -A DOCKER-USER -j RETURN
        -t nat -N DOCKER; -t nat -A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
        -t nat -A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE";
    lines(iptables, rules)
}

/// The same of its versions from 28 on.
fn docker_28(iptables: &str) -> String {
    let rules = "-N DOCKER; -N DOCKER-BRIDGE; -N DOCKER-CT; -N DOCKER-FORWARD; -N DOCKER-ISOLATION-STAGE-1; -N DOCKER-ISOLATION-STAGE-2
        -N DOCKER-USER; -P FORWARD DROP; -A FORWARD -j DOCKER-USER; -A FORWARD -j DOCKER-FORWARD; -A DOCKER ! -i docker0 -o docker0 -j DROP
        -A DOCKER-BRIDGE -o docker0 -j DOCKER; -A DOCKER-CT -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
        -A DOCKER-FORWARD -j DOCKER-CT; -A DOCKER-FORWARD -j DOCKER-ISOLATION-STAGE-1; -A DOCKER-FORWARD -j DOCKER-BRIDGE
        -A DOCKER-FORWARD -i docker0 -j ACCEPT; -A DOCKER-ISOLATION-STAGE-1 -i docker0 ! -o docker0 -j DOCKER-ISOLATION-STAGE-2
        -A DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP";
    lines(iptables, rules)
}

fn lines(iptables: &str, rules: &str) -> String {
    rules.split(['\n', ';']).map(|rule| format!("{iptables} {}\n", rule.trim())).collect()
}

/// Two pods, their machine, and somebody outside of it; each listens.
struct Site {
    node: Node,
    pod: (IpAddr, TcpListener),
    outside: (IpAddr, TcpListener),
    own: (IpAddr, TcpListener),
}

impl Site {
    fn new(dir: &Path) -> Site {
        let world = Namespace::new();
        wire(&world, "out0", &["192.0.2.1/24"], &["192.0.2.2/24"]);
        let mut node = Node::new(dir, "10.42.0.0/24", "10.42.0.0/16");
        let web = node.connect("web", json!([]))[0];
        node.connect("client", json!([]));
        node.apply();
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        let (outside, own) = (address("192.0.2.2"), address("192.0.2.1"));
        let pod = (web, node.pods[0].inside(|| listener(web, 80)));
        Site { node, pod, outside: (outside, world.inside(|| listener(outside, 80))), own: (own, listener(own, 80)) }
    }

    fn said(&self) -> Vec<String> {
        obstacles(&self.node.world.place).unwrap()
    }

    fn passes(&self, to: &(IpAddr, TcpListener)) {
        self.node.pods[1].inside(|| seen(&to.1, (to.0, 80)));
    }

    fn all_passes(&self) {
        [&self.pod, &self.outside, &self.own].into_iter().for_each(|to| self.passes(to));
    }

    fn is_kept_back(&self, to: &(IpAddr, TcpListener)) {
        let connected = self.node.pods[1].inside(|| TcpStream::connect_timeout(&SocketAddr::new(to.0, 80), SILENCE).is_ok());
        assert!(!connected, "{}", to.0);
    }

    /// The one sentence about that chain, whose line is then followed.
    fn follow(&self, whose: &str, chain: &str) {
        let said = self.said();
        let about = format!("the chain {chain} of the table ");
        let of_chain: Vec<&String> = said.iter().filter(|text| text.contains(&about) && text.contains(&format!("({whose})"))).collect();
        let [sentence] = of_chain[..] else { panic!("{chain} is to be said once: {said:?}") };
        sh(sentence.split_once("): ").unwrap().1);
        assert_eq!(self.said().iter().filter(|text| text.contains(&about)).count(), 0, "{:?}", self.said());
    }
}

/// Runs lines as the machine's user types them; they are to succeed.
#[expect(clippy::disallowed_methods, reason = "other programs lay their own rules")]
fn sh(lines: &str) {
    let done = Command::new("sh").args(["-euc", lines]).stdin(Stdio::null()).output().unwrap();
    let said = [done.stdout, done.stderr].concat();
    assert!(done.status.success(), "{lines}\n{}", String::from_utf8_lossy(&said));
}

/// A machine that has these programs, and copies of its own of these directories.
fn beside(programs: &[&str], files: &[&str], test: impl FnOnce(&Site, &Path) + Send) {
    let name = std::thread::current().name().unwrap_or("a test").to_owned();
    let is_there = |program: &&&str| ["/usr/sbin", "/usr/bin", "/sbin", "/bin"].iter().any(|dir| Path::new(dir).join(program).exists());
    if let Some(program) = programs.iter().find(|program| !is_there(program)) {
        return left_out(&name, &format!("needs the program {program}"));
    }
    on_machine(|dir| {
        unshare(CloneFlags::CLONE_NEWNS).unwrap();
        let (none, private) = (None::<&str>, MsFlags::MS_REC | MsFlags::MS_PRIVATE);
        mount(none, "/", none, private, none).unwrap();
        // Locks and sockets.
        mount(Some("tmpfs"), "/run", Some("tmpfs"), MsFlags::empty(), none).unwrap();
        for (n, place) in files.iter().enumerate() {
            let copy = dir.join(format!("files-{n}"));
            sh(&format!("cp -a {place} {}", copy.display()));
            mount(Some(&copy), *place, none, MsFlags::MS_BIND, none).unwrap();
        }
        let site = Site::new(dir);
        site.all_passes();
        assert_eq!(site.said(), [""; 0]);
        test(&site, dir);
    });
}

fn beside_docker(iptables: &str, rules: &str) {
    beside(&[iptables, "iptables"], &[], |site, _| {
        sh(rules);
        site.is_kept_back(&site.pod);
        site.is_kept_back(&site.outside);
        site.passes(&site.own);
        assert_eq!(site.said().len(), 1, "{:?}", site.said());
        site.follow("docker", "FORWARD");
        site.all_passes();
        assert_eq!(site.said(), [""; 0]);
    });
}

#[test]
fn dockers_rules_are_seen_and_opened() {
    beside_docker("iptables-nft", &docker("iptables-nft"));
}

#[test]
fn dockers_newer_rules_are_seen_and_opened() {
    beside_docker("iptables-nft", &docker_28("iptables-nft"));
}

#[test]
fn dockers_rules_by_legacy_iptables_are_seen_and_opened() {
    beside_docker("iptables-legacy", &docker("iptables-legacy"));
}

#[test]
fn dockers_newer_rules_by_legacy_iptables_are_seen_and_opened() {
    beside_docker("iptables-legacy", &docker_28("iptables-legacy"));
}

#[test]
fn legacy_iptables_that_keeps_nothing_back_is_not_spoken_of() {
    beside(&["iptables-legacy"], &[], |site, _| {
        sh("iptables-legacy -A FORWARD -s 198.51.100.0/24 -j DROP; iptables-legacy -A INPUT -p tcp --dport 25 -j REJECT");
        assert_eq!(site.said(), [""; 0]);
        sh("iptables-legacy -A INPUT -j REJECT");
        site.is_kept_back(&site.own);
        site.follow("another program", "INPUT");
        site.all_passes();
    });
}

#[test]
fn ufws_rules_are_seen_and_opened() {
    beside(&["ufw"], &["/etc/ufw"], |site, _| {
        sh("ufw --force enable");
        [&site.pod, &site.outside, &site.own].into_iter().for_each(|to| site.is_kept_back(to));
        assert_eq!(site.said().len(), 2, "{:?}", site.said());
        site.follow("ufw", "FORWARD");
        site.passes(&site.pod);
        site.passes(&site.outside);
        site.is_kept_back(&site.own);
        site.follow("ufw", "INPUT");
        site.all_passes();
        assert_eq!(site.said(), [""; 0]);
    });
}

const BUS_ADDRESS: &str = "unix:path=/run/bus";
const BUS: &str = r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path=/run/bus</listen>
  <servicedir>/run</servicedir>
  <limit name="service_start_timeout">120000</limit>
  <policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy>
</busconfig>"#;
const SERVICE: &str = "[D-BUS Service]\nName=org.fedoraproject.FirewallD1\nExec=/bin/sh -c \"exec firewalld --nofork --nopid --log-target console >/dev/null 2>&1\"\n";

/// A message bus of the machine's own, which starts firewalld for whoever asks for it; both end with it.
struct Bus(Child);

impl Drop for Bus {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Bus {
    #[expect(clippy::disallowed_methods, reason = "firewalld needs a message bus")]
    fn new() -> Bus {
        std::fs::write("/run/bus.conf", BUS).unwrap();
        std::fs::write("/run/firewalld.service", SERVICE).unwrap();
        let line =
            ["--pid", "--fork", "--kill-child", "dbus-daemon", "--nofork", "--nopidfile", "--print-address", "--config-file=/run/bus.conf"];
        let mut unshare = Command::new("unshare");
        unshare.args(line).env("DBUS_SYSTEM_BUS_ADDRESS", BUS_ADDRESS);
        let mut bus = unshare.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut address = String::new();
        BufReader::new(bus.stdout.take().unwrap()).read_line(&mut address).unwrap();
        assert!(address.starts_with(BUS_ADDRESS), "{address}");
        Bus(bus)
    }
}

#[test]
fn firewallds_rules_are_seen_and_opened() {
    beside(&["firewalld", "firewall-cmd", "dbus-daemon", "dbus-send", "unshare"], &["/etc/firewalld"], |site, _| {
        let _bus = Bus::new();
        let bus = format!("export DBUS_SYSTEM_BUS_ADDRESS={BUS_ADDRESS}");
        let start = "dbus-send --system --print-reply --reply-timeout=120000 --dest=org.freedesktop.DBus /org/freedesktop/DBus \
            org.freedesktop.DBus.StartServiceByName string:org.fedoraproject.FirewallD1 uint32:0";
        sh(&format!("{bus}; {start}; firewall-cmd --state"));
        [&site.pod, &site.outside, &site.own].into_iter().for_each(|to| site.is_kept_back(to));
        assert_eq!(site.said().len(), 2, "{:?}", site.said());
        let said = site.said();
        let line = said[0].split_once("(firewalld): ").unwrap().1;
        sh(&format!("{bus}; {line}"));
        site.all_passes();
        assert_eq!(site.said(), [""; 0]);
    });
}
