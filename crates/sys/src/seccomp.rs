//! Filters of system calls.

use std::io;

/// The kernel's `struct sock_filter`.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Instruction {
    /// What to do.
    pub code: u16,
    /// Instructions to pass over if a comparison holds.
    pub if_true: u8,
    /// Instructions to pass over if it does not.
    pub if_false: u8,
    /// The operand.
    pub operand: u32,
}

/// The kernel's `struct sock_fprog`.
#[repr(C)]
struct Program {
    length: u16,
    instructions: *const Instruction,
}

/// Log what the filter refuses, if the kernel is told to.
pub const FLAG_LOG: u32 = 2;
/// Leave the processor's speculation on, as for programs without a filter.
pub const FLAG_SPEC_ALLOW: u32 = 4;
/// Longest program that the kernel takes.
pub const INSTRUCTIONS_MAX: usize = 4096;

/// Puts a filter in force for this thread and all that it starts, for good. Needs `CAP_SYS_ADMIN` or `no_new_privs`.
pub fn load(instructions: &[Instruction], flags: u32) -> io::Result<()> {
    const SET_MODE_FILTER: libc::c_uint = 1;
    let length = u16::try_from(instructions.len()).map_err(io::Error::other)?;
    let program = Program { length, instructions: instructions.as_ptr() };
    // SAFETY: the program is laid out as the kernel's, and it and its instructions live through the call, which copies them.
    if unsafe { libc::syscall(libc::SYS_seccomp, SET_MODE_FILTER, flags, &raw const program) } != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// Whether `clone3` is there: called for nothing it fails otherwise, and makes no process either way.
pub fn has_clone3() -> bool {
    // SAFETY: without a structure the kernel refuses before it does anything.
    let result = unsafe { libc::syscall(libc::SYS_clone3, std::ptr::null::<u8>(), 0usize) };
    result != -1 || io::Error::last_os_error().raw_os_error() != Some(libc::ENOSYS)
}
