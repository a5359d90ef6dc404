//! The provisioner as a whole.
