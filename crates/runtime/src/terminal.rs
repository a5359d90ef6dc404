//! A container's terminal: made in the container, by the process that is about to become a program there.

use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};

use nix::errno::Errno;
use nix::fcntl::{OFlag, open, openat};
use nix::sys::stat::Mode;
use nix::unistd::Uid;
use stead_sys::terminal::{self, Size};

use crate::executor::plain;

const CONSOLE: &str = "console";

/// Opens a terminal of the container's own, which becomes the controlling one of this process's session: its master and itself (LC-5).
pub fn make(size: Option<Size>) -> Result<(File, OwnedFd), String> {
    let text = |what: &'static str| move |error: std::io::Error| format!("{what}: {}", plain(error.raw_os_error().unwrap_or(0)));
    let master = File::options().read(true).write(true).open("/dev/pts/ptmx").map_err(text("open /dev/pts/ptmx"))?;
    let terminal = terminal::terminal_of(&master).map_err(text("open a terminal"))?;
    if let Some(size) = size {
        terminal::set_size(&terminal, size).map_err(text("set the terminal's size"))?;
    }
    terminal::take_control(&terminal).map_err(text("take control of the terminal"))?;
    Ok((master, terminal))
}

/// Gives it to a user, as standard input, output and error.
pub fn install(terminal: &OwnedFd, user: u32) -> Result<(), String> {
    let text = |what: &'static str| move |error: nix::Error| format!("{what}: {}", plain(error as i32));
    nix::unistd::fchown(terminal, Some(Uid::from_raw(user)), None).map_err(text("give the terminal to the user"))?;
    set_stdio(terminal, terminal, terminal).map_err(text("set the standard descriptors"))
}

/// Shows it as the container's console too (OCI-6). No link is followed, whatever is at that place.
pub fn show_as_console(terminal: &OwnedFd) -> Result<(), String> {
    let text = |what: &'static str| move |number: i32| format!("{what}: {}", plain(number));
    let system = |what: &'static str| move |error: nix::Error| text(what)(error as i32);
    let flags = OFlag::O_PATH | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    let devices = open("/dev", flags | OFlag::O_DIRECTORY, Mode::empty()).map_err(system("open /dev"))?;
    let place = match openat(&devices, CONSOLE, flags, Mode::empty()) {
        Err(Errno::ENOENT) => {
            let new = OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_WRONLY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
            openat(&devices, CONSOLE, new, Mode::from_bits_truncate(0o600)).map_err(system("make /dev/console"))?
        }
        other => other.map_err(system("open /dev/console"))?,
    };
    let tree = stead_sys::mount::copy_opened(terminal.as_fd());
    let placed = tree.and_then(|tree| stead_sys::mount::place_tree_on(&tree, place.as_fd()));
    placed.map_err(|error| text("mount the terminal on /dev/console")(error.raw_os_error().unwrap_or(0)))
}

/// Sets the three standard descriptors.
pub fn set_stdio(stdin: &OwnedFd, stdout: &OwnedFd, stderr: &OwnedFd) -> nix::Result<()> {
    nix::unistd::dup2_stdin(stdin)?;
    nix::unistd::dup2_stdout(stdout)?;
    nix::unistd::dup2_stderr(stderr)
}
