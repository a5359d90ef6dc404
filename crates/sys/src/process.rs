//! Processes: pidfds, forks of single-threaded processes, limits.

use std::fs;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

/// Which side of a fork this is.
#[derive(Debug, PartialEq, Eq)]
pub enum Fork {
    /// The new process.
    Child,
    /// The old one, with the new one's id.
    Parent(i32),
}

/// Forks a process that has one thread; refused otherwise, since the child of a threaded process may not even allocate.
pub fn fork_single_threaded() -> io::Result<Fork> {
    Forker::new()?.fork()
}

/// A process that had one thread when it was looked at, and starts none from then on.
#[derive(Debug)]
pub struct Forker(());

impl Forker {
    /// Looks, which takes a `/proc` of this process's own namespace.
    pub fn new() -> io::Result<Forker> {
        if fs::read_dir("/proc/self/task")?.count() != 1 {
            return Err(io::Error::other("fork of a process with several threads"));
        }
        Ok(Forker(()))
    }

    /// Forks.
    pub fn fork(self) -> io::Result<Fork> {
        // SAFETY: this process has one thread, so no lock is held by a thread that the child would lack.
        match unsafe { libc::fork() } {
            -1 => Err(io::Error::last_os_error()),
            0 => Ok(Fork::Child),
            pid => Ok(Fork::Parent(pid)),
        }
    }

    /// Forks into a cgroup of version 2, by its directory. Unlike a later move this waits for no other process.
    pub fn fork_into(self, cgroup: BorrowedFd<'_>) -> io::Result<Fork> {
        let mut arguments = CloneArguments {
            flags: CLONE_INTO_CGROUP,
            exit_signal: libc::SIGCHLD as u64,
            cgroup: u64::try_from(cgroup.as_raw_fd()).map_err(io::Error::other)?,
            ..CloneArguments::default()
        };
        // SAFETY: without shared memory or a stack of its own this is a fork; one thread, as above.
        match unsafe { libc::syscall(libc::SYS_clone3, &raw mut arguments, size_of::<CloneArguments>()) } {
            -1 => Err(io::Error::last_os_error()),
            0 => Ok(Fork::Child),
            pid => i32::try_from(pid).map(Fork::Parent).map_err(io::Error::other),
        }
    }
}

/// Of `linux/sched.h`; libc's own is too narrow for it.
const CLONE_INTO_CGROUP: u64 = 1 << 33;

/// The kernel's `struct clone_args`.
#[repr(C)]
#[derive(Default)]
struct CloneArguments {
    flags: u64,
    pidfd: u64,
    child_tid: u64,
    parent_tid: u64,
    exit_signal: u64,
    stack: u64,
    stack_size: u64,
    tls: u64,
    set_tid: u64,
    set_tid_size: u64,
    cgroup: u64,
}

/// Ends the process at once: no destructors, no exit handlers.
pub fn exit_immediately(code: i32) -> ! {
    // SAFETY: never returns.
    unsafe { libc::_exit(code) }
}

/// A handle on a process that never comes to mean another one.
#[derive(Debug)]
pub struct PidFd(OwnedFd);

impl PidFd {
    /// The process that has `pid` now.
    pub fn open(pid: i32) -> io::Result<PidFd> {
        // SAFETY: system call with integer arguments; gives a new descriptor or fails.
        let number = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
        if number < 0 {
            return Err(io::Error::last_os_error());
        }
        let number = i32::try_from(number).map_err(io::Error::other)?;
        // SAFETY: just opened, owned by nobody else.
        Ok(PidFd(unsafe { OwnedFd::from_raw_fd(number) }))
    }

    /// The same handle again.
    pub fn descriptor(&self) -> io::Result<OwnedFd> {
        self.0.try_clone()
    }

    /// Takes one that another process has opened.
    pub fn from_descriptor(descriptor: OwnedFd) -> PidFd {
        PidFd(descriptor)
    }

    /// The process's id in this process's namespace, as long as the process has not been reaped.
    pub fn pid(&self) -> io::Result<i32> {
        let info = fs::read_to_string(format!("/proc/self/fdinfo/{}", self.0.as_raw_fd()))?;
        let pid = info.lines().find_map(|line| line.strip_prefix("Pid:")).and_then(|text| text.trim().parse().ok());
        pid.filter(|pid| *pid > 0).ok_or_else(|| io::Error::from_raw_os_error(libc::ESRCH))
    }

    /// Sends a signal.
    pub fn signal(&self, signal: i32) -> io::Result<()> {
        // SAFETY: the descriptor is open; a null info means the same as kill.
        let result =
            unsafe { libc::syscall(libc::SYS_pidfd_send_signal, self.0.as_raw_fd(), signal, std::ptr::null::<libc::siginfo_t>(), 0) };
        if result != 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(())
    }

