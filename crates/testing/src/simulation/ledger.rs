//! Jobs as they really are: every state of each Job and of its pods, and which pods were counted. Checks at each step that a pod is
//! counted once and only when it has ended, that none goes uncounted, that no more of them are active than may be, that a Job that is
//! over stays as it is, and that no slot of a CronJob gets two; tells at the end what is not as it must be.
//! Input: what the server tells, calls of controllers and their answers.

use super::api::{Api, Watch};
use super::cron_jobs;
use super::jobs::{NAMESPACE, ending};
use super::truth::PodState;
use std::collections::{BTreeMap, BTreeSet};
use stead_api::{Value, time::Timestamp, value::Access};
use stead_client::resource::{JOBS, PODS};
use stead_client::{Call, Patch};

const TRACKING: &str = "batch.kubernetes.io/job-tracking";
const INDEX: &str = "batch.kubernetes.io/job-completion-index";

#[derive(Debug)]
pub struct Ledger {
    watches: [Watch; 2],
    /// Those that are gone included, by uid.
    jobs: BTreeMap<String, Job>,
    pods: BTreeMap<String, Pod>,
    /// Uids of pods and Jobs of whose creation a controller was told.
    told: BTreeSet<String>,
    /// Jobs that were seen to end.
    pub finished: usize,
}

#[derive(Debug, Default)]
struct Job {
    object: Value,
    is_gone: bool,
    parallelism_max: i64,
    /// Uids that were ever on record, with whether as succeeded.
    recorded: BTreeMap<String, bool>,
    /// Of them those that are not on record any more.
    counted: BTreeSet<String>,
}

#[derive(Debug, Default)]
struct Pod {
    object: Value,
    is_gone: bool,
    /// The Job that made it, though it may have been orphaned since.
    maker: String,
    /// Its last phase before it went.
    phase: String,
    /// It has been deleted, or is gone.
    is_deleted: bool,
}

impl Pod {
    fn owner(&self) -> &str {
        controller(&self.object)
    }

    fn is_tracked(&self) -> bool {
        !self.is_gone && self.object["metadata"].items("finalizers").iter().any(|name| name.as_str() == Some(TRACKING))
    }

    fn is_terminal(&self) -> bool {
        matches!(self.phase.as_str(), "Succeeded" | "Failed")
    }

    fn is_active(&self) -> bool {
        !self.is_deleted && !self.is_terminal()
    }
}

impl Job {
    fn name(&self) -> &str {
        self.object["metadata"].str("name")
    }

    fn is_indexed(&self) -> bool {
        self.object["spec"].str("completionMode") == "Indexed"
    }

    fn is_over(&self) -> bool {
        self.is_gone || ending(&self.object).is_some()
    }
}

/// The uid of the controller of an object.
fn controller(object: &Value) -> &str {
    let mut owners = object["metadata"].items("ownerReferences").iter();
    owners.find(|owner| owner.flag("controller")).map(|owner| owner.str("uid")).unwrap_or_default()
}

fn uids(job: &Value, member: &str) -> BTreeSet<String> {
    let list = job["status"]["uncountedTerminatedPods"].items(member).iter();
    list.filter_map(Value::as_str).map(str::to_owned).collect()
}

fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Reads `0,2-4`.
fn indexes(text: &str) -> BTreeSet<i64> {
    let run = |part: &str| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        Some(first.parse::<i64>().ok()?..=last.parse().ok()?)
    };
    text.split(',').filter_map(run).flatten().collect()
}

impl Ledger {
    pub fn new(api: &Api) -> Result<Self, String> {
        let watches = open(api, [0, 0])?;
        Ok(Self { watches, jobs: BTreeMap::new(), pods: BTreeMap::new(), told: BTreeSet::new(), finished: 0 })
    }

