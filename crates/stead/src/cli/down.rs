//! `stead down`: stops the background server, then the containers it ran.

use super::say;
use crate::config::DownArgs;
use crate::running::Running;
use anyhow::{Context, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::time::{Duration, Instant};

/// The server drains within five seconds; some more for a slow machine.
const STOP_MAX: Duration = Duration::from_secs(15);

/// Stops what runs; says so if nothing does.
pub fn run(args: &DownArgs) -> anyhow::Result<()> {
    match Running::find(&args.data_dir) {
        Some(running) => {
            stop(&running)?;
            say(&format!("server {} stopped", running.url));
        }
        None => say(&format!("no server runs on {}", args.data_dir.display())),
    }
    if args.leave_pods {
        return Ok(());
    }
    let stopped = crate::node::stop_containers(&args.data_dir)?;
    if stopped > 0 {
        say(&format!("{stopped} pods stopped; their objects stay, and `stead up` or `stead server` starts them again"));
    }
    Ok(())
}

fn stop(running: &Running) -> anyhow::Result<()> {
    kill(Pid::from_raw(running.pid), Signal::SIGTERM).with_context(|| format!("stop process {}", running.pid))?;
    let begun = Instant::now();
    while running.alive() {
        if begun.elapsed() > STOP_MAX {
            bail!("process {} did not end within {} s", running.pid, STOP_MAX.as_secs());
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}
