//! Datagrams of a socket, received and sent many at a time: one call of the kernel for a batch of them.
//!
//! Never waits: a socket without anything to give or room to take is `WouldBlock`. What is received knows, if the socket was told to say so
//! ([`say_where`]), at which address of this machine it came in, and an answer to it leaves from there.

use std::io;
use std::mem::{MaybeUninit, size_of};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::ops::Range;
use std::os::fd::{AsFd, AsRawFd};

/// Most datagrams of one call.
pub const BATCH_MAX: usize = 32;

/// Room for an address of either family.
type Name = libc::sockaddr_in6;

/// Room for where a datagram came in, aligned as the kernel wants it.
const CONTROL_WORDS: usize = 3;
type Control = [MaybeUninit<libc::cmsghdr>; CONTROL_WORDS];

/// The other end of a datagram, and the end of this machine.
#[derive(Clone, Copy)]
pub struct Peer {
    name: Name,
    name_length: libc::socklen_t,
    here: Here,
}

/// Where a datagram came in.
#[derive(Clone, Copy)]
enum Here {
    /// Not said: the socket has one address.
    Bound,
    V4(libc::in_addr),
    /// The interface counts where an address belongs to a link.
    V6(libc::in6_pktinfo),
}

/// The family of a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    V4,
    V6,
}

/// Asks the kernel to say at which address each datagram came in, for a socket that is bound to all of them.
pub fn say_where(socket: &impl AsFd, family: Family) -> io::Result<()> {
    let (level, option) = match family {
        Family::V4 => (libc::IPPROTO_IP, libc::IP_PKTINFO),
        // One that hears version 4, too, says it in the same way, with mapped addresses.
        Family::V6 => (libc::IPPROTO_IPV6, libc::IPV6_RECVPKTINFO),
    };
    let on: libc::c_int = 1;
    let length = size_of::<libc::c_int>() as libc::socklen_t;
    // SAFETY: the value lives through the call and has the length that is given.
    let done = unsafe { libc::setsockopt(socket.as_fd().as_raw_fd(), level, option, (&raw const on).cast(), length) };
    if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Datagrams that were received; the next batch takes their place.
pub struct Inbox {
    bytes: Vec<u8>,
    size_max: usize,
    received: Vec<(usize, Peer)>,
}

impl Inbox {
    /// Room for a batch, each datagram of at most so many bytes; what is longer is cut.
    pub fn new(size_max: usize) -> Self {
        Self { bytes: vec![0; BATCH_MAX * size_max], size_max, received: Vec::with_capacity(BATCH_MAX) }
    }

    /// Takes what is there, a batch at most, and gives how many came: one at least. After an error there are none.
    pub fn receive(&mut self, socket: &impl AsFd) -> io::Result<usize> {
        self.received.clear();
        let mut controls: [Control; BATCH_MAX] = [[const { MaybeUninit::zeroed() }; CONTROL_WORDS]; BATCH_MAX];
        // SAFETY: addresses, parts and headers are plain data, valid when zeroed.
        let (mut names, mut parts, mut headers): ([Name; BATCH_MAX], [libc::iovec; BATCH_MAX], [libc::mmsghdr; BATCH_MAX]) =
            unsafe { (std::mem::zeroed(), std::mem::zeroed(), std::mem::zeroed()) };
        for (at, bytes) in self.bytes.chunks_exact_mut(self.size_max).enumerate() {
            parts[at] = libc::iovec { iov_base: bytes.as_mut_ptr().cast(), iov_len: bytes.len() };
            let header = &mut headers[at].msg_hdr;
            header.msg_name = (&raw mut names[at]).cast();
            header.msg_namelen = size_of::<Name>() as libc::socklen_t;
            header.msg_iov = &raw mut parts[at];
            header.msg_iovlen = 1;
            header.msg_control = controls[at].as_mut_ptr().cast();
            header.msg_controllen = size_of::<Control>() as _;
        }
        let (descriptor, flags) = (socket.as_fd().as_raw_fd(), libc::MSG_DONTWAIT as _);
        // SAFETY: as many headers as are said, and all that they point to, live through the call.
        let count = unsafe { libc::recvmmsg(descriptor, headers.as_mut_ptr(), BATCH_MAX as u32, flags, std::ptr::null_mut()) };
        let count = usize::try_from(count).map_err(|_| io::Error::last_os_error())?;
        self.received.extend(headers[..count].iter().zip(&names).map(|(header, name)| {
            let length = (header.msg_len as usize).min(self.size_max);
            // SAFETY: the kernel has filled this header in, and the control words that it points to are alive.
            let here = unsafe { here(&header.msg_hdr) };
            (length, Peer { name: *name, name_length: header.msg_hdr.msg_namelen, here })
        }));
        Ok(count)
    }

    /// What was received last.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &Peer)> {
        self.bytes.chunks_exact(self.size_max).zip(&self.received).map(|(bytes, (length, peer))| (&bytes[..*length], peer))
    }
}