    /// The server was started anew on what its store has.
    pub fn reconnect(&mut self, api: &Api) -> Result<(), String> {
        self.observe()?;
        let get = |path: &str| api.get(path).map_err(|e| e.to_string());
        let (pods, jobs) = (get(&path("api/v1", "pods"))?, get(&path("apis/batch/v1", "jobs"))?);
        let present: BTreeSet<&str> =
            [&pods, &jobs].iter().flat_map(|list| list.items("items")).map(|o| o["metadata"].str("uid")).collect();
        for (_, pod) in self.pods.iter_mut().filter(|(uid, _)| !present.contains(uid.as_str())) {
            (pod.is_gone, pod.is_deleted) = (true, true);
        }
        for (_, job) in self.jobs.iter_mut().filter(|(uid, _)| !present.contains(uid.as_str())) {
            job.is_gone = true;
        }
        pods.items("items").iter().for_each(|pod| self.saw_pod(pod.clone(), false));
        for job in jobs.items("items") {
            self.saw_job(job.clone(), false)?;
        }
        let version = |list: &Value| list["metadata"].str("resourceVersion").parse().unwrap_or(0);
        self.watches = open(api, [version(&pods), version(&jobs)])?;
        self.observe()
    }

    /// Takes in what has happened. Pods come first: a Job's status tells of what they were before.
    pub fn observe(&mut self) -> Result<(), String> {
        let [pods, jobs] = &mut self.watches;
        let (pods, jobs) = (pods.lines(), jobs.lines());
        let event = |line: &[u8]| -> Result<(Value, bool), String> {
            let mut event: Value = serde_json::from_slice(line).map_err(|e| e.to_string())?;
            let object = event.get_mut("object").map(Value::take).unwrap_or_default();
            match event.str("type") {
                "ERROR" => Err(object.to_string()),
                ty => Ok((object, ty == "DELETED")),
            }
        };
        for line in &pods {
            let (pod, is_gone) = event(line)?;
            self.saw_pod(pod, is_gone);
        }
        for line in &jobs {
            let (job, is_gone) = event(line)?;
            self.saw_job(job, is_gone)?;
        }
        if pods.is_empty() && jobs.is_empty() { Ok(()) } else { self.check_active() }
    }

    fn saw_pod(&mut self, object: Value, is_gone: bool) {
        let pod = self.pods.entry(object["metadata"].str("uid").to_owned()).or_default();
        object["status"].str("phase").clone_into(&mut pod.phase);
        if pod.maker.is_empty() {
            controller(&object).clone_into(&mut pod.maker);
        }
        pod.is_gone |= is_gone;
        pod.is_deleted |= is_gone || object["metadata"].has("deletionTimestamp");
        pod.object = object;
    }

    fn saw_job(&mut self, object: Value, is_gone: bool) -> Result<(), String> {
        let uid = object["metadata"].str("uid").to_owned();
        self.check_slot(&uid, &object)?;
        let mut job = self.jobs.remove(&uid).unwrap_or_default();
        let result = if is_gone { Ok(()) } else { self.saw_status(&uid, &mut job, &object) };
        self.finished += usize::from(ending(&job.object).is_none() && ending(&object).is_some());
        job.is_gone |= is_gone;
        job.parallelism_max = job.parallelism_max.max(object["spec"].int("parallelism").unwrap_or(1));
        let name = object["metadata"].str("name").to_owned();
        let status = object["status"].to_string();
        job.object = object;
        self.jobs.insert(uid, job);
        result.map_err(|why| format!("Job {name}: {why}; its status: {status}"))
    }

    /// CJ-1: no slot of a CronJob gets a second Job.
    fn check_slot(&self, uid: &str, object: &Value) -> Result<(), String> {
        let (maker, name) = (controller(object), object["metadata"].str("name"));
        let is_second = |(other_uid, other): (&String, &Job)| {
            !maker.is_empty() && other_uid != uid && other.name() == name && controller(&other.object) == maker
        };
        if self.jobs.iter().any(is_second) { Err(format!("Job {name} is made a second time for its slot")) } else { Ok(()) }
    }

