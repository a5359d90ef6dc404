//! Files with a file system of their own, mounted, and files as block devices.

use crate::error::{Error, Result, failed, unless_missing};
use crate::ext4::{self, Health, Layout};
use crate::loops::{Loop, Owner};
use crate::record::{Backing, Record};
use crate::steps::Steps;
use crate::{directory, growth, pool};
use nix::errno::Errno;
use nix::libc;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;
use stead_sys::loop_device::{Attachment, resize_ext4};

const PRIVATE_MODE: u32 = 0o600;
/// Of devices for file systems: larger writes than that are not torn by any disk behind, and the file can be read past the page cache.
const BLOCK_BYTES: u32 = 4096;
/// Of devices for users, who may expect what disks have: the kernel's choice.
const BLOCK_BYTES_OF_DEVICES: u32 = 0;

/// Whether an image can be made in a pool, found out by making one; leaves none. The record is one that no disk has.
pub(crate) fn try_in(record: &Record, owner: &Owner) -> Result<std::result::Result<(), String>> {
    discard(record)?;
    let tried = make(record, PRIVATE_MODE, owner, &Steps::default());
    discard(record)?;
    Ok(tried.map_err(|error| error.to_string()))
}

/// Removes an image that has nobody's data. Who still has a copy of its mount keeps the device, which goes with the last of them, and not the names.
fn discard(record: &Record) -> Result<()> {
    let (file, place) = (record.file(), record.mount_point());
    while is_mounted(record)? {
        umount2(&place, MntFlags::UMOUNT_NOFOLLOW | MntFlags::MNT_DETACH).map_err(failed("unmount", &place))?;
    }
    match release(&file, DISCARDED_MAX) {
        Ok(()) | Err(Error::InUse { .. }) => {}
        Err(error) => return Err(error),
    }
    unless_missing(fs::remove_file(&file)).map_err(failed("remove", &file))?;
    unless_missing(fs::remove_dir(&place)).map_err(failed("remove", &place))
}

/// How large the file must be for so much to be written.
pub(crate) fn file_bytes(usable_bytes: u64) -> u64 {
    Layout::with_usable(usable_bytes).file_bytes()
}

/// Makes the file with its file system, mounts that, and makes the directory in it.
pub(crate) fn make(record: &Record, permissions: u32, owner: &Owner, steps: &Steps) -> Result<()> {
    // An attempt before may have come as far as this.
    detach(record, owner)?;
    pool::directory(&record.home())?;
    let path = record.file();
    let layout = Layout::with_usable(record.bytes);
    steps.before("make the file of an image")?;
    let file = new_file(&path, layout.file_bytes())?;
    steps.before("make a file system")?;
    let made = file.metadata().and_then(|found| {
        let unix_s = u64::try_from(found.mtime()).unwrap_or(0);
        ext4::format(layout, uuid()?, unix_s, &mut |at, bytes| file.write_all_at(bytes, at))
    });
    made.and_then(|()| file.sync_all()).map_err(failed("make a file system in", &path))?;
    steps.before("mount an image")?;
    mount_image(record, owner)?;
    steps.before("make the directory in an image")?;
    pool::directory(&record.path())?;
    directory::hand_over(&record.path(), permissions)?;
    pool::sync(&record.mount_point())?;
    pool::sync(&record.home())
}

/// Makes the file of a device, and attaches it.
pub(crate) fn make_device(record: &Record, owner: &Owner, steps: &Steps) -> Result<()> {
    detach(record, owner)?;
    pool::directory(&record.home())?;
    steps.before("make the file of a device")?;
    new_file(&record.file(), record.bytes)?.sync_all().map_err(failed("sync", &record.file()))?;
    steps.before("attach a device")?;
    attach_device(record, owner)?;
    pool::sync(&record.home())
}

fn new_file(path: &Path, bytes: u64) -> Result<File> {
    let opened = OpenOptions::new().read(true).write(true).create(true).truncate(true).mode(PRIVATE_MODE).open(path);
    let file = opened.map_err(failed("make", path))?;
    file.set_len(bytes).map_err(failed("make", path))?;
    Ok(file)
}

/// One that nobody has had before; the kernel makes them.
fn uuid() -> io::Result<[u8; 16]> {
    let text = fs::read_to_string("/proc/sys/kernel/random/uuid")?;
    u128::from_str_radix(&text.trim().replace('-', ""), 16).map(u128::to_be_bytes).map_err(io::Error::other)
}

