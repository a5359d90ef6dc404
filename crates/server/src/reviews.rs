//! Questions that are asked by a POST and answered at once, stored nowhere: who a token is (TokenReview), who one is oneself
//! (SelfSubjectReview) (A3), and what somebody may do (`access.rs`).

mod access;

use crate::Identity;
use crate::answer::Answer;
use crate::authn;
use crate::call::Call;
use crate::core::Core;
use crate::negotiation;
use crate::object::{self, Expected};
use crate::query::{Write, WriteOptions};
use crate::registry::ownership::{self, ManagedFields};
use stead_api::registry::Part;
use stead_api::value::Access;
use stead_api::{Status, Value, json};

/// Answers if the call is such a question.
pub(crate) fn create(core: &Core, call: &mut Call) -> Option<Result<Answer, Status>> {
    match call.target.kind.kind {
        "TokenReview" => Some(token_review(core, call)),
        "SelfSubjectReview" => Some(self_subject_review(core, call)),
        "LocalSubjectAccessReview" | "SelfSubjectAccessReview" | "SubjectAccessReview" => Some(access::access_review(core, call)),
        "SelfSubjectRulesReview" => Some(access::rules_review(core, call)),
        _ => None,
    }
}

/// The question; as of every object that is made, it says who has asked what.
fn read(core: &Core, call: &mut Call) -> Result<Value, Status> {
    let options = WriteOptions::parse(&call.query, Write::Create)?;
    let reader = negotiation::content_type(&call.headers)?;
    let expected = Expected::from(&*call.target.kind);
    let mut review = object::decode(expected, reader, &call.body, options.field_validation, &mut call.warnings)?;
    review.default_to("metadata", json!({}));
    if call.target.namespace.is_empty() {
        review["metadata"].drop("namespace");
    }
    ownership::record(core, call, &options, Part::Main, None, &mut review, ManagedFields::Kept);
    Ok(review)
}

fn token_review(core: &Core, call: &mut Call) -> Result<Answer, Status> {
    let mut review = read(core, call)?;
    let token = review["spec"].str("token");
    if token.is_empty() {
        return Err(Status::bad_request("token is required for TokenReview in authentication".to_owned()));
    }
    let audiences: Vec<String> = review["spec"].items("audiences").iter().filter_map(Value::as_str).map(str::to_owned).collect();
    review["status"] = match core.tokens.authenticate(&core.cluster, token, &audiences) {
        Ok(found) => json!({"authenticated": true, "user": user_info(&found.identity), "audiences": found.audiences}),
        Err(rejected) if rejected.0 == "invalid bearer token" => json!({"user": {}, "error": rejected.0}),
        Err(rejected) => json!({"user": {}, "error": format!("[invalid bearer token, {}]", rejected.0)}),
    };
    Ok(Answer::Document { code: 201, value: review })
}

fn self_subject_review(core: &Core, call: &mut Call) -> Result<Answer, Status> {
    let mut review = read(core, call)?;
    let identity = authn::of_call(call);
    review["metadata"]["creationTimestamp"] = core.environment.now().rfc3339().into();
    review["status"] = json!({"userInfo": user_info(&identity)});
    Ok(Answer::Document { code: 201, value: review })
}

fn user_info(identity: &Identity) -> Value {
    let mut info = json!({"username": identity.user});
    if !identity.uid.is_empty() {
        info["uid"] = identity.uid.as_str().into();
    }
    info["groups"] = json!(identity.groups);
    if !identity.extra.is_empty() {
        info["extra"] = json!(identity.extra);
    }
    info
}
