//! How fast a pod's packets may come and go, as its annotations say (NETW-9). Pure.

use stead_api::Value;
use stead_api::quantity::Quantity;
use stead_api::value::Access;

/// Annotations, and the labels of sandboxes that carry them on.
const INGRESS: (&str, &str) = ("kubernetes.io/ingress-bandwidth", "ingress-bandwidth");
const EGRESS: (&str, &str) = ("kubernetes.io/egress-bandwidth", "egress-bandwidth");
/// Bits in a second.
const MIN: i64 = 1_000;
const MAX: i64 = 1_000_000_000_000_000;

/// The labels for a sandbox; why a value cannot be had.
pub fn labels(pod: &Value) -> Result<Vec<(String, String)>, String> {
    let annotations = &pod["metadata"]["annotations"];
    let asked = [INGRESS, EGRESS].into_iter().filter(|(annotation, _)| annotations.has(annotation));
    asked.map(|(annotation, label)| Ok((label.to_owned(), bits_per_s(annotations.str(annotation))?.to_string()))).collect()
}

fn bits_per_s(text: &str) -> Result<i64, String> {
    let failed = |reason: &str| format!("reading pod bandwidth annotations: {reason}");
    let quantity = Quantity::parse(text).map_err(|error| failed(&format!("{error}")))?;
    match quantity.value_ceil() {
        value if value < MIN => Err(failed("resource is unreasonably small (< 1kbit)")),
        value if value > MAX => Err(failed("resource is unreasonably large (> 1Pbit)")),
        value => Ok(value),
    }
}

/// What a sandbox's labels say.
pub fn rates(labels: &std::collections::BTreeMap<String, String>) -> stead_network::Rates {
    let rate = |(_, label): (&str, &str)| labels.get(label).and_then(|text| text.parse().ok());
    stead_network::Rates { inwards: rate(INGRESS), outwards: rate(EGRESS) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stead_api::json;

    #[test]
    fn annotations_are_bits_in_a_second() {
        // NETW-9
        let labels_of = |ingress: &str| labels(&json!({"metadata": {"annotations": {"kubernetes.io/ingress-bandwidth": ingress}}}));
        let labels: std::collections::BTreeMap<String, String> = labels_of("10M").unwrap().into_iter().collect();
        assert_eq!(rates(&labels), stead_network::Rates { inwards: Some(10_000_000), outwards: None });
        assert_eq!(labels_of("999").unwrap_err(), "reading pod bandwidth annotations: resource is unreasonably small (< 1kbit)");
        assert_eq!(labels_of("2P").unwrap_err(), "reading pod bandwidth annotations: resource is unreasonably large (> 1Pbit)");
        assert!(labels_of("fast").is_err() && labels_of("1k").is_ok());
        assert_eq!(super::labels(&json!({})), Ok(Vec::new()));
    }
}
