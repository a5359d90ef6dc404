//! `/healthz`, `/livez` and `/readyz` (H4). A server that answers is healthy: it has no part that can fail alone.
//! Input: path and query. Output: text.

use crate::query::{self, Query};
use crate::{Body, answer};
use http::Response;

/// The checks there are, as paths below each of the three.
const CHECKS: &[&str] = &["ping"];

pub(crate) fn answer(method: &str, path: &str, query: &Query) -> Response<Body> {
    let (root, check) = path.trim_end_matches('/').split_once('/').unwrap_or((path.trim_end_matches('/'), ""));
    if !check.is_empty() && !CHECKS.contains(&check) {
        return answer::text(404, "404 page not found\n");
    }
    if method == "HEAD" {
        return answer::text(200, "");
    }
    if check.is_empty() && query::value(query, "verbose").is_some() {
        let excluded: Vec<&str> = query.iter().filter(|(key, _)| key == "exclude").map(|(_, value)| value.as_str()).collect();
        let lines: String = CHECKS
            .iter()
            .map(|check| if excluded.contains(check) { format!("[+]{check} excluded: ok\n") } else { format!("[+]{check} ok\n") })
            .collect();
        return answer::text(200, format!("{lines}{root} check passed\n"));
    }
    answer::text(200, "ok")
}
