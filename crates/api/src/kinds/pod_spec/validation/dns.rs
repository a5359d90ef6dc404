//! Validation of `dnsConfig` against the limits of name resolution in libc.

use super::{Context, texts};
use crate::{
    Value,
    field::{self, Errors},
    names,
    value::Access,
};

const MAX_NAMESERVERS: usize = 3;
const MAX_SEARCHES: usize = 32;
const MAX_SEARCH_CHARS: usize = 2048;

/// Validates `dnsConfig`, which the policy None cannot do without.
pub fn config(context: &Context<'_>) -> Errors {
    let path = context.path.child("dnsConfig");
    let config = context.spec.get("dnsConfig");
    if context.spec.str("dnsPolicy") == "None" {
        let Some(config) = config else {
            return vec![field::required(&path, "must provide `dnsConfig` when `dnsPolicy` is None")];
        };
        if config.items("nameservers").is_empty() {
            let detail = "must provide at least one DNS nameserver when `dnsPolicy` is None";
            return vec![field::required(&path.child("nameservers"), detail)];
        }
    }
    let Some(config) = config else { return Errors::new() };
    let mut errors = Errors::new();
    let at = path.child("nameservers");
    let servers = config.items("nameservers");
    if servers.len() > MAX_NAMESERVERS {
        let detail = format!("must not have more than {MAX_NAMESERVERS} nameservers");
        errors.push(field::invalid(&at, servers.to_vec(), &detail));
    }
    for (i, server) in servers.iter().enumerate() {
        let server = server.as_str().unwrap_or_default();
        errors.extend(texts(&at.index(i), server, names::ip_address(server)));
    }
    errors.extend(searches(config.items("searches"), &path.child("searches")));
    for (i, option) in config.items("options").iter().enumerate() {
        if option.str("name").is_empty() {
            errors.push(field::required(&path.child("options").index(i), "must not be empty"));
        }
    }
    errors
}

fn searches(searches: &[Value], path: &field::Path) -> Errors {
    let mut errors = Errors::new();
    let list: Vec<&str> = searches.iter().map(|s| s.as_str().unwrap_or_default()).collect();
    if list.len() > MAX_SEARCHES {
        let detail = format!("must not have more than {MAX_SEARCHES} search paths");
        errors.push(field::invalid(path, searches.to_vec(), &detail));
    }
    if list.join(" ").len() > MAX_SEARCH_CHARS {
        let detail = format!("must not have more than {MAX_SEARCH_CHARS} characters (including spaces) in the search list");
        errors.push(field::invalid(path, searches.to_vec(), &detail));
    }
    for (i, search) in list.iter().enumerate().filter(|(_, s)| **s != ".") {
        let search = search.strip_suffix('.').unwrap_or(search);
        errors.extend(texts(&path.index(i), search, names::dns_subdomain_with_underscore(search)));
    }
    errors
}
