//! Names as the index compares them: labels in lower case, from the zone outwards; and the zone of the cluster itself.

use hickory_proto::rr::Name;

/// What the cluster's names end with, and how long they may be kept.
#[derive(Debug, Clone)]
pub struct Zone {
    domain: Name,
    pub ttl_s: u32,
}

impl Zone {
    /// `None`: the domain is no name.
    pub fn new(domain: &str, ttl_s: u32) -> Option<Self> {
        Some(Self { domain: parse(domain)?.to_lowercase(), ttl_s })
    }

    pub fn domain(&self) -> &Name {
        &self.domain
    }

    /// The labels in front of the domain, the nearest first; `None` for a name of another zone.
    pub fn below(&self, name: &Name) -> Option<Labels> {
        let outside = name.iter().count().checked_sub(self.domain.iter().count())?;
        self.domain.zone_of(name).then(|| Labels::of(name, outside))
    }

    /// `LABELS.DOMAIN`, with labels as written, e.g. `web.default.svc`. `None`: too long for a name.
    pub fn name(&self, labels: &[&str]) -> Option<Name> {
        labels.iter().try_fold(Name::new(), |name, label| name.append_label(label.as_bytes()).ok())?.append_domain(&self.domain).ok()
    }
}

/// A name in the API's texts, absolute whether it ends with a dot or not.
pub fn parse(text: &str) -> Option<Name> {
    let labels = text.strip_suffix('.').unwrap_or(text).split('.');
    labels.filter(|label| !label.is_empty()).try_fold(Name::root(), |name, label| name.append_label(label.as_bytes()).ok())
}

/// Lower-case labels, the one nearest the zone first.
#[derive(Debug)]
pub struct Labels {
    text: String,
    /// Where each label begins and ends in `text`.
    spans: Vec<(usize, usize)>,
}

impl Labels {
    /// The first labels of a name, so many of them.
    pub fn of(name: &Name, count: usize) -> Self {
        let (mut text, mut spans) = (String::with_capacity(name.len()), Vec::with_capacity(count));
        for label in name.iter().take(count) {
            let start = text.len();
            // No name of the API has a byte beyond ASCII, so that it does not matter what they become.
            text.extend(label.iter().map(|byte| char::from(byte.to_ascii_lowercase())));
            spans.push((start, text.len()));
        }
        spans.reverse();
        Self { text, spans }
    }

    pub fn to_vec(&self) -> Vec<&str> {
        self.spans.iter().map(|(start, end)| &self.text[*start..*end]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_counted_from_the_zone_outwards() {
        let zone = Zone::new("Cluster.Local.", 30).unwrap();
        let below = |text: &str| zone.below(&parse(text).unwrap()).map(|labels| labels.to_vec().join("/"));
        assert_eq!(below("Web-0.WEB.ns.svc.cluster.LOCAL").unwrap(), "svc/ns/web/web-0");
        assert_eq!(below("cluster.local").unwrap(), "");
        assert_eq!(below("local"), None);
        assert_eq!(below("web.cluster.local.example"), None);
        assert_eq!(below("*.cluster.local").unwrap(), "*");
        assert_eq!(zone.name(&["web", "ns", "svc"]).unwrap().to_ascii(), "web.ns.svc.cluster.local.");
    }
}
