//! `cat`, `ls`, `stat`, `df`, `mkdir`, `rm`, `touch` and `pwd`.

use crate::calendar::Calendar;
use crate::options::Options;
use crate::user;
use nix::sys::statvfs::statvfs;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File, FileType, Metadata, OpenOptions};
use std::io::{self, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;
use std::process::ExitCode;

/// Does something with each operand; one that fails is told, and the next is done.
fn each(program: &str, names: &[OsString], mut work: impl FnMut(&OsStr) -> io::Result<()>) -> ExitCode {
    let mut code = ExitCode::SUCCESS;
    for name in names {
        if let Err(error) = work(name) {
            crate::complain(program, &format!("{}: {error}", name.to_string_lossy()));
            code = ExitCode::FAILURE;
        }
    }
    code
}

fn some(operands: &[OsString]) -> Result<&[OsString], String> {
    if operands.is_empty() { Err("missing operand".to_owned()) } else { Ok(operands) }
}

/// `cat [FILE...]`; `-` or nothing is standard input.
pub fn cat(arguments: &[OsString]) -> Result<ExitCode, String> {
    let mut output = io::stdout().lock();
    let standard_input = [OsString::from("-")];
    let code = each("cat", if arguments.is_empty() { &standard_input[..] } else { arguments }, |name| {
        if name == "-" {
            io::copy(&mut io::stdin().lock(), &mut output)?;
        } else {
            io::copy(&mut File::open(name)?, &mut output)?;
        }
        Ok(())
    });
    output.flush().map_err(|error| error.to_string())?;
    Ok(code)
}

/// `ls [-a] [-1] [-l] [-d] [PATH...]`: one name a line, sorted.
pub fn ls(arguments: &[OsString]) -> Result<ExitCode, String> {
    let options = Options::of(arguments, "a1ld")?;
    let here = [OsString::from(".")];
    let paths = if options.operands.is_empty() { &here[..] } else { &options.operands[..] };
    let several = paths.len() > 1;
    let mut output = io::stdout().lock();
    Ok(each("ls", paths, |path| {
        let mut text = Vec::new();
        let place = Path::new(path);
        let lists = !options.has('d') && (fs::symlink_metadata(place)?.is_dir() || (place.is_dir() && !options.has('l')));
        if several && lists {
            text.extend_from_slice(&[path.as_bytes(), b":\n"].concat());
        }
        let names = if lists { list(place, options.has('a'))? } else { vec![path.to_owned()] };
        for name in names {
            if options.has('l') {
                text.extend(long(&if lists { place.join(&name) } else { place.to_owned() }, &name)?);
            } else {
                text.extend_from_slice(name.as_bytes());
            }
            text.push(b'\n');
        }
        output.write_all(&text)
    }))
}

fn list(path: &Path, all: bool) -> io::Result<Vec<OsString>> {
    let mut names = fs::read_dir(path)?.map(|entry| Ok(entry?.file_name())).collect::<io::Result<Vec<_>>>()?;
    if all {
        names.extend([OsString::from("."), OsString::from("..")]);
    } else {
        names.retain(|name| !name.as_bytes().starts_with(b"."));
    }
    names.sort();
    Ok(names)
}

/// A line of `ls -l`.
fn long(path: &Path, name: &OsStr) -> io::Result<Vec<u8>> {
    let metadata = fs::symlink_metadata(path)?;
    let (user, group) = owners(&metadata);
    let time = Calendar::of(metadata.mtime()).formatted("%F %H:%M").map_err(io::Error::other)?;
    let line = format!("{} {:>3} {user:<8} {group:<8} {:>10} {time} ", mode(&metadata), metadata.nlink(), metadata.len());
    let mut line = [line.as_bytes(), name.as_bytes()].concat();
    if metadata.is_symlink() {
        line.extend_from_slice(b" -> ");
        line.extend(fs::read_link(path)?.into_os_string().into_vec());
    }
    Ok(line)
}

fn owners(metadata: &Metadata) -> (String, String) {
    let user = user::user_name(metadata.uid()).unwrap_or_else(|| metadata.uid().to_string());
    (user, user::group_name(metadata.gid()).unwrap_or_else(|| metadata.gid().to_string()))
}

/// `drwxr-xr-t`
fn mode(metadata: &Metadata) -> String {
    let bits = metadata.mode();
    let mut out = String::from(match kind(metadata.file_type()) {
        "directory" => 'd',
        "symbolic link" => 'l',
        "character special file" => 'c',
        "block special file" => 'b',
        "fifo" => 'p',
        "socket" => 's',
        _ => '-',
    });
    for (shift, special, mark) in [(6, 0o4000, 's'), (3, 0o2000, 's'), (0, 0o1000, 't')] {
        let part = bits >> shift;
        out.push(if part & 4 != 0 { 'r' } else { '-' });
        out.push(if part & 2 != 0 { 'w' } else { '-' });
        out.push(match (bits & special != 0, part & 1 != 0) {
            (true, true) => mark,
            (true, false) => mark.to_ascii_uppercase(),
            (false, true) => 'x',
            (false, false) => '-',
        });
    }
    out
}

fn kind(kind: FileType) -> &'static str {
    match kind {
        kind if kind.is_dir() => "directory",
        kind if kind.is_symlink() => "symbolic link",
        kind if kind.is_char_device() => "character special file",
        kind if kind.is_block_device() => "block special file",
        kind if kind.is_fifo() => "fifo",
        kind if kind.is_socket() => "socket",
        _ => "regular file",
    }
}

