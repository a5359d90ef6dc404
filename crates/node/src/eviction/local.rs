//! Pods that have more on the node's disk than they may (NODE-13, CG-13).

use super::{Eviction, IMMEDIATE_S};
use crate::stats::PodSample;
use stead_api::Value;
use stead_api::kinds::pod_spec::totals;
use stead_api::quantity::Quantity;
use stead_api::value::Access;

/// The end of a pod that is over a limit; `None` if it is within all.
pub fn over_its_limits(uid: &str, pod: &PodSample) -> Option<Eviction> {
    let message = empty_dir(pod).or_else(|| whole_pod(pod)).or_else(|| container(pod))?;
    Some(Eviction { uid: uid.to_owned(), message, grace_s: IMMEDIATE_S, disrupts: false })
}

fn quantity(value: &Value) -> Option<Quantity> {
    Quantity::parse(value.as_str()?).ok().filter(|amount| amount.signum() > 0)
}

fn exceeds(used: u64, limit: &Quantity) -> bool {
    i64::try_from(used).unwrap_or(i64::MAX) > limit.value_ceil()
}

fn empty_dir(pod: &PodSample) -> Option<String> {
    pod.object["spec"].items("volumes").iter().find_map(|volume| {
        let (limit, used) = (quantity(&volume["emptyDir"]["sizeLimit"])?, pod.volumes.get(volume.str("name"))?.used_bytes);
        exceeds(used, &limit).then(|| format!("Usage of EmptyDir volume {:?} exceeds the limit \"{limit}\". ", volume.str("name")))
    })
}

fn whole_pod(pod: &PodSample) -> Option<String> {
    let limits = totals::pod_limits(&pod.object["spec"]);
    let limit = limits.get("ephemeral-storage")?;
    exceeds(pod.ephemeral_bytes(), limit)
        .then(|| format!("Pod ephemeral local storage usage exceeds the total limit of containers {limit}. "))
}

fn container(pod: &PodSample) -> Option<String> {
    pod.object["spec"].items("containers").iter().find_map(|container| {
        let (name, limit) = (container.str("name"), quantity(&container["resources"]["limits"]["ephemeral-storage"])?);
        let disk = pod.containers.get(name)?.disk;
        exceeds(disk.layer_bytes + disk.log_bytes, &limit)
            .then(|| format!("Container {name} exceeded its local ephemeral storage limit \"{limit}\". "))
    })
}
