//! The TTL-after-finished controller (JOB-51): removes finished Jobs once their time is over.

use crate::engine::{Cache, Change, Controller};
use crate::job::{COMPLETE, FAILED, holds};
use crate::object::Object;
use crate::options::Registration;
use crate::plan::{Call, DeleteOptions, Effect, Key, Plan};
use stead_api::{time::Timestamp, value::Access};
use stead_client::resource::{JOBS, Resource};

pub const REGISTRATION: Registration =
    Registration { name: "ttl-after-finished-controller", alias: "ttl-after-finished", make: |_, _| Box::new(TtlAfterFinished) };

#[derive(Debug)]
pub struct TtlAfterFinished;

impl Controller for TtlAfterFinished {
    fn name(&self) -> &'static str {
        REGISTRATION.name
    }

    fn watches(&self) -> Vec<Resource> {
        vec![JOBS]
    }

    fn keys_for(&self, change: &Change, _: &Cache, keys: &mut Vec<(Resource, Key)>) {
        keys.extend(change.new.as_ref().filter(|job| expires_at(job).is_some()).map(|job| (JOBS, job.key.clone())));
    }

    fn reconcile(&self, _: Resource, key: &Key, cache: &Cache, now: Timestamp) -> Plan {
        let mut plan = Plan::default();
        let Some((job, at)) = cache.get(JOBS, key).and_then(|job| Some((job, expires_at(job)?))) else { return plan };
        if at > now {
            plan.because(format!("waiting: it is removed at {}", at.rfc3339()));
            plan.requeue_at = Some(at);
            return plan;
        }
        plan.because("its time is over");
        // One whose time was changed meanwhile is looked at again.
        let options = DeleteOptions {
            uid: Some(job.uid.clone()),
            resource_version: Some(job.version.to_string()),
            propagation: Some("Foreground"),
            ..DeleteOptions::default()
        };
        plan.step(vec![Effect::new(Call::Delete { resource: JOBS, key: key.clone(), options }).tolerating(&["NotFound"])]);
        plan
    }
}

/// When a finished Job that is not going yet goes.
fn expires_at(job: &Object) -> Option<Timestamp> {
    let ttl_s = job.spec().int("ttlSecondsAfterFinished").filter(|_| job.deleting.is_none())?;
    let condition = holds(job, COMPLETE).or_else(|| holds(job, FAILED))?;
    Some(Timestamp::parse(condition.str("lastTransitionTime"))?.plus_millis(ttl_s.saturating_mul(1000)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use stead_api::{Value, json};

    // JOB-51
    #[test]
    fn it_counts_from_the_end() {
        let job = |ttl_s: Value, ty: &str| {
            let condition = json!({"type": ty, "status": "True", "lastTransitionTime": Timestamp::from_seconds(1000).rfc3339()});
            let body = json!({
                "metadata": {"name": "a", "namespace": "d"}, "spec": {"ttlSecondsAfterFinished": ttl_s}, "status": {"conditions": [condition]},
            });
            expires_at(&Object::parse(JOBS, body).unwrap())
        };
        assert_eq!(job(json!(5), "Failed"), Some(Timestamp::from_seconds(1005)));
        assert_eq!(job(json!(0), "Complete"), Some(Timestamp::from_seconds(1000)));
        assert_eq!(job(json!(0), "FailureTarget"), None);
        assert_eq!(job(Value::Null, "Complete"), None);
    }
}
