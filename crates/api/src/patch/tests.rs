//! Tests of the patch algorithms.
