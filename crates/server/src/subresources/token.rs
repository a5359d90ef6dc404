//! `serviceaccounts/token` (R53): a token for a service account, bound to an object if one is named.

use super::pod_target;
use crate::answer::Answer;
use crate::authz::node;
use crate::call::Call;
use crate::core::Core;
use crate::negotiation;
use crate::object::{self, Expected};
use crate::query::{Write, WriteOptions};
use crate::registry::create as creation;
use crate::tokens::claims::{Bound, Named, Request};
use stead_api::field::{self, Path};
use stead_api::value::Access;
use stead_api::{Status, Value, json, schema};

/// The shortest and longest life of a token, in seconds.
const LIFE_MIN_S: i64 = 600;
const LIFE_MAX_S: i64 = 1 << 32;
/// Where none is asked for.
const LIFE_S: i64 = 3600;

pub(crate) fn create(core: &Core, call: &mut Call) -> Result<Answer, Status> {
    let options = WriteOptions::parse(&call.query, Write::Create)?;
    let schema = schema::by_name("io.k8s.api.authentication.v1.TokenRequest").expect("the table has TokenRequest");
    let expected = Expected { group: "authentication.k8s.io", version: "v1", kind: "TokenRequest", schema };
    let reader = negotiation::content_type(&call.headers)?;
    let mut request = object::decode(expected, reader, &call.body, options.field_validation, &mut call.warnings)?;
    creation::place(&call.target.namespace, &mut request)?;
    let account = Named::of(&*pod_target::read(core, call)?);
    let name = &call.target.name;
    let given = request["metadata"].str("name");
    if !given.is_empty() && given != name {
        let error = field::invalid(&Path::new("metadata").child("name"), given, "must match the service account name if specified");
        return Err(object::invalid(&expected, name, &vec![error]));
    }
    check_life(&expected, &request["spec"])?;
    if let Some(node) = call.identity().and_then(node::name_of) {
        check_node(core, call, node, &request["spec"]["boundObjectRef"])?;
    }
    // Go writes the field even if it is not set.
    let reference = request["spec"].get("boundObjectRef").filter(|reference| reference.has("kind"));
    let bound = reference.map_or(Ok(Bound::default()), |reference| bound(core, call, reference))?;
    let audiences: Vec<String> = request["spec"].items("audiences").iter().filter_map(Value::as_str).map(str::to_owned).collect();
    let audiences = if audiences.is_empty() { vec![core.tokens.issuer.clone()] } else { audiences };
    let life_s = request["spec"].int("expirationSeconds").unwrap_or(LIFE_S);
    let now = core.environment.now();
    let asked = Request {
        issuer: &core.tokens.issuer,
        namespace: &call.target.namespace,
        account,
        bound,
        audiences: &audiences,
        life_s,
        id: core.environment.uid(),
    };
    let token = core.tokens.issue(&asked.claims(now))?;
    request["metadata"]["name"] = name.as_str().into();
    request["metadata"]["namespace"] = call.target.namespace.as_str().into();
    request["metadata"]["creationTimestamp"] = now.rfc3339().into();
    request["spec"]["audiences"] = json!(audiences);
    request["spec"]["expirationSeconds"] = life_s.into();
    let expires = now.plus_millis(life_s.saturating_mul(1000));
    request["status"] = json!({"token": token, "expirationTimestamp": expires.rfc3339()});
    schema::walker::canonical(schema, &mut request);
    Ok(Answer::Document { code: 201, value: request })
}

/// A node has tokens for its own pods, which end with them.
fn check_node(core: &Core, call: &Call, node: &str, reference: &Value) -> Result<(), Status> {
    let (name, uid) = (reference.str("name"), reference.str("uid"));
    let refuse = |why: &str| Err(Status::forbidden(&call.target.kind, &call.target.name, why));
    if (reference.str("apiVersion"), reference.str("kind")) != ("v1", "Pod") || name.is_empty() {
        return refuse("node requested token not bound to a pod");
    }
    if uid.is_empty() {
        return refuse("node requested token with a pod binding without a uid");
    }
    let pods = core.kinds.built_in("pods");
    let pod = core.read(&pods, &call.target.namespace, name)?.ok_or_else(|| Status::not_found(&pods, name))?;
    if pod["metadata"].str("uid") != uid {
        return refuse(&format!(
            "the UID in the bound object reference ({uid}) does not match the UID in record. The object might have been deleted and then \
             recreated"
        ));
    }
    if pod["spec"].str("nodeName") != node {
        return refuse("node requested token bound to a pod scheduled on a different node");
    }
    Ok(())
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

/// The object that the token is to be bound to; with a pod, its node is told of.
fn bound(core: &Core, call: &Call, reference: &Value) -> Result<Bound, Status> {
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
    let named = Some(Named::of(&object));
    Ok(match kind {
        "Secret" => Bound { secret: named, ..Bound::default() },
        "Node" => Bound { node: named, ..Bound::default() },
        _ => {
            let node = object["spec"].str("nodeName");
            let found = if node.is_empty() { None } else { core.read(&core.kinds.built_in("nodes"), "", node)? };
            Bound { pod: named, node: found.map(|node| Named::of(&node)), secret: None }
        }
    })
}
