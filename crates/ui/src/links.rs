//! Links that open the page once, soon, as whoever made them. Pure: the time and the secrets are handed in.

use crate::secret::{Digest, Secret};
use stead_api::time::Timestamp;
use stead_server::Identity;

/// How long a link is good.
const LIFE_US: i64 = 120 * 1_000_000;
/// More make the oldest one void.
const LINKS_MAX: usize = 16;

/// The links that nobody has used yet.
#[derive(Debug, Default)]
pub struct Links(Vec<Link>);

#[derive(Debug)]
struct Link {
    digest: Digest,
    user: Identity,
    ends: Timestamp,
}

impl Links {
    /// Makes that secret a link of the user; until when.
    pub fn add(&mut self, secret: &Secret, user: Identity, now: Timestamp) -> Timestamp {
        self.0.retain(|link| link.ends > now);
        if self.0.len() >= LINKS_MAX {
            self.0.remove(0);
        }
        let ends = Timestamp(now.0 + LIFE_US);
        self.0.push(Link { digest: secret.digest(), user, ends });
        ends
    }

    /// Whose link it is, which is used with that.
    pub fn take(&mut self, secret: &Secret, now: Timestamp) -> Option<Identity> {
        self.0.retain(|link| link.ends > now);
        let place = self.0.iter().position(|link| link.digest.is_of(secret))?;
        Some(self.0.remove(place).user)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_000_000_000);

    fn secret(byte: u8) -> Secret {
        let text: String = [byte; 43].map(char::from).iter().collect();
        Secret::parse(&format!("{}A", &text[..42])).unwrap()
    }

    #[test]
    fn a_link_opens_once_and_in_time() {
        let mut links = Links::default();
        let ends = links.add(&secret(b'a'), Identity::master("root"), NOW);
        assert!(links.take(&secret(b'b'), NOW).is_none());
        assert_eq!(links.take(&secret(b'a'), NOW).map(|user| user.user).as_deref(), Some("root"));
        assert!(links.take(&secret(b'a'), NOW).is_none(), "used twice");
        links.add(&secret(b'c'), Identity::master("root"), NOW);
        assert!(links.take(&secret(b'c'), ends).is_none(), "used late");
    }

    #[test]
    fn the_oldest_gives_way() {
        let mut links = Links::default();
        for byte in 0..=u8::try_from(LINKS_MAX).unwrap() {
            links.add(&secret(b'a' + byte), Identity::master("root"), NOW);
        }
        assert_eq!(links.0.len(), LINKS_MAX);
        assert!(links.take(&secret(b'a'), NOW).is_none());
        assert!(links.take(&secret(b'b'), NOW).is_some());
    }
}
