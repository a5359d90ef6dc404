//! `pods/log`, `exec`, `attach` and `portforward` (R3): the checks and their errors, and the request to the node that runs the pod.
//! The streams themselves are the node's, and so are failures that it alone can know of.

use super::pod_target;
use crate::Body;
use crate::answer::{self, Answer};
use crate::body;
use crate::call::Call;
use crate::core::Core;
use crate::object::{self, Expected};
use crate::query::{self, Query};
use form_urlencoded::Serializer;
use http::header::HeaderName;
use http::{HeaderMap, Request, Response, Uri, header};
use stead_api::field::{self, Errors, Path};
use stead_api::value::Access;
use stead_api::{Status, Value, json, schema};

/// Options of a log that the node gets as they are.
const LOG_OPTIONS: &[&str] = &["follow", "previous", "timestamps", "sinceSeconds", "sinceTime", "tailLines", "limitBytes"];
/// Options of exec and attach, as a client and as a node calls them.
const STREAMS: &[(&str, &str)] = &[("stdin", "input"), ("stdout", "output"), ("stderr", "error"), ("tty", "tty")];

const ACCEPTED_PROTOCOLS: HeaderName = HeaderName::from_static("x-accepted-stream-protocol-versions");

/// GET of a pod's log.
pub(crate) async fn log(core: &Core, call: &mut Call) -> Result<Answer, Status> {
    check_log_options(&call.query, &call.target.name)?;
    let pod = pod_target::read(core, call)?;
    let container = choose_container(&pod, &call.query, &call.target.name)?;
    let node = pod["spec"].str("nodeName");
    if node.is_empty() {
        // Nothing has run yet, so there is nothing to read.
        let mut response = http::Response::new(body::full(""));
        *response.status_mut() = http::StatusCode::NO_CONTENT;
        return Ok(Answer::Response(response));
    }
    let path = format!("/containerLogs/{}/{}/{container}", call.target.namespace, call.target.name);
    let options = call.query.iter().filter(|(name, _)| LOG_OPTIONS.contains(&name.as_str())).cloned().collect();
    send(core, call, node, &path, options).await
}

/// GET or POST of exec, attach and portforward.
pub(crate) async fn connect(core: &Core, call: &mut Call, what: &str) -> Result<Answer, Status> {
    if what == "portforward" {
        check_ports(&call.query)?;
    }
    let pod = pod_target::read(core, call)?;
    let (namespace, name) = (&call.target.namespace, &call.target.name);
    let (path, options) = match what {
        "portforward" => (format!("/portForward/{namespace}/{name}"), ports(&call.query)),
        what => (format!("/{what}/{namespace}/{name}/{}", choose_container(&pod, &call.query, name)?), streams(&call.query)),
    };
    let node = pod["spec"].str("nodeName");
    if node.is_empty() {
        return Err(Status::bad_request(format!("pod {name} does not have a host assigned")));
    }
    send(core, call, node, &path, options).await
}

/// Sends the request on to the node, with what is needed to upgrade the connection.
async fn send(core: &Core, call: &mut Call, node: &str, path: &str, options: Query) -> Result<Answer, Status> {
    let response = request(core, call, node, path, options).await?;
    let (true, Some(subresource)) = (is_plain_failure(&response), call.target.subresource) else { return Ok(Answer::Response(response)) };
    let (head, body) = response.into_parts();
    let (text, what) = (body::read(body).await?, format!("pods/{}", subresource.name));
    let status = failure(head.status.as_u16(), &String::from_utf8_lossy(&text), &what, &call.target.name);
    // Which protocols the node speaks, if it refused those of the client.
    let accepted: Vec<_> = head.headers.get_all(&ACCEPTED_PROTOCOLS).iter().map(|name| (ACCEPTED_PROTOCOLS, name.clone())).collect();
    if accepted.is_empty() {
        return Err(status);
    }
    let mut refusal = answer::failure(&status);
    refusal.headers_mut().extend(accepted);
    Ok(Answer::Response(refusal))
}

