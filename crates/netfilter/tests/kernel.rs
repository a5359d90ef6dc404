//! With the real kernel, in network namespaces of the tests' own.
#![cfg(test)]

use nix::sched::{CloneFlags, unshare};
use std::io::Write;
use std::net::{Ipv4Addr, Ipv6Addr};
use stead_netfilter::*;

/// Notes for `cargo xtask test` that a test did not run, and why.
#[expect(clippy::disallowed_methods, reason = "the list's place is told by the environment")]
fn left_out(test: &str, reason: &str) {
    if let Some(path) = std::env::var_os("STEAD_LEFT_OUT") {
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
        file.write_all(format!("{test}: {reason}\n").as_bytes()).unwrap();
    }
    eprintln!("LEFT OUT {test}: {reason}");
}

fn in_thread<T: Send>(run: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| scope.spawn(run).join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
}

/// Runs a test on a machine of its own.
fn on_machine(test: impl FnOnce(&mut Connection) + Send) {
    if !nix::unistd::geteuid().is_root() {
        return left_out(std::thread::current().name().unwrap_or("a test"), "needs root");
    }
    in_thread(|| {
        unshare(CloneFlags::CLONE_NEWNET).unwrap();
        stead_sys::network::loopback_up().unwrap();
        test(&mut Connection::open().unwrap());
    });
}

fn batch() -> Batch {
    Batch::new("test")
}

fn v4(last: u8) -> Datum {
    Datum::Ipv4(Ipv4Addr::new(10, 0, 0, last))
}

fn sorted(mut elements: Vec<Element>) -> Vec<Element> {
    elements.sort();
    elements
}

#[test]
fn sets_hold_what_was_put_into_them() {
    on_machine(|connection| {
        use Type::{Interface, Ipv4, Ipv6, Mark, Number, Port, Protocol};
        let six = Datum::Ipv6(Ipv6Addr::LOCALHOST);
        let cases = [
            (Set::new("addresses", &[Ipv4]), vec![Element::new(&[v4(1)]), Element::new(&[v4(2)])]),
            (Set::new("links", &[Interface]), vec![Element::new(&[Datum::Interface("eth0".into())])]),
            (
                Set::map("numbers", &[Ipv4, Protocol, Port], &[Number, Number]),
                vec![Element::new(&[v4(1), Datum::Protocol(6), Datum::Port(80)]).value(&[Datum::Number(7), Datum::Number(8)])],
            ),
            (
                Set::map("targets", &[Number, Ipv6], &[Ipv6, Port]),
                vec![Element::new(&[Datum::Number(3), six.clone()]).value(&[six.clone(), Datum::Port(8080)])],
            ),
            (
                Set::verdict_map("verdicts", &[Mark]),
                vec![
                    Element::new(&[Datum::Mark(1)]).verdict(Decision::Drop),
                    Element::new(&[Datum::Mark(2)]).verdict(Decision::Goto("other".into())),
                ],
            ),
            (
                Set::new("ranges", &[Ipv4]).with_intervals(),
                vec![
                    Element::new(&[v4(0)]).to(&[v4(7)]),
                    Element::new(&[v4(8)]).to(&[v4(8)]),
                    Element::new(&[Datum::Ipv4(Ipv4Addr::new(255, 0, 0, 0))]).to(&[Datum::Ipv4(Ipv4Addr::BROADCAST)]),
                ],
            ),
            (
                Set::new("pairs", &[Ipv4, Port]).with_intervals(),
                vec![Element::new(&[v4(0), Datum::Port(80)]).to(&[v4(7), Datum::Port(90)])],
            ),
        ];
        let mut made = batch();
        made.add_table();
        made.add_chain(&Chain::new("other", vec![]));
        for (set, elements) in &cases {
            made.add_set(set);
            made.add_elements(set, elements);
        }
        connection.apply(made).unwrap();
        let found = dump::sets(connection, "test").unwrap();
        for (set, elements) in &cases {
            assert_eq!(sorted(dump::elements(connection, "test", set).unwrap()), sorted(elements.clone()), "{set}");
            let is = found.iter().find(|found| found.name == set.name).unwrap();
            assert!(is.is(set), "{set}: {is:?}");
        }
        let mut gone = batch();
        for (set, elements) in &cases {
            gone.delete_elements(set, elements);
        }
        connection.apply(gone).unwrap();
        for (set, _) in &cases {
            assert_eq!(dump::elements(connection, "test", set).unwrap(), [], "{set}");
        }
    });
}

