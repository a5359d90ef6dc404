//! The Job controller (JOB-1..93): runs pods until enough have succeeded or too many failed. `plan` decides about one sync, `pods` how they
//! are made and which go, `policy` what a failure means, `backoff` how long it waits, `status` what it shows.

mod backoff;
mod indexes;
mod plan;
mod pods;
mod policy;
mod spec;
mod status;
#[cfg(test)]
mod tests;

use crate::engine::{BackOff, Cache, Change, Controller};
use crate::object::Object;
use crate::options::Registration;
use crate::ownership;
use crate::plan::{Key, Plan};
use backoff::Failures;
use plan::Observed;
use spec::{Spec, TRACKING};
pub use status::{COMPLETE, FAILED, holds, is_finished};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use stead_api::time::Timestamp;
use stead_api::value::Access;
use stead_client::resource::{JOBS, PODS, Resource};

pub const REGISTRATION: Registration = Registration { name: "job-controller", alias: "job", make: |_, _| Box::new(Jobs::default()) };

/// How long changes of pods are gathered (JOB-15).
const BATCH: Duration = Duration::from_secs(1);
/// JOB-15.
const BACK_OFF: BackOff = BackOff { first: Duration::from_secs(1), max: Duration::from_secs(60) };

/// Value of spec.managedBy that is this controller's (JOB-10).
const MANAGED_BY: &str = "kubernetes.io/job-controller";

#[derive(Debug, Default)]
pub struct Jobs {
    /// Of unfinished Jobs, by uid and key.
    failures: Mutex<BTreeMap<Key, (String, Failures)>>,
}

impl Controller for Jobs {
    fn name(&self) -> &'static str {
        REGISTRATION.name
    }

    fn watches(&self) -> Vec<Resource> {
        vec![JOBS, PODS]
    }

    fn keys_for(&self, change: &Change, cache: &Cache, keys: &mut Vec<(Resource, Key)>) {
        match change.resource {
            JOBS => {
                keys.push((JOBS, change.key.clone()));
                // JOB-92: whoever is left behind.
                if let Some(gone) = change.old.as_ref().filter(|_| change.new.as_ref().is_none_or(|job| is_finished(job))) {
                    let left = cache.dependents_of(PODS, &gone.uid).filter(|pod| pod.has_finalizer(TRACKING));
                    keys.extend(left.map(|pod| (PODS, pod.key.clone())));
                }
            }
            PODS => {
                keys.extend(ownership::concerned(JOBS, change, cache));
                let is_left = |pod: &&Arc<Object>| pod.has_finalizer(TRACKING) && is_orphan(pod, cache);
                keys.extend(change.new.as_ref().filter(is_left).map(|pod| (PODS, pod.key.clone())));
            }
            _ => {}
        }
    }

    /// JOB-15: what pods do on the way is looked at together. Nobody is kept waiting for their end.
    fn patience(&self, change: &Change) -> Duration {
        let is_on_the_way = |pod: &Arc<Object>| change.old.is_some() && !pod.pod().terminal() && pod.deleting.is_none();
        let waits = change.resource == PODS && change.new.as_ref().is_some_and(is_on_the_way);
        if waits { BATCH } else { Duration::ZERO }
    }

    fn back_off(&self) -> BackOff {
        BACK_OFF
    }

    fn reconcile(&self, resource: Resource, key: &Key, cache: &Cache, now: Timestamp) -> Plan {
        if resource == PODS {
            return release(key, cache);
        }
        let job = cache.get(JOBS, key).filter(|job| !is_finished(job) && is_ours(job));
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(job) = job else {
            failures.remove(key);
            return Plan::default();
        };
        let spec = Spec::parse(job.spec());
        let candidates = cache.dependents_of(PODS, &job.uid).filter(|pod| pod.controller().is_some_and(|owner| owner.uid == job.uid));
        let claimed = ownership::claim_with(job, &job.selector(), candidates.chain(cache.orphans(PODS, &key.namespace, "")), &[TRACKING]);
        let (uid, failures) = failures.entry(key.clone()).or_default();
        if *uid != job.uid {
            (*uid, *failures) = (job.uid.clone(), Failures::default());
        }
        failures.note(&spec, &claimed.objects);
        plan::plan(now, &Observed { job, spec: &spec, claimed: &claimed, failures })
    }
}

fn is_ours(job: &Object) -> bool {
    matches!(job.spec().str("managedBy"), "" | MANAGED_BY)
}

/// Whether no Job will count this pod any more.
fn is_orphan(pod: &Object, cache: &Cache) -> bool {
    let Some(owner) = pod.controller() else { return true };
    let job = cache.get(JOBS, &Key::new(pod.key.namespace.as_str(), owner.name.as_str())).filter(|job| job.uid == owner.uid);
    owner.kind == JOBS.kind && job.is_none_or(|job| is_ours(job) && is_finished(job))
}

/// JOB-90..92: the finalizer of a pod that no Job will count.
fn release(key: &Key, cache: &Cache) -> Plan {
    let mut plan = Plan::default();
    let pod: Option<&Arc<Object>> = cache.get(PODS, key).filter(|pod| pod.has_finalizer(TRACKING) && is_orphan(pod, cache));
    if let Some(pod) = pod {
        plan.because("no Job will count it");
        plan.step(vec![ownership::release_finalizer(pod, TRACKING)]);
    }
    plan
}
