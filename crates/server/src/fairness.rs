//! Who is served when more is asked for than can be done at a time: priority and fairness, kept simple. Requests take seats; those of
//! one user wait for one another in a line of their own, the lines take turns, and a line that grows too long is refused (429).
//!
//! The cluster's own components, administrators and health checks take no seat, and nothing that is long by its nature holds one:
//! watches, logs, and what is passed on. Input: who asks for what. Output: a seat until it is dropped, or the Status that refuses.
//!
//! ```text
//! request ─▶ seat free and the user's share not used up ─▶ served ─▶ seat is free ─▶ next user's first
//!        └─▶ the user's line ──(its turn)──▶ served
//!        └─▶ 429, when the line is full
//! ```

use crate::Identity;
use crate::request::{Target, Verb};
use futures::channel::oneshot;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use stead_api::{Status, json};

/// Seats altogether. A write waits for the disk most of its time: many share one commit.
const SEATS: usize = 64;
/// What one user may have of them: the others find a seat free.
const SEATS_OF_A_USER_MAX: usize = 48;
/// A list may be of everything.
const LIST_SEATS: usize = 8;
/// Requests of one user that wait.
const LINE_MAX: usize = 1024;
/// Requests of all users that wait.
const WAITING_MAX: usize = 8 * LINE_MAX;
/// After so long a refused client may ask again, in seconds.
const RETRY_AFTER_S: u32 = 1;

/// The seats of one server.
#[derive(Debug, Default)]
pub(crate) struct Fairness(Arc<Mutex<Hall>>);

/// A place to be served at; free again when it is dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    hall: Arc<Mutex<Hall>>,
    user: String,
    width: usize,
}

#[derive(Debug, Default)]
struct Hall {
    taken: usize,
    waiting: usize,
    /// Those who have a seat or wait for one.
    users: HashMap<String, Line>,
    /// Users who wait, each once, in the order of their turns.
    turns: VecDeque<String>,
}

#[derive(Debug, Default)]
struct Line {
    taken: usize,
    waiting: VecDeque<Waiter>,
}

#[derive(Debug)]
struct Waiter {
    width: usize,
    called: oneshot::Sender<Seat>,
}

/// How many seats a request takes; none if it is not to wait.
pub(crate) fn width(identity: &Identity, target: &Target) -> usize {
    let long = target.subresource.is_some_and(|sub| matches!(sub.name, "log" | "exec" | "attach" | "portforward" | "proxy"));
    match target.verb {
        _ if long || is_exempt(identity) => 0,
        Verb::Watch => 0,
        Verb::List | Verb::DeleteCollection => LIST_SEATS,
        Verb::Get | Verb::Create | Verb::Update | Verb::Patch | Verb::Delete => 1,
    }
}

/// Administrators and the cluster's own components.
fn is_exempt(identity: &Identity) -> bool {
    let user = identity.user.as_str();
    let of_system = match user.strip_prefix("system:") {
        Some(rest) if rest.starts_with("serviceaccount:") => rest.starts_with("serviceaccount:kube-system:"),
        Some(rest) => rest != "anonymous",
        None => false,
    };
    of_system || identity.groups.iter().any(|group| group == Identity::MASTERS)
}

impl Fairness {
    /// Waits for a seat; at once if no other request has to wait for it.
    pub(crate) async fn seat(&self, user: &str, width: usize) -> Result<Option<Seat>, Status> {
        if width == 0 {
            return Ok(None);
        }
        let called = {
            let mut hall = lock(&self.0);
            if hall.has_room(user, width) {
                return Ok(Some(hall.take(&self.0, user, width)));
            }
            hall.wait(user, width)?
        };
        // Whoever has the sender calls before it is dropped.
        called.await.map(Some).map_err(|_| Status::internal("the line was given up"))
    }
}

impl Hall {
    /// Whether a request may be served now: none of its user's waits, and there are seats for it. Others who wait need more seats than are
    /// free, or have all that one user may have; who needs more may so be passed by who needs less.
    fn has_room(&self, user: &str, width: usize) -> bool {
        self.users.get(user).is_none_or(|line| line.waiting.is_empty()) && self.fits(user, width)
    }

