//! `id`, `env`, and the names of users and groups.

use crate::options::Options;
use nix::unistd::{getegid, geteuid, getgroups};
use std::ffi::{CString, OsString};
use std::fs;
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::process::ExitCode;

/// The name that a file such as `/etc/passwd` has for a number.
fn name(file: &str, number: u32) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    text.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (name, _, id) = (fields.next()?, fields.next()?, fields.next()?);
        (id.parse() == Ok(number)).then(|| name.to_owned())
    })
}

pub fn user_name(uid: u32) -> Option<String> {
    name("/etc/passwd", uid)
}

pub fn group_name(gid: u32) -> Option<String> {
    name("/etc/group", gid)
}

/// `id [-u | -g | -G] [-n]`
pub fn id(arguments: &[OsString]) -> Result<ExitCode, String> {
    let options = Options::of(arguments, "ugGn")?;
    if let Some(other) = options.operands.first() {
        return Err(format!("{}: only this process is known", other.to_string_lossy()));
    }
    let (uid, gid) = (geteuid().as_raw(), getegid().as_raw());
    let mut groups: Vec<u32> = getgroups().map_err(|error| error.desc().to_owned())?.iter().map(|gid| gid.as_raw()).collect();
    if !groups.contains(&gid) {
        groups.insert(0, gid);
    }
    let one = |number: u32, name: Option<String>| match name {
        Some(name) if options.has('n') => name,
        _ => number.to_string(),
    };
    if options.has('u') {
        return crate::print_line(&one(uid, user_name(uid)));
    }
    if options.has('g') {
        return crate::print_line(&one(gid, group_name(gid)));
    }
    if options.has('G') {
        let words: Vec<String> = groups.iter().map(|gid| one(*gid, group_name(*gid))).collect();
        return crate::print_line(&words.join(" "));
    }
    let both = |number: u32, name: Option<String>| name.map_or_else(|| number.to_string(), |name| format!("{number}({name})"));
    let groups: Vec<String> = groups.iter().map(|gid| both(*gid, group_name(*gid))).collect();
    crate::print_line(&format!("uid={} gid={} groups={}", both(uid, user_name(uid)), both(gid, group_name(gid)), groups.join(",")))
}

/// `env [-i] [-u NAME]... [NAME=VALUE...] [PROGRAM [ARGUMENT...]]`
pub fn env(arguments: &[OsString]) -> Result<ExitCode, String> {
    let options = Options::of(arguments, "iu:")?;
    let mut variables: Vec<(OsString, OsString)> = if options.has('i') { Vec::new() } else { std::env::vars_os().collect() };
    variables.retain(|(name, _)| !options.values('u').any(|unset| unset == name));
    let mut operands = options.operands.iter();
    let mut program = None;
    for word in operands.by_ref() {
        let Some(at) = word.as_bytes().iter().position(|byte| *byte == b'=') else {
            program = Some(word.clone());
            break;
        };
        let (name, value) = (std::ffi::OsStr::from_bytes(&word.as_bytes()[..at]), std::ffi::OsStr::from_bytes(&word.as_bytes()[at + 1..]));
        variables.retain(|(other, _)| other != name);
        variables.push((name.to_owned(), value.to_owned()));
    }
    let lines: Vec<Vec<u8>> = variables.iter().map(|(name, value)| [name.as_bytes(), b"=", value.as_bytes()].concat()).collect();
    let Some(program) = program else {
        let mut out = io::stdout().lock();
        for line in lines {
            out.write_all(&[&line[..], b"\n"].concat()).map_err(|error| error.to_string())?;
        }
        return Ok(ExitCode::SUCCESS);
    };
    let text = |bytes: &[u8]| CString::new(bytes).map_err(|_| "an argument has a zero byte".to_owned());
    let words: Vec<CString> = std::iter::once(&program).chain(operands).map(|word| text(word.as_bytes())).collect::<Result<_, _>>()?;
    let environment: Vec<CString> = lines.iter().map(|line| text(line)).collect::<Result<_, _>>()?;
    stead_sys::signal::reset_all();
    let Err(error) = nix::unistd::execvpe(&words[0], &words, &environment);
    Err(format!("{}: {}", program.to_string_lossy(), error.desc()))
}