    /// Whether it has ended.
    pub fn has_ended(&self) -> io::Result<bool> {
        let mut poll = libc::pollfd { fd: self.0.as_raw_fd(), events: libc::POLLIN, revents: 0 };
        // SAFETY: one valid entry, no waiting.
        if unsafe { libc::poll(&raw mut poll, 1, 0) } < 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(poll.revents & libc::POLLIN != 0)
    }
}

impl AsFd for PidFd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// When a process began, in clock ticks since the machine's start: with the boot id it tells a process from a later one of the same id.
pub fn start_ticks(pid: i32) -> io::Result<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name in parentheses may hold spaces and parentheses itself; the fields after it are numbers, the 22nd of all is wanted.
    stat.rsplit_once(')')
        .and_then(|(_, rest)| rest.split_ascii_whitespace().nth(19))
        .and_then(|ticks| ticks.parse().ok())
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, format!("no start time in /proc/{pid}/stat")))
}

/// The processes whose parent is `parent` now.
pub fn children(parent: i32) -> io::Result<Vec<i32>> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc")?.flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<i32>().ok()) else { continue };
        // One that has ended meanwhile has no parent any more.
        let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else { continue };
        let of = stat.rsplit_once(')').and_then(|(_, rest)| rest.split_ascii_whitespace().nth(1)).and_then(|text| text.parse().ok());
        if of == Some(parent) {
            found.push(pid);
        }
    }
    Ok(found)
}

/// The id of this boot of the machine.
pub fn boot_id() -> io::Result<String> {
    Ok(fs::read_to_string("/proc/sys/kernel/random/boot_id")?.trim().to_owned())
}

/// Soft and hard limit of open files.
pub fn nofile_limit() -> io::Result<(u64, u64)> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the struct lives through the call.
    if unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) } != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok((limit.rlim_cur, limit.rlim_max))
}

/// Raises the soft limit of open files to the hard one; what it is then. Programs that this one starts have it, too.
pub fn raise_nofile_limit() -> io::Result<u64> {
    let (_, hard) = nofile_limit()?;
    let limit = libc::rlimit { rlim_cur: hard, rlim_max: hard };
    // SAFETY: the struct lives through the call.
    if unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) } != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(hard)
}

/// The hard limit that is called `name`, such as `RLIMIT_CORE`; None for an unknown name.
pub fn hard_limit(name: &str) -> Option<u64> {
    let resource = resource(name)?;
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the struct lives through the call.
    if unsafe { libc::getrlimit(resource, &raw mut limit) } != 0 {
        return None;
    }
    Some(limit.rlim_max)
}

/// Sets this process's soft and hard limit that is called `name`.
pub fn set_limit(name: &str, soft: u64, hard: u64) -> io::Result<()> {
    let resource = resource(name).ok_or(io::ErrorKind::InvalidInput)?;
    let limit = libc::rlimit { rlim_cur: soft, rlim_max: hard };
    // SAFETY: the struct lives through the call.
    if unsafe { libc::setrlimit(resource, &raw const limit) } != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

fn resource(name: &str) -> Option<libc::__rlimit_resource_t> {
    Some(match name {
        "RLIMIT_CPU" => libc::RLIMIT_CPU,
        "RLIMIT_FSIZE" => libc::RLIMIT_FSIZE,
        "RLIMIT_DATA" => libc::RLIMIT_DATA,
        "RLIMIT_STACK" => libc::RLIMIT_STACK,
        "RLIMIT_CORE" => libc::RLIMIT_CORE,
        "RLIMIT_RSS" => libc::RLIMIT_RSS,
        "RLIMIT_NPROC" => libc::RLIMIT_NPROC,
        "RLIMIT_NOFILE" => libc::RLIMIT_NOFILE,
        "RLIMIT_MEMLOCK" => libc::RLIMIT_MEMLOCK,
        "RLIMIT_AS" => libc::RLIMIT_AS,
        "RLIMIT_LOCKS" => libc::RLIMIT_LOCKS,
        "RLIMIT_SIGPENDING" => libc::RLIMIT_SIGPENDING,
        "RLIMIT_MSGQUEUE" => libc::RLIMIT_MSGQUEUE,
        "RLIMIT_NICE" => libc::RLIMIT_NICE,
        "RLIMIT_RTPRIO" => libc::RLIMIT_RTPRIO,
        "RLIMIT_RTTIME" => libc::RLIMIT_RTTIME,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_a_start_time_and_has_not_ended() {
        let pid = i32::try_from(std::process::id()).unwrap();
        assert!(start_ticks(pid).unwrap() > 0);
        let handle = PidFd::open(pid).unwrap();
        assert!(!handle.has_ended().unwrap());
        handle.signal(0).unwrap();
        assert_eq!(PidFd::from_descriptor(handle.descriptor().unwrap()).pid().unwrap(), pid);
        assert!(PidFd::open(0x7fff_fff0).is_err());
    }
}
