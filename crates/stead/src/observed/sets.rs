//! How workloads stand: when a set of pods is whole and up to date, by the rules of `kubectl rollout status`, and what it waits for otherwise. Pure.

use super::pods::PodView;
use super::{Observed, Readiness, Workload, fields};
use stead_api::Value;
use stead_api::value::Access;
use stead_client::Resource;

const REVISION: &str = "controller-revision-hash";
/// Ordinals of a set that are shown one by one though they are not there.
const MISSING_MAX: i64 = 1000;

impl Observed {
    /// How a workload stands; none if it is of a kind that has no standing.
    pub(super) fn standing(&self, resource: Resource, object: &Value) -> Option<Workload> {
        let mut workload = match resource.kind {
            "StatefulSet" => self.stateful_set(object),
            "Deployment" | "ReplicaSet" | "ReplicationController" => self.replicated(object, resource.kind),
            "DaemonSet" => self.daemon_set(object),
            "Job" => self.job(object),
            "Pod" => self.bare_pod(object),
            _ => return None,
        };
        workload.kind = resource.kind;
        if workload.standing != Readiness::Ready
            && workload.reasons.is_empty()
            && !workload.pods.iter().any(|pod| pod.standing != Readiness::Ready)
        {
            workload
                .reasons
                .push(self.warning_of(object).unwrap_or_else(|| "its controller has not written its new status yet".to_owned()));
        }
        Some(workload)
    }

    fn blank(object: &Value, pods: Vec<PodView>) -> Workload {
        Workload {
            kind: "",
            namespace: object["metadata"].str("namespace").to_owned(),
            name: object["metadata"].str("name").to_owned(),
            standing: Readiness::Waiting,
            wanted: 0,
            ready: fields::count(object, "readyReplicas"),
            reasons: Vec::new(),
            pods,
        }
    }

    fn stateful_set(&self, set: &Value) -> Workload {
        let (spec, status) = (&set["spec"], &set["status"]);
        let wanted = fields::replicas(set);
        let begin = spec["ordinals"].int("start").unwrap_or_default();
        let strategy = &spec["updateStrategy"];
        let is_rolling = strategy.str("type") != "OnDelete";
        let partition = strategy["rollingUpdate"].int("partition").unwrap_or_default();
        let pods = self.by_ordinal(set, begin, wanted, partition);
        let mut workload = Self::blank(set, pods);
        workload.wanted = wanted;
        let updated = status.int("updatedReplicas").unwrap_or_default();
        let to_update = if is_rolling { (wanted - (partition - begin).max(0)).max(0) } else { 0 };
        let is_whole = workload.ready >= wanted && fields::count(set, "replicas") == wanted;
        let is_available = fields::count(set, "availableReplicas") >= wanted;
        let is_updated = status.str("updateRevision") == status.str("currentRevision") || updated >= to_update;
        if fields::is_observed(set)
            && is_whole
            && is_available
            && is_updated
            && workload.pods.iter().all(|pod| pod.standing == Readiness::Ready)
        {
            workload.standing = Readiness::Ready;
        } else if is_whole && !is_available {
            workload
                .reasons
                .push(format!("pods must be ready for {} s (minReadySeconds)", spec.int("minReadySeconds").unwrap_or_default()));
        }
        workload
    }

    /// The pods of a set by ordinal; those above its range come last, they are on their way out.
    fn by_ordinal(&self, set: &Value, begin: i64, wanted: i64, partition: i64) -> Vec<PodView> {
        let (name, namespace) = (set["metadata"].str("name"), set["metadata"].str("namespace"));
        let is_ordered = set["spec"].str("podManagementPolicy") != "Parallel";
        let is_rolling = set["spec"]["updateStrategy"].str("type") != "OnDelete";
        let newest = set["status"].str("updateRevision");
        let mut there: std::collections::BTreeMap<i64, PodView> = self
            .pods_of(set)
            .filter_map(|pod| {
                let ordinal = pod["metadata"].str("name").rsplit_once('-')?.1.parse().ok()?;
                let view = self.pod(pod, Some(ordinal));
                let is_old = pod["metadata"]["labels"].str(REVISION) != newest && !newest.is_empty();
                Some((ordinal, if is_old && is_rolling && ordinal >= partition { outdated(view) } else { view }))
            })
            .collect();
        let mut pods: Vec<PodView> = Vec::new();
        for ordinal in begin..begin.saturating_add(wanted.min(MISSING_MAX)) {
            let view = there.remove(&ordinal).unwrap_or_else(|| {
                let before = pods.iter().find(|pod| is_ordered && pod.standing != Readiness::Ready).map(|pod| pod.name.clone());
                let why = before.map(|before| format!("is made when {before} is ready"));
                let why = why.or_else(|| self.warning_of(set)).unwrap_or_else(|| "the controller has not made it yet".to_owned());
                PodView::missing(namespace, format!("{name}-{ordinal}"), Some(ordinal), why)
            });
            pods.push(view);
        }
        pods.extend(there.into_values().map(surplus));
        pods
    }

