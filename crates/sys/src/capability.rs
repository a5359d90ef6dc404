//! Capabilities of the calling thread.

use std::io;

/// Highest capability number asked about: the kernel has 41 today; sets are 64 bits wide.
const CAPABILITY_MAX: u32 = 63;

const NAMES: [&str; 41] = [
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_DAC_READ_SEARCH",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETPCAP",
    "CAP_LINUX_IMMUTABLE",
    "CAP_NET_BIND_SERVICE",
    "CAP_NET_BROADCAST",
    "CAP_NET_ADMIN",
    "CAP_NET_RAW",
    "CAP_IPC_LOCK",
    "CAP_IPC_OWNER",
    "CAP_SYS_MODULE",
    "CAP_SYS_RAWIO",
    "CAP_SYS_CHROOT",
    "CAP_SYS_PTRACE",
    "CAP_SYS_PACCT",
    "CAP_SYS_ADMIN",
    "CAP_SYS_BOOT",
    "CAP_SYS_NICE",
    "CAP_SYS_RESOURCE",
    "CAP_SYS_TIME",
    "CAP_SYS_TTY_CONFIG",
    "CAP_MKNOD",
    "CAP_LEASE",
    "CAP_AUDIT_WRITE",
    "CAP_AUDIT_CONTROL",
    "CAP_SETFCAP",
    "CAP_MAC_OVERRIDE",
    "CAP_MAC_ADMIN",
    "CAP_SYSLOG",
    "CAP_WAKE_ALARM",
    "CAP_BLOCK_SUSPEND",
    "CAP_AUDIT_READ",
    "CAP_PERFMON",
    "CAP_BPF",
    "CAP_CHECKPOINT_RESTORE",
];

/// Number of `CAP_MKNOD`.
pub const MKNOD: u32 = 27;
/// Number of `CAP_SYS_ADMIN`.
pub const SYS_ADMIN: u32 = 21;
/// Number of `CAP_SYS_RESOURCE`.
pub const SYS_RESOURCE: u32 = 24;

/// A set of capabilities, bit n for number n.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CapabilitySet(pub u64);

impl CapabilitySet {
    /// Whether capability `number` is in it.
    pub fn contains(self, number: u32) -> bool {
        self.0 & (1 << number) != 0
    }

    /// The set with capability `number`.
    #[must_use]
    pub fn with(self, number: u32) -> CapabilitySet {
        CapabilitySet(self.0 | 1 << number)
    }

    /// The set without capability `number`.
    #[must_use]
    pub fn without(self, number: u32) -> CapabilitySet {
        CapabilitySet(self.0 & !(1 << number))
    }

    /// Both sets' common part.
    #[must_use]
    pub fn intersection(self, other: CapabilitySet) -> CapabilitySet {
        CapabilitySet(self.0 & other.0)
    }
}

/// Number of a capability by its name, such as `CAP_CHOWN`.
pub fn number(name: &str) -> Option<u32> {
    NAMES.iter().position(|known| *known == name).and_then(|index| u32::try_from(index).ok())
}

#[repr(C)]
struct Header {
    version: u32,
    pid: i32,
}

#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Data {
    effective: u32,
    permitted: u32,
    inheritable: u32,
}

const VERSION_3: u32 = 0x2008_0522;

/// The thread's permitted set.
pub fn permitted() -> io::Result<CapabilitySet> {
    let header = Header { version: VERSION_3, pid: 0 };
    let mut data = [Data::default(); 2];
    // SAFETY: header and data have the layout of version 3 and live through the call.
    if unsafe { libc::syscall(libc::SYS_capget, &raw const header, data.as_mut_ptr()) } != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(CapabilitySet(u64::from(data[0].permitted) | u64::from(data[1].permitted) << 32))
}

/// Drops from the bounding set everything that is not in `keep`, and empties the ambient set.
pub fn limit_bounding(keep: CapabilitySet) -> io::Result<()> {
    for number in 0..=CAPABILITY_MAX {
        // SAFETY: prctl with integer arguments; -1 for a number that the kernel does not know.
        let has = unsafe { libc::prctl(libc::PR_CAPBSET_READ, libc::c_ulong::from(number), 0, 0, 0) };
        if has < 0 {
            break;
        }
        if has == 1 && !keep.contains(number) {
            // SAFETY: as above.
            if unsafe { libc::prctl(libc::PR_CAPBSET_DROP, libc::c_ulong::from(number), 0, 0, 0) } != 0 {
                return Err(io::Error::last_os_error());
            }
        }
    }
    // SAFETY: as above.
    if unsafe { libc::prctl(libc::PR_CAP_AMBIENT, libc::PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) } != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// Sets the thread's effective and permitted sets, and empties the inheritable one.
pub fn set(effective_and_permitted: CapabilitySet) -> io::Result<()> {
    let header = Header { version: VERSION_3, pid: 0 };
    let half = |shift: u32| {
        let bits = u32::try_from(effective_and_permitted.0 >> shift & u64::from(u32::MAX)).expect("32 bits are left");
        Data { effective: bits, permitted: bits, inheritable: 0 }
    };
    let data = [half(0), half(32)];
    // SAFETY: header and data have the layout of version 3 and live through the call.
    if unsafe { libc::syscall(libc::SYS_capset, &raw const header, data.as_ptr()) } != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// Sets real, effective and saved user and group id of a single-threaded process, keeping the permitted capabilities.
pub fn set_user(uid: u32, gid: u32) -> io::Result<()> {
    // SAFETY: system calls with integer arguments, which change this process alone.
    unsafe {
        if libc::prctl(libc::PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0
            || libc::syscall(libc::SYS_setresgid, gid, gid, gid) != 0
            || libc::syscall(libc::SYS_setresuid, uid, uid, uid) != 0
        {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_the_kernel_s() {
        assert_eq!(number("CAP_CHOWN"), Some(0));
        assert_eq!(number("CAP_SYS_ADMIN"), Some(21));
        assert_eq!(number("CAP_SYS_RESOURCE"), Some(SYS_RESOURCE));
        assert_eq!(number("CAP_MKNOD"), Some(MKNOD));
        assert!(!CapabilitySet(u64::MAX).without(MKNOD).contains(MKNOD));
        assert_eq!(number("CAP_CHECKPOINT_RESTORE"), Some(40));
        assert_eq!(number("CHOWN"), None);
    }
}
