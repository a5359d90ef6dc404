//! Authentication: who a request comes from. The listener has checked the client's certificate; here its finding is read.

use crate::Identity;
use http::Extensions;

/// The identity that the listener or an in-process client gave, else the anonymous one (A1).
pub(crate) fn identity(extensions: &Extensions) -> Identity {
    extensions
        .get::<Identity>()
        .cloned()
        .unwrap_or_else(|| Identity { user: "system:anonymous".to_owned(), groups: vec!["system:unauthenticated".to_owned()] })
}
