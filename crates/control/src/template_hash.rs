//! The hash of a pod template, which names what is made of it (DEP-1, section 14 of the workloads' rules). Pure.

use stead_api::Value;
use stead_api::schema::generated::CORE_V1_POD_TEMPLATE_SPEC;
use stead_api::schema::go_text::go_text;

/// Label and suffix of ReplicaSets: FNV-1a of the defaulted template and of the number of collisions, where one was counted.
pub fn of(template: &Value, collisions: Option<i64>) -> String {
    let mut bytes = go_text(&CORE_V1_POD_TEMPLATE_SPEC, template).into_bytes();
    // Upstream writes 32 of the 64 bits.
    if let Some(count) = collisions.and_then(|count| u32::try_from(count).ok()) {
        bytes.extend(u64::from(count).to_le_bytes());
    }
    safe_encode(bytes.iter().fold(2_166_136_261_u32, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(16_777_619)))
}

/// A number in an alphabet without vowels, so that it is no word.
pub fn safe_encode(sum: u32) -> String {
    const ALPHABET: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";
    sum.to_string().bytes().map(|c| char::from(ALPHABET[usize::from(c) % ALPHABET.len()])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use stead_api::json;

    fn template(image: &str) -> Value {
        json!({
            "metadata": {"labels": {"app": "web"}},
            "spec": {
                "containers": [{
                    "name": "main", "image": image, "resources": {}, "terminationMessagePath": "/dev/termination-log",
                    "terminationMessagePolicy": "File", "imagePullPolicy": "IfNotPresent",
                }],
                "restartPolicy": "Always", "terminationGracePeriodSeconds": 30, "dnsPolicy": "ClusterFirst", "securityContext": {},
                "schedulerName": "default-scheduler",
            },
        })
    }

    // DEP-1
    #[test]
    fn hashes_are_those_of_upstream() {
        assert_eq!(go_text(&CORE_V1_POD_TEMPLATE_SPEC, &template("nginx:1")).len(), 3494);
        assert_eq!(of(&template("nginx:1"), None), "55f589b4d6");
        assert_eq!(of(&template("nginx:2"), None), "55d88dffff");
        assert_eq!(of(&template("nginx:1"), Some(1)), "574fd74f5");
    }
}
