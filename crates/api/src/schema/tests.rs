//! The table says what Kubernetes' types say.

use super::*;

#[test]
fn types_are_found_by_name_and_by_gvk() {
    let pod = by_name("io.k8s.api.core.v1.Pod").expect("Pod");
    assert!(std::ptr::eq(pod, by_gvk("", "v1", "Pod").expect("Pod")));
    assert_eq!(pod.short_name(), "Pod");
    assert_eq!(pod.go_type(), "v1.Pod");
    assert!(by_name("io.k8s.api.core.v1.Nothing").is_none());
    assert!(by_gvk("apps", "v1", "Pod").is_none());
    assert!(generated::TYPES.is_sorted_by_key(|ty| ty.name));
}

#[test]
fn fields_carry_omission_pointers_and_go_types() {
    let spec = &generated::APPS_V1_STATEFUL_SET_SPEC;
    let replicas = spec.field("replicas").expect("replicas");
    assert!(replicas.pointer && replicas.go == "int32" && replicas.omit == Omit::Empty);
    let name = spec.field("serviceName").expect("serviceName");
    assert!(!name.pointer && name.omit == Omit::Never);
    let pod = &generated::CORE_V1_POD_SPEC;
    assert_eq!(pod.field("containers").expect("containers").go, "[]v1.Container");
    assert_eq!(pod.field("restartPolicy").expect("restartPolicy").go, "v1.RestartPolicy");
    assert_eq!(generated::META_V1_OBJECT_META.field("creationTimestamp").expect("field").omit, Omit::Zero);
}

#[test]
fn embedded_messages_lead_to_their_fields() {
    // N12
    let host_path = generated::CORE_V1_VOLUME.field("hostPath").expect("hostPath");
    assert_eq!((host_path.within, host_path.tag), (&[2][..], 1));
    let rule = generated::ADMISSIONREGISTRATION_V1_NAMED_RULE_WITH_OPERATIONS.field("scope").expect("scope");
    assert_eq!((rule.within, rule.tag), (&[2, 2][..], 4));
    let args = generated::CORE_V1_EPHEMERAL_CONTAINER.field("args").expect("args");
    assert_eq!((args.within, args.tag), (&[1][..], 4));
    assert!(generated::META_V1_API_RESOURCE.field("verbs").expect("verbs").wrapped);
}

#[test]
fn descriptions_of_types_and_fields() {
    use descriptions::description;
    let config_map = "io.k8s.api.core.v1.ConfigMap";
    assert_eq!(description(config_map, ""), Some("ConfigMap holds configuration data for pods to consume."));
    assert!(description(config_map, "binaryData").is_some_and(|text| text.starts_with("BinaryData contains")));
    assert!(description(config_map, "apiVersion").is_some_and(|text| text.starts_with("APIVersion defines")));
    assert!(description("io.k8s.api.core.v1.ObjectReference", "kind").is_some_and(|text| text.starts_with("Kind of the referent")));
    assert!(description("io.k8s.api.core.v1.Container", "volumeMounts").is_some());
    assert_eq!(description(config_map, "nothing"), None);
}

#[test]
fn nearly_every_field_is_described() {
    let mut missing = Vec::new();
    let mut count = 0;
    for ty in generated::TYPES.iter().filter(|ty| !ty.name.ends_with("List")) {
        for field in ty.fields {
            count += 1;
            if descriptions::description(ty.name, field.name).is_none() {
                missing.push(format!("{} {}", ty.name, field.name));
            }
        }
    }
    assert!(missing.len() * 50 < count, "{} of {count}: {missing:#?}", missing.len());
}
