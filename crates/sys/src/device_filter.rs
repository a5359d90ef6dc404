//! The device rules of a cgroup of version 2: a list of what is allowed, as a program that the kernel asks at every open and mknod.
//!
//! [`instructions`] is pure; [`DeviceFilter`] hands its result to the kernel. Never decides what is allowed.

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::path::Path;

/// More rules than any container needs; the kernel would take a million instructions.
pub const RULES_MAX: usize = 1024;

/// Which kind of device file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceKind {
    /// A block device.
    Block,
    /// A character device.
    Character,
}

/// What may be done with a device: a set of [`Access::MKNOD`], [`Access::READ`] and [`Access::WRITE`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Access(u8);

impl Access {
    /// Make a file for it.
    pub const MKNOD: Access = Access(1);
    /// Open it for reading.
    pub const READ: Access = Access(2);
    /// Open it for writing.
    pub const WRITE: Access = Access(4);
    /// All of it.
    pub const ALL: Access = Access(7);

    /// From letters of `rwm`; others are left out.
    pub fn from_letters(letters: &str) -> Access {
        letters.chars().fold(Access(0), |access, letter| match letter {
            'm' => Access(access.0 | Access::MKNOD.0),
            'r' => Access(access.0 | Access::READ.0),
            'w' => Access(access.0 | Access::WRITE.0),
            _ => access,
        })
    }
}

/// Devices that are allowed. What no rule allows as a whole is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeviceRule {
    /// Their kind.
    pub kind: DeviceKind,
    /// Their major number; None: any.
    pub major: Option<u32>,
    /// Their minor number; None: any.
    pub minor: Option<u32>,
    /// What is allowed with them.
    pub access: Access,
}

/// The kernel's `struct bpf_insn`.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Instruction {
    code: u8,
    /// Destination in the low half, source in the high one.
    registers: u8,
    offset: i16,
    immediate: i32,
}

const _: () = assert!(cfg!(target_endian = "little"), "the halves of `registers` would change places");

// Operations of `linux/bpf.h`, each of 64 bits.
const LOAD_WORD: u8 = 0x61;
const MOVE: u8 = 0xbf;
const MOVE_IMMEDIATE: u8 = 0xb7;
const AND_IMMEDIATE: u8 = 0x57;
const SHIFT_RIGHT_IMMEDIATE: u8 = 0x77;
const JUMP_UNLESS_EQUAL: u8 = 0x55;
const EXIT: u8 = 0x95;

// Registers. The kernel passes the question in 1 and takes the answer from 0.
const ANSWER: u8 = 0;
const QUESTION: u8 = 1;
const KIND: u8 = 2;
const ACCESS: u8 = 3;
const MAJOR: u8 = 4;
const MINOR: u8 = 5;
/// The question is not needed once it has been read.
const SCRATCH: u8 = QUESTION;

fn instruction(code: u8, destination: u8, source: u8, offset: i16, immediate: i32) -> Instruction {
    Instruction { code, registers: destination | source << 4, offset, immediate }
}

fn with_number(code: u8, register: u8, immediate: i32) -> Instruction {
    instruction(code, register, 0, 0, immediate)
}

/// The program that allows what one of the rules allows, and refuses everything else.
pub fn instructions(rules: &[DeviceRule]) -> Vec<Instruction> {
    // The question is `struct bpf_cgroup_dev_ctx`: access in the high and kind in the low half of a word, major, minor.
    let mut program = vec![
        instruction(LOAD_WORD, KIND, QUESTION, 0, 0),
        instruction(MOVE, ACCESS, KIND, 0, 0),
        with_number(AND_IMMEDIATE, KIND, 0xffff),
        with_number(SHIFT_RIGHT_IMMEDIATE, ACCESS, 16),
        instruction(LOAD_WORD, MAJOR, QUESTION, 4, 0),
        instruction(LOAD_WORD, MINOR, QUESTION, 8, 0),
    ];
    for rule in rules {
        program.extend(allow(rule));
    }
    program.extend([with_number(MOVE_IMMEDIATE, ANSWER, 0), with_number(EXIT, 0, 0)]);
    program
}

