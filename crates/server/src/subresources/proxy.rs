//! `proxy` below Services, pods and nodes: which address is meant, and the request that goes there. Input: a call and its body. Output:
//! what the program behind it answered, its redirects and the links of its pages led back through here; or why it was not reached. Bodies go
//! through as they come, and an upgraded connection is the client's and the program's own. The connection is somebody else's
//! ([`crate::NodeService`]).

use super::{pages, streams};
use crate::answer::Answer;
use crate::body;
use crate::call::Call;
use crate::core::Core;
use crate::{Body, Peer};
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request, Response, StatusCode, Uri};
use std::net::IpAddr;
use stead_api::value::Access;
use stead_api::{Status, Value, names};

/// Which port of a node is its kubelet's, if its Node does not say.
const KUBELET_PORT: i64 = 10250;
/// What a program allows other sites in browsers, it does not allow them of the API's site.
const CROSS_ORIGIN: &[HeaderName] = &[
    header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
    header::ACCESS_CONTROL_ALLOW_HEADERS,
    header::ACCESS_CONTROL_ALLOW_METHODS,
    header::ACCESS_CONTROL_ALLOW_ORIGIN,
];

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

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

/// Who serves what is asked for.
enum Server {
    /// The kubelet of the node of that name.
    Kubelet(String),
    /// A program at that address: scheme, host and port.
    Program(String),
}

/// What the client asked, as it sent it.
struct Asked<'a> {
    /// The path up to `proxy`.
    prefix: &'a str,
    /// What follows: nothing, or a path that begins with a slash.
    below: Option<&'a str>,
    /// With its question mark, or nothing.
    query: String,
    /// Whom the client took for the server.
    host: String,
}

impl Asked<'_> {
    fn path(&self) -> String {
        format!("{}{}", self.below.unwrap_or("/"), self.query)
    }
}

/// Any method of `services/NAME/proxy`, `pods/NAME/proxy` and `nodes/NAME/proxy`.
pub(crate) async fn serve(core: &Core, call: &mut Call, body: Body) -> Result<Answer, Status> {
    let server = match call.target.kind.plural {
        "services" => Server::Program(of_service(core, call)?),
        "nodes" => of_node(core, call)?,
        _ => Server::Program(of_pod(core, call)?),
    };
    let uri = call.extensions.get::<Uri>().cloned().unwrap_or_default();
    let (prefix, below) = split_path(uri.path(), call.target.kind.namespaced);
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    let asked = Asked { prefix, below, query, host: host(&call.headers, &uri) };
    let upgrades = call.headers.contains_key(header::UPGRADE);
    if below.is_none() && !upgrades && matches!(call.method, Method::GET | Method::HEAD) {
        // Relative links of the page would else lead elsewhere.
        return Ok(Answer::Response(moved(&format!("{prefix}/{}", asked.query))));
    }
    let answered = match server {
        Server::Kubelet(node) => streams::to_node(core, call, &node, &asked.path(), body).await?,
        Server::Program(base) => of_program(core, call, &base, &asked, body).await?,
    };
    Ok(Answer::Response(answered))
}

/// Whom the client took for the server: HTTP/1.1 says it in a header, HTTP/2 beside the path.
fn host(headers: &HeaderMap, uri: &Uri) -> String {
    let header = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    header.or_else(|| uri.authority().map(http::uri::Authority::as_str)).unwrap_or_default().to_owned()
}