    fn replicated(&self, object: &Value, kind: &str) -> Workload {
        let pods = self.pods_of(object).map(|pod| self.pod(pod, None)).collect();
        let mut workload = Self::blank(object, pods);
        let wanted = fields::replicas(object);
        workload.wanted = wanted;
        let count = |field| fields::count(object, field);
        let is_updated = kind != "Deployment" || (count("updatedReplicas") >= wanted && count("replicas") <= count("updatedReplicas"));
        let is_ready = fields::is_observed(object) && is_updated && count("availableReplicas") >= wanted && count("replicas") == wanted;
        if is_ready {
            workload.standing = Readiness::Ready;
            return workload;
        }
        let progressing =
            fields::condition(object, "Progressing").filter(|condition| condition.str("reason") == "ProgressDeadlineExceeded");
        let failure = fields::condition(object, "ReplicaFailure").filter(|condition| condition.str("status") == "True");
        if progressing.is_some() {
            workload.standing = Readiness::Failed;
        }
        workload.reasons.extend([progressing, failure].into_iter().flatten().map(|condition| condition.str("message").to_owned()));
        workload
    }

    fn daemon_set(&self, object: &Value) -> Workload {
        let mut workload = Self::blank(object, self.pods_of(object).map(|pod| self.pod(pod, None)).collect());
        let count = |field| fields::count(object, field);
        let wanted = count("desiredNumberScheduled");
        (workload.wanted, workload.ready) = (wanted, count("numberReady"));
        let is_rolling = object["spec"]["updateStrategy"].str("type") != "OnDelete";
        let is_updated = !is_rolling || count("updatedNumberScheduled") >= wanted;
        if fields::is_observed(object) && is_updated && count("numberAvailable") >= wanted {
            workload.standing = Readiness::Ready;
        }
        workload
    }

    fn job(&self, object: &Value) -> Workload {
        let mut workload = Self::blank(object, self.pods_of(object).map(|pod| self.pod(pod, None)).collect());
        let spec = &object["spec"];
        workload.wanted = spec.int("completions").unwrap_or(1);
        workload.ready = fields::count(object, "succeeded");
        if fields::is_true(object, "Complete") || spec.flag("suspend") {
            workload.standing = Readiness::Ready;
            workload.pods.retain(|pod| pod.standing == Readiness::Ready);
        } else if let Some(failed) = fields::condition(object, "Failed").filter(|failed| failed.str("status") == "True") {
            workload.standing = Readiness::Failed;
            workload.reasons.push(super::waiting::joined(failed.str("reason"), failed.str("message")));
        } else {
            // A pod that failed is followed by another one.
            let retried = workload.pods.iter_mut().filter(|pod| pod.standing == Readiness::Failed);
            retried.for_each(|pod| pod.standing = Readiness::Waiting);
            workload.reasons.push(format!("{} of {} have succeeded", workload.ready, workload.wanted));
        }
        workload
    }

    fn bare_pod(&self, object: &Value) -> Workload {
        let pod = self.pod(object, None);
        let standing = pod.standing;
        let ready = i64::from(standing == Readiness::Ready);
        Workload { standing, wanted: 1, ready, ..Self::blank(object, vec![pod]) }
    }
}

/// A ready pod of an earlier revision, which is replaced in its turn.
fn outdated(view: PodView) -> PodView {
    unless_unready(view, "OutOfDate", "is of an earlier revision and is replaced in its turn")
}

/// A pod whose ordinal is not among the set's any more.
fn surplus(view: PodView) -> PodView {
    unless_unready(view, "Surplus", "is one more than the set is to have and is deleted in its turn")
}

fn unless_unready(view: PodView, reason: &str, message: &str) -> PodView {
    match view.standing {
        Readiness::Ready => PodView { standing: Readiness::Waiting, reason: reason.to_owned(), message: message.to_owned(), ..view },
        Readiness::Waiting | Readiness::Failed => view,
    }
}