/// Every statement and every field, and its text.
fn all_statements() -> Vec<(Statement, &'static str)> {
    use Direction::{Original, Reply};
    let (four, six) = (Family::Ipv4, Family::Ipv6);
    let number = Term::Map { key: vec![Field::Destination(four).into()], map: "numbers".into(), value: vec![Type::Number] };
    let target = Term::Map { key: vec![number.clone(), Term::Random(3)], map: "targets".into(), value: vec![Type::Ipv4, Type::Port] };
    let named = |name: &str| SetRef::Named(name.into());
    let ports = SetRef::Inline(vec![Element::new(&[Datum::Port(80)]), Element::new(&[Datum::Port(443)])]);
    let states = SetRef::Inline(vec![Element::new(&[Datum::Number(2)]).verdict(Decision::Accept)]);
    vec![
        (Statement::is(Field::Family, Datum::Family(four)), "meta nfproto ipv4"),
        (Statement::is(Field::Protocol, Datum::Protocol(6)), "meta l4proto tcp"),
        (Statement::is_not(Field::Source(six), Datum::Ipv6(Ipv6Addr::LOCALHOST)), "ip6 saddr != ::1"),
        (Statement::Match(Field::Destination(four), Test::Within(Ipv4Addr::new(10, 42, 0, 0).into(), 20)), "ip daddr 10.42.0.0/20"),
        (Statement::Match(Field::DestinationPort, Test::Between(Datum::Port(80), Datum::Port(90))), "th dport 80-90"),
        (Statement::Match(Field::InputName, Test::BeginsWith("st01".into())), "iifname \"st01*\""),
        (Statement::is(Field::OutputKind, Datum::Interface("veth".into())), "meta oifkind \"veth\""),
        (Statement::Match(Field::ConnectionState, Test::HasAny(Field::NEW)), "ct state new"),
        (Statement::Match(Field::ConnectionStatus, Test::HasNone(Field::DESTINATION_CHANGED)), "ct status ! dnat"),
        (Statement::Match(Field::Mark, Test::HasNone(0x4000)), "meta mark & 0x4000 == 0"),
        (Statement::is(Field::SourceRoute, Datum::Number(Field::LOCAL)), "fib saddr type local"),
        (Statement::is(Field::ConnectionSource(Original, four), v4(1)), "ct original ip saddr 10.0.0.1"),
        (Statement::is(Field::ConnectionDestinationPort(Reply), Datum::Port(9)), "ct reply proto-dst 9"),
        (Statement::In(vec![Field::DestinationPort.into()], ports), "th dport { 80, 443 }"),
        (
            Statement::NotIn(vec![Field::Source(four).into(), number.clone()], named("pairs")),
            "ip saddr . (ip daddr map @numbers) != @pairs",
        ),
        (Statement::VerdictMap(vec![Field::ConnectionState.into()], states), "ct state vmap { 2 : accept }"),
        (
            Statement::Update {
                set: "sticky".into(),
                key: vec![Field::Source(four).into()],
                value: vec![target.clone()],
                timeout_ms: 5000,
            },
            "update @sticky { ip saddr timeout 5s : ((ip daddr map @numbers) . numgen random mod 3 map @targets) }",
        ),
        (
            Statement::Remove { set: "sticky".into(), key: vec![Field::Source(four).into()], value: vec![target.clone()] },
            "delete @sticky { ip saddr }",
        ),
        (Statement::SetMark { mask: 0x4000, value: 0x4000 }, "meta mark set mark or 0x4000"),
        (Statement::SetConnectionMark { mask: 0x4000, value: 0 }, "ct mark set mark and 0xffffbfff"),
        (Statement::Limit { packets: 10, per_s: 1, burst: 5 }, "limit rate 10 per 1s burst 5 packets"),
        (Statement::Counter, "counter"),
        (Statement::Dnat(four, vec![target]), "dnat ip to ((ip daddr map @numbers) . numgen random mod 3 map @targets)"),
    ]
}

