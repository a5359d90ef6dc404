//! Examples of systems whose members know each other: who follows whom, and what is left when one is lost.

use super::{ended_and_started, example, rolled_out, shell, signal_processes, uid, with_images};
use crate::kubectl::Kubectl;
use nix::sys::signal::Signal;

/// Runs a script in a pod until it succeeds; a failure after two minutes.
fn until(kubectl: &Kubectl, pod: &str, container: &str, script: &str) {
    let script = format!("until {script}; do sleep 0.2; done");
    let printed = kubectl.try_run(&["exec", pod, "-c", container, "--", "timeout", "120", "bash", "-c", &script]);
    assert!(printed.ok, "{script} in {pod} never succeeded: {printed:?}");
}

#[test]
fn replicas_of_mysql_follow_the_first_by_their_ordinals() {
    // ORD-5, STO-7
    let Some((cluster, kubectl)) = with_images("replicas_of_mysql_follow_the_first_by_their_ordinals", &["mysql", "busybox"]) else {
        return;
    };
    let secret = ["create", "secret", "generic", "mysql-secret", "--from-literal=password=secret", "--from-literal=replication=another"];
    kubectl.run(&secret);
    kubectl.apply(&example("mysql-replication.yaml"), cluster.dir.path());
    rolled_out(&kubectl, "statefulset/mysql");
    let sql = |pod: &str, line: &str| kubectl.try_run(&["exec", pod, "-c", "mysql", "--", "mysql", "-uroot", "-psecret", "-N", "-e", line]);
    assert!(sql("mysql-0", "create database shop; create table shop.orders (id int); insert into shop.orders values (1)").ok);
    let has = |count: u32| format!("[ \"$(mysql -uroot -psecret -N -e 'select count(*) from shop.orders' 2>/dev/null)\" = {count} ]");
    ["mysql-1", "mysql-2"].iter().for_each(|pod| until(&kubectl, pod, "mysql", &has(1)));
    // Where who follows is started anew, and whom it follows as well.
    kubectl.made_anew(&["mysql-0", "mysql-2"]);
    rolled_out(&kubectl, "statefulset/mysql");
    assert!(sql("mysql-0", "insert into shop.orders values (2)").ok);
    ["mysql-1", "mysql-2"].iter().for_each(|pod| until(&kubectl, pod, "mysql", &has(2)));
    let refused =
        kubectl.try_run(&["exec", "mysql-1", "-c", "mysql", "--", "mysql", "-uroot", "-psecret", "-N", "-e", "select @@read_only"]);
    assert_eq!(refused.out.trim(), "1");
}

