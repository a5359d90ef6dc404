//! The role `exec-in-container`: enters a container, executes one program there and leaves it to the shim.
//!
//! ```text
//!   helper: limits ▶ most namespaces ▶ fork into the cgroup ▶ tells the shim the child ▶ lets it go ▶ exits
//!   child:  waits to be let go ▶ namespaces of cgroups and users ▶ session, terminal, stdio ▶ directory ▶ user, capabilities ▶ program
//! ```
//!
//! A process of its own so that the shim never enters a namespace. It cannot be traced or read from inside the container, and what it
//! holds closes when the program is executed. Never decides whether the program may run.

use std::ffi::{CString, OsString};
use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::ExitCode;

use nix::sched::{CloneFlags, setns};
use nix::sys::stat::Mode;
use serde::{Deserialize, Serialize};
use stead_sys::fd::take_inherited;
use stead_sys::process::{Fork, Forker, PidFd, exit_immediately, set_limit};
use stead_sys::terminal::Size;

use super::{ORDER_BYTES_MAX, Order, ProcessRecord, Word};
use crate::app_armor;
use crate::cgroup::Layout;
use crate::create::die_with;
use crate::error::chain;
use crate::executor::{Program, become_root, c_string, plain};
use crate::protocol::{encode, take_frame};
use crate::record::{self, ContainerRecord, SandboxDir};
use crate::roles;
use crate::terminal;

/// What users and their tools know before the reason for which a program could not be started.
const START_FAILED: &str = "unable to start container process: ";
/// Exit code where no program was run, which nobody is told.
const FAILED: i32 = 128;
/// What the child waits for.
const GO: u8 = b'g';

/// Arguments of the role.
#[derive(Debug, Serialize, Deserialize)]
pub struct Arguments {
    /// The sandbox's directory.
    pub sandbox: PathBuf,
    /// The container's id.
    pub id: String,
    /// The shim.
    pub parent: i32,
    /// Number of the handle on the container's first process.
    pub first: i32,
    /// Number of the socket to whoever asked.
    pub control: i32,
    /// Number of the pipe to the shim.
    pub report: i32,
    pub layout: Layout,
}

/// Runs the role.
pub fn run(words: &[OsString]) -> ExitCode {
    let Some(arguments) = roles::of_words::<Arguments>(words) else { return ExitCode::from(2) };
    // Dies with the shim, so that nothing is started that nobody waits for.
    if die_with(arguments.parent).is_err() || nix::sys::prctl::set_dumpable(false).is_err() {
        return ExitCode::from(2);
    }
    let (Ok(first), Ok(control), Ok(report)) =
        (take_inherited(arguments.first), take_inherited(arguments.control), take_inherited(arguments.report))
    else {
        return ExitCode::from(2);
    };
    let mut control = UnixStream::from(control);
    match enter(&arguments, PidFd::from_descriptor(first), &mut control, File::from(report)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            say(&control, &message);
            ExitCode::FAILURE
        }
    }
}

/// If even the socket is gone, nobody waits for the words.
fn say(control: &UnixStream, message: &str) {
    let mut control = control;
    control.write_all(&encode(&Word::Failed(format!("{START_FAILED}{message}")))).unwrap_or_default();
}

fn enter(arguments: &Arguments, first: PidFd, control: &mut UnixStream, mut report: File) -> Result<(), String> {
    let dir = SandboxDir(arguments.sandbox.clone());
    let base = dir.container(&arguments.id);
    let internal = |error: crate::Error| chain(&error);
    let missing = |file: &str| format!("{file} is missing");
    let container: ContainerRecord =
        record::read(&base.join("container.json")).map_err(internal)?.ok_or_else(|| missing("container.json"))?;
    let process: ProcessRecord = record::read(&base.join("process.json")).map_err(internal)?.ok_or_else(|| missing("process.json"))?;
    let stdio = receive_order(control)?;
    let nowhere = File::options().read(true).write(true).open("/dev/null").map_err(text("open /dev/null"))?;
    let joined = namespaces(&first)?;
    // Without the privilege to lower it, the score stays what it was inherited as.
    fs::write("/proc/self/oom_score_adj", process.oom_score_adj.to_string()).unwrap_or_default();
    give_away(&process, &stdio);
    for limit in &process.rlimits {
        set_limit(&limit.name, limit.soft, limit.hard).map_err(text("set limits"))?;
    }
    if let Some(profile) = &process.app_armor {
        // Of the machine's `/proc`: what the container has at that place may be anything.
        app_armor::enter_on_exec(profile).map_err(text("enter the AppArmor profile"))?;
    }
    let forker = Forker::new().map_err(text("fork"))?;
    let cgroup = arguments.layout.enter(&container.cgroup).map_err(internal)?;
    let later = joined & joined_in_cgroup();
    join(&first, joined - later)?;
    let (mut go_reader, mut go_writer) = std::io::pipe().map_err(text("make a pipe"))?;
    let forked = match &cgroup {
        Some(cgroup) => forker.fork_into(cgroup.as_fd()),
        None => forker.fork(),
    };
    match forked.map_err(text("fork"))? {
        Fork::Child => {
            drop((go_writer, report, cgroup));
            let mut go = [0];
            // Without the word the shim does not know this process, and nobody would wait for it.
            if go_reader.read_exact(&mut go).is_ok() && go[0] == GO {
                let entered = join(&first, later);
                drop(first);
                say(control, &entered.err().unwrap_or_else(|| execute(process, stdio, &nowhere, control, joined)));
            }
            exit_immediately(FAILED)
        }
        Fork::Parent(child) => {
            writeln!(report, "{child}").map_err(text("tell the shim"))?;
            go_writer.write_all(&[GO]).map_err(text("let the process go"))
        }
    }
}