/// Mounts an image, if it is not mounted. A file system that knows of errors is not: what it has is kept as it is.
pub(crate) fn mount_image(record: &Record, owner: &Owner) -> Result<()> {
    if is_mounted(record)? {
        return Ok(());
    }
    let file = record.file();
    if !pool::exists(&file)? {
        return Err(Error::Missing { path: file });
    }
    let place = record.mount_point();
    pool::directory(&place)?;
    // Who has it mounted elsewhere, as a container may after an end of this process, has the same file system.
    let device = match Loop::find(&file)? {
        Some(device) => device,
        None => {
            growth::finish(&file)?;
            match look_at(&file)? {
                Health::Sound => {}
                Health::HasErrors => repair(&file)?,
                Health::Unreadable(why) => return Err(Error::Damaged { path: file, why }),
            }
            Loop::of(&file, owner, BLOCK_BYTES, Attachment::WhileUsed)?
        }
    };
    mount(Some(&device.path), &place, Some("ext4"), MsFlags::MS_NODEV, Some("discard")).map_err(|error| match error {
        Errno::EUCLEAN | Errno::EBADMSG => Error::Damaged { path: file.clone(), why: error.to_string() },
        _ => failed("mount", &file)(error),
    })
}

fn look_at(file: &Path) -> Result<Health> {
    let mut first_block = Vec::new();
    let read = File::open(file).and_then(|opened| opened.take(ext4::BLOCK_BYTES).read_to_end(&mut first_block));
    read.map_err(failed("read", file))?;
    Ok(ext4::health(&first_block))
}

/// Has e2fsck repair what it can repair without a question, where it is installed. What needs a decision is left to somebody who can make it.
#[expect(clippy::disallowed_methods, reason = "a file system with errors is repaired by the program that knows how, or not mounted")]
fn repair(file: &Path) -> Result<()> {
    const PROGRAMS: [&str; 3] = ["/usr/sbin/e2fsck", "/sbin/e2fsck", "/usr/bin/e2fsck"];
    /// What it has done, of which these bits are success: errors repaired, a restart advised.
    const REPAIRED: i32 = 1 | 2;
    let damaged = |why: String| Err(Error::Damaged { path: file.to_owned(), why });
    let Some(program) = PROGRAMS.into_iter().find(|path| Path::new(path).exists()) else {
        return damaged("the kernel has found errors in its file system, and there is no e2fsck here; e2fsck -f repairs it".to_owned());
    };
    let output = std::process::Command::new(program).arg("-p").arg(file).output().map_err(failed("repair", file))?;
    let said = String::from_utf8_lossy(&output.stdout).trim().replace('\n', "; ");
    match output.status.code() {
        Some(code) if code & !REPAIRED == 0 => {
            tracing::warn!(file = %file.display(), said, "the kernel had found errors in an image; e2fsck has repaired it");
            Ok(())
        }
        _ => damaged(format!("the kernel has found errors in its file system, and e2fsck -p could not repair all: {said}")),
    }
}

/// Whether something is mounted where an image is to be.
pub(crate) fn is_mounted(record: &Record) -> Result<bool> {
    let place = record.mount_point();
    if !pool::is_directory(&place) {
        return Ok(false);
    }
    Ok(pool::device(&place)? != pool::device(&record.home())?)
}

/// How long it may take until a file system that has been unmounted is let go: whoever starts a container has copies of all mounts for a moment.
const RELEASE_MAX: Duration = Duration::from_secs(2);
const RELEASE_STEP: Duration = Duration::from_millis(5);
/// The same for one that is to grow: it would wait for its next user.
const GROWN_MAX: Duration = Duration::from_secs(10);
/// The same for one that nobody needs.
const DISCARDED_MAX: Duration = Duration::from_millis(100);

/// Takes an image's mount or a device away. [`Error::InUse`]: somebody has it, and keeps it.
pub(crate) fn detach(record: &Record, owner: &Owner) -> Result<()> {
    detach_within(record, owner, RELEASE_MAX)
}

fn detach_within(record: &Record, owner: &Owner, patience: Duration) -> Result<()> {
    if is_mounted(record)? {
        let place = record.mount_point();
        umount2(&place, MntFlags::UMOUNT_NOFOLLOW).map_err(|error| match error {
            Errno::EBUSY => Error::InUse { path: record.path() },
            _ => failed("unmount", &place)(error),
        })?;
    }
    let released = release(&record.file(), patience);
    if let Err(Error::InUse { .. }) = released {
        if matches!(record.backing, Backing::Image { .. }) {
            mount_image(record, owner)?;
        }
        return Err(Error::InUse { path: record.path() });
    }
    released
}

/// Has no device show a file any more, once nobody has its file system mounted. [`Error::InUse`]: somebody still has.
fn release(file: &Path, patience: Duration) -> Result<()> {
    let mut waited = Duration::ZERO;
    loop {
        let Some(device) = (if pool::exists(file)? { Loop::find(file)? } else { None }) else { return Ok(()) };
        match device.exclusively() {
            Ok(_alone) => return device.detach(),
            Err(Error::InUse { .. }) if waited < patience => {
                drop(device);
                std::thread::sleep(RELEASE_STEP);
                waited += RELEASE_STEP;
            }
            Err(error) => return Err(error),
        }
    }
}

/// Takes away every mount and every device of an owner of which nothing else is known. What could not be, and why.
pub(crate) fn detach_owned(owner: &Owner) -> Result<Vec<Error>> {
    let mut kept = Vec::new();
    for device in Loop::owned(owner)? {
        if let Err(error) = unmount_everywhere(&device).and_then(|()| device.detach()) {
            kept.push(error);
        }
    }
    Ok(kept)
}

