//! Command lines as they are parsed, and what is refused.

use super::*;
use crate::manifests::Source;

#[test]
fn flags_have_the_documented_names_and_defaults() {
    let cli = Cli::try_parse_from(["stead", "server"]).unwrap();
    let Verb::Server(args) = cli.verb else { panic!("not the server verb") };
    assert_eq!(args.data_dir, Path::new("/var/lib/stead"));
    assert_eq!(args.write_kubeconfig_mode, 0o600);
    assert_eq!(args.controllers, ["*"]);
    assert!(args.agent());
}

#[test]
fn every_flag_parses() {
    let line = "stead server --data-dir /d --https-listen-port 0 --bind-address 127.0.0.2 --write-kubeconfig /k \
        --write-kubeconfig-mode 640 --cluster-cidr 10.1.0.0/16 --service-cidr 10.2.0.0/16 --cluster-domain c.d \
        --cluster-dns 10.2.0.53,fd00::53 --dns-listen 127.0.0.1:5353 --dns-upstream 192.0.2.1:53,[fd00::1]:54 --resolv-conf /r --node-name n --eviction-hard memory.available<1Gi --eviction-max-pod-grace-period 5 \
        --eviction-pressure-transition-period 1m --shutdown-grace-period 30s --shutdown-grace-period-critical-pods 10s \
        --system-bus-address unix:path=/b --private-registry /r --simulated-nodes 3 --disable-agent --disable-scheduler --controllers *,-statefulset";
    let cli = Cli::try_parse_from(line.split_whitespace()).unwrap();
    let Verb::Server(args) = cli.verb else { panic!("not the server verb") };
    assert_eq!(args.controllers, ["*", "-statefulset"]);
    assert_eq!(args.write_kubeconfig_mode, 0o640);
    assert_eq!(args.simulated_nodes, 3);
}

#[test]
fn pods_have_addresses_of_one_family_or_both() {
    for range in ["10.42.0.0/16", "fd00:42::/56", "10.42.0.0/16,fd00:42::/56", "fd00:42::/56,10.42.0.0/28"] {
        assert_eq!(server(&["--cluster-cidr", range]).unwrap().cluster_cidr.to_string(), range);
    }
}

#[test]
fn pods_ask_the_tenth_service_address_unless_told_otherwise() {
    let dns = |line: &[&str]| server(line).unwrap().dns();
    assert_eq!(dns(&["--service-cidr", "10.96.0.0/12"]).servers, ["10.96.0.10".parse::<IpAddr>().unwrap()]);
    assert_eq!(dns(&["--cluster-dns", "192.0.2.53,fd00::a"]).servers.len(), 2);
    assert_eq!(dns(&[]).resolv_conf, ResolvConf::Found);
    assert_eq!(dns(&["--resolv-conf", ""]).resolv_conf, ResolvConf::None);
    assert_eq!(dns(&["--resolv-conf", "/r"]).resolv_conf, ResolvConf::File("/r".into()));
}

#[test]
fn a_list_may_begin_with_a_hyphen() {
    let cli = Cli::try_parse_from(["stead", "server", "--controllers", "-*"]).unwrap();
    let Verb::Server(args) = cli.verb else { panic!("not the server verb") };
    assert_eq!(args.controllers, ["-*"]);
}

fn server(line: &[&str]) -> Result<ServerArgs, String> {
    let cli = Cli::try_parse_from([&["stead", "server"], line].concat()).map_err(|error| error.to_string())?;
    let Verb::Server(args) = cli.verb else { panic!("not the server verb") };
    args.contradiction().map_or(Ok(*args), Err)
}

#[test]
fn names_for_the_certificate_are_repeated_or_separated_by_commas() {
    let args = server(&["--tls-san", "a.example,192.0.2.7", "--tls-san=::1"]).unwrap();
    assert_eq!(args.tls_san, ["a.example", "192.0.2.7", "::1"]);
    assert!(server(&["--tls-san", "a b"]).is_err());
}

#[test]
fn what_would_fail_later_is_refused_with_its_flag() {
    for (flag, value, said) in [
        ("--node-name", "BAD NAME", "RFC 1123"),
        ("--cluster-domain", "..x", "RFC 1123"),
        ("--simulated-nodes", "999999", "5000"),
        ("--https-listen-port", "65536", "65535"),
        ("--bind-address", "localhost", "127.0.0.1"),
        ("--service-cidr", "10.43.0.0", "10.42.0.0/16"),
        ("--cluster-cidr", "10.0.0.0/8", "overlap"),
        ("--cluster-cidr", "10.1.0.0/16,10.2.0.0/16", "one of each family"),
        ("--cluster-cidr", "fe80::/64", "machines may have"),
        ("--cluster-dns", "dns.example", "invalid IP address"),
        ("--dns-listen", "127.0.0.1", "socket address"),
        ("--dns-upstream", "dns.example", "192.0.2.1:53"),
        ("--resolv-conf", "/etc", "a directory"),
        ("--bind-address", "10.43.0.1", "--service-cidr"),
        ("--controllers", "no-such", "known controllers"),
        ("--write-kubeconfig-mode", "888", "octal"),
        ("--write-kubeconfig", "/", "a file"),
        ("--data-dir", "/etc/hostname", "this is a file"),
    ] {
        let error = server(&[flag, value]).unwrap_err();
        assert!(error.contains(flag) && error.contains(said), "{flag} {value}: {error}");
    }
}

