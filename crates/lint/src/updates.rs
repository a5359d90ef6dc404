//! How a set's pods are replaced and ended.

use crate::findings::Findings;
use crate::rules::{NO_GRACE, PARTITION_ABOVE};
use crate::workload::Workload;
use stead_api::value::Access;

pub fn check(set: &Workload<'_>, findings: &mut Findings) {
    let partition = set.spec()["updateStrategy"]["rollingUpdate"].int("partition").unwrap_or(0);
    let end = set.spec()["ordinals"].int("start").unwrap_or(0) + set.replicas();
    if partition > 0 && partition >= end {
        let message = format!("partition {partition} is above the last ordinal: no pod gets a new template");
        findings.add(&PARTITION_ABOVE, "spec.updateStrategy.rollingUpdate.partition", message, "partition: 0");
    }
    if set.pod_spec().int("terminationGracePeriodSeconds") == Some(0) {
        let message = "terminationGracePeriodSeconds is 0: a pod may go on while its successor starts on the same data".to_owned();
        let path = set.path("spec.terminationGracePeriodSeconds");
        findings.add(&NO_GRACE, path, message, "terminationGracePeriodSeconds: 30");
    }
}
