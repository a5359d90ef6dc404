//! Owns the one that makes writes durable, and the thread in which it does so for a store on disk, because it waits for the
//! disk. Group commit: what arrived while the last batch was being synced is the next batch; a lone write is a batch of its
//! own and waits for no timer. Never decides about a write. Supervised: if the thread ends, whatever the reason, every write
//! is refused. After a failed commit it looks, ever more rarely, whether the backend can be trusted and written again.

use crate::backend::{Backend, Contents};
use crate::pipeline::{Batch, Next, Pipeline};
use crate::recovery::{self, Found};
use crate::txn::Change;
use crate::{CloseError, OpenError, WriteError};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::oneshot;

/// When a failed backend is tried again for the first time; then after twice that, and so on.
const RETRY_FIRST: Duration = Duration::from_millis(500);
const RETRY_MAX: Duration = Duration::from_secs(15);

/// The one that writes.
#[derive(Debug)]
pub(crate) struct Writer {
    pipeline: Arc<Pipeline>,
    backend: Box<dyn Backend>,
    /// The batch of a failed commit: the backend has all of it or nothing.
    doubtful: Vec<Change>,
}

impl Writer {
    pub(crate) fn new(pipeline: Arc<Pipeline>, backend: Box<dyn Backend>) -> Self {
        Self { pipeline, backend, doubtful: Vec::new() }
    }

    /// Commits what waits.
    pub(crate) fn commit_waiting(&mut self) {
        while let Some(batch) = self.pipeline.try_next() {
            self.commit(batch);
        }
    }

    fn commit(&mut self, batch: Batch) {
        let changes = batch.changes();
        let committed = if changes.is_empty() { Ok(Vec::new()) } else { self.backend.commit(&changes) };
        match committed {
            Ok(revisions) => self.pipeline.committed(batch, &changes, &revisions),
            Err(error) => {
                let reason = error.explain();
                tracing::error!(reason, "store refuses writes until what is on disk is known and can be written again");
                self.doubtful = changes;
                self.pipeline.failed(batch, &reason);
            }
        }
    }

    /// Has everything sealed as it would be now. After a failure writes are refused until it is known what there is.
    pub(crate) fn seal_anew(&mut self) -> Result<(), WriteError> {
        self.backend.seal_anew().map_err(|error| {
            let reason = error.explain();
            tracing::error!(reason, "store refuses writes until what is on disk is known and can be written again");
            self.pipeline.failed(Batch::default(), &reason);
            WriteError::Refused { reason }
        })
    }

    /// Finds out what a failed commit left, and whether the backend takes writes. The failed batch is shown if it turns out
    /// to be durable.
    pub(crate) fn recover(&mut self) -> Result<(), String> {
        let Self { pipeline, backend, doubtful } = self;
        let newest = pipeline.newest();
        let mut found = Err("nothing was compared".to_owned());
        let compare = &mut |contents: &Contents| {
            found = recovery::compare(pipeline.shared().read().index(), doubtful, &contents.entries);
            found.as_ref().map(drop).map_err(Clone::clone)
        };
        backend.reopen(newest, compare).map_err(|error| error.explain())?;
        if found? == Found::FailedBatch {
            let revisions: Vec<u64> = doubtful.iter().map(|change| change.entry().revision).collect();
            pipeline.shared().publish(doubtful, &revisions);
        }
        doubtful.clear();
        pipeline.recovered();
        Ok(())
    }

    /// Releases the backend, after what waits was written; later writes are refused.
    pub(crate) fn close(&mut self) -> Result<(), CloseError> {
        self.pipeline.close();
        self.commit_waiting();
        self.pipeline.end("it is closed");
        self.backend.close().map_err(|error| CloseError { reason: error.explain() })
    }
}

/// The thread and the way to end it.
#[derive(Debug)]
pub(crate) struct WriterThread {
    pipeline: Arc<Pipeline>,
    /// `None` once somebody waits for the end.
    closed: Mutex<Option<oneshot::Receiver<Result<(), CloseError>>>>,
    /// `None` once the store is being dropped.
    thread: Option<JoinHandle<()>>,
}

impl WriterThread {
    pub(crate) fn start(writer: Writer, path: &Path) -> Result<Self, OpenError> {
        let pipeline = Arc::clone(&writer.pipeline);
        let (close, closed) = oneshot::channel();
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || run(writer, close))
            .map_err(|source| OpenError::Io { path: path.to_owned(), act: "start the writer of", source })?;
        Ok(Self { pipeline, closed: Mutex::new(Some(closed)), thread: Some(thread) })
    }

    /// Ends the thread after the writes that were asked for before.
    pub(crate) async fn close(&self) -> Result<(), CloseError> {
        self.pipeline.close();
        let closed = self.closed.lock().expect("nothing panics with the end locked").take();
        match closed {
            // A thread that has panicked has nothing left to close.
            Some(closed) => closed.await.unwrap_or(Ok(())),
            None => Ok(()),
        }
    }
}

impl Drop for WriterThread {
    fn drop(&mut self) {
        self.pipeline.close();
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("store writer panicked");
        }
    }
}

/// Whatever ends the writer, nobody waits for it in vain.
struct LastWord(Arc<Pipeline>);

impl Drop for LastWord {
    fn drop(&mut self) {
        self.0.end("its writer has ended");
    }
}

/// Ends when asked to.
fn run(mut writer: Writer, close: oneshot::Sender<Result<(), CloseError>>) {
    let pipeline = Arc::clone(&writer.pipeline);
    let _last_word = LastWord(Arc::clone(&pipeline));
    let mut retry_in = RETRY_FIRST;
    loop {
        match pipeline.next(retry_in) {
            Next::Commit(batch) => writer.commit(batch),
            Next::SealAnew(asker) => {
                let sealed = writer.seal_anew();
                // An asker that gave up asks again.
                drop(asker.send(sealed));
            }
            Next::Recover => retry_in = retry(&mut writer, retry_in),
            Next::Close => break,
        }
    }
    let closed = writer.close();
    if let Err(error) = &closed {
        tracing::error!(%error, "store did not close cleanly");
    }
    // Nobody may be left who asked.
    drop(close.send(closed));
}

/// When to try again after this time.
fn retry(writer: &mut Writer, retry_in: Duration) -> Duration {
    match writer.recover() {
        Ok(()) => {
            tracing::info!("store takes writes again");
            RETRY_FIRST
        }
        Err(reason) => {
            let retry_in = (retry_in * 2).min(RETRY_MAX);
            tracing::warn!(reason, retry_ms = retry_in.as_millis(), "store still refuses writes");
            retry_in
        }
    }
}
