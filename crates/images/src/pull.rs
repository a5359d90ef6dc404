//! Pulls images: finds where one is to be had, fetches what the store lacks, several parts side by side and from where they broke off, checks
//! every digest and size, unpacks. Pulls of the same image with the same credentials are one.

use crate::digest::Digest;
use crate::document::{Configuration, DOCUMENT_BYTES_MAX, Descriptor, Index, Manifest, parse};
use crate::error::{Error, Result, causes};
use crate::partial::Partial;
use crate::platform::Platform;
use crate::reference::Reference;
use crate::registry::{Access, Credential, Endpoint, Keyring, Registries, Session, next, read_all};
use crate::store::{Image, Store};
use crate::{LAYERS_MAX, Progress, Stage};
use bytes::Bytes;
use futures::future::{BoxFuture, FutureExt, Shared, WeakShared};
use futures::stream::{StreamExt, TryStreamExt, iter};
use http::header::{ACCEPT, CONTENT_RANGE, RANGE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Parts of one image that are fetched side by side.
const FETCHES_MAX: usize = 3;
/// Images that are pulled side by side.
const PULLS_MAX: usize = 8;
/// Times that a transfer may break off without having got any further.
const BREAKS_MAX: u32 = 4;
const PAUSE: std::time::Duration = std::time::Duration::from_millis(500);
/// Largest layer that is fetched, in bytes.
const LAYER_BYTES_MAX: u64 = 64 << 30;
/// Pieces of a body that wait to be written.
const PIECES_MAX: usize = 32;
/// Indexes within indexes.
const DEPTH_MAX: usize = 3;
const MANIFEST_TYPES: &str = "application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.list.v2+json, \
    application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json, */*;q=0.1";

/// Pulls into one store. Cheap to clone.
#[derive(Clone)]
pub struct Puller {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    /// `registries.yaml`; need not be there.
    registries: PathBuf,
    platform: Platform,
    permits: tokio::sync::Semaphore,
    under_way: Mutex<HashMap<(String, Keyring), WeakShared<Pull>>>,
    /// Blobs that are being fetched: who wants the same waits.
    blobs: Mutex<HashMap<Digest, std::sync::Weak<tokio::sync::Mutex<()>>>>,
}

type Pull = BoxFuture<'static, Result<Image, Arc<Error>>>;

impl Puller {
    /// `registries` is read anew for each pull.
    pub fn new(store: Store, registries: PathBuf) -> Puller {
        let (permits, under_way, blobs) = (tokio::sync::Semaphore::new(PULLS_MAX), Mutex::default(), Mutex::default());
        Puller { inner: Arc::new(Inner { store, registries, platform: Platform::host(), permits, under_way, blobs }) }
    }

    /// Pulls an image, or finds that all of it is here. Dropped by everybody who wants it, it ends.
    pub async fn pull(&self, reference: &Reference, keyring: &Keyring, progress: Arc<dyn Progress>) -> Result<Image, Arc<Error>> {
        let shared = {
            let mut under_way = self.inner.under_way.lock().unwrap_or_else(PoisonError::into_inner);
            under_way.retain(|_, pull| pull.upgrade().is_some_and(|pull| pull.peek().is_none()));
            let key = (reference.to_string(), keyring.clone());
            match under_way.get(&key).and_then(WeakShared::upgrade) {
                Some(shared) => shared,
                None => {
                    let (inner, reference, keyring) = (Arc::clone(&self.inner), reference.clone(), keyring.clone());
                    let pull: Pull = async move { pull(&inner, &reference, &keyring, progress).await.map_err(Arc::new) }.boxed();
                    let shared: Shared<Pull> = pull.shared();
                    under_way.extend(shared.downgrade().map(|weak| (key, weak)));
                    shared
                }
            }
        };
        shared.await
    }

    /// Fetches images without unpacking them, and writes an archive of them, each under the name that it is asked for by: nobody need be root.
    /// Gives the digests of their manifests.
    pub async fn save(&self, references: &[Reference], keyring: &Keyring, progress: Arc<dyn Progress>, path: &Path) -> Result<Vec<Digest>> {
        let _permit = self.inner.permit().await?;
        let (store, path) = (self.inner.store.clone(), path.to_owned());
        let hold = blocking(move || store.hold()).await?;
        let mut images = Vec::new();
        for reference in references {
            images.push((reference.clone(), found(&self.inner, reference, keyring, &progress).await?.manifest));
        }
        let store = self.inner.store.clone();
        blocking(move || {
            crate::save::write(&store, &hold, &images, &path)?;
            Ok(images.into_iter().map(|(_, manifest)| manifest).collect())
        })
        .await
    }
}

impl Inner {
    async fn permit(&self) -> Result<tokio::sync::SemaphorePermit<'_>> {
        self.permits.acquire().await.map_err(|_| Error::refused("no more images are pulled"))
    }
}

