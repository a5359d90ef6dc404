//! Sessions of browsers. Each has two halves: a cookie, which scripts cannot read and browsers send by themselves, and a text, which only
//! scripts of the page's own origin have and say in a header. So neither a page of another origin, which says no such header, nor another
//! server on this host, which is sent the cookie, can ask in one. Pure: the time and the secrets are handed in.

use crate::secret::{Digest, Secret};
use http::header;
use http::request::Parts;
use stead_api::time::Timestamp;
use stead_server::Identity;

/// The half that scripts say.
pub const SESSION_HEADER: &str = "x-stead-session";

/// How long a session is good.
const LIFE_US: i64 = 12 * 3600 * 1_000_000;
/// More end the oldest one.
const SESSIONS_MAX: usize = 64;

/// The sessions that have not ended.
#[derive(Debug, Default)]
pub struct Sessions(Vec<Session>);

#[derive(Debug)]
struct Session {
    cookie: Digest,
    half: Digest,
    user: Identity,
    ends: Timestamp,
}

/// The session that a request says it is of.
#[derive(Debug)]
pub struct Claimed {
    half: Option<Secret>,
    /// There may be several of the name, of other paths say.
    cookies: Vec<Secret>,
}

impl Claimed {
    /// `None`: it says nothing. A cookie alone says nothing: browsers send it with whatever is clicked.
    pub fn of(head: &Parts, cookie: &str) -> Option<Self> {
        let half = head.headers.get(SESSION_HEADER)?;
        let half = half.to_str().ok().and_then(Secret::parse);
        let cookies = head.headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let values = cookies.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let cookies = values.filter(|(name, _)| *name == cookie).filter_map(|(_, value)| Secret::parse(value)).collect();
        Some(Self { half, cookies })
    }
}

impl Session {
    fn is(&self, claimed: &Claimed) -> bool {
        let has_half = claimed.half.as_ref().is_some_and(|half| self.half.is_of(half));
        has_half && claimed.cookies.iter().any(|cookie| self.cookie.is_of(cookie))
    }
}

impl Sessions {
    /// Begins a session of these halves; until when.
    pub fn open(&mut self, cookie: &Secret, half: &Secret, user: Identity, now: Timestamp) -> Timestamp {
        self.0.retain(|session| session.ends > now);
        if self.0.len() >= SESSIONS_MAX {
            self.0.remove(0);
        }
        let ends = Timestamp(now.0 + LIFE_US);
        self.0.push(Session { cookie: cookie.digest(), half: half.digest(), user, ends });
        ends
    }

    /// Whose session it is, and until when.
    pub fn find(&self, claimed: &Claimed, now: Timestamp) -> Option<(Identity, Timestamp)> {
        let session = self.0.iter().find(|session| session.ends > now && session.is(claimed))?;
        Some((session.user.clone(), session.ends))
    }

    pub fn close(&mut self, claimed: &Claimed) {
        self.0.retain(|session| !session.is(claimed));
    }
}
