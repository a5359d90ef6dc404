//! Questions over UDP. Several tasks share the socket: what can be answered at once is, in the order in which it came; what others are to be
//! asked waits beside that.

use crate::forward::Transport;
use crate::site::{Handled, Memory, Site, Via};
use futures::future::BoxFuture;
use futures::stream::{FuturesUnordered, StreamExt};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::UdpSocket;
use tokio::task::JoinSet;

/// Tasks of a socket.
const TASKS: usize = 2;
/// Questions of one task that wait for others; more are told that it failed.
const WAITING_MAX: usize = 1024;
/// The longest message that is a question.
const QUESTION_MAX: usize = 4096;
/// Questions that are answered before others get their chance.
const ROUND_MAX: usize = 64;

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

type Waiting = FuturesUnordered<BoxFuture<'static, Option<(Vec<u8>, SocketAddr)>>>;

impl Task {
    async fn run(self) -> io::Error {
        let mut waiting = Waiting::new();
        let mut buffer = vec![0; QUESTION_MAX];
        loop {
            tokio::select! {
                ready = self.socket.readable() => if let Err(error) = ready {
                    return error;
                },
                Some(answer) = waiting.next() => {
                    if let Some((answer, client)) = answer {
                        self.send(&answer, client).await;
                    }
                    continue;
                }
            }
            for _ in 0..ROUND_MAX {
                match self.socket.try_recv_from(&mut buffer) {
                    Ok((length, client)) => self.handle(&buffer[..length], client, &mut waiting).await,
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                    // An earlier answer could not be delivered; that says nothing of the next question.
                    Err(error) => tracing::trace!(%error, "an answer was not taken"),
                }
            }
        }
    }

    async fn handle(&self, bytes: &[u8], client: SocketAddr, waiting: &mut Waiting) {
        match self.site.handle(bytes, self.via) {
            Handled::Nothing => {}
            Handled::Answer(answer) => self.send(&answer, client).await,
            Handled::AnswerAnd(answer, refresh) => {
                self.send(&answer, client).await;
                if waiting.len() < WAITING_MAX {
                    waiting.push(Box::pin(async move {
                        refresh.run().await;
                        None
                    }));
                }
            }
            Handled::Later(later) if waiting.len() >= WAITING_MAX => self.send(&later.refusal(), client).await,
            Handled::Later(later) => waiting.push(Box::pin(async move { Some((later.answer().await, client)) })),
        }
    }

    /// An answer that cannot be sent is lost, as any packet may be.
    async fn send(&self, answer: &[u8], client: SocketAddr) {
        let sent = match self.socket.try_send_to(answer, client) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.socket.send_to(answer, client).await,
            sent => sent,
        };
        if let Err(error) = sent {
            tracing::debug!(%client, %error, "cannot answer");
        }
    }
}
