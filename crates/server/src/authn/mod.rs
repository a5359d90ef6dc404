//! Authentication: who a request comes from. The listener has checked the client's certificate, a token is checked here, a session by the
//! site that it is of. Input: the head of a request. Output: an identity, or the Status that refuses the credentials.

mod impersonation;

use crate::call::Call;
use crate::core::Core;
use crate::{Identity, InvalidCredentials};
use http::request::Parts;
use http::{HeaderValue, header};
use stead_api::Status;

/// By what somebody is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Credentials {
    /// The listener's word, for a certificate, or that of this process.
    Certificate,
    Token,
    /// A page's.
    Session,
    None,
}

/// Who makes a request, and how that is known.
#[derive(Debug)]
pub(crate) struct Caller {
    pub identity: Identity,
    pub credentials: Credentials,
}

/// The user of the session that the request says it is of, or the identity that the listener or an in-process client gave, or a token's,
/// or the one that any of them acts for, else the anonymous one (A1). Credentials that are not understood are refused: such a request is
/// never anonymous.
pub(crate) fn caller(core: &Core, parts: &Parts) -> Result<Caller, Status> {
    let (own, credentials) = shown(core, parts)?;
    Ok(Caller { identity: impersonation::apply(core, own, &parts.headers)?, credentials })
}

fn shown(core: &Core, parts: &Parts) -> Result<(Identity, Credentials), Status> {
    let refused = || Status::new(401, "Unauthorized", "Unauthorized");
    if let Some(session) = core.site.get().and_then(|site| site.session(parts)) {
        return Ok((session?, Credentials::Session));
    }
    match (parts.extensions.get::<Identity>(), parts.headers.get(header::AUTHORIZATION)) {
        (Some(identity), _) => Ok((identity.clone(), Credentials::Certificate)),
        (None, Some(credentials)) => Ok((bearer(core, credentials).ok_or_else(refused)?, Credentials::Token)),
        (None, None) if parts.extensions.get::<InvalidCredentials>().is_some() => Err(refused()),
        (None, None) => Ok((anonymous(), Credentials::None)),
    }
}

/// Who makes a call, as [`caller`] has found.
pub(crate) fn of_call(call: &Call) -> Identity {
    call.extensions.get::<Identity>().cloned().unwrap_or_else(anonymous)
}

fn anonymous() -> Identity {
    Identity { user: "system:anonymous".to_owned(), groups: vec!["system:unauthenticated".to_owned()], ..Identity::default() }
}

fn bearer(core: &Core, credentials: &HeaderValue) -> Option<Identity> {
    let (scheme, token) = credentials.to_str().ok()?.trim().split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return None;
    }
    match core.tokens.authenticate(&core.cluster, token.trim(), &[]) {
        Ok(found) => Some(found.identity),
        Err(rejected) => {
            tracing::debug!(why = rejected.0, "a token is not good");
            None
        }
    }
}
