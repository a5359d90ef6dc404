//! The objects that a container's environment refers to, as they are when it starts (ENV-9).

use super::{Start, StartFailure, StartStep};
use crate::pod::environment::{Sources, references};
use crate::pod::files::names::names;
use crate::pod::operation::{Operation, Outcome, VariableFile};
use crate::pod::volumes::mounts::empty_dir;
use stead_api::json;
use stead_api::value::Access;
use stead_client::event::Event;

pub struct Environment;

impl StartStep for Environment {
    fn begin(&self, start: &mut Start<'_>) -> Result<Option<Operation>, StartFailure> {
        let (config_maps, secrets) = references(&json!({"spec": {"containers": [start.container]}}));
        let namespace = start.pod["metadata"].str("namespace").to_owned();
        Ok(Some(Operation::FetchSources { namespace, config_maps, secrets, files: files(start) }))
    }

    fn take(&self, start: &mut Start<'_>, outcome: Outcome) -> Result<Vec<Event>, StartFailure> {
        let Outcome::Sources(fetched) = outcome else { return Ok(Vec::new()) };
        let fetched = fetched.map_err(|error| start.failure("CreateContainerConfigError", error, "Error: "))?;
        let node = start.node;
        let sources = Sources {
            node_name: node.name.clone(),
            host_ips: node.host_ips.clone(),
            pod_ips: match start.pod["spec"].flag("hostNetwork") {
                true => node.host_ips.clone(),
                false => start.state.addresses.iter().map(ToString::to_string).collect(),
            },
            allocatable: node.allocatable.clone(),
            hostname: names(start.pod, node).map(|names| names.kernel).unwrap_or_default(),
            ..fetched
        };
        if let Some(starting) = &mut start.state.starting {
            starting.sources = sources;
        }
        Ok(Vec::new())
    }
}

/// The files that the container's variables come from.
fn files(start: &Start<'_>) -> Vec<VariableFile> {
    let references = start.container.items("env").iter().map(|var| &var["valueFrom"]["fileKeyRef"]);
    let file = |reference: &stead_api::Value| {
        let (volume, path) = (reference.str("volumeName"), reference.str("path"));
        let root = empty_dir(start.pod, &start.node.pods_dir, volume)?;
        Some(VariableFile { root, volume: volume.to_owned(), path: path.to_owned() })
    };
    references.filter_map(file).collect()
}
