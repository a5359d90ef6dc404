//! Whether a browser says that a request comes from the page's own origin. Pure. Input: the head of a request.

use http::header;
use http::request::Parts;

/// Whether nothing in it says that another page asks. Old browsers and other programs say nothing.
pub fn is_own(head: &Parts) -> bool {
    let by_site = head.headers.get("sec-fetch-site").is_none_or(|site| site == "same-origin");
    by_site && head.headers.get(header::ORIGIN).is_none_or(|origin| Some(origin.as_bytes()) == own(head).as_deref().map(str::as_bytes))
}

/// The origin that was asked: HTTP/1.1 names the host in a header, HTTP/2 beside the path.
fn own(head: &Parts) -> Option<String> {
    let header = head.headers.get(header::HOST).and_then(|host| host.to_str().ok());
    Some(format!("https://{}", header.or_else(|| head.uri.authority().map(http::uri::Authority::as_str))?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own_of(uri: &str, headers: &[(&str, &str)]) -> bool {
        let mut request = http::Request::get(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        is_own(&request.body(()).unwrap().into_parts().0)
    }

    #[test]
    fn only_the_asked_origin_is_its_own() {
        let host = ("host", "127.0.0.1:6443");
        assert!(own_of("/ui", &[host]));
        assert!(own_of("/ui", &[host, ("origin", "https://127.0.0.1:6443"), ("sec-fetch-site", "same-origin")]));
        assert!(own_of("https://a.example/ui", &[("origin", "https://a.example")]));
        for origin in ["https://127.0.0.1:8443", "http://127.0.0.1:6443", "null", "https://evil.example", ""] {
            assert!(!own_of("/ui", &[host, ("origin", origin)]), "{origin}");
        }
        for site in ["same-site", "cross-site", "none", ""] {
            assert!(!own_of("/ui", &[host, ("sec-fetch-site", site)]), "{site}");
        }
        assert!(!own_of("/ui", &[("origin", "https://a.example")]), "asked by no name");
    }
}
