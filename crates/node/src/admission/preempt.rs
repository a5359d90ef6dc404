//! Whom a critical pod displaces where there is no room for it (NODE-14): as few and as little as will do, BestEffort before Burstable
//! before Guaranteed. Pure.

use super::{CRITICAL, Rejection, Room, Taken};
use std::cmp::Ordering;
use stead_api::Value;
use stead_api::kinds::pod_spec::qos::QosClass;
use stead_api::value::Access;

/// So much more of a resource must be free; of CPU in thousandths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    pub name: String,
    pub missing: i64,
}

impl Room {
    /// Takes a critical pod for which there will be room once others have ended: who they are. `None` if nothing but lack of room speaks
    /// against it, or it is not critical.
    pub fn preempt(&mut self, pod: &Value) -> Option<Result<Vec<String>, Rejection>> {
        let priority = pod["spec"].int("priority").filter(|priority| *priority >= CRITICAL)?;
        let needs: Vec<Need> = self.lacks(pod).into_iter().map(|lack| lack.need()).collect();
        if needs.is_empty() || self.objects(pod).is_err() {
            return None;
        }
        let own = pod["metadata"].str("uid");
        let others = self.taken.iter().filter(|(uid, taken)| *uid != own && taken.priority < priority);
        let others: Vec<Candidate<'_>> = others.map(|(uid, taken)| Candidate { uid, taken }).collect();
        let chosen = choose(&needs, &others).map_err(|unmet| {
            let unmet: String = unmet.iter().map(|need| format!("(res: {}, q: {}), ", need.name, need.missing)).collect();
            let message = format!(
                "Unexpected error while attempting to recover from admission failure: preemption: error finding a set of pods to preempt: \
                 no set of running pods found to reclaim resources: [{unmet}]"
            );
            Rejection::new("UnexpectedAdmissionError", message)
        });
        if chosen.is_ok() {
            self.take(pod);
        }
        Some(chosen)
    }
}

#[derive(Debug, Clone, Copy)]
struct Candidate<'a> {
    uid: &'a str,
    taken: &'a Taken,
}

/// The pods to end, or what would be missing without all of them.
fn choose(needs: &[Need], candidates: &[Candidate<'_>]) -> Result<Vec<String>, Vec<Need>> {
    let unmet = less(needs, candidates);
    if !unmet.is_empty() {
        return Err(unmet);
    }
    let of = |class: QosClass| candidates.iter().copied().filter(|pod| pod.taken.class == class).collect::<Vec<_>>();
    let (best_effort, burstable) = (of(QosClass::BestEffort), of(QosClass::Burstable));
    // Of each class only what all lower ones cannot give.
    let guaranteed = nearest(of(QosClass::Guaranteed), less(&less(needs, &best_effort), &burstable));
    let burstable = nearest(burstable, less(&less(needs, &best_effort), &guaranteed));
    let best_effort = nearest(best_effort, less(&less(needs, &burstable), &guaranteed));
    Ok(best_effort.iter().chain(&burstable).chain(&guaranteed).map(|pod| pod.uid.to_owned()).collect())
}

/// What is needed beside what these give.
fn less(needs: &[Need], pods: &[Candidate<'_>]) -> Vec<Need> {
    let rest = needs.iter().map(|need| {
        let given = pods.iter().map(|pod| pod.taken.amount(&need.name)).fold(0, i64::saturating_add);
        Need { missing: need.missing.saturating_sub(given), ..need.clone() }
    });
    rest.filter(|need| need.missing > 0).collect()
}

/// One after the other that which comes nearest to what is still needed; of two the one that asks for less.
fn nearest<'a>(mut pods: Vec<Candidate<'a>>, mut needs: Vec<Need>) -> Vec<Candidate<'a>> {
    let mut chosen = Vec::new();
    while !needs.is_empty() {
        let order = |a: &&Candidate<'_>, b: &&Candidate<'_>| {
            distance(&needs, a).total_cmp(&distance(&needs, b)).then_with(|| by_size(a, b)).then_with(|| a.uid.cmp(b.uid))
        };
        let Some(best) = pods.iter().min_by(order).copied() else { break };
        pods.retain(|pod| pod.uid != best.uid);
        needs = less(&needs, &[best]);
        chosen.push(best);
    }
    chosen
}

