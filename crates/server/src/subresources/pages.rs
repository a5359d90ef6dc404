//! Links in the HTML pages of programs behind `proxy`. Input: a page, and where a link leads instead. Output: the page with those links, all
//! else as it was. Pure. Style sheets and scripts are not looked into, as upstream does not.

use html5gum::emitters::callback::{CallbackEmitter, CallbackEvent};
use html5gum::{Span, Tokenizer};
use http::{HeaderMap, header};
use std::ops::Range;

/// Of a page whose links are looked at.
pub(crate) const BYTES_MAX: usize = 4 * 1024 * 1024;

/// Attributes that are addresses, and of which elements.
const LINKS: &[(&str, &[&str])] = &[
    ("action", &["form"]),
    ("background", &["body"]),
    ("cite", &["blockquote", "del", "ins", "q"]),
    ("classid", &["object"]),
    ("codebase", &["applet", "object"]),
    ("data", &["object"]),
    ("formaction", &["button", "input"]),
    ("href", &["a", "area", "base", "link"]),
    ("icon", &["command"]),
    ("longdesc", &["frame", "iframe", "img"]),
    ("manifest", &["html"]),
    ("poster", &["video"]),
    ("profile", &["head"]),
    ("src", &["audio", "embed", "frame", "iframe", "img", "input", "script", "source", "video"]),
    ("usemap", &["img", "input", "object"]),
];

/// Whether the client would take a page.
pub(super) fn is_wanted(headers: &HeaderMap) -> bool {
    headers.get_all(header::ACCEPT).iter().any(|accepted| accepted.to_str().is_ok_and(|accepted| accepted.contains("text/html")))
}

/// Whether it is a page that can be read.
pub(super) fn is_page(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media = text(header::CONTENT_TYPE).split(';').next().unwrap_or_default().trim();
    media.eq_ignore_ascii_case("text/html") && matches!(text(header::CONTENT_ENCODING), "" | "identity")
}

/// The page whose links lead where `led` says.
pub(super) fn with_links(page: &[u8], led: impl Fn(&str) -> String) -> Vec<u8> {
    let mut written = Vec::with_capacity(page.len());
    let mut end = 0;
    for (place, link) in links(page) {
        let other = led(&link);
        if other == link || place.start < end {
            continue;
        }
        written.extend(&page[end..place.start]);
        other.chars().for_each(|c| escape(c, &mut written));
        end = place.end;
    }
    written.extend(&page[end..]);
    written
}

/// Every address of the page, and where it stands.
fn links(page: &[u8]) -> Vec<(Range<usize>, String)> {
    let (mut elements, mut attributes): (&[&str], _) = (&[], Vec::new());
    let mut element = Vec::new();
    let found = |event: CallbackEvent<'_>, span: Span| {
        match event {
            CallbackEvent::OpenStartTag { name } => element = name.to_vec(),
            CallbackEvent::EndTag { .. } => element.clear(),
            CallbackEvent::AttributeName { name } => {
                elements = LINKS.iter().find(|(link, _)| link.as_bytes() == name).map_or(&[], |(_, elements)| elements);
            }
            CallbackEvent::AttributeValue { value } if elements.iter().any(|known| known.as_bytes() == element) => {
                return std::str::from_utf8(value).ok().map(|link| (span.start..span.end, link.to_owned()));
            }
            _ => {}
        }
        None
    };
    let mut emitter = CallbackEmitter::new(found);
    emitter.naively_switch_states(true);
    for link in Tokenizer::new_with_emitter(page, emitter) {
        match link {
            Ok(link) => attributes.push(link),
            Err(never) => match never {},
        }
    }
    attributes
}

/// As it may stand in an attribute's value with any quotes, or none.
fn escape(c: char, into: &mut Vec<u8>) {
    if c.is_ascii_whitespace() || matches!(c, '&' | '"' | '\'' | '<' | '>' | '`') {
        into.extend(format!("&#{};", u32::from(c)).bytes());
    } else {
        into.extend(c.encode_utf8(&mut [0; 4]).bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn led(link: &str) -> String {
        if link.starts_with('/') { format!("/p{link}") } else { link.to_owned() }
    }

    fn page(text: &str) -> String {
        String::from_utf8(with_links(text.as_bytes(), led)).unwrap()
    }

    #[test]
    fn links_are_led_back() {
        // R56
        for (before, after) in [
            ("<a href=\"/x\">x</a>", "<a href=\"/p/x\">x</a>"),
            ("<A class=b HREF='/x?a=1&amp;b=2' id=/x>", "<A class=b HREF='/p/x?a=1&#38;b=2' id=/x>"),
            ("<img src=/i.png><script src = \"/s.js\"></script>", "<img src=/p/i.png><script src = \"/p/s.js\"></script>"),
            ("<form method=post action=\"/go\"/>", "<form method=post action=\"/p/go\"/>"),
            ("<link href=\"/é.css\" rel=stylesheet>ü<a href=\"/ü\">", "<link href=\"/p/é.css\" rel=stylesheet>ü<a href=\"/p/ü\">"),
        ] {
            assert_eq!(page(before), after);
        }
    }

    #[test]
    fn all_else_stays() {
        for text in [
            "",
            "/x <a",
            "<a href=x><a href='#x'><a href>",
            "<p href=\"/x\">",
            "<!-- <a href=\"/x\"> --><script>'<a href=\"/x\">'</script><textarea><a href=\"/x\"></textarea>",
            "</a href=\"/x\">",
            "<a href=\"/x",
        ] {
            assert_eq!(page(text), text);
        }
        assert_eq!(with_links(b"<a href=\"/\xff\">\xff", led), b"<a href=\"/\xff\">\xff");
    }

    #[test]
    fn what_a_link_becomes_cannot_end_its_attribute() {
        let hostile = |_: &str| "/'\"> <b>`&".to_owned();
        let written = String::from_utf8(with_links(b"<a href=/x>", hostile)).unwrap();
        assert_eq!(written, "<a href=/&#39;&#34;&#62;&#32;&#60;b&#62;&#96;&#38;>");
        assert_eq!(links(written.as_bytes())[0].1, "/'\"> <b>`&");
    }

    #[test]
    fn a_page_is_html_that_can_be_read() {
        let headers = |media: &'static str, encoding: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, media.parse().unwrap());
            headers.insert(header::CONTENT_ENCODING, encoding.parse().unwrap());
            headers
        };
        assert!(is_page(&headers("text/html; charset=utf-8", "identity")));
        assert!(!is_page(&headers("text/html", "br")) && !is_page(&headers("application/json", "")) && !is_page(&HeaderMap::new()));
    }
}
