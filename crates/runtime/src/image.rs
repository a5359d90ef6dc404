//! Images: their configuration and where their layers lie.
//!
//! Owns `<root>/images` and `<root>/layers`. Pulling from registries is not here yet: an image that is not present stays so.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// An image that is present.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Image {
    /// The name it is known by, such as `localhost/stead:1`.
    pub reference: String,
    /// `sha256:` and 64 hexadecimal digits.
    pub digest: String,
    /// What it asks for.
    pub config: ImageConfig,
    /// Unpacked layers, the lowest first.
    pub layers: Vec<PathBuf>,
    /// Bytes of all layers.
    pub size_bytes: u64,
}

/// What an image asks for.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct ImageConfig {
    /// In order.
    pub env: Vec<(String, String)>,
    /// Program, and arguments before the command's.
    pub entrypoint: Vec<String>,
    /// Arguments, or program and arguments without an entrypoint.
    pub cmd: Vec<String>,
    /// `user[:group]`, names or numbers; empty: root.
    pub user: String,
    /// Empty: `/`.
    pub working_dir: String,
    /// Name or number; None: SIGTERM.
    pub stop_signal: Option<String>,
}
