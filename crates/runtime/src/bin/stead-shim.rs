//! A program with the runtime's roles, and what this crate's tests need of a server and of containers.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use stead_runtime::{ContainerSpec, Mount, Options, Runtime, SandboxSpec};

#[path = "../../tests/programs/probing.rs"]
mod probing;

const PAUSE: Duration = Duration::from_millis(1);

fn main() -> ExitCode {
    if let Some(code) = stead_applets::main_if_applet() {
        return code;
    }
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let role = match spoken_version() {
        Some(version) => stead_runtime::roles::dispatch_speaking(&arguments, version..=version),
        None => stead_runtime::roles::dispatch(&arguments),
    };
    if let Some(code) = role {
        return code;
    }
    let words: Vec<&str> = arguments.iter().filter_map(|word| word.to_str()).collect();
    let result = match words[..] {
        ["serve-for-test", root, logs] => serve(Path::new(root), Path::new(logs)),
        ["flood-for-test", end] => flood(Path::new(end)),
        ["count-for-test", lines] => count(lines),
        ["fail-for-test", text, code] => fail(text, code),
        ["exit-for-test", end, code] => exit_later(Path::new(end), code),
        ["write-for-test", path, text] => std::fs::write(path, text).map(|()| ExitCode::SUCCESS),
        ["which-for-test", ref paths @ ..] => which(paths),
        ["may-write-for-test", path] => may_write(path),
        ["eat-memory-for-test"] => eat_memory(),
        ["hold-for-test", mebibytes] => hold(mebibytes),
        ["open-device-for-test", kind, major, minor] => open_device(kind, major, minor),
        ["lift-limits-for-test"] => lift_limits(),
        ["session-for-test"] => session(),
        ["describe-for-test"] => describe(),
        ["describe-for-test", "and-sleep"] => describe().and_then(|_| sleep()),
        ["say-and-sleep-for-test"] => writeln!(io::stdout(), "here").and_then(|()| sleep()),
        ["signal-for-test", signal] => signal_itself(signal),
        ["terminal-for-test"] => terminal(),
        ["confinement-for-test"] => confinement(),
        _ => probing::run(&words).unwrap_or(Ok(ExitCode::from(2))),
    };
    result.unwrap_or_else(|error| {
        writeln!(io::stderr(), "{error}").unwrap_or_default();
        ExitCode::FAILURE
    })
}

/// Called `...-speaks-N`, this is a program whose shims speak version N of their protocol only.
fn spoken_version() -> Option<u32> {
    let name = std::env::args_os().next()?;
    name.to_str()?.rsplit_once("-speaks-")?.1.parse().ok()
}

