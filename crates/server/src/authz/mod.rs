//! Authorization: whether somebody may do what a request asks for (section 13 of the API contract). Members of `system:masters` may do
//! everything, everybody may ask for health, nodes may do what their pods need, and all else is allowed by roles or refused.
//! Input: an identity and a route. Output: nothing, or the Status that refuses it in upstream's words (E8, A5-A8).

pub(crate) mod default_roles;
pub(crate) mod escalation;
mod index;
pub(crate) mod node;
mod policy;
mod rules;
pub(crate) mod signers;

pub(crate) use index::Index;
pub(crate) use policy::Judgement;
pub(crate) use rules::{Question, Rule, What};

use crate::Identity;
use crate::call::Call;
use crate::cluster::Cluster;
use crate::core::Core;
use crate::query::{self, Query};
use crate::request::{self, Asked, Route, Target, Verb};
use crate::site;
use stead_api::{Status, json};

/// Refuses what the identity may not do.
pub(crate) fn check(core: &Core, identity: &Identity, route: &Route, path: &str, method: &str, query: &Query) -> Result<(), Status> {
    match route {
        Route::Health { .. } => Ok(()),
        Route::Resource(target) => check_target(core, identity, target, query),
        Route::NoPage | Route::NoResource | Route::NoMethod => match request::asked(method, path, query) {
            Some(Asked { verb, group, resource, subresource, namespace, name }) => {
                let what = What::Resource { group, resource, subresource, namespace, name };
                require(core, identity, &Question::of(verb, what))
            }
            None => check_path(core, identity, path, method),
        },
        Route::Site { path: below } if !site::is_judged(core, method, below) => Ok(()),
        Route::Version | Route::Site { .. } | Route::Debug { .. } | Route::Discovery(_) | Route::OpenApi(_) | Route::Issuer { .. } => {
            check_path(core, identity, path, method)
        }
    }
}

fn check_path(core: &Core, identity: &Identity, path: &str, method: &str) -> Result<(), Status> {
    let verb = method.to_lowercase();
    require(core, identity, &Question::of(&verb, What::Path(path)))
}

fn check_target(core: &Core, identity: &Identity, target: &Target, query: &Query) -> Result<(), Status> {
    let subresource = target.subresource.map(|s| s.name).unwrap_or_default();
    // Who asks for all objects of one name asks for that one.
    let fields = match target.verb {
        Verb::List | Verb::Watch | Verb::DeleteCollection => query::value(query, "fieldSelector").unwrap_or_default(),
        Verb::Get | Verb::Create | Verb::Update | Verb::Patch | Verb::Delete => "",
    };
    let name = if target.name.is_empty() { one_name(fields).unwrap_or_default() } else { &target.name };
    let ask = |verb| Question {
        verb,
        what: What::Resource { group: target.kind.group, resource: target.kind.plural, subresource, namespace: namespace_of(target), name },
        fields,
    };
    require(core, identity, &ask(target.verb.name()))?;
    if target.verb == Verb::Get && matches!(subresource, "exec" | "attach" | "portforward") {
        require(core, identity, &ask("create"))?;
    }
    Ok(())
}

/// A namespace is inside of itself.
fn namespace_of(target: &Target) -> &str {
    if target.kind.group.is_empty() && target.kind.kind == "Namespace" { &target.name } else { &target.namespace }
}

/// `x` of `metadata.name=x`.
pub(crate) fn one_name(selector: &str) -> Option<&str> {
    let (field, name) = selector.split_once('=')?;
    let name = name.strip_prefix('=').unwrap_or(name);
    (field == "metadata.name" && !name.is_empty() && !name.contains(',')).then_some(name)
}

/// Refuses if the one who makes a call may not do that to the object it names, too. A call that nobody sent is the server's own.
pub(crate) fn require_of_call(core: &Core, call: &Call, verb: Verb) -> Result<(), Status> {
    let Some(identity) = call.extensions.get::<Identity>() else { return Ok(()) };
    check_target(core, identity, &Target { verb, ..call.target.clone() }, &Query::new())
}

