//! `stead rotate-secrets-key`: another key seals the Secrets on disk.

use super::print_line;
use crate::config::RotateSecretsKeyArgs;
use crate::running::{self, Found};
use crate::secrets_key;

pub fn run(args: &RotateSecretsKeyArgs) -> anyhow::Result<()> {
    let id = secrets_key::rotate(&args.data_dir.join("tls"))?;
    let next = match running::find(&args.data_dir)? {
        Found::Nothing => "start the server",
        Found::Ready(_) | Found::Unready(_) | Found::Orphaned(_) => "restart the server",
    };
    print_line(&format!("key {id} is made; {next}: it then seals every Secret with it and forgets the key of before"));
    Ok(())
}
