//! Writes archives of images whose blobs are in a store: an OCI layout in a tar, each image under a name. Input: manifests by name; output: a file
//! that is whole or not there.

use crate::digest::Digest;
use crate::document::{Descriptor, Manifest, OCI_MANIFEST, parse};
use crate::error::{Error, Result};
use crate::import::{CONTAINERD_NAME, OCI_NAME, blob_name};
use crate::reference::Reference;
use crate::store::{Hold, Store};
use serde_json::json;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{BufWriter, Read, Write};
use std::path::Path;
use tar::{Builder, EntryType, Header};

/// Written at a time.
const BUFFER_BYTES: usize = 256 << 10;
const LAYOUT: &str = r#"{"imageLayoutVersion":"1.0.0"}"#;
/// Of the table of a layout.
const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// Writes the archive beside its place first.
pub fn write(store: &Store, _hold: &Hold, images: &[(Reference, Digest)], path: &Path) -> Result<()> {
    let mut table = Vec::new();
    let mut blobs = BTreeSet::new();
    for (name, digest) in images {
        let bytes = store.document(digest)?;
        let manifest: Manifest = parse("manifest", &bytes)?;
        let media_type = if manifest.media_type.is_empty() { OCI_MANIFEST } else { &manifest.media_type };
        let mut descriptor = Descriptor::new(media_type, digest.clone(), bytes.len() as u64);
        descriptor.annotations.insert(CONTAINERD_NAME.to_owned(), name.key());
        descriptor.annotations.extend(name.tag.clone().map(|tag| (OCI_NAME.to_owned(), tag)));
        table.push(descriptor);
        blobs.extend(manifest.layers.into_iter().chain([manifest.config]).map(|part| part.digest));
        blobs.insert(digest.clone());
    }
    let table = json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": table}).to_string();
    let unfinished = path.with_extension("part");
    let failed = || Error::io("write", &unfinished);
    let file = File::create(&unfinished).map_err(Error::io("create", &unfinished))?;
    let mut archive = Builder::new(BufWriter::with_capacity(BUFFER_BYTES, file));
    for (name, document) in [("oci-layout", LAYOUT), ("index.json", &table)] {
        append(&mut archive, name, document.as_bytes(), document.len() as u64).map_err(failed())?;
    }
    for blob in blobs {
        let place = store.blob(&blob);
        let content = File::open(&place).map_err(Error::io("open", &place))?;
        let size = content.metadata().map_err(Error::io("look at", &place))?.len();
        append(&mut archive, &blob_name(&blob), content, size).map_err(failed())?;
    }
    archive.into_inner().and_then(|mut file| file.flush()).map_err(failed())?;
    fs::rename(&unfinished, path).map_err(Error::io("rename", path))
}

fn append(archive: &mut Builder<impl Write>, name: &str, content: impl Read, size: u64) -> std::io::Result<()> {
    let mut header = Header::new_ustar();
    header.set_entry_type(EntryType::Regular);
    header.set_mode(0o644);
    header.set_size(size);
    archive.append_data(&mut header, name, content)
}
