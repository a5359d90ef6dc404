//! Paths inside volumes that a container mounts: each is bound to a place of its own before a run (VOL-14, VOL-15).

use super::{Start, StartFailure, StartStep};
use crate::pod::environment::container_variables;
use crate::pod::operation::{Operation, Outcome};
use crate::pod::unsupported::unsupported;
use crate::pod::volumes::mounts::mounts;
use stead_client::event::Event;

pub struct Mounts;

impl StartStep for Mounts {
    fn begin(&self, start: &mut Start<'_>) -> Result<Option<Operation>, StartFailure> {
        // The step that describes the container says so.
        if unsupported(start.pod, start.container).is_some() {
            return Ok(None);
        }
        let Some(starting) = &start.state.starting else { return Ok(None) };
        let variables = container_variables(start.pod, start.container, &starting.sources);
        let planned = variables.and_then(|variables| mounts(start.pod, start.container, &start.node.pods_dir, &variables));
        let planned = planned.map_err(|error| start.failure("CreateContainerConfigError", error, "Error: "))?;
        let sub_paths: Vec<_> = planned.into_iter().filter_map(|planned| planned.sub_path).collect();
        Ok((!sub_paths.is_empty()).then_some(Operation::BindSubPaths(sub_paths)))
    }

    fn take(&self, start: &mut Start<'_>, outcome: Outcome) -> Result<Vec<Event>, StartFailure> {
        match outcome {
            Outcome::Done(Err(error)) => Err(start.failure("CreateContainerConfigError", error, "Error: ")),
            _ => Ok(Vec::new()),
        }
    }
}
