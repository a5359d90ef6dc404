use super::*;

fn parse(key: &str, text: &str) -> (Custom, Vec<String>) {
    Custom::parse(std::iter::once((key, text)))
}

fn asked(custom: &Custom, text: &str) -> Option<Vec<String>> {
    let query = Query::query(name::parse(text).unwrap(), RecordType::A);
    let answer = custom.block(query.name())?.answer(&query)?;
    Some(answer.answers.iter().map(ToString::to_string).collect())
}

#[test]
fn stub_domains_go_to_their_own_resolvers() {
    let text = "example.com:53 sub.example.org {\n  errors\n  cache 30\n  forward . 192.0.2.1 192.0.2.2:5353\n}\n";
    let (custom, said) = parse("x.server", text);
    assert!(said.is_empty(), "{said:?}");
    let forward = |text: &str| custom.block(&name::parse(text).unwrap()).and_then(|block| block.forward.clone());
    let wanted: Vec<SocketAddr> = vec!["192.0.2.1:53".parse().unwrap(), "192.0.2.2:5353".parse().unwrap()];
    assert_eq!(forward("A.Example.com"), Some(wanted.clone()));
    assert_eq!(forward("sub.example.org"), Some(wanted));
    assert_eq!(forward("example.org"), None);
}

#[test]
fn hosts_are_names_with_addresses() {
    let text = "hosts {\n 192.0.2.7 Registry.example registry\n fd00::7 registry.example\n ttl 60\n fallthrough\n}\nlog\n";
    let (custom, said) = parse("x.override", text);
    assert!(said.is_empty(), "{said:?}");
    assert_eq!(asked(&custom, "REGISTRY.example").unwrap(), ["REGISTRY.example. 60 IN A 192.0.2.7"]);
    assert_eq!(asked(&custom, "other.example"), None);
    assert_eq!(custom.blocks()[0].absence(), None);
    let (custom, _) = parse("x.server", "corp.example {\n hosts {\n  192.0.2.7 a.corp.example\n }\n}");
    assert!(custom.blocks()[0].absence().is_some(), "nobody else knows the zone");
}

#[test]
fn what_is_not_understood_is_said() {
    for (key, text, wanted) in [
        ("x.server", "example.com {\n template IN A\n}", "x.server: line 2: template is not understood"),
        ("x.override", "forward . tls://192.0.2.1", "x.override: line 1: forward: tls://192.0.2.1 is no address of a resolver"),
        ("x.override", "rewrite name regex a b", "x.override: line 1: rewrite: only `rewrite name [exact] FROM TO` is understood"),
        ("x.server", "a:5353 {\n}", "x.server: line 1: a:5353: only port 53 is served"),
        ("x.server", "a {\n", "x.server: line 1: '{' without '}'"),
        ("Corefile", "log", "Corefile: only keys that end with .server or .override are read"),
        (
            "x.override",
            "hosts /etc/hosts {\n fallthrough\n}",
            "x.override: line 1: hosts: files and zones are not understood, only names in its block",
        ),
    ] {
        assert_eq!(parse(key, text).1, [wanted], "{text}");
    }
}

#[test]
fn a_rewritten_name_is_another() {
    let (custom, said) = parse("x.override", "rewrite stop name exact Foo.example web.default.svc.cluster.local\n");
    assert!(said.is_empty(), "{said:?}");
    let to = custom.blocks()[0].rewritten(&name::parse("foo.EXAMPLE").unwrap()).unwrap();
    assert_eq!(to.to_ascii(), "web.default.svc.cluster.local.");
    assert_eq!(custom.blocks()[0].rewritten(&name::parse("bar.example").unwrap()), None);
}
