//! Watches (L6-L15). Input: a call with `watch`. Output: a stream of events, each sent at once: a JSON document a line, or a protobuf
//! message after its length.
//! The lines are shared by all watches that show the same.

mod initial;

use crate::answer::{self, Answer};
use crate::call::Call;
use crate::core::Core;
use crate::fairness::{Crowd, Sending, Turns};
use crate::format::ResponseFormat;
use crate::lines::{Happening, Line};
use crate::negotiation::{Form, Media, Transform};
use crate::query::ListOptions;
use crate::table::Columns;
use crate::{body, keys, object};
use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use initial::Initial;
use std::collections::VecDeque;
use std::sync::Arc;
use stead_api::registry::Kind;
use stead_api::schema::walker;
use stead_api::selector::FieldTerm;
use stead_api::wire::protobuf;
use stead_api::{Status, Value, json};
use stead_store::{Entry, Event, ReadError, Watch, WatchError};

/// Bookmarks come about this often, and this long before the end (L10).
const BOOKMARK_EVERY_MS: u64 = 60_000;
const BOOKMARK_BEFORE_END_MS: u64 = 2_000;
/// How much of what is ready is taken before it is sent.
const READY_BYTES_MAX: usize = 64 * 1024;
/// A watch without a timeout lasts this long, and up to twice that (L13).
const LIFE_S: u64 = 1800;

/// Starts a watch.
pub(crate) fn watch(core: &Arc<Core>, call: &Call, format: ResponseFormat) -> Result<Answer, Status> {
    let kind = call.target.kind.clone();
    let mut options = ListOptions::parse(&call.query, &kind)?;
    if !call.target.name.is_empty() {
        options.fields.0.push(FieldTerm { field: "metadata.name".to_owned(), negated: false, value: call.target.name.clone() });
    }
    let version = options.version().map_err(|why| Status::new(500, "", why))?;
    let prefix = keys::prefix(&kind, &call.target.namespace);
    let mut stream = Stream {
        core: core.clone(),
        kind,
        format,
        initial: None,
        ready: VecDeque::new(),
        ready_bytes: 0,
        source: None,
        end: core.environment.sleep(0),
        bookmark: None,
        columns: Columns::Described,
        turns: call.extensions.get().cloned(),
        crowd: None,
        options,
    };
    if let Err(status) = stream.start(&prefix, version) {
        // The stream has an answer for a version that is gone: an event (L9).
        let line = failed(&status, format);
        return Ok(Answer::Response(answer::with_type(200, content_type(format), body::full(line))));
    }
    let lines = futures::stream::unfold(stream, |mut stream| async move {
        let line = stream.next().await?;
        Some((line, stream))
    });
    Ok(Answer::Response(answer::with_type(200, content_type(format), body::streamed(lines))))
}

/// A watch under way.
struct Stream {
    core: Arc<Core>,
    kind: Arc<Kind>,
    options: ListOptions,
    format: ResponseFormat,
    /// What existed at the start and has not been sent yet.
    initial: Option<Initial>,
    /// Lines that are ready to be sent, shared with other watches.
    ready: VecDeque<Bytes>,
    ready_bytes: usize,
    /// `None`: a version from the future, which stays silent (L15).
    source: Option<Watch>,
    end: BoxFuture<'static, ()>,
    /// When the next bookmark is due; `None`: the client wants none.
    bookmark: Option<BoxFuture<'static, ()>>,
    columns: Columns,
    /// What it sends, it prepares in turns with the other watches of its user; `None`: it need not.
    turns: Option<Turns>,
    /// Those with which it waits for changes, if it takes turns.
    crowd: Option<Arc<Crowd>>,
}

/// What a stream waits for.
enum Next {
    /// There is something; whoever takes turns has one.
    Ready(Option<Sending>),
    Bookmark,
    End,
}

impl Stream {
    fn start(&mut self, prefix: &str, version: u64) -> Result<(), Status> {
        let store = self.core.store.clone();
        let seconds = self.options.timeout_s.unwrap_or_else(|| LIFE_S + self.core.environment.random(LIFE_S));
        self.end = self.core.environment.sleep(seconds * 1000);
        if self.options.bookmarks {
            let before_end = (seconds * 1000).saturating_sub(BOOKMARK_BEFORE_END_MS);
            let due = if before_end == 0 { BOOKMARK_EVERY_MS } else { before_end.min(BOOKMARK_EVERY_MS) };
            self.bookmark = Some(self.core.environment.sleep(due));
        }
        let initial = match self.options.send_initial_events {
            Some(wanted) => wanted,
            None => version == 0,
        };
        let newest = store.revision();
        if version > newest {
            return Ok(());
        }
        let from = if initial {
            self.take_initial(prefix)?
        } else if version == 0 {
            newest
        } else {
            version
        };
        match store.watch(prefix, from) {
            Ok(watch) => {
                self.crowd = self.turns.as_ref().map(|turns| turns.crowd(prefix, &watch));
                self.source = Some(watch);
            }
            Err(ReadError::Future { .. }) => {}
            Err(ReadError::Compacted { asked, oldest }) => return Err(too_old(asked, oldest)),
        }
        Ok(())
    }

