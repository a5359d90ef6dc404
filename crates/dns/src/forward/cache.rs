//! Answers of resolvers, kept for as long as they say and no longer than a bound. Only of names outside the cluster: what is inside is
//! always answered from the index. Pure: the time is given.

use crate::answer::Answer;
use hickory_proto::op::{Query, ResponseCode};
use hickory_proto::rr::{DNSClass, Name, RData, RecordType};
use std::collections::HashMap;
use std::time::Duration;
use tokio::time::Instant;

const ANSWERS_MAX: usize = 10_000;
/// A longer answer is not kept, so that the cache has a size.
const RECORDS_MAX: usize = 64;
const KEPT_S_MAX: u32 = 3600;
/// That something is not there is believed for a shorter time.
const ABSENCE_KEPT_S_MAX: u32 = 30;
/// An answer that was asked for so often is asked for again before it is forgotten.
const HOT_HITS: u32 = 3;
/// In the last tenth of its time.
const REFRESH_PART: u32 = 10;
/// How many are looked at for one to forget when the cache is full.
const CANDIDATES_MAX: usize = 16;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Key {
    /// In lower case.
    name: Name,
    kind: RecordType,
    class: DNSClass,
    dnssec_ok: bool,
    checking_disabled: bool,
}

impl Key {
    pub fn new(query: &Query, dnssec_ok: bool, checking_disabled: bool) -> Self {
        let name = query.name().to_lowercase();
        Self { name, kind: query.query_type(), class: query.query_class(), dnssec_ok, checking_disabled }
    }
}

#[derive(Debug, Default)]
pub struct Cache {
    kept: HashMap<Key, Kept>,
}

#[derive(Debug)]
struct Kept {
    answer: Answer,
    since: Instant,
    until: Instant,
    hits: u32,
    is_refreshing: bool,
}

#[derive(Debug, PartialEq, Eq)]
pub struct Hit {
    pub answer: Answer,
    pub wants_refresh: bool,
}

impl Cache {
    pub fn get(&mut self, key: &Key, now: Instant) -> Option<Hit> {
        let kept = self.kept.get_mut(key)?;
        if now >= kept.until {
            self.kept.remove(key);
            return None;
        }
        kept.hits = kept.hits.saturating_add(1);
        let left = kept.until - now;
        let is_late = left < (kept.until - kept.since) / REFRESH_PART || left < Duration::from_secs(1);
        let wants_refresh = is_late && kept.hits >= HOT_HITS && !kept.is_refreshing;
        kept.is_refreshing |= wants_refresh;
        let age_s = u32::try_from((now - kept.since).as_secs()).unwrap_or(u32::MAX);
        let mut answer = kept.answer.clone();
        let Answer { answers, authorities, additionals, .. } = &mut answer;
        for record in answers.iter_mut().chain(authorities).chain(additionals) {
            record.ttl = record.ttl.saturating_sub(age_s);
        }
        Some(Hit { answer, wants_refresh })
    }

    pub fn put(&mut self, key: Key, answer: &Answer, now: Instant) {
        let Some(kept_s) = kept_s(answer) else { return };
        if self.kept.len() >= ANSWERS_MAX && !self.kept.contains_key(&key) {
            self.make_room();
        }
        let until = now + Duration::from_secs(kept_s.into());
        self.kept.insert(key, Kept { answer: answer.clone(), since: now, until, hits: 0, is_refreshing: false });
    }

    pub fn clear(&mut self) {
        self.kept.clear();
    }

    /// Forgets one of a few: the one whose time is up first.
    fn make_room(&mut self) {
        let oldest = self.kept.iter().take(CANDIDATES_MAX).min_by_key(|(_, kept)| kept.until).map(|(key, _)| key.clone());
        if let Some(oldest) = oldest {
            self.kept.remove(&oldest);
        }
    }
}

/// For how many seconds an answer holds; `None`: not at all.
fn kept_s(answer: &Answer) -> Option<u32> {
    let records = || answer.answers.iter().chain(&answer.authorities).chain(&answer.additionals);
    if answer.truncated || records().count() > RECORDS_MAX {
        return None;
    }
    let least = records().map(|record| record.ttl).min()?;
    let is_absence = answer.answers.is_empty();
    let kept_s = match answer.code {
        ResponseCode::NoError if !is_absence => least.min(KEPT_S_MAX),
        ResponseCode::NoError | ResponseCode::NXDomain => {
            let minimum = answer.authorities.iter().find_map(|record| match &record.data {
                RData::SOA(soa) => Some(soa.minimum),
                _ => None,
            });
            least.min(minimum?).min(ABSENCE_KEPT_S_MAX)
        }
        _ => return None,
    };
    (kept_s > 0).then_some(kept_s)
}

#[cfg(test)]
mod tests {
    use super::*;
    use hickory_proto::rr::Record;
    use hickory_proto::rr::rdata::{A, SOA};

    fn name(text: &str) -> Name {
        crate::name::parse(text).unwrap()
    }

    fn key(text: &str) -> Key {
        Key::new(&Query::query(name(text), RecordType::A), false, false)
    }

    fn address(ttl_s: u32) -> Answer {
        Answer::ours(vec![Record::from_rdata(name("one.test"), ttl_s, RData::A(A::new(192, 0, 2, 1)))])
    }

    fn absence(ttl_s: u32, minimum_s: u32) -> Answer {
        let soa = SOA::new(name("ns.test"), name("admin.test"), 1, 2, 3, 4, minimum_s);
        Answer { authorities: vec![Record::from_rdata(name("test"), ttl_s, RData::SOA(soa))], ..Answer::bare(ResponseCode::NXDomain) }
    }

    fn after(s: u64) -> Duration {
        Duration::from_secs(s)
    }

    #[test]
    fn an_answer_is_kept_for_its_time_and_shows_what_is_left() {
        let (mut cache, now) = (Cache::default(), Instant::now());
        cache.put(key("One.test"), &address(10), now);
        assert_eq!(cache.get(&key("oNE.test"), now + after(4)).unwrap().answer.answers[0].ttl, 6);
        assert_eq!(cache.get(&key("one.test"), now + after(10)), None);
        assert_eq!(cache.get(&key("one.test"), now), None);
    }

    #[test]
    fn times_are_bounded() {
        assert_eq!(kept_s(&address(86_400)), Some(KEPT_S_MAX));
        assert_eq!(kept_s(&address(0)), None);
        assert_eq!(kept_s(&absence(600, 900)), Some(ABSENCE_KEPT_S_MAX));
        assert_eq!(kept_s(&absence(600, 5)), Some(5));
        assert_eq!(kept_s(&Answer { truncated: true, ..address(10) }), None);
        assert_eq!(kept_s(&Answer::bare(ResponseCode::ServFail)), None);
        assert_eq!(kept_s(&Answer { authorities: Vec::new(), ..absence(5, 5) }), None);
    }

    #[test]
    fn what_is_asked_often_is_asked_again_before_it_is_forgotten() {
        let (mut cache, now) = (Cache::default(), Instant::now());
        cache.put(key("one.test"), &address(100), now);
        let mut wants = |s| cache.get(&key("one.test"), now + after(s)).unwrap().wants_refresh;
        assert_eq!([wants(1), wants(2), wants(50), wants(91), wants(92)], [false, false, false, true, false]);
    }

    #[test]
    fn the_cache_has_a_size() {
        let (mut cache, now) = (Cache::default(), Instant::now());
        for n in 0..ANSWERS_MAX + 10 {
            cache.put(key(&format!("n{n}.test")), &address(10), now);
        }
        assert_eq!(cache.kept.len(), ANSWERS_MAX);
    }
}