#[test]
fn a_background_server_gets_the_same_settings() {
    // Every flag, so that a new one is not forgotten.
    let line = "stead up --data-dir /d --https-listen-port 0 --bind-address :: --tls-san a,b --lint-warnings false --write-kubeconfig /k \
        --write-kubeconfig-mode 640 --cluster-cidr 10.1.0.0/16 --service-cidr 10.2.0.0/16 --cluster-domain c.d \
        --cluster-dns 10.2.0.53,fd00::53 --dns-listen 127.0.0.1:5353 --dns-upstream 192.0.2.1:53,[fd00::1]:54 --resolv-conf /r --node-name n --eviction-hard memory.available<1Gi --eviction-max-pod-grace-period 5 \
        --eviction-pressure-transition-period 1m --shutdown-grace-period 30s --shutdown-grace-period-critical-pods 10s \
        --system-bus-address unix:path=/b --private-registry /r --default-local-storage-path /s --trash-retention 1h --simulated-nodes 2 --disable-agent --disable-scheduler --controllers *,-statefulset";
    let matches = Cli::command().try_get_matches_from(line.split_whitespace()).unwrap();
    let Verb::Up(up) = Cli::from_arg_matches(&matches).unwrap().verb else { panic!("not up") };
    let again = std::iter::once("stead".to_owned()).chain(up.server.command_line());
    let Verb::Server(server) = Cli::try_parse_from(again).unwrap().verb else { panic!("not server") };
    assert_eq!(up.server, *server);
    let mut given = given(matches.subcommand().unwrap().1);
    given.sort();
    assert_eq!(given, up.server.settings().into_keys().collect::<Vec<_>>());
}

#[test]
fn an_object_is_a_kind_and_a_name() {
    let parse = |line: &str| Cli::try_parse_from(line.split_whitespace()).map_err(|error| error.to_string());
    let Verb::Explain(args) = parse("stead explain sts/web -n team -o json").unwrap().verb else { panic!("not explain") };
    assert_eq!((args.object.as_str(), args.namespace.as_deref(), args.output), ("sts/web", Some("team"), Some(Output::Json)));
    for wrong in ["web", "/web", "sts/", "sts/web/0"] {
        let error = parse(&format!("stead explain {wrong}")).unwrap_err();
        assert!(error.contains("expected KIND/NAME"), "{wrong}: {error}");
    }
}

#[test]
fn what_was_not_given_is_not_asked_for() {
    let matches = Cli::command().try_get_matches_from(["stead", "up", "--node-name", "n"]).unwrap();
    assert_eq!(given(matches.subcommand().unwrap().1), ["node-name"]);
}

#[test]
fn up_takes_manifests_and_the_flags_of_a_server() {
    let line = ["stead", "up", "-f", "a.yaml", "-f", "-", "-n", "team", "--timeout", "90s", "--no-wait", "--wait", "--node-name", "n"];
    let Verb::Up(up) = Cli::parsed(line).unwrap().verb else { panic!("not up") };
    assert_eq!(up.files, [Source::Path("a.yaml".into()), Source::StandardInput]);
    assert_eq!((up.namespace.as_deref(), up.patience().as_secs(), up.waits()), (Some("team"), 90, true));
    assert_eq!(up.given, ["node-name"], "only a server's flags are compared with those of one that runs");
    let Verb::Up(up) = Cli::parsed(["stead", "up", "-f", "a.yaml", "--no-wait"]).unwrap().verb else { panic!("not up") };
    assert_eq!((up.waits(), up.patience().as_secs()), (false, 300));
}

#[test]
fn words_for_kubectl_are_kubectls() {
    let line = ["stead", "kubectl", "--data-dir", "/d", "exec", "-it", "web-0", "--", "sh", "--help"];
    let Verb::Kubectl(args) = Cli::parsed(line).unwrap().verb else { panic!("not kubectl") };
    assert_eq!(args.arguments, ["exec", "-it", "web-0", "--", "sh", "--help"]);
}

#[test]
fn help_of_every_verb_has_examples() {
    for verb in Cli::command().get_subcommands_mut() {
        let help = verb.render_help().to_string();
        assert!(help.contains("Examples:\n  "), "{}: {help}", verb.get_name());
    }
}