/// Prints numbers, one a line, until the file exists.
fn flood(end: &Path) -> io::Result<ExitCode> {
    let mut output = io::stdout().lock();
    for number in 0u64.. {
        writeln!(output, "{number}")?;
        if end.exists() {
            break;
        }
        if number % 64 == 0 {
            std::thread::sleep(PAUSE);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints numbers in lines of a hundred bytes as fast as it can.
fn count(lines: &str) -> io::Result<ExitCode> {
    let mut output = io::BufWriter::with_capacity(1 << 16, io::stdout().lock());
    for number in 0..lines.parse::<u64>().map_err(io::Error::other)? {
        writeln!(output, "{number:099}")?;
    }
    output.flush()?;
    Ok(ExitCode::SUCCESS)
}

fn fail(text: &str, code: &str) -> io::Result<ExitCode> {
    writeln!(io::stderr(), "{text}")?;
    Ok(ExitCode::from(code.parse::<u8>().map_err(io::Error::other)?))
}

fn exit_later(end: &Path, code: &str) -> io::Result<ExitCode> {
    while !end.exists() {
        std::thread::sleep(PAUSE);
    }
    Ok(ExitCode::from(code.parse::<u8>().map_err(io::Error::other)?))
}

/// Waits until one of the paths exists, and ends with its number, from 1.
fn which(paths: &[&str]) -> io::Result<ExitCode> {
    loop {
        if let Some(index) = paths.iter().position(|path| Path::new(path).exists()) {
            return Ok(ExitCode::from(u8::try_from(index + 1).map_err(io::Error::other)?));
        }
        std::thread::sleep(PAUSE);
    }
}

fn may_write(path: &str) -> io::Result<ExitCode> {
    let result = nix::unistd::access(path, nix::unistd::AccessFlags::W_OK);
    writeln!(io::stdout(), "{result:?}")?;
    Ok(ExitCode::SUCCESS)
}

fn eat_memory() -> io::Result<ExitCode> {
    let mut eaten = Vec::new();
    loop {
        eaten.push(vec![1u8; 1 << 20]);
    }
}

/// Takes so much memory, says so, and keeps it.
fn hold(mebibytes: &str) -> io::Result<ExitCode> {
    let held = vec![1u8; mebibytes.parse::<usize>().map_err(io::Error::other)? << 20];
    writeln!(io::stdout(), "held")?;
    loop {
        std::thread::park();
        std::hint::black_box(&held);
    }
}

/// Makes a device file and opens it; says what came of either.
fn open_device(kind: &str, major: &str, minor: &str) -> io::Result<ExitCode> {
    use nix::sys::stat::{Mode, SFlag, makedev, mknod};
    let kind = if kind == "b" { SFlag::S_IFBLK } else { SFlag::S_IFCHR };
    let number = |text: &str| text.parse::<u64>().map_err(io::Error::other);
    let made = mknod("/device", kind, Mode::from_bits_truncate(0o600), makedev(number(major)?, number(minor)?));
    let opened = File::open("/device").map(drop).map_err(|error| error.raw_os_error());
    writeln!(io::stdout(), "mknod {made:?} open {opened:?}")?;
    Ok(ExitCode::SUCCESS)
}

/// Mounts its own cgroup from new namespaces, where it is root, and writes there whatever frees it.
fn lift_limits() -> io::Result<ExitCode> {
    use nix::mount::{MsFlags, mount};
    use nix::sched::{CloneFlags, unshare};
    unshare(CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWCGROUP | CloneFlags::CLONE_NEWNS)?;
    std::fs::write("/proc/self/uid_map", "0 0 1")?;
    let place = Path::new("/dev/shm");
    let mut said = Vec::new();
    for (kind, controller, files) in [
        ("cgroup", "memory", vec![("memory.memsw.limit_in_bytes", "-1"), ("memory.limit_in_bytes", "-1"), ("release_agent", "/bin/true")]),
        ("cgroup", "devices", vec![("devices.allow", "a"), ("release_agent", "/bin/true")]),
        ("cgroup2", "", vec![("memory.max", "max"), ("memory.swap.max", "max")]),
    ] {
        if mount(Some("c"), place, Some(kind), MsFlags::empty(), Some(controller)).is_err() {
            continue;
        }
        for (file, value) in files {
            let written = File::options().write(true).open(place.join(file)).and_then(|mut file| file.write_all(value.as_bytes()));
            said.push(format!("{file}={}", if written.is_ok() { "written" } else { "refused" }));
        }
        nix::mount::umount(place)?;
    }
    writeln!(io::stdout(), "{}", said.join(" "))?;
    eat_memory()
}

fn session() -> io::Result<ExitCode> {
    writeln!(io::stdout(), "{}", stead_sys::keyring::session()?)?;
    Ok(ExitCode::SUCCESS)
}

/// All that a process is given, a line each.
fn describe() -> io::Result<ExitCode> {
    let mut out = io::stdout().lock();
    writeln!(out, "cwd {}", std::env::current_dir()?.display())?;
    for (name, value) in std::env::vars_os() {
        writeln!(out, "env {}={}", name.display(), value.display())?;
    }
    let status = std::fs::read_to_string("/proc/self/status")?;
    for line in status.lines() {
        if ["Uid", "Gid", "Groups", "Cap", "NoNewPrivs", "Seccomp", "Umask", "SigIgn", "SigBlk", "SigCgt"]
            .iter()
            .any(|name| line.starts_with(name))
        {
            writeln!(out, "{line}")?;
        }
    }
    writeln!(out, "oom_score_adj {}", std::fs::read_to_string("/proc/self/oom_score_adj")?.trim())?;
    write!(out, "{}{}", std::fs::read_to_string("/proc/self/limits")?, std::fs::read_to_string("/proc/self/cgroup")?)?;
    let mut namespaces = Vec::new();
    for entry in std::fs::read_dir("/proc/self/ns")? {
        namespaces.push(std::fs::read_link(entry?.path())?.display().to_string());
    }
    let mut descriptors = Vec::new();
    for entry in std::fs::read_dir("/proc/self/fd")? {
        descriptors.push(entry?.file_name().display().to_string());
    }
    writeln!(out, "namespaces {}\ndescriptors {}\nend of description", namespaces.join(" "), descriptors.join(" "))?;
    Ok(ExitCode::SUCCESS)
}

fn sleep() -> io::Result<ExitCode> {
    loop {
        std::thread::park();
    }
}

fn signal_itself(signal: &str) -> io::Result<ExitCode> {
    let signal = signal.parse::<i32>().map_err(io::Error::other)?;
    nix::sys::signal::raise(nix::sys::signal::Signal::try_from(signal)?)?;
    sleep()
}

/// Says its terminal and its size, once more for each line that is typed. A hang-up shows as a failure before its signal comes:
/// the signal is what ends this program.
fn terminal() -> io::Result<ExitCode> {
    let say = || -> io::Result<()> {
        let size = stead_sys::terminal::size(&io::stdin())?;
        let name = std::fs::read_link("/proc/self/fd/0")?;
        let term = std::env::vars().find(|(name, _)| name == "TERM").map(|(_, value)| value).unwrap_or_default();
        writeln!(io::stdout(), "{}x{} {} TERM={term}", size.columns, size.rows, name.display())?;
        io::stdin().read_line(&mut String::new()).map(drop)
    };
    loop {
        match say() {
            Err(error) if error.raw_os_error() == Some(nix::libc::EIO) => return sleep(),
            said => said?,
        }
    }
}

/// Says how this process is confined, and what becomes of some system calls.
fn confinement() -> io::Result<ExitCode> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    for name in ["Seccomp:", "NoNewPrivs:", "CapEff:", "CapBnd:"] {
        let value = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
        writeln!(io::stdout(), "{name}{}", value.trim())?;
    }
    let outcome = |result: io::Result<()>| match result.map_err(|error| nix::errno::Errno::from_raw(error.raw_os_error().unwrap_or(0))) {
        Ok(()) => "OK".to_owned(),
        Err(errno) => format!("{errno:?}"),
    };
    let unshared = nix::sched::unshare(nix::sched::CloneFlags::CLONE_NEWUTS).map_err(io::Error::from);
    writeln!(io::stdout(), "unshare={}", outcome(unshared))?;
    writeln!(io::stdout(), "clone3={}", stead_sys::seccomp::has_clone3())?;
    writeln!(io::stdout(), "keyctl={}", outcome(stead_sys::keyring::session().map(drop)))?;
    writeln!(io::stdout(), "mkdir={}", outcome(std::fs::create_dir("/made")))?;
    Ok(ExitCode::SUCCESS)
}

/// Starts two containers, says their ids, and waits to be killed.
fn serve(root: &Path, logs: &Path) -> io::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let machine = Runtime::open(root, Options::default()).await.map_err(io::Error::other)?;
        let image = machine.builtin("localhost/stead:1").await.map_err(io::Error::other)?;
        let spec = SandboxSpec { id: "s".into(), cgroup_parent: "pods/s".into(), log_dir: logs.join("s"), ..SandboxSpec::default() };
        machine.create_sandbox(spec).await.map_err(io::Error::other)?;
        let control = logs.join("control");
        std::fs::create_dir_all(&control)?;
        let mut ids = Vec::new();
        for (name, argv) in [
            ("flood", vec!["/bin/stead", "flood-for-test", "/control/end-flood"]),
            ("quick", vec!["/bin/stead", "exit-for-test", "/control/end-quick", "7"]),
        ] {
            let spec = ContainerSpec {
                name: name.into(),
                image: image.reference.clone(),
                labels: [("part".to_owned(), name.to_owned())].into(),
                argv: argv.into_iter().map(str::to_owned).collect(),
                log_path: logs.join("s").join(name).join("0.log"),
                mounts: vec![Mount { source: control.clone(), destination: "/control".into(), ..Mount::default() }],
                ..ContainerSpec::default()
            };
            ids.push(machine.start("s", spec).await.map_err(io::Error::other)?.id);
        }
        writeln!(io::stdout(), "{}", ids.join(" "))?;
        std::future::pending::<()>().await;
        Ok(ExitCode::SUCCESS)
    })
}
