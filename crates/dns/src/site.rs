//! What a message that came is answered with: at once from the index or the cache, or later from elsewhere. Knows no sockets.

use crate::answer::{self, Alias, Answer, Elsewhere, Outcome};
use crate::custom::Custom;
use crate::forward::{Forwarder, Question, Transport};
use crate::index::Index;
use crate::message::{Received, Request, encode, read};
use crate::name::Zone;
use crate::probe::Probes;
use hickory_proto::op::{Query, ResponseCode};
use hickory_proto::rr::{Name, RData, Record, RecordType};
use std::collections::HashMap;
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
    /// Of names that have no resolvers of their own.
    pub forwarder: Arc<Forwarder>,
    added: RwLock<Arc<Added>>,
    pub probes: Probes,
    rotation: AtomicUsize,
}

/// What users added, and the resolvers of zones that have their own.
#[derive(Debug, Default)]
struct Added {
    custom: Custom,
    forwarders: HashMap<Name, Arc<Forwarder>>,
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
    asked: Asked,
    elsewhere: Elsewhere,
    site: Arc<Site>,
    added: Arc<Added>,
}

/// A remembered answer that is to be asked for again.
#[derive(Debug)]
pub struct Refresh {
    forwarder: Arc<Forwarder>,
    question: Question,
}

/// A question and what is looked up for it.
#[derive(Debug)]
struct Asked {
    request: Request,
    /// The question itself, unless it was rewritten.
    query: Query,
    via: Via,
}

impl Refresh {
    pub async fn run(self) {
        self.forwarder.ask(&self.question).await;
    }
}

impl Site {
    /// Nothing is known yet; `serial` is the zone's first.
    pub fn new(zone: Zone, serial: u32) -> Self {
        Self {
            zone,
            index: RwLock::new(Index::new(serial)),
            is_complete: AtomicBool::new(false),
            forwarder: Arc::default(),
            added: RwLock::default(),
            probes: Probes::default(),
            rotation: AtomicUsize::new(0),
        }
    }

    /// Changes the index; answers wait for so long.
    pub fn change<T>(&self, change: impl FnOnce(&mut Index) -> T) -> T {
        change(&mut self.index.write().unwrap_or_else(PoisonError::into_inner))
    }

    pub fn set_complete(&self) {
        self.is_complete.store(true, Ordering::Release);
    }

    /// Replaces what users added.
    pub fn set_custom(&self, custom: Custom) {
        let mut forwarders = HashMap::new();
        for block in custom.blocks() {
            let Some(resolvers) = &block.forward else { continue };
            let forwarder = Arc::new(Forwarder::default());
            forwarder.set_resolvers(resolvers);
            forwarders.insert(block.zone().clone(), forwarder);
        }
        *self.added.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(Added { custom, forwarders });
    }