    /// CJ-7, CJ-8: a CronJob's controller that lives has made this Job.
    pub fn started(&self, call: &Call) -> Result<(), String> {
        let Call::Create { resource: JOBS, body, .. } = call else { return Ok(()) };
        let (maker, name) = (controller(body), body["metadata"].str("name"));
        let is_beside = |(uid, job): &(&String, &Job)| {
            controller(&job.object) == maker && job.name() != name && !job.is_over() && self.told.contains(*uid)
        };
        let beside = self.jobs.iter().filter(is_beside).find(|(_, job)| match name.split('-').next() {
            Some("forbid") => true,
            Some("replace") => !job.object["metadata"].has("deletionTimestamp"),
            _ => false,
        });
        beside.map_or(Ok(()), |(_, job)| Err(format!("Job {name} is made beside {}", job.name())))
    }

    /// JOB-16, JOB-22: what a new state of a Job says, compared with the one before and with its pods.
    fn saw_status(&self, uid: &str, job: &mut Job, object: &Value) -> Result<(), String> {
        let status = &object["status"];
        if ending(&job.object).is_some() {
            let same = job.object["status"] == *status;
            return if same { Ok(()) } else { Err(format!("it was over, with {}", job.object["status"])) };
        }
        for (member, succeeded) in [("succeeded", true), ("failed", false)] {
            let (old, new) = (uids(&job.object, member), uids(object, member));
            for pod in old.difference(&new) {
                job.counted.insert(pod.clone());
                if self.pods.get(pod).is_some_and(Pod::is_tracked) {
                    return Err(format!("pod {pod} is counted and keeps its finalizer"));
                }
            }
            for pod in new.difference(&old) {
                if job.recorded.insert(pod.clone(), succeeded).is_some() {
                    return Err(format!("pod {pod} is counted a second time"));
                }
                self.may_record(uid, pod, succeeded)?;
            }
        }
        let counted = |succeeded: bool| number(job.counted.iter().filter(|pod| job.recorded.get(*pod) == Some(&succeeded)).count());
        let (succeeded, failed) = (status.int("succeeded").unwrap_or(0), status.int("failed").unwrap_or(0));
        if failed != counted(false) {
            return Err(format!("{} pods that failed were counted", counted(false)));
        }
        if object["spec"].str("completionMode") == "Indexed" {
            self.check_indexes(uid, object)?;
        } else if succeeded != counted(true) {
            return Err(format!("{} pods that succeeded were counted", counted(true)));
        }
        match ending(object) {
            Some(ending) => self.check_end(uid, object, ending),
            None => Ok(()),
        }
    }

    /// Whether a pod may be put on record so (JOB-19).
    fn may_record(&self, job: &str, uid: &str, succeeded: bool) -> Result<(), String> {
        let Some(pod) = self.pods.get(uid) else { return Err(format!("pod {uid} never was")) };
        let is_so = if succeeded { pod.phase == "Succeeded" } else { pod.phase == "Failed" || pod.is_deleted };
        if is_so && pod.maker == job { Ok(()) } else { Err(format!("pod {uid} is counted with succeeded={succeeded}, and is {pod:?}")) }
    }

    /// JOB-70, JOB-71.
    fn check_indexes(&self, uid: &str, job: &Value) -> Result<(), String> {
        let done = indexes(job["status"].str("completedIndexes"));
        if job["status"].int("succeeded").unwrap_or(0) != number(done.len()) {
            return Err("it counts other than its indexes".to_owned());
        }
        let ended = self.pods.values().filter(|pod| pod.maker == uid && pod.phase == "Succeeded");
        let really: BTreeSet<i64> = ended.filter_map(|pod| pod.object["metadata"]["annotations"].str(INDEX).parse().ok()).collect();
        match done.difference(&really).next() {
            Some(index) => Err(format!("no pod of index {index} has succeeded")),
            None => Ok(()),
        }
    }

