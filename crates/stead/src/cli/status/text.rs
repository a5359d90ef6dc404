//! A status in words. Pure. Input: its document. Output: lines.

use crate::cli::paint::Paint;
use stead_api::Value;
use stead_api::value::Access;

/// Pods of one workload that are listed though they are ready.
const READY_MAX: usize = 20;

/// The server, its nodes, and each workload with its pods.
pub fn lines(status: &Value, namespace: &str, paint: Paint) -> Vec<String> {
    let mut lines = vec![server(&status["server"]), nodes(status.items("nodes"), paint)];
    let workloads = status.items("workloads");
    if workloads.is_empty() {
        let place = if namespace.is_empty() { "any namespace".to_owned() } else { format!("namespace {namespace}; -A shows all") };
        lines.push(format!("no workloads in {place}"));
    }
    for workload in workloads {
        lines.push(String::new());
        lines.extend(of_workload(workload, namespace, paint));
    }
    lines
}

fn server(server: &Value) -> String {
    let pid = server.int("pid").map(|pid| format!(" (process {pid}, {})", server.str("dataDir"))).unwrap_or_default();
    let url = if server.str("url").is_empty() { String::new() } else { format!(" {}", server.str("url")) };
    format!("server{url}, {}{pid}", server.str("version"))
}

fn nodes(nodes: &[Value], paint: Paint) -> String {
    let ready = nodes.iter().filter(|node| node.flag("ready")).count();
    let mut line = format!("nodes: {ready} of {} ready", nodes.len());
    for node in nodes {
        let troubles: Vec<&str> = node.items("troubles").iter().filter_map(Value::as_str).collect();
        let held = if node.flag("unschedulable") { vec!["takes no new pods (cordoned)"] } else { Vec::new() };
        let all = [held, troubles].concat();
        if !all.is_empty() {
            line.push_str(&format!("\n  {}: {}", paint.red(node.str("name")), all.join("; ")));
        }
    }
    line
}

fn of_workload(workload: &Value, namespace: &str, paint: Paint) -> Vec<String> {
    let within = if namespace.is_empty() { format!(" -n {}", workload.str("namespace")) } else { String::new() };
    let count = |field: &str| workload.int(field).unwrap_or_default();
    let standing = coloured(workload.str("standing"), paint);
    let kind = workload.str("kind").to_lowercase();
    let mut lines = vec![format!("{kind}/{}{within}: {standing}, {} of {}", workload.str("name"), count("ready"), count("wanted"))];
    lines.extend(workload.items("reasons").iter().filter_map(Value::as_str).map(|reason| format!("  {reason}")));
    let pods = workload.items("pods");
    let mut ready_left = READY_MAX;
    let mut passed = 0;
    for pod in pods {
        let is_ready = pod.str("standing") == "ready";
        if is_ready && ready_left == 0 {
            passed += 1;
            continue;
        }
        ready_left -= usize::from(is_ready);
        lines.extend(of_pod(pod, paint));
    }
    lines.extend((passed > 0).then(|| format!("  and {passed} more that are ready")));
    lines
}

fn of_pod(pod: &Value, paint: Paint) -> Vec<String> {
    let mut facts = Vec::new();
    if !pod.str("node").is_empty() {
        facts.push(format!("on {}", pod.str("node")));
    }
    facts.extend(pod.int("restarts").filter(|restarts| *restarts > 0).map(|restarts| format!("{restarts} restarts")));
    let facts = if facts.is_empty() { String::new() } else { format!(" ({})", facts.join(", ")) };
    let mut lines = vec![format!("  {}: {}{facts}", pod.str("name"), coloured(pod.str("standing"), paint))];
    lines.extend(pod.str("message").lines().map(|line| format!("    {line}")));
    lines
}

fn coloured(standing: &str, paint: Paint) -> String {
    match standing {
        "ready" => paint.green(standing),
        "failed" => paint.red(standing),
        _ => paint.yellow(standing),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stead_api::json;

    #[test]
    fn a_status_is_read_from_above() {
        let pod = |name: &str, standing: &str, message: &str| json!({"name": name, "standing": standing, "message": message, "node": "n", "restarts": 2});
        let set = json!({"kind": "StatefulSet", "namespace": "d", "name": "web", "standing": "waiting", "wanted": 2, "ready": 1,
            "reasons": ["waiting: web-1 is not ready"], "pods": [pod("web-0", "ready", ""), pod("web-1", "waiting", "it ends;\nno such file")]});
        let status = json!({"server": {"version": "v1", "url": "https://x", "pid": 7, "dataDir": "/d"}, "nodes": [
            {"name": "n", "ready": true, "troubles": []}, {"name": "m", "ready": false, "unschedulable": true, "troubles": ["gone"]}], "workloads": [set]});
        let wanted = "server https://x, v1 (process 7, /d)\nnodes: 1 of 2 ready\n  m: takes no new pods (cordoned); gone\n\nstatefulset/web: waiting, 1 of 2\n  waiting: web-1 is not ready\n  web-0: ready (on n, 2 restarts)\n  web-1: waiting (on n, 2 restarts)\n    it ends;\n    no such file";
        assert_eq!(lines(&status, "d", Paint::none()).join("\n"), wanted);
        assert!(lines(&status, "", Paint::none())[3].starts_with("statefulset/web -n d: "));
    }

    #[test]
    fn nothing_says_so_and_many_are_counted() {
        let empty = json!({"server": {"version": "v1"}, "nodes": [], "workloads": []});
        assert_eq!(lines(&empty, "d", Paint::none()).last().unwrap(), "no workloads in namespace d; -A shows all");
        let pods: Vec<Value> = (0..25).map(|n| json!({"name": format!("p-{n}"), "standing": "ready"})).collect();
        let many = json!({"kind": "Deployment", "name": "p", "standing": "ready", "pods": pods});
        let said = of_workload(&many, "d", Paint::none());
        assert_eq!((said.len(), said.last().unwrap().as_str()), (22, "  and 5 more that are ready"));
    }
}