    fn fits(&self, user: &str, width: usize) -> bool {
        let own = self.users.get(user).map_or(0, |line| line.taken);
        self.taken + width <= SEATS && own + width <= SEATS_OF_A_USER_MAX
    }

    fn take(&mut self, hall: &Arc<Mutex<Hall>>, user: &str, width: usize) -> Seat {
        self.taken += width;
        self.users.entry(user.to_owned()).or_default().taken += width;
        Seat { hall: Arc::clone(hall), user: user.to_owned(), width }
    }

    fn wait(&mut self, user: &str, width: usize) -> Result<oneshot::Receiver<Seat>, Status> {
        let line = self.users.entry(user.to_owned()).or_default();
        // Those who have gone away meanwhile do not count.
        if line.waiting.len() >= LINE_MAX {
            let before = line.waiting.len();
            line.waiting.retain(|waiter| !waiter.called.is_canceled());
            self.waiting -= before - line.waiting.len();
        }
        if line.waiting.len() >= LINE_MAX || self.waiting >= WAITING_MAX {
            return Err(too_many());
        }
        if line.waiting.is_empty() {
            self.turns.push_back(user.to_owned());
        }
        let (called, receiver) = oneshot::channel();
        line.waiting.push_back(Waiter { width, called });
        self.waiting += 1;
        Ok(receiver)
    }

    /// Gives seats back, and tells who is served next, each with a seat already taken.
    fn give_back(&mut self, hall: &Arc<Mutex<Hall>>, user: &str, width: usize) -> Vec<(oneshot::Sender<Seat>, Seat)> {
        self.taken -= width;
        if let Some(line) = self.users.get_mut(user) {
            line.taken -= width;
        }
        let mut called = Vec::new();
        // Each who waits is asked once in a round; a round that seats nobody is the last.
        let mut passed = 0;
        while passed < self.turns.len() {
            let Some(next) = self.turns.pop_front() else { break };
            match self.first_of(&next) {
                None => self.leave_turn(&next, &mut passed),
                Some(width) if !self.fits(&next, width) => {
                    self.turns.push_back(next);
                    passed += 1;
                }
                Some(width) => {
                    passed = 0;
                    let seat = self.take(hall, &next, width);
                    if let Some(waiter) = self.users.get_mut(&next).and_then(|line| line.waiting.pop_front()) {
                        self.waiting -= 1;
                        called.push((waiter.called, seat));
                    }
                    self.turns.push_back(next);
                }
            }
        }
        if self.users.get(user).is_some_and(|line| line.taken == 0 && line.waiting.is_empty()) {
            self.users.remove(user);
        }
        called
    }

    /// How many seats the first of a line needs who has not gone away.
    fn first_of(&mut self, user: &str) -> Option<usize> {
        let line = self.users.get_mut(user)?;
        while line.waiting.front().is_some_and(|waiter| waiter.called.is_canceled()) {
            line.waiting.pop_front();
            self.waiting -= 1;
        }
        line.waiting.front().map(|waiter| waiter.width)
    }

    fn leave_turn(&mut self, user: &str, passed: &mut usize) {
        *passed = 0;
        if self.users.get(user).is_some_and(|line| line.taken == 0) {
            self.users.remove(user);
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let called = lock(&self.hall).give_back(&self.hall, &self.user, self.width);
        for (waiter, seat) in called {
            // Not under the lock: a seat that nobody takes any more is dropped here, which gives it to the next.
            waiter.send(seat).map_err(drop).unwrap_or_default();
        }
    }
}

fn lock(hall: &Mutex<Hall>) -> MutexGuard<'_, Hall> {
    hall.lock().unwrap_or_else(PoisonError::into_inner)
}