/// `stat [-L] [-c FORMAT] FILE...`: formats `%a %A %b %B %f %F %g %G %h %i %n %o %s %u %U %x %X %y %Y %z %Z %%`.
pub fn stat(arguments: &[OsString]) -> Result<ExitCode, String> {
    let options = Options::of(arguments, "Lc:")?;
    let format = options.value('c').map(|format| format.to_string_lossy().into_owned());
    let format = format.unwrap_or_else(|| {
        "  File: %n\n  Size: %s\tBlocks: %b\tIO Block: %o\t%F\nInode: %i\tLinks: %h\nAccess: (%a/%A)\tUid: (%u/%U)\tGid: (%g/%G)\nAccess: %x\nModify: %y\nChange: %z".to_owned()
    });
    let mut output = io::stdout().lock();
    Ok(each("stat", some(&options.operands)?, |name| {
        let metadata = if options.has('L') { fs::metadata(name)? } else { fs::symlink_metadata(name)? };
        writeln!(output, "{}", described(&metadata, &name.to_string_lossy(), &format).map_err(io::Error::other)?)
    }))
}

fn described(metadata: &Metadata, name: &str, format: &str) -> Result<String, String> {
    let (user, group) = owners(metadata);
    let time = |seconds, nanoseconds| Ok::<_, String>(format!("{}.{nanoseconds:09} +0000", Calendar::of(seconds).formatted("%F %T")?));
    let mut out = String::new();
    let mut chars = format.chars();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        out += &match chars.next() {
            Some('a') => format!("{:o}", metadata.mode() & 0o7777),
            Some('A') => mode(metadata),
            Some('b') => metadata.blocks().to_string(),
            Some('B') => "512".to_owned(),
            Some('f') => format!("{:x}", metadata.mode()),
            Some('F') if metadata.is_file() && metadata.len() == 0 => "regular empty file".to_owned(),
            Some('F') => kind(metadata.file_type()).to_owned(),
            Some('g') => metadata.gid().to_string(),
            Some('G') => group.clone(),
            Some('h') => metadata.nlink().to_string(),
            Some('i') => metadata.ino().to_string(),
            Some('n') => name.to_owned(),
            Some('o') => metadata.blksize().to_string(),
            Some('s') => metadata.len().to_string(),
            Some('u') => metadata.uid().to_string(),
            Some('U') => user.clone(),
            Some('x') => time(metadata.atime(), metadata.atime_nsec())?,
            Some('X') => metadata.atime().to_string(),
            Some('y') => time(metadata.mtime(), metadata.mtime_nsec())?,
            Some('Y') => metadata.mtime().to_string(),
            Some('z') => time(metadata.ctime(), metadata.ctime_nsec())?,
            Some('Z') => metadata.ctime().to_string(),
            Some('%') => "%".to_owned(),
            other => return Err(format!("unknown conversion %{}", other.map(String::from).unwrap_or_default())),
        };
    }
    Ok(out)
}

