//! Tests of field ownership.
