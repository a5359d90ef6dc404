//! Variables by which programs are told to ask a proxy: whether kubectl would go through one to this server, and what to do about it.

use std::net::IpAddr;

/// A sentence for the user whose kubectl would ask a proxy for the server of that URL.
#[expect(clippy::disallowed_methods, reason = "kubectl is told by the environment alone")]
pub fn remark(url: &str) -> Option<String> {
    let variable = |name: &str| {
        let both = [name.to_owned(), name.to_lowercase()];
        both.into_iter().find_map(|name| std::env::var(&name).ok().filter(|value| !value.is_empty()).map(|value| (name, value)))
    };
    let (name, _) = variable("HTTPS_PROXY")?;
    let (_, exceptions) = variable("NO_PROXY").unwrap_or_default();
    of(url, &name, &exceptions)
}

/// Programs written in Go never ask a proxy for this machine itself (127.0.0.1).
fn of(url: &str, variable: &str, exceptions: &str) -> Option<String> {
    let address: std::net::SocketAddr = url.strip_prefix("https://")?.parse().ok()?;
    let ip = address.ip();
    if ip.is_loopback() || exceptions.split(',').any(|exception| covers(exception.trim(), ip)) {
        return None;
    }
    Some(format!(
        "{variable} is set, and kubectl would ask that proxy for this server: type `export NO_PROXY={}` first",
        with(exceptions, ip)
    ))
}

fn with(exceptions: &str, ip: IpAddr) -> String {
    if exceptions.is_empty() { ip.to_string() } else { format!("{exceptions},{ip}") }
}

/// Whether an item of NO_PROXY (`*`, an address, a range) is about that address.
fn covers(exception: &str, ip: IpAddr) -> bool {
    let bare = exception.trim_matches(['[', ']']);
    let in_range = || {
        let only = stead_network::Range::around(ip, if ip.is_ipv4() { 32 } else { 128 });
        bare.parse::<stead_network::Range>().is_ok_and(|range| range.covers(only))
    };
    bare == "*" || bare.parse() == Ok(ip) || in_range()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_kubectl_would_ask_a_proxy_for_is_said() {
        let said = |url: &str, exceptions: &str| of(url, "HTTPS_PROXY", exceptions);
        assert_eq!(said("https://127.0.0.1:6443", ""), None);
        assert_eq!(said("https://[::1]:6443", ""), None);
        for covered in ["192.0.2.7", "*", "a.example, 192.0.2.0/24"] {
            assert_eq!(said("https://192.0.2.7:6443", covered), None, "{covered}");
        }
        assert!(said("https://192.0.2.7:6443", "").unwrap().ends_with("type `export NO_PROXY=192.0.2.7` first"));
        assert!(said("https://192.0.2.7:6443", "10.0.0.0/8").unwrap().ends_with("`export NO_PROXY=10.0.0.0/8,192.0.2.7` first"));
    }
}
