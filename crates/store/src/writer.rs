//! Owns the thread in which a durable store's writer runs, because it waits for the disk. Group commit: what arrived while
//! the last batch was being synced is the next batch; a lone request is a batch of its own and waits for no timer.
//! Never decides about a write. Supervised: if the thread ends, whatever the reason, every write is refused.

use crate::txn::{Answer, Request, Writer};
use crate::{CloseError, OpenError, WriteError};
use std::path::Path;
use std::sync::Mutex;
use std::thread::JoinHandle;
use tokio::sync::{mpsc, oneshot};

/// How many requests wait for the writer before callers wait to ask.
const REQUESTS_MAX: usize = 4_096;
/// How many requests share one sync.
const BATCH_MAX: usize = 1_024;

#[derive(Debug)]
enum Message {
    Write(Request, oneshot::Sender<Answer>),
    Close(oneshot::Sender<Result<(), CloseError>>),
}

/// The thread and the way to it.
#[derive(Debug)]
pub(crate) struct WriterThread {
    /// `None` once the store is being dropped.
    messages: Option<mpsc::Sender<Message>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl WriterThread {
    pub(crate) fn start(writer: Writer, path: &Path) -> Result<Self, OpenError> {
        let (messages, receiver) = mpsc::channel(REQUESTS_MAX);
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || run(writer, receiver))
            .map_err(|source| OpenError::Io { path: path.to_owned(), act: "start the writer of", source })?;
        Ok(Self { messages: Some(messages), thread: Mutex::new(Some(thread)) })
    }

    pub(crate) async fn write(&self, request: Request) -> Answer {
        let (answer, answered) = oneshot::channel();
        let gone = || WriteError::Refused { reason: "its writer has ended".to_owned() };
        self.send(Message::Write(request, answer)).await.ok_or_else(gone)?;
        answered.await.unwrap_or_else(|_| Err(gone()))
    }

    /// Ends the thread after the writes that were asked for before.
    pub(crate) async fn close(&self) -> Result<(), CloseError> {
        let (answer, answered) = oneshot::channel();
        // A thread that has ended already has nothing left to close.
        match self.send(Message::Close(answer)).await {
            Some(()) => answered.await.unwrap_or(Ok(())),
            None => Ok(()),
        }
    }

    async fn send(&self, message: Message) -> Option<()> {
        self.messages.as_ref()?.send(message).await.ok()
    }
}

impl Drop for WriterThread {
    fn drop(&mut self) {
        self.messages = None;
        let thread = self.thread.get_mut().map_or(None, Option::take);
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("store writer panicked");
        }
    }
}

/// Ends when asked to, or when nobody is left who could ask.
fn run(mut writer: Writer, mut messages: mpsc::Receiver<Message>) {
    let mut waiting = Vec::new();
    loop {
        if messages.blocking_recv_many(&mut waiting, BATCH_MAX) == 0 {
            if let Err(error) = writer.close() {
                tracing::error!(error = %error, "store did not close cleanly");
            }
            return;
        }
        let mut requests = Vec::with_capacity(waiting.len());
        let mut askers = Vec::with_capacity(waiting.len());
        let mut closer = None;
        for message in waiting.drain(..) {
            match message {
                Message::Write(request, asker) if closer.is_none() => {
                    requests.push(request);
                    askers.push(asker);
                }
                Message::Write(..) => {}
                Message::Close(asker) => closer = closer.or(Some(asker)),
            }
        }
        for (asker, answer) in askers.into_iter().zip(writer.process(requests)) {
            // An asker that gave up is told by the next read.
            drop(asker.send(answer));
        }
        if let Some(asker) = closer {
            drop(asker.send(writer.close()));
            return;
        }
    }
}
