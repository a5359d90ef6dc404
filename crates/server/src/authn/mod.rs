//! Authentication: who a request comes from. The listener has checked the client's certificate, a token is checked here.
//! Input: the head of a request. Output: an identity, or the Status that refuses the credentials.

mod impersonation;

use crate::call::Call;
use crate::core::Core;
use crate::{Identity, InvalidCredentials};
use http::request::Parts;
use http::{HeaderValue, header};
use stead_api::Status;

/// The identity that the listener or an in-process client gave, or a token's, or the one it acts for, else the anonymous one (A1).
/// Credentials that are not understood are refused: such a request is never anonymous.
pub(crate) fn identity(core: &Core, parts: &Parts) -> Result<Identity, Status> {
    let refused = || Status::new(401, "Unauthorized", "Unauthorized");
    let own = match (parts.extensions.get::<Identity>(), parts.headers.get(header::AUTHORIZATION)) {
        (Some(identity), _) => identity.clone(),
        (None, Some(credentials)) => bearer(core, credentials).ok_or_else(refused)?,
        (None, None) if parts.extensions.get::<InvalidCredentials>().is_some() => return Err(refused()),
        (None, None) => anonymous(),
    };
    impersonation::apply(core, own, &parts.headers)
}

/// Who makes a call, as [`identity`] has found.
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