#[test]
fn the_kernel_takes_every_statement_and_it_reads_as_it_should() {
    on_machine(|connection| {
        use Type::{Ipv4, Number, Port};
        let mut made = batch();
        made.add_table();
        made.add_set(&Set::map("numbers", &[Ipv4], &[Number]));
        made.add_set(&Set::map("targets", &[Number, Number], &[Ipv4, Port]));
        made.add_set(&Set::map("sticky", &[Ipv4], &[Ipv4, Port]).with_timeouts(1000));
        made.add_set(&Set::new("pairs", &[Ipv4, Number]));
        connection.apply(made).unwrap();
        for (n, (statement, text)) in all_statements().into_iter().enumerate() {
            assert_eq!(statement.to_string(), text);
            let mut one = batch();
            let rule = Rule(vec![Statement::is(Field::Family, Datum::Family(Family::Ipv4)), statement]);
            one.add_chain(&Chain::at(format!("c{n}"), Base::nat(Hook::Prerouting, -100), vec![rule]));
            connection.apply(one).unwrap_or_else(|error| panic!("{text}: {error:?}"));
        }
        let reject = [Reject::PortUnreachable, Reject::AdminProhibited].map(|reject| Rule(vec![Statement::Reject(reject)]));
        let mut more = batch();
        more.add_chain(&Chain::at("reject", Base::filter(Hook::Forward, -5), reject.to_vec()));
        more.add_chain(&Chain::at("rejecting", Base::nat(Hook::Output, -100), reject.to_vec()));
        more.add_chain(&Chain::at("masquerade", Base::nat(Hook::Postrouting, 100), vec![Rule(vec![Statement::Masquerade])]));
        more.add_chain(&Chain::at("verdict", Base::filter(Hook::Input, 0), vec![Rule(vec![Statement::Verdict(Decision::Accept)])]));
        connection.apply(more).unwrap();
        assert_eq!(dump::rules(connection, "test").unwrap()["reject"], 2);
    });
}

#[test]
fn a_batch_is_in_force_as_a_whole_or_not_at_all() {
    on_machine(|connection| {
        let set = Set::map("m", &[Type::Number], &[Type::Number]);
        let element = |key, value| Element::new(&[Datum::Number(key)]).value(&[Datum::Number(value)]);
        let mut made = batch();
        made.add_table();
        made.add_set(&set);
        made.add_elements(&set, &[element(1, 1)]);
        connection.apply(made).unwrap();
        let before = dump::generation(connection).unwrap();
        let mut wrong = batch();
        wrong.add_elements(&set, &[element(2, 2)]);
        wrong.add_rules("nowhere", &[Rule(vec![Statement::Counter])]);
        wrong.add_elements(&set, &[element(3, 3)]);
        let error = connection.apply(wrong).unwrap_err();
        assert_eq!(error.to_string(), "the kernel's packet filter refused to add a rule to chain nowhere");
        assert!(error.is_absent());
        assert_eq!(dump::elements(connection, "test", &set).unwrap(), [element(1, 1)]);
        assert_eq!(dump::generation(connection).unwrap(), before);
        // Another value for a key, in one step.
        let mut replaced = batch();
        replaced.delete_elements(&set, &[element(1, 1)]);
        replaced.add_elements(&set, &[element(1, 5)]);
        connection.apply(replaced).unwrap();
        assert_eq!(dump::elements(connection, "test", &set).unwrap(), [element(1, 5)]);
        assert_ne!(dump::generation(connection).unwrap(), before);
    });
}

#[test]
fn large_batches_go_out_whole() {
    on_machine(|connection| {
        let set = Set::map("m", &[Type::Ipv4, Type::Protocol, Type::Port], &[Type::Ipv4, Type::Port]);
        let elements: Vec<Element> = (0..50_000_u32)
            .map(|n| {
                let address = Datum::Ipv4(Ipv4Addr::from(0x0a00_0000 + n));
                Element::new(&[address.clone(), Datum::Protocol(6), Datum::Port(80)]).value(&[address, Datum::Port(8080)])
            })
            .collect();
        let mut made = batch();
        made.add_table();
        made.add_set(&set);
        made.add_elements(&set, &elements);
        assert!(made.size() > 1 << 20);
        connection.apply(made).unwrap();
        assert_eq!(dump::elements(connection, "test", &set).unwrap().len(), elements.len());
        // And one that is refused at every element, with as many answers.
        let mut again = batch();
        again.delete_elements(&set, &elements);
        again.delete_elements(&set, &elements);
        assert!(connection.apply(again).unwrap_err().is_absent());
        assert_eq!(dump::elements(connection, "test", &set).unwrap().len(), elements.len());
    });
}

