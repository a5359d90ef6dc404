//! Who is served when more is asked for than can be done at a time: priority and fairness, kept simple. Requests take seats; those of
//! one user wait for one another in a line of their own, the lines take turns, and a line that grows too long is refused (429).
//!
//! The cluster's own components, administrators and health checks take no seat, and nothing that is long by its nature holds one:
//! watches, logs, and what is passed on. Of those only the number is bounded, for each user (`lasting.rs`).
//! Input: who asks for what. Output: a seat until it is dropped, or the Status that refuses.
//!
//! ```text
//! request ─▶ seat free, the user's share not used up, nobody kept waiting ─▶ served ─▶ seat is free ─▶ next user's first
//!        └─▶ the user's line ──(its turn)──▶ served
//!        └─▶ 429, when the line is full
//! ```

mod estimate;
mod lasting;

use crate::Identity;
use crate::query::Query;
use crate::request::{Target, Verb};
use futures::channel::oneshot;
use lasting::{Lasting, Place};
pub(crate) use lasting::{Sending, Turns};
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use stead_api::{Status, json};
use stead_store::Extent;

/// Seats altogether. A write waits for the disk most of its time: many share one commit.
const SEATS: usize = 64;
/// What one user may have of them: the others find a seat free.
const SEATS_OF_A_USER_MAX: usize = 48;
/// Requests of one user that wait.
const LINE_MAX: usize = 1024;
/// Requests of all users that wait.
const WAITING_MAX: usize = 8 * LINE_MAX;
/// After so long a refused client may ask again, in seconds.
const RETRY_AFTER_S: u32 = 1;

/// The seats of one server.
#[derive(Debug, Default)]
pub(crate) struct Fairness {
    hall: Arc<Mutex<Hall>>,
    lasting: Lasting,
}

/// What a request takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cost {
    Nothing,
    /// So many seats, until it is answered.
    Seats(usize),
    /// A place among the long ones, until its answer's end.
    Lasting,
}

/// What a request has been given, until that is dropped.
#[derive(Debug)]
pub(crate) enum Admitted {
    Free,
    Seated(#[expect(dead_code, reason = "it is held")] Seat),
    Lasting(Place),
}

/// Where a request is served; free again when it is dropped.
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
    queue: Queue,
}

/// What those who wait are waiting for.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Queue {
    /// Nobody waits but for what their own user holds.
    #[default]
    Flows,
    /// Somebody's turn has come, and there are too few seats: what becomes free is kept for them.
    Stands,
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

