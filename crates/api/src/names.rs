//! Name rules: DNS labels and subdomains, qualified names, label values, and their error texts.

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
}
