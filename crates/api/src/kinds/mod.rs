//! One module per kind: its registry row, defaults, validation, columns and other hooks.

use crate::registry::Kind;

/// Every served kind, in discovery order (groups in order, resources alphabetically).
pub static KINDS: &[&Kind] = &[];