/// What a request takes; `stored` says how much there is of what it asks for. A write takes one seat however many watch what it changes:
/// upstream makes it wait for them, ours are bounded where they send.
pub(crate) fn cost(identity: &Identity, target: &Target, query: &Query, stored: impl FnOnce() -> Extent) -> Cost {
    let long = target.subresource.is_some_and(|sub| matches!(sub.name, "log" | "exec" | "attach" | "portforward" | "proxy"));
    match target.verb {
        _ if is_exempt(identity) => Cost::Nothing,
        _ if long => Cost::Lasting,
        Verb::Watch => Cost::Lasting,
        Verb::List => Cost::Seats(estimate::seats(query, stored())),
        Verb::Get | Verb::Create | Verb::Update | Verb::Patch | Verb::Delete | Verb::DeleteCollection => Cost::Seats(1),
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
    /// Waits until a request may be served.
    pub(crate) async fn admit(&self, user: &str, cost: Cost) -> Result<Admitted, Status> {
        match cost {
            Cost::Nothing => Ok(Admitted::Free),
            Cost::Seats(width) => self.seat(user, width).await.map(Admitted::Seated),
            Cost::Lasting => self.lasting.enter(user).map(Admitted::Lasting).ok_or_else(too_many),
        }
    }

    /// Waits for a seat; at once if no other request has to wait for it.
    async fn seat(&self, user: &str, width: usize) -> Result<Seat, Status> {
        let called = {
            let mut hall = lock(&self.hall);
            if hall.has_room(user, width) {
                return Ok(hall.take(&self.hall, user, width));
            }
            hall.wait(user, width)?
        };
        // Whoever has the sender calls before it is dropped.
        called.await.map_err(|_| Status::internal("the line was given up"))
    }
}

impl Hall {
    /// Whether a request may be served now: none of its user's waits, there are seats for it, and they are not kept for somebody else.
    fn has_room(&self, user: &str, width: usize) -> bool {
        let is_first = self.users.get(user).is_none_or(|line| line.waiting.is_empty());
        is_first && self.queue == Queue::Flows && self.may_have(user, width) && self.has_seats(width)
    }

    fn has_seats(&self, width: usize) -> bool {
        self.taken + width <= SEATS
    }

    /// Whether a user holds so little that it may have as many more.
    fn may_have(&self, user: &str, width: usize) -> bool {
        self.users.get(user).map_or(0, |line| line.taken) + width <= SEATS_OF_A_USER_MAX
    }

    fn take(&mut self, hall: &Arc<Mutex<Hall>>, user: &str, width: usize) -> Seat {
        self.taken += width;
        self.users.entry(user.to_owned()).or_default().taken += width;
        Seat { hall: Arc::clone(hall), user: user.to_owned(), width }
    }

    fn wait(&mut self, user: &str, width: usize) -> Result<oneshot::Receiver<Seat>, Status> {
        let may_have = self.may_have(user, width);
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
            if may_have {
                self.queue = Queue::Stands;
            }
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
        self.queue = Queue::Flows;
        // Each who waits is asked once in a round; a round that seats nobody is the last.
        let mut passed = 0;
        while passed < self.turns.len() {
            let Some(next) = self.turns.pop_front() else { break };
            match self.first_of(&next) {
                None => self.leave_turn(&next, &mut passed),
                Some(width) if !self.may_have(&next, width) => {
                    self.turns.push_back(next);
                    passed += 1;
                }
                Some(width) if !self.has_seats(width) => {
                    // Whoever needs fewer would pass again and again.
                    self.turns.push_front(next);
                    self.queue = Queue::Stands;
                    break;
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
    use super::estimate::LIST_SEATS_MAX;
    use super::*;
    use futures::FutureExt;
    use futures::future::BoxFuture;

    type Asked<'a> = BoxFuture<'a, Result<Seat, Status>>;

    /// Asks so often; which wait, and how many were refused. Who is served at once holds on to it.
    fn flood<'a>(fairness: &'a Fairness, user: &'a str, times: usize) -> (Vec<Seat>, Vec<Asked<'a>>, usize) {
        let (mut served, mut waiting, mut refused) = (Vec::new(), Vec::new(), 0);
        for _ in 0..times {
            let mut asked = fairness.seat(user, 1).boxed();
            match (&mut asked).now_or_never() {
                None => waiting.push(asked),
                Some(Ok(seat)) => served.push(seat),
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
        assert!(matches!(fairness.seat("bob", 1).now_or_never(), Some(Ok(_))), "bob is served at once");
        drop((served, waiting));
        // Whoever was called and has gone gives the seat on.
        let hall = lock(&fairness.hall);
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
        let bob: Vec<Seat> = bob.iter_mut().filter_map(|asked| asked.now_or_never()?.ok()).collect();
        let eve: Vec<Seat> = waiting_of_eve.iter_mut().take(10).filter_map(|asked| asked.now_or_never()?.ok()).collect();
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
        assert!(matches!(later.now_or_never(), Some(Ok(_))));
    }

    #[test]
    fn a_list_takes_more_and_is_served_too() {
        let fairness = Fairness::default();
        let (served, _, _) = flood(&fairness, "eve", SEATS_OF_A_USER_MAX);
        let seats: Vec<Seat> = (0..2).filter_map(|_| fairness.seat("bob", LIST_SEATS_MAX).now_or_never()?.ok()).collect();
        assert_eq!(seats.len(), (SEATS - SEATS_OF_A_USER_MAX) / LIST_SEATS_MAX);
        let mut third = fairness.seat("bob", LIST_SEATS_MAX).boxed();
        assert!((&mut third).now_or_never().is_none());
        drop(served);
        assert!(matches!(third.now_or_never(), Some(Ok(_))));
    }

    #[test]
    fn who_needs_many_seats_is_not_passed_for_ever_by_who_needs_one() {
        let fairness = Fairness::default();
        let (mut of_eve, _, _) = flood(&fairness, "eve", SEATS_OF_A_USER_MAX);
        let (mut of_ann, _, _) = flood(&fairness, "ann", SEATS - SEATS_OF_A_USER_MAX);
        let mut list = fairness.seat("bob", LIST_SEATS_MAX).boxed();
        assert!((&mut list).now_or_never().is_none());
        // One seat after another becomes free, and each time others ask for one.
        let mut waiting = Vec::new();
        for n in 0..LIST_SEATS_MAX {
            assert!((&mut list).now_or_never().is_none(), "{n} seats are too few");
            if n % 2 == 0 {
                drop(of_eve.pop())
            } else {
                drop(of_ann.pop())
            }
            waiting.push(fairness.seat("ann", 1).boxed());
            waiting.push(fairness.seat("carl", 1).boxed());
            assert!(waiting.iter_mut().all(|asked| asked.now_or_never().is_none()), "they come after bob");
        }
        let seat = (&mut list).now_or_never().expect("bob's turn has come");
        drop((of_eve, seat));
        assert!(waiting.iter_mut().all(|asked| matches!(asked.now_or_never(), Some(Ok(_)))), "and they are served then");
    }

    #[test]
    fn who_has_all_that_one_may_have_keeps_nobody_waiting() {
        let fairness = Fairness::default();
        let (_served, mut waiting, _) = flood(&fairness, "eve", SEATS_OF_A_USER_MAX + 1);
        assert!(waiting.iter_mut().all(|asked| asked.now_or_never().is_none()));
        let mut seats = Vec::new();
        for n in SEATS_OF_A_USER_MAX..SEATS {
            seats.push(fairness.seat("bob", 1).now_or_never().unwrap_or_else(|| panic!("seat {n} is free")).unwrap());
        }
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
