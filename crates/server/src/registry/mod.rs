//! The generic registry: create, read, update, patch and delete for every row of the kinds table.
//! Input: a [`Call`](crate::call::Call). Output: an [`Answer`](crate::answer::Answer) or the Status that refuses it.

pub(crate) mod apply;
pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod delete_collection;
pub(crate) mod expiry;
pub(crate) mod finish;
pub(crate) mod list;
pub(crate) mod ownership;
pub(crate) mod patch;
pub(crate) mod read;
pub(crate) mod scale;
mod staged;
pub(crate) mod step;
pub(crate) mod update;
