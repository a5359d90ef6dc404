//! The last thing that runs in a container before its program: takes away what the program must not have, and executes it.
//!
//! Order: volume at `/dev` → user namespace → session key ring → bounding set → groups → user → capabilities → no_new_privs → seccomp filter → exec. Without `no_new_privs` a filter
//! takes CAP_SYS_ADMIN, which is kept until then; exec takes it away, since the bounding set has lost it. So under the filter nothing is left
//! to be done but exec. Runs in a process forked by libcontainer from the single-threaded helper. Says what went wrong through a pipe that closes by itself when the program runs.

use std::collections::HashMap;
use std::ffi::CString;
use std::fs;
use std::os::fd::{AsFd, RawFd};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use libcontainer::oci_spec::runtime::Spec;
use libcontainer::workload::{Executor, ExecutorError, ExecutorSetEnvsError, ExecutorValidationError};
use nix::errno::Errno;
use nix::sched::{CloneFlags, setns, unshare};
use nix::unistd::Gid;
use serde::{Deserialize, Serialize};
use stead_sys::capability::{self, CapabilitySet};

use crate::container::EffectiveUser;
use crate::dev_volume::Order;
use crate::seccomp::Filter;

/// What to execute, and as whom. Written down for the programs that are run in the container later.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Program {
    /// Program and arguments; not empty.
    #[serde(with = "c_strings")]
    pub argv: Vec<CString>,
    /// The whole environment, `NAME=value`, in order.
    #[serde(with = "c_strings")]
    pub env: Vec<CString>,
    /// `PATH` of that environment.
    pub search_path: String,
    /// Who.
    pub user: EffectiveUser,
    /// Bounding, permitted and effective set.
    #[serde(with = "bits")]
    pub capabilities: CapabilitySet,
    /// Whether to set `no_new_privs`.
    pub no_new_privs: bool,
    /// Which system calls it may make.
    #[serde(default)]
    pub filter: Option<Filter>,
    /// What comes in the place of `/dev`.
    #[serde(skip)]
    pub dev_volume: Option<Order>,
    /// The user namespace to enter; negative: it is this process's own.
    #[serde(skip, default = "nowhere")]
    pub users: RawFd,
    /// The socket over which the master of a terminal is handed over, which is to be made; negative: there is none.
    #[serde(skip, default = "nowhere")]
    pub terminal: RawFd,
    /// Where to say what went wrong; closes on exec.
    #[serde(skip, default = "nowhere")]
    pub status: RawFd,
}

impl Program {
    fn name(&self) -> String {
        self.argv.first().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    }

    /// Finds the program as a shell would. Texts are those of Go's exec package, which users know from every other runtime.
    fn find(&self) -> Result<PathBuf, String> {
        let name = self.name();
        let quoted = format!("exec: {name:?}");
        if name.contains('/') {
            let path = PathBuf::from(&name);
            return match fs::metadata(&path) {
                Err(error) => Err(format!("{quoted}: stat {name}: {}", plain(error.raw_os_error().unwrap_or(0)))),
                Ok(metadata) if is_program(&metadata) => Ok(path),
                Ok(_) => Err(format!("{quoted}: permission denied")),
            };
        }
        self.search_path
            .split(':')
            .map(|directory| Path::new(if directory.is_empty() { "." } else { directory }).join(&name))
            .find(|path| !name.is_empty() && fs::metadata(path).is_ok_and(|metadata| is_program(&metadata)))
            .ok_or_else(|| format!("{quoted}: executable file not found in $PATH"))
    }

    /// From here on this process is root among users who are nobody on the machine. All that the machine's root had to mount is mounted: in a
    /// mount namespace of those users nothing of it can be taken away.
    fn enter_users(&self) -> Result<(), String> {
        if self.users < 0 {
            return Ok(());
        }
        let step = |what: &'static str| move |number: i32| format!("{what}: {}", plain(number));
        let users = stead_sys::fd::take_inherited(self.users).map_err(|error| format!("find the user namespace: {error}"))?;
        setns(users, CloneFlags::CLONE_NEWUSER).map_err(|error| step("enter the user namespace")(error as i32))?;
        become_root().map_err(|error| step("become root of the user namespace")(error.raw_os_error().unwrap_or(0)))?;
        unshare(CloneFlags::CLONE_NEWNS).map_err(|error| step("make a mount namespace")(error as i32))
    }