async fn request(core: &Core, call: &mut Call, node: &str, path: &str, options: Query) -> Result<Response<Body>, Status> {
    if core.read(&core.kinds.built_in("nodes"), "", node)?.is_none() {
        // Upstream looks the node up as if it were a pod.
        return Err(Status::not_found(&call.target.kind, node));
    }
    let query = Serializer::new(String::new()).extend_pairs(&options).finish();
    let body = body::full(std::mem::take(&mut call.body));
    to_node(core, call, node, format!("{path}?{query}").trim_end_matches('?'), body).await
}

/// What the node's kubelet answers; `path` is the path with its query.
pub(super) async fn to_node(core: &Core, call: &mut Call, node: &str, path: &str, body: Body) -> Result<Response<Body>, Status> {
    let uri: Uri = path.parse().map_err(|_| Status::bad_request("not a path of a node"))?;
    let mut request = Request::new(body);
    *request.method_mut() = call.method.clone();
    *request.uri_mut() = uri;
    *request.headers_mut() = forwarded(&call.headers);
    *request.extensions_mut() = std::mem::take(&mut call.extensions);
    Ok(core.gateway.send(node, request).await)
}

/// Nodes say in plain text what went wrong; a Status of theirs is passed on.
fn is_plain_failure(response: &http::Response<Body>) -> bool {
    let status = response.status();
    let is_json = response.headers().get(header::CONTENT_TYPE).is_some_and(|media| media.as_bytes().starts_with(b"application/json"));
    (status.is_client_error() || status.is_server_error()) && !is_json
}

/// The Status that upstream makes of a kubelet's failure (R3).
fn failure(code: u16, text: &str, what: &str, name: &str) -> Status {
    match code {
        400 => Status::bad_request(text),
        404 => Status::new(404, "NotFound", format!("the server could not find the requested resource ( {what} {name})"))
            .with_details(json!({"name": name, "kind": what, "causes": [{"reason": "UnexpectedServerResponse", "message": text}]})),
        403 => Status::new(403, "Forbidden", text),
        503 => Status::new(503, "ServiceUnavailable", text),
        501 => Status::new(501, "NotImplemented", text),
        _ => Status::internal(text),
    }
}

/// What a node may see: who the client is has been judged here.
pub(super) fn forwarded(headers: &HeaderMap) -> HeaderMap {
    let private = |name: &str| name == header::AUTHORIZATION.as_str() || name.starts_with("impersonate-");
    headers.iter().filter(|(name, _)| !private(name.as_str())).map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn streams(query: &Query) -> Query {
    let commands = query.iter().filter(|(name, _)| name == "command").cloned();
    let wanted = STREAMS.iter().filter(|(client, _)| query::flag(query, client).unwrap_or_default());
    commands.chain(wanted.map(|(_, node)| ((*node).to_owned(), "1".to_owned()))).collect()
}

fn ports(query: &Query) -> Query {
    let ports = query.iter().filter(|(name, _)| name == "ports").flat_map(|(_, value)| value.split(','));
    ports.map(|port| ("port".to_owned(), port.trim().to_owned())).collect()
}

/// Which container is meant; one must be named if there are several.
fn choose_container(pod: &Value, query: &Query, name: &str) -> Result<String, Status> {
    let spec = &pod["spec"];
    let names: Vec<&str> = ["initContainers", "containers", "ephemeralContainers"]
        .iter()
        .flat_map(|list| spec.items(list))
        .map(|container| container.str("name"))
        .collect();
    match query::value(query, "container").filter(|container| !container.is_empty()) {
        Some(container) if names.contains(&container) => Ok(container.to_owned()),
        Some(container) => Err(Status::bad_request(format!("container {container} is not valid for pod {name}"))),
        None if spec.items("containers").len() == 1 && names.len() == 1 => Ok(names[0].to_owned()),
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
