//! Clients of a name server that ask as fast as they are answered, many questions at a time, and read of each answer only what says that it
//! is one: what is measured is the server.

use anyhow::{Context, Result, ensure};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};
use stead_sys::datagram::{Inbox, Outbox};

const CLIENTS: usize = 2;
/// Each client asks from so many ports, as programs that look names up do.
const SOCKETS: usize = 4;
/// Questions of one socket that are on their way.
const WINDOW: usize = 16;
const ASKING: Duration = Duration::from_secs(3);
const ANSWER_MAX: Duration = Duration::from_secs(1);
const ANSWER_BYTES_MAX: usize = 1232;

/// How many answers all clients had, and how long that took.
pub fn ask(dns: SocketAddr, name: &str) -> Result<(usize, Duration)> {
    let begun = Instant::now();
    let counts: Result<Vec<usize>> = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(|| flood(dns, name, begun))).collect();
        clients.into_iter().map(|client| client.join().map_err(|_| anyhow::anyhow!("a client panicked"))?).collect()
    });
    Ok((counts?.into_iter().sum(), begun.elapsed()))
}

fn flood(dns: SocketAddr, name: &str, begun: Instant) -> Result<usize> {
    let question = question(7, name);
    let (mut inbox, mut outbox) = (Inbox::new(ANSWER_BYTES_MAX), Outbox::default());
    let sockets = (0..SOCKETS).map(|_| client(dns)).collect::<Result<Vec<_>>>()?;
    for socket in &sockets {
        (0..WINDOW).for_each(|_| outbox.push(None, |bytes| bytes.extend(&question)));
        send(&mut outbox, socket)?;
    }
    let mut waiting: Vec<PollFd> = sockets.iter().map(|socket| PollFd::new(socket.as_fd(), PollFlags::POLLIN)).collect();
    let wait_max = PollTimeout::try_from(ANSWER_MAX).context("it is short")?;
    let mut count = 0;
    while begun.elapsed() < ASKING {
        ensure!(poll(&mut waiting, wait_max).context("wait for answers")? > 0, "no answer within {ANSWER_MAX:?}");
        for (socket, waiting) in sockets.iter().zip(&waiting) {
            if waiting.any() != Some(true) {
                continue;
            }
            inbox.receive(socket).context("hear answers")?;
            for (answer, _) in inbox.iter() {
                ensure!(has_answer(answer), "the name is not known");
                count += 1;
                outbox.push(None, |bytes| bytes.extend(&question));
            }
            send(&mut outbox, socket)?;
        }
    }
    Ok(count)
}

fn send(outbox: &mut Outbox, socket: &UdpSocket) -> Result<()> {
    let mut lost = Ok(());
    outbox.send(socket, |error| lost = Err(error)).context("ask")?;
    lost.context("ask")
}

/// A socket that hears only this server.
pub fn client(dns: SocketAddr) -> Result<UdpSocket> {
    let socket = UdpSocket::bind(("0.0.0.0", 0)).context("make a socket")?;
    socket.connect(dns).context("connect to the name server")?;
    socket.set_read_timeout(Some(ANSWER_MAX)).context("set its time-out")?;
    Ok(socket)
}

/// An A question that wants recursion.
pub fn question(id: u16, name: &str) -> Vec<u8> {
    let mut packet = [&id.to_be_bytes()[..], &[1, 0, 0, 1, 0, 0, 0, 0, 0, 0]].concat();
    for label in name.split('.') {
        packet.push(label.len() as u8);
        packet.extend(label.as_bytes());
    }
    packet.extend([0, 0, 1, 0, 1]);
    packet
}

/// No error, and one answer at least.
pub fn has_answer(packet: &[u8]) -> bool {
    packet.len() > 12 && packet[3] & 15 == 0 && packet[7] > 0
}
