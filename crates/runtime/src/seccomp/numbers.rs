//! System calls by number on this machine's architectures.

use super::profile::Architecture;

#[cfg(target_arch = "x86_64")]
use syscalls::{x86 as compatible, x86_64 as native};

#[cfg(target_arch = "aarch64")]
use syscalls::{aarch64 as native, arm as compatible};

/// `AUDIT_ARCH_*`: how the kernel names them to a filter.
#[cfg(target_arch = "x86_64")]
const AUDIT: (u32, u32) = (0xc000_003e, 0x4000_0003);
#[cfg(target_arch = "aarch64")]
const AUDIT: (u32, u32) = (0xc000_00b7, 0x4000_0028);

/// Beginning of the numbers of the x32 form of x86_64, which are the same to a filter otherwise.
pub const X32_FIRST: Option<u32> = if cfg!(target_arch = "x86_64") { Some(0x4000_0000) } else { None };

/// How the kernel names an architecture to a filter.
pub fn audit(architecture: Architecture) -> u32 {
    match architecture {
        Architecture::Native => AUDIT.0,
        Architecture::Compatible => AUDIT.1,
    }
}

/// The number of a system call, if the architecture has it.
pub fn number(architecture: Architecture, name: &str) -> Option<u32> {
    let number = match architecture {
        Architecture::Native => name.parse::<native::Sysno>().ok()?.id(),
        Architecture::Compatible => name.parse::<compatible::Sysno>().ok()?.id(),
    };
    u32::try_from(number).ok()
}
