//! `pods/log`, `exec`, `attach` and `portforward` up to the connection to the node (R3): the checks and their errors.
//! The streams themselves are not served by this version, and it says so.

use super::pod_target;
use crate::answer::Answer;
use crate::app::Core;
use crate::object::{self, Expected};
use crate::query::{self, Query};
use crate::registry::Call;
use crate::request::find_kind;
use crate::{body, keys};
use stead_api::field::{self, Errors, Path};
use stead_api::value::Access;
use stead_api::{Status, Value, schema};

/// GET of a pod's log.
pub(super) fn log(core: &Core, call: &Call) -> Result<Answer, Status> {
    check_log_options(&call.query, &call.target.name)?;
    let pod = pod_target::read(core, call)?;
    choose_container(&pod, &call.query, &call.target.name)?;
    let node = pod["spec"].str("nodeName");
    if node.is_empty() {
        // Nothing has run yet, so there is nothing to read.
        let mut response = http::Response::new(body::full(""));
        *response.status_mut() = http::StatusCode::NO_CONTENT;
        return Ok(Answer::Response(response));
    }
    check_node(core, call, node)?;
    Err(not_served("pods/log"))
}

/// GET or POST of exec, attach and portforward.
pub(super) fn connect(core: &Core, call: &Call, what: &str) -> Result<Answer, Status> {
    if what == "portforward" {
        check_ports(&call.query)?;
    }
    let pod = pod_target::read(core, call)?;
    let name = &call.target.name;
    if what != "portforward" {
        choose_container(&pod, &call.query, name)?;
    }
    let node = pod["spec"].str("nodeName");
    if node.is_empty() {
        return Err(Status::bad_request(format!("pod {name} does not have a host assigned")));
    }
    check_node(core, call, node)?;
    Err(not_served(&format!("pods/{what}")))
}

fn not_served(what: &str) -> Status {
    Status::new(501, "NotImplemented", format!("{what} is not served by this version"))
}

/// Upstream looks the node up as if it were a pod.
fn check_node(core: &Core, call: &Call, node: &str) -> Result<(), Status> {
    let known = find_kind("", "v1", "nodes").is_some_and(|nodes| core.store.get(&keys::object(nodes, "", node)).is_some());
    if known { Ok(()) } else { Err(Status::not_found(call.target.kind, node)) }
}

/// Which container is meant; one must be named if there are several.
fn choose_container(pod: &Value, query: &Query, name: &str) -> Result<(), Status> {
    let spec = &pod["spec"];
    let names: Vec<&str> = ["initContainers", "containers", "ephemeralContainers"]
        .iter()
        .flat_map(|list| spec.items(list))
        .map(|container| container.str("name"))
        .collect();
    match query::value(query, "container").filter(|container| !container.is_empty()) {
        Some(container) if names.contains(&container) => Ok(()),
        Some(container) => Err(Status::bad_request(format!("container {container} is not valid for pod {name}"))),
        None if spec.items("containers").len() == 1 && names.len() == 1 => Ok(()),
        None => {
            Err(Status::bad_request(format!("a container name must be specified for pod {name}, choose one of: [{}]", names.join(" "))))
        }
    }
}

fn check_ports(query: &Query) -> Result<(), Status> {
    let ports = query.iter().filter(|(key, _)| key == "ports").flat_map(|(_, value)| value.split(','));
    for port in ports.map(str::trim) {
        query::parse_uint(port).map_err(|why| Status::bad_request(format!("cannot convert to []int32: {why}")))?;
    }
    Ok(())
}

fn check_log_options(query: &Query, name: &str) -> Result<(), Status> {
    let since = query::integer(query, "sinceSeconds")?;
    let since_time = query::value(query, "sinceTime").filter(|time| !time.is_empty());
    if let Some(time) = since_time.filter(|time| stead_api::time::Timestamp::parse(time).is_none()) {
        return Err(Status::bad_request(go_time_error(time)));
    }
    let tail = query::integer(query, "tailLines")?;
    let limit = query::integer(query, "limitBytes")?;
    let mut errors: Errors = Vec::new();
    if let Some(tail) = tail.filter(|tail| *tail < 0) {
        errors.push(field::invalid(&Path::new("tailLines"), tail, "must be greater than or equal to 0"));
    }
    if let Some(limit) = limit.filter(|limit| *limit < 1) {
        errors.push(field::invalid(&Path::new("limitBytes"), limit, "must be greater than 0"));
    }
    match since {
        Some(_) if since_time.is_some() => {
            errors.push(field::forbidden(&Path::new("[]"), "at most one of `sinceTime` or `sinceSeconds` may be specified"));
        }
        Some(seconds) if seconds < 1 => errors.push(field::invalid(&Path::new("sinceSeconds"), seconds, "must be greater than 0")),
        Some(_) | None => {}
    }
    if query::value(query, "stream").is_some() {
        errors.push(field::forbidden(&Path::new("stream"), "may not be specified"));
    }
    if errors.is_empty() {
        return Ok(());
    }
    let schema = schema::by_name("io.k8s.api.core.v1.Pod").expect("the table has Pod");
    let options = Expected { group: "", version: "v1", kind: "PodLogOptions", schema };
    Err(object::invalid(&options, name, &errors))
}

/// What Go says of a time that does not begin like one.
fn go_time_error(text: &str) -> String {
    format!("parsing time {text:?} as \"2006-01-02T15:04:05Z07:00\": cannot parse {text:?} as \"2006\"")
}
