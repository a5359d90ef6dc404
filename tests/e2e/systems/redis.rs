//! The tutorial's Redis: an append-only file on a claim, settings from a ConfigMap, and limits.

use super::{example, kill_processes, memory_limit_bytes, outlives, rolled_out, uid, with_images};
use crate::kubectl::Kubectl;
use crate::limits::{is_held_to, is_restarted_for_want_of_memory};

/// What a server answers a client that is beside the first.
fn cli(kubectl: &Kubectl, pod: &str, line: &str) -> String {
    // No probe: it may still be reading its file.
    let script = format!("until redis-cli -h {pod}.redis {line} 2>&1 | grep -v 'LOADING\\|Could not connect'; do sleep 0.1; done");
    kubectl.run(&["exec", "redis-0", "--", "timeout", "60", "sh", "-c", &script]).trim().to_owned()
}

#[test]
fn keys_of_the_tutorials_redis_outlive_pods_servers_and_sets() {
    // ORD-5, STO-7, STO-8
    let Some((mut cluster, kubectl)) = with_images("keys_of_the_tutorials_redis_outlive_pods_servers_and_sets", &["redis"]) else { return };
    kubectl.apply(&example("redis.yaml"), cluster.dir.path());
    rolled_out(&kubectl, "statefulset/redis");
    assert_eq!(cli(&kubectl, "redis-0", "config get appendonly").lines().last(), Some("yes"), "the ConfigMap is what it runs with");
    assert_eq!(memory_limit_bytes(&kubectl, "redis-0"), 512 << 20);
    for ordinal in 0..3 {
        assert_eq!(cli(&kubectl, &format!("redis-{ordinal}"), &format!("set who {ordinal}")), "OK");
    }
    let look = |when: &str| {
        for ordinal in 0..3 {
            assert_eq!(cli(&kubectl, &format!("redis-{ordinal}"), "get who"), ordinal.to_string(), "{when}");
        }
    };
    look("at first");
    outlives(&mut cluster, &kubectl, "redis", "redis-server", &look);
}

/// A client that sends one line, once: `redis-cli` would say it again to the server that comes back.
const FILL: &str = r#"exec 3<>/dev/tcp/redis-1.redis/6379
printf '%s\r\n' "eval \"for n = 1, 1e6 do redis.call('set', n, string.rep('x', 1048576)) end\" 0" >&3
cat <&3"#;

#[test]
fn the_tutorials_redis_is_held_to_its_limits() {
    // CS-7, CG-5, CG-7
    let Some((cluster, kubectl)) = with_images("the_tutorials_redis_is_held_to_its_limits", &["redis"]) else { return };
    kubectl.apply(&example("redis.yaml"), cluster.dir.path());
    rolled_out(&kubectl, "statefulset/redis");
    assert_eq!(cli(&kubectl, "redis-1", "set who kept"), "OK");
    let (_greedy, _) = kubectl.start(&["exec", "redis-1", "--", "sh", "-c", "yes >/dev/null & exec yes >/dev/null"]);
    is_held_to(&kubectl, "redis-1", 500);
    kill_processes(&uid(&kubectl, "redis-1"), "yes");
    // Filled past what it may have, by another's client: its answer never comes.
    let answer = kubectl.try_run(&["exec", "redis-0", "--", "bash", "-c", FILL]).out;
    assert_eq!(answer, "");
    is_restarted_for_want_of_memory(&kubectl, "redis-1");
    assert_eq!(cli(&kubectl, "redis-1", "get who"), "kept");
}
