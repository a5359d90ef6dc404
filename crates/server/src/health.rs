//! `/healthz`, `/livez` and `/readyz` (H4). A server that answers is healthy unless its store refuses writes at present.
//! Input: path and query. Output: text.

use crate::cluster::Cluster;
use crate::query::{self, Query};
use crate::{Body, answer};
use http::Response;

/// The checks there are, as paths below each of the three. `etcd` is upstream's name for the store.
const CHECKS: &[&str] = &["ping", "etcd"];

pub(crate) fn answer(cluster: &Cluster, path: &str, query: &Query) -> Response<Body> {
    let (root, check) = path.split_once('/').map_or((path, None), |(root, check)| (root, Some(check)));
    let excluded: Vec<&str> = query.iter().filter(|(key, _)| key == "exclude").map(|(_, value)| value.as_str()).collect();
    let wanted: Vec<&str> = match check {
        Some(check) if !CHECKS.contains(&check) => return answer::text(404, "404 page not found\n"),
        Some(check) => vec![check],
        None => CHECKS.to_vec(),
    };
    let failed = |check: &str| check == "etcd" && cluster.store.refusal().is_some() && !excluded.contains(&check);
    let lines: String = wanted
        .iter()
        .map(|check| match check {
            check if failed(check) => format!("[-]{check} failed: reason withheld\n"),
            check if excluded.contains(check) => format!("[+]{check} excluded: ok\n"),
            check => format!("[+]{check} ok\n"),
        })
        .collect();
    if wanted.iter().any(|check| failed(check)) {
        return answer::text(500, format!("{lines}{root} check failed\n"));
    }
    let verbose = check.is_none() && query::value(query, "verbose").is_some();
    if verbose { answer::text(200, format!("{lines}{root} check passed\n")) } else { answer::text(200, "ok") }
}
