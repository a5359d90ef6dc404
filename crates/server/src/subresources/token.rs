//! `serviceaccounts/token` (R53): the checks of a TokenRequest. Tokens are not issued by this version, and it says so.

use super::pod_target;
use crate::answer::Answer;
use crate::call::Call;
use crate::core::Core;
use crate::negotiation;
use crate::object::{self, Expected};
use crate::query::{Write, WriteOptions};
use crate::registry::create as creation;
use stead_api::field::{self, Path};
use stead_api::value::Access;
use stead_api::{Status, Value, json, schema};

/// The shortest and longest life of a token, in seconds.
const LIFE_MIN_S: i64 = 600;
const LIFE_MAX_S: i64 = 1 << 32;

pub(crate) fn create(core: &Core, call: &mut Call) -> Result<Answer, Status> {
    let options = WriteOptions::parse(&call.query, Write::Create)?;
    let schema = schema::by_name("io.k8s.api.authentication.v1.TokenRequest").expect("the table has TokenRequest");
    let expected = Expected { group: "authentication.k8s.io", version: "v1", kind: "TokenRequest", schema };
    let reader = negotiation::content_type(&call.headers)?;
    let mut request = object::decode(expected, reader, &call.body, options.field_validation, &mut call.warnings)?;
    creation::place(&call.target.namespace, &mut request)?;
    pod_target::read(core, call)?;
    let name = &call.target.name;
    let given = request["metadata"].str("name");
    if !given.is_empty() && given != name {
        let error = field::invalid(&Path::new("metadata").child("name"), given, "must match the service account name if specified");
        return Err(object::invalid(&expected, name, &vec![error]));
    }
    check_life(&expected, &request["spec"])?;
    // Go writes the field even if it is not set.
    if let Some(reference) = request["spec"].get("boundObjectRef").filter(|reference| reference.has("kind")) {
        check_bound(core, call, reference)?;
    }
    Err(Status::new(501, "NotImplemented", "serviceaccounts/token is not served by this version"))
}

fn check_life(expected: &Expected, spec: &Value) -> Result<(), Status> {
    let path = Path::new("spec").child("expirationSeconds");
    let error = match spec.int("expirationSeconds") {
        Some(seconds) if seconds < LIFE_MIN_S => field::invalid(&path, seconds, "may not specify a duration less than 10 minutes"),
        Some(seconds) if seconds > LIFE_MAX_S => field::invalid(&path, seconds, "may not specify a duration larger than 2^32 seconds"),
        Some(_) | None => return Ok(()),
    };
    Err(object::invalid(expected, "", &vec![error]))
}

fn check_bound(core: &Core, call: &Call, reference: &Value) -> Result<(), Status> {
    let (kind, name) = (reference.str("kind"), reference.str("name"));
    let (plural, namespace) = match (reference.str("apiVersion"), kind) {
        ("v1", "Pod") => ("pods", call.target.namespace.as_str()),
        ("v1", "Secret") => ("secrets", call.target.namespace.as_str()),
        ("v1", "Node") => ("nodes", ""),
        (version, kind) => {
            let (group, version) = version.split_once('/').unwrap_or(("", version));
            return Err(Status::bad_request(format!("cannot bind token to object of type {group}/{version}, Kind={kind}")));
        }
    };
    let row = core.kinds.built_in(plural);
    let object = core.read(&row, namespace, name)?.ok_or_else(|| Status::not_found(&row, name))?;
    let account = &call.target.name;
    if kind == "Pod" && object["spec"].str("serviceAccountName") != account {
        return Err(Status::bad_request(format!(
            "cannot bind token for serviceaccount {account:?} to pod running with different serviceaccount name."
        )));
    }
    let uid = reference.str("uid");
    if !uid.is_empty() && uid != object["metadata"].str("uid") {
        let message = format!(
            "Operation cannot be fulfilled on {kind} {name:?}: the UID in the bound object reference ({uid}) does not match the UID in \
             record. The object might have been deleted and then recreated"
        );
        return Err(Status::new(409, "Conflict", message).with_details(json!({"name": name, "kind": kind})));
    }
    Ok(())
}
