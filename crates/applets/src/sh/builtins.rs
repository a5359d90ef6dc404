//! Commands that the shell does itself: those that change it, and a few that scripts use often.

use super::run::{Flow, Outcome, Shell, is_name};
use crate::condition;
use std::ffi::OsString;
use std::io::{Read, Write};
use std::process::ExitCode;

const NAMES: [&str; 29] = [
    ":", ".", "[", "break", "cd", "command", "continue", "echo", "eval", "exec", "exit", "export", "false", "kill", "printf", "pwd",
    "read", "return", "set", "shift", "source", "test", "trap", "true", "type", "umask", "unset", "wait", "local",
];

pub fn is_builtin(name: &str) -> bool {
    NAMES.contains(&name)
}

/// Runs one; `words` begins with its name.
pub fn run(shell: &mut Shell, words: &[String]) -> Outcome<i32> {
    let arguments = &words[1..];
    let first = arguments.first().map(String::as_str);
    match words[0].as_str() {
        ":" | "true" => Ok(0),
        "false" => Ok(1),
        "[" | "test" => Ok(test(shell, words)),
        "break" | "continue" => leave(shell, &words[0], first),
        "cd" => Ok(cd(shell, first)),
        "command" => command(shell, arguments),
        "type" => Ok(describe(shell, arguments)),
        "echo" => Ok(applet(shell, "echo", crate::echo, arguments)),
        "printf" => Ok(applet(shell, "printf", crate::printf::run, arguments)),
        "kill" => Ok(applet(shell, "kill", crate::kill::run, arguments)),
        "pwd" => Ok(applet(shell, "pwd", crate::files::pwd, &[])),
        "eval" => shell.run_text(&arguments.join(" ")),
        "." | "source" => source(shell, first),
        "exec" => exec(shell, arguments),
        "exit" => Err(Flow::Exit(number(shell, first)?)),
        "return" => Err(Flow::Return(number(shell, first)?)),
        "export" => export(shell, arguments),
        "read" => read(shell, arguments),
        "set" => Ok(set(shell, arguments)),
        "shift" => Ok(shift(shell, first)),
        "umask" => Ok(umask(shell, first)),
        "unset" => Ok(unset(shell, arguments)),
        "wait" => wait(shell, arguments),
        name => {
            shell.complain(&format!("{name}: not supported by this shell"));
            Ok(2)
        }
    }
}

/// The last code if no number is given.
fn number(shell: &Shell, word: Option<&str>) -> Outcome<i32> {
    match word {
        None => Ok(shell.status),
        Some(word) => word.parse::<i32>().map(|code| code & 0xff).map_err(|_| shell.fatal(&format!("{word}: not a number"))),
    }
}

fn leave(shell: &Shell, name: &str, loops: Option<&str>) -> Outcome<i32> {
    let loops = loops.map_or(Some(1), |word| word.parse().ok().filter(|loops| *loops > 0));
    match loops {
        Some(loops) if name == "break" => Err(Flow::Break(loops)),
        Some(loops) => Err(Flow::Continue(loops)),
        None => Err(shell.fatal(&format!("{name}: not a number of loops"))),
    }
}

/// Runs an applet's function here.
fn applet(shell: &Shell, name: &str, run: fn(&[OsString]) -> Result<ExitCode, String>, arguments: &[String]) -> i32 {
    let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
    match run(&arguments).and_then(|code| std::io::stdout().flush().map(|()| code).map_err(|error| error.to_string())) {
        Ok(code) => i32::from(code != ExitCode::SUCCESS),
        Err(message) => {
            shell.complain(&format!("{name}: {message}"));
            1
        }
    }
}

fn test(shell: &Shell, words: &[String]) -> i32 {
    let arguments = match (words[0].as_str(), words.last().map(String::as_str)) {
        ("[", Some("]")) if words.len() > 1 => &words[1..words.len() - 1],
        ("[", _) => {
            shell.complain("[: ] is missing");
            return 2;
        }
        _ => &words[1..],
    };
    match condition::holds(arguments) {
        Ok(true) => 0,
        Ok(false) => 1,
        Err(message) => {
            shell.complain(&format!("test: {message}"));
            2
        }
    }
}