    /// A terminal for the container's first process: one of the container's, whose master goes to the shim.
    fn take_terminal(&self) -> Result<(), String> {
        if self.terminal < 0 {
            return Ok(());
        }
        let step = |what: &'static str| move |error: std::io::Error| format!("{what}: {}", plain(error.raw_os_error().unwrap_or(0)));
        let socket = stead_sys::fd::take_inherited(self.terminal).map_err(step("find the terminal's socket"))?;
        // It may lead one already.
        nix::unistd::setsid().map(drop).unwrap_or_default();
        let (master, terminal) = crate::terminal::make(None)?;
        stead_sys::socket::send(&socket, b"t", &[master.as_fd()]).map_err(step("hand over the terminal"))?;
        crate::terminal::show_as_console(&terminal)?;
        crate::terminal::install(&terminal, self.user.uid)
    }

    /// Never comes back if all goes well.
    pub fn become_user_and_execute(&self) -> Result<(), String> {
        self.dev_volume.as_ref().map_or(Ok(()), Order::carry_out)?;
        self.enter_users()?;
        let path = self.find()?;
        self.take_terminal()?;
        let step = |what: &'static str| move |error: std::io::Error| format!("{what}: {}", plain(error.raw_os_error().unwrap_or(0)));
        let groups: Vec<Gid> = self.user.groups.iter().copied().map(Gid::from_raw).collect();
        stead_sys::keyring::join_new_session().map_err(step("make a session key ring"))?; // OCI-13
        capability::limit_bounding(self.capabilities).map_err(step("drop capabilities from the bounding set"))?;
        nix::unistd::setgroups(&groups).map_err(|error| format!("set groups: {}", plain(error as i32)))?;
        capability::set_user(self.user.uid, self.user.gid).map_err(step("set user"))?;
        capability::set(self.capabilities_until_exec()).map_err(step("set capabilities"))?;
        if self.no_new_privs {
            nix::sys::prctl::set_no_new_privs().map_err(|error| format!("set no_new_privs: {}", plain(error as i32)))?;
        }
        stead_sys::signal::reset_all();
        let file = CString::new(path.into_os_string().into_encoded_bytes()).map_err(|_| "program name with a zero byte".to_owned())?;
        if let Some(filter) = &self.filter {
            filter.load().map_err(step("load the seccomp filter"))?;
        }
        let error = match nix::unistd::execve(&file, &self.argv, &self.env) {
            Err(error) => error,
            Ok(never) => match never {},
        };
        Err(format!("exec: {:?}: {}", self.name(), plain(error as i32)))
    }

    fn capabilities_until_exec(&self) -> CapabilitySet {
        if self.filter.is_some() && !self.no_new_privs { self.capabilities.with(capability::SYS_ADMIN) } else { self.capabilities }
    }

    fn say(&self, message: &str) {
        // If even the pipe is gone the exit of this process says that it failed.
        stead_sys::fd::write_number(self.status, message.as_bytes()).unwrap_or_default();
    }
}

impl Executor for Program {
    fn exec(&self, _spec: &Spec) -> Result<(), ExecutorError> {
        self.become_user_and_execute().map_err(|message| {
            self.say(&message);
            ExecutorError::Other(message)
        })
    }

    fn validate(&self, _spec: &Spec) -> Result<(), ExecutorValidationError> {
        self.find().map(drop).map_err(|message| {
            self.say(&message);
            ExecutorValidationError::ArgValidationError(message)
        })
    }

    fn setup_envs(&self, _environment: HashMap<String, String>) -> Result<(), ExecutorSetEnvsError> {
        // The program gets its environment from `env`, in order; this process's own does not matter.
        Ok(())
    }
}

fn is_program(metadata: &fs::Metadata) -> bool {
    metadata.is_file() && metadata.permissions().mode() & 0o111 != 0
}

/// Root of the user namespace that this process has just entered.
pub fn become_root() -> std::io::Result<()> {
    nix::unistd::setgroups(&[])?;
    capability::set_user(0, 0)
}

/// The system's text for an error number, in lower case as Go has it.
pub fn plain(number: i32) -> String {
    Errno::from_raw(number).desc().to_lowercase()
}

/// A C string; an inner zero byte cannot be passed to a program.
pub fn c_string(text: &str) -> Result<CString, String> {
    CString::new(text).map_err(|_| format!("zero byte in {text:?}"))
}

/// A number that is no descriptor's.
fn nowhere() -> RawFd {
    -1
}

/// A set of capabilities as a number.
mod bits {
    use serde::{Deserialize, Deserializer, Serializer};
    use stead_sys::capability::CapabilitySet;

    pub fn serialize<S: Serializer>(set: &CapabilitySet, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(set.0)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<CapabilitySet, D::Error> {
        u64::deserialize(deserializer).map(CapabilitySet)
    }
}

/// C strings as the texts they were made from.
mod c_strings {
    use std::ffi::CString;

    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(strings: &[CString], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(strings.iter().map(|string| string.to_string_lossy()))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<CString>, D::Error> {
        let texts = Vec::<String>::deserialize(deserializer)?;
        texts.into_iter().map(|text| CString::new(text).map_err(D::Error::custom)).collect()
    }
}
