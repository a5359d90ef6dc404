//! `stead up`: a server in the background if none runs, the built-in example, and its pods as they come up.

mod background;
mod example;
mod manifest;
pub mod waiting;

use super::print_line;
use crate::config::UpArgs;
use crate::kubeconfig;
use anyhow::Context;

/// Runs the verb.
pub fn run(args: &UpArgs) -> anyhow::Result<()> {
    let running = background::running(args)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("start the runtime")?;
    runtime.block_on(example::show(&running.kubeconfig))?;
    let command = kubeconfig::kubectl_command(&running.kubeconfig, &std::path::absolute(&args.server.data_dir)?)?;
    if let Some(remark) = command.remark {
        print_line(&remark);
    }
    print_line(&format!("Next: {} get pods -w", command.kubectl));
    Ok(())
}