/// Refuses unless the identity may do that.
pub(crate) fn require(core: &Core, identity: &Identity, question: &Question<'_>) -> Result<(), Status> {
    // The reason of a refusal alone is told: it costs what an answer to everybody must not.
    if is_allowed(core, identity, question)? {
        return Ok(());
    }
    match judge(core, identity, question)? {
        Judgement::Allowed(_) => Ok(()),
        Judgement::Refused(why) => Err(refusal(identity, question, &why)),
    }
}

/// Whether somebody may do something.
pub(crate) fn is_allowed(core: &Core, identity: &Identity, question: &Question<'_>) -> Result<bool, Status> {
    if is_master(identity) {
        return Ok(true);
    }
    if let Some(node) = node::name_of(identity)
        && core.references.judge(core, node, question)? == node::Leave::Allowed
    {
        return Ok(true);
    }
    core.authorization.with(core, |policy| policy.judge(identity, question).is_allowed())
}

/// The same, with the reasons.
pub(crate) fn judge(core: &Core, identity: &Identity, question: &Question<'_>) -> Result<Judgement, Status> {
    if is_master(identity) {
        return Ok(Judgement::Allowed(String::new()));
    }
    let by_node = node::name_of(identity).map(|node| core.references.judge(core, node, question)).transpose()?;
    let of_node = match by_node {
        Some(node::Leave::Allowed) => return Ok(Judgement::Allowed(String::new())),
        Some(node::Leave::Refused(why)) => why,
        None => String::new(),
    };
    let by_roles = core.authorization.with(core, |policy| policy.judge(identity, question).explained())?;
    Ok(match by_roles {
        Judgement::Refused(why) if !of_node.is_empty() && !why.is_empty() => Judgement::Refused(format!("{of_node}, {why}")),
        Judgement::Refused(why) if why.is_empty() => Judgement::Refused(of_node),
        other => other,
    })
}

/// All rules of somebody in a namespace, and what was wrong with roles that he has.
pub(crate) fn rules_of(core: &Core, identity: &Identity, namespace: &str) -> Result<(Vec<Rule>, Vec<String>), Status> {
    core.authorization.with(core, |policy| policy.rules_of(identity, namespace))
}

pub(crate) fn is_master(identity: &Identity) -> bool {
    identity.groups.iter().any(|group| group == Identity::MASTERS)
}

fn refusal(identity: &Identity, question: &Question<'_>, why: &str) -> Status {
    let Question { verb, what, .. } = *question;
    let why = if why.is_empty() { String::new() } else { format!(": {why}") };
    match what {
        What::Path(path) => {
            let message = format!("forbidden: User {:?} cannot {verb} path {path:?}{why}", identity.user);
            Status::new(403, "Forbidden", message).with_details(json!({}))
        }
        What::Resource { group, resource, subresource, namespace, name } => {
            let sub = if subresource.is_empty() { String::new() } else { format!("/{subresource}") };
            let place = match namespace {
                "" => "at the cluster scope".to_owned(),
                namespace => format!("in the namespace {namespace:?}"),
            };
            let qualified = if group.is_empty() { resource.to_owned() } else { format!("{resource}.{group}") };
            let object = if name.is_empty() { qualified } else { format!("{qualified} {name:?}") };
            let message = format!(
                "{object} is forbidden: User {:?} cannot {verb} resource \"{resource}{sub}\" in API group {group:?} {place}{why}",
                identity.user
            );
            let mut details = json!({"kind": resource});
            for (member, value) in [("group", group), ("name", name)] {
                if !value.is_empty() {
                    details[member] = value.into();
                }
            }
            Status::new(403, "Forbidden", message).with_details(details)
        }
    }
}

impl Cluster {
    /// The rules of a role, if there is such a role.
    fn role_rules(&self, index: &Index, namespace: &str, name: &str) -> Result<Option<Vec<Rule>>, Status> {
        index.with(self, |policy| policy.role(&(namespace.to_owned(), name.to_owned())).map(<[Rule]>::to_vec))
    }
}
