//! `/scale` (R1): the number of replicas of an object, read and written as an autoscaling/v1 Scale.

use crate::answer::Answer;
use crate::app::Core;
use crate::negotiation;
use crate::object::{self, Expected};
use crate::query::{Write, WriteOptions};
use crate::registry::ownership::Booked;
use crate::registry::update::{self, Next};
use crate::registry::{Call, patch};
use crate::request::Verb;
use crate::table::{self, Style};
use bytes::Bytes;
use stead_api::field::{self, Path};
use stead_api::registry::{Column, Part};
use stead_api::schema::{self, walker};
use stead_api::selector::LabelSelector;
use stead_api::value::Access;
use stead_api::{Status, Value, json, patch as patches};

/// The part of an object that a Scale writes.
pub(crate) const PART: Part = Part::Other("scale");

fn expected() -> Expected {
    let schema = schema::by_name("io.k8s.api.autoscaling.v1.Scale").expect("the table has Scale");
    Expected { group: "autoscaling", version: "v1", kind: "Scale", schema }
}

pub(crate) async fn serve(core: &Core, call: &mut Call) -> Result<Answer, Status> {
    let kind = call.target.kind;
    let bytes = match call.target.verb {
        Verb::Get => core.store.get(&call.key()).ok_or_else(|| Status::not_found(kind, &call.target.name))?.value,
        Verb::Patch => patch_scale(core, call).await?,
        _ => put_scale(core, call).await?,
    };
    Ok(Answer::Document { code: 200, value: encoded(&of(&object::from_store(kind, &call.key(), &bytes)?)) })
}

/// The Scale of an object.
fn of(parent: &Value) -> Value {
    let meta = &parent["metadata"];
    let mut scale = json!({
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {},
        "spec": {"replicas": parent["spec"]["replicas"]},
        "status": {
            "replicas": parent["status"].int("replicas").unwrap_or_default(),
            "selector": LabelSelector::from_object(parent["spec"].get("selector")).to_string(),
        },
    });
    for field in ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"] {
        if let Some(value) = meta.get(field) {
            scale["metadata"][field] = value.clone();
        }
    }
    walker::canonical(expected().schema, &mut scale);
    scale
}

/// As the encoder writes it.
fn encoded(scale: &Value) -> Value {
    serde_json::from_slice(&walker::encode(expected().schema, scale)).expect("the encoder writes JSON")
}

async fn put_scale(core: &Core, call: &mut Call) -> Result<Bytes, Status> {
    let options = WriteOptions::parse(&call.query, Write::Update)?;
    let reader = negotiation::content_type(&call.headers)?;
    let target = call.target.clone();
    let mut scale = object::decode(expected(), reader, &call.body, options.field_validation, &mut call.warnings)?;
    update::place(&target.name, &target.namespace, &mut scale)?;
    update::change(core, call, &options, PART, &mut |old| {
        let (given, own) = (scale["metadata"].str("uid"), old["metadata"].str("uid"));
        if !given.is_empty() && given != own {
            return Err(update::uid_differs(target.kind, &target.namespace, &target.name, given, own));
        }
        Ok(Next { object: scaled(old, &scale)?, booked: Booked::Kept, warnings: Vec::new() })
    })
    .await
}

async fn patch_scale(core: &Core, call: &mut Call) -> Result<Bytes, Status> {
    let format = patch::format(call)?;
    let options = WriteOptions::parse(&call.query, Write::Patch)?;
    patches::check_syntax(&call.body)?;
    let (body, target) = (call.body.clone(), call.target.clone());
    let validation = patch::validation(options.field_validation);
    update::change(core, call, &options, PART, &mut |old| {
        let decode = |document| patch::decode(expected(), document);
        let patched = patches::apply(format, expected().schema, &of(old), &body, validation, &decode)?;
        let mut scale = patched.object;
        update::place(&target.name, &target.namespace, &mut scale)?;
        Ok(Next { object: scaled(old, &scale)?, booked: Booked::Kept, warnings: patched.warnings })
    })
    .await
}

/// The object with what the Scale says.
fn scaled(old: &Value, scale: &Value) -> Result<Value, Status> {
    let replicas = scale["spec"].int("replicas").unwrap_or_default();
    if replicas < 0 {
        let error = field::invalid(&Path::new("spec").child("replicas"), replicas, "must be greater than or equal to 0");
        return Err(object::invalid(&expected(), scale["metadata"].str("name"), &vec![error]));
    }
    let mut next = old.clone();
    next["spec"]["replicas"] = replicas.into();
    // The version that the client saw, if it gave one.
    let version = scale["metadata"].str("resourceVersion").to_owned();
    object::meta_mut(&mut next)["resourceVersion"] = version.into();
    Ok(next)
}

const COLUMNS: &[Column] = &[
    Column { name: "Name", ty: "string", format: "", description: NAME_DESCRIPTION, priority: 0 },
    Column {
        name: "Desired",
        ty: "integer",
        format: "",
        description: "replicas is the desired number of instances for the scaled object.",
        priority: 0,
    },
    Column {
        name: "Available",
        ty: "integer",
        format: "",
        description: "replicas is the actual number of observed instances of the scaled object.",
        priority: 0,
    },
    Column { name: "Age", ty: "string", format: "", description: AGE_DESCRIPTION, priority: 0 },
];
const NAME_DESCRIPTION: &str = "Name must be unique within a namespace. Is required when creating resources, although some resources may allow a client to request the generation of an appropriate name automatically. Name is primarily intended for creation idempotence and configuration definition. Cannot be updated. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names";
const AGE_DESCRIPTION: &str = "CreationTimestamp is a timestamp representing the server time when this object was created. It is not guaranteed to be set in happens-before order across separate operations. Clients may not set this value. It is represented in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for lists. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata";

/// The table of one Scale.
pub(crate) fn table(style: Style, scale: &Value) -> Value {
    let cells = json!([
        scale["metadata"]["name"],
        scale["spec"].int("replicas").unwrap_or_default(),
        scale["status"].int("replicas").unwrap_or_default(),
        stead_api::time::age(scale, style.now),
    ]);
    let row = json!({"cells": cells, "object": table::carried(style, scale)});
    table::document(style, table::version_of(scale), COLUMNS, vec![row], table::Columns::Described)
}

/// Whether this is the kind of change that a Scale makes; hooks see it as a change of the main resource.
pub(crate) fn hook_part(part: Part) -> Part {
    if part == PART { Part::Main } else { part }
}
