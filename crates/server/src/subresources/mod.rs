//! Paths below an object that are more than a part of it (section 11 of the API contract). Input: a call. Output: an answer.

pub(crate) mod binding;
mod budgets;
pub(crate) mod eviction;
mod pages;
mod pod_target;
pub(crate) mod proxy;
pub(crate) mod streams;
pub(crate) mod token;
