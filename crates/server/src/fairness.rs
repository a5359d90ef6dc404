//! Who is served when more is asked for than can be done at a time: priority and fairness, kept simple. Requests take seats; those of
//! one user wait for one another in a line of their own, the lines take turns, and a line that grows too long is refused (429).
//!
//! The cluster's own components, administrators and health checks take no seat, and nothing that is long by its nature holds one:
//! watches, logs, and what is passed on. Of those only the number is bounded, for each user (`lasting.rs`).
//! Input: who asks for what. Output: a seat until it is dropped, or the Status that refuses.
//!
//! Most reads are answered before anybody else has had a look, so seats alone would let the requests of one user that have come together be
//! answered one after the other. So each user is served in rounds: after so many requests what else is ready goes first.
//!
//! ```text
//! request ─▶ seat free, the user's share not used up, nobody kept waiting ─▶ served ─▶ seat is free ─▶ next user's first
//!        └─▶ the user's line ──(its turn)──▶ served
//!        └─▶ 429, when the line is full
//! ```

mod estimate;
mod lasting;
mod turns;

use crate::Identity;
use crate::query::Query;
use crate::request::{Target, Verb};
use futures::channel::oneshot;
use lasting::{Lasting, Place};

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use stead_api::{Status, json};
use stead_store::Extent;
pub(crate) use turns::{Crowd, Sending, Turns};

/// Seats altogether. A write waits for the disk most of its time: many share one commit.
const SEATS: usize = 64;
/// What one user may have of them: the others find a seat free.
const SEATS_OF_A_USER_MAX: usize = 48;
/// Requests of one user that are served before what else is ready.
const ROUND_MAX: usize = 16;
/// Users of whom more is known than that they were served a while ago.
const IDLE_USERS_MAX: usize = 1024;
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
    /// It ends the round.
    is_last: bool,
}

#[derive(Debug, Default)]
struct Hall {
    taken: usize,
    waiting: usize,
    /// Those who have a seat or wait for one, or have begun a round.
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
    /// In this round.
    served: usize,
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
        let taken = {
            let mut hall = lock(&self.hall);
            if hall.has_room(user, width) { Ok(hall.take(&self.hall, user, width)) } else { Err(hall.wait(user, width)?) }
        };
        let mut seat = match taken {
            Ok(seat) => seat,
            // Whoever has the sender calls before it is dropped.
            Err(called) => called.await.map_err(|_| Status::internal("the line was given up"))?,
        };
        // Also where it was called: what is called may run before what is ready.
        if seat.is_last {
            all_that_is_ready().await;
        }
        seat.end_round();
        Ok(seat)
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

    /// Whether a user holds so little that it may have as many more, and its round has not ended.
    fn may_have(&self, user: &str, width: usize) -> bool {
        self.users.get(user).is_none_or(|line| line.taken + width <= SEATS_OF_A_USER_MAX && line.served < ROUND_MAX)
    }