/// `df [-h] [-k] [PATH...]`: how full file systems are.
pub fn df(arguments: &[OsString]) -> Result<ExitCode, String> {
    let options = Options::of(arguments, "hk")?;
    let text = fs::read_to_string("/proc/self/mounts").map_err(|error| format!("/proc/self/mounts: {error}"))?;
    let mounts: Vec<(String, String)> = text
        .lines()
        .filter_map(|line| {
            let mut fields = line.split(' ').map(unescaped);
            Some((fields.next()?, fields.next()?))
        })
        .collect();
    let mut output = io::stdout().lock();
    let unit = if options.has('h') { "Size" } else { "1K-blocks" };
    writeln!(output, "{:<20} {unit:>10} {:>10} {:>10} {:>4} Mounted on", "Filesystem", "Used", "Available", "Use%")
        .map_err(|error| error.to_string())?;
    let mut line = |source: &str, place: &str, asked: &Path| -> io::Result<()> {
        let space = statvfs(asked)?;
        // Narrower on some machines.
        let bytes = |blocks: u64| blocks.saturating_mul(space.fragment_size() as u64);
        let (all, free, available) =
            (bytes(space.blocks() as u64), bytes(space.blocks_free() as u64), bytes(space.blocks_available() as u64));
        let used = all.saturating_sub(free);
        let percent = (used + available > 0).then(|| (used as f64 * 100.0 / (used + available) as f64).ceil());
        let percent = percent.map_or_else(|| "-".to_owned(), |percent| format!("{percent:.0}%"));
        let size = |bytes| if options.has('h') { human(bytes) } else { (bytes / 1024).to_string() };
        writeln!(output, "{source:<20} {:>10} {:>10} {:>10} {percent:>4} {place}", size(all), size(used), size(available))
    };
    if options.operands.is_empty() {
        for (source, place) in &mounts {
            // What holds nothing (proc, sysfs) or cannot be asked is not shown.
            if statvfs(place.as_str()).is_ok_and(|space| space.blocks() > 0) {
                line(source, place, Path::new(place)).map_err(|error| error.to_string())?;
            }
        }
        return Ok(ExitCode::SUCCESS);
    }
    Ok(each("df", &options.operands, |path| {
        let (source, place) = mount_of(&mounts, &fs::canonicalize(path)?).ok_or_else(|| io::Error::other("no mount point"))?;
        line(source, place, path.as_ref())
    }))
}

/// The mount that a path is in, of sources and places. Several may show parts of one file system, of which each may have a limit of its own.
fn mount_of<'a>(mounts: &'a [(String, String)], path: &Path) -> Option<&'a (String, String)> {
    // What was mounted last over the same place is what is seen.
    mounts.iter().filter(|(_, place)| path.starts_with(place)).max_by_key(|(_, place)| Path::new(place).components().count())
}

