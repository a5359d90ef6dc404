//! Pushes images as they came: blobs that the registry lacks, in chunks, then the manifest under the name.

use crate::digest::Digest;
use crate::document::{Descriptor, Manifest, OCI_MANIFEST, parse};
use crate::error::{Error, Result};
use crate::reference::Reference;
use crate::registry::{Access, Credential, Keyring, Registries, Session};
use crate::store::Store;
use crate::{Progress, Stage};
use bytes::Bytes;
use http::header::{CONTENT_RANGE, CONTENT_TYPE, LOCATION};
use http::{HeaderMap, HeaderValue, Method, Response};
use hyper::body::Incoming;
use std::fs::File;
use std::os::unix::fs::FileExt;

/// Sent at a time.
const CHUNK_BYTES: u64 = 8 << 20;

/// Pushes the image of the store that `name` means, as `target`. Gives the digest of its manifest.
pub async fn push(
    store: &Store,
    name: &str,
    target: &Reference,
    registries: &Registries,
    keyring: &Keyring,
    progress: &dyn Progress,
) -> Result<Digest> {
    let _hold = store.hold()?;
    let digest = store.manifest_of(name)?.ok_or_else(|| Error::NotPresent(name.to_owned()))?;
    let bytes = store.document(&digest)?;
    let manifest: Manifest = parse("manifest", &bytes)?;
    let mut last = Error::refused("no endpoint is configured");
    // Never to a mirror, but as the settings say that the registry itself is reached.
    for endpoint in registries.endpoints(target).into_iter().filter(|endpoint| endpoint.mirror_of.is_none()) {
        let own: Option<Credential> = endpoint.credential.clone();
        for credential in keyring.lookup(&target.domain, &target.repository).into_iter().map(Some).chain([own]) {
            let session = Session::new(endpoint.clone(), credential, Access::Push)?;
            match push_all(store, &session, &manifest, &bytes, target, progress).await {
                Ok(()) => return Ok(digest),
                Err(error) => last = error,
            }
        }
    }
    Err(last)
}

async fn push_all(
    store: &Store,
    session: &Session,
    manifest: &Manifest,
    bytes: &[u8],
    target: &Reference,
    progress: &dyn Progress,
) -> Result<()> {
    for part in manifest.layers.iter().chain([&manifest.config]) {
        push_blob(store, session, part, progress).await?;
    }
    let name = target.tag.clone().unwrap_or_else(|| Digest::of(bytes).to_string());
    let mut headers = HeaderMap::new();
    let media_type = if manifest.media_type.is_empty() { OCI_MANIFEST } else { &manifest.media_type };
    headers.extend(HeaderValue::from_str(media_type).ok().map(|value| (CONTENT_TYPE, value)));
    session.send(Method::PUT, &session.url(&format!("manifests/{name}")), &headers, Bytes::copy_from_slice(bytes)).await.map(drop)
}

async fn push_blob(store: &Store, session: &Session, part: &Descriptor, progress: &dyn Progress) -> Result<()> {
    let there = session.url(&format!("blobs/{}", part.digest));
    if session.send(Method::HEAD, &there, &HeaderMap::new(), Bytes::new()).await.is_ok() {
        progress.advance(Stage::Push, &part.digest, part.size, part.size);
        return Ok(());
    }
    let path = store.blob(&part.digest);
    let file = File::open(&path).map_err(Error::io("open", &path))?;
    let uploads = session.url("blobs/uploads/");
    let mut headers = HeaderMap::new();
    let answer = session.send(Method::POST, &uploads, &headers, Bytes::new()).await?;
    let mut upload = location(session, &uploads, &answer)?;
    let mut at = 0;
    while at < part.size {
        let length = CHUNK_BYTES.min(part.size - at);
        let mut chunk = vec![0; usize::try_from(length).unwrap_or_default()];
        file.read_exact_at(&mut chunk, at).map_err(Error::io("read", &path))?;
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
        headers.extend(HeaderValue::from_str(&format!("{at}-{}", at + length - 1)).ok().map(|value| (CONTENT_RANGE, value)));
        let answer = session.send(Method::PATCH, &upload, &headers, chunk.into()).await?;
        upload = location(session, &upload, &answer)?;
        at += length;
        progress.advance(Stage::Push, &part.digest, at, part.size);
    }
    let end = format!("{upload}{}digest={}", if upload.contains('?') { '&' } else { '?' }, part.digest);
    session.send(Method::PUT, &end, &HeaderMap::new(), Bytes::new()).await.map(drop)
}

fn location(session: &Session, url: &str, answer: &Response<Incoming>) -> Result<String> {
    let location = answer.headers().get(LOCATION).and_then(|value| value.to_str().ok());
    location.and_then(|location| session.resolve(url, location)).ok_or_else(|| Error::refused("the registry does not say where to send it"))
}
