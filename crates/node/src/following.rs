//! Objects that pods refer to, each followed by one watch of its own for as long as some pod refers to it (VOL-9): nothing else of the
//! API is read, and pods share what they have in common. An immutable object is read once. Decides nothing.

#[cfg(test)]
mod tests;

use crate::pod::runner::without_managed_fields;
use futures::StreamExt;
use futures::future::select_all;
use futures::stream::BoxStream;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use stead_api::Value;
use stead_api::value::Access;
use stead_client::{Client, Key, Report, Resource, Scope, follow_while_wanted};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

/// Objects that are followed at a time.
const FOLLOWED_MAX: usize = 16_384;
/// How long an object is followed on after the last pod, for the next.
const LINGER: Duration = Duration::from_secs(60);
/// How long a first answer is waited for.
const FIRST_ANSWER_MAX: Duration = Duration::from_secs(60);

type Id = (Resource, Key);
/// `None`: not known yet; `Some(None)`: there is no such object.
type State = Option<Option<Arc<Value>>>;

/// The way to follow objects; cheap to clone.
#[derive(Clone)]
pub struct Following {
    entries: Arc<Mutex<HashMap<Id, watch::Sender<State>>>>,
    begin: mpsc::Sender<Id>,
}

/// Follows what is asked for; [`Follower::run`] is to be driven.
pub struct Follower {
    api: Client,
    following: Following,
    begun: mpsc::Receiver<Id>,
}

/// One object that a pod refers to.
#[derive(Clone)]
pub struct Followed {
    id: Id,
    receiver: watch::Receiver<State>,
    was_known: bool,
}

pub fn following(api: Client) -> (Following, Follower) {
    let (begin, begun) = mpsc::channel(FOLLOWED_MAX);
    let following = Following { entries: Arc::default(), begin };
    (following.clone(), Follower { api, following, begun })
}

impl Following {
    /// Follows an object from now on; an error if too many are.
    pub fn follow(&self, resource: Resource, key: Key) -> Result<Followed, String> {
        let id = (resource, key);
        let mut entries = self.entries();
        if let Some(sender) = entries.get(&id) {
            let receiver = sender.subscribe();
            let was_known = receiver.borrow().is_some();
            return Ok(Followed { id, receiver, was_known });
        }
        if entries.len() >= FOLLOWED_MAX || self.begin.try_send(id.clone()).is_err() {
            return Err(format!("more than {FOLLOWED_MAX} objects are referred to by the pods of this node"));
        }
        let (sender, receiver) = watch::channel(None);
        entries.insert(id.clone(), sender);
        Ok(Followed { id, receiver, was_known: false })
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<Id, watch::Sender<State>>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sender(&self, id: &Id) -> Option<watch::Sender<State>> {
        self.entries().get(id).cloned()
    }

    /// `true`: nobody follows the object any more, and it is forgotten.
    fn forget_unused(&self, id: &Id) -> bool {
        let mut entries = self.entries();
        if entries.get(id).is_some_and(|sender| sender.receiver_count() > 0) {
            return false;
        }
        entries.remove(id);
        true
    }
}

impl Follower {
    /// Works for as long as something can be asked for.
    pub async fn run(mut self) {
        let mut tasks = JoinSet::new();
        loop {
            tokio::select! {
                begun = self.begun.recv() => match begun {
                    Some(id) => {
                        tasks.spawn(follow_one(self.api.clone(), self.following.clone(), id));
                    }
                    None => return,
                },
                Some(ended) = tasks.join_next() => {
                    if let Err(error) = ended {
                        tracing::error!(%error, "an object that pods refer to is no longer followed");
                    }
                }
            }
        }
    }
}

async fn follow_one(api: Client, following: Following, id: Id) {
    let Some(sender) = following.sender(&id) else { return };
    let mut reports = reports(&api, &id, &sender);
    let mut is_final = false;
    // Goes on whatever is reported meanwhile: bookmarks come as often as it takes.
    let mut unused = Box::pin(unused(&sender));
    loop {
        tokio::select! {
            report = reports.next(), if !is_final => {
                let new = match report {
                    Some(Report::Replaced { objects, .. }) => objects.into_iter().next(),
                    Some(Report::Put(object)) => Some(object),
                    Some(Report::Deleted(_)) => None,
                    Some(Report::Bookmark { .. }) => continue,
                    None if following.forget_unused(&id) => return,
                    None => {
                        // Another pod has come just now.
                        reports = self::reports(&api, &id, &sender);
                        continue;
                    }
                };
                is_final = new.as_ref().is_some_and(|object| object.flag("immutable"));
                sender.send_if_modified(|state| {
                    let is_same = state.as_ref().is_some_and(|old| version(old.as_ref()) == version(new.as_ref()));
                    *state = Some(new);
                    !is_same
                });
                if is_final {
                    // The watch ends; the object cannot change.
                    reports = Box::pin(futures::stream::pending());
                }
            }
            () = &mut unused => {
                if following.forget_unused(&id) {
                    return;
                }
                unused = Box::pin(self::unused(&sender));
            }
        }
    }
}

/// The right to watch an object goes with the last pod that names it.
fn reports(api: &Client, (resource, key): &Id, sender: &watch::Sender<State>) -> BoxStream<'static, Report<Arc<Value>>> {
    let scope = Scope { namespace: key.namespace.clone(), field_selector: format!("metadata.name={}", key.name), ..Scope::all(*resource) };
    let users = sender.clone();
    let parse = |object: Value| Some(Arc::new(without_managed_fields(object)));
    follow_while_wanted(api.clone(), scope, parse, move || users.receiver_count() > 0)
}

/// Until nobody has followed the object for a while.
async fn unused(sender: &watch::Sender<State>) {
    sender.closed().await;
    tokio::time::sleep(LINGER).await;
}

fn version(object: Option<&Arc<Value>>) -> Option<(&str, &str)> {
    object.map(|object| (object["metadata"].str("uid"), object["metadata"].str("resourceVersion")))
}

impl Followed {
    pub fn resource(&self) -> Resource {
        self.id.0
    }

    pub fn name(&self) -> &str {
        &self.id.1.name
    }

    /// The object as it is now, as soon as that is known; `None` if there is none.
    pub async fn object(&mut self) -> Result<Option<Arc<Value>>, String> {
        let (what, key) = (self.resource().plural.trim_end_matches('s'), self.id.1.clone());
        let late = || format!("failed to sync {what} cache: timed out waiting for the condition: {key}");
        let known = tokio::time::timeout(FIRST_ANSWER_MAX, self.receiver.wait_for(Option::is_some)).await;
        known.ok().and_then(Result::ok).and_then(|state| state.clone()).ok_or_else(late)
    }

    /// Until it is another than it was, or is there no more. What it is first does not count.
    async fn changed(&mut self) {
        loop {
            if self.receiver.changed().await.is_err() {
                return std::future::pending().await; // the agent stops
            }
            let was_known = std::mem::replace(&mut self.was_known, self.receiver.borrow_and_update().is_some());
            if was_known {
                return;
            }
        }
    }
}

/// Until one of these changes.
pub async fn any_changed(followed: &mut [Followed]) {
    if followed.is_empty() {
        return std::future::pending().await;
    }
    select_all(followed.iter_mut().map(|one| Box::pin(one.changed()))).await;
}
