//! Pseudo-terminals.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};

/// Columns and rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Characters in a line.
    pub columns: u16,
    /// Lines.
    pub rows: u16,
}

/// The terminal that belongs to a master just opened from `ptmx`, found through the master itself and not through a path that somebody
/// may have replaced.
pub fn terminal_of(master: &File) -> io::Result<OwnedFd> {
    let unlocked: libc::c_int = 0;
    // SAFETY: the descriptor is open; TIOCSPTLCK reads one int.
    if unsafe { libc::ioctl(master.as_raw_fd(), libc::TIOCSPTLCK, &raw const unlocked) } < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the descriptor is open; TIOCGPTPEER takes the flags of open and gives a new descriptor or fails.
    let number = unsafe { libc::ioctl(master.as_raw_fd(), libc::TIOCGPTPEER, libc::O_RDWR | libc::O_NOCTTY | libc::O_CLOEXEC) };
    if number < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: just opened, owned by nobody else.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

/// Sets a terminal's size, through either side; its foreground processes get SIGWINCH if it changed.
pub fn set_size(terminal: &impl AsFd, size: Size) -> io::Result<()> {
    let size = libc::winsize { ws_row: size.rows, ws_col: size.columns, ws_xpixel: 0, ws_ypixel: 0 };
    // SAFETY: the descriptor is open for as long as the reference lives; TIOCSWINSZ reads one winsize.
    if unsafe { libc::ioctl(terminal.as_fd().as_raw_fd(), libc::TIOCSWINSZ, &raw const size) } < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// A terminal's size.
pub fn size(terminal: &impl AsFd) -> io::Result<Size> {
    let mut size = libc::winsize { ws_row: 0, ws_col: 0, ws_xpixel: 0, ws_ypixel: 0 };
    // SAFETY: the descriptor is open for as long as the reference lives; TIOCGWINSZ writes one winsize.
    if unsafe { libc::ioctl(terminal.as_fd().as_raw_fd(), libc::TIOCGWINSZ, &raw mut size) } < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(Size { columns: size.ws_col, rows: size.ws_row })
}

/// Makes a terminal the controlling one of this process, which leads a session that has none.
pub fn take_control(terminal: &impl AsFd) -> io::Result<()> {
    // SAFETY: the descriptor is open for as long as the reference lives; the argument is an integer.
    if unsafe { libc::ioctl(terminal.as_fd().as_raw_fd(), libc::TIOCSCTTY, 0) } < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};

    #[test]
    fn what_is_typed_is_echoed_and_the_size_is_kept() {
        let mut master = File::options().read(true).write(true).open("/dev/ptmx").expect("a master");
        let terminal = terminal_of(&master).expect("its terminal");
        set_size(&master, Size { columns: 91, rows: 17 }).expect("set");
        assert_eq!(size(&terminal).expect("read"), Size { columns: 91, rows: 17 });
        master.write_all(b"a\n").expect("typed");
        let mut bytes = [0; 3];
        master.read_exact(&mut bytes).expect("echoed");
        assert_eq!(&bytes, b"a\r\n");
    }
}
