//! What Services make of the packet filter's table, as text and with real traffic.
#![cfg(test)]

mod golden;
mod machine;
mod objects;
mod traffic;
