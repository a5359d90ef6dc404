use crate::statefulset::data::{encode, hash, patch_of, template_of};
use stead_api::{Value, json};

const VECTOR: &str = r#"{"spec":{"template":{"$patch":"replace","metadata":{"annotations":{"test":"value"},"creationTimestamp":null,"labels":{"app":"foo"}},"spec":{"containers":[{"image":"test","imagePullPolicy":"Always","name":"test","resources":{},"terminationMessagePath":"/dev/termination-log","terminationMessagePolicy":"File"}],"dnsPolicy":"ClusterFirst","restartPolicy":"Always","schedulerName":"default-scheduler","securityContext":{},"terminationGracePeriodSeconds":30}}}}"#;

// REV-2
#[test]
fn the_hash_is_upstreams() {
    assert_eq!(hash(VECTOR.as_bytes(), 0), "c77f6d978");
    let without = VECTOR.replace(r#""creationTimestamp":null,"#, "");
    assert_eq!(hash(without.as_bytes(), 0), "776999688b");
    assert_ne!(hash(without.as_bytes(), 1), "776999688b");
}

// REV-1
#[test]
fn data_is_sorted_and_reads_back_as_the_template() {
    let value: Value = serde_json::from_str(VECTOR).unwrap();
    let mut template = value["spec"]["template"].clone();
    template.as_object_mut().unwrap().shift_remove("$patch");
    let mut shuffled = stead_api::Map::new();
    for (name, member) in template.as_object().unwrap().iter().rev() {
        shuffled.insert(name.clone(), member.clone());
    }
    let data = patch_of(&Value::Object(shuffled));
    assert_eq!(String::from_utf8(encode(&data)).unwrap(), VECTOR);
    assert_eq!(template_of(&data, &Value::Null), template);
}

// REV-1: what Go's encoder escapes, and what it leaves.
#[test]
fn text_is_escaped_as_go_escapes_it() {
    let text = "a && b <c> \"\\ \n\r\t\u{8}\u{c}\u{1}\u{7f}\u{2028}\u{2029}\u{feff}é";
    let written = String::from_utf8(encode(&json!([text]))).unwrap();
    let wanted = "[\"a \\u0026\\u0026 b \\u003cc\\u003e \\\"\\\\ \\n\\r\\t\\b\\f\\u0001\u{7f}\\u2028\\u2029\u{feff}é\"]";
    assert_eq!(written, wanted);
}

// REV-6 (c): data that does not name the template leaves it as it is.
#[test]
fn data_without_a_template_changes_nothing() {
    let live = json!({"spec": {"containers": []}});
    assert_eq!(template_of(&json!({"x": 1}), &live), live);
}

/// Every revision of the golden runs: its name is the hash of its data as text, and reading and writing keeps the text.
#[test]
fn every_recorded_revision_keeps_its_text_and_name() {
    let runs = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/runs");
    let mut seen = 0;
    for file in std::fs::read_dir(&runs).unwrap() {
        let run: Value = serde_json::from_slice(&std::fs::read(file.unwrap().path()).unwrap()).unwrap();
        for step in run["steps"].as_array().unwrap() {
            let Some(revisions) = step["expect"]["revisions"].as_object() else { continue };
            for revision in revisions.values().filter(|r| r.is_object()) {
                let text = revision["data"].as_str().unwrap();
                let value: Value = serde_json::from_str(text).unwrap();
                assert_eq!(String::from_utf8(encode(&value)).unwrap(), text);
                let template = template_of(&value, &Value::Null);
                let label = revision["metadata"]["labels"]["controller.kubernetes.io/hash"].as_str();
                if let Some(label) = label.filter(|_| template.is_object()) {
                    assert_eq!(String::from_utf8(encode(&patch_of(&template))).unwrap(), text);
                    assert!((0..4).any(|count| hash(text.as_bytes(), count) == label), "{label}");
                    seen += 1;
                }
            }
        }
    }
    assert!(seen > 100, "only {seen} revisions");
}
