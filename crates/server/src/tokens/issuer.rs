//! How others may check tokens: the documents of an OpenID issuer (A2).

use super::Tokens;
use super::key::ALGORITHM;
use crate::Body;
use crate::answer;
use http::{HeaderValue, Response, header};
use stead_api::json;

/// The document at one of the two paths.
pub(crate) fn answer(tokens: &Tokens, path: &str, advertise: &str) -> Response<Body> {
    let (media, document) = match path {
        "openid/v1/jwks" => ("application/jwk-set+json", json!({"keys": [tokens.key.public()]})),
        _ => (
            "application/json",
            json!({
                "issuer": tokens.issuer,
                "jwks_uri": format!("{advertise}/openid/v1/jwks"),
                "response_types_supported": ["id_token"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": [ALGORITHM],
            }),
        ),
    };
    let mut response = answer::text(200, document.to_string());
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=3600"));
    response
}