/// Pulls an image, and gives it its names.
async fn pull(inner: &Arc<Inner>, reference: &Reference, keyring: &Keyring, progress: Arc<dyn Progress>) -> Result<Image> {
    let _permit = inner.permit().await?;
    let store = inner.store.clone();
    let hold = blocking(move || store.hold()).await?;
    let found = found(inner, reference, keyring, &progress).await?;
    let (store, names) = (inner.store.clone(), [reference.key(), reference.at(&found.listed).key()]);
    blocking(move || {
        let id = store.add_image(&hold, &found.manifest, &names, false, &*progress)?;
        store.get(id.as_str())?.ok_or_else(|| Error::NotPresent(id.to_string()))
    })
    .await
}

/// Every endpoint with every credential for it, until one has the image.
async fn found(inner: &Arc<Inner>, reference: &Reference, keyring: &Keyring, progress: &Arc<dyn Progress>) -> Result<Found> {
    let mut failures: Vec<(String, Error)> = Vec::new();
    for endpoint in Registries::read(&inner.registries)?.endpoints(reference) {
        for credential in credentials(&endpoint, reference, keyring) {
            let session = Arc::new(Session::new(endpoint.clone(), credential, Access::Pull)?);
            match fetch(inner, &session, reference, progress).await {
                Ok(found) => return Ok(found),
                Err(error) => {
                    // Of several credentials the last one's failure says what is wrong.
                    failures.retain(|(url, _)| *url != endpoint.url);
                    failures.push((endpoint.url.clone(), error));
                }
            }
        }
    }
    Err(failed(failures))
}

/// One failure as it is; several with the endpoint of each.
fn failed(mut failures: Vec<(String, Error)>) -> Error {
    if failures.len() == 1
        && let Some((_, error)) = failures.pop()
    {
        return error;
    }
    Error::refused(failures.iter().map(|(url, error)| format!("{url}: {}", causes(error))).collect::<Vec<_>>().join("; "))
}

/// The file's own for an endpoint; else all of the keyring's for the image, and at last nobody's. A mirror is not told what is for another.
fn credentials(endpoint: &Endpoint, reference: &Reference, keyring: &Keyring) -> Vec<Option<Credential>> {
    let found = match endpoint.mirror_of {
        Some(_) => keyring.lookup(&endpoint.host, &endpoint.repository),
        None => keyring.lookup(&reference.domain, &reference.repository),
    };
    found.into_iter().map(Some).chain([endpoint.credential.clone()]).collect()
}

/// What was found under a name, its blobs in the store.
struct Found {
    /// What the name means: an index or a manifest.
    listed: Digest,
    manifest: Digest,
}

async fn fetch(inner: &Arc<Inner>, session: &Arc<Session>, reference: &Reference, progress: &Arc<dyn Progress>) -> Result<Found> {
    let name = reference.digest.as_ref().map(Digest::to_string).or(reference.tag.clone()).unwrap_or_default();
    let failed = |error: Error| Error::refused(format!("failed to resolve image: {}", causes(&error)));
    let (mut digest, mut bytes) = document(session, &name, reference.digest.as_ref()).await.map_err(failed)?;
    let listed = digest.clone();
    for _ in 0..DEPTH_MAX {
        add_document(inner, bytes.clone(), digest.clone()).await?;
        let index: Index = parse("manifest", &bytes)?;
        if index.manifests.is_empty() {
            let manifest: Manifest = parse("manifest", &bytes)?;
            fetch_parts(inner, session, &manifest, progress).await?;
            return Ok(Found { listed, manifest: digest });
        }
        let chosen = crate::import::choose(&index.manifests, &inner.platform)?;
        (digest, bytes) = document(session, chosen.digest.as_str(), Some(&chosen.digest)).await.map_err(failed)?;
        check_size(chosen, bytes.len() as u64)?;
    }
    Err(Error::refused("an index that leads through too many others is refused"))
}

