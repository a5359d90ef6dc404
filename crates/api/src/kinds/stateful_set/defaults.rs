//! The versioned defaults of StatefulSets, of their template and their claim templates.

use crate::{
    Value, json,
    kinds::{pod_spec::defaults as pod_defaults, pod_template},
    value::Access,
};

const REVISIONS_KEPT: i64 = 10;

/// Fills in the defaults.
pub fn object(object: &mut Value) {
    object.default_to("spec", json!({}));
    let spec = &mut object["spec"];
    spec.default_to("podManagementPolicy", "OrderedReady");
    spec.default_to("updateStrategy", json!({}));
    update_strategy(&mut spec["updateStrategy"]);
    spec.default_to("persistentVolumeClaimRetentionPolicy", json!({}));
    for member in ["whenDeleted", "whenScaled"] {
        spec["persistentVolumeClaimRetentionPolicy"].default_to(member, "Retain");
    }
    spec.default_to("replicas", 1);
    spec.default_to("revisionHistoryLimit", REVISIONS_KEPT);
    pod_template::default(spec);
    spec.items_mut("volumeClaimTemplates").iter_mut().for_each(claim);
}

fn update_strategy(strategy: &mut Value) {
    if strategy.str("type").is_empty() {
        strategy["type"] = "RollingUpdate".into();
        strategy.default_to("rollingUpdate", json!({}));
    }
    if strategy.str("type") == "RollingUpdate"
        && let Some(rolling) = strategy.get_mut("rollingUpdate")
    {
        rolling.default_to("partition", 0);
        rolling.default_to("maxUnavailable", 1);
    }
}

/// A claim template is always a claim of this version, whatever it says of itself.
fn claim(claim: &mut Value) {
    claim["kind"] = "PersistentVolumeClaim".into();
    claim["apiVersion"] = "v1".into();
    claim.default_to("spec", json!({}));
    pod_defaults::claim_spec(&mut claim["spec"]);
    claim.default_to("status", json!({}));
    let status = &mut claim["status"];
    status.default_to("phase", "Pending");
    for member in ["capacity", "allocatedResources"] {
        if let Some(amounts) = status.get_mut(member) {
            pod_defaults::round_up(amounts);
        }
    }
}