fn cd(shell: &mut Shell, to: Option<&str>) -> i32 {
    let target = match to {
        None => shell.get("HOME"),
        Some("-") => shell.get("OLDPWD"),
        Some(path) => Some(path.to_owned()),
    };
    let Some(target) = target else {
        shell.complain("cd: there is no such variable to go to");
        return 1;
    };
    let before = std::env::current_dir();
    if let Err(error) = std::env::set_current_dir(&target) {
        shell.complain(&format!("cd: {target}: {error}"));
        return 1;
    }
    for (name, path) in [("OLDPWD", before), ("PWD", std::env::current_dir())] {
        if let Ok(path) = path
            && shell.set(name, &path.to_string_lossy()).is_err()
        {
            return 1;
        }
    }
    if to == Some("-") {
        shell.complain(&target);
    }
    0
}

/// `command -v NAME`, `command NAME...`
fn command(shell: &mut Shell, arguments: &[String]) -> Outcome<i32> {
    match arguments.first().map(String::as_str) {
        None => Ok(0),
        Some("-v") => {
            let name = arguments.get(1).map(String::as_str).unwrap_or_default();
            match place(shell, name) {
                Some(place) => Ok(print(shell, &place)),
                None => Ok(1),
            }
        }
        Some(name) if is_builtin(name) => run(shell, arguments),
        // A program of that name, whatever functions there are.
        Some(_) => {
            let quoted: Vec<String> = arguments.iter().map(|word| quote(word)).collect();
            shell.run_text(&format!("( exec {} )", quoted.join(" ")))
        }
    }
}

fn place(shell: &Shell, name: &str) -> Option<String> {
    if is_builtin(name) || shell.has_function(name) {
        return Some(name.to_owned());
    }
    shell.find(name).filter(|path| std::path::Path::new(path).is_file())
}

fn describe(shell: &Shell, names: &[String]) -> i32 {
    let mut code = 0;
    for name in names {
        let text = match place(shell, name) {
            Some(_) if shell.has_function(name) => format!("{name} is a function"),
            Some(_) if is_builtin(name) => format!("{name} is a shell builtin"),
            Some(path) => format!("{name} is {path}"),
            None => {
                code = 1;
                format!("{name}: not found")
            }
        };
        code |= print(shell, &text);
    }
    code
}

fn print(shell: &Shell, line: &str) -> i32 {
    match writeln!(std::io::stdout(), "{line}") {
        Ok(()) => 0,
        Err(error) => {
            shell.complain(&error.to_string());
            1
        }
    }
}

/// A word in single quotes.
fn quote(word: &str) -> String {
    format!("'{}'", word.replace('\'', "'\\''"))
}

fn source(shell: &mut Shell, file: Option<&str>) -> Outcome<i32> {
    let Some(file) = file else { return Err(shell.fatal(".: a file is missing")) };
    match std::fs::read(file) {
        Ok(text) => match shell.run_text(&String::from_utf8_lossy(&text)) {
            Err(Flow::Return(code)) => Ok(code),
            outcome => outcome,
        },
        Err(error) => Err(shell.fatal(&format!("{file}: {error}"))),
    }
}

fn exec(shell: &mut Shell, arguments: &[String]) -> Outcome<i32> {
    if arguments.is_empty() {
        return Ok(0);
    }
    let code = shell.program(arguments, &[], &[])?;
    if shell.options.interactive { Ok(code) } else { Err(Flow::Exit(code)) }
}

fn export(shell: &mut Shell, arguments: &[String]) -> Outcome<i32> {
    if arguments.is_empty() || arguments[0] == "-p" {
        for line in shell.environment() {
            let (name, value) = line.split_once('=').unwrap_or((&line, ""));
            print(shell, &format!("export {name}={}", quote(value)));
        }
        return Ok(0);
    }
    for argument in arguments {
        let (name, value) = argument.split_once('=').map_or((argument.as_str(), None), |(name, value)| (name, Some(value)));
        if let Some(value) = value {
            shell.set(name, value)?;
        } else if !is_name(name) {
            return Err(shell.fatal(&format!("{name}: not a name of a variable")));
        }
        shell.export(name);
    }
    Ok(0)
}