async fn of_program(core: &Core, call: &mut Call, base: &str, asked: &Asked<'_>, body: Body) -> Result<Response<Body>, Status> {
    let uri: Uri = format!("{base}{}", asked.path()).parse().map_err(|_| Status::bad_request("not a path of a program"))?;
    let own = uri.authority().map(ToString::to_string).unwrap_or_default();
    let is_head = call.method == Method::HEAD;
    let mut response = core.gateway.send_out(request(call, uri, asked, body)).await;
    if let Some(Unreached(why)) = response.extensions_mut().remove::<Unreached>() {
        return Err(Status::new(503, "ServiceUnavailable", format!("error trying to reach service: {why}")));
    }
    CROSS_ORIGIN.iter().for_each(|name| drop(response.headers_mut().remove(name)));
    let back = |to: &str| led_back(to, asked.prefix, &[&own, &asked.host]);
    let location = response.headers().get(header::LOCATION).and_then(|location| location.to_str().ok());
    if let Some(location) = location.map(back) {
        if let Ok(location) = HeaderValue::from_str(&location) {
            response.headers_mut().insert(header::LOCATION, location);
        }
        return Ok(response);
    }
    if is_head || !pages::is_page(response.headers()) {
        return Ok(response);
    }
    Ok(with_links_led_back(response, back).await)
}

/// The page with other links; one that is too long as it was.
async fn with_links_led_back(response: Response<Body>, back: impl Fn(&str) -> String) -> Response<Body> {
    let (mut head, body) = response.into_parts();
    match body::read_up_to(body, pages::BYTES_MAX).await {
        Ok(page) => {
            let page = pages::with_links(&page, back);
            head.headers.insert(header::CONTENT_LENGTH, page.len().into());
            Response::from_parts(head, body::full(page))
        }
        Err(rest) => Response::from_parts(head, rest),
    }
}

fn request(call: &mut Call, uri: Uri, asked: &Asked<'_>, body: Body) -> Request<Body> {
    let mut request = Request::new(body);
    *request.method_mut() = call.method.clone();
    let headers = request.headers_mut();
    *headers = streams::forwarded(&call.headers);
    if pages::is_wanted(headers) {
        // Links are found in what can be read.
        headers.remove(header::ACCEPT_ENCODING);
    }
    if let Some(Peer(ip)) = call.extensions.get() {
        let known = headers.get_all(FORWARDED_FOR).iter().filter_map(|value| value.to_str().ok());
        if let Ok(value) = HeaderValue::from_str(&forwarded_for(known, *ip)) {
            headers.insert(FORWARDED_FOR, value);
        }
    }
    let path = format!("{}{}", asked.prefix, asked.below.unwrap_or_default());
    let named = [
        // As the client has it: a program compares it with where a browser says that a page comes from.
        (header::HOST, HeaderValue::from_str(&asked.host)),
        (HeaderName::from_static("x-forwarded-uri"), HeaderValue::from_str(&path)),
        (HeaderName::from_static("x-forwarded-host"), HeaderValue::from_str(&asked.host)),
        (HeaderName::from_static("x-forwarded-proto"), Ok(HeaderValue::from_static("https"))),
    ];
    for (name, value) in named {
        if let Ok(value) = value {
            headers.insert(name, value);
        }
    }
    *request.uri_mut() = uri;
    *request.extensions_mut() = std::mem::take(&mut call.extensions);
    request
}

