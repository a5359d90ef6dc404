//! Tokens of service accounts: what is claimed in them ([`claims`]), how they are signed ([`key`]), and whose they are ([`bound`]).
//!
//! A token is a JWT. Nothing of it is stored: it is good as long as its signature, its times and the objects that it is bound to are.

mod bound;
pub(crate) mod claims;
mod issuer;
mod key;

pub(crate) use issuer::answer;
pub use key::{InvalidKey, SigningKey};

use crate::Identity;
use crate::cluster::Cluster;
use claims::Claims;
use stead_api::{Status, Value};

/// What tokens are made and read with.
#[derive(Debug)]
pub(crate) struct Tokens {
    pub key: std::sync::Arc<SigningKey>,
    /// `iss`, and the audience of those that are for this server.
    pub issuer: String,
}

/// Why a token is not good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rejected(pub String);

impl From<Status> for Rejected {
    fn from(status: Status) -> Self {
        Self(status.message)
    }
}

/// Whose a good token is, and for which of the audiences.
#[derive(Debug)]
pub(crate) struct Authenticated {
    pub identity: Identity,
    pub audiences: Vec<String>,
}

impl Tokens {
    /// The signed token.
    pub(crate) fn issue(&self, claims: &Value) -> Result<String, Status> {
        self.key.sign(claims).map_err(|_| Status::internal("a token could not be signed"))
    }

    /// Whose the token is. `audiences` are those that one of must be its; none: this server's.
    pub(crate) fn authenticate(&self, cluster: &Cluster, token: &str, audiences: &[String]) -> Result<Authenticated, Rejected> {
        let payload = self.key.verify(token).ok_or_else(|| Rejected("invalid bearer token".to_owned()))?;
        let claims = Claims::parse(&payload).ok_or_else(|| Rejected("invalid bearer token".to_owned()))?;
        let own = [self.issuer.clone()];
        let wanted = if audiences.is_empty() { &own[..] } else { audiences };
        let shared = claims.check(&self.issuer, wanted, cluster.environment.now()).map_err(Rejected)?;
        let identity = bound::identity(cluster, &claims)?;
        Ok(Authenticated { identity, audiences: shared })
    }
}
