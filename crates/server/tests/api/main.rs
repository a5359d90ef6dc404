//! The API server in process, over the memory store and under virtual time: one module per group of rules.

mod access;
mod allocation;
mod certificates;
mod client;
mod components;
mod deletes;
mod events;
mod fairness;
mod faults;
mod kinds;
mod lint;
mod lists;
mod nodes;
mod pod_security;
mod protobuf;
mod proxy;
mod quotas;
mod replayed;
mod services;
mod storage;
mod subresources;
mod system;
mod tokens;
mod watches;
mod without_runtime;
mod writes;
