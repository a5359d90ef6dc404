//! Questions over UDP. Several tasks share the socket and each takes many questions at a time: what can be answered at once is, in the order
//! in which it came; what others are to be asked waits beside that. An answer leaves from the address that was asked.

use crate::forward::Transport;
use crate::site::{Handled, Memory, Site, Via};
use futures::future::BoxFuture;
use futures::stream::{FuturesUnordered, StreamExt};
use nix::sys::socket::{setsockopt, sockopt};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use stead_sys::datagram::{self, Family, Inbox, Outbox, Peer};
use tokio::io::Interest;
use tokio::net::UdpSocket;
use tokio::task::JoinSet;

/// Tasks of a socket.
const TASKS: usize = 2;
/// Questions of one task that wait for others; more are told that it failed.
const WAITING_MAX: usize = 1024;
/// The longest message that is a question.
const QUESTION_MAX: usize = 4096;
/// Batches of questions that are answered before others get their chance.
const ROUND_MAX: usize = 4;

/// Room for questions that come faster than they are answered: some thousands, as of many pods that start at once. What has no room is
/// lost, and who asked waits for five seconds. As much as a privileged process gets, else what the machine allows.
const UNREAD_BYTES: usize = 4 << 20;

pub async fn bind(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind(address).await?;
    if setsockopt(&socket, sockopt::RcvBufForce, &UNREAD_BYTES).is_err() {
        setsockopt(&socket, sockopt::RcvBuf, &UNREAD_BYTES)?;
    }
    if address.ip().is_unspecified() {
        datagram::say_where(&socket, if address.is_ipv4() { Family::V4 } else { Family::V6 })?;
    }
    Ok(socket)
}

/// Answers until the socket breaks.
pub async fn serve(socket: Arc<UdpSocket>, site: &Arc<Site>, memory: Memory) -> io::Error {
    let mut tasks = JoinSet::new();
    for _ in 0..TASKS {
        let task = Task { socket: Arc::clone(&socket), site: Arc::clone(site), via: Via { transport: Transport::Udp, memory } };
        tasks.spawn(task.run());
    }
    match tasks.join_next().await {
        Some(Ok(error)) => error,
        Some(Err(error)) => io::Error::other(error),
        None => io::ErrorKind::Other.into(),
    }
}

struct Task {
    socket: Arc<UdpSocket>,
    site: Arc<Site>,
    via: Via,
}

type Waiting = FuturesUnordered<BoxFuture<'static, Option<(Vec<u8>, Peer)>>>;

impl Task {
    async fn run(self) -> io::Error {
        let mut waiting = Waiting::new();
        let (mut inbox, mut outbox) = (Inbox::new(QUESTION_MAX), Outbox::default());
        loop {
            tokio::select! {
                ready = self.socket.readable() => if let Err(error) = ready {
                    return error;
                },
                Some(answer) = waiting.next() => {
                    if let Some((answer, client)) = answer {
                        outbox.push(Some(&client), |out| out.extend(answer));
                        self.send(&mut outbox).await;
                    }
                    continue;
                }
            }
            for _ in 0..ROUND_MAX {
                match self.socket.try_io(Interest::READABLE, || inbox.receive(&self.socket)) {
                    Ok(_) => inbox.iter().for_each(|(bytes, client)| self.handle(bytes, client, &mut outbox, &mut waiting)),
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                    // An earlier answer could not be delivered; that says nothing of the next question.
                    Err(error) => tracing::trace!(%error, "an answer was not taken"),
                }
                self.send(&mut outbox).await;
            }
        }
    }

    fn handle(&self, bytes: &[u8], client: &Peer, outbox: &mut Outbox, waiting: &mut Waiting) {
        let mut answer = |answer: Vec<u8>| outbox.push(Some(client), |out| out.extend(answer));
        match self.site.handle(bytes, self.via) {
            Handled::Nothing => {}
            Handled::Answer(bytes) => answer(bytes),
            Handled::AnswerAnd(bytes, refresh) => {
                answer(bytes);
                if waiting.len() < WAITING_MAX {
                    waiting.push(Box::pin(async move {
                        refresh.run().await;
                        None
                    }));
                }
            }
            Handled::Later(later) if waiting.len() >= WAITING_MAX => answer(later.refusal()),
            Handled::Later(later) => {
                let client = *client;
                waiting.push(Box::pin(async move { Some((later.answer().await, client)) }));
            }
        }
    }

    /// An answer that cannot be sent is lost, as any packet may be.
    async fn send(&self, outbox: &mut Outbox) {
        let lost = |error| tracing::debug!(%error, "cannot answer");
        loop {
            match self.socket.try_io(Interest::WRITABLE, || outbox.send(&self.socket, lost)) {
                Ok(()) => return,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return lost(error),
            }
            if let Err(error) = self.socket.writable().await {
                return lost(error);
            }
        }
    }
}
