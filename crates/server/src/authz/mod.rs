//! Authorization. Members of `system:masters` may do everything; everybody may ask for health and version; who is known may also ask
//! what is served and who he is, and a service account how tokens are checked. Nobody may do anything else: there are no roles yet,
//! and what is not allowed is refused (E8, A7).

use crate::Identity;
use crate::request::{Route, Target, Verb};
use stead_api::{Status, json};

const AUTHENTICATED: &str = "system:authenticated";
const SERVICE_ACCOUNTS: &str = "system:serviceaccounts";

/// Refuses what the identity may not do.
pub(crate) fn check(identity: &Identity, route: &Route, path: &str, method: &str) -> Result<(), Status> {
    let is_in = |group: &str| identity.groups.iter().any(|own| own == group);
    if is_in(Identity::MASTERS) {
        return Ok(());
    }
    match route {
        Route::Health { .. } | Route::Version => Ok(()),
        Route::Discovery(_) | Route::OpenApi(_) if is_in(AUTHENTICATED) => Ok(()),
        Route::Issuer { .. } if is_in(SERVICE_ACCOUNTS) => Ok(()),
        Route::Resource(target) if is_in(AUTHENTICATED) && asks_who_one_is(target) => Ok(()),
        Route::Resource(target) => Err(refuse_resource(identity, target)),
        Route::NoPage
        | Route::NoResource
        | Route::NoMethod
        | Route::Debug { .. }
        | Route::Discovery(_)
        | Route::OpenApi(_)
        | Route::Issuer { .. } => Err(refuse_path(identity, path, method)),
    }
}

fn asks_who_one_is(target: &Target) -> bool {
    target.kind.kind == "SelfSubjectReview" && target.verb == Verb::Create
}

fn refuse_path(identity: &Identity, path: &str, method: &str) -> Status {
    let message = format!("forbidden: User {:?} cannot {} path {path:?}", identity.user, method.to_lowercase());
    Status::new(403, "Forbidden", message).with_details(json!({}))
}

fn refuse_resource(identity: &Identity, target: &Target) -> Status {
    let sub = target.subresource.map(|s| format!("/{}", s.name)).unwrap_or_default();
    let place = match target.namespace.as_str() {
        "" => "at the cluster scope".to_owned(),
        namespace => format!("in the namespace {namespace:?}"),
    };
    let why = format!(
        "User {:?} cannot {} resource \"{}{sub}\" in API group {:?} {place}",
        identity.user,
        Verb::name(target.verb),
        target.kind.plural,
        target.kind.group,
    );
    Status::forbidden(&target.kind, &target.name, &why)
}