/// `\040` and its like in the kernel's list of mounts.
fn unescaped(field: &str) -> String {
    [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")]
        .iter()
        .fold(field.to_owned(), |text, (code, is)| text.replace(code, is))
}

fn human(bytes: u64) -> String {
    let mut value = bytes as f64;
    let mut units = "BKMGTP".chars();
    let mut unit = units.next();
    while value >= 1024.0 {
        let Some(next) = units.next() else { break };
        unit = Some(next);
        value /= 1024.0;
    }
    let unit = unit.filter(|unit| *unit != 'B').map(String::from).unwrap_or_default();
    if value < 10.0 && !unit.is_empty() { format!("{value:.1}{unit}") } else { format!("{value:.0}{unit}") }
}

/// `mkdir [-p] DIRECTORY...`
pub fn mkdir(arguments: &[OsString]) -> Result<ExitCode, String> {
    let options = Options::of(arguments, "p")?;
    let make = |name: &OsStr| if options.has('p') { fs::create_dir_all(name) } else { fs::create_dir(name) };
    Ok(each("mkdir", some(&options.operands)?, make))
}

/// `rm [-r] [-f] FILE...`
pub fn rm(arguments: &[OsString]) -> Result<ExitCode, String> {
    let options = Options::of(arguments, "rRf")?;
    let recursive = options.has('r') || options.has('R');
    let operands = if options.has('f') { &options.operands[..] } else { some(&options.operands)? };
    Ok(each("rm", operands, |name| {
        let removed = match fs::symlink_metadata(name) {
            Ok(metadata) if metadata.is_dir() && recursive => fs::remove_dir_all(name),
            Ok(metadata) if metadata.is_dir() => Err(io::Error::other("is a directory")),
            Ok(_) => fs::remove_file(name),
            Err(error) => Err(error),
        };
        match removed {
            Err(error) if options.has('f') && error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed,
        }
    }))
}

/// `touch FILE...`: made if it is not there, changed now.
#[expect(clippy::disallowed_methods, reason = "the program sets the time of files")]
pub fn touch(arguments: &[OsString]) -> Result<ExitCode, String> {
    let options = Options::of(arguments, "")?;
    Ok(each("touch", some(&options.operands)?, |name| {
        if Path::new(name).is_dir() {
            return File::open(name)?.set_modified(std::time::SystemTime::now());
        }
        OpenOptions::new().create(true).append(true).open(name)?.set_modified(std::time::SystemTime::now())
    }))
}

/// `pwd`
pub fn pwd(_: &[OsString]) -> Result<ExitCode, String> {
    let place = std::env::current_dir().map_err(|error| error.to_string())?;
    crate::print_line(&place.to_string_lossy())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_described() {
        let dir = std::env::temp_dir().join(format!("stead-files-{}", std::process::id()));
        fs::create_dir_all(&dir).unwrap();
        fs::set_permissions(&dir, std::os::unix::fs::PermissionsExt::from_mode(0o1750)).unwrap();
        let metadata = fs::metadata(&dir).unwrap();
        assert_eq!(described(&metadata, "x", "%n %a %A %F %%"), Ok("x 1750 drwxr-x--T directory %".to_owned()));
        assert!(described(&metadata, "x", "%q").is_err());
        fs::remove_dir(dir).unwrap();
    }

    #[test]
    fn a_path_is_in_the_mount_that_is_nearest_above() {
        let mounts = [("over", "/"), ("disk", "/data"), ("disk", "/etc/hosts"), ("other", "/data"), ("disk", "/data/a b")];
        let mounts = mounts.map(|(source, place)| (source.to_owned(), place.to_owned()));
        let of = |path: &str| mount_of(&mounts, Path::new(path)).map(|(source, place)| (source.as_str(), place.as_str()));
        assert_eq!(of("/data/x"), Some(("other", "/data")));
        assert_eq!(of("/data/a b"), Some(("disk", "/data/a b")));
        assert_eq!(of("/database"), Some(("over", "/")));
        assert_eq!(of("/etc/hosts"), Some(("disk", "/etc/hosts")));
        assert_eq!(mount_of(&mounts[1..], Path::new("/proc")), None);
    }

    #[test]
    fn sizes_and_names_are_readable() {
        assert_eq!(human(512), "512");
        assert_eq!(human(1536), "1.5K");
        assert_eq!(human(20 * 1024 * 1024), "20M");
        assert_eq!(unescaped("/a\\040b"), "/a b");
    }
}
