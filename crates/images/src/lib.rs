//! Container images on this machine: the content store, unpacking, archives. Knows no Kubernetes words and runs nothing.
//!
//! Everything lies below one directory, which any number of processes may use at the same time. Treats what images hold as hostile.
//!
//! ```text
//! <dir>/
//!   images.json       what there is: images, their names, where their layers are unpacked; replaced as a whole
//!   blobs/sha256/     manifests, configurations and layers as they came, each named by its digest
//!   layers/<n>/       unpacked layers, as an overlay file system wants them
//!   ingest/           what is not whole yet
//!   lock              shared: something is being added or used; exclusive: something is being removed
//!   images.lock       exclusive: images.json is being replaced
//! ```

mod archive;
mod compression;
mod digest;
mod document;
mod elf;
mod error;
mod from_host;
mod import;
mod index;
mod partial;
mod platform;
mod pull;
mod push;
mod reference;
mod registry;
mod removal;
mod save;
mod store;
mod unpack;
mod write_behind;

pub use digest::Digest;
pub use document::Settings;
pub use error::{Error, Result, causes};
pub use from_host::from_host;
pub use import::{Imported, import};
pub use platform::Platform;
pub use pull::Puller;
pub use push::push;
pub use reference::Reference;
pub use registry::{Keyring, Registries};
pub use removal::{InUse, Removed};
pub use store::{Hold, Image, Store};

/// Layers of one image: an overlay file system takes no more.
pub const LAYERS_MAX: usize = 500;

/// Hears how far something is that takes long. `digest` names the part, sizes are in bytes.
pub trait Progress: Send + Sync {
    /// So much of that part is done.
    fn advance(&self, stage: Stage, digest: &Digest, done_bytes: u64, total_bytes: u64);
}

/// What is being done with a part of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// It is being fetched or read.
    Fetch,
    /// It is being unpacked.
    Unpack,
    /// It is being pushed.
    Push,
}

/// Nobody listens.
pub struct Silent;

impl Progress for Silent {
    fn advance(&self, _stage: Stage, _digest: &Digest, _done_bytes: u64, _total_bytes: u64) {}
}
