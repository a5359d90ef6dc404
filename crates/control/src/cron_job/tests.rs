//! A CronJob's plans carried out step by step, cut off anywhere, while time passes and Jobs end or are taken away.

use super::plan::{Observed, plan};
use crate::object::Object;
use crate::plan::{Call, Patch, Plan};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use stead_api::{Value, json, time::Timestamp, value::Access};
use stead_client::resource::{CRON_JOBS, JOBS};

/// What happens between two looks.
#[derive(Debug, Clone)]
enum Step {
    Wait(i64),
    /// The unfinished Job of that number ends.
    End(usize, bool),
    /// Somebody takes the Job of that number away.
    Take(usize),
    Suspend(bool),
    /// So many seconds later the controller ends after so many calls of its next plan.
    Cut(i64, usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1_i64..400).prop_map(Step::Wait),
        4 => (0_usize..3, any::<bool>()).prop_map(|(number, good)| Step::End(number, good)),
        1 => (0_usize..3).prop_map(Step::Take),
        1 => any::<bool>().prop_map(Step::Suspend),
        2 => (0_i64..400, 0_usize..4).prop_map(|(seconds, calls)| Step::Cut(seconds, calls)),
    ]
}

struct World {
    now: Timestamp,
    cron_job: Value,
    jobs: BTreeMap<String, Value>,
    /// Names of all Jobs that were ever made.
    made: BTreeSet<String>,
}

fn is_finished(job: &Value) -> bool {
    !job["status"].items("conditions").is_empty()
}

impl World {
    fn new(policy: &str, every: i64, limit: i64) -> Self {
        let now = Timestamp::from_seconds(1_800_000_000);
        let cron_job = json!({
            "metadata": {
                "name": "c", "namespace": "d", "uid": "c", "resourceVersion": "1", "creationTimestamp": now.rfc3339(),
            },
            "spec": {
                "schedule": format!("*/{every} * * * *"), "concurrencyPolicy": policy, "suspend": false,
                "successfulJobsHistoryLimit": limit, "failedJobsHistoryLimit": 1, "jobTemplate": {"spec": {}},
            },
            "status": {},
        });
        Self { now, cron_job, jobs: BTreeMap::new(), made: BTreeSet::new() }
    }

    fn plan(&self) -> Plan {
        let cron_job = Arc::new(Object::parse(CRON_JOBS, self.cron_job.clone()).unwrap());
        let jobs = self.jobs.values().map(|job| Arc::new(Object::parse(JOBS, job.clone()).unwrap())).collect();
        plan(&Observed { cron_job: &cron_job, jobs, present: self.jobs.keys().cloned().collect(), now: self.now })
    }

    fn carry_out(&mut self, call: &Call) {
        match call {
            Call::Create { body, .. } => {
                let name = body["metadata"].str("name").to_owned();
                if self.jobs.contains_key(&name) {
                    return;
                }
                assert!(self.made.insert(name.clone()), "{name} is made twice");
                let mut job = body.clone();
                for (member, value) in [("uid", &name), ("resourceVersion", &"1".to_owned()), ("creationTimestamp", &self.now.rfc3339())] {
                    job["metadata"][member] = value.as_str().into();
                }
                job["status"] = json!({"startTime": self.now.rfc3339()});
                self.jobs.insert(name, job);
            }
            Call::Delete { key, .. } => drop(self.jobs.remove(&key.name)),
            Call::Patch { patch: Patch::Merge(body), .. } => {
                for (member, value) in body["status"].as_object().unwrap() {
                    match value {
                        Value::Null => drop(self.cron_job["status"].drop(member)),
                        value => self.cron_job["status"][member.as_str()] = value.clone(),
                    }
                }
            }
            other => panic!("{other:?}"),
        }
    }

    /// Looks until nothing is left to do.
    fn settle(&mut self) {
        for _ in 0..8 {
            let plan = self.plan();
            let calls: Vec<Call> = plan.effects().map(|effect| effect.call.clone()).collect();
            if calls.is_empty() {
                return;
            }
            calls.iter().for_each(|call| self.carry_out(call));
        }
        panic!("there is always something to do");
    }

    fn unfinished(&self) -> Vec<String> {
        self.jobs.iter().filter(|(_, job)| !is_finished(job)).map(|(name, _)| name.clone()).collect()
    }

    fn take_step(&mut self, step: &Step) {
        match step {
            Step::Wait(seconds) => self.now = self.now.plus_millis(seconds * 1000),
            Step::End(number, good) => {
                let Some(name) = self.unfinished().get(*number).cloned() else { return };
                let (ty, at) = (if *good { "Complete" } else { "Failed" }, self.now.rfc3339());
                let job = self.jobs.get_mut(&name).unwrap();
                job["status"]["conditions"] = json!([{"type": ty, "status": "True", "lastTransitionTime": at}]);
                job["status"]["completionTime"] = at.into();
            }
            Step::Take(number) => {
                let Some(name) = self.jobs.keys().nth(*number).cloned() else { return };
                self.jobs.remove(&name);
            }
            Step::Suspend(suspend) => self.cron_job["spec"]["suspend"] = (*suspend).into(),
            Step::Cut(seconds, calls) => {
                self.now = self.now.plus_millis(seconds * 1000);
                let plan = self.plan();
                let calls: Vec<Call> = plan.effects().take(*calls).map(|effect| effect.call.clone()).collect();
                calls.iter().for_each(|call| self.carry_out(call));
            }
        }
    }
}

proptest! {
    // ALL-1, CJ-3, CJ-6..8, CJ-12
    #[test]
    fn wherever_it_is_cut_off_each_slot_has_one_job_and_policies_hold(
        policy in prop::sample::select(&["Allow", "Forbid", "Replace"][..]), every in 1_i64..6, limit in 0_i64..3,
        steps in prop::collection::vec(step(), 1..30),
    ) {
        let mut world = World::new(policy, every, limit);
        for step in &steps {
            // What the controller has made is on record before somebody takes it away.
            if matches!(step, Step::Take(_)) {
                world.settle();
            }
            let made = world.made.len();
            world.take_step(step);
            if !matches!(step, Step::Cut(..)) {
                world.settle();
            }
            let suspended = world.cron_job["spec"].flag("suspend");
            prop_assert!(!suspended || world.made.len() == made, "it made a Job while it was suspended");
            prop_assert!(policy != "Forbid" || world.unfinished().len() <= 1, "{:?} run at once", world.unfinished());
        }
        world.settle();
        prop_assert!(policy == "Allow" || world.unfinished().len() <= 1);
        for (ty, limit) in [("Complete", limit), ("Failed", 1)] {
            let ended = world.jobs.values().filter(|job| job["status"].items("conditions").iter().any(|c| c.str("type") == ty));
            prop_assert!(ended.count() <= usize::try_from(limit).unwrap());
        }
        // It may say once more that a Job is in the way.
        prop_assert!(world.plan().effects().next().is_none(), "{:?}", world.plan());
    }
}
