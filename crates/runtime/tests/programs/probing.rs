//! What a container's program tries, and says what came of it: a line for each attempt, `WHAT=OUTCOME`.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::process::ExitCode;

/// Runs the attempt that the first word names; None if it names none.
pub fn run(words: &[&str]) -> Option<io::Result<ExitCode>> {
    Some(match words {
        ["descriptors-for-test"] => descriptors(),
        ["read-for-test", paths @ ..] => each(paths, |path| {
            let mut bytes = Vec::new();
            File::open(path)?.take(1 << 16).read_to_end(&mut bytes)?;
            Ok(if bytes.is_empty() { "nothing".to_owned() } else { String::from_utf8_lossy(&bytes).trim().replace('\n', " ") })
        }),
        ["open-to-write-for-test", paths @ ..] => each(paths, |path| File::options().write(true).open(path).map(|_| "opened".to_owned())),
        ["list-for-test", paths @ ..] => each(paths, |path| Ok(fs::read_dir(path)?.count().to_string())),
        ["link-for-test", paths @ ..] => each(paths, |path| fs::read_link(path).map(|target| target.display().to_string())),
        ["make-for-test", paths @ ..] => each(paths, |path| File::create(path).map(|_| "made".to_owned())),
        ["owners-for-test", paths @ ..] => each(paths, |path| {
            let found = fs::metadata(path)?;
            Ok(format!("{}:{}", found.uid(), found.gid()))
        }),
        ["devices-for-test", paths @ ..] => each(paths, |path| {
            let device = fs::metadata(path)?.rdev();
            Ok(format!("{}:{}", nix::libc::major(device), nix::libc::minor(device)))
        }),
        ["mount-for-test", path] => each(&[path], |path| {
            nix::mount::mount(Some("probe"), path, Some("tmpfs"), nix::mount::MsFlags::empty(), Some("size=4k"))?;
            Ok("mounted".to_owned())
        }),
        ["open-every-device-for-test"] => open_every_device(),
        _ => return None,
    })
}

fn each(paths: &[&str], attempt: impl Fn(&str) -> io::Result<String>) -> io::Result<ExitCode> {
    for path in paths {
        writeln!(io::stdout(), "{path}={}", said(attempt(path)))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn said(result: io::Result<String>) -> String {
    result.unwrap_or_else(|error| format!("{:?}", nix::errno::Errno::from_raw(error.raw_os_error().unwrap_or(0))))
}

/// All that this process was given, but for what it has opened itself to look.
fn descriptors() -> io::Result<ExitCode> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc/self/fd")?.flatten() {
        if let Ok(target) = fs::read_link(entry.path()) {
            found.push((entry.file_name().to_string_lossy().parse::<u32>().unwrap_or(0), target));
        }
    }
    found.sort();
    for (number, target) in found.iter().filter(|(_, target)| !target.ends_with("fd")) {
        writeln!(io::stdout(), "{number}={}", target.display())?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Makes files of block devices, and of character devices that lead to memory and ports, and says which of them can be opened.
fn open_every_device() -> io::Result<ExitCode> {
    use nix::sys::stat::{Mode, SFlag, makedev, mknod};
    let mut opened = Vec::new();
    let blocks = (1..=259).flat_map(|major| (0..4).map(move |minor| (SFlag::S_IFBLK, major, minor)));
    let memory = [1, 2, 4].map(|minor| (SFlag::S_IFCHR, 1, minor));
    for (kind, major, minor) in blocks.chain(memory) {
        if mknod("/device", kind, Mode::from_bits_truncate(0o600), makedev(major, minor)).is_err() {
            continue;
        }
        if File::open("/device").is_ok() {
            opened.push(format!("{major}:{minor}"));
        }
        fs::remove_file("/device")?;
    }
    writeln!(io::stdout(), "opened={}", opened.join(","))?;
    Ok(ExitCode::SUCCESS)
}
