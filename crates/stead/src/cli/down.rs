//! `stead down`: stops the background server, then the containers it ran.

use super::print_line;
use crate::config::DownArgs;
use crate::node;
use crate::running::{self, Found, Process};
use anyhow::{Context, bail};
use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::time::{Duration, Instant};

/// The server drains within five seconds; some more for a slow machine.
const STOP_MAX: Duration = Duration::from_secs(15);
/// When and how often a wait is explained.
const EXPLAIN_EVERY: Duration = Duration::from_secs(5);

/// Stops what runs; says so if nothing does.
pub fn run(args: &DownArgs) -> anyhow::Result<()> {
    let dir = args.data_dir.display();
    match running::find(&args.data_dir)? {
        Found::Ready(running) => {
            stop(running.process)?;
            print_line(&format!("server {} stopped", running.url));
        }
        Found::Unready(process) => {
            stop(process)?;
            print_line(&format!("server process {} stopped; it had not said that it was ready", process.pid));
        }
        Found::Orphaned(process) => {
            stop(process)?;
            print_line(&format!("server process {} stopped; its files in {dir} had been removed under it", process.pid));
        }
        Found::Nothing => print_line(&format!("no server runs on {dir}")),
    }
    if args.leave_pods {
        return Ok(());
    }
    let stopped = node::stop_containers(&args.data_dir)?;
    if stopped > 0 {
        print_line(&format!("{stopped} pods stopped; their objects stay, and `stead up` or `stead server` starts them again"));
    }
    Ok(())
}

fn stop(process: Process) -> anyhow::Result<()> {
    let pid = process.pid;
    match kill(Pid::from_raw(pid), Signal::SIGTERM) {
        Err(Errno::EPERM) => bail!("the server (process {pid}) belongs to another user: use sudo"),
        Err(Errno::ESRCH) => return Ok(()),
        sent => sent.with_context(|| format!("stop process {pid}"))?,
    }
    let (begun, mut explained) = (Instant::now(), Instant::now());
    while process.is_alive() {
        if begun.elapsed() > STOP_MAX {
            bail!(
                "the server (process {pid}) did not end within {} s; `kill -9 {pid}` ends it, and its pods go on running",
                STOP_MAX.as_secs()
            );
        }
        if explained.elapsed() > EXPLAIN_EVERY {
            print_line(&format!("waiting for the server (process {pid}) to end"));
            explained = Instant::now();
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}
