//! What of the workloads' standing is news. Pure. Input: how they stand now. Output: what has changed since the last time, and what is
//! still waited for.

use crate::observed::{PodView, Readiness, Workload};
use std::collections::BTreeMap;

/// Waits that are listed in words at once.
const WAITS_MAX: usize = 30;

type Place = (String, String);

/// What was shown before.
#[derive(Debug, Default)]
pub struct Shown {
    pods: BTreeMap<Place, PodView>,
    /// The words printed last about each.
    said: BTreeMap<Place, String>,
    workloads: BTreeMap<(&'static str, Place), Readiness>,
}

/// One piece of news.
#[derive(Debug, PartialEq, Eq)]
pub enum Change {
    PodReady(PodView),
    /// Somebody has to do something.
    PodInTrouble(PodView),
    /// Of interest to programs.
    PodMoved(PodView),
    Workload(Workload),
}

impl Shown {
    /// Compares with the last time.
    pub fn news(&mut self, workloads: &[Workload]) -> Vec<Change> {
        let mut news = Vec::new();
        for workload in workloads {
            for pod in &workload.pods {
                news.extend(self.of_pod(pod));
            }
            let key = (workload.kind, (workload.namespace.clone(), workload.name.clone()));
            if self.workloads.insert(key, workload.standing) != Some(workload.standing) {
                news.push(Change::Workload(workload.clone()));
            }
        }
        news
    }

    fn of_pod(&mut self, pod: &PodView) -> Option<Change> {
        let key = (pod.namespace.clone(), pod.name.clone());
        let before = self.pods.insert(key.clone(), pod.clone());
        let is_same =
            before.is_some_and(|before| before.standing == pod.standing && before.reason == pod.reason && before.percent == pod.percent);
        if is_same {
            return None;
        }
        if pod.standing == Readiness::Ready {
            return Some(Change::PodReady(pod.clone()));
        }
        let is_new = self.said.get(&key).is_none_or(|said| !said.starts_with(&pod.reason));
        if pod.is_in_trouble() && is_new {
            self.said.insert(key, words(pod));
            return Some(Change::PodInTrouble(pod.clone()));
        }
        Some(Change::PodMoved(pod.clone()))
    }

    /// What is waited for and was not said before; pods that only wait for others are passed over.
    pub fn waits(&mut self, workloads: &[Workload]) -> Vec<String> {
        let mut lines = Vec::new();
        for workload in workloads.iter().filter(|workload| workload.standing != Readiness::Ready) {
            let key = (workload.namespace.clone(), format!("{}/{}", workload.kind.to_lowercase(), workload.name));
            let own = workload.reasons.iter().map(|why| (key.clone(), why.clone(), format!("{}: {why}", key.1)));
            let pods = workload.pods.iter().filter(|pod| pod.standing != Readiness::Ready);
            let first_missing = pods.clone().find(|pod| pod.is_missing()).filter(|_| pods.clone().all(PodView::is_missing));
            let of_pods = pods.filter(|pod| !pod.is_missing()).chain(first_missing);
            let of_pods =
                of_pods.map(|pod| ((pod.namespace.clone(), pod.name.clone()), words(pod), format!("{}: {}", pod.name, pod.message)));
            for (key, said, line) in own.chain(of_pods).collect::<Vec<_>>() {
                if self.said.insert(key, said.clone()).is_none_or(|before| before != said) {
                    lines.push(line);
                }
            }
        }
        let more = lines.len().saturating_sub(WAITS_MAX);
        lines.truncate(WAITS_MAX);
        lines.extend((more > 0).then(|| format!("and {more} more")));
        lines
    }
}

fn words(pod: &PodView) -> String {
    format!("{}: {}", pod.reason, pod.message)
}

/// Everything that is not ready, and why, for the end.
pub fn unready(workloads: &[Workload]) -> Vec<String> {
    Shown::default().waits(workloads)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(name: &str, standing: Readiness, reason: &str, message: &str) -> PodView {
        let missing = PodView::missing("d", name.to_owned(), None, message.to_owned());
        PodView { standing, reason: if standing == Readiness::Ready { String::new() } else { reason.to_owned() }, ..missing }
    }

    fn of(pods: Vec<PodView>) -> Vec<Workload> {
        let all_ready = pods.iter().all(|pod| pod.standing == Readiness::Ready);
        let standing = if all_ready { Readiness::Ready } else { Readiness::Waiting };
        vec![Workload {
            kind: "StatefulSet",
            namespace: "d".into(),
            name: "web".into(),
            standing,
            wanted: 2,
            ready: 0,
            reasons: Vec::new(),
            pods,
        }]
    }

    #[test]
    fn a_pod_is_ready_once_and_in_trouble_once_for_each_reason() {
        let mut shown = Shown::default();
        let pulls = |message: &str| of(vec![pod("web-0", Readiness::Waiting, "ImagePullBackOff", message)]);
        assert!(matches!(shown.news(&pulls("back-off 10s"))[..], [Change::PodInTrouble(_), Change::Workload(_)]));
        assert!(shown.news(&pulls("back-off 20s")).is_empty());
        assert!(matches!(shown.news(&of(vec![pod("web-0", Readiness::Waiting, "ErrImagePull", "no")]))[..], [Change::PodInTrouble(_)]));
        let ready = of(vec![pod("web-0", Readiness::Ready, "", "")]);
        assert!(matches!(shown.news(&ready)[..], [Change::PodReady(_), Change::Workload(_)]));
        assert!(shown.news(&ready).is_empty());
    }

    #[test]
    fn waits_are_said_once_and_those_behind_others_not_at_all() {
        let mut shown = Shown::default();
        let waiting = of(vec![
            pod("web-0", Readiness::Waiting, "NotReady", "runs"),
            pod("web-1", Readiness::Waiting, "Missing", "is made when web-0 is ready"),
        ]);
        assert_eq!(shown.waits(&waiting), ["web-0: runs"]);
        assert!(shown.waits(&waiting).is_empty());
        let quota = of(vec![
            pod("web-0", Readiness::Waiting, "Missing", "FailedCreate: quota"),
            pod("web-1", Readiness::Waiting, "Missing", "is made when"),
        ]);
        assert_eq!(unready(&quota), ["web-0: FailedCreate: quota"]);
    }
}
