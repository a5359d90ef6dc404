//! Questions over TCP, several on one connection: answers go out as they come, in any order. Bounded in connections, of one client too, in
//! questions that wait, and in time: whoever is slow is left.

use crate::forward::Transport;
use crate::site::{Handled, Memory, Site, Via};
use futures::future::BoxFuture;
use futures::stream::{FuturesUnordered, StreamExt};
use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::OwnedReadHalf;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

const CONNECTIONS_MAX: usize = 512;
/// Of one client, so that one cannot keep all others out.
const CONNECTIONS_OF_CLIENT_MAX: usize = 64;
/// Questions of a connection that wait for others; the next is read when one is answered.
const WAITING_MAX: usize = 64;
/// A connection without a question ends.
const IDLE_MAX: Duration = Duration::from_secs(10);
/// A question that has begun ends by then, and an answer is taken by then.
const MESSAGE_TIME_MAX: Duration = Duration::from_secs(5);
/// After an error that is not of one connection.
const ACCEPT_AGAIN_AFTER: Duration = Duration::from_millis(100);

/// Answers for as long as it is polled.
pub async fn serve(listener: TcpListener, site: &Arc<Site>, memory: Memory) -> io::Error {
    let via = Via { transport: Transport::Tcp, memory };
    let mut connections = JoinSet::new();
    let mut clients: HashMap<IpAddr, usize> = HashMap::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, client)) => {
                    let of_client = clients.entry(client.ip()).or_default();
                    if connections.len() < CONNECTIONS_MAX && *of_client < CONNECTIONS_OF_CLIENT_MAX {
                        *of_client += 1;
                        connections.spawn(connection(stream, client, Arc::clone(site), via));
                    } else if *of_client == 0 {
                        clients.remove(&client.ip());
                    }
                }
                Err(error) => {
                    tracing::debug!(%error, "cannot accept a connection");
                    tokio::time::sleep(ACCEPT_AGAIN_AFTER).await;
                }
            },
            Some(ended) = connections.join_next() => match ended {
                Ok(client) => left(&mut clients, client),
                Err(error) => return io::Error::other(error),
            },
        }
    }
}

fn left(clients: &mut HashMap<IpAddr, usize>, client: IpAddr) {
    if let Some(count) = clients.get_mut(&client) {
        *count -= 1;
        if *count == 0 {
            clients.remove(&client);
        }
    }
}

async fn connection(stream: TcpStream, client: SocketAddr, site: Arc<Site>, via: Via) -> IpAddr {
    if let Err(error) = talk(stream, &site, via).await {
        tracing::trace!(%client, %error, "a connection broke");
    }
    client.ip()
}

/// Until the client is done or slow.
async fn talk(stream: TcpStream, site: &Arc<Site>, via: Via) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let (reader, mut writer) = stream.into_split();
    let mut waiting: FuturesUnordered<BoxFuture<'static, Option<Vec<u8>>>> = FuturesUnordered::new();
    let mut questions = Box::pin(futures::stream::unfold(reader, |mut reader| async {
        let question = question(&mut reader).await.ok()??;
        Some((question, reader))
    }));
    let mut is_open = true;
    while is_open || !waiting.is_empty() {
        let answer = tokio::select! {
            question = questions.next(), if is_open && waiting.len() < WAITING_MAX => match question {
                None => {
                    is_open = false;
                    continue;
                }
                Some(question) => match site.handle(&question, via) {
                    Handled::Nothing => continue,
                    Handled::Answer(answer) => answer,
                    Handled::AnswerAnd(answer, refresh) => {
                        waiting.push(Box::pin(async move {
                            refresh.run().await;
                            None
                        }));
                        answer
                    }
                    Handled::Later(later) => {
                        waiting.push(Box::pin(async move { Some(later.answer().await) }));
                        continue;
                    }
                },
            },
            Some(answer) = waiting.next() => match answer {
                Some(answer) => answer,
                None => continue,
            },
        };
        let length = u16::try_from(answer.len()).map_err(io::Error::other)?;
        let message = [&length.to_be_bytes(), answer.as_slice()].concat();
        tokio::time::timeout(MESSAGE_TIME_MAX, writer.write_all(&message)).await??;
    }
    Ok(())
}

/// The next question; `None`: there is no more.
async fn question(reader: &mut OwnedReadHalf) -> io::Result<Option<Vec<u8>>> {
    let length = match tokio::time::timeout(IDLE_MAX, reader.read_u16()).await? {
        Ok(length) => length,
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut question = vec![0; length.into()];
    tokio::time::timeout(MESSAGE_TIME_MAX, reader.read_exact(&mut question)).await??;
    Ok(Some(question))
}
