//! The tutorial's web servers: what lies on their disks, and their names.

use super::{example, outlives, rolled_out, shell, with_images};

#[test]
fn pages_of_nginx_outlive_pods_servers_and_sets() {
    // ORD-5, STO-7, STO-8
    let Some((mut cluster, kubectl)) = with_images("pages_of_nginx_outlive_pods_servers_and_sets", &["nginx"]) else { return };
    kubectl.apply(&example("nginx.yaml"), cluster.dir.path());
    rolled_out(&kubectl, "statefulset/web");
    for ordinal in 0..3 {
        shell(&kubectl, &format!("web-{ordinal}"), &format!("echo page of {ordinal} > /usr/share/nginx/html/index.html"));
    }
    let look = |when: &str| {
        // Each from the one before, by its stable name.
        for ordinal in 0..3 {
            let ask = format!("curl -sS --retry 5 --retry-all-errors http://web-{ordinal}.nginx/");
            let asked = shell(&kubectl, "web-0", &ask);
            assert_eq!(asked, format!("page of {ordinal}"), "{when}");
        }
    };
    look("at first");
    outlives(&mut cluster, &kubectl, "web", "nginx", &look);
    let log = kubectl.run(&["logs", "web-0"]);
    assert!(log.contains("GET / HTTP/1.1\" 200"), "{log}");
}
