//! Sockets beyond the standard library: descriptors sent along with bytes over a unix socket, and options of any layout.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

/// Most descriptors that one message carries.
pub const DESCRIPTORS_MAX: usize = 8;
/// Room for a control message with that many descriptors, aligned as the kernel wants it.
const CONTROL_WORDS: usize = 8;

type Control = [MaybeUninit<libc::cmsghdr>; CONTROL_WORDS];

/// Sends bytes and, with the first of them, descriptors, which stay open here. Gives how many bytes went; the descriptors went if one did.
/// Never blocks on a socket that is not to, and never raises SIGPIPE.
pub fn send(socket: &impl AsFd, bytes: &[u8], descriptors: &[BorrowedFd<'_>]) -> io::Result<usize> {
    if descriptors.len() > DESCRIPTORS_MAX || (bytes.is_empty() && !descriptors.is_empty()) {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let mut control: Control = [const { MaybeUninit::zeroed() }; CONTROL_WORDS];
    let mut part = libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() };
    // SAFETY: msghdr is plain data, valid when zeroed.
    let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
    message.msg_iov = &raw mut part;
    message.msg_iovlen = 1;
    if !descriptors.is_empty() {
        let length = u32::try_from(size_of_val(descriptors)).map_err(io::Error::other)?;
        message.msg_control = control.as_mut_ptr().cast();
        // SAFETY: computes lengths; the first header lies in `control`, which has room for `DESCRIPTORS_MAX` numbers and is zeroed.
        unsafe {
            message.msg_controllen = libc::CMSG_SPACE(length) as _;
            let header = libc::CMSG_FIRSTHDR(&raw const message);
            (*header).cmsg_level = libc::SOL_SOCKET;
            (*header).cmsg_type = libc::SCM_RIGHTS;
            (*header).cmsg_len = libc::CMSG_LEN(length) as _;
            let data = libc::CMSG_DATA(header).cast::<RawFd>();
            for (index, descriptor) in descriptors.iter().enumerate() {
                data.add(index).write_unaligned(descriptor.as_raw_fd());
            }
        }
    }
    // SAFETY: the message and all that it points to live through the call.
    let sent = unsafe { libc::sendmsg(socket.as_fd().as_raw_fd(), &raw const message, libc::MSG_NOSIGNAL) };
    usize::try_from(sent).map_err(|_| io::Error::last_os_error())
}

/// Receives bytes, and appends the descriptors that came with them, which close on exec. 0: the other side is closed. More descriptors
/// than [`DESCRIPTORS_MAX`] at once are an error.
pub fn receive(socket: &impl AsFd, bytes: &mut [u8], descriptors: &mut Vec<OwnedFd>) -> io::Result<usize> {
    let mut control: Control = [const { MaybeUninit::zeroed() }; CONTROL_WORDS];
    let mut part = libc::iovec { iov_base: bytes.as_mut_ptr().cast(), iov_len: bytes.len() };
    // SAFETY: msghdr is plain data, valid when zeroed.
    let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
    message.msg_iov = &raw mut part;
    message.msg_iovlen = 1;
    message.msg_control = control.as_mut_ptr().cast();
    message.msg_controllen = size_of::<Control>() as _;
    // SAFETY: the message and all that it points to live through the call.
    let received = unsafe { libc::recvmsg(socket.as_fd().as_raw_fd(), &raw mut message, libc::MSG_CMSG_CLOEXEC) };
    let received = usize::try_from(received).map_err(|_| io::Error::last_os_error())?;
    // SAFETY: walks the headers that the kernel has written into `control`; each number in them is open and owned by nobody else.
    unsafe {
        let mut header = libc::CMSG_FIRSTHDR(&raw const message);
        while !header.is_null() {
            if (*header).cmsg_level == libc::SOL_SOCKET && (*header).cmsg_type == libc::SCM_RIGHTS {
                let length = (*header).cmsg_len as usize - libc::CMSG_LEN(0) as usize;
                let data = libc::CMSG_DATA(header).cast::<RawFd>();
                descriptors.extend((0..length / size_of::<RawFd>()).map(|index| OwnedFd::from_raw_fd(data.add(index).read_unaligned())));
            }
            header = libc::CMSG_NXTHDR(&raw const message, header);
        }
    }
    if message.msg_flags & libc::MSG_CTRUNC != 0 {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "too many descriptors in one message"));
    }
    Ok(received)
}

/// Asks for an option whose answer takes the place of the question. Gives how many bytes of it were written.
pub fn option(socket: &impl AsFd, level: i32, name: i32, value: &mut [u8]) -> io::Result<usize> {
    let mut length = libc::socklen_t::try_from(value.len()).map_err(io::Error::other)?;
    // SAFETY: the kernel writes at most `length` bytes to where that many are.
    let done = unsafe { libc::getsockopt(socket.as_fd().as_raw_fd(), level, name, value.as_mut_ptr().cast(), &raw mut length) };
    if done < 0 { Err(io::Error::last_os_error()) } else { Ok(length as usize) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;
    use std::io::{Read, Write};
    use std::os::unix::net::UnixStream;

    #[test]
    fn descriptors_arrive_with_the_bytes() {
        let (here, there) = UnixStream::pair().expect("a pair");
        let (mut reader, writer) = std::io::pipe().expect("a pipe");
        let all = vec![writer.as_fd(); DESCRIPTORS_MAX];
        assert_eq!(send(&here, b"two", &all).expect("sent"), 3);
        assert_eq!(send(&here, b"none", &[]).expect("sent"), 4);
        drop(writer);
        let (mut bytes, mut found) = ([0; 16], Vec::new());
        assert_eq!(receive(&there, &mut bytes, &mut found).expect("received"), 3);
        assert_eq!(found.len(), DESCRIPTORS_MAX);
        assert_eq!(receive(&there, &mut bytes, &mut found).expect("received"), 4);
        File::from(found.remove(0)).write_all(b"x").expect("written");
        drop(found);
        let mut text = String::new();
        reader.read_to_string(&mut text).expect("all other ends are closed");
        assert_eq!(text, "x");
        drop(here);
        assert_eq!(receive(&there, &mut bytes, &mut Vec::new()).expect("the end"), 0);
    }
}
