//! The tutorial's PostgreSQL: settings from a ConfigMap and a Secret, probes that run programs, and a kill in the middle of many writers.

use super::{example, kill_processes, restarted, restarts, rolled_out, shell, uid, with_images};
use crate::kubectl::Kubectl;
use std::io::{BufRead, Read};

fn sql(kubectl: &Kubectl, line: &str) -> String {
    shell(kubectl, "postgres-0", &format!("psql -U appuser -At myapp -c '{line}'"))
}

/// Each line that a client prints is a row that the server has said to be committed.
const CLIENT: &str = r#"
for i in $(seq 1 100000); do echo "insert into kept values (CLIENT, $i) returning $i;"; done | psql -U appuser -h localhost -qAt myapp | sed -u 's/^/CLIENT /'
"#;

#[test]
fn a_kill_in_the_middle_of_writers_loses_no_committed_row_of_postgresql() {
    // STO-7
    let test = "a_kill_in_the_middle_of_writers_loses_no_committed_row_of_postgresql";
    let Some((cluster, kubectl)) = with_images(test, &["postgres"]) else { return };
    kubectl.apply(&example("postgres.yaml").replace("replicas: 3", "replicas: 2"), cluster.dir.path());
    rolled_out(&kubectl, "statefulset/postgres");
    assert_eq!(
        shell(&kubectl, "postgres-1", "pg_isready -h postgres-0.postgres -U appuser"),
        "postgres-0.postgres:5432 - accepting connections"
    );
    sql(&kubectl, "create table kept (client int, number int)");
    shell(&kubectl, "postgres-0", "pgbench -i -q -U appuser myapp 2>/dev/null");
    let script = format!(
        "export PGPASSWORD=secretpassword; ({}) & ({}) & pgbench -n -c 4 -T 60 -U appuser -h localhost myapp >/dev/null 2>&1 & wait",
        CLIENT.replace("CLIENT", "1"),
        CLIENT.replace("CLIENT", "2")
    );
    let (_client, mut out) = kubectl.start(&["exec", "postgres-0", "--", "bash", "-c", &script]);
    let mut committed = Vec::new();
    for line in out.by_ref().lines().take(400) {
        committed.push(line.expect("the client prints text"));
    }
    let before = restarts(&kubectl, "postgres-0");
    kill_processes(&uid(&kubectl, "postgres-0"), "postgres");
    committed.extend(out.lines().map_while(Result::ok));
    restarted(&kubectl, "postgres-0", before);
    let there = sql(&kubectl, "select client, number from kept").replace('|', " ");
    let there: std::collections::BTreeSet<&str> = there.lines().collect();
    let lost: Vec<&String> = committed.iter().filter(|row| !there.contains(row.as_str())).collect();
    assert!(lost.is_empty(), "of {} rows {} are lost, such as {:?}", committed.len(), lost.len(), lost.first());
    let sums = "select (select sum(abalance) from pgbench_accounts) = (select sum(bbalance) from pgbench_branches), \
        (select sum(tbalance) from pgbench_tellers) = (select coalesce(sum(delta), 0) from pgbench_history)";
    assert_eq!(sql(&kubectl, sums), "t|t", "no transaction is there in part");
}
