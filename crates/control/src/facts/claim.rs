//! PersistentVolumeClaims: their owners as they are written, and whether they are bound.

use super::{Facts, Kind, keep};
use stead_client::resource::PERSISTENT_VOLUME_CLAIMS;

pub const KIND: Kind = Kind {
    resource: PERSISTENT_VOLUME_CLAIMS,
    read: |_, value| {
        keep(value, "metadata", &["ownerReferences"]);
        keep(value, "spec", &[]);
        keep(value, "status", &["phase"]);
        Facts::None
    },
    indexes: &[],
};