    fn take(&mut self, hall: &Arc<Mutex<Hall>>, user: &str, width: usize) -> Seat {
        if self.users.len() >= IDLE_USERS_MAX {
            self.users.retain(|_, line| line.taken > 0 || !line.waiting.is_empty());
        }
        self.taken += width;
        let line = self.users.entry(user.to_owned()).or_default();
        line.taken += width;
        line.served += 1;
        Seat { hall: Arc::clone(hall), user: user.to_owned(), width, is_last: line.served == ROUND_MAX }
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

    fn give_back(&mut self, user: &str, width: usize) {
        self.taken -= width;
        if let Some(line) = self.users.get_mut(user) {
            line.taken -= width;
        }
    }

    fn end_round(&mut self, user: &str) {
        if let Some(line) = self.users.get_mut(user) {
            line.served = 0;
        }
    }

    /// Who is served next, each with a seat already taken.
    fn call(&mut self, hall: &Arc<Mutex<Hall>>) -> Vec<(oneshot::Sender<Seat>, Seat)> {
        let mut called = Vec::new();
        self.queue = Queue::Flows;
        // Each who waits is asked once in a round; a round that seats nobody is the last.
        let mut passed = 0;
        while passed < self.turns.len() {
            let Some(next) = self.turns.pop_front() else { break };
            match self.first_of(&next) {
                None => passed = 0,
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
                    let Some(line) = self.users.get_mut(&next) else { continue };
                    if let Some(waiter) = line.waiting.pop_front() {
                        self.waiting -= 1;
                        called.push((waiter.called, seat));
                    }
                    // Whoever waits later has a turn again then.
                    if !line.waiting.is_empty() {
                        self.turns.push_back(next);
                    }
                }
            }
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
}

impl Seat {
    /// Lets those go on who wait for the next round, if this is the last of one.
    fn end_round(&mut self) {
        if std::mem::take(&mut self.is_last) {
            lock(&self.hall).end_round(&self.user);
            call(&self.hall);
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        lock(&self.hall).give_back(&self.user, self.width);
        self.end_round();
        call(&self.hall);
    }
}

/// Tells who is served next.
fn call(hall: &Arc<Mutex<Hall>>) {
    let called = lock(hall).call(hall);
    for (waiter, seat) in called {
        // Not under the lock: a seat that nobody takes any more is dropped here, which gives it to the next.
        waiter.send(seat).map_err(drop).unwrap_or_default();
    }
}

/// Waits until all that is ready now has gone on.
async fn all_that_is_ready() {
    let mut has_waited = false;
    std::future::poll_fn(|context| {
        if std::mem::replace(&mut has_waited, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
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

    /// What a request is given, if it need wait for nobody but what is ready.
    fn now(asked: &mut Asked<'_>) -> Option<Result<Seat, Status>> {
        asked.now_or_never().or_else(|| asked.now_or_never())
    }

    fn served_now(fairness: &Fairness, user: &str, width: usize) -> Option<Seat> {
        now(&mut fairness.seat(user, width).boxed())?.ok()
    }

    /// Asks so often; which wait, and how many were refused. Who is served at once holds on to it.
    fn flood<'a>(fairness: &'a Fairness, user: &'a str, times: usize) -> (Vec<Seat>, Vec<Asked<'a>>, usize) {
        let (mut served, mut waiting, mut refused) = (Vec::new(), Vec::new(), 0);
        for _ in 0..times {
            let mut asked = fairness.seat(user, 1).boxed();
            match now(&mut asked) {
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
        assert_eq!((hall.taken, hall.waiting, hall.turns.len()), (0, 0, 0));
        assert!(hall.users.values().all(|line| line.taken == 0));
    }

    #[test]
    fn a_round_of_one_user_ends_after_what_is_ready() {
        let fairness = Fairness::default();
        // Each is answered before the next one asks, so the seats are free all the time.
        assert!((1..ROUND_MAX).all(|_| fairness.seat("eve", 1).now_or_never().is_some()));
        let (mut last, mut next) = (fairness.seat("eve", 1).boxed(), fairness.seat("eve", 1).boxed());
        assert!((&mut last).now_or_never().is_none());
        assert!((&mut next).now_or_never().is_none());
        assert!((&mut next).now_or_never().is_none(), "its round has not begun");
        assert!(fairness.seat("bob", 1).now_or_never().is_some(), "bob has rounds of his own");
        assert!(matches!(last.now_or_never(), Some(Ok(_))));
        assert!(matches!(next.now_or_never(), Some(Ok(_))));
        assert!((2..ROUND_MAX).all(|_| fairness.seat("eve", 1).now_or_never().is_some()), "of the second round");
        assert!(fairness.seat("eve", 1).now_or_never().is_none());
    }

    #[test]
    fn the_last_of_a_round_ends_it_also_by_going_away() {
        let fairness = Fairness::default();
        for called in [false, true] {
            assert!((1..ROUND_MAX).all(|_| fairness.seat("eve", 1).now_or_never().is_some()));
            let (mut last, mut next) = (fairness.seat("eve", 1).boxed(), fairness.seat("eve", 1).boxed());
            assert!((&mut last).now_or_never().is_none() && (&mut next).now_or_never().is_none());
            if called {
                // All of another round wait, the last of which goes away after it was called.
                let mut others: Vec<Asked<'_>> = (1..ROUND_MAX).map(|_| fairness.seat("eve", 1).boxed()).collect();
                assert!(others.iter_mut().all(|asked| asked.now_or_never().is_none()));
                let mut after = fairness.seat("eve", 1).boxed();
                assert!((&mut after).now_or_never().is_none());
                drop(last);
                drop(others);
                assert!(matches!(after.now_or_never(), Some(Ok(_))));
            } else {
                drop(last);
            }
            assert!(matches!(next.now_or_never(), Some(Ok(_))));
            lock(&fairness.hall).end_round("eve");
        }
    }

    #[test]
    fn the_last_that_is_called_in_a_round_lets_others_go_first() {
        let fairness = Fairness::default();
        assert!((1..ROUND_MAX).all(|_| fairness.seat("eve", 1).now_or_never().is_some()));
        let mut waiting: Vec<Asked<'_>> = (0..ROUND_MAX + 2).map(|_| fairness.seat("eve", 1).boxed()).collect();
        assert!(waiting.iter_mut().all(|asked| asked.now_or_never().is_none()));
        let mut first_round_ends = waiting.remove(0);
        assert!(matches!((&mut first_round_ends).now_or_never(), Some(Ok(_))));
        let (mut next, mut last) = (waiting.pop().unwrap(), waiting.pop().unwrap());
        assert!((&mut last).now_or_never().is_none());
        assert!((&mut next).now_or_never().is_none());
        assert!(waiting.iter_mut().all(|asked| matches!(asked.now_or_never(), Some(Ok(_)))));
        assert!(matches!((&mut last).now_or_never(), Some(Ok(_))));
        assert!(matches!((&mut next).now_or_never(), Some(Ok(_))));
    }

    #[test]
    fn a_user_has_one_turn_at_a_time() {
        let fairness = Fairness::default();
        let (mut of_eve, _, _) = flood(&fairness, "eve", SEATS_OF_A_USER_MAX);
        let (of_ann, _, _) = flood(&fairness, "ann", SEATS - SEATS_OF_A_USER_MAX);
        let mut waiting: Vec<Asked<'_>> = Vec::new();
        // Bob is called while Carl needs more seats than there are.
        for (user, width) in [("bob", 1), ("carl", LIST_SEATS_MAX)] {
            waiting.push(fairness.seat(user, width).boxed());
            assert!(waiting.last_mut().is_some_and(|asked| asked.now_or_never().is_none()));
        }
        drop(of_eve.pop());
        let mut again = fairness.seat("bob", 1).boxed();
        assert!((&mut again).now_or_never().is_none());
        let turns = lock(&fairness.hall).turns.clone();
        assert_eq!(turns, ["carl", "bob"]);
        drop((of_eve, of_ann));
    }

    #[test]
    fn users_that_were_served_once_are_forgotten() {
        let fairness = Fairness::default();
        let of_bob = served_now(&fairness, "bob", 1);
        assert!((0..5 * IDLE_USERS_MAX).all(|n| served_now(&fairness, &n.to_string(), 1).is_some()));
        let hall = lock(&fairness.hall);
        assert!(hall.users.len() <= IDLE_USERS_MAX + 1, "{}", hall.users.len());
        assert_eq!(hall.users["bob"].taken, 1);
        drop(hall);
        drop(of_bob);
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
        assert!(matches!(now(&mut later), Some(Ok(_))));
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
            seats.push(served_now(&fairness, "bob", 1).unwrap_or_else(|| panic!("seat {n} is free")));
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