/// # Safety
/// The header is one that the kernel has filled in, and what it points to is alive.
unsafe fn here(header: &libc::msghdr) -> Here {
    // SAFETY: the caller says that the control words are alive; the kernel has written whole headers into them.
    unsafe {
        let mut control = libc::CMSG_FIRSTHDR(header);
        while !control.is_null() {
            match ((*control).cmsg_level, (*control).cmsg_type) {
                (libc::IPPROTO_IP, libc::IP_PKTINFO) => {
                    return Here::V4(libc::CMSG_DATA(control).cast::<libc::in_pktinfo>().read_unaligned().ipi_spec_dst);
                }
                (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO) => {
                    return Here::V6(libc::CMSG_DATA(control).cast::<libc::in6_pktinfo>().read_unaligned());
                }
                _ => control = libc::CMSG_NXTHDR(header, control),
            }
        }
    }
    Here::Bound
}

impl Peer {
    /// The other end; `None` on a socket that is neither IPv4 nor IPv6.
    pub fn address(&self) -> Option<SocketAddr> {
        match i32::from(self.name.sin6_family) {
            libc::AF_INET6 => {
                let ip = Ipv6Addr::from(self.name.sin6_addr.s6_addr);
                let (flow, scope) = (self.name.sin6_flowinfo, self.name.sin6_scope_id);
                Some(SocketAddrV6::new(ip, u16::from_be(self.name.sin6_port), flow, scope).into())
            }
            libc::AF_INET => {
                // Port and address of version 4 lie where version 6 has its port and flow.
                let ip = Ipv4Addr::from(u32::from_be(self.name.sin6_flowinfo));
                Some(SocketAddrV4::new(ip, u16::from_be(self.name.sin6_port)).into())
            }
            _ => None,
        }
    }

    /// What makes an answer leave from where the question came in; how many bytes of `control` that takes.
    fn answer_from_here(&self, control: &mut Control) -> usize {
        match self.here {
            Here::Bound => 0,
            Here::V4(address) => {
                let from = libc::in_pktinfo { ipi_ifindex: 0, ipi_spec_dst: address, ipi_addr: libc::in_addr { s_addr: 0 } };
                put(control, libc::IPPROTO_IP, libc::IP_PKTINFO, from)
            }
            Here::V6(info) => {
                let is_of_link = Ipv6Addr::from(info.ipi6_addr.s6_addr).is_unicast_link_local();
                // Any interface may lead back, but for addresses that mean something on one link only.
                let interface = if is_of_link { info.ipi6_ifindex } else { 0 };
                let from = libc::in6_pktinfo { ipi6_addr: info.ipi6_addr, ipi6_ifindex: interface };
                put(control, libc::IPPROTO_IPV6, libc::IPV6_PKTINFO, from)
            }
        }
    }
}