/// How much of each need, squared, a pod leaves open.
#[expect(clippy::cast_precision_loss, reason = "a distance is compared, not counted")]
fn distance(needs: &[Need], pod: &Candidate<'_>) -> f64 {
    let open = |need: &Need| need.missing.saturating_sub(pod.taken.amount(&need.name)).max(0) as f64 / need.missing as f64;
    needs.iter().map(|need| open(need).powi(2)).sum()
}

fn by_size(a: &Candidate<'_>, b: &Candidate<'_>) -> Ordering {
    let of = |name: &str| a.taken.amount(name).cmp(&b.taken.amount(name));
    of("memory").then_with(|| of("cpu"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use stead_api::json;

    fn pod(uid: &str, cpu: &str, limited: &str, priority: i64) -> Value {
        let resources = match limited {
            "" => json!({"requests": {"cpu": cpu}}),
            memory => json!({"requests": {"cpu": cpu, "memory": memory}, "limits": {"cpu": cpu, "memory": memory}}),
        };
        json!({"metadata": {"uid": uid}, "spec": {"priority": priority, "containers": [{"name": "c", "resources": resources}]}})
    }

    /// Two CPUs of which 1.9 are taken: two Burstable pods and a Guaranteed one.
    fn full() -> Room {
        let mut room = Room::new("n", &json!({"cpu": "2", "memory": "1Gi", "pods": "10"}), &json!({}));
        room.admit(&pod("small", "400m", "", 0)).unwrap();
        room.admit(&pod("large", "500m", "", 0)).unwrap();
        room.admit(&pod("guaranteed", "1", "64Mi", 0)).unwrap();
        room
    }

    fn displaced(room: &mut Room, cpu: &str) -> Option<Result<Vec<String>, (&'static str, String)>> {
        let chosen = room.preempt(&pod("critical", cpu, "", CRITICAL))?;
        Some(chosen.map_err(|rejection| (rejection.reason, rejection.message)))
    }

    #[test]
    fn as_little_as_will_do_goes_and_the_lowest_class_first() {
        // NODE-14
        let names = |names: &[&str]| Some(Ok(names.iter().map(|name| (*name).to_owned()).collect()));
        assert_eq!(displaced(&mut full(), "100m"), None, "there is room");
        assert_eq!(displaced(&mut full(), "450m"), names(&["small"]));
        assert_eq!(displaced(&mut full(), "550m"), names(&["large"]));
        assert_eq!(displaced(&mut full(), "700m"), names(&["large", "small"]));
        // What the Guaranteed pod gives more than was asked of it spares a Burstable one.
        assert_eq!(displaced(&mut full(), "1500m"), names(&["small", "guaranteed"]));
    }

    #[test]
    fn nobody_goes_for_a_pod_that_is_not_critical_or_would_not_fit_anyhow() {
        // NODE-14
        let mut room = full();
        assert_eq!(room.preempt(&pod("other", "1", "", CRITICAL - 1)), None);
        let text = "Unexpected error while attempting to recover from admission failure: preemption: error finding a set of pods to preempt: \
                    no set of running pods found to reclaim resources: [(res: cpu, q: 1000), ]";
        assert_eq!(displaced(&mut room, "3"), Some(Err(("UnexpectedAdmissionError", text.to_owned()))));
        let mut elsewhere = pod("critical", "1", "", CRITICAL);
        elsewhere["spec"]["nodeSelector"] = json!({"disk": "ssd"});
        assert_eq!(room.preempt(&elsewhere), None);
        // One critical pod does not displace another.
        room.take(&pod("small", "400m", "", CRITICAL));
        assert_eq!(displaced(&mut room, "450m"), Some(Ok(vec!["large".to_owned()])));
    }

    #[test]
    fn what_is_given_to_a_critical_pod_nobody_else_gets() {
        let mut room = full();
        displaced(&mut room, "450m").unwrap().unwrap();
        room.free("small");
        assert!(room.admit(&pod("late", "100m", "", 0)).is_err());
    }
}
