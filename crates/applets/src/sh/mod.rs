//! `sh`: a small shell for a first look around and for short scripts.
//!
//! Commands, pipes, redirections, here-documents, lists, `if`, `while`, `until`, `for`, `case`, functions, subshells, all quotes, variables with
//! their modifiers, `$(...)`, arithmetic, patterns. Not: `trap`, `local`, aliases, job control, editing of the line. Text is UTF-8; other bytes are
//! replaced. Of our own, since the shells that can be embedded bring a hundred crates, an asynchronous runtime and a language's locale data, or are GPL.

mod arithmetic;
mod builtins;
mod expand;
mod parse;
mod pattern;
mod redirect;
mod run;
mod syntax;
mod words;

use run::{Flow, Outcome, Shell, syntax};
use std::ffi::OsString;
use std::io::{IsTerminal, Read, Write};
use std::process::ExitCode;
use stead_sys::signal;

/// A script longer than this is refused.
const SCRIPT_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// Signals that what is typed into a shell does not end it by.
const SHIELDED: [i32; 3] = [nix::libc::SIGINT, nix::libc::SIGQUIT, nix::libc::SIGTERM];

/// `sh [-eux] [-i] [-c SCRIPT [NAME [ARGUMENT...]] | FILE [ARGUMENT...]]`
pub fn run(arguments: &[OsString]) -> Result<ExitCode, String> {
    let mut words: Vec<String> = arguments.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let mut shell = Shell::new("sh", Vec::new(), environment());
    let mut takes_text = false;
    let mut interactive = false;
    while let Some(flags) = words.first().and_then(|word| word.strip_prefix('-')).map(str::to_owned) {
        words.remove(0);
        for flag in flags.chars() {
            match flag {
                'c' => takes_text = true,
                'e' => shell.options.errexit = true,
                'u' => shell.options.nounset = true,
                'x' => shell.options.xtrace = true,
                'i' => interactive = true,
                // A login shell, and input from standard input: no difference here.
                'l' | 's' | '-' => {}
                other => return Err(format!("unknown option -{other}")),
            }
        }
        if flags == "-" {
            break;
        }
    }
    signal::reset_all();
    let outcome = if takes_text {
        let text = if words.is_empty() { return Err("-c needs a script".to_owned()) } else { words.remove(0) };
        named(&mut shell, words);
        whole(&mut shell, &text)
    } else if let Some(file) = words.first().cloned() {
        let text = script(&file)?;
        named(&mut shell, words);
        whole(&mut shell, &text)
    } else {
        shell.options.interactive = interactive || (std::io::stdin().is_terminal() && std::io::stderr().is_terminal());
        typed(&mut shell)
    };
    std::io::stdout().flush().unwrap_or_default();
    let code = match outcome {
        Ok(code) | Err(Flow::Exit(code) | Flow::Return(code)) => code,
        Err(Flow::Break(_) | Flow::Continue(_) | Flow::Abandon) => shell.status,
    };
    Ok(ExitCode::from(u8::try_from(code & 0xff).unwrap_or(u8::MAX)))
}

fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().filter_map(|(name, value)| {
        let name = name.into_string().ok().filter(|name| run::is_name(name))?;
        Some((name, value.to_string_lossy().into_owned()))
    })
}

fn script(file: &str) -> Result<String, String> {
    let mut bytes = Vec::new();
    let read = std::fs::File::open(file).and_then(|script| script.take(SCRIPT_BYTES_MAX + 1).read_to_end(&mut bytes));
    read.map_err(|error| format!("{file}: {error}"))?;
    if bytes.len() as u64 > SCRIPT_BYTES_MAX {
        return Err(format!("{file}: longer than {SCRIPT_BYTES_MAX} bytes"));
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// `$0` and the positional parameters.
fn named(shell: &mut Shell, mut words: Vec<String>) {
    if !words.is_empty() {
        shell.name = words.remove(0);
    }
    shell.positional = words;
}

/// Runs a whole script; its last command may take the process over.
fn whole(shell: &mut Shell, text: &str) -> Outcome<i32> {
    match parse::script(text) {
        Ok(tree) => {
            shell.is_last = true;
            shell.run(&tree)
        }
        Err(error) => {
            shell.complain(&syntax(&error));
            Err(Flow::Exit(2))
        }
    }
}

/// Runs standard input command by command, so that a command reads what follows it.
fn typed(shell: &mut Shell) -> Outcome<i32> {
    if shell.options.interactive {
        SHIELDED.into_iter().for_each(signal::ignore);
    }
    let mut text = String::new();
    loop {
        prompt(shell, text.is_empty());
        let line = read_line().map_err(|error| shell.fatal(&error.to_string()))?;
        let is_end = line.is_empty();
        text += &line;
        if text.len() as u64 > SCRIPT_BYTES_MAX {
            return Err(shell.fatal("a command is too long"));
        }
        match parse::script(&text) {
            Err(parse::Error::Incomplete) if !is_end => continue,
            Err(error) => {
                shell.complain(&syntax(&error));
                shell.status = 2;
                if !shell.options.interactive {
                    return Err(Flow::Exit(2));
                }
            }
            Ok(tree) => match shell.run(&tree) {
                Ok(_) => {}
                // There is no loop or function to leave.
                Err(Flow::Break(_) | Flow::Continue(_)) => {}
                Err(Flow::Abandon) => shell.status = 2,
                Err(flow) => return Err(flow),
            },
        }
        text.clear();
        if is_end {
            return Ok(shell.status);
        }
    }
}

fn prompt(shell: &Shell, is_first: bool) {
    if !shell.options.interactive {
        return;
    }
    let place = std::env::current_dir().map(|path| path.to_string_lossy().into_owned()).unwrap_or_default();
    let mark = if nix::unistd::geteuid().is_root() { '#' } else { '$' };
    let text = if is_first { format!("{place} {mark} ") } else { "> ".to_owned() };
    let mut out = std::io::stderr();
    write!(out, "{text}").and_then(|()| out.flush()).unwrap_or_default();
}

/// Standard input without a buffer: what follows a line is the next command's.
struct Input;

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        loop {
            match nix::unistd::read(std::io::stdin(), buffer) {
                Err(nix::errno::Errno::EINTR) => {}
                Err(error) => return Err(error.into()),
                Ok(count) => return Ok(count),
            }
        }
    }
}

/// A line with its end, if it has one; empty at the end of the input.
fn read_line() -> std::io::Result<String> {
    let mut bytes = Vec::new();
    let mut byte = [0];
    while bytes.last() != Some(&b'\n') && bytes.len() as u64 <= SCRIPT_BYTES_MAX && Input.read(&mut byte)? == 1 {
        bytes.push(byte[0]);
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
