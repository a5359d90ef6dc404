//! `/scale` (R1): the number of replicas of an object, read and written as an autoscaling/v1 Scale.

use crate::answer::Answer;
use crate::call::Call;
use crate::core::Core;
use crate::negotiation;
use crate::object;
use crate::query::{self, WriteOptions};
use crate::registry::apply;
use crate::registry::ownership::{self, ManagedFields};
use crate::registry::patch::{self, Means};
use crate::registry::update::{self, Next};
use crate::request::Verb;
use crate::scale;
use bytes::Bytes;
use stead_api::field::{self, Path};
use stead_api::patch::managed;
use stead_api::registry::Part;
use stead_api::value::Access;
use stead_api::{Status, Value, patch as patches};

pub(crate) async fn serve(core: &Core, call: &mut Call) -> Result<Answer, Status> {
    let kind = call.target.kind.clone();
    let bytes = match call.target.verb {
        Verb::Get => core.store.get(&call.key()).ok_or_else(|| Status::not_found(&kind, &call.target.name))?.value,
        Verb::Patch => patch_scale(core, call).await?,
        _ => put_scale(core, call).await?,
    };
    Ok(Answer::Scale(scale::encoded(&scale::of(&object::from_store(&kind, &call.key(), &bytes)?))))
}

async fn put_scale(core: &Core, call: &mut Call) -> Result<Bytes, Status> {
    let options = WriteOptions::parse(&call.query, query::Write::Update)?;
    let reader = negotiation::content_type(&call.headers)?;
    let target = call.target.clone();
    let mut wanted = object::decode(scale::expected(), reader, &call.body, options.field_validation, &mut call.warnings)?;
    update::place(&target.name, &target.namespace, &mut wanted)?;
    update::change(core, call, &options, Part::SCALE, &mut |old| {
        let (given, own) = (wanted["metadata"].str("uid"), old["metadata"].str("uid"));
        if !given.is_empty() && given != own {
            return Err(update::uid_differs(&target.kind, &target.namespace, &target.name, given, own));
        }
        Ok(Next { object: scaled(old, &wanted)?, managed_fields: ManagedFields::Kept, warnings: Vec::new() })
    })
    .await
}

async fn patch_scale(core: &Core, call: &mut Call) -> Result<Bytes, Status> {
    let format = match patch::means(call)? {
        Means::Patch(format) => format,
        Means::Apply => return apply_scale(core, call).await,
    };
    let options = WriteOptions::parse(&call.query, query::Write::Patch)?;
    let (body, target) = (patches::Body::parse(&call.body)?, call.target.clone());
    let validation = patch::validation(options.field_validation);
    update::change(core, call, &options, Part::SCALE, &mut |old| {
        let decode = |document| patch::decode(scale::expected(), document);
        let patched = patches::apply(format, scale::expected().schema, &scale::of(old), body.clone(), validation, &decode)?;
        let mut wanted = patched.object;
        update::place(&target.name, &target.namespace, &mut wanted)?;
        Ok(Next { object: scaled(old, &wanted)?, managed_fields: ManagedFields::Kept, warnings: patched.warnings })
    })
    .await
}

/// Applies a Scale. It has its own managedFields meanwhile, of who owns the number of replicas.
async fn apply_scale(core: &Core, call: &mut Call) -> Result<Bytes, Status> {
    let request = apply::Request::parse(call)?;
    let (target, expected) = (call.target.clone(), scale::expected());
    update::change(core, call, &request.options, Part::SCALE, &mut |old| {
        let version = expected.api_version();
        let mut live = scale::of(old);
        managed::of_parent(old, &mut live, &version);
        let manager = &request.options.field_manager;
        let write = ownership::write(&target.kind, Part::SCALE, manager, &version, core.environment.now());
        let mut wanted = request.apply(expected, write, Some(&live), &|_| ())?;
        update::place(&target.name, &target.namespace, &mut wanted)?;
        let mut object = scaled(old, &wanted)?;
        managed::to_parent(&wanted, &mut object, &target.kind.api_version());
        Ok(request.next(object))
    })
    .await
}

/// The object with what the Scale says.
fn scaled(old: &Value, wanted: &Value) -> Result<Value, Status> {
    let replicas = wanted["spec"].int("replicas").unwrap_or_default();
    if replicas < 0 {
        let error = field::invalid(&Path::new("spec").child("replicas"), replicas, "must be greater than or equal to 0");
        return Err(object::invalid(&scale::expected(), wanted["metadata"].str("name"), &vec![error]));
    }
    let mut next = old.clone();
    next["spec"]["replicas"] = replicas.into();
    // The version that the client saw, if it gave one.
    let version = wanted["metadata"].str("resourceVersion").to_owned();
    object::meta_mut(&mut next)["resourceVersion"] = version.into();
    Ok(next)
}