    /// JOB-40, JOB-43, JOB-44.
    fn check_end(&self, uid: &str, job: &Value, ending: &Value) -> Result<(), String> {
        let (spec, status) = (&job["spec"], &job["status"]);
        let number_of = |member: &str| status.int(member).unwrap_or(0);
        if ["active", "ready", "terminating"].iter().any(|member| number_of(member) != 0)
            || !uids(job, "succeeded").is_empty()
            || !uids(job, "failed").is_empty()
        {
            return Err("it is over, and not all of its pods are".to_owned());
        }
        let own = || self.pods.iter().filter(|(pod_uid, pod)| pod.owner() == uid && self.told.contains(*pod_uid));
        if let Some((pod, _)) = own().find(|(_, pod)| pod.is_tracked()) {
            return Err(format!("it is over, and pod {pod} keeps its finalizer"));
        }
        let strays = self.pods.iter().any(|(pod_uid, pod)| pod.maker == uid && !self.told.contains(pod_uid));
        let wanted = spec.int("completions").filter(|_| ending.str("reason") == "CompletionsReached");
        match wanted {
            Some(completions) if number_of("succeeded") < completions => Err(format!("{completions} were to succeed")),
            // More of them only if more were made than a controller knew of (JOB-49).
            Some(completions) if number_of("succeeded") > completions && !strays => Err(format!("only {completions} were to succeed")),
            _ if ending.str("reason") == "BackoffLimitExceeded"
                && number_of("failed") <= spec.int("backoffLimit").unwrap_or(6)
                && spec["template"]["spec"].str("restartPolicy") == "Never" =>
            {
                Err("it has not failed often enough".to_owned())
            }
            _ => Ok(()),
        }
    }

    /// JOB-25: those are left out of whose creation nobody was told, because the answer was lost or its receiver had died.
    fn check_active(&self) -> Result<(), String> {
        let mut active: BTreeMap<&str, i64> = BTreeMap::new();
        for (_, pod) in self.pods.iter().filter(|(uid, pod)| pod.is_active() && self.told.contains(*uid)) {
            *active.entry(pod.owner()).or_default() += 1;
        }
        for (uid, job) in self.jobs.iter().filter(|(_, job)| !job.is_gone) {
            let count = active.get(uid.as_str()).copied().unwrap_or(0);
            if count > job.parallelism_max {
                return Err(format!("Job {}: {count} pods are active, and {} may be", job.name(), job.parallelism_max));
            }
        }
        Ok(())
    }

    /// A controller hears what became of its call.
    pub fn answered(&mut self, call: &Call, answer: &Value) -> Result<(), String> {
        if let Call::Create { resource: PODS | JOBS, namespace, subresource: (_, ""), .. } = call
            && namespace == NAMESPACE
        {
            self.told.insert(answer["metadata"]["uid"].as_str().unwrap_or_default().to_owned());
            return self.check_active();
        }
        Ok(())
    }

    /// The name of the pod off which this call takes the finalizer.
    pub fn releases(call: &Call) -> Option<&str> {
        match call {
            Call::Patch { resource: PODS, key, subresource: "", patch: Patch::Strategic(body) }
                if key.namespace == NAMESPACE && body["metadata"].has("$deleteFromPrimitiveList/finalizers") =>
            {
                Some(&key.name)
            }
            _ => None,
        }
    }

    /// JOB-22: a pod lost its finalizer to a controller that had seen it so. If it had ended, it is on record.
    pub fn released(&self, seen: &PodState) -> Result<(), String> {
        let Some(job) = self.jobs.get(&seen.owner).filter(|job| !job.is_over()) else { return Ok(()) };
        let spec = &job.object["spec"];
        let by_phase = spec.has("podFailurePolicy") || spec.str("podReplacementPolicy") == "Failed";
        let has_ended = matches!(seen.phase.as_str(), "Succeeded" | "Failed") || (seen.deleting && !by_phase);
        if !has_ended || job.recorded.contains_key(&seen.uid) {
            return Ok(());
        }
        let annotations = self.pods.get(&seen.uid).map(|pod| &pod.object["metadata"]["annotations"]);
        let index: Option<i64> = annotations.and_then(|annotations| annotations.str(INDEX).parse().ok());
        let done = indexes(job.object["status"].str("completedIndexes"));
        if job.is_indexed() && seen.phase == "Succeeded" && index.is_some_and(|index| done.contains(&index)) {
            return Ok(());
        }
        Err(format!("Job {}: pod {} had ended and goes uncounted: {seen:?}", job.name(), seen.uid))
    }

