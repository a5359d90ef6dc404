//! The key that signs the tokens of service accounts: made once, kept beside the certificates.

use crate::file;
use anyhow::Context;
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256};
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;
use stead_server::SigningKey;

const FILE: &str = "service-account.key";

/// Reads the key in that directory, or makes it. A file that holds no key is an error: another key would end every token without a word.
pub fn open(dir: &Path) -> anyhow::Result<Arc<SigningKey>> {
    file::private_dir(dir)?;
    let path = dir.join(FILE);
    let shown = path.display();
    let pem = match std::fs::read(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let pem = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).context("make a key for tokens")?.serialize_pem().into_bytes();
            file::replace(&path, &pem, 0o600)?;
            pem
        }
        read => read.with_context(|| format!("read {shown}"))?,
    };
    let key = PrivateKeyDer::from_pem_slice(&pem).with_context(|| format!("read the key in {shown}"))?;
    SigningKey::from_pkcs8(key.secret_der())
        .map(Arc::new)
        .with_context(|| format!("use the key in {shown}; remove it to have another made"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_key_is_made_once_and_a_broken_one_is_said() {
        let dir = tempfile::tempdir().unwrap();
        let first = format!("{:?}", open(dir.path()).unwrap());
        assert_eq!(format!("{:?}", open(dir.path()).unwrap()), first);
        let path = dir.path().join(FILE);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::write(&path, "no key").unwrap();
        assert!(format!("{:#}", open(dir.path()).unwrap_err()).contains(FILE));
    }
}