#[test]
fn postgresql_is_switched_over_by_hand() {
    // ORD-5, STO-7
    let Some((cluster, kubectl)) = with_images("postgresql_is_switched_over_by_hand", &["postgres"]) else { return };
    kubectl.apply(&example("postgres-replication.yaml"), cluster.dir.path());
    rolled_out(&kubectl, "statefulset/postgres");
    let sql = |pod: &str, line: &str| {
        kubectl.run(&["exec", pod, "-c", "postgres", "--", "psql", "-U", "postgres", "-qAtc", line]).trim().to_owned()
    };
    let has = |count: u32| format!("[ \"$(psql -U postgres -Atc 'select count(*) from kept' 2>/dev/null)\" = {count} ]");
    sql("postgres-0", "create table kept (number int); insert into kept select generate_series(1, 1000)");
    ["postgres-1", "postgres-2"].iter().for_each(|pod| until(&kubectl, pod, "postgres", &has(1000)));
    // As the example's own words have it.
    kubectl.run(&["patch", "configmap", "postgres-primary", "-p", r#"{"data":{"primary":"postgres-1"}}"#]);
    kubectl.run(&["delete", "pod", "postgres-0"]);
    assert_eq!(sql("postgres-1", "select pg_promote()"), "t");
    kubectl.made_anew(&["postgres-2"]);
    rolled_out(&kubectl, "statefulset/postgres");
    assert_eq!(sql("postgres-1", "select count(*) from kept"), "1000", "the old one handed over all that it had");
    sql("postgres-1", "insert into kept values (1001)");
    ["postgres-0", "postgres-2"].iter().for_each(|pod| until(&kubectl, pod, "postgres", &has(1001)));
    assert_eq!(sql("postgres-0", "select pg_is_in_recovery()"), "t");
}

#[test]
fn a_redis_cluster_heals_after_all_its_pods_start_at_once() {
    // STO-7
    let Some((mut cluster, kubectl)) = with_images("a_redis_cluster_heals_after_all_its_pods_start_at_once", &["redis"]) else { return };
    kubectl.apply(&example("redis-cluster.yaml"), cluster.dir.path());
    kubectl.run(&["wait", "--for=condition=Complete", "job/redis-cluster-join", "--timeout=240s"]);
    let healthy = "redis-cli cluster info | grep -q cluster_state:ok";
    let all_agree = || (0..6).for_each(|ordinal| until(&kubectl, &format!("redis-cluster-{ordinal}"), "redis", healthy));
    all_agree();
    let keys = "for key in $(seq 200); do echo \"set key$key $key\"; done | redis-cli -c | grep -cx OK || :";
    assert_eq!(shell(&kubectl, "redis-cluster-0", keys), "200", "all keys are taken");
    let are_there = |when: &str| {
        all_agree();
        let sum = "for key in $(seq 200); do redis-cli -c get key$key; done | grep -x '[0-9]*' | sort -n | uniq | wc -l";
        assert_eq!(shell(&kubectl, "redis-cluster-5", sum), "200", "{when}");
    };
    let pods: Vec<String> = (0..6).map(|ordinal| format!("redis-cluster-{ordinal}")).collect();
    kubectl.made_anew(&pods.iter().map(String::as_str).collect::<Vec<_>>());
    rolled_out(&kubectl, "statefulset/redis-cluster");
    are_there("after all pods were deleted at once");
    ended_and_started(&mut cluster, &kubectl, &pods);
    rolled_out(&kubectl, "statefulset/redis-cluster");
    are_there("after everything was ended and started");
}

#[test]
fn sentinels_choose_another_redis_when_the_first_is_lost() {
    let Some((cluster, kubectl)) = with_images("sentinels_choose_another_redis_when_the_first_is_lost", &["redis"]) else { return };
    kubectl.apply(&example("redis-sentinel.yaml"), cluster.dir.path());
    rolled_out(&kubectl, "statefulset/redis");
    rolled_out(&kubectl, "statefulset/sentinel");
    until(&kubectl, "sentinel-0", "sentinel", "redis-cli -p 26379 sentinel ckquorum main | grep -q 'OK 3'");
    until(&kubectl, "redis-0", "redis", "[ \"$(redis-cli wait 2 100)\" = 2 ]");
    // They learn from the first who follows it, so they must have heard of both before it is lost.
    let known = "[ \"$(redis-cli -p 26379 sentinel replicas main | grep -cx name)\" = 2 ]";
    (0..3).for_each(|ordinal| until(&kubectl, &format!("sentinel-{ordinal}"), "sentinel", known));
    assert_eq!(shell(&kubectl, "redis-0", "redis-cli set key kept && redis-cli wait 2 10000"), "OK\n2");
    // It stands still: neither gone nor there.
    let lost = uid(&kubectl, "redis-0");
    signal_processes(&lost, "redis-server", Signal::SIGSTOP);
    let another = "redis-cli -p 26379 sentinel get-master-addr-by-name main | grep -q '^redis-[12].redis'";
    until(&kubectl, "sentinel-1", "sentinel", another);
    signal_processes(&lost, "redis-server", Signal::SIGCONT);
    let master = shell(&kubectl, "sentinel-1", "redis-cli -p 26379 sentinel get-master-addr-by-name main | head -n 1");
    until(&kubectl, "redis-0", "redis", &format!("redis-cli -h {master} set key kept-on | grep -q OK"));
    // Who was lost follows the new one.
    until(&kubectl, "redis-0", "redis", "[ \"$(redis-cli get key)\" = kept-on ]");
}
