//! In which order pods end when the machine shuts down, and how long each may take (NODE-15). Pure.

use crate::admission::CRITICAL;
use std::collections::BTreeMap;
use std::time::Duration;
use stead_api::Value;
use stead_api::time::parse_go_duration;
use stead_api::value::Access;

/// Grace of a pod that names none.
const DEFAULT_S: i64 = 30;
/// Whatever its group has, a pod may end by itself.
const LEAST_S: i64 = 1;

/// The pods from this priority on, up to the next group's, and how long they have together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Group {
    pub priority: i64,
    pub grace: Duration,
}

/// The groups, the lowest priority first; none: pods are left alone.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Config {
    groups: Vec<Group>,
}

impl Config {
    /// So long for all pods, of which the last part is for critical ones.
    ///
    /// # Errors
    /// What is wrong with the periods, in words.
    pub fn of_periods(all: Duration, critical: Duration) -> Result<Self, String> {
        for (period, name) in [(all, "shutdown-grace-period"), (critical, "shutdown-grace-period-critical-pods")] {
            if !period.is_zero() && period < Duration::from_secs(1) {
                return Err(format!("--{name} must be zero or at least 1s"));
            }
        }
        let rest = all
            .checked_sub(critical)
            .ok_or("--shutdown-grace-period-critical-pods is part of --shutdown-grace-period: it cannot be longer")?;
        if all.is_zero() {
            return Ok(Self::default());
        }
        Ok(Self { groups: vec![Group { priority: 0, grace: rest }, Group { priority: CRITICAL, grace: critical }] })
    }

    /// `PRIORITY=DURATION,...`
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn by_priority(text: &str) -> Result<Self, String> {
        let mut groups = BTreeMap::new();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let form = || format!("{part:?} is not of the form PRIORITY=DURATION, such as 1000=30s");
            let (priority, grace) = part.split_once('=').ok_or_else(form)?;
            let priority: i32 = priority.trim().parse().map_err(|_| form())?;
            let grace = parse_go_duration(grace.trim()).ok_or_else(form)?;
            if groups.insert(priority, grace).is_some() {
                return Err(format!("the priority {priority} is given twice"));
            }
        }
        Ok(Self { groups: groups.into_iter().map(|(priority, grace)| Group { priority: priority.into(), grace }).collect() })
    }

    /// Pods are left alone.
    pub fn is_off(&self) -> bool {
        self.groups.is_empty()
    }

    /// How long the machine is to wait.
    pub fn total(&self) -> Duration {
        self.groups.iter().map(|group| group.grace).sum()
    }

    /// Which pods end together, the first first.
    pub fn batches<'a>(&self, pods: impl IntoIterator<Item = (&'a str, &'a Value)>) -> Vec<Batch> {
        let mut batches: Vec<Batch> = self.groups.iter().map(|group| Batch { grace: group.grace, pods: Vec::new() }).collect();
        for (uid, pod) in pods {
            let priority = pod["spec"].int("priority").unwrap_or_default();
            // Those below the lowest belong to it.
            let index = self.groups.partition_point(|group| group.priority <= priority).saturating_sub(1);
            let Some(batch) = batches.get_mut(index) else { continue };
            let own = pod["spec"].int("terminationGracePeriodSeconds").unwrap_or(DEFAULT_S);
            let most = i64::try_from(batch.grace.as_secs()).unwrap_or(i64::MAX);
            batch.pods.push(Condemned { uid: uid.to_owned(), grace_s: own.min(most).max(LEAST_S) });
        }
        batches.retain(|batch| !batch.pods.is_empty());
        batches
    }
}

/// Pods that end together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// How long they are waited for.
    pub grace: Duration,
    pub pods: Vec<Condemned>,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condemned {
    pub uid: String,
    pub grace_s: i64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use stead_api::json;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// The batches as `uid:grace ...` behind their own grace.
    fn ends(config: &Config, pods: &[(&str, Value)]) -> Vec<(u64, String)> {
        let batches = config.batches(pods.iter().map(|(uid, pod)| (*uid, pod)));
        let pods = |batch: &Batch| batch.pods.iter().map(|pod| format!("{}:{}", pod.uid, pod.grace_s)).collect::<Vec<_>>().join(" ");
        batches.iter().map(|batch| (batch.grace.as_secs(), pods(batch))).collect()
    }

    fn pod(priority: i64, grace_s: i64) -> Value {
        json!({"spec": {"priority": priority, "terminationGracePeriodSeconds": grace_s}})
    }

    #[test]
    fn critical_pods_end_last_and_nobody_has_more_time_than_there_is() {
        // NODE-15
        let config = Config::of_periods(seconds(30), seconds(10)).unwrap();
        let pods = [("a", pod(0, 60)), ("b", pod(CRITICAL + 1000, 60)), ("c", pod(-5, 5)), ("d", json!({"spec": {}})), ("e", pod(1, 0))];
        assert_eq!(ends(&config, &pods), [(20, "a:20 c:5 d:20 e:1".to_owned()), (10, "b:10".to_owned())]);
        assert_eq!(ends(&config, &pods[1..2]), [(10, "b:10".to_owned())], "nobody is waited for in an empty group");
        assert_eq!(config.total(), seconds(30));
        assert!(Config::of_periods(seconds(0), seconds(0)).unwrap().is_off());
    }

    #[test]
    fn groups_may_be_given_one_by_one() {
        // NODE-15
        let config = Config::by_priority("100=1m, 0=10s,1000=5s").unwrap();
        let pods = [("a", pod(99, 60)), ("b", pod(100, 60)), ("c", pod(5000, 60)), ("d", pod(-1, 60))];
        assert_eq!(ends(&config, &pods), [(10, "a:10 d:10".to_owned()), (60, "b:60".to_owned()), (5, "c:5".to_owned())]);
        assert_eq!((config.total(), config.is_off()), (seconds(75), false));
    }

    #[test]
    fn periods_that_make_no_sense_are_refused() {
        let longer = Config::of_periods(seconds(10), seconds(11)).unwrap_err();
        assert_eq!(longer, "--shutdown-grace-period-critical-pods is part of --shutdown-grace-period: it cannot be longer");
        assert!(Config::of_periods(Duration::from_millis(500), seconds(0)).unwrap_err().contains("at least 1s"));
        for wrong in ["x=1s", "0", "0=soon", "0=1s,0=2s", "99999999999=1s"] {
            assert!(Config::by_priority(wrong).is_err(), "{wrong}");
        }
    }
}
