//! The content store of one directory: finds images by name, keeps blobs by digest, unpacks layers, removes what nobody needs.
//!
//! Any number of processes may use a directory at once. What is added is whole before it is named, and on disk before it is said to be there.
//! Who adds or uses something holds the lock shared ([`Hold`]); what is removed is moved aside under the exclusive lock.

use crate::digest::{Digest, Hashing};
use crate::document::{Configuration, DOCUMENT_BYTES_MAX, Manifest, Settings, parse};
use crate::error::{Error, Result, unless_missing};
use crate::index::{ImageEntry, Index, IndexFile};
use crate::reference::Reference;
use crate::unpack::unpack;
use crate::write_behind::WriteBehind;
use crate::{LAYERS_MAX, Progress, Stage};
use nix::fcntl::{Flock, FlockArg};
use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Written at a time.
const BUFFER_BYTES: usize = 256 << 10;

/// Images below one directory. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    dir: PathBuf,
    index: IndexFile,
}

/// As long as it lives, nothing is removed from the store.
#[derive(Debug)]
pub struct Hold {
    _lock: Flock<File>,
}

/// An image that is present.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// The digest of its configuration.
    pub id: Digest,
    /// Full names with a tag, sorted.
    pub tags: Vec<String>,
    /// Full names with a digest, sorted.
    pub digests: Vec<String>,
    pub settings: Settings,
    /// Unpacked layers, the lowest first.
    pub layers: Vec<PathBuf>,
    /// Of all its blobs.
    pub size_bytes: u64,
    /// Never collected.
    pub pinned: bool,
}

/// A directory or file that is not whole yet; it goes with this.
pub struct Ingest(pub PathBuf);

impl Drop for Ingest {
    fn drop(&mut self) {
        let removed = if self.0.is_dir() { fs::remove_dir_all(&self.0) } else { fs::remove_file(&self.0) };
        if let Err(error) = unless_missing(removed) {
            tracing::warn!(path = %self.0.display(), %error, "what was not finished stays for now");
        }
    }
}

impl Store {
    /// Opens a directory, which is made if it is missing.
    pub fn open(dir: &Path) -> Result<Store> {
        for name in ["", "blobs/sha256", "layers", "ingest"] {
            let path = dir.join(name);
            fs::DirBuilder::new().recursive(true).mode(0o700).create(&path).map_err(Error::io("create", &path))?;
        }
        let dir = dir.canonicalize().map_err(Error::io("resolve", dir))?;
        let index = IndexFile::new(&dir);
        Ok(Store { inner: Arc::new(Inner { dir, index }) })
    }

    /// Where it is.
    pub fn dir(&self) -> &Path {
        &self.inner.dir
    }

    /// Keeps everything where it is. Waits while something is being removed.
    pub fn hold(&self) -> Result<Hold> {
        self.lock(FlockArg::LockShared)
    }

    fn lock(&self, how: FlockArg) -> Result<Hold> {
        let path = self.dir().join("lock");
        let file = File::options().write(true).create(true).truncate(false).open(&path).map_err(Error::io("open", &path))?;
        let lock = Flock::lock(file, how).map_err(|(_, error)| Error::io("lock", &path)(error.into()))?;
        Ok(Hold { _lock: lock })
    }

