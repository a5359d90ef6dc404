//! Name rules: DNS labels and subdomains, qualified names, label values, ports, and their error texts; addresses are in `addresses`.
//! Input: a string. Output: what is wrong with it, in apimachinery's words and order; empty if nothing is.
//! Never looks at objects or paths.

use crate::field::{self, Errors, Path};

mod addresses;
pub use addresses::{
    SloppyIp, cidr, cidr_warning, ip_address, ip_warning, masked, parse_cidr, parse_ip, special_ip, strict_cidr, strict_ip_address,
};

/// Which rule a kind's `metadata.name` obeys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameRule {
    /// RFC 1123 subdomain, 253 bytes: most kinds.
    Subdomain,
    /// RFC 1123 label, 63 bytes: namespaces, StatefulSets.
    Label,
    /// RFC 1035 label before 1.34, RFC 1123 label since: Services.
    Service,
    /// Path segment: anything but `.`, `..`, `/`, `%`: RBAC, events.
    PathSegment,
    /// An address in canonical form: IPAddresses.
    Address,
}

impl NameRule {
    /// What is wrong with `metadata.name`.
    pub fn check(self, name: &str) -> Vec<String> {
        match self {
            Self::Subdomain => dns_subdomain(name),
            Self::Label | Self::Service => dns_label(name),
            Self::PathSegment => path_segment_name(name),
            Self::Address => strict_ip_address(name),
        }
    }

    /// What is wrong with `metadata.generateName`, to which five characters will be added.
    pub fn check_prefix(self, prefix: &str) -> Vec<String> {
        match self {
            Self::PathSegment => path_segment_prefix(prefix),
            _ => self.check(&mask_trailing_dash(prefix)),
        }
    }
}

/// A prefix that ends in `-` is judged as if a letter stood there, since more will follow.
fn mask_trailing_dash(prefix: &str) -> String {
    match prefix.strip_suffix('-') {
        Some(head) if !head.is_empty() => format!("{head}a"),
        _ => prefix.to_owned(),
    }
}

const LABEL_FMT: &str = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const SUBDOMAIN_FMT: &str = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*";
const QUALIFIED_FMT: &str = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
const LABEL_MAX: usize = 63;
const SUBDOMAIN_MAX: usize = 253;
const PORT_NAME_MAX: usize = 15;

/// `must be no more than N characters`.
pub fn max_len(max: usize) -> String {
    format!("must be no more than {max} characters")
}

fn max_bytes(max: usize) -> String {
    format!("must be no more than {max} bytes")
}

/// `must be between LOW and HIGH, inclusive`.
pub fn between(low: i64, high: i64) -> String {
    format!("must be between {low} and {high}, inclusive")
}

/// A rule's text with its examples and regular expression.
fn regex_text(what: &str, regex: &str, examples: &[&str]) -> String {
    let list: Vec<String> = examples.iter().map(|e| format!("'{e}', ")).collect();
    format!("{what} (e.g. {}regex used for validation is '{regex}')", list.join(" or "))
}

fn is_lower_or_digit(c: u8) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit()
}

/// Non-empty, `inner` characters throughout, and alphanumeric ones at both ends.
fn bounded(text: &str, inner: fn(u8) -> bool, edge: fn(u8) -> bool) -> bool {
    let bytes = text.as_bytes();
    match (bytes.first(), bytes.last()) {
        (Some(first), Some(last)) => edge(*first) && edge(*last) && bytes.iter().all(|c| inner(*c)),
        _ => false,
    }
}

fn label_shaped(text: &str) -> bool {
    bounded(text, |c| is_lower_or_digit(c) || c == b'-', is_lower_or_digit)
}

fn subdomain_shaped(text: &str) -> bool {
    text.split('.').all(label_shaped)
}