fn text(what: &'static str) -> impl Fn(std::io::Error) -> String {
    move |error| format!("{what}: {}", plain(error.raw_os_error().unwrap_or(0)))
}

/// The order and the descriptors that came with it.
#[derive(Debug)]
struct Received {
    order: Order,
    stdin: Option<OwnedFd>,
    stdout: Option<OwnedFd>,
    stderr: Option<OwnedFd>,
}

fn receive_order(control: &UnixStream) -> Result<Received, String> {
    let (mut buffer, mut descriptors, mut chunk) = (Vec::new(), Vec::new(), vec![0; 64 * 1024]);
    let body = loop {
        match stead_sys::socket::receive(control, &mut chunk, &mut descriptors) {
            Ok(0) => return Err("nobody waits for it any more".to_owned()),
            Ok(count) => buffer.extend_from_slice(&chunk[..count]),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(text("receive the order")(error)),
        }
        if let Some(body) = take_frame(&mut buffer).map_err(|error| error.to_string())? {
            break body;
        }
        if buffer.len() > ORDER_BYTES_MAX {
            return Err("the order is too long".to_owned());
        }
    };
    let order: Order = serde_json::from_slice(&body).map_err(|error| format!("order: {error}"))?;
    let mut descriptors = descriptors.into_iter();
    let mut next = |there: bool| -> Result<Option<OwnedFd>, String> {
        if there { descriptors.next().map(Some).ok_or_else(|| "a descriptor is missing".to_owned()) } else { Ok(None) }
    };
    let (stdin, stdout, stderr) = (next(order.stdin)?, next(order.stdout)?, next(order.stderr)?);
    Ok(Received { order, stdin, stdout, stderr })
}

/// Those of the first process's namespaces that this one is not in already. To enter one's own user namespace is an error.
fn namespaces(first: &PidFd) -> Result<CloneFlags, String> {
    let gone = || "the container has ended".to_owned();
    let pid = first.pid().map_err(|_| gone())?;
    let kinds = [
        ("user", CloneFlags::CLONE_NEWUSER),
        ("mnt", CloneFlags::CLONE_NEWNS),
        ("pid", CloneFlags::CLONE_NEWPID),
        ("net", CloneFlags::CLONE_NEWNET),
        ("ipc", CloneFlags::CLONE_NEWIPC),
        ("uts", CloneFlags::CLONE_NEWUTS),
        ("cgroup", CloneFlags::CLONE_NEWCGROUP),
    ];
    let mut joined = CloneFlags::empty();
    for (name, flag) in kinds {
        let of = |whose: &str| fs::metadata(format!("/proc/{whose}/ns/{name}")).map(|metadata| (metadata.dev(), metadata.ino()));
        if of(&pid.to_string()).map_err(|_| gone())? != of("self").map_err(text("read own namespaces"))? {
            joined |= flag;
        }
    }
    // Only now is it certain that all of these were its, and not those of a later process with its id.
    if first.has_ended().map_err(text("look at the container"))? { Err(gone()) } else { Ok(joined) }
}

/// The namespaces that the program joins when it is in its cgroup. Where cgroups are mounted with `nsdelegate`, as by systemd, nobody is put into one
/// from outside of his own namespace of them. That one belongs to the machine's users, whom a process must not have left before.
fn joined_in_cgroup() -> CloneFlags {
    CloneFlags::CLONE_NEWCGROUP | CloneFlags::CLONE_NEWUSER
}

/// Joins these of its namespaces; none is nothing to do.
fn join(first: &PidFd, flags: CloneFlags) -> Result<(), String> {
    if flags.is_empty() {
        return Ok(());
    }
    setns(first, flags).map_err(|error| format!("join namespaces: {}", plain(error as i32)))
}

