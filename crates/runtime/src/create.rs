//! The role `create-container`: makes one container through libcontainer, starts its program and exits.
//!
//! A process of its own because libcontainer changes its caller (working directory, oom score, dumpable) and forks without care for
//! threads. Its parent is the sandbox's shim, a subreaper, to which the container's first process passes when this one exits. Dies with
//! the shim, so that nothing is started that nobody waits for.

use std::ffi::OsString;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::PathBuf;
use std::process::ExitCode;

use libcontainer::container::builder::ContainerBuilder;
use libcontainer::syscall::syscall::SyscallType;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::signal::Signal;
use nix::unistd::{Pid, Uid};
use serde::{Deserialize, Serialize};
use stead_sys::capability;
use stead_sys::fd::take_inherited;

use crate::cgroup::Layout;
use crate::dev_volume::DevVolume;
use crate::device;
use crate::error::{chain, log_error};
use crate::exec::ProcessRecord;
use crate::executor::Program;
use crate::mounts;
use crate::record::{self, ContainerRecord, Durability, SandboxDir, SandboxRecord, StartedRecord};
use crate::roles;
use crate::rootfs::{self, Prepared};

/// What users and their tools know before the reason for which a program could not be started.
const START_FAILED: &str = "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: ";
/// Longest text that is reported, in bytes.
const MESSAGE_BYTES_MAX: usize = 4096;

/// What this process tells the shim, one JSON line each.
#[derive(Debug, Serialize, Deserialize)]
pub enum Report {
    /// The container's first process exists (and waits).
    Made {
        /// On the machine.
        pid: i32,
    },
    /// Its program was executed.
    Running(StartedRecord),
    /// It could not be described.
    CreateFailed(String),
    /// It could not be run.
    StartFailed(String),
}

/// Arguments of the role.
#[derive(Debug, Serialize, Deserialize)]
pub struct Arguments {
    /// The sandbox's directory.
    pub sandbox: PathBuf,
    /// The container's id.
    pub id: String,
    /// The shim.
    pub parent: i32,
    /// Numbers of the descriptors for its output.
    pub stdout: i32,
    /// See `stdout`.
    pub stderr: i32,
    /// Number of the descriptor for its input; negative: it is `/dev/null`.
    pub stdin: i32,
    /// Number of the socket over which the master of its terminal is handed over; negative: it has none.
    pub terminal: i32,
    /// Number of the descriptor for reports.
    pub report: i32,
    pub layout: Layout,
}

/// What the container's first process is given.
struct Given {
    /// None: `/dev/null`.
    stdin: Option<OwnedFd>,
    stdout: OwnedFd,
    stderr: OwnedFd,
    /// Over which the master of its terminal goes, if it has one.
    terminal: Option<OwnedFd>,
}

impl Given {
    fn take(arguments: &Arguments) -> std::io::Result<Given> {
        let perhaps = |number: i32| (number >= 0).then(|| take_inherited(number)).transpose();
        Ok(Given {
            stdin: perhaps(arguments.stdin)?,
            stdout: take_inherited(arguments.stdout)?,
            stderr: take_inherited(arguments.stderr)?,
            terminal: perhaps(arguments.terminal)?,
        })
    }
}

enum Failure {
    Create(String),
    Start(String),
}

/// Runs the role.
pub fn run(words: &[OsString]) -> ExitCode {
    let Some(arguments) = roles::of_words::<Arguments>(words) else { return ExitCode::from(2) };
    if die_with(arguments.parent).is_err() {
        return ExitCode::from(2);
    }
    let (Ok(given), Ok(report)) = (Given::take(&arguments), take_inherited(arguments.report)) else { return ExitCode::from(2) };
    let mut report = File::from(report);
    match make(&arguments, given, &mut report) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            send_report(
                &mut report,
                &match failure {
                    Failure::Create(message) => Report::CreateFailed(shorten(message)),
                    Failure::Start(message) => Report::StartFailed(shorten(format!("{START_FAILED}{message}"))),
                },
            );
            ExitCode::FAILURE
        }
    }
}