/// Writes one control message.
fn put<T>(control: &mut Control, level: libc::c_int, kind: libc::c_int, value: T) -> usize {
    let length = size_of::<T>() as u32;
    // SAFETY: computes lengths only.
    let (space, whole) = unsafe { (libc::CMSG_SPACE(length) as usize, libc::CMSG_LEN(length)) };
    assert!(space <= size_of::<Control>(), "there is room for where a datagram came in");
    let header = control.as_mut_ptr().cast::<libc::cmsghdr>();
    // SAFETY: `control` is aligned for a header and has room for it and the value, as was just seen.
    unsafe {
        header.write(libc::cmsghdr { cmsg_len: whole as _, cmsg_level: level, cmsg_type: kind });
        libc::CMSG_DATA(header).cast::<T>().write_unaligned(value);
    }
    space
}

/// Datagrams to be sent.
#[derive(Default)]
pub struct Outbox {
    bytes: Vec<u8>,
    pending: Vec<(Range<usize>, Option<Peer>)>,
    /// How many of them have gone.
    gone: usize,
}

impl Outbox {
    /// Appends a datagram: what `write` appends to the bytes that it is given; nothing if it appends nothing. Without a peer it goes to
    /// where the socket is connected to.
    pub fn push(&mut self, peer: Option<&Peer>, write: impl FnOnce(&mut Vec<u8>)) {
        let start = self.bytes.len();
        write(&mut self.bytes);
        if self.bytes.len() > start {
            self.pending.push((start..self.bytes.len(), peer.copied()));
        }
    }

    pub fn is_empty(&self) -> bool {
        self.pending.is_empty()
    }

