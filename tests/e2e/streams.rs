//! What goes into containers and comes out of them: `kubectl exec` and `port-forward`.

use crate::cluster::{Cluster, Needs, have};
use crate::kubectl::Kubectl;
use std::io::{BufRead, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

const POD: &str = r#"
apiVersion: v1
kind: Pod
metadata: {name: p}
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - name: c
    image: "localhost/stead:1"
    command: [sh, -c, "mkdir -p /w && echo hello >/w/index.html && httpd -f -p 8080 -h /w"]
    readinessProbe: {httpGet: {port: 8080}, periodSeconds: 1}
"#;
const BYTES: usize = 4 << 20;
const EXECS: usize = 20;

#[test]
fn kubectl_streams_to_and_from_containers() {
    let Some(programs) = have("kubectl_streams_to_and_from_containers", Needs::Containers) else { return };
    for program in programs {
        let cluster = Cluster::start(&[]);
        let kubectl = cluster.kubectl(&program);
        kubectl.apply(POD, cluster.dir.path());
        kubectl.run(&["wait", "--for=condition=Ready", "pod/p", "--timeout=60s"]);
        ends_as_the_program_does(&kubectl);
        input_comes_back_whole(&kubectl, cluster.dir.path());
        many_at_once(&kubectl);
        a_port_is_forwarded(&kubectl);
    }
}

fn ends_as_the_program_does(kubectl: &Kubectl) {
    let printed = kubectl.try_run(&["exec", "p", "--", "sh", "-c", "echo said; exit 3"]);
    assert_eq!(printed.out, "said\n");
    assert!(!printed.ok && printed.err.contains("exit code 3"), "{printed:?}");
}

fn input_comes_back_whole(kubectl: &Kubectl, dir: &Path) {
    let input: Vec<u8> = (0..BYTES).map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()[2]).collect();
    let path = dir.join("input");
    std::fs::write(&path, &input).expect("the input is written");
    let output = kubectl.fed(&["exec", "-i", "p", "--", "cat"], &path);
    assert!(output == input, "{} bytes came back of {BYTES}", output.len());
}

fn many_at_once(kubectl: &Kubectl) {
    let began: Vec<_> = (0..EXECS).map(|n| (n, kubectl.start(&["exec", "p", "--", "echo", &n.to_string()]))).collect();
    for (n, (kubectl, mut out)) in began {
        let mut text = String::new();
        out.read_to_string(&mut text).expect("kubectl prints text");
        assert_eq!(text, format!("{n}\n"));
        assert!(kubectl.ended_well());
    }
}

fn a_port_is_forwarded(kubectl: &Kubectl) {
    let (_running, mut out) = kubectl.start(&["port-forward", "--address=127.0.0.1", "pod/p", ":8080"]);
    let mut line = String::new();
    out.read_line(&mut line).expect("kubectl prints text");
    let address = line.split_whitespace().nth(2).expect("kubectl says where it listens");
    let mut connection = TcpStream::connect(address).expect("kubectl listens");
    connection.set_read_timeout(Some(Duration::from_secs(60))).expect("a time-out can be set");
    connection.write_all(b"GET / HTTP/1.0\r\n\r\n").expect("the request is sent");
    let mut answer = String::new();
    connection.read_to_string(&mut answer).expect("the answer comes");
    assert!(answer.contains(" 200 ") && answer.ends_with("hello\n"), "{answer:?}");
}
