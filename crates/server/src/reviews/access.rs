//! What somebody may do: SubjectAccessReview, its forms for a namespace and for oneself, and SelfSubjectRulesReview (A4).

use super::read;
use crate::Identity;
use crate::answer::Answer;
use crate::authn;
use crate::authz::{self, Judgement, Question, Rule, What};
use crate::call::Call;
use crate::core::Core;
use stead_api::field::{Errors, Path, invalid};
use stead_api::value::Access;
use stead_api::{Status, Value, json};

/// Answers whether somebody, or who asks, may do something.
pub(super) fn access_review(core: &Core, call: &mut Call) -> Result<Answer, Status> {
    let mut review = read(core, call)?;
    let is_own = call.target.kind.kind == "SelfSubjectAccessReview";
    let mut errors = validate(&review["spec"], is_own);
    if call.target.kind.namespaced {
        let namespace = call.target.namespace.as_str();
        errors.extend(validate_local(&review, namespace)?);
        review["metadata"]["namespace"] = namespace.into();
    }
    if !errors.is_empty() {
        return Err(nameless(call, &errors));
    }
    let spec = &review["spec"];
    let identity = if is_own { authn::of_call(call) } else { subject(spec) };
    let verdict = authz::judge(core, &identity, &question(spec))?;
    let (allowed, reason) = match verdict {
        Judgement::Allowed(reason) => (true, reason),
        Judgement::Refused(reason) => (false, reason),
    };
    review["status"] = json!({"allowed": allowed});
    if !reason.is_empty() {
        review["status"]["reason"] = reason.into();
    }
    Ok(Answer::Document { code: 201, value: review })
}

/// Answers what who asks may do in a namespace.
pub(super) fn rules_review(core: &Core, call: &mut Call) -> Result<Answer, Status> {
    let mut review = read(core, call)?;
    let namespace = review["spec"].str("namespace").to_owned();
    if namespace.is_empty() {
        return Err(Status::bad_request("no namespace on request"));
    }
    let (rules, faults) = authz::rules_of(core, &authn::of_call(call), &namespace)?;
    let (paths, resources): (Vec<&Rule>, Vec<&Rule>) = rules.iter().partition(|rule| !rule.urls.is_empty());
    let shown = |rules: Vec<&Rule>| rules.into_iter().map(Rule::to_value).collect::<Vec<_>>();
    review["status"] = json!({"resourceRules": shown(resources), "nonResourceRules": shown(paths), "incomplete": !faults.is_empty()});
    if !faults.is_empty() {
        review["status"]["evaluationError"] = faults.join(", ").into();
    }
    Ok(Answer::Document { code: 201, value: review })
}

fn subject(spec: &Value) -> Identity {
    let texts = |value: &Value| value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>();
    let extra = spec.map("extra").into_iter().flatten().map(|(key, values)| (key.clone(), texts(values))).collect();
    Identity { user: spec.str("user").to_owned(), groups: texts(&spec["groups"]), uid: spec.str("uid").to_owned(), extra }
}

fn question(spec: &Value) -> Question<'_> {
    if spec.has("nonResourceAttributes") {
        let path = &spec["nonResourceAttributes"];
        return Question::of(path.str("verb"), What::Path(path.str("path")));
    }
    let asked = &spec["resourceAttributes"];
    let what = What::Resource {
        group: asked.str("group"),
        resource: asked.str("resource"),
        subresource: asked.str("subresource"),
        namespace: asked.str("namespace"),
        name: asked.str("name"),
    };
    Question::of(asked.str("verb"), what)
}

fn validate(spec: &Value, is_own: bool) -> Errors {
    let path = Path::new("spec");
    let mut errors = Errors::new();
    let (of_resource, of_path) = (spec.has("resourceAttributes"), spec.has("nonResourceAttributes"));
    if of_resource && of_path {
        let why = "cannot be specified in combination with resourceAttributes";
        errors.push(invalid(&path.child("nonResourceAttributes"), shown(&spec["nonResourceAttributes"]), why));
    }
    if !of_resource && !of_path {
        errors.push(invalid(&path, Value::Null, "exactly one of nonResourceAttributes or resourceAttributes must be specified"));
    }
    if !is_own && spec.str("user").is_empty() && spec.items("groups").is_empty() {
        errors.push(invalid(&path.child("user"), "", "at least one of user or group must be specified"));
    }
    errors
}

fn validate_local(review: &Value, namespace: &str) -> Result<Errors, Status> {
    let (spec, path) = (&review["spec"], Path::new("spec"));
    let given = review["metadata"].str("namespace");
    if !given.is_empty() && given != namespace {
        let why = "the namespace of the provided object does not match the namespace sent on the request";
        return Err(Status::bad_request(why));
    }
    let mut errors = Errors::new();
    let asked = spec["resourceAttributes"].str("namespace");
    if spec.has("resourceAttributes") && asked != namespace {
        errors.push(invalid(&path.child("resourceAttributes.namespace"), asked, "must match metadata.namespace"));
    }
    if spec.has("nonResourceAttributes") {
        let why = "disallowed on this kind of request";
        errors.push(invalid(&path.child("nonResourceAttributes"), shown(&spec["nonResourceAttributes"]), why));
    }
    Ok(errors)
}

/// Upstream prints its internal type.
fn shown(attributes: &Value) -> Value {
    json!({"Path": attributes.str("path"), "Verb": attributes.str("verb")})
}

/// Upstream names no kind here.
fn nameless(call: &Call, errors: &Errors) -> Status {
    let mut kind = call.target.kind.as_ref().clone();
    kind.kind = "";
    let mut status = Status::invalid(&kind, "", errors);
    if let Some(details) = &mut status.details {
        details.drop("kind");
    }
    status
}
