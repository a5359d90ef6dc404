//! The files that every container is given: hosts, host name, name servers. Written before a run, so that a restarted container finds its
//! hosts as they were at first (FILE-4).

use super::{Start, StartFailure, StartStep, about};
use crate::pod::files::pod_files;
use crate::pod::operation::{Operation, Outcome};
use stead_client::event::Event;

pub struct Files;

impl StartStep for Files {
    fn begin(&self, start: &mut Start<'_>) -> Result<Option<Operation>, StartFailure> {
        let Some(sandbox) = start.state.sandboxes.last() else { return Ok(None) };
        let files = pod_files(start.pod, start.container, start.node, &start.state.addresses, sandbox);
        let files = files.map_err(|error| start.failure("CreateContainerConfigError", error, "Error: "))?;
        if let Some(starting) = &mut start.state.starting {
            starting.files = files.mounts(start.container);
        }
        Ok(Some(Operation::WriteFiles(Box::new(files))))
    }

    fn take(&self, start: &mut Start<'_>, outcome: Outcome) -> Result<Vec<Event>, StartFailure> {
        let Outcome::Files(written) = outcome else { return Ok(Vec::new()) };
        let warnings = written.map_err(|error| start.failure("CreateContainerConfigError", error, "Error: "))?;
        Ok(warnings.into_iter().map(|(reason, message)| about(start.pod, "", "Warning", reason, message)).collect())
    }
}
