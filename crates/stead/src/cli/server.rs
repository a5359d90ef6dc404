//! `stead server`: runs in the foreground until SIGTERM or SIGINT.

use crate::config::ServerArgs;
use anyhow::Context;

/// Tasks that a thread looks at before it asks what has arrived: under load a request waits that much longer to be seen at all.
const TASKS_PER_LOOK: u32 = 16;

/// Builds the runtime and runs the server.
pub fn run(args: ServerArgs) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(workers())
        .event_interval(TASKS_PER_LOOK)
        .enable_all()
        .build()
        .context("start the runtime")?;
    runtime.block_on(crate::server::run(args))
}

/// As many threads as cores, from two to eight.
fn workers() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from).clamp(2, 8)
}