/// Has the kernel kill this process when its parent dies.
pub fn die_with(parent: i32) -> nix::Result<()> {
    nix::sys::prctl::set_pdeathsig(Signal::SIGKILL)?;
    // The parent may have died before the line above.
    if Pid::parent().as_raw() == parent { Ok(()) } else { Err(nix::errno::Errno::ESRCH) }
}

/// The shim sees the pipe close if a report cannot be written, and takes that for a failure.
fn send_report(report: &mut File, message: &Report) {
    let mut line = serde_json::to_vec(message).expect("reports have string keys only");
    line.push(b'\n');
    report.write_all(&line).unwrap_or_default();
}

fn shorten(mut message: String) -> String {
    let end = (0..=MESSAGE_BYTES_MAX.min(message.len())).rev().find(|end| message.is_char_boundary(*end)).unwrap_or(0);
    message.truncate(end);
    // libcontainer hands over whole buffers, zeros included.
    message.trim_end_matches(['\0', '\n', ' ']).to_owned()
}

fn make(arguments: &Arguments, given: Given, report: &mut File) -> Result<(), Failure> {
    let dir = SandboxDir(arguments.sandbox.clone());
    let internal = |error: crate::Error| Failure::Create(chain(&error));
    let sandbox: SandboxRecord = record::read(&dir.record()).map_err(internal)?.ok_or_else(|| missing("sandbox.json"))?;
    let container: ContainerRecord =
        record::read(&dir.container(&arguments.id).join("container.json")).map_err(internal)?.ok_or_else(|| missing("container.json"))?;
    let layout = &arguments.layout;
    let prepared = rootfs::prepare(&dir, &sandbox, &container, layout).map_err(Failure::Create)?;
    rootfs::make_directory(&prepared.rootfs, &prepared.cwd, prepared.users.as_ref().map_or(0, |users| users.ids.first))
        .map_err(|message| Failure::Start(format!("unable to start container process: error during container init: {message}")))?;
    // Not ours to version: it is written and read as the OCI runtime specification says.
    let config = prepared.config.to_string();
    record::write_bytes(&dir.container(&container.id).join("config.json"), config.as_bytes(), Durability::Process).map_err(internal)?;
    start(&dir, &container, layout, prepared, given, report)
}

fn missing(file: &str) -> Failure {
    Failure::Create(format!("{file} is missing"))
}

