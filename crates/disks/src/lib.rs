//! Where the bytes of claimed disks live on this machine: a directory whose project has a quota, a file with a file system of its own, a
//! plain directory that nothing limits, or a file as a block device. Making, growing, removing, and bringing them back after a start.
//!
//! Never deletes data as a side effect: a disk goes only by [`Disks::remove`], which moves it to the trash of its pool, and from there by
//! [`Disks::sweep`]. Never touches what it has not made, and needs no other program: e2fsck, where it is installed, repairs an image in which the
//! kernel has found errors; else that is not mounted. Input: names, sizes and the time; output: paths. Calls block. Not understood here: who a
//! disk is for.
//!
//! ```text
//!   <state>/journal                 what there is, and what is under way: a record of each disk, written before anything is made
//!   <state>/projects                the next number of a project
//!   <pool>/<name>/                  a disk that is a directory, with or without a quota
//!   <pool>/<name>/disk.img          a disk that is a file
//!   <pool>/<name>/fs/data/          the directory inside its file system, mounted at fs/
//!   <pool>/<name>/device            for a block device: a link to it, made anew by each attach
//!   <pool>/.trash/<name>/           what has been removed and still takes room
//! ```
//!
//! Whatever happens between two steps, a disk has its old state or its new one: [`Phase`] says which step is under way, each step may be
//! done again, and a start or the next call finishes it.

#[cfg(test)]
mod checker;
mod directory;
mod disks;
mod error;
mod ext4;
mod growth;
mod image;
mod ledger;
#[cfg(test)]
mod left_out;
mod loops;
mod pool;
mod probe;
mod quota;
mod record;
mod room;
mod steps;
mod wanted;

pub use disks::{Disks, Settings, detach_owned, recorded};
pub use error::{Error, Result};
pub use probe::Probed;
pub use record::{Phase, trash};
pub use room::Room;
pub use wanted::{Attached, Content, Demand, Disk, Enforcement, Expanded, FileSystem, Made, Swept, Usage, Wanted};
