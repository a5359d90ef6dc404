//! `proxy` below Services and pods: which address is meant, and the request that goes there. Input: a call. Output: what the program
//! behind it answered, its redirects led back through here; or why it was not reached. The connection is somebody else's
//! ([`crate::NodeService`]). Links in pages are not rewritten.

use crate::Body;
use crate::answer::Answer;
use crate::body;
use crate::call::Call;
use crate::core::Core;
use http::header::{self, HeaderName, HeaderValue};
use http::{Method, Request, Response, StatusCode, Uri};
use stead_api::value::Access;
use stead_api::{Status, Value, names};

/// In the extensions of a response: the other side was not reached, and why. Nobody answered then.
#[derive(Debug, Clone)]
pub struct Unreached(pub String);

/// `[SCHEME:]NAME[:PORT]`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Named<'a> {
    pub scheme: &'a str,
    pub name: &'a str,
    pub port: &'a str,
}

impl<'a> Named<'a> {
    pub(crate) fn parse(id: &'a str) -> Option<Self> {
        let parts: Vec<&str> = id.split(':').collect();
        let (scheme, name, port) = match parts[..] {
            [name] => ("", name, ""),
            [name, port] => ("", name, port),
            [scheme, name, port] => (scheme, name, port),
            _ => return None,
        };
        let known = matches!(scheme, "" | "http" | "https") && !name.is_empty();
        known.then_some(Self { scheme, name, port })
    }

    fn url(&self, host: &str) -> String {
        format!("{}://{host}", if self.scheme.is_empty() { "http" } else { self.scheme })
    }
}

