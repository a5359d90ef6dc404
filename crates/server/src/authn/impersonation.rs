//! Impersonation (A10): who may do everything may act for somebody else. Input: an identity and headers. Output: the identity
//! that the request is judged by.

use crate::Identity;
use http::HeaderMap;
use stead_api::{Status, json};

const USER: &str = "impersonate-user";
const GROUP: &str = "impersonate-group";
const UID: &str = "impersonate-uid";
const EXTRA_PREFIX: &str = "impersonate-extra-";
const ANONYMOUS: &str = "system:anonymous";
const AUTHENTICATED: &str = "system:authenticated";

/// The identity whose rights count.
pub(super) fn apply(identity: &Identity, headers: &HeaderMap) -> Result<Identity, Status> {
    let values = |name: &str| headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).map(str::to_owned).collect::<Vec<_>>();
    let Some(user) = values(USER).into_iter().next() else {
        let other = headers.keys().any(|name| matches!(name.as_str(), GROUP | UID) || name.as_str().starts_with(EXTRA_PREFIX));
        if other {
            let why = "requested groups [] without impersonating a user";
            return Err(Status::internal(why));
        }
        return Ok(identity.clone());
    };
    if !identity.groups.iter().any(|group| group == Identity::MASTERS) {
        let message = format!(
            "users {user:?} is forbidden: User {:?} cannot impersonate resource \"users\" in API group \"\" at the cluster scope",
            identity.user
        );
        return Err(Status::new(403, "Forbidden", message).with_details(json!({"name": user, "kind": "users"})));
    }
    let mut groups = values(GROUP);
    if let Some(account) = user.strip_prefix("system:serviceaccount:").filter(|_| groups.is_empty()) {
        let namespace = account.split(':').next().unwrap_or_default();
        groups.push("system:serviceaccounts".to_owned());
        groups.push(format!("system:serviceaccounts:{namespace}"));
    }
    if user != ANONYMOUS && !groups.iter().any(|group| group == AUTHENTICATED) {
        groups.push(AUTHENTICATED.to_owned());
    }
    Ok(Identity { user, groups, ..Identity::default() })
}