#[test]
fn chains_keep_their_notes_and_go() {
    on_machine(|connection| {
        let chain = Chain::new("c", vec![Rule(vec![Statement::Counter]), Rule(vec![Statement::drop()])]);
        let mut made = batch();
        made.add_table();
        made.declare_chain(&chain, b"note");
        made.add_rules("c", &chain.rules);
        connection.apply(made).unwrap();
        assert_eq!(dump::chains(connection, "test").unwrap(), [dump::Found { name: "c".into(), note: b"note".to_vec() }]);
        assert_eq!(dump::rules(connection, "test").unwrap()["c"], 2);
        assert_eq!(chain.to_string(), "chain c {\n\tcounter\n\tdrop\n}\n");
        let mut gone = batch();
        gone.flush_chain("c");
        gone.delete_chain("c");
        connection.apply(gone).unwrap();
        assert_eq!(dump::chains(connection, "test").unwrap(), []);
        let mut none = batch();
        none.delete_table();
        connection.apply(none).unwrap();
        assert_eq!(dump::tables(connection).unwrap(), Vec::<String>::new());
        let mut again = batch();
        again.delete_table();
        assert!(connection.apply(again).unwrap_err().is_absent());
        assert_eq!(dump::sets(connection, "test").unwrap(), []);
    });
}

#[test]
fn flows_are_found_and_forgotten() {
    on_machine(|connection| {
        // A rule that looks at connections makes the kernel track them.
        let mut made = batch();
        made.add_table();
        let seen = Rule(vec![Statement::Match(Field::ConnectionState, Test::HasAny(Field::NEW)), Statement::Counter]);
        made.add_chain(&Chain::at("output", Base::filter(Hook::Output, 0), vec![seen]));
        connection.apply(made).unwrap();
        let (one, two) = (std::net::UdpSocket::bind("127.0.0.1:0").unwrap(), std::net::UdpSocket::bind("127.0.0.1:0").unwrap());
        one.send_to(b"hello", two.local_addr().unwrap()).unwrap();
        let flows = conntrack::flows(connection, 17).unwrap();
        assert_eq!(flows.len(), 1);
        assert_eq!((flows[0].original.from, flows[0].original.to), (one.local_addr().unwrap(), two.local_addr().unwrap()));
        assert_eq!(conntrack::forget(connection, 17, |flow| flow.original.to.port() == 1).unwrap(), 0);
        assert_eq!(conntrack::forget(connection, 17, |flow| flow.reply.from == two.local_addr().unwrap()).unwrap(), 1);
        assert_eq!(conntrack::flows(connection, 17).unwrap(), []);
    });
}

#[test]
fn what_somebody_changes_at_once_is_told_once() {
    on_machine(|own| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let _entered = runtime.enter();
        let mut watch = Watch::open("test", |name| name.starts_with("own-")).unwrap();
        let mut within = |own: &Connection, time_ms: u64| {
            let port = own.port();
            let told = async { tokio::time::timeout(std::time::Duration::from_millis(time_ms), watch.disturbed(port)).await };
            runtime.block_on(told).is_ok_and(|told| told.map(|()| true).unwrap())
        };
        let mut add = batch();
        add.add_table();
        (0..1000).for_each(|n| add.add_chain(&Chain::new(format!("own-{n}"), vec![])));
        own.apply(add).unwrap();
        assert!(!within(own, 100), "one's own doing");
        // So much is told of in several pieces.
        let mut others = Connection::open().unwrap();
        let mut delete = batch();
        delete.delete_table();
        others.apply(delete).unwrap();
        assert!(within(own, 10_000));
        assert!(!within(own, 1500), "all of it was told");
    });
}
