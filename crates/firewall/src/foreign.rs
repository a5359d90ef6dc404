//! Rules of other programs that keep packets of pods back: no rule of ours brings back what another one dropped, so it is said, with the line
//! that helps. Pure but for [`obstacles`].

use crate::world::Place;
use crate::xtables::Layout;
use std::collections::BTreeSet;
use stead_netfilter::rules::{Base, Found, Lead, Table};
use stead_netfilter::{Connection, Result, rules};
use stead_network::Range;

/// Tables of ours, of whatever data directory.
pub const OURS: &str = "stead-";

/// What the rules are made of: which programs can change them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Backend {
    Nftables,
    /// Of legacy `iptables`.
    Xtables,
}

/// A sentence for each program's rules that stand in the way.
pub fn obstacles(place: &Place) -> Result<Vec<String>> {
    let mut connection = Connection::open()?;
    let bases: Vec<Base> = rules::bases(&mut connection)?.into_iter().filter(|base| !base.table.name.starts_with(OURS)).collect();
    let rules = if bases.is_empty() { Vec::new() } else { rules::rules(&mut connection)? };
    let mut found = judge(&bases, &rules, Backend::Nftables, place);
    for layout in Layout::ALL {
        match layout.read() {
            Ok((bases, rules)) => found.extend(judge(&bases, &rules, Backend::Xtables, place)),
            Err(error) => found.push(unread(layout.family, &error, place)),
        }
    }
    Ok(found)
}

/// What a program's rules are known by, and what helps.
enum Program {
    Docker,
    Ufw,
    Firewalld,
    Other,
}

fn judge(bases: &[Base], rules: &[Found], backend: Backend, place: &Place) -> Vec<String> {
    let blocks = |base: &&Base| {
        let is_in_the_way = matches!(base.hook, Base::INPUT | Base::FORWARD) && concerns(&base.table, place);
        let mut of_chain = rules.iter().filter(|rule| rule.table == base.table && rule.chain == base.name);
        is_in_the_way && (base.drops || of_chain.next_back().is_some_and(|rule| rule.ends_all)) && !is_opened(rules, base, place)
    };
    bases.iter().filter(blocks).map(|base| sentence(base, &program(rules, &base.table), backend, place)).collect()
}

/// Whether packets of pods come to the table at all: those of IPv6 do not where no pod has such an address.
fn concerns(table: &Table, place: &Place) -> bool {
    match table.family {
        "ip" => place.cluster.iter().any(|range| range.is_ipv4()),
        "ip6" => place.cluster.iter().any(|range| !range.is_ipv4()),
        _ => true,
    }
}

/// Whether some rule that packets may come to names the pods' links, or their addresses: whoever wrote it has thought of them.
fn is_opened(rules: &[Found], base: &Base, place: &Place) -> bool {
    let prefixes: Vec<Vec<u8>> = place.cluster.iter().map(|range| leading(*range)).collect();
    let names = |value: &Vec<u8>| {
        let text = value.split(|byte| *byte == 0).next().unwrap_or_default();
        let is_link = text.len() > 1 && place.links.as_bytes().starts_with(text);
        is_link
            || value.starts_with(place.links.as_bytes())
            || prefixes.iter().any(|prefix| !prefix.is_empty() && value.starts_with(prefix))
    };
    behind(rules, base).iter().any(|rule| rule.compared.iter().any(names))
}

/// The rules that packets may come to from where the kernel begins.
fn behind<'a>(rules: &'a [Found], base: &Base) -> Vec<&'a Found> {
    let of_table: Vec<&Found> = rules.iter().filter(|rule| rule.table == base.table).collect();
    let (mut seen, mut next) = (BTreeSet::new(), vec![base.name.as_str()]);
    while let Some(chain) = next.pop() {
        if !seen.insert(chain) {
            continue;
        }
        for rule in of_table.iter().filter(|rule| rule.chain == chain) {
            match &rule.leads_to {
                Lead::Nowhere => {}
                Lead::Chain(chain) => next.push(chain),
                Lead::Map => return of_table,
            }
        }
    }
    of_table.into_iter().filter(|rule| seen.contains(rule.chain.as_str())).collect()
}

/// The whole bytes of a range's prefix.
fn leading(range: Range) -> Vec<u8> {
    let octets = match range.address() {
        std::net::IpAddr::V4(v4) => v4.octets().to_vec(),
        std::net::IpAddr::V6(v6) => v6.octets().to_vec(),
    };
    octets[..usize::from(range.prefix() / 8)].to_vec()
}

