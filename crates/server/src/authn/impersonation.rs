//! Impersonation (A10): who may act for somebody else does so. Input: an identity and headers. Output: the identity that the request
//! is judged by, or the Status that refuses it.

use crate::Identity;
use crate::authz::{self, Question, What};
use crate::core::Core;
use http::HeaderMap;
use std::collections::BTreeMap;
use stead_api::Status;

const USER: &str = "impersonate-user";
const GROUP: &str = "impersonate-group";
const UID: &str = "impersonate-uid";
const EXTRA_PREFIX: &str = "impersonate-extra-";
const ANONYMOUS: &str = "system:anonymous";
const AUTHENTICATED: &str = "system:authenticated";
const UNAUTHENTICATED: &str = "system:unauthenticated";
const ACCOUNT_PREFIX: &str = "system:serviceaccount:";
const AUTHENTICATION: &str = "authentication.k8s.io";

/// The identity whose rights count.
pub(super) fn apply(core: &Core, identity: Identity, headers: &HeaderMap) -> Result<Identity, Status> {
    if !headers.keys().any(|name| name.as_str().starts_with("impersonate-")) {
        return Ok(identity);
    }
    let Some(wanted) = read(headers)? else { return Ok(identity) };
    let may = |group, resource, subresource, namespace, name| {
        let what = What::Resource { group, resource, subresource, namespace, name };
        authz::require(core, &identity, &Question::of("impersonate", what))
    };
    match wanted.user.strip_prefix(ACCOUNT_PREFIX).and_then(|account| account.split_once(':')) {
        Some((namespace, name)) => may("", "serviceaccounts", "", namespace, name)?,
        None => may("", "users", "", "", &wanted.user)?,
    }
    for group in &wanted.groups {
        may("", "groups", "", "", group)?;
    }
    for (key, values) in &wanted.extra {
        for value in values {
            may(AUTHENTICATION, "userextras", key, "", value)?;
        }
    }
    if !wanted.uid.is_empty() {
        may(AUTHENTICATION, "uids", "", "", &wanted.uid)?;
    }
    Ok(complete(wanted))
}

/// Whom the headers name.
fn read(headers: &HeaderMap) -> Result<Option<Identity>, Status> {
    let values = |name: &str| headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).map(str::to_owned).collect::<Vec<_>>();
    let mut extra: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for name in headers.keys() {
        if let Some(key) = name.as_str().strip_prefix(EXTRA_PREFIX) {
            let key = percent_encoding::percent_decode_str(key).decode_utf8_lossy().into_owned();
            extra.insert(key, values(name.as_str()));
        }
    }
    let (groups, uid) = (values(GROUP), values(UID).into_iter().next().unwrap_or_default());
    match values(USER).into_iter().next().filter(|user| !user.is_empty()) {
        Some(user) => Ok(Some(Identity { user, groups, uid, extra })),
        None if groups.is_empty() && uid.is_empty() && extra.is_empty() => Ok(None),
        None => Err(Status::internal(&format!("requested {groups:?} without impersonating a user"))),
    }
}

/// The groups that somebody is in without saying so.
fn complete(mut identity: Identity) -> Identity {
    let account = identity.user.strip_prefix(ACCOUNT_PREFIX).and_then(|account| account.split_once(':'));
    if let Some((namespace, _)) = account.filter(|_| identity.groups.is_empty()) {
        identity.groups = vec!["system:serviceaccounts".to_owned(), format!("system:serviceaccounts:{namespace}")];
    }
    let has = |groups: &[String], name: &str| groups.iter().any(|group| group == name);
    if identity.user == ANONYMOUS {
        if !has(&identity.groups, UNAUTHENTICATED) {
            identity.groups.push(UNAUTHENTICATED.to_owned());
        }
    } else if !has(&identity.groups, AUTHENTICATED) && !has(&identity.groups, UNAUTHENTICATED) {
        identity.groups.push(AUTHENTICATED.to_owned());
    }
    identity
}
