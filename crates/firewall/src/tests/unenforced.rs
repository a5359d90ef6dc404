//! On a machine that cannot judge packets.

use super::*;
use crate::content::Content;
use crate::gate::{COMMANDS_MAX, Command, Gate};
use crate::keeper::{Heard, Keeper, State};
use crate::kernel::Rules;
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use stead_client::Report;
use stead_client::event::Event;
use stead_netfilter::{Error, Result};
use tokio::sync::{mpsc, oneshot, watch};

/// As a kernel without nf_tables, until it has them.
struct Absent(Arc<AtomicBool>);

impl Rules for Absent {
    fn apply(&mut self, _: Content, _: BTreeSet<(u16, IpAddr)>) -> Result<()> {
        let refused = || Error::Talk { what: "list chains", source: std::io::Error::from_raw_os_error(nix::libc::EINVAL) };
        if self.0.load(Ordering::Relaxed) { Ok(()) } else { Err(refused()) }
    }

    fn disturbed(&mut self) {}

    fn port(&self) -> u32 {
        0
    }
}

struct Machine {
    keeper: Keeper,
    impaired: watch::Receiver<Option<String>>,
    has_rules: Arc<AtomicBool>,
}

impl Machine {
    fn new() -> Machine {
        let (has_rules, impaired) = (Arc::new(AtomicBool::new(false)), watch::Sender::new(None));
        let told = impaired.subscribe();
        let mut keeper = Keeper::new(World::new(place()), Box::new(Absent(has_rules.clone())), impaired);
        keeper.note(Heard::Pod(Report::Replaced { objects: Vec::new(), version: 0 }));
        keeper.note(Heard::Namespace(Report::Replaced { objects: Vec::new(), version: 0 }));
        keeper.note(Heard::Policy(Report::Replaced { objects: Vec::new(), version: 0 }));
        Machine { keeper, impaired: told, has_rules }
    }

    /// A sandbox of a pod is connected; what it is told.
    async fn connect(&mut self, name: &str) -> (oneshot::Receiver<std::result::Result<(), String>>, Vec<Event>) {
        let pod = pod(name, &["10.42.0.7"], json!([]));
        let sandbox = Sandbox { uid: pod.uid.clone(), link: "st01237".into(), addresses: pod.addresses.clone() };
        self.keeper.note(Heard::Pod(Report::Put(pod)));
        let (done, verdict) = oneshot::channel();
        self.keeper.note(Heard::Command(Command::Admit(sandbox, done)));
        let said = self.keeper.keep().await;
        (verdict, said)
    }
}

fn reasons(events: &[Event]) -> Vec<(&str, &str)> {
    events.iter().map(|event| (event.reason, event.regarding.name.as_str())).collect()
}

#[tokio::test]
async fn pods_that_no_policy_is_for_run_and_others_are_refused() {
    let mut machine = Machine::new();
    let (mut verdict, said) = machine.connect("free").await;
    assert_eq!((verdict.try_recv().unwrap(), said), (Ok(()), Vec::new()));
    assert!(machine.impaired.borrow().as_ref().is_some_and(|why| why.contains("nf_tables")));
    let only_web = policy("only-web", json!({"podSelector": {"matchLabels": {"app": "web"}}}));
    machine.keeper.note(Heard::Policy(Report::Put(only_web)));
    let (mut verdict, said) = machine.connect("web").await;
    let refusal = verdict.try_recv().unwrap().unwrap_err();
    assert!(refusal.starts_with("NetworkPolicy only-web of namespace n could not be enforced for it: this machine"), "{refusal}");
    assert_eq!(reasons(&said), [("NotEnforced", "only-web")], "the pod itself says so by failing");
    let (mut verdict, said) = machine.connect("other").await;
    assert_eq!((verdict.try_recv().unwrap(), said), (Ok(()), Vec::new()), "said once");
}

#[tokio::test]
async fn a_pod_that_runs_already_is_told_of_once() {
    let mut machine = Machine::new();
    machine.connect("web").await.0.try_recv().unwrap().unwrap();
    machine.keeper.note(Heard::Policy(Report::Put(policy("closed", json!({"podSelector": {}})))));
    let said = machine.keeper.keep().await;
    assert_eq!(reasons(&said), [("NotEnforced", "closed"), ("NetworkPolicyNotEnforced", "web")]);
    assert!(said[1].message.starts_with("The pod runs although NetworkPolicy closed cannot be enforced for it"), "{}", said[1].message);
    assert_eq!(machine.keeper.keep().await, []);
}

#[tokio::test]
async fn once_there_are_rules_all_is_as_everywhere() {
    let mut machine = Machine::new();
    machine.keeper.note(Heard::Policy(Report::Put(policy("closed", json!({"podSelector": {}})))));
    machine.connect("web").await.0.try_recv().unwrap().unwrap_err();
    machine.has_rules.store(true, Ordering::Relaxed);
    machine.keeper.retry();
    machine.keeper.keep().await;
    assert_eq!((&machine.keeper.state, machine.impaired.borrow().clone()), (&State::InForce, None));
    machine.connect("web").await.0.try_recv().unwrap().unwrap();
}

#[tokio::test]
async fn the_gate_hands_the_refusal_on() {
    let (commands, mut asked) = mpsc::channel(COMMANDS_MAX);
    let gate = Gate { commands };
    let answering = async {
        let Some(Command::Admit(_, done)) = asked.recv().await else { panic!("asked for something else") };
        done.send(Err("no".into())).unwrap();
    };
    let sandbox = Sandbox { uid: "u".into(), link: "l".into(), addresses: Vec::new() };
    assert_eq!(tokio::join!(gate.admit(sandbox), answering).0, Err("no".to_owned()));
}
