use super::*;
use crate::pod::files::resolver::Resolver;
use stead_api::json;

fn node() -> NodeFacts {
    NodeFacts {
        name: "node".into(),
        hostname: "Box".into(),
        host_ips: vec!["192.0.2.1".into()],
        pods_dir: "/d/pods".into(),
        dns: DnsFacts { servers: vec!["10.43.0.10".parse().unwrap()], domain: "cluster.local".into(), resolv_conf: ResolvConf::Found },
        ..NodeFacts::default()
    }
}

fn pod(spec: Value) -> Value {
    json!({"metadata": {"name": "p", "namespace": "n", "uid": "u"}, "spec": spec})
}

fn files(spec: Value, container: Value) -> PodFiles {
    let addresses: Vec<IpAddr> = vec!["10.42.0.2".parse().unwrap(), "fd00::2".parse().unwrap()];
    pod_files(&pod(spec), &container, &node(), &addresses, "u-0").unwrap()
}

fn hosts(spec: Value) -> String {
    files(spec, json!({})).hosts.unwrap().1.text("192.0.2.1 box\n")
}

/// The last lines of a hosts file, where the pod's own are.
fn own_lines(spec: Value) -> Vec<String> {
    hosts(spec).lines().skip(7).map(str::to_owned).collect()
}

#[test]
fn hosts_files_name_the_pod() {
    // FILE-1, FILE-2, FILE-3, FILE-5
    let begins = "# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\nfe00::0\tip6-localnet\n\
        fe00::0\tip6-mcastprefix\nfe00::1\tip6-allnodes\nfe00::2\tip6-allrouters\n";
    assert!(hosts(json!({})).starts_with(begins));
    assert_eq!(own_lines(json!({})), ["10.42.0.2\tp", "fd00::2\tp"]);
    let named = "10.42.0.2\tbox.db.n.svc.cluster.local\tbox";
    assert_eq!(own_lines(json!({"hostname": "box", "subdomain": "db"}))[0], named);
    assert_eq!(own_lines(json!({"hostname": "box", "subdomain": "db", "setHostnameAsFQDN": true}))[0], named);
    assert_eq!(own_lines(json!({"hostname": "box", "subdomain": "db", "hostnameOverride": "o.x"}))[0], "10.42.0.2\to.x");
    let aliases = json!({"hostAliases": [{"ip": "1.2.3.4", "hostnames": ["one", "uno"]}, {"ip": "5.6.7.8", "hostnames": ["two"]}]});
    assert_eq!(own_lines(aliases.clone())[2..], ["", "# Entries added by HostAliases.", "1.2.3.4\tone\tuno", "5.6.7.8\ttwo"]);
    let mut on_host = aliases;
    on_host["hostNetwork"] = true.into();
    let text = "# Kubernetes-managed hosts file (host network).\n192.0.2.1 box\n\n# Entries added by HostAliases.\n1.2.3.4\tone\tuno\n5.6.7.8\ttwo\n";
    assert_eq!(hosts(on_host), text);
}

#[test]
fn what_the_container_mounts_itself_is_not_managed() {
    // FILE-4, OCI-4
    let destinations = |container: Value| {
        let mounts = files(json!({}), container.clone()).mounts(&container);
        mounts.into_iter().map(|mount| format!("{} {}", mount.destination, mount.read_only)).collect::<Vec<_>>()
    };
    assert_eq!(destinations(json!({})), ["/etc/hosts false", "/etc/hostname false", "/etc/resolv.conf false"]);
    assert_eq!(
        destinations(json!({"securityContext": {"readOnlyRootFilesystem": true}})),
        ["/etc/hosts false", "/etc/hostname true", "/etc/resolv.conf true"]
    );
    let own = json!({"volumeMounts": [{"name": "v", "mountPath": "/etc/hosts"}, {"name": "v", "mountPath": "/etc/resolv.conf/"}]});
    assert_eq!(destinations(own), ["/etc/hostname false"]);
    assert!(pod_files(&pod(json!({})), &json!({}), &node(), &[], "u-0").unwrap().hosts.is_none(), "no address yet");
}

