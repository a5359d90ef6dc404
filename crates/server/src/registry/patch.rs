//! PATCH (P1-P13): JSON patch, merge patch and strategic merge patch of an object or a part of it; `apply` has server-side apply.

use crate::answer::Answer;
use crate::call::Call;
use crate::core::Core;
use crate::negotiation;
use crate::object::Expected;
use crate::query::{FieldValidation, Write, WriteOptions};
use crate::registry::apply;
use crate::registry::ownership::ManagedFields;
use crate::registry::update::{self, Next};
use http::header;
use std::cell::Cell;
use stead_api::patch::{self, Format, Validation};
use stead_api::registry::Part;
use stead_api::schema::walker::{self, DecodeError, Decoded};
use stead_api::value::Access;
use stead_api::{Status, Value, json};

pub(crate) async fn patch(core: &Core, call: &mut Call) -> Result<Answer, Status> {
    patch_part(core, call, Part::Main).await
}

/// What a PATCH is to do.
pub(crate) enum Means {
    Patch(Format),
    /// Server-side apply.
    Apply,
}

/// The patch format that the request names.
pub(crate) fn means(call: &Call) -> Result<Means, Status> {
    let unsupported = || Status::new(415, "UnsupportedMediaType", "415: Unsupported Media Type").with_details(json!({}));
    let value = call.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).ok_or_else(unsupported)?;
    let media_type = negotiation::media_type(value).ok_or_else(unsupported)?;
    if media_type == apply::MEDIA_TYPE {
        return Ok(Means::Apply);
    }
    Format::of(&media_type).map(Means::Patch).ok_or_else(unsupported)
}

pub(crate) fn validation(validation: FieldValidation) -> Validation {
    match validation {
        FieldValidation::Ignore => Validation::Ignore,
        FieldValidation::Warn => Validation::Warn,
        FieldValidation::Strict => Validation::Strict,
    }
}

/// PATCH of an object or of a part of it.
pub(crate) async fn patch_part(core: &Core, call: &mut Call, part: Part) -> Result<Answer, Status> {
    let kind = call.target.kind.clone();
    let format = match means(call)? {
        Means::Patch(format) => format,
        Means::Apply => return apply::apply_part(core, call, part).await,
    };
    let options = WriteOptions::parse(&call.query, Write::Patch)?;
    let (body, target) = (patch::Body::parse(&call.body)?, call.target.clone());
    let bytes = update::change(core, call, &options, part, &mut |old| {
        let managed_fields = Cell::new(ManagedFields::Kept);
        let patched = patch::apply(format, kind.schema, old, body.clone(), validation(options.field_validation), &|document| {
            managed_fields.set(ManagedFields::of(&document));
            decode((&*kind).into(), document)
        })?;
        let mut object = patched.object;
        kind.hooks.default(&mut object);
        update::place(&target.name, &target.namespace, &mut object)?;
        Ok(Next { object, managed_fields: managed_fields.get(), warnings: patched.warnings })
    })
    .await?;
    Ok(Answer::Object { code: 200, kind, bytes })
}

/// Decodes what a patch made, kind and apiVersion included.
pub(crate) fn decode(expected: Expected, document: Value) -> Result<Decoded, DecodeError> {
    if let Some(why) = expected.mismatch(document.str("apiVersion"), document.str("kind"), |ty| walker::decode_value(ty, document.clone()))
    {
        return Err(DecodeError(why));
    }
    walker::decode_value(expected.schema, document)
}