    /// Sends all, batch by batch, and is empty then. `WouldBlock`: the rest waits for the next call. What cannot be sent is left out, and
    /// `lost` is told why.
    pub fn send(&mut self, socket: &impl AsFd, mut lost: impl FnMut(io::Error)) -> io::Result<()> {
        while self.gone < self.pending.len() {
            match self.send_batch(socket) {
                Ok(count) => self.gone += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Err(error),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.gone += 1;
                    lost(error);
                }
            }
        }
        self.bytes.clear();
        self.pending.clear();
        self.gone = 0;
        Ok(())
    }

    /// How many of the next went; an error is one of the first of them.
    fn send_batch(&self, socket: &impl AsFd) -> io::Result<usize> {
        let batch = &self.pending[self.gone..];
        let count = batch.len().min(BATCH_MAX);
        let mut controls: [Control; BATCH_MAX] = [[const { MaybeUninit::zeroed() }; CONTROL_WORDS]; BATCH_MAX];
        // SAFETY: parts and headers are plain data, valid when zeroed.
        let (mut parts, mut headers): ([libc::iovec; BATCH_MAX], [libc::mmsghdr; BATCH_MAX]) =
            unsafe { (std::mem::zeroed(), std::mem::zeroed()) };
        for (at, (range, peer)) in batch[..count].iter().enumerate() {
            let bytes = &self.bytes[range.clone()];
            parts[at] = libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() };
            let header = &mut headers[at].msg_hdr;
            header.msg_iov = &raw mut parts[at];
            header.msg_iovlen = 1;
            if let Some(peer) = peer {
                header.msg_name = (&raw const peer.name).cast_mut().cast();
                header.msg_namelen = peer.name_length;
                let length = peer.answer_from_here(&mut controls[at]);
                if length > 0 {
                    header.msg_control = controls[at].as_mut_ptr().cast();
                    header.msg_controllen = length as _;
                }
            }
        }
        let (descriptor, flags) = (socket.as_fd().as_raw_fd(), (libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL) as _);
        // SAFETY: as many headers as are said, and all that they point to, live through the call, which changes only the headers.
        let sent = unsafe { libc::sendmmsg(descriptor, headers.as_mut_ptr(), count as u32, flags) };
        usize::try_from(sent).map_err(|_| io::Error::last_os_error())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::net::{IpAddr, UdpSocket};
    use std::time::Duration;

    /// A socket bound to all addresses of a family, that says where datagrams come in.
    fn everywhere(any: IpAddr) -> UdpSocket {
        let socket = UdpSocket::bind((any, 0)).expect("a socket");
        say_where(&socket, if any.is_ipv4() { Family::V4 } else { Family::V6 }).expect("an option");
        socket
    }

    /// Echoes what has come to the socket, all of it at once.
    fn echo(socket: &UdpSocket) -> Vec<SocketAddr> {
        let (mut inbox, mut outbox) = (Inbox::new(8), Outbox::default());
        let mut peers = Vec::new();
        loop {
            match inbox.receive(socket) {
                Err(error) => {
                    assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
                    break;
                }
                Ok(_) => {
                    for (bytes, peer) in inbox.iter() {
                        peers.push(peer.address().expect("an address"));
                        outbox.push(Some(peer), |out| out.extend(bytes));
                    }
                }
            }
        }
        outbox.send(socket, |error| panic!("{error}")).expect("sent");
        assert!(outbox.is_empty());
        peers
    }

    #[test]
    fn more_than_a_batch_comes_and_goes() {
        let server = everywhere(Ipv4Addr::UNSPECIFIED.into());
        let client = UdpSocket::bind("127.0.0.1:0").expect("a socket");
        let to = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), server.local_addr().expect("bound").port());
        client.connect(to).expect("connected");
        client.set_read_timeout(Some(Duration::from_secs(10))).expect("a time-out");
        let mut outbox = Outbox::default();
        let count = BATCH_MAX as u8 + 36;
        for n in 0..count {
            outbox.push(None, |out| out.extend([n, 1, 2]));
        }
        outbox.push(None, |_| {});
        outbox.send(&client, |error| panic!("{error}")).expect("sent");
        assert_eq!(echo(&server), vec![client.local_addr().expect("bound"); count.into()]);
        let mut seen = BTreeSet::new();
        for _ in 0..count {
            let mut bytes = [0; 8];
            assert_eq!(client.recv(&mut bytes).expect("an echo"), 3);
            seen.insert(bytes[0]);
        }
        assert_eq!(seen.len(), count.into());
    }

    #[test]
    fn answers_leave_from_where_the_question_came_in() {
        // A client that is connected hears from nobody else.
        let v6 = everywhere(Ipv6Addr::UNSPECIFIED.into());
        let v4 = everywhere(Ipv4Addr::UNSPECIFIED.into());
        for (server, to) in [(&v4, "127.0.0.9"), (&v6, "127.0.0.9"), (&v6, "::1")] {
            let to: IpAddr = to.parse().expect("an address");
            let from: IpAddr = if to.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() };
            let client = UdpSocket::bind((from, 0)).expect("a socket");
            client.connect((to, server.local_addr().expect("bound").port())).expect("connected");
            client.set_read_timeout(Some(Duration::from_secs(10))).expect("a time-out");
            client.send(b"question").expect("sent");
            assert_eq!(echo(server).len(), 1);
            let mut bytes = [0; 16];
            assert_eq!(client.recv(&mut bytes).expect("an echo"), 8);
        }
    }

    #[test]
    fn what_cannot_be_sent_is_left_out() {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
        socket.connect(socket.local_addr().expect("bound")).expect("connected");
        let mut outbox = Outbox::default();
        outbox.push(None, |out| out.extend([0; 70_000]));
        outbox.push(None, |out| out.extend(b"whole"));
        let mut lost = 0;
        outbox.send(&socket, |_| lost += 1).expect("sent");
        assert_eq!(lost, 1);
        let mut bytes = [0; 16];
        assert_eq!(socket.recv(&mut bytes).expect("the other"), 5);
    }
}
