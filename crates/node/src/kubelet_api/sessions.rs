//! The upgraded connections: the tasks that serve them, with an owner. They end with their client, and with the last clone of this.

use super::Refusal;
use bytes::{Buf, BytesMut};
use http::StatusCode;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use std::future::Future;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::task::JoinSet;

/// Connections that are served at once.
const SESSIONS_MAX: usize = 4096;

/// All of a kubelet API.
#[derive(Debug, Clone, Default)]
pub(super) struct Sessions(Arc<Mutex<JoinSet<()>>>);

/// What a client and a node say to each other once they are done with HTTP.
pub(super) type Connection = TokioIo<Upgraded>;

impl Sessions {
    /// Serves a connection as soon as it has been upgraded.
    pub(super) fn begin<F>(&self, upgrade: OnUpgrade, serve: impl FnOnce(Connection) -> F + Send + 'static) -> Result<(), Refusal>
    where
        F: Future<Output = ()> + Send,
    {
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(ended) = sessions.try_join_next() {
            if let Err(error) = ended {
                tracing::error!(%error, "a stream ended by a fault of this program");
            }
        }
        if sessions.len() >= SESSIONS_MAX {
            return Err(Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "too many streams are open"));
        }
        sessions.spawn(async move {
            match upgrade.await {
                Ok(upgraded) => serve(TokioIo::new(upgraded)).await,
                Err(error) => tracing::debug!(%error, "a connection was not upgraded"),
            }
        });
        Ok(())
    }
}

/// What is to be sent over a connection.
#[derive(Debug, Default)]
pub(super) struct Pending {
    bytes: BytesMut,
    /// Something was written that may lie in a buffer still.
    unflushed: bool,
}

impl Pending {
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether nothing is left to be done.
    pub(super) fn is_sent(&self) -> bool {
        self.bytes.is_empty() && !self.unflushed
    }

    /// Takes more, if there is nothing.
    pub(super) fn refill(&mut self, from: &mut BytesMut) {
        if self.bytes.is_empty() {
            self.bytes = from.split();
        }
    }

    /// Sends some of it, or sees to it that what was written arrives. Cancel safe; [`Pending::sent`] is to be told of the outcome.
    pub(super) async fn send(&self, writer: &mut (impl AsyncWrite + Unpin)) -> io::Result<usize> {
        if self.bytes.is_empty() {
            return writer.flush().await.map(|()| 0);
        }
        match writer.write(&self.bytes).await? {
            0 => Err(io::ErrorKind::WriteZero.into()),
            count => Ok(count),
        }
    }

    pub(super) fn sent(&mut self, count: usize) {
        self.bytes.advance(count);
        self.unflushed = count > 0;
    }
}