    /// Takes what exists, to be sent as ADDED events (L9, L11). Returns the revision that it shows.
    fn take_initial(&mut self, prefix: &str) -> Result<u64, Status> {
        let initial = Initial::of(&self.core.store, prefix).map_err(|error| Status::internal(&error.to_string()))?;
        let revision = initial.revision();
        self.initial = Some(initial);
        Ok(revision)
    }

    /// Makes the next of the first events, or what ends them.
    fn send_initial(&mut self, mut initial: Initial) {
        match initial.next(&self.core.store) {
            Ok(Some(entry)) => {
                if self.selected(&entry) {
                    self.send_stored(Happening::Added, &entry);
                }
                self.initial = Some(initial);
            }
            Ok(None) if self.options.send_initial_events == Some(true) && self.options.bookmarks => {
                self.send_bookmark(initial.revision(), json!({"k8s.io/initial-events-end": "true"}));
            }
            Ok(None) => {}
            Err(_) => self.end_lagged(),
        }
    }

    /// The next line, waiting for it.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if self.initial.is_some() && self.ready.is_empty() {
                let turn = turn(self.turns.clone()).await;
                self.gather();
                end(turn).await;
            }
            if let Some(line) = self.ready.pop_front() {
                self.ready_bytes -= line.len();
                return Some(line);
            }
            match self.wait().await {
                Next::Ready(turn) => {
                    match self.source.as_mut().map(Watch::try_next) {
                        Some(Ok(Some(event))) => {
                            self.take(event);
                            self.gather();
                        }
                        Some(Err(error)) => self.fail(&error)?,
                        Some(Ok(None)) | None => {}
                    }
                    end(turn).await;
                }
                Next::End => return None,
                Next::Bookmark => {
                    self.bookmark = Some(self.core.environment.sleep(BOOKMARK_EVERY_MS));
                    if let Some(revision) = self.source.as_ref().map(Watch::revision) {
                        self.send_bookmark(revision, Value::Null);
                    }
                }
            }
        }
    }

    /// Takes what needs no waiting.
    fn gather(&mut self) {
        while self.ready_bytes < READY_BYTES_MAX {
            if let Some(initial) = self.initial.take() {
                self.send_initial(initial);
                continue;
            }
            match self.source.as_mut().map(Watch::try_next) {
                Some(Ok(Some(event))) => self.take(event),
                // Errors come again where they are waited for.
                Some(Ok(None) | Err(_)) | None => return,
            }
        }
    }

    /// Ends the stream: at once if the store is closed, else after an event that says why.
    fn fail(&mut self, error: &WatchError) -> Option<()> {
        match error {
            WatchError::Closed => None,
            WatchError::Lagged => {
                self.end_lagged();
                Some(())
            }
        }
    }

    /// Says that the watcher was too slow, which is the last thing.
    fn end_lagged(&mut self) {
        let status = too_old(0, self.core.store.revision());
        self.push(failed(&status, self.format).into());
        self.end = futures::future::ready(()).boxed();
        self.source = None;
    }

    async fn wait(&mut self) -> Next {
        let ready = async {
            match (&self.source, &self.crowd) {
                (Some(watch), Some(crowd)) => Some(crowd.turn(watch).await),
                (Some(watch), None) => {
                    watch.ready().await;
                    None
                }
                (None, _) => futures::future::pending().await,
            }
        };
        let bookmark = async {
            match &mut self.bookmark {
                Some(due) => due.await,
                None => futures::future::pending().await,
            }
        };
        let (ready, bookmark) = (ready.fuse(), bookmark.fuse());
        futures::pin_mut!(ready, bookmark);
        let mut end = (&mut self.end).fuse();
        futures::select_biased! {
            turn = ready => Next::Ready(turn),
            () = bookmark => Next::Bookmark,
            () = end => Next::End,
        }
    }

    /// Turns a change into the event that this watcher sees (L7, L8).
    fn take(&mut self, event: Event) {
        match event {
            Event::Put { entry, previous } => self.take_put(&entry, previous.as_ref()),
            Event::Delete { last, previous } => {
                if self.selected(&previous) {
                    self.send_stored(Happening::Deleted, &last);
                }
            }
        }
    }

    fn take_put(&mut self, entry: &Entry, previous: Option<&Entry>) {
        if self.options.selects_all() {
            let put = if previous.is_some() { Happening::Modified } else { Happening::Added };
            return self.send_stored(put, entry);
        }
        let now = self.selected(entry);
        let before = previous.filter(|previous| self.selected(previous));
        match (now, before) {
            (true, Some(_)) => self.send_stored(Happening::Modified, entry),
            (true, None) => self.send_stored(Happening::Added, entry),
            // It leaves the selection: its old state, at the version of the change.
            (false, Some(previous)) => {
                let Ok(last) = self.core.objects.read(&self.kind, previous) else { return };
                let mut last = Value::clone(&last);
                object::set_version(&mut last, &entry.revision.to_string());
                let schema = self.kind.schema;
                self.send(Happening::Left, entry.revision, |_| Ok(walker::encode(schema, &last).into()));
            }
            (false, None) => {}
        }
    }

    /// Whether the selectors pick an object; one that cannot be read is left out, with an error.
    fn selected(&self, entry: &Entry) -> bool {
        self.core.selected(&self.kind, &self.options, entry).unwrap_or_else(|status| {
            tracing::error!(message = status.message, "an object is missing from a watch");
            false
        })
    }

    fn send_stored(&mut self, happening: Happening, entry: &Entry) {
        self.send(happening, entry.revision, |kind| object::shown(kind, &entry.key, &entry.value));
    }

    /// Makes a line ready that other watches may show, too; `object` gives the object in the version that the client watches.
    fn send(&mut self, happening: Happening, revision: u64, object: impl FnOnce(&Kind) -> Result<Bytes, Status>) {
        let format = self.format.at(self.core.environment.now());
        let (kind, columns) = (Arc::clone(&self.kind), self.columns);
        let show = || match object(&kind) {
            Ok(bytes) => show(&kind, happening.ty(), &bytes, format, columns),
            Err(status) => failed(&status, format),
        };
        let is_first_of_tables = format.form.transform != Transform::Plain && columns == Columns::Described;
        let line = if is_first_of_tables {
            // It alone has the columns.
            self.columns = Columns::Left;
            show().into()
        } else {
            self.core.lines.get(Line::new(&kind, revision, happening, format), show)
        };
        self.push(line);
    }

    fn push(&mut self, line: Bytes) {
        self.ready_bytes += line.len();
        self.ready.push_back(line);
    }

    /// A bookmark: the kind's zero value with nothing but a version (L10).
    fn send_bookmark(&mut self, revision: u64, annotations: Value) {
        let mut object = self.kind.type_meta();
        object["metadata"] = json!({});
        if !annotations.is_null() {
            object["metadata"]["annotations"] = annotations;
        }
        walker::canonical(self.kind.schema, &mut object);
        object::set_version(&mut object, &revision.to_string());
        let bytes = walker::encode(self.kind.schema, &object);
        let format = self.format.at(self.core.environment.now());
        let line = show(&self.kind, "BOOKMARK", &bytes, format, self.columns);
        self.columns = Columns::Left;
        self.push(line.into());
    }
}

