//! The patch algorithms: JSON patch, JSON merge patch, strategic merge patch, and field ownership (managedFields).