/// A manifest or index, its digest checked against the one that was asked for or that the registry says.
async fn document(session: &Session, name: &str, expected: Option<&Digest>) -> Result<(Digest, Bytes)> {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static(MANIFEST_TYPES));
    let answer = session.send(Method::GET, &session.url(&format!("manifests/{name}")), &headers, Bytes::new()).await?;
    let said = answer.headers().get("docker-content-digest").and_then(|value| value.to_str().ok()?.parse::<Digest>().ok());
    let bytes = read_all(answer, usize::try_from(DOCUMENT_BYTES_MAX).unwrap_or(usize::MAX)).await?;
    let found = Digest::of(&bytes);
    match expected.or(said.as_ref()).filter(|expected| **expected != found) {
        Some(expected) => Err(Error::Digest { what: "the manifest", expected: expected.clone(), found }),
        None => Ok((found, bytes)),
    }
}

fn check_size(descriptor: &Descriptor, found: u64) -> Result<()> {
    if descriptor.size == found {
        return Ok(());
    }
    Err(Error::refused(format!("{} has {found} bytes, not {}", descriptor.digest, descriptor.size)))
}

async fn fetch_parts(inner: &Arc<Inner>, session: &Arc<Session>, manifest: &Manifest, progress: &Arc<dyn Progress>) -> Result<()> {
    if manifest.layers.len() > LAYERS_MAX {
        return Err(Error::refused(format!(
            "an image of {} layers is refused: at most {LAYERS_MAX} can be mounted",
            manifest.layers.len()
        )));
    }
    if manifest.config.size > DOCUMENT_BYTES_MAX {
        return Err(Error::refused(format!("a configuration of {} bytes is refused", manifest.config.size)));
    }
    let parts: Vec<Descriptor> = std::iter::once(manifest.config.clone()).chain(manifest.layers.iter().cloned()).collect();
    // All there is, so that the sum is known from the start.
    parts.iter().for_each(|part| progress.advance(Stage::Fetch, &part.digest, 0, part.size));
    iter(parts.into_iter().map(|part| fetch_blob(inner, session, part, progress)))
        .buffer_unordered(FETCHES_MAX)
        .try_collect::<Vec<()>>()
        .await?;
    // What the configuration says is checked once more when the layers are unpacked; here it fails before they have been.
    let (store, digest) = (inner.store.clone(), manifest.config.digest.clone());
    let config = blocking(move || store.document(&digest)).await?;
    parse::<Configuration>("configuration", &config).map(drop)
}

/// One blob, unless it is here; by one at a time, whoever else wants it.
async fn fetch_blob(inner: &Arc<Inner>, session: &Arc<Session>, part: Descriptor, progress: &Arc<dyn Progress>) -> Result<()> {
    if part.size > LAYER_BYTES_MAX {
        return Err(Error::refused(format!("a layer of {} bytes is refused", part.size)));
    }
    let turn = {
        let mut blobs = inner.blobs.lock().unwrap_or_else(PoisonError::into_inner);
        blobs.retain(|_, turn| turn.strong_count() > 0);
        let known = blobs.get(&part.digest).and_then(std::sync::Weak::upgrade);
        known.unwrap_or_else(|| {
            let turn = Arc::new(tokio::sync::Mutex::new(()));
            blobs.insert(part.digest.clone(), Arc::downgrade(&turn));
            turn
        })
    };
    let _turn = turn.lock().await;
    if inner.store.has_blob(&part.digest, part.size) {
        progress.advance(Stage::Fetch, &part.digest, part.size, part.size);
        return Ok(());
    }
    let mut breaks = 0;
    let mut reached = 0;
    loop {
        match transfer(inner, session, &part, progress).await {
            Ok(()) => return Ok(()),
            Err(Broken::ForGood(error)) => return Err(error),
            Err(Broken::Off { at, error }) => {
                breaks = if at > reached { 0 } else { breaks + 1 };
                reached = at.max(reached);
                if breaks >= BREAKS_MAX {
                    return Err(error);
                }
                tracing::debug!(digest = %part.digest, at, error = causes(&error), "a transfer broke off and is taken up again");
                tokio::time::sleep(PAUSE * breaks).await;
            }
        }
    }
}