    /// None if somebody has it.
    pub(crate) fn try_lock(&self, how: FlockArg) -> Result<Option<Hold>> {
        match self.lock(how) {
            Ok(hold) => Ok(Some(hold)),
            Err(Error::Io { source, .. }) if source.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Changes what there is, on disk before this returns.
    pub(crate) fn update<T>(&self, change: impl FnOnce(&mut Index) -> Result<T>) -> Result<T> {
        self.inner.index.update(change)
    }

    /// The image of that name or id, if it is here.
    pub fn get(&self, name: &str) -> Result<Option<Image>> {
        let index = self.inner.index.get()?;
        Ok(find(&index, name).and_then(|id| self.image(&index, &id)))
    }

    /// The manifest of the image of that name or id.
    pub(crate) fn manifest_of(&self, name: &str) -> Result<Option<Digest>> {
        let index = self.inner.index.get()?;
        Ok(find(&index, name).and_then(|id| index.images.get(&id)).map(|image| image.manifest.clone()))
    }

    /// All images, sorted by their first name.
    pub fn list(&self) -> Result<Vec<Image>> {
        let index = self.inner.index.get()?;
        let mut images: Vec<Image> = index.images.keys().filter_map(|id| self.image(&index, id)).collect();
        images.sort_by(|a, b| (&a.tags, &a.digests, &a.id).cmp(&(&b.tags, &b.digests, &b.id)));
        Ok(images)
    }

    fn image(&self, index: &Index, id: &Digest) -> Option<Image> {
        let entry = index.images.get(id)?;
        let layers = entry.chains.iter().map(|chain| Some(self.layer(*index.layers.get(chain)?))).collect::<Option<Vec<_>>>()?;
        let names = || index.names.iter().filter(|(_, name)| name.image == *id);
        let (digests, tags) = names().map(|(name, _)| name.clone()).partition(|name| name.contains('@'));
        Some(Image {
            id: id.clone(),
            tags,
            digests,
            settings: entry.settings.clone(),
            layers,
            size_bytes: entry.size_bytes,
            pinned: names().any(|(_, name)| name.pinned),
        })
    }

    fn layer(&self, number: u64) -> PathBuf {
        self.dir().join("layers").join(number.to_string())
    }

    /// Where a blob is or would be.
    pub(crate) fn blob(&self, digest: &Digest) -> PathBuf {
        self.dir().join("blobs/sha256").join(digest.hex())
    }

    /// Where the beginning of one is kept until all of it is here.
    pub(crate) fn partial(&self, digest: &Digest) -> PathBuf {
        self.dir().join("ingest").join(format!("{}.part", digest.hex()))
    }

    /// Whether all of it is here: of one that was named right before the power went, the length may be missing.
    pub(crate) fn has_blob(&self, digest: &Digest, size_bytes: u64) -> bool {
        self.blob(digest).metadata().is_ok_and(|file| file.len() == size_bytes)
    }

    /// A place of its own for what is not whole yet.
    pub(crate) fn ingest(&self) -> Ingest {
        static MADE: AtomicU64 = AtomicU64::new(0);
        let name = format!("{}-{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        Ingest(self.dir().join("ingest").join(name))
    }

    /// Keeps what is read under its digest, which is `expected`, if that is known.
    pub(crate) fn add_blob(&self, content: impl Read, what: &'static str, expected: Option<&Digest>) -> Result<(Digest, u64)> {
        let ingest = self.ingest();
        let mut content = Hashing::new(content);
        let file = File::create(&ingest.0).map_err(Error::io("create", &ingest.0))?;
        let mut file = BufWriter::with_capacity(BUFFER_BYTES, WriteBehind::new(file));
        io::copy(&mut content, &mut file).and_then(|_| file.flush()).map_err(Error::io("write", &ingest.0))?;
        let (found, size) = content.finish();
        if let Some(expected) = expected.filter(|expected| **expected != found) {
            return Err(Error::Digest { what, expected: expected.clone(), found });
        }
        let place = self.blob(&found);
        fs::rename(&ingest.0, &place).map_err(Error::io("rename", &place))?;
        Ok((found, size))
    }

    /// A manifest, index or configuration. What a disk made of it since is found out.
    pub(crate) fn document(&self, digest: &Digest) -> Result<Vec<u8>> {
        let path = self.blob(digest);
        let mut bytes = Vec::new();
        let file = File::open(&path).map_err(Error::io("open", &path))?;
        file.take(DOCUMENT_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(Error::io("read", &path))?;
        if bytes.len() as u64 > DOCUMENT_BYTES_MAX {
            return Err(Error::refused(format!("a document of more than {DOCUMENT_BYTES_MAX} bytes is refused")));
        }
        match Digest::of(&bytes) {
            found if found == *digest => Ok(bytes),
            found => Err(Error::Digest { what: "a document", expected: digest.clone(), found }),
        }
    }

    /// Makes an image of blobs that are here: unpacks its layers and gives it these names. The former images of the names lose them.
    pub(crate) fn add_image(
        &self,
        _hold: &Hold,
        manifest: &Digest,
        names: &[String],
        pinned: bool,
        progress: &dyn Progress,
    ) -> Result<Digest> {
        let parsed: Manifest = parse("manifest", &self.document(manifest)?)?;
        let config: Configuration = parse("configuration", &self.document(&parsed.config.digest)?)?;
        let chains = chains(&parsed, &config)?;
        let index = self.inner.index.get()?;
        let mut made: Vec<(Digest, Ingest)> = Vec::new();
        let mut below: Vec<PathBuf> = Vec::new();
        for (at, chain) in chains.iter().enumerate() {
            let there = index.layers.get(chain).map(|number| self.layer(*number)).filter(|path| path.exists());
            let path = match there {
                Some(path) => path,
                None => {
                    let ingest = self.unpack(&parsed.layers[at], &config.rootfs.diff_ids[at], &below, progress)?;
                    let path = ingest.0.clone();
                    made.push((chain.clone(), ingest));
                    path
                }
            };
            below.push(path);
        }
        let (id, size_bytes) = (parsed.config.digest, parsed.config.size + parsed.layers.iter().map(|layer| layer.size).sum::<u64>());
        let entry = ImageEntry {
            size_bytes: size_bytes + self.blob(manifest).metadata().map_err(Error::io("look at", self.dir()))?.len(),
            manifest: manifest.clone(),
            settings: config.config.into(),
            chains,
            blobs: parsed.layers.into_iter().map(|layer| layer.digest).collect(),
        };
        // What was named before is on disk, and nothing is added to it.
        if made.is_empty() && index.images.get(&id) == Some(&entry) && index.has_names(&id, names, pinned) {
            return Ok(id);
        }
        // What is named is on disk: blobs, and layers with all their files.
        let opened = File::open(self.dir()).map_err(Error::io("open", self.dir()))?;
        nix::unistd::syncfs(&opened).map_err(|error| Error::io("sync", self.dir())(error.into()))?;
        self.inner.index.update(|index| {
            for (chain, ingest) in &made {
                self.place_layer(index, chain, &ingest.0)?;
            }
            index.images.insert(id.clone(), entry);
            index.name(&id, names, pinned);
            Ok(())
        })?;
        Ok(id)
    }

    fn unpack(&self, layer: &crate::document::Descriptor, diff_id: &Digest, below: &[PathBuf], progress: &dyn Progress) -> Result<Ingest> {
        let failed = |source| Error::Layer { digest: layer.digest.clone(), source: Box::new(source) };
        let path = self.blob(&layer.digest);
        let blob = File::open(&path).map_err(Error::io("open", &path))?;
        let ingest = self.ingest();
        fs::create_dir(&ingest.0).map_err(Error::io("create", &ingest.0))?;
        let advance = |done| progress.advance(Stage::Unpack, &layer.digest, done, layer.size);
        let found = unpack(blob, &ingest.0, below, &advance).map_err(|error| match error.kind() {
            io::ErrorKind::InvalidData => failed(Error::refused(error.to_string())),
            _ => failed(Error::io("unpack into", &ingest.0)(error)),
        })?;
        if found != *diff_id {
            return Err(failed(Error::Digest { what: "the unpacked layer", expected: diff_id.clone(), found }));
        }
        Ok(ingest)
    }

    /// Gives an unpacked layer its number, unless somebody else has unpacked the same meanwhile.
    fn place_layer(&self, index: &mut Index, chain: &Digest, unpacked: &Path) -> Result<()> {
        if index.layers.get(chain).is_some_and(|number| self.layer(*number).exists()) {
            return Ok(());
        }
        loop {
            let (number, place) = (index.next_layer, self.layer(index.next_layer));
            index.next_layer += 1;
            // One that is there was placed and never written down.
            if place.exists() {
                continue;
            }
            fs::rename(unpacked, &place).map_err(Error::io("rename", &place))?;
            index.layers.insert(chain.clone(), number);
            return Ok(());
        }
    }
}

/// By full reference, or by the digest of its configuration with or without the algorithm.
pub fn find(index: &Index, name: &str) -> Option<Digest> {
    if let Ok(id) = name.parse::<Digest>().or_else(|_| format!("sha256:{name}").parse()) {
        return index.images.contains_key(&id).then_some(id);
    }
    let reference: Reference = name.parse().ok()?;
    index.names.get(&reference.key()).map(|entry| entry.image.clone())
}

/// The identity of each layer with all below it; checks that manifest and configuration speak of the same layers.
fn chains(manifest: &Manifest, config: &Configuration) -> Result<Vec<Digest>> {
    let diff_ids = &config.rootfs.diff_ids;
    if manifest.layers.len() != diff_ids.len() {
        return Err(Error::refused(format!("the manifest has {} layers and the configuration {}", manifest.layers.len(), diff_ids.len())));
    }
    if diff_ids.len() > LAYERS_MAX {
        return Err(Error::refused(format!("an image of {} layers is refused: at most {LAYERS_MAX} can be mounted", diff_ids.len())));
    }
    if diff_ids.is_empty() {
        return Err(Error::refused("an image without layers is refused"));
    }
    let mut chains: Vec<Digest> = Vec::new();
    for diff_id in diff_ids {
        let chain = match chains.last() {
            Some(below) => Digest::of(format!("{below} {diff_id}").as_bytes()),
            None => diff_id.clone(),
        };
        chains.push(chain);
    }
    Ok(chains)
}