#[test]
fn machines_are_called_after_their_pods() {
    // FILE-5
    let name = |spec: Value| names(&pod(spec), &node()).map(|names| names.kernel);
    let long = "a".repeat(62) + "-b.cd";
    let cases = [
        (json!({}), "p"),
        (json!({"hostname": "h", "subdomain": "s"}), "h"),
        (json!({"hostname": "h", "subdomain": "s", "setHostnameAsFQDN": true}), "h.s.n.svc.cluster.local"),
        (json!({"setHostnameAsFQDN": true}), "p"),
        (json!({"hostname": "h", "hostnameOverride": "other.example"}), "other.example"),
        (json!({"hostNetwork": true}), "Box"),
    ];
    for (spec, expected) in cases {
        assert_eq!(name(spec.clone()).as_deref(), Ok(expected), "{spec}");
    }
    let cut = json!({"metadata": {"name": long, "namespace": "n"}, "spec": {}});
    assert_eq!(names(&cut, &node()).unwrap().kernel, "a".repeat(62));
    let error = name(json!({"hostname": "h".repeat(50), "subdomain": "s".repeat(20), "setHostnameAsFQDN": true})).unwrap_err();
    assert!(error.starts_with("failed to construct FQDN from pod hostname and cluster domain, FQDN hhh"), "{error}");
    assert!(error.ends_with(".n.svc.cluster.local is too long (64 characters is the max, 91 characters requested)"), "{error}");
}

fn resolved(spec: Value, nodes_file: &str) -> (String, Vec<String>) {
    let (resolver, warnings) = base(&pod(spec), &node()).resolver(Some(&Resolver::parse(nodes_file)));
    (resolver.text(), warnings.into_iter().map(|(reason, message)| format!("{reason}: {message}")).collect())
}

#[test]
fn each_policy_asks_its_own_servers() {
    // FILE-6, FILE-7, FILE-8
    let nodes_file = "# x\nnameserver 9.9.9.9\nsearch old.example\nsearch host.example. cluster.local\noptions edns0 ndots:2\n";
    let cluster = "search n.svc.cluster.local svc.cluster.local cluster.local host.example\nnameserver 10.43.0.10\noptions ndots:5\n";
    let of_node = "search host.example cluster.local\nnameserver 9.9.9.9\noptions edns0 ndots:2\n";
    let own = json!({"nameservers": ["1.1.1.1", "9.9.9.9"], "searches": ["a.b", "host.example"],
        "options": [{"name": "ndots", "value": "1"}, {"name": "rotate"}]});
    let cases = [
        (json!({"dnsPolicy": "ClusterFirst"}), cluster),
        (json!({"dnsPolicy": "ClusterFirst", "hostNetwork": true}), of_node),
        (json!({"dnsPolicy": "ClusterFirstWithHostNet", "hostNetwork": true}), cluster),
        (json!({"dnsPolicy": "Default"}), of_node),
        (
            json!({"dnsPolicy": "None", "dnsConfig": own.clone()}),
            "search a.b host.example\nnameserver 1.1.1.1\nnameserver 9.9.9.9\noptions ndots:1 rotate\n",
        ),
        (
            json!({"dnsPolicy": "Default", "dnsConfig": own}),
            "search host.example cluster.local a.b\nnameserver 9.9.9.9\nnameserver 1.1.1.1\noptions edns0 ndots:1 rotate\n",
        ),
    ];
    for (spec, expected) in cases {
        assert_eq!(resolved(spec.clone(), nodes_file), (expected.to_owned(), Vec::new()), "{spec}");
    }
}