fn program(rules: &[Found], table: &Table) -> Program {
    let begins = |text: &str| rules.iter().any(|rule| &rule.table == table && rule.chain.starts_with(text));
    if table.name == "firewalld" {
        Program::Firewalld
    } else if begins("ufw-") || begins("ufw6-") {
        Program::Ufw
    } else if begins("DOCKER") {
        Program::Docker
    } else {
        Program::Other
    }
}

/// The program that changes such rules of iptables.
fn iptables(family: &str, backend: Backend) -> &'static str {
    match (family, backend) {
        ("ip6", Backend::Nftables) => "ip6tables",
        ("ip6", Backend::Xtables) => "ip6tables-legacy",
        (_, Backend::Nftables) => "iptables",
        (_, Backend::Xtables) => "iptables-legacy",
    }
}

fn sentence(base: &Base, program: &Program, backend: Backend, place: &Place) -> String {
    let Base { table, name, hook, .. } = base;
    let is_ipv4 = table.family != "ip6";
    let what = if *hook == Base::FORWARD { "what pods send to each other and to elsewhere" } else { "what pods send to this machine" };
    let range = place.cluster.iter().find(|range| range.is_ipv4() == is_ipv4).or(place.cluster.first());
    let range = range.map(ToString::to_string).unwrap_or_default();
    let links = &place.links;
    let by_iptables = |chain: &str, way: char| format!("{} -I {chain} -{way} {links}+ -j ACCEPT", iptables(table.family, backend));
    let insert = |way: char| match backend {
        Backend::Xtables => by_iptables(name, way),
        Backend::Nftables => format!("nft insert rule {} {} {name} {way}ifname '\"{links}*\"' accept", table.family, table.name),
    };
    let (whose, help) = match (program, *hook == Base::FORWARD) {
        (Program::Firewalld, _) => {
            ("firewalld", format!("firewall-cmd --permanent --zone=trusted --add-source={range} && firewall-cmd --reload"))
        }
        (Program::Ufw, true) => ("ufw", format!("ufw route allow from {range} && ufw route allow to {range}")),
        (Program::Ufw, false) => ("ufw", format!("ufw allow from {range}")),
        (Program::Docker, true) => ("docker", format!("{} && {}", by_iptables("DOCKER-USER", 'i'), by_iptables("DOCKER-USER", 'o'))),
        (_, true) => ("another program", format!("{} && {}", insert('i'), insert('o'))),
        (_, false) => ("another program", insert('i')),
    };
    format!("{what} may be dropped by the chain {name} of the table {} {} ({whose}): {help}", table.family, table.name)
}

