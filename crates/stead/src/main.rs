//! The one binary: roles, then arguments, then the verb.

mod beside;
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
mod manifests;
mod node;
mod observed;
mod outbound;
mod preflight;
mod proxies;
mod reach;
mod rehearsal;
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

#[global_allocator]
static ALLOCATOR: stead_allocator::ByRole = stead_allocator::ByRole;

fn main() -> ExitCode {
    // Applets and internal roles come before any thread or runtime exists.
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    if let Some(code) = stead_applets::main_if_applet().or_else(|| stead_runtime::roles::dispatch(&arguments)) {
        return code;
    }
    match run(Cli::from_command_line()) {
        Ok(code) => code,
        Err(error) => {
            cli::print_error(&error);
            cli::exit_code(&error)
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    match &cli.verb {
        Verb::Server(args) => logging::start_server(&logging::server_log(&args.data_dir))?,
        _ => logging::start_verb()?,
    }
    match cli.verb {
        Verb::Lint(args) => return cli::lint::run(&args),
        Verb::Plan(args) => return cli::plan::run(&args),
        Verb::Server(args) => cli::server::run(*args),
        Verb::Up(args) => cli::up::run(&args),
        Verb::Down(args) => cli::down::run(&args),
        Verb::Image(args) => cli::image::run(&args),
        Verb::RotateSecretsKey(args) => cli::rotate_secrets_key::run(&args),
        Verb::Status(args) => cli::status::run(&args),
        Verb::Ui(args) => cli::ui::run(&args),
        Verb::Explain(args) => cli::explain::run(&args),
        Verb::Kubectl(args) => cli::kubectl::run(&args),
        Verb::Reset(args) => cli::reset::run(&args),
        Verb::Install(args) => cli::install::install(&args),
        Verb::Uninstall(args) => cli::install::uninstall(&args),
        Verb::Version(args) => cli::version::run(&args),
        Verb::Completion(args) => cli::completion::run(&args),
    }
    .map(|()| ExitCode::SUCCESS)
}