    /// What is not as it must be once nothing is going on any more.
    pub fn unmet(&self, api: &Api, now: Timestamp) -> Result<Vec<String>, String> {
        let mut unmet = self.unmet_jobs(now);
        let cron_jobs = api.get(&cron_jobs::collection()).map_err(|e| e.to_string())?;
        for cron_job in cron_jobs.items("items") {
            let own = self.jobs.values().filter(|job| !job.is_gone && controller(&job.object) == cron_job["metadata"].str("uid"));
            unmet.extend(cron_jobs::unmet(cron_job, &own.map(|job| &job.object).collect::<Vec<_>>(), now));
        }
        Ok(unmet)
    }

    fn unmet_jobs(&self, now: Timestamp) -> Vec<String> {
        let mut unmet = Vec::new();
        for (uid, job) in self.jobs.iter().filter(|(_, job)| !job.is_gone) {
            let (spec, status, name) = (&job.object["spec"], &job.object["status"], job.name());
            let active = self.pods.values().filter(|pod| pod.owner() == uid && pod.is_active()).count();
            let rests = spec.flag("suspend") || spec.int("parallelism") == Some(0);
            if job.object["metadata"].has("deletionTimestamp") {
                unmet.push(format!("Job {name} is still being deleted"));
            } else if let Some(ending) = ending(&job.object) {
                // One that ended at a time which is far ahead, since the clock was put back, stays until then.
                let ended = Timestamp::parse(ending.str("lastTransitionTime")).unwrap_or_default();
                if spec.has("ttlSecondsAfterFinished") && ended < now.plus_millis(60_000) {
                    unmet.push(format!("Job {name} is over and stays"));
                }
            } else if !rests {
                unmet.push(format!("Job {name} does not end: {} {status}", job.object["spec"]));
            } else if active > 0 || status.int("active").unwrap_or(0) > 0 {
                unmet.push(format!("Job {name} rests, and {active} pods are active: {status}"));
            }
        }
        for (uid, pod) in self.pods.iter().filter(|(_, pod)| !pod.is_gone) {
            let name = pod.object["metadata"].str("name");
            let job = self.jobs.get(&pod.maker);
            // JOB-75: the replacement of a failed pod is made when its Job goes on.
            let waits = job.is_some_and(|job| !job.is_over() && job.object["spec"].has("backoffLimitPerIndex"));
            if pod.is_tracked() && waits && pod.phase == "Failed" {
                continue;
            }
            if pod.is_tracked() {
                let job = job.map(|job| (job.is_gone, &job.object["spec"], &job.object["status"]));
                unmet.push(format!("pod {name} {uid} keeps its finalizer: {} {job:?}", pod.object["status"]));
            } else if pod.is_deleted || !pod.is_terminal() {
                unmet.push(format!("pod {name} {uid} does not end: {} {}", pod.object["metadata"], pod.object["status"]));
            }
        }
        unmet
    }
}

fn path(group: &str, plural: &str) -> String {
    format!("/{group}/namespaces/{NAMESPACE}/{plural}")
}

/// Watches of pods and of Jobs, from these versions.
fn open(api: &Api, [pods, jobs]: [u64; 2]) -> Result<[Watch; 2], String> {
    let watch = |path: String, version: u64| api.watch(&format!("{path}?watch=true&resourceVersion={version}")).map_err(|e| e.to_string());
    Ok([watch(path("api/v1", "pods"), pods)?, watch(path("apis/batch/v1", "jobs"), jobs)?])
}
