use super::*;
use crate::index::Change;
use stead_api::{Value, json};

fn index() -> Index {
    let mut index = Index::new(7);
    let service = |name: &str, spec: Value| json!({"metadata": {"namespace": "ns", "name": name}, "spec": spec});
    let slice = |name: &str, service: &str, endpoints: Value, ports: Value| {
        json!({
            "metadata": {"namespace": "ns", "name": name, "labels": {"kubernetes.io/service-name": service}},
            "addressType": "IPv4", "endpoints": endpoints, "ports": ports,
        })
    };
    let http = || json!([{"name": "http", "port": 8080, "protocol": "TCP"}]);
    index.apply(&Change::Namespace(&json!({"metadata": {"name": "ns"}})));
    for (name, spec) in [
        (
            "web",
            json!({"clusterIP": "10.43.0.5", "clusterIPs": ["10.43.0.5", "fd00:43::5"], "ports": [{"name": "http", "port": 80}, {"name": "q", "port": 53, "protocol": "UDP"}]}),
        ),
        ("db", json!({"clusterIP": "None", "ports": [{"name": "http", "port": 80}]})),
        ("empty", json!({"clusterIP": "None"})),
        ("portless", json!({"clusterIP": "None"})),
        ("out", json!({"type": "ExternalName", "externalName": "Example.com"})),
        ("hop", json!({"type": "ExternalName", "externalName": "web.ns.svc.cluster.local"})),
        ("hop-out", json!({"type": "ExternalName", "externalName": "out.ns.svc.cluster.local."})),
        ("self", json!({"type": "ExternalName", "externalName": "self.ns.svc.cluster.local"})),
        ("number", json!({"type": "ExternalName", "externalName": "192.0.2.8"})),
        ("named", json!({"clusterIP": "None"})),
    ] {
        index.apply(&Change::Service(&service(name, spec)));
    }
    let two = json!([{"addresses": ["10.42.0.1"], "hostname": "db-0"}, {"addresses": ["10.42.0.2"]}, {"addresses": ["10.42.0.3"], "conditions": {"ready": false}}]);
    index.apply(&Change::Slice(&slice("db-1", "db", two, http())));
    index.apply(&Change::Slice(&slice("web-1", "web", json!([{"addresses": ["10.42.0.2"]}]), http())));
    index.apply(&Change::Slice(&slice("portless-1", "portless", json!([{"addresses": ["10.42.0.9"]}]), json!(null))));
    let mut named = slice("named-1", "named", json!([{"addresses": ["one.example.com"]}]), http());
    named["addressType"] = json!("FQDN");
    index.apply(&Change::Slice(&named));
    index
}

fn ask(text: &str) -> String {
    let (kind, name) = text.split_once(' ').unwrap();
    let query = Query::query(crate::name::parse(name).unwrap(), kind.parse().unwrap());
    let zone = Zone::new("cluster.local", 30).unwrap();
    let words = |records: &[Record]| records.iter().map(|record| record.data.to_string()).collect::<Vec<_>>().join(", ");
    match answer(&index(), &zone, &query, 0) {
        Outcome::Elsewhere(Elsewhere::Question) => "elsewhere".to_owned(),
        Outcome::Elsewhere(Elsewhere::Aliases(aliases)) => {
            let target = |alias: &Alias| alias.target.as_ref().map(Name::to_ascii).unwrap_or_default();
            aliases.iter().map(|alias| format!("{} -> {}", words(&alias.records), target(alias))).collect::<Vec<_>>().join("; ")
        }
        Outcome::Answer(answer) if answer.answers.is_empty() => format!("{:?} {}", answer.code, answer.authorities.len()),
        Outcome::Answer(answer) if answer.additionals.is_empty() => words(&answer.answers),
        Outcome::Answer(answer) => format!("{} + {}", words(&answer.answers), words(&answer.additionals)),
    }
}

const NOTHING: &str = "NXDomain 1";
const EMPTY: &str = "NoError 1";

#[test]
fn names_of_services_and_endpoints() {
    for (question, wanted) in [
        ("A web.ns.svc.cluster.local", "10.43.0.5"),            // DNS-2
        ("AAAA WEB.NS.svc.cluster.local", "fd00:43::5"),        // DNS-12
        ("A _http._tcp.web.ns.svc.cluster.local", "10.43.0.5"), // DNSG-7
        ("A http.tcp.web.ns.svc.cluster.local", "10.43.0.5"),   // DNSG-6
        ("A _http._udp.web.ns.svc.cluster.local", NOTHING),
        ("MX web.ns.svc.cluster.local", EMPTY),                // DNSG-8
        ("A db.ns.svc.cluster.local", "10.42.0.1, 10.42.0.2"), // DNS-5
        ("AAAA db.ns.svc.cluster.local", EMPTY),               // DNS-12
        ("A db-0.db.ns.svc.cluster.local", "10.42.0.1"),       // DNS-6
        ("A 10-42-0-1.db.ns.svc.cluster.local", NOTHING),      // DNSG-13
        ("A 10-42-0-2.db.ns.svc.cluster.local", "10.42.0.2"),
        ("A 10-42-0-3.db.ns.svc.cluster.local", NOTHING),      // DNSG-18
        ("A 10-42-0-2.web.ns.svc.cluster.local", "10.42.0.2"), // DNSG-15
        ("A x.db-0.db.ns.svc.cluster.local", NOTHING),         // DNSG-26
        ("A empty.ns.svc.cluster.local", NOTHING),             // DNSG-9
        ("TXT empty.ns.svc.cluster.local", NOTHING),
        ("A absent.ns.svc.cluster.local", NOTHING),
        ("A *.ns.svc.cluster.local", NOTHING), // DNSG-25
        ("A svc.cluster.local", EMPTY),        // DNSG-24
        ("A ns.svc.cluster.local", EMPTY),
        ("A absent.svc.cluster.local", NOTHING),
        ("A example.com.ns.svc.cluster.local", NOTHING),
        ("A example.com", "elsewhere"),
        ("AXFR example.com", "Refused 0"), // DNSG-8
        ("AXFR cluster.local", "Refused 0"),
        ("TXT dns-version.cluster.local", "1.1.0"),        // DNSG-4
        ("A 10-42-0-7.ns.pod.cluster.local", "10.42.0.7"), // DNSG-23
        ("AAAA 10-42-0-7.ns.pod.cluster.local", EMPTY),
        ("A 10-42-0-7.absent.pod.cluster.local", NOTHING),
        ("A x.10-42-0-7.ns.pod.cluster.local", NOTHING),
    ] {
        assert_eq!(ask(question), wanted, "{question}");
    }
}