/// Who asked for whom: proxies that the client names, then the client.
fn forwarded_for<'a>(known: impl Iterator<Item = &'a str>, client: IpAddr) -> String {
    known.map(str::to_owned).chain([client.to_string()]).collect::<Vec<_>>().join(", ")
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
fn split_path(path: &str, is_namespaced: bool) -> (&str, Option<&str>) {
    // /api/v1/namespaces/NS/services/NAME/proxy, or /api/v1/nodes/NAME/proxy
    let segments = if is_namespaced { 7 } else { 5 };
    let end = path.match_indices('/').nth(segments).map(|(at, _)| at);
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

/// A node's kubelet, or another program that listens on the node.
fn of_node(core: &Core, call: &Call) -> Result<Server, Status> {
    let id = &call.target.name;
    let named = Named::parse(id).ok_or_else(|| Status::bad_request(format!("invalid node request {id:?}")))?;
    let nodes = &call.target.kind;
    let node = core.read(nodes, "", named.name)?.ok_or_else(|| Status::not_found(nodes, named.name))?;
    let kubelet = node["status"]["daemonEndpoints"]["kubeletEndpoint"].int("Port").filter(|port| *port != 0).unwrap_or(KUBELET_PORT);
    if named.port.is_empty() || named.port.parse() == Ok(kubelet) {
        return Ok(Server::Kubelet(named.name.to_owned()));
    }
    let addresses = node["status"].items("addresses");
    let ip = addresses.iter().find(|address| address.str("type") == "InternalIP").map_or("", |address| address.str("address"));
    Ok(Server::Program(named.url(&format!("{}:{}", allowed(ip)?, named.port))))
}

/// The host of an address that is not the server's own or its link's.
fn allowed(ip: &str) -> Result<String, Status> {
    let is_allowed = names::parse_ip(ip).is_some() && names::special_ip(ip).is_none();
    if is_allowed { Ok(bracketed(ip)) } else { Err(Status::bad_request("address not allowed")) }
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
    let host = allowed(pod["status"].str("podIP"))?;
    Ok(named.url(&port.map_or_else(|| host.clone(), |port| format!("{host}:{port}"))))
}

fn of_service(core: &Core, call: &Call) -> Result<String, Status> {
    let id = &call.target.name;
    let named = Named::parse(id).ok_or_else(|| Status::bad_request(format!("invalid service request {id:?}")))?;
    let unavailable = |why: String| Status::new(503, "ServiceUnavailable", why);
    let (services, namespace) = (&call.target.kind, &call.target.namespace);
    // One that is not there has no endpoints; only where its ports are asked for it is missed itself.
    let service = core.read(services, namespace, named.name)?;
    let mut port = named.port.to_owned();
    if let Ok(number) = port.parse::<i64>() {
        let service = service.as_ref().ok_or_else(|| Status::not_found(services, named.name))?;
        let found = service["spec"].items("ports").iter().find(|port| port.int("port") == Some(number));
        let none = || unavailable(format!("no service port {number} found for service {:?}", named.name));
        port = found.ok_or_else(none)?.str("name").to_owned();
    }
    let family = service.as_ref().and_then(|service| service["spec"].items("ipFamilies").first()?.as_str());
    let targets = targets(core, namespace, named.name, &port, family)?;
    if targets.is_empty() {
        return Err(unavailable(format!("no endpoints available for service {:?}", named.name)));
    }
    let chosen = core.environment.random(u64::try_from(targets.len()).unwrap_or(1));
    let (ip, port) = &targets[usize::try_from(chosen).unwrap_or_default() % targets.len()];
    Ok(named.url(&format!("{}:{port}", bracketed(ip))))
}

/// Addresses of ready endpoints that are pods, with the number of the port of that name. Of the family if there is one: behind a Service of
/// both, a program need not listen by each.
fn targets(core: &Core, namespace: &str, service: &str, port: &str, family: Option<&str>) -> Result<Vec<(String, i64)>, Status> {
    let slices = core.kinds.built_in("endpointslices");
    let mut found = Vec::new();
    for entry in core.entries(&slices, namespace)? {
        let slice = core.objects.read(&slices, &entry)?;
        if family.is_some_and(|family| slice.str("addressType") != family) {
            continue;
        }
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
        for (prefix, is_namespaced) in [(prefix, true), ("/api/v1/nodes/n/proxy", false)] {
            assert_eq!(split_path(prefix, is_namespaced), (prefix, None));
            for below in ["/", "/a%2Fb//c", "/a/"] {
                assert_eq!(split_path(&format!("{prefix}{below}"), is_namespaced), (prefix, Some(below)));
            }
        }
    }

    #[test]
    fn programs_hear_who_asked() {
        let client = IpAddr::from([192, 0, 2, 7]);
        assert_eq!(forwarded_for([].into_iter(), client), "192.0.2.7");
        assert_eq!(
            forwarded_for(["198.51.100.1, 10.0.0.1", "10.0.0.2"].into_iter(), client),
            "198.51.100.1, 10.0.0.1, 10.0.0.2, 192.0.2.7"
        );
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
