//! What can go wrong.

use std::io;

pub type Result<T, E = Error> = std::result::Result<T, E>;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot talk to the kernel's packet filter ({what})")]
    Talk {
        what: &'static str,
        #[source]
        source: io::Error,
    },
    /// The kernel refused a batch; nothing of it is in force.
    #[error("the kernel's packet filter refused to {what}")]
    Refused {
        /// Which message of the batch: a verb and a name.
        what: String,
        #[source]
        source: io::Error,
    },
    /// Somebody else changed rules all the time while they were read.
    #[error("the packet filter's rules changed {0} times while they were read")]
    Restless(usize),
}

impl Error {
    fn code(&self) -> Option<nix::errno::Errno> {
        let (Error::Talk { source, .. } | Error::Refused { source, .. }) = self else { return None };
        source.raw_os_error().map(nix::errno::Errno::from_raw)
    }

    /// Whether the kernel says that something that was named is not there.
    pub fn is_absent(&self) -> bool {
        self.code() == Some(nix::errno::Errno::ENOENT)
    }

    /// Whether this process may not, or the kernel cannot: trying again is of no use.
    pub fn is_unsupported(&self) -> bool {
        use nix::errno::Errno::{EACCES, EAFNOSUPPORT, EINVAL, EOPNOTSUPP, EPERM, EPROTONOSUPPORT};
        // A kernel whose packet filter has no nf_tables calls a question to it invalid.
        let is_unknown = matches!(self, Error::Talk { .. }) && self.code() == Some(EINVAL);
        is_unknown || matches!(self.code(), Some(EPERM | EACCES | EOPNOTSUPP | EPROTONOSUPPORT | EAFNOSUPPORT))
    }
}
