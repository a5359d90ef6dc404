//! `stead rotate-secrets-key`: another key seals the Secrets on disk. A server that runs does so at once.

use super::print_line;
use crate::config::RotateSecretsKeyArgs;
use crate::running::{self, Found};
use crate::secrets_key;
use std::path::Path;
use std::time::{Duration, Instant};

/// For a running server to see the key and to write its store anew.
const WAIT_MAX: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(100);

pub fn run(args: &RotateSecretsKeyArgs) -> anyhow::Result<()> {
    let tls = args.data_dir.join("tls");
    let id = secrets_key::rotate(&tls)?;
    match running::find(&args.data_dir)? {
        Found::Nothing | Found::Orphaned(_) => {
            print_line(&format!("key {id} is made; the server seals every Secret with it when it starts, and forgets the key of before"));
        }
        Found::Ready(_) | Found::Unready(_) => {
            wait(&tls, &id)?;
            print_line(&format!("key {id} seals every Secret now; the key of before is forgotten"));
        }
    }
    Ok(())
}

fn wait(tls: &Path, id: &str) -> anyhow::Result<()> {
    let begun = Instant::now();
    while !secrets_key::is_alone(tls, id)? {
        let is_over = begun.elapsed() > WAIT_MAX;
        anyhow::ensure!(!is_over, "key {id} is made, but the server does not seal the Secrets with it yet; its log says why");
        std::thread::sleep(LOOK_EVERY);
    }
    Ok(())
}
