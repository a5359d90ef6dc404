//! Table tests per rule, and property tests over a small world in which plans are carried out.

mod data;
mod properties;
mod rules;
mod world;