/// Waits for the turn of one that takes turns.
async fn turn(turns: Option<Turns>) -> Option<Sending> {
    match turns {
        Some(turns) => Some(turns.take().await),
        None => None,
    }
}

/// Before its lines are sent: whoever does not read them keeps no turn.
async fn end(turn: Option<Sending>) {
    if let Some(turn) = turn {
        turn.end().await;
    }
}

/// E9.
fn too_old(asked: u64, oldest: u64) -> Status {
    Status::new(410, "Expired", format!("too old resource version: {asked} ({oldest})"))
}

fn content_type(format: ResponseFormat) -> &'static str {
    match format.form.media {
        Media::Protobuf => "application/vnd.kubernetes.protobuf;stream=watch",
        _ => "application/json",
    }
}

/// The line of an event in the form that the client wants.
fn show(kind: &Kind, ty: &str, bytes: &[u8], format: ResponseFormat, columns: Columns) -> Vec<u8> {
    let Form { media, transform } = format.form;
    if transform == Transform::Plain && media != Media::Protobuf {
        return line(ty, bytes);
    }
    let shown = object::from_bytes(kind.schema, kind.plural, bytes)
        .and_then(|object| answer::transformed(kind, &object, transform, format, columns));
    match shown {
        Ok(shown) => event(ty, &shown, format),
        Err(status) => failed(&status, format),
    }
}

/// The event that ends a watch, or stands for an object that cannot be shown.
fn failed(status: &Status, format: ResponseFormat) -> Vec<u8> {
    event("ERROR", &status.body(), format)
}

fn event(ty: &str, object: &Value, format: ResponseFormat) -> Vec<u8> {
    match format.form.media {
        Media::Protobuf => {
            let body = protobuf::write::body(object).expect("kinds, metadata and Status have messages");
            protobuf::write::watch_frame(ty, &body)
        }
        _ => line(ty, object.to_string().as_bytes()),
    }
}

fn line(ty: &str, object: &[u8]) -> Vec<u8> {
    const AROUND: usize = "{'type':'','object':}.".len();
    let mut out = Vec::with_capacity(AROUND + ty.len() + object.len());
    out.extend_from_slice(b"{\"type\":\"");
    out.extend_from_slice(ty.as_bytes());
    out.extend_from_slice(b"\",\"object\":");
    out.extend_from_slice(object);
    out.extend_from_slice(b"}\n");
    out
}
