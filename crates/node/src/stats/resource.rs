//! `/metrics/resource` (STAT-4): the numbers that metrics-server reads, in the text format of Prometheus. Pure.

use super::{Sample, Samples};
use stead_api::value::Access;

/// The page; samples carry the time at which they were taken.
pub fn resource_metrics(samples: &Samples) -> String {
    let mut page = String::new();
    if let Some(sample) = samples.last.as_deref() {
        container_metrics(&mut page, sample);
        node_metrics(&mut page, sample);
        pod_metrics(&mut page, sample);
    }
    let error = u8::from(samples.last.is_none());
    head(&mut page, "resource_scrape_error", "gauge", "[STABLE] 1 if there was an error while getting container metrics, 0 otherwise");
    line(&mut page, &format!("resource_scrape_error {error}"), None);
    page
}

fn head(page: &mut String, name: &str, ty: &str, help: &str) {
    page.push_str(&format!("# HELP {name} {help}\n# TYPE {name} {ty}\n"));
}

fn line(page: &mut String, sample: &str, at: Option<i64>) {
    page.push_str(sample);
    if let Some(at) = at {
        page.push_str(&format!(" {at}"));
    }
    page.push('\n');
}

#[expect(clippy::cast_precision_loss, reason = "a metric is a floating point number")]
fn seconds(ns: u64) -> f64 {
    ns as f64 / 1e9
}

fn container_metrics(page: &mut String, sample: &Sample) {
    let at = Some(sample.at.0 / 1000);
    let mut each = |name: &str, ty: &str, help: &str, value: &dyn Fn(&super::ContainerSample) -> String| {
        head(page, name, ty, help);
        for pod in sample.pods.values() {
            for (container, found) in &pod.containers {
                let labels = format!("container=\"{container}\",{}", pod_labels(&pod.object));
                line(page, &format!("{name}{{{labels}}} {}", value(found)), at);
            }
        }
    };
    let help = "[STABLE] Cumulative cpu time consumed by the container in core-seconds";
    each("container_cpu_usage_seconds_total", "counter", help, &|c| seconds(c.usage.cpu_ns).to_string());
    let help = "[STABLE] Current working set of the container in bytes";
    each("container_memory_working_set_bytes", "gauge", help, &|c| c.usage.working_set_bytes.to_string());
    let help = "[STABLE] Start time of the container since unix epoch in seconds";
    each("container_start_time_seconds", "gauge", help, &|c| c.started_at.seconds().to_string());
    let help = "[ALPHA] Current amount of the container swap usage in bytes. Reported only on non-windows systems";
    each("container_swap_usage_bytes", "gauge", help, &|c| c.usage.swap_bytes.to_string());
}

fn node_metrics(page: &mut String, sample: &Sample) {
    let at = Some(sample.at.0 / 1000);
    head(page, "node_cpu_usage_seconds_total", "counter", "[STABLE] Cumulative cpu time consumed by the node in core-seconds");
    line(page, &format!("node_cpu_usage_seconds_total {}", seconds(sample.host.cpu_ns)), at);
    head(page, "node_memory_working_set_bytes", "gauge", "[STABLE] Current working set of the node in bytes");
    line(page, &format!("node_memory_working_set_bytes {}", sample.host.memory.working_set), at);
    head(page, "node_swap_usage_bytes", "gauge", "[ALPHA] Current swap usage of the node in bytes. Reported only on non-windows systems");
    line(page, &format!("node_swap_usage_bytes {}", sample.host.memory.swap_usage), at);
}

fn pod_metrics(page: &mut String, sample: &Sample) {
    let at = Some(sample.at.0 / 1000);
    let mut each = |name: &str, ty: &str, help: &str, value: &dyn Fn(&crate::runtime::Usage) -> String| {
        head(page, name, ty, help);
        for pod in sample.pods.values() {
            line(page, &format!("{name}{{{}}} {}", pod_labels(&pod.object), value(&pod.total)), at);
        }
    };
    let help = "[STABLE] Cumulative cpu time consumed by the pod in core-seconds";
    each("pod_cpu_usage_seconds_total", "counter", help, &|usage| seconds(usage.cpu_ns).to_string());
    let help = "[STABLE] Current working set of the pod in bytes";
    each("pod_memory_working_set_bytes", "gauge", help, &|usage| usage.working_set_bytes.to_string());
    let help = "[ALPHA] Current amount of the pod swap usage in bytes. Reported only on non-windows systems";
    each("pod_swap_usage_bytes", "gauge", help, &|usage| usage.swap_bytes.to_string());
}

fn pod_labels(pod: &stead_api::Value) -> String {
    let meta = &pod["metadata"];
    format!("namespace=\"{}\",pod=\"{}\"", meta.str("namespace"), meta.str("name"))
}
