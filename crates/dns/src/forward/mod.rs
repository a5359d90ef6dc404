//! Questions for others: which resolver is asked, for how long, and what is remembered of its answers (DNS-15, DNSG-33). A resolver that
//! does not answer is left alone for a while; one that leads back here is not asked.

mod cache;
mod exchange;
mod host;
mod resolver;

pub use exchange::exchange;
pub use host::{HostResolvers, Source};
pub use resolver::Resolver;

use crate::answer::Answer;
use cache::{Cache, Hit, Key};
use hickory_proto::op::{Edns, Message, Query, ResponseCode};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::{Notify, Semaphore};
use tokio::time::Instant;

/// Questions that wait for others at a time; more are told that it failed.
const QUESTIONS_MAX: usize = 2048;
/// One resolver has this long.
const ATTEMPT_MAX: Duration = Duration::from_secs(2);
/// A client has this long; it asks again after five seconds.
const ALL_ATTEMPTS_MAX: Duration = Duration::from_millis(4800);
const ATTEMPTS_MAX: usize = 4;

/// How a question came, and so how it goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    Udp,
    Tcp,
}

/// A question as it goes to a resolver.
#[derive(Debug, Clone)]
pub struct Question {
    pub query: Query,
    pub recursion_desired: bool,
    pub checking_disabled: bool,
    pub edns: Option<Edns>,
    pub transport: Transport,
}

impl Question {
    fn key(&self) -> Key {
        Key::new(&self.query, self.edns.as_ref().is_some_and(|edns| edns.flags().dnssec_ok), self.checking_disabled)
    }

    /// The message that asks it.
    pub fn message(&self) -> Message {
        let mut message = Message::query();
        message.metadata.recursion_desired = self.recursion_desired;
        message.metadata.checking_disabled = self.checking_disabled;
        message.add_query(self.query.clone());
        if let Some(asked) = &self.edns {
            let mut edns = Edns::new();
            edns.set_max_payload(asked.max_payload().max(512)).set_version(0).set_dnssec_ok(asked.flags().dnssec_ok);
            message.set_edns(edns);
        }
        message
    }
}

#[derive(Debug)]
pub struct Forwarder {
    resolvers: RwLock<Vec<Arc<Resolver>>>,
    cache: Mutex<Cache>,
    asking: Semaphore,
    next: AtomicUsize,
    has_changed: Notify,
}

/// What is remembered.
#[derive(Debug)]
pub struct Remembered {
    pub answer: Answer,
    /// It is asked for often and soon forgotten: to be asked again meanwhile.
    pub wants_refresh: bool,
}

impl Default for Forwarder {
    fn default() -> Self {
        Self {
            resolvers: RwLock::default(),
            cache: Mutex::default(),
            asking: Semaphore::new(QUESTIONS_MAX),
            next: AtomicUsize::new(0),
            has_changed: Notify::new(),
        }
    }
}

impl Forwarder {
    /// Asks these from now on. Those that were there already keep their health; what others answered is forgotten.
    pub fn set_resolvers(&self, addresses: &[SocketAddr]) {
        let mut resolvers = self.resolvers.write().unwrap_or_else(PoisonError::into_inner);
        let kept = |address: &SocketAddr| resolvers.iter().find(|known| known.address() == *address).cloned();
        let new: Vec<_> = addresses.iter().map(|address| kept(address).unwrap_or_else(|| Arc::new(Resolver::new(*address)))).collect();
        *resolvers = new;
        drop(resolvers);
        self.cache().clear();
        self.has_changed.notify_one();
    }

    /// Until other resolvers are asked. For one caller.
    pub async fn changed(&self) {
        self.has_changed.notified().await;
    }

    pub fn resolvers(&self) -> Vec<Arc<Resolver>> {
        self.resolvers.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What was answered before and still holds.
    pub fn remembered(&self, question: &Question) -> Option<Remembered> {
        let Hit { answer, wants_refresh } = self.cache().get(&question.key(), Instant::now())?;
        Some(Remembered { answer, wants_refresh })
    }

    /// Asks a resolver; a failure is the answer SERVFAIL.
    pub async fn ask(&self, question: &Question) -> Answer {
        let failure = Answer { recursion_available: true, ..Answer::bare(ResponseCode::ServFail) };
        let Ok(_asking) = self.asking.try_acquire() else { return failure };
        let answered = tokio::time::timeout(ALL_ATTEMPTS_MAX, self.attempt(question)).await;
        let Some(answer) = answered.ok().flatten() else { return failure };
        self.cache().put(question.key(), &answer, Instant::now());
        answer
    }

    async fn attempt(&self, question: &Question) -> Option<Answer> {
        for resolver in self.order() {
            let message = question.message();
            let exchanged = exchange(resolver.address(), &message, question.transport);
            match tokio::time::timeout(ATTEMPT_MAX, exchanged).await {
                Ok(Ok(reply)) => {
                    resolver.answered();
                    return Some(answer_of(reply));
                }
                Ok(Err(error)) => {
                    tracing::debug!(resolver = %resolver.address(), %error, "a resolver did not answer");
                    resolver.failed(Instant::now());
                }
                Err(_) => resolver.failed(Instant::now()),
            }
        }
        None
    }

    /// Whom to ask, one after another: each question begins with the next one, and those that failed lately come last.
    fn order(&self) -> Vec<Arc<Resolver>> {
        let mut resolvers: Vec<_> = self.resolvers().into_iter().filter(|resolver| !resolver.leads_back()).collect();
        if resolvers.is_empty() {
            return resolvers;
        }
        let first = self.next.fetch_add(1, Ordering::Relaxed) % resolvers.len();
        resolvers.rotate_left(first);
        let now = Instant::now();
        resolvers.sort_by_key(|resolver| resolver.is_down(now));
        (0..ATTEMPTS_MAX.min(resolvers.len() * 2)).map(|n| Arc::clone(&resolvers[n % resolvers.len()])).collect()
    }

    fn cache(&self) -> std::sync::MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn answer_of(reply: Message) -> Answer {
    Answer {
        code: reply.metadata.response_code,
        authoritative: reply.metadata.authoritative,
        recursion_available: reply.metadata.recursion_available,
        truncated: reply.metadata.truncation,
        authentic: reply.metadata.authentic_data,
        answers: reply.answers,
        authorities: reply.authorities,
        additionals: reply.additionals,
    }
}