/// Any method of `services/NAME/proxy` and `pods/NAME/proxy`.
pub(crate) async fn serve(core: &Core, call: &mut Call) -> Result<Answer, Status> {
    let base = match call.target.kind.plural {
        "services" => of_service(core, call)?,
        _ => of_pod(core, call)?,
    };
    let asked = call.extensions.get::<Uri>().cloned().unwrap_or_default();
    let (prefix, below) = split_path(asked.path());
    let query = asked.query().map(|query| format!("?{query}")).unwrap_or_default();
    let upgrades = call.headers.contains_key(header::UPGRADE);
    if below.is_none() && !upgrades && matches!(call.method, Method::GET | Method::HEAD) {
        // Relative links of the page would else lead elsewhere.
        return Ok(Answer::Response(moved(&format!("{prefix}/{query}"))));
    }
    let uri: Uri = format!("{base}{}{query}", below.unwrap_or("/")).parse().map_err(|_| Status::bad_request("not a path of a program"))?;
    let host = uri.authority().map(ToString::to_string).unwrap_or_default();
    let mut response = send(core, call, uri, &asked).await;
    if let Some(Unreached(why)) = response.extensions_mut().remove::<Unreached>() {
        return Err(Status::new(503, "ServiceUnavailable", format!("error trying to reach service: {why}")));
    }
    let location = response.headers().get(header::LOCATION).and_then(|location| location.to_str().ok());
    let asked_host = call.headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    if let Some(location) = location.map(|location| led_back(location, prefix, &[&host, asked_host]))
        && let Ok(location) = HeaderValue::from_str(&location)
    {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(Answer::Response(response))
}

async fn send(core: &Core, call: &mut Call, uri: Uri, asked: &Uri) -> Response<Body> {
    let mut request: Request<Body> = Request::new(body::full(std::mem::take(&mut call.body)));
    *request.method_mut() = call.method.clone();
    let headers = request.headers_mut();
    *headers = super::streams::forwarded(&call.headers);
    let host = headers.remove(header::HOST);
    let forwarded = [
        ("x-forwarded-uri", HeaderValue::from_str(asked.path()).ok()),
        ("x-forwarded-host", host),
        ("x-forwarded-proto", Some(HeaderValue::from_static("https"))),
    ];
    for (name, value) in forwarded {
        if let Some(value) = value {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    if let Some(authority) = uri.authority()
        && let Ok(authority) = HeaderValue::from_str(authority.as_str())
    {
        headers.insert(header::HOST, authority);
    }
    *request.uri_mut() = uri;
    *request.extensions_mut() = std::mem::take(&mut call.extensions);
    core.gateway.send_out(request).await
}

fn moved(to: &str) -> Response<Body> {
    let mut response = Response::new(body::full(""));
    *response.status_mut() = StatusCode::MOVED_PERMANENTLY;
    if let Ok(to) = HeaderValue::from_str(to) {
        response.headers_mut().insert(header::LOCATION, to);
    }
    response
}

/// The path up to `proxy`, and what follows it: nothing, or a path that begins with a slash. As sent, nothing decoded.
fn split_path(path: &str) -> (&str, Option<&str>) {
    // /api/v1/namespaces/NS/services/NAME/proxy
    const SEGMENTS: usize = 7;
    let end = path.match_indices('/').nth(SEGMENTS).map(|(at, _)| at);
    end.map_or((path, None), |end| (&path[..end], Some(&path[end..])))
}

/// A redirect of the program to a path of its own, as the client has to follow it.
fn led_back(location: &str, prefix: &str, own_hosts: &[&str]) -> String {
    let path = match location.split_once("://") {
        Some((_, rest)) => {
            let (host, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
            if !own_hosts.contains(&host) {
                return location.to_owned();
            }
            path
        }
        None if location.starts_with("//") => return location.to_owned(),
        None => location,
    };
    if !path.starts_with('/') || path.starts_with(prefix) {
        return if path.is_empty() { format!("{prefix}/") } else { path.to_owned() };
    }
    format!("{prefix}{path}")
}

fn of_pod(core: &Core, call: &Call) -> Result<String, Status> {
    let id = &call.target.name;
    let named = Named::parse(id).ok_or_else(|| Status::bad_request(format!("invalid pod request {id:?}")))?;
    let pods = &call.target.kind;
    let pod = core.read(pods, &call.target.namespace, named.name)?.ok_or_else(|| Status::not_found(pods, named.name))?;
    let first = || {
        let ports = pod["spec"].items("containers").iter().find_map(|container| container.items("ports").first());
        ports.and_then(|port| port.int("containerPort")).map(|port| port.to_string())
    };
    let port = if named.port.is_empty() { first() } else { Some(named.port.to_owned()) };
    let ip = pod["status"].str("podIP");
    if names::parse_ip(ip).is_none() || names::special_ip(ip).is_some() {
        return Err(Status::bad_request("address not allowed"));
    }
    let host = bracketed(ip);
    Ok(named.url(&port.map_or_else(|| host.clone(), |port| format!("{host}:{port}"))))
}

fn of_service(core: &Core, call: &Call) -> Result<String, Status> {
    let id = &call.target.name;
    let named = Named::parse(id).ok_or_else(|| Status::bad_request(format!("invalid service request {id:?}")))?;
    let unavailable = |why: String| Status::new(503, "ServiceUnavailable", why);
    let namespace = &call.target.namespace;
    let mut port = named.port.to_owned();
    if let Ok(number) = port.parse::<i64>() {
        let services = &call.target.kind;
        let service = core.read(services, namespace, named.name)?.ok_or_else(|| Status::not_found(services, named.name))?;
        let found = service["spec"].items("ports").iter().find(|port| port.int("port") == Some(number));
        let none = || unavailable(format!("no service port {number} found for service {:?}", named.name));
        port = found.ok_or_else(none)?.str("name").to_owned();
    }
    let targets = targets(core, namespace, named.name, &port)?;
    if targets.is_empty() {
        return Err(unavailable(format!("no endpoints available for service {:?}", named.name)));
    }
    let chosen = core.environment.random(u64::try_from(targets.len()).unwrap_or(1));
    let (ip, port) = &targets[usize::try_from(chosen).unwrap_or_default() % targets.len()];
    Ok(named.url(&format!("{}:{port}", bracketed(ip))))
}

/// Addresses of ready endpoints that are pods, with the number of the port of that name.
fn targets(core: &Core, namespace: &str, service: &str, port: &str) -> Result<Vec<(String, i64)>, Status> {
    let slices = core.kinds.built_in("endpointslices");
    let mut found = Vec::new();
    for entry in core.entries(&slices, namespace)? {
        let slice = core.objects.read(&slices, &entry)?;
        let number = slice.items("ports").iter().find(|known| known.str("name") == port).and_then(|port| port.int("port"));
        let (true, Some(number)) = (slice["metadata"]["labels"].str("kubernetes.io/service-name") == service, number) else { continue };
        for endpoint in slice.items("endpoints") {
            let ready = endpoint["conditions"].get("ready").and_then(Value::as_bool).unwrap_or(true);
            let Some(ip) = endpoint.items("addresses").first().and_then(Value::as_str) else { continue };
            if ready && is_pod(core, namespace, &endpoint["targetRef"], ip)? {
                found.push((ip.to_owned(), number));
            }
        }
    }
    Ok(found)
}

/// Whoever may write endpoints must not so reach what is no pod's.
fn is_pod(core: &Core, namespace: &str, target: &Value, ip: &str) -> Result<bool, Status> {
    if target.str("kind") != "Pod" || target.str("namespace") != namespace {
        return Ok(false);
    }
    let pod = core.read(&core.kinds.built_in("pods"), namespace, target.str("name"))?;
    Ok(pod.is_some_and(|pod| pod["status"].items("podIPs").iter().any(|known| known.str("ip") == ip)))
}

fn bracketed(ip: &str) -> String {
    if ip.contains(':') { format!("[{ip}]") } else { ip.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_a_scheme_and_a_port() {
        // R56
        assert_eq!(Named::parse("web"), Some(Named { scheme: "", name: "web", port: "" }));
        assert_eq!(Named::parse("https:web:443"), Some(Named { scheme: "https", name: "web", port: "443" }));
        for wrong in ["", ":80", "ftp:web:21", "a:b:c:d"] {
            assert_eq!(Named::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_follows_proxy_stays_as_it_was_sent() {
        let prefix = "/api/v1/namespaces/n/services/web/proxy";
        assert_eq!(split_path(prefix), (prefix, None));
        for below in ["/", "/a%2Fb//c", "/a/"] {
            assert_eq!(split_path(&format!("{prefix}{below}")), (prefix, Some(below)));
        }
    }

    #[test]
    fn redirects_lead_back_through_the_server() {
        let back = |location: &str| led_back(location, "/p", &["10.42.0.5:80", "localhost:8001"]);
        assert_eq!(back("/login?x=1"), "/p/login?x=1");
        assert_eq!(back("http://10.42.0.5:80/login/"), "/p/login/");
        assert_eq!(back("http://localhost:8001/p/login"), "/p/login");
        assert_eq!(back("http://10.42.0.5:80"), "/p/");
        for elsewhere in ["https://example.com/login", "login", "//example.com/x"] {
            assert_eq!(back(elsewhere), elsewhere);
        }
    }
}
