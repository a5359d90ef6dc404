//! Digests of documents, for ETags and hashes in URLs. Input: bytes. Output: SHA-256.

/// The digest.
pub(crate) fn sha256(bytes: &[u8]) -> Vec<u8> {
    ring::digest::digest(&ring::digest::SHA256, bytes).as_ref().to_vec()
}

/// The digest in hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    sha256(bytes).iter().map(|byte| format!("{byte:02X}")).collect()
}
