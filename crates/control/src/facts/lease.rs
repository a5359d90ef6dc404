//! Leases: when a node last renewed its own.

use super::{Facts, Kind, keep};
use stead_client::resource::LEASES;

pub const KIND: Kind = Kind {
    resource: LEASES,
    read: |_, value| {
        keep(value, "metadata", &[]);
        keep(value, "spec", &["renewTime"]);
        Facts::None
    },
    indexes: &[],
};