/// As upstream refuses.
fn too_many() -> Status {
    let status = Status::new(429, "TooManyRequests", "Too many requests, please try again later.");
    status.with_details(json!({"retryAfterSeconds": RETRY_AFTER_S}))
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;
    use futures::future::BoxFuture;

    type Asked<'a> = BoxFuture<'a, Result<Option<Seat>, Status>>;

    /// Asks so often; which wait, and how many were refused. Who is served at once holds on to it.
    fn flood<'a>(fairness: &'a Fairness, user: &'a str, times: usize) -> (Vec<Seat>, Vec<Asked<'a>>, usize) {
        let (mut served, mut waiting, mut refused) = (Vec::new(), Vec::new(), 0);
        for _ in 0..times {
            let mut asked = fairness.seat(user, 1).boxed();
            match (&mut asked).now_or_never() {
                None => waiting.push(asked),
                Some(Ok(seat)) => served.extend(seat),
                Some(Err(status)) => {
                    assert_eq!((status.code, status.reason), (429, "TooManyRequests"));
                    refused += 1;
                }
            }
        }
        (served, waiting, refused)
    }

    #[test]
    fn a_flood_of_one_user_is_bounded_and_leaves_seats_for_others() {
        let fairness = Fairness::default();
        let (served, waiting, refused) = flood(&fairness, "eve", 50_000);
        assert_eq!((served.len(), waiting.len(), refused), (SEATS_OF_A_USER_MAX, LINE_MAX, 50_000 - SEATS_OF_A_USER_MAX - LINE_MAX));
        assert!(matches!(fairness.seat("bob", 1).now_or_never(), Some(Ok(Some(_)))), "bob is served at once");
        drop((served, waiting));
        // Whoever was called and has gone gives the seat on.
        let hall = lock(&fairness.0);
        assert_eq!((hall.taken, hall.waiting, hall.users.len(), hall.turns.len()), (0, 0, 0, 0));
    }

    #[test]
    fn users_who_wait_take_turns() {
        let fairness = Fairness::default();
        let (mut of_eve, mut waiting_of_eve, _) = flood(&fairness, "eve", 200);
        let (of_ann, _, _) = flood(&fairness, "ann", SEATS - SEATS_OF_A_USER_MAX);
        let mut bob: Vec<Asked<'_>> = (0..3).map(|_| fairness.seat("bob", 1).boxed()).collect();
        assert!(bob.iter_mut().all(|asked| asked.now_or_never().is_none()));
        // Six seats become free: eve and bob have three each, though eve was first with hundreds.
        let freed: Vec<Seat> = of_eve.drain(..6).collect();
        drop(freed);
        let bob: Vec<Seat> = bob.iter_mut().filter_map(|asked| asked.now_or_never()?.ok()?).collect();
        let eve: Vec<Seat> = waiting_of_eve.iter_mut().take(10).filter_map(|asked| asked.now_or_never()?.ok()?).collect();
        assert_eq!((bob.len(), eve.len()), (3, 3));
        drop((of_ann, of_eve));
    }

    #[test]
    fn those_who_went_away_hold_nobody_up() {
        let fairness = Fairness::default();
        let (served, waiting, _) = flood(&fairness, "eve", SEATS_OF_A_USER_MAX + LINE_MAX);
        drop(waiting);
        let mut later = fairness.seat("eve", 1).boxed();
        assert!((&mut later).now_or_never().is_none(), "there is room in the line again");
        drop(served);
        assert!(matches!(later.now_or_never(), Some(Ok(Some(_)))));
    }

    #[test]
    fn a_list_takes_more_and_is_served_too() {
        let fairness = Fairness::default();
        let (served, _, _) = flood(&fairness, "eve", SEATS_OF_A_USER_MAX);
        let seats: Vec<Option<Seat>> = (0..2).filter_map(|_| fairness.seat("bob", LIST_SEATS).now_or_never()?.ok()).collect();
        assert_eq!(seats.len(), (SEATS - SEATS_OF_A_USER_MAX) / LIST_SEATS);
        let mut third = fairness.seat("bob", LIST_SEATS).boxed();
        assert!((&mut third).now_or_never().is_none());
        drop(served);
        assert!(matches!(third.now_or_never(), Some(Ok(Some(_)))));
    }

    #[test]
    fn who_keeps_the_cluster_going_does_not_wait() {
        let with = |user: &str, group: &str| Identity { user: user.to_owned(), groups: vec![group.to_owned()], ..Identity::default() };
        for exempt in [
            with("admin", "system:masters"),
            with("system:node:n", "system:nodes"),
            with("system:kube-scheduler", ""),
            with("system:serviceaccount:kube-system:job-controller", ""),
        ] {
            assert!(is_exempt(&exempt), "{exempt:?}");
        }
        for other in [with("eve", ""), with("system:anonymous", ""), with("system:serviceaccount:default:bot", "")] {
            assert!(!is_exempt(&other), "{other:?}");
        }
    }
}
