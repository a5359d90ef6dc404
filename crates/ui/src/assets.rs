//! The files of the page, as they are in the binary, and the headers that keep anything else out of it. Input: a path below `/ui`.

use crate::full;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use stead_server::Body;

const SCRIPT: &str = "text/javascript; charset=utf-8";

/// Path, type and content.
const ASSETS: &[(&str, &str, &[u8])] = &[
    ("", "text/html; charset=utf-8", include_bytes!("../assets/index.html")),
    ("style.css", "text/css; charset=utf-8", include_bytes!("../assets/style.css")),
    ("icon.svg", "image/svg+xml", include_bytes!("../assets/icon.svg")),
    ("actions.js", SCRIPT, include_bytes!("../assets/actions.js")),
    ("app.js", SCRIPT, include_bytes!("../assets/app.js")),
    ("boot.js", SCRIPT, include_bytes!("../assets/boot.js")),
    ("consequences.js", SCRIPT, include_bytes!("../assets/consequences.js")),
    ("dom.js", SCRIPT, include_bytes!("../assets/dom.js")),
    ("fill.js", SCRIPT, include_bytes!("../assets/fill.js")),
    ("follow.js", SCRIPT, include_bytes!("../assets/follow.js")),
    ("logs.js", SCRIPT, include_bytes!("../assets/logs.js")),
    ("model.js", SCRIPT, include_bytes!("../assets/model.js")),
    ("pod.js", SCRIPT, include_bytes!("../assets/pod.js")),
    ("session.js", SCRIPT, include_bytes!("../assets/session.js")),
    ("sets.js", SCRIPT, include_bytes!("../assets/sets.js")),
    ("views.js", SCRIPT, include_bytes!("../assets/views.js")),
    ("words.js", SCRIPT, include_bytes!("../assets/words.js")),
];

/// Nothing but what comes from here: no script in the page or from elsewhere, no text made into elements, no frame around it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

const HEADERS: [(&str, &str); 7] = [
    ("content-security-policy", POLICY),
    ("x-frame-options", "DENY"),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cache-control", "no-cache"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
];

/// The file at a path below `/ui`.
pub fn response(path: &str) -> Response<Body> {
    let found = ASSETS.iter().find(|(name, ..)| *name == path);
    let (code, kind, bytes) = match found {
        Some((_, kind, bytes)) => (StatusCode::OK, *kind, *bytes),
        None => (StatusCode::NOT_FOUND, "text/plain; charset=utf-8", b"404 page not found\n".as_slice()),
    };
    let mut response = Response::new(full(bytes));
    *response.status_mut() = code;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    for (name, value) in HEADERS {
        response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(path: &str) -> String {
        let asset = ASSETS.iter().find(|(name, ..)| *name == path).unwrap();
        String::from_utf8(asset.2.to_vec()).unwrap()
    }

    #[test]
    fn every_file_that_another_names_is_there() {
        let known = |name: &str| ASSETS.iter().any(|(other, ..)| *other == name);
        for (name, _, _) in ASSETS {
            let text = text(name);
            for named in text.split("\"./").skip(1).chain(text.split("\"/ui/").skip(1)) {
                let named = named.split('"').next().unwrap();
                assert!(known(named) || named == "session", "{name} names {named}");
            }
        }
    }

    /// Its words, as far as scripts have names.
    fn words(text: &str) -> impl Iterator<Item = &str> {
        text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty())
    }

    #[test]
    fn every_name_that_a_file_imports_is_exported_there_and_used_here() {
        let exported = |line: &str| {
            let mut names = words(line).skip(1).filter(|word| !["async", "function", "class", "const"].contains(word));
            names.next().map(str::to_owned)
        };
        let mut looked_at = 0;
        for (name, ..) in ASSETS {
            let script = text(name);
            for import in script.lines().filter_map(|line| line.strip_prefix("import { ")) {
                let (names, from) = import.strip_suffix("\";").unwrap().split_once(" } from \"./").unwrap();
                let exports: Vec<String> = text(from).lines().filter(|line| line.starts_with("export ")).filter_map(exported).collect();
                for imported in names.split(", ") {
                    assert!(exports.iter().any(|one| one == imported), "{name} imports {imported} of {from}");
                    assert!(words(&script).filter(|word| *word == imported).count() > 1, "{name} does not use {imported}");
                    looked_at += 1;
                }
            }
        }
        assert!(looked_at > 40, "only {looked_at} imports were looked at");
    }

    #[test]
    fn nothing_comes_from_elsewhere_and_nothing_makes_elements_of_text() {
        for (name, ..) in ASSETS {
            let text = text(name).replace("http://www.w3.org/", "");
            for no in [
                "http://",
                "https://",
                "innerHTML",
                "outerHTML",
                "insertAdjacentHTML",
                "document.write",
                "eval(",
                "new Function",
                " style=\"",
                " onclick=",
            ] {
                assert!(!text.contains(no), "{name} has {no}");
            }
        }
        assert!(!text("").contains("<style") && text("").matches("<script").count() == 1);
    }
}
