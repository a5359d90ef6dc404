//! The one binary: roles, then arguments, then the verb.

mod cli;
mod config;
mod environment;
mod example;
mod file;
mod inprocess;
mod kubeconfig;
mod listen;
mod pki;
mod running;
mod server;
mod supervisor;

use clap::Parser;
use config::{Cli, Verb};
use std::ffi::OsString;
use std::process::ExitCode;

fn main() -> ExitCode {
    // Applets and internal roles come before any thread or runtime exists.
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    if let Some(code) = stead_applets::main_if_applet().or_else(|| stead_runtime::roles::dispatch(&arguments)) {
        return code;
    }
    let cli = Cli::parse();
    start_logging();
    let done = match cli.verb {
        Verb::Server(args) => cli::server::run(*args),
        Verb::Up(args) => cli::up::run(args.server),
        Verb::Down(args) => cli::down::run(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            cli::say_error(&error);
            ExitCode::FAILURE
        }
    }
}

/// Logs go to standard error; `STEAD_LOG` filters them (`info` if unset; `stead_node=debug` for one part).
fn start_logging() {
    let filter = tracing_subscriber::EnvFilter::try_from_env("STEAD_LOG").unwrap_or_else(|_| "info".into());
    let ansi = std::io::IsTerminal::is_terminal(&std::io::stderr());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(ansi).init();
}
