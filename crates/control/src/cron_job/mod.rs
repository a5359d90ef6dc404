//! The CronJob controller (CJ-1..16): makes Jobs when their time has come. `plan` decides, `schedule` says when. It sleeps until the next slot.

mod plan;
mod schedule;
#[cfg(test)]
mod tests;

use crate::engine::{Cache, Change, Controller};
use crate::options::Registration;
use crate::plan::{Key, Plan};
use plan::Observed;
use stead_api::time::Timestamp;
use stead_api::value::Access;
use stead_client::resource::{CRON_JOBS, JOBS, Resource};

pub const REGISTRATION: Registration = Registration { name: "cronjob-controller", alias: "cronjob", make: |_, _| Box::new(CronJobs) };

#[derive(Debug)]
pub struct CronJobs;

impl Controller for CronJobs {
    fn name(&self) -> &'static str {
        REGISTRATION.name
    }

    fn watches(&self) -> Vec<Resource> {
        vec![CRON_JOBS, JOBS]
    }

    fn keys_for(&self, change: &Change, _: &Cache, keys: &mut Vec<(Resource, Key)>) {
        if change.resource == CRON_JOBS {
            return keys.push((CRON_JOBS, change.key.clone()));
        }
        let owners = change.old.iter().chain(&change.new).filter_map(|job| job.controller());
        let owners = owners.filter(|owner| owner.kind == CRON_JOBS.kind);
        keys.extend(owners.map(|owner| (CRON_JOBS, Key::new(change.key.namespace.as_str(), owner.name.as_str()))));
        keys.dedup();
    }

    fn reconcile(&self, _: Resource, key: &Key, cache: &Cache, now: Timestamp) -> Plan {
        let Some(cron_job) = cache.get(CRON_JOBS, key) else { return Plan::default() };
        // CJ-13
        let jobs = cache.dependents_of(JOBS, &cron_job.uid).filter(|job| job.controller().is_some_and(|o| o.uid == cron_job.uid));
        let is_there = |name: &&str| cache.get(JOBS, &Key::new(key.namespace.as_str(), *name)).is_some();
        let present = cron_job.status().items("active").iter().map(|active| active.str("name")).filter(is_there);
        let (jobs, present) = (jobs.cloned().collect(), present.map(str::to_owned).collect());
        plan::plan(&Observed { cron_job, jobs, present, now })
    }
}
