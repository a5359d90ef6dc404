//! Programs that hooks and probes run in a container: to their end, with the beginning of what they print.

use crate::runtime::{EXEC_OUTPUT_BYTES_MAX, ExecEnd, ExecError};
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use stead_runtime as rt;
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;

/// Runs it to its end; it is killed where this is dropped before.
pub async fn run(runtime: &rt::Runtime, container: &str, argv: Vec<String>) -> Result<ExecEnd, ExecError> {
    let (reader, writer) = io::pipe().map_err(|error| ExecError::Failed(format!("make a pipe: {error}")))?;
    let failed = |error: io::Error| ExecError::Failed(format!("read the output: {error}"));
    let stderr = Some(writer.try_clone().map_err(failed)?.into());
    let stdio = rt::Stdio::Pipes { stdin: None, stdout: Some(writer.into()), stderr };
    let mut exec = runtime.exec(container, rt::ExecSpec { argv, grace: None }, stdio).await.map_err(refusal)?;
    let mut receiver = pipe::Receiver::from_owned_fd(OwnedFd::from(reader)).map_err(failed)?;
    let (mut output, mut chunk) = (Vec::new(), vec![0; EXEC_OUTPUT_BYTES_MAX]);
    let mut open = true;
    let code = loop {
        tokio::select! {
            read = receiver.read(&mut chunk), if open => {
                let count = read.map_err(failed)?;
                open = count > 0;
                keep(&mut output, &chunk[..count]);
            }
            code = exec.wait() => break code.map_err(refusal)?,
        }
    };
    // All that it wrote is in the pipe. What it left running may go on writing, and is not waited for.
    // It is read without asking the event loop, which may not have heard of it yet.
    let mut rest = std::fs::File::from(receiver.into_nonblocking_fd().map_err(failed)?);
    while let Ok(count @ 1..) = rest.read(&mut chunk) {
        keep(&mut output, &chunk[..count]);
        if output.len() == EXEC_OUTPUT_BYTES_MAX {
            break;
        }
    }
    Ok(ExecEnd { code, output })
}

fn keep(output: &mut Vec<u8>, bytes: &[u8]) {
    let room = EXEC_OUTPUT_BYTES_MAX - output.len();
    output.extend_from_slice(&bytes[..bytes.len().min(room)]);
}

/// As users know it from a container runtime's interface.
pub fn refusal(error: rt::ExecError) -> ExecError {
    match error {
        rt::ExecError::NotRunning(_) => ExecError::NotRunning,
        rt::ExecError::Failed(reason) => ExecError::Failed(format!("failed to exec in container: {reason}")),
        rt::ExecError::Runtime(error) => ExecError::Failed(format!("failed to exec in container: {}", super::text(&error))),
    }
}
