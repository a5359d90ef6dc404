//! Authentication: who a request comes from. The listener has checked the client's certificate; here its finding is read.
//! Input: the head of a request. Output: an identity, or the Status that refuses the credentials.

mod impersonation;

use crate::{Identity, InvalidCredentials};
use http::header;
use http::request::Parts;
use stead_api::Status;

/// The identity that the listener or an in-process client gave, or the one it acts for, else the anonymous one (A1).
/// Credentials that are not understood are refused: such a request is never anonymous.
pub(crate) fn identity(parts: &Parts) -> Result<Identity, Status> {
    let refused = || Err(Status::new(401, "Unauthorized", "Unauthorized"));
    match parts.extensions.get::<Identity>() {
        Some(identity) => impersonation::apply(identity, &parts.headers),
        // Tokens are not issued by this version, so none can be good.
        None if parts.headers.contains_key(header::AUTHORIZATION) => refused(),
        None if parts.extensions.get::<InvalidCredentials>().is_some() => refused(),
        None => {
            let anonymous = Identity { user: "system:anonymous".to_owned(), groups: vec!["system:unauthenticated".to_owned()] };
            impersonation::apply(&anonymous, &parts.headers)
        }
    }
}
