//! What a message that came is answered with: at once from the index or the cache, or later from elsewhere. Knows no sockets.

use crate::answer::{self, Alias, Answer, Elsewhere, Outcome};
use crate::forward::{Forwarder, Question, Transport};
use crate::index::Index;
use crate::message::{Received, Request, encode, read};
use crate::name::Zone;
use crate::probe::Probes;
use hickory_proto::op::{Query, ResponseCode};
use hickory_proto::rr::{Name, RData, Record, RecordType};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

/// Over TCP an answer is as long as its length can say.
const TCP_SIZE_MAX: u16 = u16::MAX;

/// Everything that answers depend on. Shared by all listeners.
#[derive(Debug)]
pub struct Site {
    zone: Zone,
    index: RwLock<Index>,
    /// The index holds everything that there is (DNS-17).
    is_complete: AtomicBool,
    pub forwarder: Forwarder,
    pub probes: Probes,
    rotation: AtomicUsize,
}

/// How a message came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Via {
    pub transport: Transport,
    pub memory: Memory,
}

/// Whether what resolvers said before may be an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Memory {
    Used,
    /// Who asks wants to know what they say now.
    Unused,
}

/// What is to be done about a message.
#[derive(Debug)]
pub enum Handled {
    Nothing,
    Answer(Vec<u8>),
    /// The answer, and something to do beside it.
    AnswerAnd(Vec<u8>, Refresh),
    Later(Later),
}

/// A question that others are to be asked.
#[derive(Debug)]
pub struct Later {
    site: Arc<Site>,
    request: Request,
    elsewhere: Elsewhere,
    via: Via,
}

/// A remembered answer that is to be asked for again.
#[derive(Debug)]
pub struct Refresh {
    site: Arc<Site>,
    question: Question,
}

impl Refresh {
    pub async fn run(self) {
        self.site.forwarder.ask(&self.question).await;
    }
}

impl Site {
    /// Nothing is known yet; `serial` is the zone's first.
    pub fn new(zone: Zone, serial: u32) -> Self {
        Self {
            zone,
            index: RwLock::new(Index::new(serial)),
            is_complete: AtomicBool::new(false),
            forwarder: Forwarder::default(),
            probes: Probes::default(),
            rotation: AtomicUsize::new(0),
        }
    }

    /// Changes the index; answers wait for so long.
    pub fn change<T>(&self, change: impl FnOnce(&mut Index) -> T) -> T {
        change(&mut self.index.write().unwrap_or_else(PoisonError::into_inner))
    }

    pub fn read<T>(&self, read: impl FnOnce(&Index) -> T) -> T {
        read(&self.index.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub fn set_complete(&self) {
        self.is_complete.store(true, Ordering::Release);
    }

    /// What to do about a message.
    pub fn handle(self: &Arc<Self>, bytes: &[u8], via: Via) -> Handled {
        let request = match read(bytes) {
            Received::Nothing => return Handled::Nothing,
            Received::Refused(answer) => return Handled::Answer(answer),
            Received::Question(request) => request,
        };
        let done = |answer: &Answer| Handled::Answer(encode(&request, answer, via.size_max(&request)));
        // Before anything is forwarded (DNSG-31).
        if request.edns().is_some_and(|edns| edns.version() != 0) {
            return done(&Answer::bare(ResponseCode::BADVERS));
        }
        if self.probes.came_back(request.query()) {
            return done(&Answer::bare(ResponseCode::Refused));
        }
        match self.answer(request.query()) {
            Outcome::Answer(_) if !self.is_complete.load(Ordering::Acquire) => done(&Answer::bare(ResponseCode::ServFail)),
            Outcome::Answer(answer) => done(&answer),
            Outcome::Elsewhere(Elsewhere::Question) if via.memory == Memory::Used => self.remembered(request, via),
            Outcome::Elsewhere(elsewhere) => Handled::Later(Later { site: Arc::clone(self), request, elsewhere, via }),
        }
    }

    fn answer(&self, query: &Query) -> Outcome {
        let rotation = self.rotation.fetch_add(1, Ordering::Relaxed);
        self.read(|index| answer::answer(index, &self.zone, query, rotation))
    }

    fn remembered(self: &Arc<Self>, request: Request, via: Via) -> Handled {
        let question = question(&request, via.transport);
        let Some(remembered) = self.forwarder.remembered(&question) else {
            return Handled::Later(Later { site: Arc::clone(self), request, elsewhere: Elsewhere::Question, via });
        };
        let bytes = encode(&request, &remembered.answer, via.size_max(&request));
        match remembered.wants_refresh {
            true => Handled::AnswerAnd(bytes, Refresh { site: Arc::clone(self), question }),
            false => Handled::Answer(bytes),
        }
    }
}

impl Via {
    fn size_max(self, request: &Request) -> u16 {
        match self.transport {
            Transport::Udp => request.size_max(),
            Transport::Tcp => TCP_SIZE_MAX,
        }
    }
}

impl Later {
    /// The answer, when others have said theirs.
    pub async fn answer(self) -> Vec<u8> {
        let answer = match &self.elsewhere {
            Elsewhere::Question => self.site.forwarder.ask(&question(&self.request, self.via.transport)).await,
            Elsewhere::Aliases(aliases) => {
                let mut records = Vec::new();
                for alias in aliases {
                    records.extend(self.led(alias).await);
                }
                Answer::ours(records)
            }
        };
        encode(&self.request, &answer, self.via.size_max(&self.request))
    }

    /// The answer that says that too many are waiting.
    pub fn refusal(&self) -> Vec<u8> {
        encode(&self.request, &Answer::bare(ResponseCode::ServFail), self.via.size_max(&self.request))
    }

    /// Aliases and what is found at their end; the aliases alone if that is nothing (DNSG-21).
    async fn led(&self, alias: &Alias) -> Vec<Record> {
        let mut records = alias.records.clone();
        let Some(target) = &alias.target else { return records };
        let mut question = question(&self.request, self.via.transport);
        question.query.set_name(target.clone());
        // Several answers may be too much for the way that one question came.
        let remembered = (self.via.memory == Memory::Used).then(|| self.site.forwarder.remembered(&question)).flatten();
        let answer = match remembered {
            Some(remembered) => remembered.answer,
            None => self.site.forwarder.ask(&question).await,
        };
        if answer.code == ResponseCode::NoError {
            records.extend(chain(target, question.query.query_type(), answer.answers));
        }
        records
    }
}

/// The records that answer for a name: its aliases and what the last of them has.
fn chain(name: &Name, kind: RecordType, records: Vec<Record>) -> Vec<Record> {
    let mut names = vec![name.clone()];
    let mut kept = Vec::new();
    for record in records {
        let is_named = names.contains(&record.name);
        match &record.data {
            RData::CNAME(target) if is_named => names.push(target.0.clone()),
            _ if is_named && record.record_type() == kind => {}
            _ => continue,
        }
        kept.push(record);
    }
    kept
}

fn question(request: &Request, transport: Transport) -> Question {
    Question {
        query: request.query().clone(),
        recursion_desired: request.metadata().recursion_desired,
        checking_disabled: request.metadata().checking_disabled,
        edns: request.edns().cloned(),
        transport,
    }
}
