//! The clients that programs are written with, of their package registries and unchanged, against the real binary and real containers: Python's,
//! JavaScript's, kube-rs, and Helm with a chart as people publish them. Each lists, creates, watches, patches in every way, runs programs and reads logs.
//!
//! `cargo xtask test` says where they are; without it these tests are left out, and say so.

#[path = "../e2e/cluster.rs"]
#[expect(dead_code, reason = "these tests need a part of it")]
mod cluster;
mod kube_rs;
#[path = "../e2e/kubectl.rs"]
#[expect(dead_code, reason = "these tests need a part of it")]
mod kubectl;

use cluster::{Cluster, Needs, have, printed};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where the clients are, or `None` after saying aloud that the test is left out.
#[expect(clippy::disallowed_methods, reason = "tests are told by their environment")]
fn clients(test: &str) -> Option<PathBuf> {
    have(test, Needs::Containers)?;
    let dir = std::env::var_os("STEAD_TEST_CLIENTS").map(PathBuf::from);
    if dir.is_none() {
        stead_testing::left_out(test, "no clients of other languages");
    }
    dir
}

/// Runs a program that must succeed; what it printed.
#[expect(clippy::disallowed_methods, reason = "these tests run clients")]
fn run(program: &Path, line: &[&str], environment: &[(&str, &Path)]) -> String {
    let mut command = Command::new(program);
    command.args(line).envs(environment.iter().copied()).stdin(std::process::Stdio::null());
    let (ok, text) = printed(command);
    assert!(ok, "{} {}: {text}", program.display(), line.join(" "));
    text
}

/// The folder of these tests.
fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("clients")
}

#[test]
fn the_python_client_does_what_programs_do() {
    let Some(clients) = clients("the_python_client_does_what_programs_do") else { return };
    let cluster = Cluster::start(&[]);
    let program = source().join("python/client.py");
    run(&clients.join("venv/bin/python"), &[&program.to_string_lossy(), &cluster.kubeconfig().to_string_lossy()], &[]);
}

#[test]
fn the_javascript_client_does_what_programs_do() {
    let Some(clients) = clients("the_javascript_client_does_what_programs_do") else { return };
    let cluster = Cluster::start(&[]);
    let program = clients.join("javascript/client.mjs");
    run(&clients.join("venv/bin/node"), &[&program.to_string_lossy(), &cluster.kubeconfig().to_string_lossy()], &[]);
}

#[test]
fn helm_installs_upgrades_tests_and_removes_a_chart() {
    let Some(clients) = clients("helm_installs_upgrades_tests_and_removes_a_chart") else { return };
    let cluster = Cluster::start(&[]);
    let (home, kubeconfig, chart) = (cluster.dir.path().join("helm"), cluster.kubeconfig(), source().join("chart"));
    let places = ["HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME"].map(|name| (name, home.as_path()));
    let environment = [&places[..], &[("KUBECONFIG", kubeconfig.as_path())]].concat();
    let helm = |line: &str| {
        let line = line.replace("CHART", &chart.to_string_lossy());
        run(&clients.join("bin/helm"), &line.split(' ').collect::<Vec<_>>(), &environment)
    };
    helm("install one CHART --namespace shop --create-namespace --wait --timeout 5m");
    helm("test one --namespace shop --timeout 5m");
    let said = helm("upgrade one CHART --namespace shop --set web.greeting=again,web.replicas=1 --wait --timeout 5m");
    assert!(said.contains("one says again."), "{said}");
    helm("test one --namespace shop --timeout 5m");
    helm("rollback one 1 --namespace shop --wait --timeout 5m");
    helm("test one --namespace shop --timeout 5m");
    let history = helm("history one --namespace shop");
    assert!(history.lines().last().is_some_and(|line| line.contains("deployed") && line.contains("Rollback to 1")), "{history}");
    helm("uninstall one --namespace shop --wait --timeout 5m");
    assert_eq!(helm("list --all --namespace shop --short"), "");
}

#[test]
fn kube_rs_does_what_programs_do() {
    let Some(_) = have("kube_rs_does_what_programs_do", Needs::Containers) else { return };
    let cluster = Cluster::start(&[]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be made");
    runtime.block_on(kube_rs::does_what_programs_do(&cluster.kubeconfig()));
}