fn qualified_shaped(text: &str) -> bool {
    bounded(text, |c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_' | b'.'), |c| c.is_ascii_alphanumeric())
}

fn subdomain_text() -> String {
    let what = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', \
                and must start and end with an alphanumeric character";
    regex_text(what, SUBDOMAIN_FMT, &["example.com"])
}

/// RFC 1123 label: at most 63 of `[-a-z0-9]`.
pub fn dns_label(value: &str) -> Vec<String> {
    let mut errors = Vec::new();
    if value.len() > LABEL_MAX {
        errors.push(max_len(LABEL_MAX));
    }
    if !label_shaped(value) {
        if subdomain_shaped(value) {
            errors.push("must not contain dots".to_owned());
        } else {
            let what = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', \
                        and must start and end with an alphanumeric character";
            errors.push(regex_text(what, LABEL_FMT, &["my-name", "123-abc"]));
        }
    }
    errors
}

/// RFC 1123 subdomain: labels joined by dots, at most 253.
pub fn dns_subdomain(value: &str) -> Vec<String> {
    let mut errors = Vec::new();
    if value.len() > SUBDOMAIN_MAX {
        errors.push(max_len(SUBDOMAIN_MAX));
    }
    if !subdomain_shaped(value) {
        errors.push(subdomain_text());
    }
    errors
}

/// `*.` and a subdomain.
pub fn wildcard_subdomain(value: &str) -> Vec<String> {
    let mut errors = Vec::new();
    if value.len() > SUBDOMAIN_MAX {
        errors.push(max_len(SUBDOMAIN_MAX));
    }
    if !value.strip_prefix("*.").is_some_and(subdomain_shaped) {
        let what = "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower \
                    case alphanumeric characters, '-' or '.' and end with an alphanumeric character";
        let regex = r"\*\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*";
        errors.push(regex_text(what, regex, &["*.example.com"]));
    }
    errors
}

/// As [`dns_subdomain`], where labels may begin with and contain `_` (search domains).
pub fn dns_subdomain_with_underscore(value: &str) -> Vec<String> {
    let label = |text: &str| {
        let text = text.strip_prefix('_').unwrap_or(text);
        bounded(text, |c| is_lower_or_digit(c) || c == b'-' || c == b'_', is_lower_or_digit)
    };
    let mut errors = Vec::new();
    if value.len() > SUBDOMAIN_MAX {
        errors.push(max_len(SUBDOMAIN_MAX));
    }
    if !value.split('.').all(label) {
        let what = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', \
                    and must start and end with an alphanumeric character";
        let regex = r"_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\._?[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*";
        errors.push(regex_text(what, regex, &["example.com"]));
    }
    errors
}

/// A label key: an optional subdomain and `/`, then at most 63 of `[-_.A-Za-z0-9]`.
pub fn qualified_name(value: &str) -> Vec<String> {
    let what = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
    let text = regex_text(what, QUALIFIED_FMT, &["MyName", "my.name", "123-abc"]);
    let mut errors = Vec::new();
    let name = match value.split_once('/') {
        None => value,
        Some((_, rest)) if rest.contains('/') => {
            let tail = "with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')";
            return vec![format!("a valid label key {text} {tail}")];
        }
        Some((prefix, name)) => {
            if prefix.is_empty() {
                errors.push("prefix part must be non-empty".to_owned());
            } else {
                if prefix.len() > SUBDOMAIN_MAX {
                    errors.push(format!("prefix part {}", max_bytes(SUBDOMAIN_MAX)));
                }
                if !subdomain_shaped(prefix) {
                    errors.push(format!("prefix part {}", subdomain_text()));
                }
            }
            name
        }
    };
    if name.is_empty() {
        errors.push("name part must be non-empty".to_owned());
    } else if name.len() > LABEL_MAX {
        errors.push(format!("name part {}", max_bytes(LABEL_MAX)));
    }
    if !qualified_shaped(name) {
        errors.push(format!("name part {text}"));
    }
    errors
}

/// A label value: empty, or at most 63 of `[-_.A-Za-z0-9]`.
pub fn label_value(value: &str) -> Vec<String> {
    let mut errors = Vec::new();
    if value.len() > LABEL_MAX {
        errors.push(max_bytes(LABEL_MAX));
    }
    if !value.is_empty() && !qualified_shaped(value) {
        let what = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', \
                    and must start and end with an alphanumeric character";
        errors.push(regex_text(what, &format!("({QUALIFIED_FMT})?"), &["MyValue", "my_value", "12345"]));
    }
    errors
}

/// A key of a ConfigMap or Secret.
pub fn config_map_key(value: &str) -> Vec<String> {
    let mut errors = Vec::new();
    if value.len() > SUBDOMAIN_MAX {
        errors.push(max_len(SUBDOMAIN_MAX));
    }
    let allowed = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_' | b'.');
    if value.is_empty() || !value.bytes().all(allowed) {
        let what = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'";
        errors.push(regex_text(what, "[-._a-zA-Z0-9]+", &["key.name", "KEY_NAME", "key-name"]));
    }
    match value {
        "." => errors.push("must not be '.'".to_owned()),
        ".." => errors.push("must not be '..'".to_owned()),
        _ if value.starts_with("..") => errors.push("must not start with '..'".to_owned()),
        _ => {}
    }
    errors
}

/// `example.com/name`, told at `path`.
pub fn domain_prefixed_path(value: &str, path: &Path) -> Errors {
    const PATH_FMT: &str = r"[A-Za-z0-9/\-._~%!$&'()*+,;=:]+";
    if value.is_empty() {
        return vec![field::required(path, "")];
    }
    let Some((host, rest)) = value.split_once('/').filter(|(host, rest)| !host.is_empty() && !rest.is_empty()) else {
        return vec![field::invalid(path, value, "must be a domain-prefixed path (such as \"acme.io/foo\")")];
    };
    let mut errors: Errors = dns_subdomain(host).iter().map(|why| field::invalid(path, host, why)).collect();
    if !rest.bytes().all(|c| c.is_ascii_alphanumeric() || b"/-._~%!$&'()*+,;=:".contains(&c)) {
        errors.push(field::invalid(path, rest, &format!("Invalid path (regex used for validation is '{PATH_FMT}')")));
    }
    errors
}

/// An environment variable's name: printable ASCII but `=`.
pub fn env_var_name(value: &str) -> Vec<String> {
    if value.is_empty() {
        return vec!["environment variable name must be non-empty".to_owned()];
    }
    if value.bytes().all(|c| (b' '..=b'~').contains(&c) && c != b'=') {
        return Vec::new();
    }
    vec!["a valid environment variable name must consist only of printable ASCII characters other than '='".to_owned()]
}

/// A port's name: at most 15 of `[-a-z0-9]`, one a letter.
pub fn port_name(value: &str) -> Vec<String> {
    let mut errors = Vec::new();
    if value.len() > PORT_NAME_MAX {
        errors.push(max_len(PORT_NAME_MAX));
    }
    if value.is_empty() || !value.bytes().all(|c| is_lower_or_digit(c) || c == b'-') {
        errors.push("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)".to_owned());
    }
    if !value.bytes().any(|c| c.is_ascii_lowercase()) {
        errors.push("must contain at least one letter (a-z)".to_owned());
    }
    if value.contains("--") {
        errors.push("must not contain consecutive hyphens".to_owned());
    }
    if value.starts_with('-') || value.ends_with('-') {
        errors.push("must not begin or end with a hyphen".to_owned());
    }
    errors
}

/// A port number from 1 to 65535.
pub fn port_number(port: i64) -> Vec<String> {
    in_range(port, 1, 65_535)
}

/// An integer in an inclusive range.
pub fn in_range(value: i64, low: i64, high: i64) -> Vec<String> {
    if (low..=high).contains(&value) { Vec::new() } else { vec![between(low, high)] }
}

/// `50%`.
pub fn percent(value: &str) -> Vec<String> {
    let digits = value.strip_suffix('%').unwrap_or_default();
    if !digits.is_empty() && digits.bytes().all(|c| c.is_ascii_digit()) {
        return Vec::new();
    }
    let what = "a valid percent string must be a numeric string followed by an ending '%'";
    vec![regex_text(what, "[0-9]+%", &["1%", "93%"])]
}

/// The name of an HTTP header.
pub fn http_header_name(value: &str) -> Vec<String> {
    if !value.is_empty() && value.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-') {
        return Vec::new();
    }
    let what = "a valid HTTP header must consist of alphanumeric characters or '-'";
    vec![regex_text(what, "[-A-Za-z0-9]+", &["X-Header-Name"])]
}

/// A name that may stand between two slashes of a URL.
pub fn path_segment_name(value: &str) -> Vec<String> {
    match value {
        "." => vec!["may not be '.'".to_owned()],
        ".." => vec!["may not be '..'".to_owned()],
        _ => path_segment_prefix(value),
    }
}

/// The beginning of such a name.
pub fn path_segment_prefix(value: &str) -> Vec<String> {
    ["/", "%"].into_iter().filter(|c| value.contains(c)).map(|c| format!("may not contain '{c}'")).collect()
}

#[cfg(test)]
mod tests;
