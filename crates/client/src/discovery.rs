//! Which resources the server has: those that can be listed, watched and deleted, each in its group's preferred version.

use crate::{Client, Failure, Resource, paths};
use std::time::Duration;
use stead_api::{Value, value::Access};

/// The first and the longest wait between attempts.
const WAIT_FIRST: Duration = Duration::from_millis(20);
const WAIT_MAX: Duration = Duration::from_secs(5);

/// Asks until the server answers.
pub async fn discover(client: &Client) -> Vec<Resource> {
    let mut wait = WAIT_FIRST;
    loop {
        match attempt(client).await {
            Ok(resources) => return resources,
            Err(error) => tracing::warn!(%error, "cannot discover the server's resources, will try again"),
        }
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(WAIT_MAX);
    }
}

async fn attempt(client: &Client) -> Result<Vec<Resource>, Failure> {
    let mut found = listed("v1", &client.read(&paths::root("v1")).await?);
    let groups = client.read("/apis").await?;
    for group in groups.items("groups") {
        let version = group["preferredVersion"].str("groupVersion");
        found.extend(listed(version, &client.read(&paths::root(version)).await?));
    }
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

/// The resources of an APIResourceList that controllers can follow and clean up.
pub fn listed(api_version: &str, list: &Value) -> Vec<Resource> {
    let wanted = ["list", "watch", "delete"];
    let followable = |r: &&Value| {
        let verbs = r.items("verbs");
        !r.str("name").contains('/') && wanted.iter().all(|verb| verbs.iter().any(|v| v == verb))
    };
    let resources = list.items("resources").iter().filter(followable);
    resources.filter_map(|r| Resource::discovered(api_version, r.str("name"), r.str("kind"), r.flag("namespaced"))).collect()
}
