//! How the program is linked. Takes nothing, makes nothing.

fn main() {
    // At fixed addresses: otherwise every process relocates its own copy of a megabyte of tables at its start, and each pod has a process.
    println!("cargo::rustc-link-arg-bins=-no-pie");
    println!("cargo::rerun-if-changed=build.rs");
}