#[test]
fn records_of_services_name_ports_and_targets() {
    for (question, wanted) in [
        // DNSG-5, DNSG-6, DNSG-29
        ("SRV web.ns.svc.cluster.local", "0 50 80 web.ns.svc.cluster.local., 0 50 53 web.ns.svc.cluster.local. + 10.43.0.5, fd00:43::5"),
        ("SRV _q._udp.web.ns.svc.cluster.local", "0 100 53 web.ns.svc.cluster.local. + 10.43.0.5, fd00:43::5"),
        // DNSG-10
        (
            "SRV _http._tcp.db.ns.svc.cluster.local",
            "0 50 8080 10-42-0-2.db.ns.svc.cluster.local., 0 50 8080 db-0.db.ns.svc.cluster.local. + 10.42.0.2, 10.42.0.1",
        ),
        ("SRV db-0.db.ns.svc.cluster.local", "0 100 8080 db-0.db.ns.svc.cluster.local. + 10.42.0.1"),
        ("SRV portless.ns.svc.cluster.local", EMPTY), // DNSG-11
        ("A portless.ns.svc.cluster.local", "10.42.0.9"),
        ("SRV named.ns.svc.cluster.local", EMPTY),
    ] {
        assert_eq!(ask(question), wanted, "{question}");
    }
}

#[test]
fn aliases_are_followed_to_their_end() {
    // DNSG-21, DNSG-22
    for (question, wanted) in [
        ("A out.ns.svc.cluster.local", "example.com. -> example.com."),
        ("CNAME out.ns.svc.cluster.local", "example.com."),
        ("TXT out.ns.svc.cluster.local", EMPTY),
        ("A x.out.ns.svc.cluster.local", NOTHING),
        ("A hop.ns.svc.cluster.local", "web.ns.svc.cluster.local., 10.43.0.5"),
        ("A hop-out.ns.svc.cluster.local", "out.ns.svc.cluster.local., example.com. -> example.com."),
        ("A self.ns.svc.cluster.local", EMPTY),
        ("CNAME self.ns.svc.cluster.local", "self.ns.svc.cluster.local."),
        ("A number.ns.svc.cluster.local", NOTHING),
        ("A named.ns.svc.cluster.local", "one.example.com. -> one.example.com."),
        ("CNAME named.ns.svc.cluster.local", "one.example.com."),
    ] {
        assert_eq!(ask(question), wanted, "{question}");
    }
}

#[test]
fn addresses_lead_back_to_names() {
    // DNSG-15, DNSG-27, DNSG-28
    for (question, wanted) in [
        ("PTR 5.0.43.10.in-addr.arpa", "web.ns.svc.cluster.local."),
        ("SOA 5.0.43.10.in-addr.arpa", EMPTY),
        ("PTR 2.0.42.10.in-addr.arpa", "10-42-0-2.db.ns.svc.cluster.local., 10-42-0-2.web.ns.svc.cluster.local."),
        ("PTR 3.0.42.10.in-addr.arpa", "elsewhere"),
        ("PTR 10.in-addr.arpa", "elsewhere"),
        ("PTR in-addr.arpa", EMPTY),
        ("SOA in-addr.arpa", "ns.dns.in-addr.arpa. hostmaster.in-addr.arpa. 22 7200 1800 86400 30"),
    ] {
        assert_eq!(ask(question), wanted, "{question}");
    }
}

#[test]
fn negative_answers_show_the_zone_in_the_questions_case() {
    // DNSG-2, DNSG-3
    let zone = Zone::new("cluster.local", 30).unwrap();
    let query = Query::query(crate::name::parse("Nobody.svc.CLUSTER.local").unwrap(), RecordType::A);
    let Outcome::Answer(answer) = answer(&index(), &zone, &query, 0) else { panic!("somebody else's") };
    assert_eq!(
        answer.authorities[0].to_string(),
        "CLUSTER.local. 30 IN SOA ns.dns.CLUSTER.local. hostmaster.CLUSTER.local. 22 7200 1800 86400 30"
    );
}