fn start(
    dir: &SandboxDir,
    container: &ContainerRecord,
    layout: &Layout,
    mut prepared: Prepared,
    given: Given,
    report: &mut File,
) -> Result<(), Failure> {
    let Given { stdin: input, stdout, stderr, terminal } = given;
    let bundle = dir.container(&container.id);
    let (status_reader, status) = nix::unistd::pipe2(OFlag::O_CLOEXEC).map_err(|error| Failure::Start(format!("make a pipe: {error}")))?;
    // So that a user who is not root can open `/dev/stdout`.
    let owner = process_owner(&prepared);
    for descriptor in [Some(&stdout), Some(&stderr), input.as_ref()].into_iter().flatten() {
        nix::unistd::fchown(descriptor, Some(owner), None).map_err(|error| Failure::Start(format!("give a pipe to the user: {error}")))?;
    }
    let stdin = match input {
        Some(input) => input,
        None => File::open("/dev/null").map_err(|error| Failure::Start(format!("open /dev/null: {error}")))?.into(),
    };
    let user = prepared.user.clone();
    restrict_devices(layout, container, &mut prepared).map_err(Failure::Start)?;
    let process = ProcessRecord {
        program: prepared.program.clone(),
        cwd: prepared.cwd.clone(),
        rlimits: prepared.rlimits.clone(),
        oom_score_adj: prepared.oom_score_adj,
        app_armor: prepared.app_armor.clone(),
        users: prepared.users.as_ref().map(|users| users.ids),
    };
    record::write(&bundle.join("process.json"), &process, Durability::Process).map_err(|error| Failure::Create(chain(&error)))?;
    let program = Program {
        status: status.as_raw_fd(),
        terminal: terminal.as_ref().map_or(-1, AsRawFd::as_raw_fd),
        dev_volume: prepared.dev_volume.as_ref().map(DevVolume::order),
        users: prepared.users.as_ref().map_or(-1, |users| users.namespace.as_raw_fd()),
        ..prepared.program
    };
    let built = ContainerBuilder::new(container.id.clone(), SyscallType::default())
        .with_executor(program)
        .with_root_path(bundle.join("oci"))
        .map(|builder| {
            builder.with_stdin(stdin).with_stdout(stdout).with_stderr(stderr).as_init(&bundle).with_systemd(false).with_detach(true)
        })
        .and_then(|builder| builder.build());
    // From here on only the container's process holds the pipe's end: it closes when its program runs.
    drop((status, terminal));
    let mut made = built.map_err(|error| Failure::Start(start_message(status_reader.try_clone().ok(), &error)))?;
    let pid = made.pid().map(nix_pid).ok_or_else(|| Failure::Start("libcontainer gave no process".to_owned()))?;
    send_report(report, &Report::Made { pid });
    let start_ticks = stead_sys::process::start_ticks(pid).map_err(|error| Failure::Start(format!("find process {pid}: {error}")))?;
    mounts::placed::check(pid, &container.spec).map_err(Failure::Start)?;
    layout.withhold_swap(&container.cgroup, &container.spec.resources).map_err(|error| Failure::Start(chain(&error)))?;
    layout.limit_huge_pages(&container.cgroup, &container.spec.huge_pages, Some(pid)).map_err(|error| Failure::Start(chain(&error)))?;
    if !container.spec.privileged && layout.version == 1 {
        device::withdraw(layout, &container.cgroup, &prepared.devices).map_err(|error| Failure::Start(chain(&error)))?;
    }
    drop(prepared.processes); // joined by now
    made.start().map_err(|error| Failure::Start(start_message(None, &error)))?;
    let mut message = String::new();
    File::from(status_reader).read_to_string(&mut message).map_err(|error| Failure::Start(format!("read the start status: {error}")))?;
    if !message.is_empty() {
        return Err(Failure::Start(format!("unable to start container process: {message}")));
    }
    let started = StartedRecord {
        pid,
        start_ticks,
        started_at_ns: record::to_ns(stead_sys::clock::now()),
        user,
        oom_score_adj: prepared.oom_score_adj,
    };
    send_report(report, &Report::Running(started));
    Ok(())
}

/// On the machine.
fn process_owner(prepared: &Prepared) -> Uid {
    let uid = prepared.user.uid;
    Uid::from_raw(prepared.users.as_ref().and_then(|users| users.ids.outside(uid)).unwrap_or(uid))
}

/// Version 2: without device rules a container must not be able to make device files, which would open every disk.
fn restrict_devices(layout: &Layout, container: &ContainerRecord, prepared: &mut Prepared) -> Result<(), String> {
    if container.spec.privileged || layout.version == 1 {
        return Ok(());
    }
    if let Err(error) = device::restrict(layout, &container.cgroup, &prepared.devices) {
        prepared.program.capabilities = prepared.program.capabilities.without(capability::MKNOD);
        // Device files that the image brings open nothing either.
        rootfs::refuse_devices(&prepared.rootfs)?;
        log_error(&format!("container {} gets no CAP_MKNOD: {}", container.id, chain(&error)));
    }
    Ok(())
}

/// libcontainer's process id is that of another release of nix.
fn nix_pid(pid: impl std::fmt::Display) -> i32 {
    pid.to_string().parse().unwrap_or(0)
}

/// The executor's own words if it left any, libcontainer's otherwise.
fn start_message(status: Option<OwnedFd>, error: &(dyn std::error::Error + 'static)) -> String {
    let mut own = String::new();
    if let Some(status) = status {
        // Whatever the executor had to say is in the pipe already; a process of libcontainer's may still hold the other end.
        if fcntl(&status, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).is_ok() {
            File::from(status).take(MESSAGE_BYTES_MAX as u64).read_to_string(&mut own).unwrap_or_default();
        }
    }
    if own.is_empty() {
        format!("unable to start container process: error during container init: {}", chain(error))
    } else {
        format!("unable to start container process: {own}")
    }
}