/// How a transfer failed.
enum Broken {
    /// It can go on from there.
    Off {
        at: u64,
        error: Error,
    },
    ForGood(Error),
}

/// Fetches what is missing of a blob, from where an earlier transfer broke off, also one of an earlier process.
async fn transfer(inner: &Arc<Inner>, session: &Session, part: &Descriptor, progress: &Arc<dyn Progress>) -> Result<(), Broken> {
    let (store, digest) = (inner.store.clone(), part.digest.clone());
    let mut partial = blocking(move || Partial::open(&store, &digest)).await.map_err(Broken::ForGood)?;
    if partial.bytes > part.size {
        partial.restart().map_err(Broken::ForGood)?;
    }
    if partial.bytes < part.size {
        let mut headers = HeaderMap::new();
        if partial.bytes > 0 {
            headers.extend(HeaderValue::from_str(&format!("bytes={}-", partial.bytes)).ok().map(|value| (RANGE, value)));
        }
        let url = foreign(part).unwrap_or_else(|| session.url(&format!("blobs/{}", part.digest)));
        let answer = session.send(Method::GET, &url, &headers, Bytes::new()).await.map_err(Broken::ForGood)?;
        let continues = answer.status() == StatusCode::PARTIAL_CONTENT
            && answer
                .headers()
                .get(CONTENT_RANGE)
                .is_some_and(|range| range.to_str().is_ok_and(|text| text.starts_with(&format!("bytes {}-", partial.bytes))));
        if !continues {
            partial.restart().map_err(Broken::ForGood)?;
        }
        let (pieces, receiver) = tokio::sync::mpsc::channel(PIECES_MAX);
        let (begin, total) = (partial.bytes, part.size);
        let writing = tokio::task::spawn_blocking(move || partial.write(receiver, total));
        let (progress, digest) = (Arc::clone(progress), part.digest.clone());
        let mut body = answer.into_body();
        let mut at = begin;
        let ended = loop {
            match next(&mut body).await {
                Ok(Some(piece)) => {
                    at += piece.len() as u64;
                    progress.advance(Stage::Fetch, &digest, at.min(total), total);
                    if pieces.send(piece).await.is_err() {
                        break Ok(()); // the writer says why
                    }
                }
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        drop(pieces);
        partial = writing.await.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic())).map_err(Broken::ForGood)?;
        if partial.bytes < part.size {
            let error = ended
                .err()
                .unwrap_or_else(|| Error::refused(format!("{} ended after {} of {} bytes", part.digest, partial.bytes, part.size)));
            return Err(Broken::Off { at: partial.bytes, error });
        }
    }
    let (store, expected) = (inner.store.clone(), part.digest.clone());
    blocking(move || partial.finish(&store, &expected)).await.map_err(Broken::ForGood)
}

/// Where a layer is that no registry may hand on (IMG-11).
fn foreign(part: &Descriptor) -> Option<String> {
    part.urls.iter().find(|url| url.starts_with("https://")).cloned()
}

/// Keeps a manifest or index, unless it is here and whole: then it is on disk, or will be with what is new.
async fn add_document(inner: &Arc<Inner>, bytes: Bytes, digest: Digest) -> Result<()> {
    let store = inner.store.clone();
    blocking(move || match store.document(&digest) {
        Ok(_) => Ok(()),
        Err(_) => store.add_blob(&bytes[..], "the manifest", Some(&digest)).map(drop),
    })
    .await
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(value) => value,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