/// Takes a device's file system away wherever it, or a part of it, is mounted.
fn unmount_everywhere(device: &Loop) -> Result<()> {
    let mounted = stead_sys::mount_table::read().map_err(failed("list the mounts of", &device.path))?;
    for mount in mounted.iter().rev().filter(|mount| Path::new(&mount.source) == device.path) {
        umount2(&mount.place, MntFlags::UMOUNT_NOFOLLOW).map_err(|error| match error {
            Errno::EBUSY => Error::InUse { path: mount.place.clone() },
            _ => failed("unmount", &mount.place)(error),
        })?;
    }
    Ok(())
}

/// Whether a file system has a user of its own: a mount that this process sees beside the image's. Such a one stays.
fn is_bound(device: &Loop, place: &Path) -> Result<bool> {
    let place = place.canonicalize().map_err(failed("resolve", place))?;
    let mounted = stead_sys::mount_table::read().map_err(failed("list the mounts of", &device.path))?;
    Ok(mounted.iter().any(|mount| Path::new(&mount.source) == device.path && mount.place != place))
}

/// Gives a file system a file of so many bytes, at once if the kernel lets this process do it while it is mounted, or else if nobody uses it.
/// Why it waits, if neither.
pub(crate) fn grow(record: &Record, bytes: u64, owner: &Owner, steps: &Steps) -> Result<Option<String>> {
    mount_image(record, owner)?;
    let path = record.file();
    steps.before("grow the file of an image")?;
    extend(&path, bytes)?;
    let device = Loop::find(&path)?.ok_or_else(|| Error::Missing { path: path.clone() })?;
    device.take_new_size()?;
    let place = record.mount_point();
    let opened = File::open(&place).map_err(failed("open", &place))?;
    steps.before("grow a mounted file system")?;
    match resize_ext4(opened.as_fd(), bytes / ext4::BLOCK_BYTES) {
        Ok(()) => return Ok(None),
        Err(error) if matches!(error.raw_os_error(), Some(libc::EPERM | libc::EOPNOTSUPP | libc::ENOTTY)) => {}
        Err(error) => return Err(failed("grow the file system in", &path)(error)),
    }
    let patience = if is_bound(&device, &place)? { Duration::ZERO } else { GROWN_MAX };
    drop((device, opened));
    match detach_within(record, owner, patience) {
        Err(Error::InUse { .. }) => {
            Ok(Some("the kernel does not let this process grow a file system that is in use (CAP_SYS_RESOURCE)".to_owned()))
        }
        other => other.and_then(|()| growth::grow(&path, bytes, steps)).and_then(|()| mount_image(record, owner)).map(|()| None),
    }
}

/// Gives a device more bytes at its end.
pub(crate) fn grow_device(record: &Record, bytes: u64, owner: &Owner, steps: &Steps) -> Result<()> {
    attach_device(record, owner)?;
    steps.before("grow the file of a device")?;
    extend(&record.file(), bytes)?;
    Loop::find(&record.file())?.map_or(Ok(()), |device| device.take_new_size())
}

/// Makes a file longer, and never shorter.
fn extend(path: &Path, bytes: u64) -> Result<()> {
    let file = OpenOptions::new().write(true).open(path).map_err(failed("open", path))?;
    let now = file.metadata().map_err(failed("look at", path))?.len();
    if now >= bytes {
        return Ok(());
    }
    file.set_len(bytes).and_then(|()| file.sync_all()).map_err(failed("grow", path))
}

/// Takes some of a large file's end away, so that no step of its removal is long. Whether there is more.
pub(crate) fn shorten(path: &Path, steps: &mut u64) -> Result<bool> {
    const STEP_BYTES: u64 = 4 << 30;
    let Ok(file) = OpenOptions::new().write(true).open(path) else { return Ok(false) };
    let mut bytes = file.metadata().map_err(failed("look at", path))?.len();
    while bytes > STEP_BYTES {
        let Some(left) = steps.checked_sub(1) else { return Ok(true) };
        *steps = left;
        bytes -= STEP_BYTES;
        file.set_len(bytes).map_err(failed("shorten", path))?;
    }
    Ok(false)
}

/// Has a device show the file, and the link lead to it.
pub(crate) fn attach_device(record: &Record, owner: &Owner) -> Result<PathBuf> {
    let file = record.file();
    if !pool::exists(&file)? {
        return Err(Error::Missing { path: file });
    }
    let device = Loop::of(&file, owner, BLOCK_BYTES_OF_DEVICES, Attachment::UntilDetached)?;
    let link = record.path();
    if fs::read_link(&link).is_ok_and(|target| target == device.path) {
        return Ok(device.path);
    }
    let new = record.home().join("device.new");
    unless_missing(fs::remove_file(&new)).map_err(failed("remove", &new))?;
    std::os::unix::fs::symlink(&device.path, &new).map_err(failed("link", &new))?;
    fs::rename(&new, &link).map_err(failed("link", &link))?;
    Ok(device.path)
}
