//! What the Job controller reads of a pod beside what all read: how its containers ended, and which index it has.

use stead_api::{Value, time::Timestamp, value::Access};

pub const INDEX: &str = "batch.kubernetes.io/job-completion-index";
pub const FAILURES: &str = "batch.kubernetes.io/job-index-failure-count";
pub const IGNORED_FAILURES: &str = "batch.kubernetes.io/job-index-ignored-failure-count";

#[derive(Debug, Clone, PartialEq, Default)]
pub struct JobPodFacts {
    /// Annotation [`INDEX`].
    pub index: Option<i64>,
    /// How often its index had failed before it (JOB-74).
    pub failures: i64,
    pub ignored_failures: i64,
    /// Of all its containers together.
    pub restarts: i64,
    /// When the last of its containers ended; `None` while one has not.
    pub finished: Option<Timestamp>,
    /// deletionGracePeriodSeconds.
    pub grace_period_s: i64,
    /// Names and codes of containers that ended with another code than 0, init containers last.
    pub exits: Vec<(String, i64)>,
    /// Types and statuses of its conditions.
    pub conditions: Vec<(String, String)>,
}

impl JobPodFacts {
    pub(crate) const NONE: Self = Self {
        index: None,
        failures: 0,
        ignored_failures: 0,
        restarts: 0,
        finished: None,
        grace_period_s: 0,
        exits: Vec::new(),
        conditions: Vec::new(),
    };

    /// `None` for pods that are controlled by something else than a Job.
    pub fn of(pod: &Value) -> Option<Box<Self>> {
        let (meta, status) = (&pod["metadata"], &pod["status"]);
        let controller = meta.items("ownerReferences").iter().find(|owner| owner.flag("controller"));
        if controller.is_some_and(|owner| owner.str("kind") != "Job") {
            return None;
        }
        let number = |name: &str| meta["annotations"].str(name).parse::<i64>().ok().filter(|number| *number >= 0);
        let (containers, inits) = (status.items("containerStatuses"), status.items("initContainerStatuses"));
        let finish = |container: &Value| Timestamp::parse(container["state"]["terminated"].str("finishedAt"));
        let finishes: Option<Vec<Timestamp>> = containers.iter().map(finish).collect();
        let exit = |container: &Value| {
            let code = container["state"].get("terminated")?.int("exitCode").filter(|code| *code != 0)?;
            Some((container.str("name").to_owned(), code))
        };
        let condition = |condition: &Value| (condition.str("type").to_owned(), condition.str("status").to_owned());
        Some(Box::new(Self {
            index: number(INDEX),
            failures: number(FAILURES).unwrap_or(0),
            ignored_failures: number(IGNORED_FAILURES).unwrap_or(0),
            restarts: containers.iter().chain(inits).filter_map(|container| container.int("restartCount")).sum(),
            finished: finishes.unwrap_or_default().into_iter().max(),
            grace_period_s: meta.int("deletionGracePeriodSeconds").unwrap_or(0),
            exits: containers.iter().chain(inits).filter_map(exit).collect(),
            conditions: status.items("conditions").iter().map(condition).collect(),
        }))
    }
}
