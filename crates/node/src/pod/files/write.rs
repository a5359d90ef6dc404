//! Writes a pod's files, and reads those of the node that they are made of.

use super::hosts::NODES_FILE;
use super::resolver::{Resolver, Warning};
use super::{PodFiles, ResolvConf};
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

const RESOLV_CONF: &str = "/etc/resolv.conf";
/// The name servers behind systemd-resolved, which itself answers on a loopback address.
const SYSTEMD_RESOLV_CONF: &str = "/run/systemd/resolve/resolv.conf";
const MODE: u32 = 0o644;

/// Writes what is due, and gives the warnings about it.
pub fn write(files: &PodFiles) -> Result<Vec<Warning>, String> {
    if let Some((path, hosts)) = &files.hosts {
        let nodes_file = if hosts.needs_nodes_file() { read(Path::new(NODES_FILE))?.unwrap_or_default() } else { String::new() };
        // In place: other containers of the pod have this very file.
        put(path, &hosts.text(&nodes_file), OpenOptions::new().write(true).create(true).truncate(true))?;
    }
    let (path, hostname) = &files.hostname;
    put_once(path, hostname)?;
    let (path, base) = &files.resolver;
    if path.exists() {
        return Ok(Vec::new());
    }
    let (resolver, warnings) = base.resolver(nodes_resolver(&files.resolv_conf)?.as_ref());
    put_once(path, &resolver.text())?;
    Ok(warnings)
}

/// A file that an earlier start wrote stays as it is; one that it wrote in part is written anew.
fn put_once(path: &Path, text: &str) -> Result<(), String> {
    if path.exists() {
        return Ok(());
    }
    let part = path.with_extension("part");
    put(&part, text, OpenOptions::new().write(true).create(true).truncate(true))?;
    fs::rename(&part, path).map_err(failed("write", path))
}

fn put(path: &Path, text: &str, how: &mut OpenOptions) -> Result<(), String> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(failed("create", parent))?;
    }
    let mut file = how.mode(MODE).open(path).map_err(failed("open", path))?;
    file.set_permissions(fs::Permissions::from_mode(MODE)).and_then(|()| file.write_all(text.as_bytes())).map_err(failed("write", path))
}

fn nodes_resolver(file: &ResolvConf) -> Result<Option<Resolver>, String> {
    let path = match file {
        ResolvConf::None => return Ok(None),
        ResolvConf::File(path) => path.as_path(),
        ResolvConf::Found => Path::new(RESOLV_CONF),
    };
    let resolver = Resolver::parse(&read(path)?.unwrap_or_default());
    if *file == ResolvConf::Found
        && resolver.is_loopback()
        && let Some(text) = read(Path::new(SYSTEMD_RESOLV_CONF))?
    {
        return Ok(Some(Resolver::parse(&text)));
    }
    Ok(Some(resolver))
}

fn read(path: &Path) -> Result<Option<String>, String> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed("read", path)(error)),
    }
}

fn failed<'a>(what: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> String + 'a {
    move |error| format!("{what} {}: {error}", path.display())
}
