//! Filters of system calls for containers: profiles, the programs made of them, and where a container's is kept.
//!
//! A container's filter is made once, when it is created: what is executed in it later gets the same one, whatever became of the profile's file.

mod numbers;
mod profile;
mod program;
mod standard;

use std::fs;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};
use stead_sys::seccomp::{FLAG_LOG, FLAG_SPEC_ALLOW, Instruction};

use self::profile::Profile;
use crate::container::Seccomp;
use crate::executor::plain;

/// Largest profile that is read.
const PROFILE_BYTES_MAX: u64 = 1 << 20;

/// A filter, ready for the kernel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filter {
    flags: u32,
    /// Instructions: code, jumps and operand, from the high bits down.
    program: Vec<u64>,
}

impl Filter {
    /// What was asked for, for a container with these capabilities; None if it is not to be filtered. Errors are texts for users.
    pub fn of(asked: &Seccomp, capabilities: &[String]) -> Result<Option<Filter>, String> {
        let profile = match asked {
            Seccomp::Unconfined => return Ok(None),
            Seccomp::Standard => standard::profile(capabilities),
            Seccomp::File(path) => read(path)?,
        };
        let program = program::compile(&profile)?;
        let flags = if profile.log { FLAG_LOG } else { 0 } | if profile.speculation { FLAG_SPEC_ALLOW } else { 0 };
        Ok(Some(Filter { flags, program: program.iter().map(pack).collect() }))
    }

    /// Puts it in force for this thread and all that it starts. Needs `CAP_SYS_ADMIN` or `no_new_privs`.
    pub fn load(&self) -> io::Result<()> {
        let program: Vec<Instruction> = self.program.iter().map(unpack).collect();
        stead_sys::seccomp::load(&program, self.flags)
    }
}

fn read(path: &Path) -> Result<Profile, String> {
    let shown = path.display();
    let failed = |error: io::Error| {
        let reason = plain(error.raw_os_error().unwrap_or(0));
        format!("cannot load seccomp profile \"{shown}\": open {shown}: {reason}")
    };
    if fs::metadata(path).map_err(failed)?.len() > PROFILE_BYTES_MAX {
        return Err(format!("cannot load seccomp profile \"{shown}\": it has more than {PROFILE_BYTES_MAX} bytes"));
    }
    Profile::parse(&fs::read(path).map_err(failed)?).map_err(|error| format!("decoding seccomp profile failed \"{shown}\": {error}"))
}

fn pack(instruction: &Instruction) -> u64 {
    let jumps = u64::from(instruction.if_true) << 40 | u64::from(instruction.if_false) << 32;
    u64::from(instruction.code) << 48 | jumps | u64::from(instruction.operand)
}

fn unpack(packed: &u64) -> Instruction {
    let byte = |shift: u32| (packed >> shift & 0xff) as u8;
    Instruction { code: (packed >> 48) as u16, if_true: byte(40), if_false: byte(32), operand: (packed & u64::from(u32::MAX)) as u32 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instructions_are_packed_and_unpacked() {
        let instruction = Instruction { code: 0x15, if_true: 7, if_false: 255, operand: 0xc000_003e };
        assert_eq!(unpack(&pack(&instruction)), instruction);
    }

    #[test]
    fn a_profile_that_cannot_be_read_is_said() {
        // SEC-13
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("p.json");
        let of = || Filter::of(&Seccomp::File(path.clone()), &[]).unwrap_err();
        let shown = path.display();
        assert_eq!(of(), format!("cannot load seccomp profile \"{shown}\": open {shown}: no such file or directory"));
        fs::write(&path, "{}").unwrap();
        assert!(of().starts_with(&format!("decoding seccomp profile failed \"{shown}\": ")));
    }
}