/// `read [-r] NAME...`: a line, byte by byte, since what follows it is another's.
fn read(shell: &mut Shell, arguments: &[String]) -> Outcome<i32> {
    let is_raw = arguments.first().is_some_and(|word| word == "-r");
    let names = &arguments[usize::from(is_raw)..];
    let (line, is_whole) = match line(is_raw) {
        Ok(read) => read,
        Err(error) => return Err(shell.fatal(&format!("read: {error}"))),
    };
    let separators = shell.get("IFS").unwrap_or_else(|| " \t\n".to_owned());
    let mut rest = line.trim_matches(|c: char| c.is_whitespace() && separators.contains(c));
    for (index, name) in names.iter().enumerate() {
        let is_last = index + 1 == names.len();
        let end = if is_last { rest.len() } else { rest.find(|c| separators.contains(c)).unwrap_or(rest.len()) };
        shell.set(name, &rest[..end])?;
        let behind = &rest[end..];
        let blanks = behind.trim_start_matches(|c: char| c.is_whitespace() && separators.contains(c));
        rest = blanks.strip_prefix(|c: char| blanks.len() == behind.len() && separators.contains(c)).unwrap_or(blanks);
    }
    if names.is_empty() {
        shell.set("REPLY", &line)?;
    }
    Ok(i32::from(!is_whole))
}

/// A line, and whether it has an end.
fn line(is_raw: bool) -> std::io::Result<(String, bool)> {
    let mut bytes = Vec::new();
    let mut is_whole = false;
    let mut escaped = false;
    let mut byte = [0];
    while super::Input.read(&mut byte)? == 1 {
        match byte[0] {
            b'\n' if escaped => escaped = false,
            b'\n' => {
                is_whole = true;
                break;
            }
            b'\\' if !is_raw && !escaped => escaped = true,
            other => {
                escaped = false;
                bytes.push(other);
            }
        }
    }
    Ok((String::from_utf8_lossy(&bytes).into_owned(), is_whole))
}

fn set(shell: &mut Shell, arguments: &[String]) -> i32 {
    for (index, word) in arguments.iter().enumerate() {
        let on = word.starts_with('-');
        match word.strip_prefix(['-', '+']) {
            Some("-") => {
                shell.positional = arguments[index + 1..].to_vec();
                return 0;
            }
            Some(flags) if !flags.is_empty() => {
                for flag in flags.chars() {
                    match flag {
                        'e' => shell.options.errexit = on,
                        'u' => shell.options.nounset = on,
                        'x' => shell.options.xtrace = on,
                        other => {
                            shell.complain(&format!("set: {other}: not supported by this shell"));
                            return 2;
                        }
                    }
                }
            }
            _ => {
                shell.positional = arguments[index..].to_vec();
                return 0;
            }
        }
    }
    0
}

fn shift(shell: &mut Shell, by: Option<&str>) -> i32 {
    match by.map_or(Some(1), |word| word.parse().ok()) {
        Some(by) if by <= shell.positional.len() => {
            shell.positional.drain(..by);
            0
        }
        _ => {
            shell.complain("shift: there are not so many");
            1
        }
    }
}

fn umask(shell: &Shell, mask: Option<&str>) -> i32 {
    use nix::sys::stat::{Mode, umask};
    let Some(mask) = mask else {
        let now = umask(Mode::empty());
        umask(now);
        return print(shell, &format!("{:04o}", now.bits()));
    };
    match u32::from_str_radix(mask, 8).ok().and_then(Mode::from_bits) {
        Some(mask) => {
            umask(mask);
            0
        }
        None => {
            shell.complain(&format!("umask: {mask}: not a mask"));
            1
        }
    }
}

fn unset(shell: &mut Shell, names: &[String]) -> i32 {
    let functions = names.first().is_some_and(|word| word == "-f");
    for name in names.iter().filter(|name| !name.starts_with('-')) {
        if functions { shell.forget_function(name) } else { shell.unset(name) }
    }
    0
}

fn wait(shell: &mut Shell, pids: &[String]) -> Outcome<i32> {
    let mut code = 0;
    if pids.is_empty() {
        shell.wait_for_all();
    }
    for word in pids {
        match word.parse() {
            Ok(pid) => code = shell.wait(pid)?,
            Err(_) => {
                shell.complain(&format!("wait: {word}: not a process"));
                code = 2;
            }
        }
    }
    Ok(code)
}
