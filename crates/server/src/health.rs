//! `/healthz`, `/livez` and `/readyz` (H4). A server that answers is healthy: it has no part that can fail alone.
//! Input: path and query. Output: text.

use crate::query::{self, Query};
use crate::{Body, answer};
use http::Response;

/// The checks there are, as paths below each of the three. `etcd` is upstream's name for the store.
const CHECKS: &[&str] = &["ping", "etcd"];

pub(crate) fn answer(path: &str, query: &Query) -> Response<Body> {
    let (root, check) = path.split_once('/').map_or((path, None), |(root, check)| (root, Some(check)));
    if check.is_some_and(|check| !CHECKS.contains(&check)) {
        return answer::text(404, "404 page not found\n");
    }
    if check.is_none() && query::value(query, "verbose").is_some() {
        let excluded: Vec<&str> = query.iter().filter(|(key, _)| key == "exclude").map(|(_, value)| value.as_str()).collect();
        let lines: String = CHECKS
            .iter()
            .map(|check| if excluded.contains(check) { format!("[+]{check} excluded: ok\n") } else { format!("[+]{check} ok\n") })
            .collect();
        return answer::text(200, format!("{lines}{root} check passed\n"));
    }
    answer::text(200, "ok")
}
