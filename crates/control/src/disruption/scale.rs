//! How many pods the controllers of some pods want together (PDB-2, PDB-5, PDB-6). Pure.

use crate::engine::Cache;
use crate::object::{Object, Owner};
use crate::plan::Key;
use std::collections::BTreeMap;
use std::sync::Arc;
use stead_api::value::Access;
use stead_client::resource::{DEPLOYMENTS, REPLICA_SETS, REPLICATION_CONTROLLERS, Resource, STATEFUL_SETS};

/// Kinds that say how many pods they want.
const SCALABLE: [Resource; 4] = [REPLICATION_CONTROLLERS, DEPLOYMENTS, REPLICA_SETS, STATEFUL_SETS];

/// Where controllers are found.
pub struct Owners<'a> {
    pub cache: &'a Cache,
    /// All that the server lists.
    pub resources: &'a [Resource],
}

/// The sum of the scales of their distinct controllers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Scale {
    pub pods: i64,
    /// Pods that nobody controls, which are left out.
    pub unmanaged: usize,
}

/// The scale of these pods, or why it cannot be told.
pub fn expected(pods: &[Arc<Object>], owners: &Owners) -> Result<Scale, String> {
    let mut scales: BTreeMap<String, i64> = BTreeMap::new();
    let mut asked: Vec<&str> = Vec::new();
    let mut unmanaged = 0;
    for pod in pods {
        let Some(owner) = pod.controller() else {
            unmanaged += 1;
            continue;
        };
        if asked.contains(&owner.uid.as_str()) {
            continue;
        }
        let found = find(&pod.key.namespace, owner, owners)?;
        let found = found.ok_or_else(|| format!("found no controllers for pod {:?}", pod.key.name))?;
        scales.insert(found.uid.clone(), found.spec().int("replicas").unwrap_or(1));
        asked.push(&owner.uid);
    }
    Ok(Scale { pods: scales.values().sum(), unmanaged })
}

/// The object that says how many pods there are to be: a Deployment in place of its sets.
fn find<'a>(namespace: &str, owner: &Owner, owners: &Owners<'a>) -> Result<Option<&'a Arc<Object>>, String> {
    let group = owner.api_version.split_once('/').map_or("", |(group, _)| group);
    let is_meant = |resource: &Resource| resource.kind == owner.kind && resource.group() == group;
    let Some(resource) = SCALABLE.iter().find(|resource| is_meant(resource)) else {
        return Err(match owners.resources.iter().find(|resource| is_meant(resource)) {
            Some(Resource { plural, .. }) if group.is_empty() => format!("{plural} does not implement the scale subresource"),
            Some(Resource { plural, .. }) => format!("{plural}.{group} does not implement the scale subresource"),
            None => format!("no matches for kind {:?} in version {:?}", owner.kind, owner.api_version),
        });
    };
    let of = |resource: Resource, owner: &Owner| {
        owners.cache.get(resource, &Key::new(namespace, owner.name.as_str())).filter(|found| found.uid == owner.uid)
    };
    let found = of(*resource, owner);
    let above = found.and_then(|set| set.controller()).filter(|above| *resource == REPLICA_SETS && above.kind == DEPLOYMENTS.kind);
    Ok(match above {
        Some(above) => of(DEPLOYMENTS, above).or(found),
        None => found,
    })
}
