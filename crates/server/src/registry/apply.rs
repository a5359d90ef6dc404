//! Server-side apply (P20-P31): PATCH with a document that is applied, of an object, a part of it or its Scale.

use crate::answer::Answer;
use crate::authz;
use crate::call::Call;
use crate::core::Core;
use crate::object::{self, Expected};
use crate::query::{self, FieldValidation, Run, Write, WriteOptions};
use crate::registry::ownership::{self, ManagedFields};
use crate::registry::update::{self, Next};
use crate::registry::{create, patch};
use crate::request::Verb;
use bytes::Bytes;
use stead_api::patch::managed::{self, Application, Conflicts};
use stead_api::registry::{Kind, Part};
use stead_api::value::Access;
use stead_api::wire::yaml;
use stead_api::{Status, Value};

/// Media type of a document that is applied.
pub(crate) const MEDIA_TYPE: &str = "application/apply-patch+yaml";

/// How often an apply finds that the object has come or gone since it looked.
const TURNS_MAX: usize = 8;

/// An apply as its request says it.
pub(crate) struct Request {
    pub options: WriteOptions,
    document: Value,
    conflicts: Conflicts,
    /// `Warning` texts.
    warnings: Vec<String>,
}

impl Request {
    pub(crate) fn parse(call: &Call) -> Result<Self, Status> {
        let options = WriteOptions::parse(&call.query, Write::Apply)?;
        let conflicts = if query::flag(&call.query, "force") == Some(true) { Conflicts::Forced } else { Conflicts::Refused };
        let (document, warnings) = read(&call.body, options.field_validation)?;
        Ok(Self { options, document, conflicts, warnings })
    }

    /// Applies the document to an object of that type.
    pub(crate) fn apply(
        &self,
        expected: Expected,
        write: managed::Write<'_>,
        live: Option<&Value>,
        default: &dyn Fn(&mut Value),
    ) -> Result<Value, Status> {
        if self.document.str("kind") != expected.kind {
            return Err(managed::invalid_type(&self.document));
        }
        let application = Application { ty: expected.schema, document: &self.document, write, conflicts: self.conflicts };
        managed::apply(application, live, &|document| patch::decode(expected, document), default)
    }

    pub(crate) fn next(&self, object: Value) -> Next {
        Next { object, managed_fields: ManagedFields::Recorded, warnings: self.warnings.clone() }
    }
}

/// Reads the document, which is YAML or JSON.
fn read(body: &[u8], validation: FieldValidation) -> Result<(Value, Vec<String>), Status> {
    let is_json = body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
    let read = yaml::to_json(body).map_err(|why| {
        let step = if is_json { "error decoding patch: error converting YAML to JSON" } else { "error encoding patch" };
        Status::bad_request(format!("{step}: {why}"))
    })?;
    let document: Value =
        serde_json::from_slice(&read.json).map_err(|error| Status::bad_request(format!("error decoding patch: {error}")))?;
    let kind = match &document {
        Value::Object(_) | Value::Null => None,
        Value::Array(_) => Some("array"),
        Value::String(_) => Some("string"),
        Value::Number(_) => Some("number"),
        Value::Bool(_) => Some("bool"),
    };
    if let Some(kind) = kind {
        let why = format!("json: cannot unmarshal {kind} into Go value of type map[string]interface {{}}");
        return Err(Status::bad_request(format!("error decoding patch: error unmarshaling JSON: while decoding JSON: {why}")));
    }
    match (read.duplicates, validation) {
        (None, _) | (_, FieldValidation::Ignore) => Ok((document, Vec::new())),
        (Some(list), FieldValidation::Strict) => {
            Err(Status::bad_request(format!("error strict decoding YAML: error converting YAML to JSON: {list}")))
        }
        (Some(list), FieldValidation::Warn) => Ok((document, vec![format!("error converting YAML to JSON: {list}")])),
    }
}

/// Applies a document to an object or a part of it; an object that there is not is created.
pub(crate) async fn apply_part(core: &Core, call: &mut Call, part: Part) -> Result<Answer, Status> {
    let (kind, request) = (call.target.kind.clone(), Request::parse(call)?);
    for _ in 0..TURNS_MAX {
        if part == Part::Main && core.store.get(&call.key()).is_none() {
            match create_applied(core, call, &request).await {
                Ok(bytes) => return Ok(Answer::Object { code: 201, kind, bytes }),
                // Somebody else has made it meanwhile, so there is something to apply to.
                Err(status) if status.reason == "AlreadyExists" && request.options.run == Run::Real => {}
                Err(status) => return Err(status),
            }
        }
        match change_applied(core, call, part, &request).await {
            Err(status) if status.code == 404 && part == Part::Main => {}
            changed => return Ok(Answer::Object { code: 200, kind, bytes: changed? }),
        }
    }
    Err(update::conflict(&kind, &call.target.name))
}

async fn create_applied(core: &Core, call: &mut Call, request: &Request) -> Result<Bytes, Status> {
    authz::require_of_call(core, call, Verb::Create)?;
    let kind = call.target.kind.clone();
    let mut object = applied(core, &kind, Part::Main, request, None)?;
    update::place(&call.target.name, &call.target.namespace, &mut object)?;
    let uid = object["metadata"].str("uid");
    if !uid.is_empty() {
        return Err(update::uid_differs(&kind, &call.target.namespace, &call.target.name, uid, ""));
    }
    object::meta_mut(&mut object).drop("resourceVersion");
    call.warnings.extend(request.warnings.iter().cloned());
    create::create_object(core, call, &request.options, object, ManagedFields::Recorded).await
}

async fn change_applied(core: &Core, call: &mut Call, part: Part, request: &Request) -> Result<Bytes, Status> {
    let target = call.target.clone();
    update::change(core, call, &request.options, part, &mut |old| {
        let mut object = applied(core, &target.kind, part, request, Some(old))?;
        update::place(&target.name, &target.namespace, &mut object)?;
        Ok(request.next(object))
    })
    .await
}

fn applied(core: &Core, kind: &Kind, part: Part, request: &Request, live: Option<&Value>) -> Result<Value, Status> {
    let api_version = kind.api_version();
    let write = ownership::write(kind, part, &request.options.field_manager, &api_version, core.environment.now());
    request.apply(kind.into(), write, live, &|object| kind.hooks.default(object))
}
