//! The one binary: roles, then arguments, then the verb.

mod certificates;
mod cli;
mod config;
mod dns;
mod environment;
mod explain;
mod file;
mod inprocess;
mod kubeconfig;
mod listen;
mod logging;
mod node;
mod outbound;
mod reach;
mod running;
mod sealing;
mod secrets_key;
mod server;
mod stall;
mod supervisor;
mod token_key;

use config::{Cli, Verb};
use std::ffi::OsString;
use std::process::ExitCode;

fn main() -> ExitCode {
    // Applets and internal roles come before any thread or runtime exists.
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    if let Some(code) = stead_applets::main_if_applet().or_else(|| stead_runtime::roles::dispatch(&arguments)) {
        return code;
    }
    match run(Cli::from_command_line()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            cli::print_error(&error);
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<()> {
    match cli.verb {
        Verb::Server(args) => {
            logging::start_server(&logging::server_log(&args.data_dir))?;
            cli::server::run(*args)
        }
        Verb::Up(args) => {
            logging::start_verb()?;
            cli::up::run(&args)
        }
        Verb::Down(args) => {
            logging::start_verb()?;
            cli::down::run(&args)
        }
        Verb::Image(args) => {
            logging::start_verb()?;
            cli::image::run(&args)
        }
        Verb::RotateSecretsKey(args) => {
            logging::start_verb()?;
            cli::rotate_secrets_key::run(&args)
        }
        Verb::Explain(args) => {
            logging::start_verb()?;
            cli::explain::run(&args)
        }
    }
}
