//! The tutorial's MySQL: the Secret that it forgets, backups, rows.

use super::{example, memory_limit_bytes, outlives, rolled_out, with_images};
use crate::kubectl::Kubectl;

fn sql(kubectl: &Kubectl, pod: &str, line: &str) -> String {
    kubectl.run(&["exec", pod, "--", "mysql", "-uroot", "-psecret", "-N", "-e", line]).trim().to_owned()
}

fn until_served(kubectl: &Kubectl) {
    rolled_out(kubectl, "statefulset/mysql");
    // The manifest has no probe: a pod is ready before its server is.
    let ping = "until mysqladmin ping -uroot -psecret -h 127.0.0.1 2>/dev/null; do sleep 0.2; done";
    for ordinal in 0..3 {
        kubectl.run(&["exec", &format!("mysql-{ordinal}"), "--", "timeout", "120", "sh", "-c", ping]);
    }
}

#[test]
fn rows_of_mysql_outlive_pods_servers_and_sets() {
    // ORD-5, STO-7, STO-8
    let Some((mut cluster, kubectl)) = with_images("rows_of_mysql_outlive_pods_servers_and_sets", &["mysql"]) else { return };
    kubectl.apply(&example("mysql.yaml"), cluster.dir.path());
    let state = "jsonpath={.status.containerStatuses[0].state.waiting}{\"\\n\"}";
    let told = kubectl.watch_one("pod", "mysql-0", state, |lines| lines.iter().any(|line| line.contains("CreateContainerConfigError")));
    assert!(told.last().is_some_and(|line| line.contains(r#"secret \"mysql-secret\" not found"#)), "{told:?}");
    kubectl.run(&["create", "secret", "generic", "mysql-secret", "--from-literal=password=secret"]);
    until_served(&kubectl);
    assert_eq!(memory_limit_bytes(&kubectl, "mysql-0"), 1 << 30);
    sql(
        &kubectl,
        "mysql-0",
        "create database shop; create table shop.orders (id int primary key); insert into shop.orders values (41), (42)",
    );
    restored_elsewhere(&kubectl, &cluster);
    let look = |when: &str| {
        until_served(&kubectl);
        for pod in ["mysql-0", "mysql-1"] {
            assert_eq!(sql(&kubectl, pod, "select group_concat(id) from shop.orders"), "41,42", "{when}");
        }
        // By its stable name, with the password.
        let from_elsewhere =
            ["exec", "mysql-2", "--", "mysql", "-hmysql-0.mysql", "-uroot", "-psecret", "-N", "-e", "select count(*) from shop.orders"];
        assert_eq!(kubectl.run(&from_elsewhere).trim(), "2", "{when}");
    };
    look("at first");
    outlives(&mut cluster, &kubectl, "mysql", "mysqld", &look);
}

/// The tutorial's backup, taken back in by another ordinal.
fn restored_elsewhere(kubectl: &Kubectl, cluster: &crate::cluster::Cluster) {
    let backup = kubectl.run(&["exec", "mysql-0", "--", "mysqldump", "-u", "root", "-psecret", "--all-databases"]);
    let file = cluster.dir.path().join("backup.sql");
    std::fs::write(&file, backup).expect("the backup can be written");
    kubectl.fed(&["exec", "-i", "mysql-1", "--", "mysql", "-u", "root", "-psecret"], &file);
    assert_eq!(sql(kubectl, "mysql-1", "select group_concat(id) from shop.orders"), "41,42");
}
