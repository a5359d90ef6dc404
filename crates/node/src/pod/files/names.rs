//! What a pod's machine is called (FILE-5). Pure.

use crate::pod::steps::NodeFacts;
use stead_api::Value;
use stead_api::value::Access;

/// Longest label of a DNS name, and with it the longest short name.
const LABEL_MAX: usize = 63;
/// What the kernel takes.
const KERNEL_MAX: usize = 64;

/// The names of a pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// The short one.
    pub short: String,
    /// `SUBDOMAIN.NAMESPACE.svc.DOMAIN`; empty without a subdomain.
    pub domain: String,
    /// What `hostname` prints.
    pub kernel: String,
}

/// The names of a pod; an error is why its sandbox cannot be made.
pub fn names(pod: &Value, node: &NodeFacts) -> Result<Names, String> {
    let (meta, spec) = (&pod["metadata"], &pod["spec"]);
    let overriding = spec.str("hostnameOverride");
    let name = [overriding, spec.str("hostname"), meta.str("name")].into_iter().find(|name| !name.is_empty()).unwrap_or_default();
    let short = name.chars().take(LABEL_MAX).collect::<String>().trim_end_matches(['-', '.']).to_owned();
    if short.is_empty() {
        return Err(format!("hostname for pod {:?} was invalid: {name:?}", meta.str("name")));
    }
    let subdomain = Some(spec.str("subdomain")).filter(|subdomain| !subdomain.is_empty() && overriding.is_empty());
    let domain = subdomain.map(|subdomain| format!("{subdomain}.{}.svc.{}", meta.str("namespace"), node.dns.domain)).unwrap_or_default();
    let kernel = match spec.flag("hostNetwork") {
        true => node.hostname.clone(),
        false if spec.flag("setHostnameAsFQDN") && !domain.is_empty() => full(&short, &domain)?,
        false => short.clone(),
    };
    Ok(Names { short, domain, kernel })
}

fn full(short: &str, domain: &str) -> Result<String, String> {
    let full = format!("{short}.{domain}");
    let length = full.len();
    if length <= KERNEL_MAX {
        return Ok(full);
    }
    Err(format!(
        "failed to construct FQDN from pod hostname and cluster domain, FQDN {full} is too long ({KERNEL_MAX} characters is the max, \
         {length} characters requested)"
    ))
}
