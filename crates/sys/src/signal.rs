//! Signal dispositions.

use std::io;
use std::ptr;
use std::sync::atomic::{AtomicI32, Ordering};

static EXIT_CODE: AtomicI32 = AtomicI32::new(0);

extern "C" fn exit_now(_signal: libc::c_int) {
    // SAFETY: _exit is async-signal-safe.
    unsafe { libc::_exit(EXIT_CODE.load(Ordering::Relaxed)) }
}

/// Makes SIGTERM and SIGINT end the process at once with `code`, also where it is the first of its process namespace, which the kernel
/// shields from signals that it does not handle.
pub fn exit_on_termination(code: i32) -> io::Result<()> {
    EXIT_CODE.store(code, Ordering::Relaxed);
    for signal in [libc::SIGTERM, libc::SIGINT] {
        // SAFETY: sigaction is plain data, valid when zeroed.
        let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
        action.sa_sigaction = exit_now as extern "C" fn(libc::c_int) as usize;
        // SAFETY: the action is valid and its handler async-signal-safe.
        if unsafe { libc::sigaction(signal, &raw const action, ptr::null_mut()) } < 0 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}

/// Gives every signal its default disposition and unblocks all, as a program expects to find them when it is executed.
pub fn reset_all() {
    // All zero is SIG_DFL without flags, whatever the architecture's order of the members.
    let default = [0u64; 8];
    for signal in 1..=64 {
        // SAFETY: SIG_DFL installs no handler. The system call itself, since the C library does not let its own two signals be reset;
        // those that cannot be changed (9 and 19) fail harmlessly.
        unsafe { libc::syscall(libc::SYS_rt_sigaction, signal, default.as_ptr(), ptr::null_mut::<u64>(), 8usize) };
    }
    // SAFETY: the set is initialised before it is used.
    unsafe {
        let mut none: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut none);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const none, ptr::null_mut());
    }
}

/// Ignores a signal.
pub fn ignore(signal: i32) {
    // SAFETY: SIG_IGN installs no handler.
    unsafe { libc::signal(signal, libc::SIG_IGN) };
}