#[test]
fn too_much_is_cut_and_said() {
    // FILE-9
    let (text, warnings) = resolved(json!({"dnsConfig": {"nameservers": ["1.1.1.1", "1.1.1.2", "1.1.1.3"]}}), "");
    assert!(text.contains("nameserver 10.43.0.10\nnameserver 1.1.1.1\nnameserver 1.1.1.2\noptions"), "{text}");
    let said = "DNSConfigForming: Nameserver limits were exceeded, some nameservers have been omitted, the applied nameserver line is: 10.43.0.10 1.1.1.1 1.1.1.2";
    assert_eq!(warnings, [said]);
    let many: Vec<String> = (0..40).map(|n| format!("s{n}.example")).collect();
    let long: Vec<String> = (0..12).map(|n| format!("{n}.{}", "x".repeat(220))).collect();
    let one_long = vec!["y".repeat(254), "short".to_owned()];
    for (searches, kept) in [(many, 32), (long, 11), (one_long, 4)] {
        let (text, warnings) = resolved(json!({"dnsConfig": {"searches": searches}}), "");
        let line = text.lines().next().unwrap().strip_prefix("search ").unwrap();
        assert_eq!(line.split(' ').count(), kept);
        assert!(line.len() <= 2048);
        let said = "DNSConfigForming: Search Line limits were exceeded, some search paths have been omitted, the applied search line is: ";
        assert_eq!(warnings, [format!("{said}{line}")]);
    }
}

#[test]
fn a_cluster_without_name_servers_says_so() {
    // FILE-9
    let without = NodeFacts { dns: DnsFacts::default(), ..node() };
    let (resolver, warnings) = base(&pod(json!({})), &without).resolver(Some(&Resolver::parse("nameserver 9.9.9.9")));
    assert_eq!(resolver.text(), "nameserver 9.9.9.9\n");
    let said = "pod: \"p_n(u)\". kubelet does not have ClusterDNS IP configured and cannot create Pod using \"ClusterFirst\" policy. Falling back to \"Default\" policy.";
    assert_eq!(warnings, [("MissingClusterDNS", said.to_owned())]);
    let (nothing, _) = base(&pod(json!({"dnsPolicy": "Default"})), &without).resolver(None);
    assert_eq!(nothing.text(), "search .\nnameserver 127.0.0.1\n");
}

#[test]
fn hosts_are_written_anew_in_place_and_the_rest_once() {
    // FILE-4, FILE-10
    let dir = tempfile::tempdir().unwrap();
    let node = NodeFacts { pods_dir: dir.path().to_owned(), ..node() };
    let write_for = |spec: Value, sandbox: &str| {
        let files = pod_files(&pod(spec), &json!({}), &node, &["10.42.0.2".parse().unwrap()], sandbox).unwrap();
        let warnings = write::write(&files).unwrap();
        let read = |path: &Path| std::fs::read_to_string(path).unwrap();
        (read(&files.hosts.as_ref().unwrap().0), read(&files.hostname.0), read(&files.resolver.0), warnings.len(), files)
    };
    let spec = json!({"dnsPolicy": "None", "dnsConfig": {"nameservers": ["1.1.1.1", "1.1.1.2", "1.1.1.3", "1.1.1.4"]}});
    let (hosts, hostname, resolver, warnings, files) = write_for(spec, "u-0");
    assert_eq!((hostname.as_str(), resolver.lines().count(), warnings), ("p\n", 3, 1));
    let path = files.hosts.unwrap().0;
    let kept = std::fs::File::open(&path).unwrap();
    std::fs::write(&path, "mine\n").unwrap();
    let other = json!({"dnsPolicy": "None", "dnsConfig": {"nameservers": ["2.2.2.2"]}, "hostname": "x"});
    let again = write_for(other.clone(), "u-0");
    assert_eq!((again.0.replace("\tx\n", "\tp\n"), again.1, again.2, again.3), (hosts, hostname, resolver, 0));
    assert_eq!(std::io::read_to_string(kept).unwrap(), again.0, "the same file");
    let next_sandbox = write_for(other, "u-1");
    assert_eq!((next_sandbox.1.as_str(), next_sandbox.2.as_str()), ("x\n", "nameserver 2.2.2.2\n"));
}
