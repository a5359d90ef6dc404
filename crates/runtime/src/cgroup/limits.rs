//! From limits to the files of a cgroup, for both versions. Pure.
//!
//! Never writes any of them. Input: [`Resources`]; output: settings in the order in which they are to be written.

use crate::container::Resources;

/// One file of a cgroup and what to write into it.
#[derive(Debug)]
pub struct Setting {
    pub controller: &'static str,
    pub file: &'static str,
    pub value: String,
    pub presence: Presence,
}

/// Whether every kernel has a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    Required,
    /// Swap is counted only by kernels that were told to.
    IfThere,
}

fn setting(controller: &'static str, file: &'static str, value: impl ToString) -> Setting {
    Setting { controller, file, value: value.to_string(), presence: Presence::Required }
}

pub fn settings_v1(resources: &Resources) -> Vec<Setting> {
    let mut settings = Vec::new();
    if let Some(shares) = resources.cpu_shares {
        settings.push(setting("cpu", "cpu.shares", shares));
    }
    if let Some(period) = resources.cpu_period_us {
        settings.push(setting("cpu", "cpu.cfs_period_us", period));
    }
    if let Some(quota) = resources.cpu_quota_us {
        settings.push(setting("cpu", "cpu.cfs_quota_us", quota));
    }
    if let Some(limit) = resources.memory_limit_bytes {
        settings.push(setting("memory", "memory.limit_in_bytes", limit));
        // Memory and swap together: no swap. In this order, since the sum may not be below the first.
        settings.push(no_swap_v1(limit));
    }
    if let Some(limit) = resources.pids_limit {
        settings.push(setting("pids", "pids.max", max_or(limit)));
    }
    settings
}

/// Memory and swap together may be no more than memory alone.
pub fn no_swap_v1(limit: i64) -> Setting {
    Setting { presence: Presence::IfThere, ..setting("memory", "memory.memsw.limit_in_bytes", limit) }
}

pub fn settings_v2(resources: &Resources) -> Vec<Setting> {
    // CG-9
    let mut settings = vec![Setting { presence: Presence::IfThere, ..setting("memory", "memory.swap.max", 0) }];
    if let Some(shares) = resources.cpu_shares {
        settings.push(setting("cpu", "cpu.weight", weight(shares)));
    }
    if resources.cpu_quota_us.is_some() || resources.cpu_period_us.is_some() {
        let quota = max_or(resources.cpu_quota_us.unwrap_or(-1));
        settings.push(setting("cpu", "cpu.max", format!("{quota} {}", resources.cpu_period_us.unwrap_or(100_000))));
    }
    if let Some(limit) = resources.memory_limit_bytes {
        settings.push(setting("memory", "memory.max", max_or(limit)));
    }
    if let Some(limit) = resources.pids_limit {
        settings.push(setting("pids", "pids.max", max_or(limit)));
    }
    settings
}

/// The limits that make a cgroup in use what these say: those that are not given are lifted.
pub fn without_gaps(resources: &Resources) -> Resources {
    Resources {
        cpu_quota_us: Some(resources.cpu_quota_us.unwrap_or(-1)),
        memory_limit_bytes: Some(resources.memory_limit_bytes.unwrap_or(-1)),
        ..resources.clone()
    }
}

/// Version 1: memory and swap together may never be limited below memory alone, so that limit is raised before the other.
pub fn raise_sum_first(settings: &mut [Setting]) {
    settings.sort_by_key(|setting| setting.file == "memory.limit_in_bytes");
}

fn max_or(limit: i64) -> String {
    if limit < 0 { "max".to_owned() } else { limit.to_string() }
}

/// Version 2's weight for version 1's shares: the curve that maps 2, 1024 and 262144 to 1, 100 and 10000.
pub fn weight(shares: u64) -> u64 {
    let log = (shares.clamp(2, 262_144) as f64).log2();
    let exponent = (log * log + 125.0 * log) / 612.0 - 7.0 / 34.0;
    (10f64.powf(exponent).ceil() as u64).clamp(1, 10_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_become_weights() {
        // CG-6
        assert_eq!((weight(2), weight(1024), weight(262_144)), (1, 100, 10_000));
    }

    #[test]
    fn limits_of_both_versions() {
        // CG-17
        let resources = Resources {
            cpu_shares: Some(1024),
            cpu_quota_us: Some(50_000),
            cpu_period_us: Some(100_000),
            memory_limit_bytes: Some(1 << 20),
            pids_limit: Some(-1),
        };
        let text = |settings: Vec<Setting>| settings.into_iter().map(|s| format!("{}={}", s.file, s.value)).collect::<Vec<_>>();
        assert_eq!(
            text(settings_v1(&resources)),
            [
                "cpu.shares=1024",
                "cpu.cfs_period_us=100000",
                "cpu.cfs_quota_us=50000",
                "memory.limit_in_bytes=1048576",
                "memory.memsw.limit_in_bytes=1048576",
                "pids.max=max"
            ]
        );
        assert_eq!(
            text(settings_v2(&resources)),
            ["memory.swap.max=0", "cpu.weight=100", "cpu.max=50000 100000", "memory.max=1048576", "pids.max=max"]
        );
    }
}