/// Executes the program; gives why it could not.
fn execute(process: ProcessRecord, received: Received, nowhere: &File, control: &UnixStream, joined: CloneFlags) -> String {
    if joined.contains(CloneFlags::CLONE_NEWUSER)
        && let Err(error) = become_root()
    {
        return text("become root of the user namespace")(error);
    }
    match prepare(process, received, nowhere, control) {
        Ok(program) => match program.become_user_and_execute() {
            Ok(()) => "the program did not take over".to_owned(),
            Err(message) => message,
        },
        Err(message) => message,
    }
}

fn prepare(process: ProcessRecord, received: Received, nowhere: &File, control: &UnixStream) -> Result<Program, String> {
    let Received { order, stdin, stdout, stderr } = received;
    let system = |what: &'static str| move |error: nix::Error| format!("{what}: {}", plain(error as i32));
    nix::unistd::setsid().map_err(system("make a session"))?;
    nix::sys::stat::umask(Mode::from_bits_truncate(0o022)); // OCI-13
    let mut program = process.program;
    program.argv = order.argv.iter().map(|word| c_string(word)).collect::<Result<_, _>>()?;
    if order.terminal {
        let (master, terminal) = terminal::make(order.size.map(|(columns, rows)| Size { columns, rows }))?;
        enter_word(control, Some(&master))?;
        terminal::install(&terminal, program.user.uid)?;
        set_variable(&mut program.env, c"TERM=xterm");
    } else {
        enter_word(control, None)?;
        let or_nowhere = |descriptor: &Option<OwnedFd>| -> std::io::Result<OwnedFd> {
            descriptor.as_ref().map_or_else(|| nowhere.as_fd().try_clone_to_owned(), OwnedFd::try_clone)
        };
        let all = [or_nowhere(&stdin), or_nowhere(&stdout), or_nowhere(&stderr)];
        let [stdin, stdout, stderr] = all.map(|descriptor| descriptor.map_err(text("copy a descriptor")));
        terminal::set_stdio(&stdin?, &stdout?, &stderr?).map_err(system("set the standard descriptors"))?;
    }
    enter_directory(&process.cwd)?;
    Ok(program)
}

/// So that a user who is not root can open `/dev/stdout`. Not everything has an owner.
fn give_away(process: &ProcessRecord, received: &Received) {
    let uid = process.program.user.uid;
    let owner = Some(nix::unistd::Uid::from_raw(process.users.and_then(|users| users.outside(uid)).unwrap_or(uid)));
    for descriptor in [&received.stdin, &received.stdout, &received.stderr].into_iter().flatten() {
        nix::unistd::fchown(descriptor, owner, None).unwrap_or_default();
    }
}

/// Tells whoever asked that there is a process, and hands over the master of its terminal.
fn enter_word(control: &UnixStream, master: Option<&File>) -> Result<(), String> {
    let frame = encode(&Word::Entered);
    let masters: Vec<_> = master.iter().map(|master| master.as_fd()).collect();
    let sent = stead_sys::socket::send(control, &frame, &masters).map_err(text("tell that the container was entered"))?;
    if sent == frame.len() { Ok(()) } else { Err("tell that the container was entered: it did not fit".to_owned()) }
}

/// Sets a variable in its place.
fn set_variable(environment: &mut Vec<CString>, variable: &std::ffi::CStr) {
    let name = |entry: &std::ffi::CStr| entry.to_bytes().split(|byte| *byte == b'=').next().map(<[u8]>::to_vec);
    match environment.iter_mut().find(|entry| name(entry) == name(variable)) {
        Some(entry) => *entry = variable.to_owned(),
        None => environment.push(variable.to_owned()),
    }
}

/// A directory that cannot be reached from the root would be one of the machine's.
fn enter_directory(path: &str) -> Result<(), String> {
    let failed = |reason: &str| format!("chdir to cwd ({path:?}) set in config.json failed: {reason}");
    std::env::set_current_dir(path).map_err(|error| failed(&plain(error.raw_os_error().unwrap_or(0))))?;
    match std::env::current_dir() {
        Ok(found) if found.is_absolute() => Ok(()),
        _ => Err(failed("it is outside of the container")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_is_set_in_its_place() {
        let mut environment = vec![c"A=1".to_owned(), c"TERM=vt100".to_owned(), c"TERMINAL=x".to_owned()];
        set_variable(&mut environment, c"TERM=xterm");
        set_variable(&mut environment, c"B=2");
        assert_eq!(environment, [c"A=1", c"TERM=xterm", c"TERMINAL=x", c"B=2"].map(ToOwned::to_owned));
    }
}
