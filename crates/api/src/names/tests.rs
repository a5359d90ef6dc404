//! Tests of the name rules against texts recorded from a real server.

use super::*;

#[test]
fn labels_say_dots_apart_from_other_faults() {
    // E6: the text differs when only dots are wrong.
    assert!(dns_label("web-0").is_empty());
    assert_eq!(dns_label("a.b"), ["must not contain dots"]);
    assert_eq!(dns_label(&"a".repeat(64)), ["must be no more than 63 characters"]);
    assert_eq!(
        dns_label("A"),
        ["a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an \
          alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"]
    );
}

#[test]
fn generate_name_may_end_in_a_dash() {
    // W3
    assert!(NameRule::Subdomain.check_prefix("web-").is_empty());
    assert!(!NameRule::Subdomain.check_prefix("-").is_empty());
    assert!(!NameRule::Subdomain.check("web-").is_empty());
}

#[test]
fn qualified_names_report_prefix_and_name() {
    assert!(qualified_name("example.com/My_Name").is_empty());
    assert_eq!(qualified_name("a/b/c").len(), 1);
    assert_eq!(qualified_name("/a"), ["prefix part must be non-empty"]);
    assert_eq!(qualified_name("")[0], "name part must be non-empty");
    assert_eq!(qualified_name("").len(), 2);
    assert_eq!(qualified_name(&"a".repeat(64)), ["name part must be no more than 63 bytes"]);
}

#[test]
fn addresses_are_read_leniently_and_judged_strictly() {
    // N31
    assert!(ip_address("10.0.0.1").is_empty());
    assert!(ip_address("FD00::1").is_empty());
    assert_eq!(ip_address("010.0.0.1"), ["must not have leading 0s"]);
    assert_eq!(ip_address("::ffff:1.2.3.4"), ["must not be an IPv4-mapped IPv6 address"]);
    assert_eq!(ip_address("1.2.3"), ["must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"]);
    assert_eq!(cidr("10.1.0.5/24"), ["must not have bits set beyond the prefix length"]);
    assert!(cidr("0.0.0.0/0").is_empty() && cidr("fd00::/8").is_empty());
    assert_eq!(cidr("1.2.3.4/33").len(), 1);
}

#[test]
fn ports_and_keys() {
    assert_eq!(port_name("1234"), ["must contain at least one letter (a-z)"]);
    assert_eq!(port_name("a--b"), ["must not contain consecutive hyphens"]);
    assert_eq!(port_number(0), ["must be between 1 and 65535, inclusive"]);
    assert_eq!(config_map_key(".."), ["must not be '..'"]);
    assert_eq!(config_map_key("..a"), ["must not start with '..'"]);
    assert!(env_var_name("my var!").is_empty());
    assert!(!env_var_name("a=b").is_empty());
}