/// Rules that there are, but cannot be looked into.
fn unread(family: &str, error: &std::io::Error, place: &Place) -> String {
    let (links, program) = (&place.links, iptables(family, Backend::Xtables));
    format!(
        "there are rules made by {program}, which cannot be looked into ({error}): should pods reach nothing, \
         {program} -I FORWARD -i {links}+ -j ACCEPT && {program} -I FORWARD -o {links}+ -j ACCEPT"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::machine::on_machine;
    use crate::tests::place;
    use stead_netfilter::{Batch, Chain, Field, Hook, Policy, Reject, Rule, Statement, Test};

    fn table(family: &'static str, name: &str) -> Table {
        Table { family, name: name.to_owned() }
    }

    fn found(of: &Table, chain: &str, compared: &[&[u8]]) -> Found {
        let compared = compared.iter().map(|bytes| bytes.to_vec()).collect();
        Found { table: of.clone(), chain: chain.into(), compared, ends_all: false, leads_to: Lead::Nowhere }
    }

    fn jump(of: &Table, chain: &str, leads_to: Lead) -> Found {
        Found { leads_to, ..found(of, chain, &[]) }
    }

    #[test]
    fn each_programs_own_line_is_said() {
        let (filter, firewalld) = (table("ip", "filter"), table("inet", "firewalld"));
        let base = |table: &Table, name: &str, hook, drops| rules::Base { table: table.clone(), name: name.into(), hook, drops };
        let forward = [base(&filter, "FORWARD", Base::FORWARD, true)];
        let said = |bases: &[Base], rules: &[Found]| judge(bases, rules, Backend::Nftables, &place()).join("\n");
        let docker = found(&filter, "DOCKER-USER", &[b"docker0\0"]);
        let text = said(&forward, std::slice::from_ref(&docker));
        assert!(text.lines().count() == 1 && text.contains("iptables -I DOCKER-USER -i st0123+ -j ACCEPT"), "{text}");
        let ufw = [base(&filter, "FORWARD", Base::FORWARD, true), base(&filter, "INPUT", Base::INPUT, true)];
        let text = said(&ufw, &[found(&filter, "ufw-before-input", &[])]);
        assert!(text.contains("ufw route allow from 10.42.0.0/16") && text.contains(": ufw allow from 10.42.0.0/16"), "{text}");
        let rejecting = [base(&firewalld, "filter_FORWARD", Base::FORWARD, false)];
        let last = Found { ends_all: true, ..found(&firewalld, "filter_FORWARD", &[]) };
        let text = said(&rejecting, std::slice::from_ref(&last));
        assert!(text.contains("--zone=trusted --add-source=10.42.0.0/16"), "{text}");
        assert_eq!(said(&rejecting, &[last, found(&firewalld, "filter_FORWARD", &[])]), "", "what follows may let it through");
        // Somebody has opened it: by the links, by the beginning of their names, by addresses.
        let to_users = jump(&filter, "FORWARD", Lead::Chain("DOCKER-USER".into()));
        for compared in [&b"st0123"[..], b"st01", &[10, 42], &[10, 42, 0, 0]] {
            assert_eq!(said(&forward, &[docker.clone(), to_users.clone(), found(&filter, "DOCKER-USER", &[compared])]), "", "{compared:?}");
        }
    }

    #[test]
    fn a_chain_is_opened_by_rules_that_its_packets_come_to() {
        let filter = table("ip", "filter");
        let base = |name: &str, hook| rules::Base { table: filter.clone(), name: name.into(), hook, drops: true };
        let both = [base("INPUT", Base::INPUT), base("FORWARD", Base::FORWARD)];
        let opened = found(&filter, "user-input", &[&[10, 42]]);
        let said = |from: &str, lead| judge(&both, &[opened.clone(), jump(&filter, from, lead)], Backend::Nftables, &place());
        let only = |texts: Vec<String>, name: &str| assert!(texts.len() == 1 && texts[0].contains(name), "{texts:?}");
        only(said("INPUT", Lead::Chain("user-input".into())), "chain FORWARD");
        only(said("FORWARD", Lead::Chain("user-input".into())), "chain INPUT");
        only(said("FORWARD", Lead::Map), "chain INPUT");
        // A circle, as the kernel does not take.
        assert_eq!(said("user-input", Lead::Chain("user-input".into())).len(), 2);
    }

    #[test]
    fn a_table_of_a_family_that_pods_do_not_have_is_not_in_the_way() {
        let filter = table("ip6", "filter");
        let forward = [rules::Base { table: filter, name: "FORWARD".into(), hook: Base::FORWARD, drops: true }];
        let ipv4 = place().cluster.into_iter().filter(|range| range.is_ipv4()).collect();
        assert_eq!(judge(&forward, &[], Backend::Nftables, &Place { cluster: ipv4, ..place() }), [""; 0]);
        let both = ["10.42.0.0/16", "fd00:42::/56"].map(|range| range.parse().unwrap()).to_vec();
        let said = judge(&forward, &[], Backend::Nftables, &Place { cluster: both, ..place() });
        assert!(said.len() == 1 && said[0].contains("of the table ip6 filter"), "{said:?}");
    }

    #[test]
    fn what_is_in_the_way_is_found_in_the_kernel() {
        on_machine(|_| {
            assert_eq!(obstacles(&place()).unwrap(), [""; 0]);
            let mut batch = Batch::new("firewalld");
            batch.add_table();
            let base = stead_netfilter::Base::filter(Hook::Forward, 10);
            let established = Statement::Match(Field::ConnectionState, Test::HasAny(Field::ESTABLISHED));
            let rules = vec![Rule(vec![established, Statement::accept()]), Rule(vec![Statement::Reject(Reject::AdminProhibited)])];
            batch.add_chain(&Chain::at("filter_FORWARD", base, rules));
            let base = stead_netfilter::Base { policy: Policy::Drop, ..stead_netfilter::Base::filter(Hook::Input, 0) };
            batch.add_chain(&Chain::at("in", base, Vec::new()));
            let mut connection = Connection::open().unwrap();
            connection.apply(batch).unwrap();
            let found = obstacles(&place()).unwrap();
            assert!(found.len() == 2 && found.iter().all(|text| text.contains("firewall-cmd")), "{found:?}");
            let mut open = |chain: &str| {
                let mut batch = Batch::new("firewalld");
                let links = Statement::Match(Field::InputName, Test::BeginsWith("st0123".into()));
                batch.add_rules(chain, &[Rule(vec![links, Statement::accept()])]);
                connection.apply(batch).unwrap();
                obstacles(&place()).unwrap()
            };
            let found = open("in");
            assert!(found.len() == 1 && found[0].contains("filter_FORWARD"), "{found:?}");
            assert_eq!(open("filter_FORWARD"), [""; 0]);
        });
    }
}