    fn added(&self) -> Arc<Added> {
        Arc::clone(&self.added.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// What to do about a message.
    pub fn handle(self: &Arc<Self>, bytes: &[u8], via: Via) -> Handled {
        let request = match read(bytes) {
            Received::Nothing => return Handled::Nothing,
            Received::Refused(answer) => return Handled::Answer(answer),
            Received::Question(request) => request,
        };
        let mut asked = Asked { query: request.query().clone(), request, via };
        // Before anything is forwarded (DNSG-31).
        if asked.request.edns().is_some_and(|edns| edns.version() != 0) {
            return Handled::Answer(asked.encode(Answer::bare(ResponseCode::BADVERS)));
        }
        if self.probes.came_back(&asked.query) {
            return Handled::Answer(asked.encode(Answer::bare(ResponseCode::Refused)));
        }
        let added = self.added();
        let own = match added.custom.is_empty() {
            true => None,
            false => added.apply(&mut asked),
        };
        match own.map_or_else(|| self.answer(&asked.query), Outcome::Answer) {
            Outcome::Answer(_) if !self.is_complete.load(Ordering::Acquire) => {
                Handled::Answer(asked.encode(Answer::bare(ResponseCode::ServFail)))
            }
            Outcome::Answer(answer) => Handled::Answer(asked.encode(answer)),
            Outcome::Elsewhere(Elsewhere::Question) => self.elsewhere(asked, added),
            Outcome::Elsewhere(elsewhere) => Handled::Later(Later { asked, elsewhere, site: Arc::clone(self), added }),
        }
    }

    fn answer(&self, query: &Query) -> Outcome {
        let rotation = self.rotation.fetch_add(1, Ordering::Relaxed);
        answer::answer(&self.index.read().unwrap_or_else(PoisonError::into_inner), &self.zone, query, rotation)
    }

    /// A question that only others can answer: what they said before, or that nobody else is to be asked.
    fn elsewhere(self: &Arc<Self>, asked: Asked, added: Arc<Added>) -> Handled {
        if let Some(absence) = added.custom.block(asked.query.name()).and_then(|block| block.absence()) {
            return Handled::Answer(asked.encode(absence));
        }
        let forwarder = added.forwarder(asked.query.name()).unwrap_or(&self.forwarder);
        let question = asked.question(asked.query.clone());
        let remembered = (asked.via.memory == Memory::Used).then(|| forwarder.remembered(&question)).flatten();
        match remembered {
            None => Handled::Later(Later { asked, elsewhere: Elsewhere::Question, site: Arc::clone(self), added }),
            Some(remembered) if remembered.wants_refresh => {
                let forwarder = Arc::clone(forwarder);
                Handled::AnswerAnd(asked.encode(remembered.answer), Refresh { forwarder, question })
            }
            Some(remembered) => Handled::Answer(asked.encode(remembered.answer)),
        }
    }
}

impl Added {
    /// Rewrites the question, and answers it if it is for a name of `hosts`.
    fn apply(&self, asked: &mut Asked) -> Option<Answer> {
        if let Some(to) = self.custom.block(asked.query.name())?.rewritten(asked.query.name()) {
            asked.query.set_name(to.clone());
        }
        self.custom.block(asked.query.name())?.answer(&asked.query)
    }

    /// The resolvers that a name's zone has of its own.
    fn forwarder(&self, name: &Name) -> Option<&Arc<Forwarder>> {
        self.forwarders.get(self.custom.block(name)?.zone())
    }
}

impl Asked {
    fn size_max(&self) -> u16 {
        match self.via.transport {
            Transport::Udp => self.request.size_max(),
            Transport::Tcp => TCP_SIZE_MAX,
        }
    }

    /// The answer as it was asked for: a name that was rewritten has its own again.
    fn encode(&self, mut answer: Answer) -> Vec<u8> {
        let asked = self.request.query().name();
        if self.query.name() != asked {
            for record in answer.answers.iter_mut().filter(|record| record.name == *self.query.name()) {
                record.name.clone_from(asked);
            }
        }
        encode(&self.request, &answer, self.size_max())
    }

    fn question(&self, query: Query) -> Question {
        let metadata = self.request.metadata();
        Question {
            query,
            recursion_desired: metadata.recursion_desired,
            checking_disabled: metadata.checking_disabled,
            edns: self.request.edns().cloned(),
            transport: self.via.transport,
        }
    }
}

impl Later {
    /// The answer, when others have said theirs.
    pub async fn answer(self) -> Vec<u8> {
        let answer = match &self.elsewhere {
            Elsewhere::Question => {
                let question = self.asked.question(self.asked.query.clone());
                self.forwarder(question.query.name()).ask(&question).await
            }
            Elsewhere::Aliases(aliases) => {
                let mut records = Vec::new();
                for alias in aliases {
                    records.extend(self.led(alias).await);
                }
                Answer::ours(records)
            }
        };
        self.asked.encode(answer)
    }

    /// The answer that says that too many are waiting.
    pub fn refusal(&self) -> Vec<u8> {
        self.asked.encode(Answer::bare(ResponseCode::ServFail))
    }

    fn forwarder(&self, name: &Name) -> &Forwarder {
        self.added.forwarder(name).unwrap_or(&self.site.forwarder)
    }

    /// Aliases and what is found at their end; the aliases alone if that is nothing (DNSG-21).
    async fn led(&self, alias: &Alias) -> Vec<Record> {
        let mut records = alias.records.clone();
        let Some(target) = &alias.target else { return records };
        let mut query = self.asked.query.clone();
        query.set_name(target.clone());
        let found = match self.added.custom.block(target).and_then(|block| block.answer(&query)) {
            Some(answer) => answer,
            None => self.asked_for(&self.asked.question(query)).await,
        };
        if found.code == ResponseCode::NoError {
            records.extend(chain(target, self.asked.query.query_type(), found.answers));
        }
        records
    }

    async fn asked_for(&self, question: &Question) -> Answer {
        let forwarder = self.forwarder(question.query.name());
        let remembered = (self.asked.via.memory == Memory::Used).then(|| forwarder.remembered(question)).flatten();
        match remembered {
            Some(remembered) => remembered.answer,
            None => forwarder.ask(question).await,
        }
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