/// One rule: jumps behind itself unless everything matches.
fn allow(rule: &DeviceRule) -> Vec<Instruction> {
    let kind = match rule.kind {
        DeviceKind::Block => 1,
        DeviceKind::Character => 2,
    };
    let mut steps = vec![with_number(JUMP_UNLESS_EQUAL, KIND, kind)];
    if rule.access != Access::ALL {
        steps.push(instruction(MOVE, SCRATCH, ACCESS, 0, 0));
        steps.push(with_number(AND_IMMEDIATE, SCRATCH, i32::from(Access::ALL.0 & !rule.access.0)));
        steps.push(with_number(JUMP_UNLESS_EQUAL, SCRATCH, 0));
    }
    for (register, number) in [(MAJOR, rule.major), (MINOR, rule.minor)] {
        if let Some(number) = number {
            steps.push(with_number(JUMP_UNLESS_EQUAL, register, number.cast_signed()));
        }
    }
    steps.extend([with_number(MOVE_IMMEDIATE, ANSWER, 1), with_number(EXIT, 0, 0)]);
    let end = steps.len();
    for (index, step) in steps.iter_mut().enumerate().filter(|(_, step)| step.code == JUMP_UNLESS_EQUAL) {
        step.offset = i16::try_from(end - index - 1).expect("a rule has a handful of steps");
    }
    steps
}

const BPF_PROG_LOAD: i32 = 5;
const BPF_PROG_ATTACH: i32 = 8;
const BPF_PROG_TYPE_CGROUP_DEVICE: u32 = 15;
const BPF_CGROUP_DEVICE: u32 = 6;
/// Beside what is attached already, here and above: all of them must allow.
const BPF_F_ALLOW_MULTI: u32 = 2;

/// The part of `union bpf_attr` that loading takes.
#[repr(C)]
struct LoadAttributes {
    program_type: u32,
    instruction_count: u32,
    instructions: u64,
    license: u64,
    log_level: u32,
    log_size: u32,
    log: u64,
    kernel_version: u32,
    flags: u32,
    name: [u8; 16],
}

/// The part of `union bpf_attr` that attaching takes.
#[repr(C)]
struct AttachAttributes {
    target: u32,
    program: u32,
    attach_type: u32,
    flags: u32,
}

/// Rules that the kernel has accepted.
#[derive(Debug)]
pub struct DeviceFilter {
    program: OwnedFd,
}

impl DeviceFilter {
    /// Hands the rules to the kernel, which may refuse (its configuration, or a missing privilege).
    pub fn load(rules: &[DeviceRule]) -> io::Result<DeviceFilter> {
        if rules.len() > RULES_MAX {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("more than {RULES_MAX} device rules")));
        }
        let program = instructions(rules);
        let license = c"Apache-2.0";
        let attributes = LoadAttributes {
            program_type: BPF_PROG_TYPE_CGROUP_DEVICE,
            instruction_count: u32::try_from(program.len()).map_err(io::Error::other)?,
            instructions: program.as_ptr().addr() as u64,
            license: license.as_ptr().addr() as u64,
            log_level: 0,
            log_size: 0,
            log: 0,
            kernel_version: 0,
            flags: 0,
            name: *b"stead_devices\0\0\0",
        };
        // SAFETY: the attributes are laid out as the kernel's, and what they point to lives through the call.
        let number = unsafe { libc::syscall(libc::SYS_bpf, BPF_PROG_LOAD, &raw const attributes, size_of::<LoadAttributes>()) };
        let number = i32::try_from(number).map_err(io::Error::other)?;
        if number < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: just opened, owned by nobody else.
        Ok(DeviceFilter { program: unsafe { OwnedFd::from_raw_fd(number) } })
    }

    /// Puts the rules in force in a cgroup of version 2 and below it, for as long as that exists.
    pub fn attach(&self, cgroup: &Path) -> io::Result<()> {
        let directory = File::open(cgroup)?;
        let number = |fd: i32| u32::try_from(fd).map_err(io::Error::other);
        let attributes = AttachAttributes {
            target: number(directory.as_raw_fd())?,
            program: number(self.program.as_raw_fd())?,
            attach_type: BPF_CGROUP_DEVICE,
            flags: BPF_F_ALLOW_MULTI,
        };
        // SAFETY: the attributes are laid out as the kernel's, and both descriptors are open.
        if unsafe { libc::syscall(libc::SYS_bpf, BPF_PROG_ATTACH, &raw const attributes, size_of::<AttachAttributes>()) } != 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
