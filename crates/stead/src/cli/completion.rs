//! `stead completion SHELL`: what a shell needs to complete the verbs and flags of this program.

use crate::config::{Cli, CompletionArgs, Shell};
use clap::CommandFactory;
use clap_complete::shells::{Bash, Fish, Zsh};
use std::io::Write;

pub fn run(args: &CompletionArgs) -> anyhow::Result<()> {
    let script = script(args.shell);
    let mut out = std::io::stdout().lock();
    // A closed pipe is no error of ours.
    out.write_all(&script).and_then(|()| out.flush()).ok();
    Ok(())
}

fn script(shell: Shell) -> Vec<u8> {
    let (mut command, mut script) = (Cli::command(), Vec::new());
    let name = command.get_name().to_owned();
    match shell {
        Shell::Bash => clap_complete::generate(Bash, &mut command, name, &mut script),
        Shell::Zsh => clap_complete::generate(Zsh, &mut command, name, &mut script),
        Shell::Fish => clap_complete::generate(Fish, &mut command, name, &mut script),
    }
    script
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shell_learns_the_verbs() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
            let script = String::from_utf8(script(shell)).unwrap();
            for verb in Cli::command().get_subcommands() {
                assert!(script.contains(verb.get_name()), "{shell:?} knows nothing of {}", verb.get_name());
            }
            assert!(script.contains("simulated-nodes"), "{shell:?}");
        }
    }
}
