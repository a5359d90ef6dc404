//! The table of figures. Owns the aims and what upstream's components gave; measures nothing.

use std::fmt;
use std::time::Duration;

/// A quantity: its name, what upstream's components gave on two cores (Kubernetes 1.37.2, etcd 3.7.3, containerd 2.4.2), and the aim.
pub type Quantity = (&'static str, &'static str, &'static str);

pub const START_EMPTY: Quantity = ("process start to API ready, empty directory", "2.2 s", "100 ms");
pub const START_FULL: Quantity = ("process start to API ready, 10,000 objects", "2.0 s", "500 ms");
pub const START_TO_SET: Quantity = ("process start to three ordered pods Ready", "about 9 s", "1 s");
pub const CREATE_TO_RUNNING: Quantity =
    ("create to Running with network, token volume and probes, image present, one at a time, p50 / p99", "490 / 524 ms", "40 / 80 ms");
pub const LOGS: Quantity = ("reading a container's log over HTTPS", "-", "300 MB/s");
pub const EXEC: Quantity = ("exec of a program that does nothing, connection included, p50 / p99", "-", "15 ms");
pub const PULL: Quantity = ("pull of an image of 200 MB from loopback / tar -xz of its layer", "-", "1.3 times");
pub const IMPORT: Quantity = ("import of the same image, not compressed / tar -x of its layer", "-", "-");
pub const READY_TO_RESOLVABLE: Quantity = ("a pod's Ready to its name answered, p50 / longest of 20", "-", "10 ms");
pub const QUESTIONS: Quantity =
    ("questions for a name of the cluster over UDP, two clients", "CoreDNS `hosts`: 90,000 per s", "150,000 per s");
pub const CONNECTIONS: Quantity = ("connections with a request to a pod through a ClusterIP, share of the direct rate", "-", "95 %");
pub const THROUGHPUT: Quantity = ("bytes from a pod through a ClusterIP, share of the direct rate", "-", "95 %");
pub const NETWORK: Quantity = ("what addresses, rules and links add to a pod's create to Running, p50", "-", "8 ms");
pub const SERVICES: Quantity = ("durable creates of Services over HTTPS, 64 clients", "-", "2,000 per s");
pub const ORDERED_3: Quantity = ("3 ordered pods, apply to all Ready", "1.54 s", "0.4 s");
pub const ORDERED_10: Quantity = ("10 ordered pods, apply to all Ready", "5.2 s", "1.2 s");
pub const PARALLEL_100: Quantity = ("100 parallel pods in containers, up / down", "20 / 20 s", "3 / 2 s");
pub const MEMORY_IDLE: Quantity = ("memory (PSS), idle without pods", "685 MB", "40 MB");
pub const MEMORY_30: Quantity = ("memory (PSS), idle with 30 pods", "1,086 MB", "80 MB");
pub const MEMORY_10000: Quantity = ("memory (PSS), 10,000 pod objects, control plane alone", "1,000 MB", "120 MB");
pub const SHIM: Quantity = ("memory (PSS) of an idle pod's shim, mean of 30", "-", "1 MB");
pub const TAKEN_OVER: Quantity = ("a rebuilt binary takes over 30 pods", "-", "1 s");
pub const CPU_IDLE: Quantity = ("CPU, idle without pods", "4.0 % of a core", "0.3 %");
pub const CPU_30: Quantity = ("CPU, idle with 30 pods", "8.2 % of a core", "1 %");
pub const WRITTEN_IDLE: Quantity = ("bytes written, idle without pods", "20 kB/s", "none");
pub const WRITTEN_30: Quantity = ("bytes written, idle with 30 pods", "-", "none");
pub const CREATES_1: Quantity = ("durable creates over HTTPS, 1 client (1 kB ConfigMap)", "690 per s", "2,000 per s");
pub const CREATES_64: Quantity = ("durable creates over HTTPS, 64 clients (1 kB ConfigMap)", "2,250 per s", "10,000 per s");
pub const PATCHES: Quantity =
    ("merge patches of one object over HTTPS, 64 clients", "124 per s, p99 2.5 s", "5,000 per s, p99 below 50 ms, no conflict seen");
pub const LIST: Quantity = ("LIST 10,000 pods over HTTPS, JSON", "143 ms", "50 ms");
pub const LIST_PROTOBUF: Quantity = ("LIST 10,000 pods over HTTPS, protobuf", "-", "30 ms");
pub const INFORMERS: Quantity = ("informers of 50 clients restarted at once, each with 10,000 pods", "-", "3 s");
pub const MEMORY_PER_POD: Quantity = ("memory (PSS) for each of 10,000 stored pods, all controllers on", "-", "8 kB");
pub const APPLY: Quantity = ("server-side apply of one object over HTTPS, 1 client (1 kB ConfigMap)", "-", "1 ms");
pub const DEPLOYMENTS: Quantity = ("1,000 Deployments of 3 on simulated nodes, first create to all available", "-", "8 s");
pub const FAN_OUT: Quantity = ("watch fan-out over HTTPS, 1,000 watchers", "117,000 events/s", "500,000 events/s");
pub const FAN_OUT_SELECTED: Quantity = ("the same, watchers with a label selector", "-", "500,000 events/s");
pub const SIMULATED_100: Quantity =
    ("100 ordered replicas on simulated nodes, apply to all Ready", "10.6 s (2.2 s, limits raised)", "0.5 s");
pub const SIMULATED_1000: Quantity =
    ("1,000 parallel replicas on simulated nodes, apply to all Ready", "49 s (7.8 s, limits raised)", "1.5 s");
pub const SIMULATED_1000_DOWN: Quantity = ("1,000 parallel replicas on simulated nodes deleted", "-", "1.5 s");
pub const SIMULATED_UP_DOWN: Quantity = ("100 parallel replicas on simulated nodes, up / down", "-", "-");
pub const DISK_DIRECTORY: Quantity = ("a claim's disk made: a directory, with a quota where the disk has them, p50 / p99", "-", "5 ms");
pub const DISK_IMAGE: Quantity = ("a claim's disk made: an image of 1 GiB with its own file system, p50 / p99", "-", "40 ms");
pub const CLAIM_BOUND: Quantity = ("create of a claim to Bound: a directory / an image of 512 MiB, p50 / p99", "-", "5 / 40 ms");
pub const CLAIM_REMOVED: Quantity =
    ("delete of a claim with 1,000,000 files to its volume gone / the slowest claim bound while they are removed", "-", "-");
pub const SET_WITH_CLAIMS: Quantity = ("100 parallel pods with a new claim each, apply to all Ready", "-", "4 s");
pub const GROUP_OF_FILES: Quantity =
    ("create to Running of a pod with fsGroup (OnRootMismatch) and a claim with 1,000,000 files, p50 of 5", "-", "1 s");
pub const VOLUME_WRITES: Quantity =
    ("random writes of 4 kB through a volume, beside the directory it lies in: a directory / an image", "-", "within 3 %");
pub const FLOOD: Quantity =
    ("requests of others while one user sends 50,000 and has 5,000 watches, p50 / p99 / slowest", "-", "p99 below 50 ms");
pub const SYSTEMS_READY: Quantity = ("systems of the tutorial, on claims, images present: apply to all Ready", "-", "-");
pub const SYSTEMS_STARTED: Quantity = ("the same, apply to the last container started", "-", "-");
pub const SYSTEMS_POD: Quantity = ("create of one of their pods to its container started, the longest", "-", "-");
pub const SYSTEMS_MEMORY: Quantity = ("memory (PSS) of the server, and of the shims, beside them", "-", "-");
pub const BINARY: Quantity = ("size of the binary", "-", "-");

/// What was measured.
#[derive(Default)]
pub struct Report {
    rows: Vec<(Quantity, String)>,
    notes: Vec<String>,
}

impl Report {
    pub fn add(&mut self, quantity: Quantity, measured: impl Into<String>) {
        let measured = measured.into();
        super::progress(&format!("{}: {measured}", quantity.0));
        self.rows.push((quantity, measured));
    }

    /// A line below the table.
    pub fn note(&mut self, line: impl Into<String>) {
        self.notes.push(line.into());
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| quantity | upstream | aim | measured |\n|---|---|---|---|")?;
        for ((name, upstream, aim), measured) in &self.rows {
            writeln!(f, "| {name} | {upstream} | {aim} | {measured} |")?;
        }
        writeln!(f)?;
        self.notes.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

/// `12.3 ms`, `1.23 s`.
pub fn time(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    match seconds {
        s if s >= 60.0 => format!("{:.1} min", s / 60.0),
        s if s >= 1.0 => format!("{s:.2} s"),
        s if s >= 0.1 => format!("{:.0} ms", s * 1e3),
        s if s >= 0.001 => format!("{:.1} ms", s * 1e3),
        s => format!("{:.0} us", s * 1e6),
    }
}

/// `12,345 per s`.
pub fn rate(count: usize, took: Duration) -> String {
    format!("{} per s", thousands((count as f64 / took.as_secs_f64()) as u64))
}

pub fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

pub fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// The value that a share of the sorted samples does not exceed.
pub fn quantile(samples: &mut [Duration], share: f64) -> Duration {
    samples.sort_unstable();
    let at = ((samples.len() as f64 * share).ceil() as usize).clamp(1, samples.len().max(1)) - 1;
    samples.get(at).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_read_well() {
        assert_eq!(thousands(1_234_567), "1,234,567");
        assert_eq!(thousands(12), "12");
        assert_eq!(time(Duration::from_micros(170)), "170 us");
        assert_eq!(time(Duration::from_millis(1540)), "1.54 s");
        assert_eq!(rate(500, Duration::from_millis(250)), "2,000 per s");
    }

    #[test]
    fn quantiles_are_samples() {
        let mut samples: Vec<Duration> = (1..=100).rev().map(Duration::from_millis).collect();
        assert_eq!(quantile(&mut samples, 0.5), Duration::from_millis(50));
        assert_eq!(quantile(&mut samples, 0.99), Duration::from_millis(99));
        assert_eq!(quantile(&mut [], 0.5), Duration::ZERO);
    }
}
