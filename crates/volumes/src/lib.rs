//! Volumes on this machine: the directory of each owner with what is mounted into its containers, files that are published as a whole,
//! memory file systems, groups, paths inside volumes that cannot be left, and a removal that never leaves the directory.
//!
//! Never decides what a volume holds or who needs it: no network, no object. Input: an owner's name and [`Volume`]s. Output: directories
//! and mounts below one root, every mount written down in a journal before it is made. Calls block.
//!
//! ```text
//!   <root>/journal
//!   <root>/<owner>/volumes/<kind>/<name>                      a volume
//!   <root>/<owner>/volume-subpaths/<name>/<container>/<n>     a path inside a volume, bound
//! ```

mod error;
pub mod host_path;
mod mounts;
mod outside;
mod ownership;
mod payload;
mod publish;
mod removal;
mod store;
mod sub_path;

pub use error::{Error, Result};
pub use outside::{Outside, Shape, Sharing};
pub use ownership::{Change, Group};
pub use payload::{File, Payload, check_path};
pub use removal::{Removed, remove_some};
pub use store::{Content, Store, Volume, unmount_below};
pub use sub_path::{SubPath, read_below};
