//! Types of `networking_v1`, written by `cargo xtask codegen` from docs/schema; change the generator instead.

use super::*;

#[rustfmt::skip]
pub static NETWORKING_V1_HTTP_INGRESS_PATH: Type = Type {
    name: "io.k8s.api.networking.v1.HTTPIngressPath",
    message: "k8s.io.api.networking.v1.HTTPIngressPath",
    gvk: &[],
    fields: &[
        Field { name: "path", shape: Shape::String, go: "string", tag: 1, ..Field::PLAIN },
        Field { name: "pathType", shape: Shape::String, go: "v1.PathType", pointer: true, omit: Omit::Never, required: true, enum_values: &["Exact", "ImplementationSpecific", "Prefix"], tag: 3, ..Field::PLAIN },
        Field { name: "backend", shape: Shape::Struct(&NETWORKING_V1_INGRESS_BACKEND), go: "v1.IngressBackend", omit: Omit::Never, required: true, default: Some("{}"), tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static NETWORKING_V1_HTTP_INGRESS_RULE_VALUE: Type = Type {
    name: "io.k8s.api.networking.v1.HTTPIngressRuleValue",
    message: "k8s.io.api.networking.v1.HTTPIngressRuleValue",
    gvk: &[],
    fields: &[
        Field { name: "paths", shape: Shape::List(&Shape::Struct(&NETWORKING_V1_HTTP_INGRESS_PATH)), go: "[]v1.HTTPIngressPath", omit: Omit::Never, required: true, list: ListType::Atomic, tag: 1, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static NETWORKING_V1_IP_ADDRESS: Type = Type {
    name: "io.k8s.api.networking.v1.IPAddress",
    message: "k8s.io.api.networking.v1.IPAddress",
    gvk: &[("networking.k8s.io", "v1", "IPAddress")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_OBJECT_META), go: "v1.ObjectMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "spec", shape: Shape::Struct(&NETWORKING_V1_IP_ADDRESS_SPEC), go: "v1.IPAddressSpec", required: true, default: Some("{}"), tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static NETWORKING_V1_IP_ADDRESS_LIST: Type = Type {
    name: "io.k8s.api.networking.v1.IPAddressList",
    message: "k8s.io.api.networking.v1.IPAddressList",
    gvk: &[("networking.k8s.io", "v1", "IPAddressList")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_LIST_META), go: "v1.ListMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "items", shape: Shape::List(&Shape::Struct(&NETWORKING_V1_IP_ADDRESS)), go: "[]v1.IPAddress", omit: Omit::Never, required: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static NETWORKING_V1_IP_ADDRESS_SPEC: Type = Type {
    name: "io.k8s.api.networking.v1.IPAddressSpec",
    message: "k8s.io.api.networking.v1.IPAddressSpec",
    gvk: &[],
    fields: &[
        Field { name: "parentRef", shape: Shape::Struct(&NETWORKING_V1_PARENT_REFERENCE), go: "v1.ParentReference", pointer: true, required: true, tag: 1, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static NETWORKING_V1_IP_BLOCK: Type = Type {
    name: "io.k8s.api.networking.v1.IPBlock",
    message: "k8s.io.api.networking.v1.IPBlock",
    gvk: &[],
    fields: &[
        Field { name: "cidr", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "except", shape: Shape::List(&Shape::String), go: "[]string", list: ListType::Atomic, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static NETWORKING_V1_INGRESS: Type = Type {
    name: "io.k8s.api.networking.v1.Ingress",
    message: "k8s.io.api.networking.v1.Ingress",
    gvk: &[("networking.k8s.io", "v1", "Ingress")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_OBJECT_META), go: "v1.ObjectMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "spec", shape: Shape::Struct(&NETWORKING_V1_INGRESS_SPEC), go: "v1.IngressSpec", default: Some("{}"), tag: 2, ..Field::PLAIN },
        Field { name: "status", shape: Shape::Struct(&NETWORKING_V1_INGRESS_STATUS), go: "v1.IngressStatus", default: Some("{}"), tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static NETWORKING_V1_INGRESS_BACKEND: Type = Type {
    name: "io.k8s.api.networking.v1.IngressBackend",
    message: "k8s.io.api.networking.v1.IngressBackend",
    gvk: &[],
    fields: &[
        Field { name: "service", shape: Shape::Struct(&NETWORKING_V1_INGRESS_SERVICE_BACKEND), go: "v1.IngressServiceBackend", pointer: true, tag: 4, ..Field::PLAIN },
        Field { name: "resource", shape: Shape::Struct(&CORE_V1_TYPED_LOCAL_OBJECT_REFERENCE), go: "v1.TypedLocalObjectReference", pointer: true, tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static NETWORKING_V1_INGRESS_CLASS: Type = Type {
    name: "io.k8s.api.networking.v1.IngressClass",
    message: "k8s.io.api.networking.v1.IngressClass",
    gvk: &[("networking.k8s.io", "v1", "IngressClass")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_OBJECT_META), go: "v1.ObjectMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "spec", shape: Shape::Struct(&NETWORKING_V1_INGRESS_CLASS_SPEC), go: "v1.IngressClassSpec", default: Some("{}"), tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static NETWORKING_V1_INGRESS_CLASS_LIST: Type = Type {
    name: "io.k8s.api.networking.v1.IngressClassList",
    message: "k8s.io.api.networking.v1.IngressClassList",
    gvk: &[("networking.k8s.io", "v1", "IngressClassList")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_LIST_META), go: "v1.ListMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "items", shape: Shape::List(&Shape::Struct(&NETWORKING_V1_INGRESS_CLASS)), go: "[]v1.IngressClass", omit: Omit::Never, required: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static NETWORKING_V1_INGRESS_CLASS_PARAMETERS_REFERENCE: Type = Type {
    name: "io.k8s.api.networking.v1.IngressClassParametersReference",
    message: "k8s.io.api.networking.v1.IngressClassParametersReference",
    gvk: &[],
    fields: &[
        Field { name: "apiGroup", shape: Shape::String, go: "string", pointer: true, tag: 1, ..Field::PLAIN },
        Field { name: "kind", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 2, ..Field::PLAIN },
        Field { name: "name", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 3, ..Field::PLAIN },
        Field { name: "scope", shape: Shape::String, go: "string", pointer: true, omit: Omit::Never, tag: 4, ..Field::PLAIN },
        Field { name: "namespace", shape: Shape::String, go: "string", pointer: true, tag: 5, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static NETWORKING_V1_INGRESS_CLASS_SPEC: Type = Type {
    name: "io.k8s.api.networking.v1.IngressClassSpec",
    message: "k8s.io.api.networking.v1.IngressClassSpec",
    gvk: &[],
    fields: &[
        Field { name: "controller", shape: Shape::String, go: "string", tag: 1, ..Field::PLAIN },
        Field { name: "parameters", shape: Shape::Struct(&NETWORKING_V1_INGRESS_CLASS_PARAMETERS_REFERENCE), go: "v1.IngressClassParametersReference", pointer: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static NETWORKING_V1_INGRESS_LIST: Type = Type {
    name: "io.k8s.api.networking.v1.IngressList",
    message: "k8s.io.api.networking.v1.IngressList",
    gvk: &[("networking.k8s.io", "v1", "IngressList")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_LIST_META), go: "v1.ListMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "items", shape: Shape::List(&Shape::Struct(&NETWORKING_V1_INGRESS)), go: "[]v1.Ingress", omit: Omit::Never, required: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static NETWORKING_V1_INGRESS_LOAD_BALANCER_INGRESS: Type = Type {
    name: "io.k8s.api.networking.v1.IngressLoadBalancerIngress",
    message: "k8s.io.api.networking.v1.IngressLoadBalancerIngress",
    gvk: &[],
    fields: &[
        Field { name: "ip", shape: Shape::String, go: "string", tag: 1, ..Field::PLAIN },
        Field { name: "hostname", shape: Shape::String, go: "string", tag: 2, ..Field::PLAIN },
        Field { name: "ports", shape: Shape::List(&Shape::Struct(&NETWORKING_V1_INGRESS_PORT_STATUS)), go: "[]v1.IngressPortStatus", list: ListType::Atomic, tag: 4, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static NETWORKING_V1_INGRESS_LOAD_BALANCER_STATUS: Type = Type {
    name: "io.k8s.api.networking.v1.IngressLoadBalancerStatus",
    message: "k8s.io.api.networking.v1.IngressLoadBalancerStatus",
    gvk: &[],
    fields: &[
        Field { name: "ingress", shape: Shape::List(&Shape::Struct(&NETWORKING_V1_INGRESS_LOAD_BALANCER_INGRESS)), go: "[]v1.IngressLoadBalancerIngress", list: ListType::Atomic, tag: 1, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static NETWORKING_V1_INGRESS_PORT_STATUS: Type = Type {
    name: "io.k8s.api.networking.v1.IngressPortStatus",
    message: "k8s.io.api.networking.v1.IngressPortStatus",
    gvk: &[],
    fields: &[
        Field { name: "port", shape: Shape::Int32, go: "int32", omit: Omit::Never, required: true, default: Some("0"), tag: 1, ..Field::PLAIN },
        Field { name: "protocol", shape: Shape::String, go: "v1.Protocol", omit: Omit::Never, required: true, default: Some("\"\""), enum_values: &["SCTP", "TCP", "UDP"], tag: 2, ..Field::PLAIN },
        Field { name: "error", shape: Shape::String, go: "string", pointer: true, tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static NETWORKING_V1_INGRESS_RULE: Type = Type {
    name: "io.k8s.api.networking.v1.IngressRule",
    message: "k8s.io.api.networking.v1.IngressRule",
    gvk: &[],
    fields: &[
        Field { name: "host", shape: Shape::String, go: "string", tag: 1, ..Field::PLAIN },
        Field { name: "http", shape: Shape::Struct(&NETWORKING_V1_HTTP_INGRESS_RULE_VALUE), go: "v1.HTTPIngressRuleValue", pointer: true, tag: 1, within: &[2], inlined: &["IngressRuleValue"], ..Field::PLAIN },
    ],
    embedded: &[Embedded { name: "ingressRuleValue", tag: 2, message: "k8s.io.api.networking.v1.IngressRuleValue" }],
    atomic: false,
};

#[rustfmt::skip]
pub static NETWORKING_V1_INGRESS_SERVICE_BACKEND: Type = Type {
    name: "io.k8s.api.networking.v1.IngressServiceBackend",
    message: "k8s.io.api.networking.v1.IngressServiceBackend",
    gvk: &[],
    fields: &[
        Field { name: "name", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "port", shape: Shape::Struct(&NETWORKING_V1_SERVICE_BACKEND_PORT), go: "v1.ServiceBackendPort", default: Some("{}"), tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static NETWORKING_V1_INGRESS_SPEC: Type = Type {
    name: "io.k8s.api.networking.v1.IngressSpec",
    message: "k8s.io.api.networking.v1.IngressSpec",
    gvk: &[],
    fields: &[
        Field { name: "ingressClassName", shape: Shape::String, go: "string", pointer: true, tag: 4, ..Field::PLAIN },
        Field { name: "defaultBackend", shape: Shape::Struct(&NETWORKING_V1_INGRESS_BACKEND), go: "v1.IngressBackend", pointer: true, tag: 1, ..Field::PLAIN },
        Field { name: "tls", shape: Shape::List(&Shape::Struct(&NETWORKING_V1_INGRESS_TLS)), go: "[]v1.IngressTLS", list: ListType::Atomic, tag: 2, ..Field::PLAIN },
        Field { name: "rules", shape: Shape::List(&Shape::Struct(&NETWORKING_V1_INGRESS_RULE)), go: "[]v1.IngressRule", list: ListType::Atomic, tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static NETWORKING_V1_INGRESS_STATUS: Type = Type {
    name: "io.k8s.api.networking.v1.IngressStatus",
    message: "k8s.io.api.networking.v1.IngressStatus",
    gvk: &[],
    fields: &[
        Field { name: "loadBalancer", shape: Shape::Struct(&NETWORKING_V1_INGRESS_LOAD_BALANCER_STATUS), go: "v1.IngressLoadBalancerStatus", default: Some("{}"), tag: 1, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static NETWORKING_V1_INGRESS_TLS: Type = Type {
    name: "io.k8s.api.networking.v1.IngressTLS",
    message: "k8s.io.api.networking.v1.IngressTLS",
    gvk: &[],
    fields: &[
        Field { name: "hosts", shape: Shape::List(&Shape::String), go: "[]string", list: ListType::Atomic, tag: 1, ..Field::PLAIN },
        Field { name: "secretName", shape: Shape::String, go: "string", tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static NETWORKING_V1_NETWORK_POLICY: Type = Type {
    name: "io.k8s.api.networking.v1.NetworkPolicy",
    message: "k8s.io.api.networking.v1.NetworkPolicy",
    gvk: &[("networking.k8s.io", "v1", "NetworkPolicy")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_OBJECT_META), go: "v1.ObjectMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "spec", shape: Shape::Struct(&NETWORKING_V1_NETWORK_POLICY_SPEC), go: "v1.NetworkPolicySpec", default: Some("{}"), tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static NETWORKING_V1_NETWORK_POLICY_EGRESS_RULE: Type = Type {
    name: "io.k8s.api.networking.v1.NetworkPolicyEgressRule",
    message: "k8s.io.api.networking.v1.NetworkPolicyEgressRule",
    gvk: &[],
    fields: &[
        Field { name: "ports", shape: Shape::List(&Shape::Struct(&NETWORKING_V1_NETWORK_POLICY_PORT)), go: "[]v1.NetworkPolicyPort", list: ListType::Atomic, tag: 1, ..Field::PLAIN },
        Field { name: "to", shape: Shape::List(&Shape::Struct(&NETWORKING_V1_NETWORK_POLICY_PEER)), go: "[]v1.NetworkPolicyPeer", list: ListType::Atomic, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static NETWORKING_V1_NETWORK_POLICY_INGRESS_RULE: Type = Type {
    name: "io.k8s.api.networking.v1.NetworkPolicyIngressRule",
    message: "k8s.io.api.networking.v1.NetworkPolicyIngressRule",
    gvk: &[],
    fields: &[
        Field { name: "ports", shape: Shape::List(&Shape::Struct(&NETWORKING_V1_NETWORK_POLICY_PORT)), go: "[]v1.NetworkPolicyPort", list: ListType::Atomic, tag: 1, ..Field::PLAIN },
        Field { name: "from", shape: Shape::List(&Shape::Struct(&NETWORKING_V1_NETWORK_POLICY_PEER)), go: "[]v1.NetworkPolicyPeer", list: ListType::Atomic, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static NETWORKING_V1_NETWORK_POLICY_LIST: Type = Type {
    name: "io.k8s.api.networking.v1.NetworkPolicyList",
    message: "k8s.io.api.networking.v1.NetworkPolicyList",
    gvk: &[("networking.k8s.io", "v1", "NetworkPolicyList")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_LIST_META), go: "v1.ListMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "items", shape: Shape::List(&Shape::Struct(&NETWORKING_V1_NETWORK_POLICY)), go: "[]v1.NetworkPolicy", omit: Omit::Never, required: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static NETWORKING_V1_NETWORK_POLICY_PEER: Type = Type {
    name: "io.k8s.api.networking.v1.NetworkPolicyPeer",
    message: "k8s.io.api.networking.v1.NetworkPolicyPeer",
    gvk: &[],
    fields: &[
        Field { name: "podSelector", shape: Shape::Struct(&META_V1_LABEL_SELECTOR), go: "v1.LabelSelector", pointer: true, tag: 1, ..Field::PLAIN },
        Field { name: "namespaceSelector", shape: Shape::Struct(&META_V1_LABEL_SELECTOR), go: "v1.LabelSelector", pointer: true, tag: 2, ..Field::PLAIN },
        Field { name: "ipBlock", shape: Shape::Struct(&NETWORKING_V1_IP_BLOCK), go: "v1.IPBlock", pointer: true, tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static NETWORKING_V1_NETWORK_POLICY_PORT: Type = Type {
    name: "io.k8s.api.networking.v1.NetworkPolicyPort",
    message: "k8s.io.api.networking.v1.NetworkPolicyPort",
    gvk: &[],
    fields: &[
        Field { name: "protocol", shape: Shape::String, go: "v1.Protocol", pointer: true, enum_values: &["SCTP", "TCP", "UDP"], tag: 1, ..Field::PLAIN },
        Field { name: "port", shape: Shape::IntOrString, go: "intstr.IntOrString", pointer: true, tag: 2, ..Field::PLAIN },
        Field { name: "endPort", shape: Shape::Int32, go: "int32", pointer: true, tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static NETWORKING_V1_NETWORK_POLICY_SPEC: Type = Type {
    name: "io.k8s.api.networking.v1.NetworkPolicySpec",
    message: "k8s.io.api.networking.v1.NetworkPolicySpec",
    gvk: &[],
    fields: &[
        Field { name: "podSelector", shape: Shape::Struct(&META_V1_LABEL_SELECTOR), go: "v1.LabelSelector", omit: Omit::Never, default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "ingress", shape: Shape::List(&Shape::Struct(&NETWORKING_V1_NETWORK_POLICY_INGRESS_RULE)), go: "[]v1.NetworkPolicyIngressRule", list: ListType::Atomic, tag: 2, ..Field::PLAIN },
        Field { name: "egress", shape: Shape::List(&Shape::Struct(&NETWORKING_V1_NETWORK_POLICY_EGRESS_RULE)), go: "[]v1.NetworkPolicyEgressRule", list: ListType::Atomic, tag: 3, ..Field::PLAIN },
        Field { name: "policyTypes", shape: Shape::List(&Shape::String), go: "[]v1.PolicyType", list: ListType::Atomic, tag: 4, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static NETWORKING_V1_PARENT_REFERENCE: Type = Type {
    name: "io.k8s.api.networking.v1.ParentReference",
    message: "k8s.io.api.networking.v1.ParentReference",
    gvk: &[],
    fields: &[
        Field { name: "group", shape: Shape::String, go: "string", tag: 1, ..Field::PLAIN },
        Field { name: "resource", shape: Shape::String, go: "string", required: true, tag: 2, ..Field::PLAIN },
        Field { name: "namespace", shape: Shape::String, go: "string", tag: 3, ..Field::PLAIN },
        Field { name: "name", shape: Shape::String, go: "string", required: true, tag: 4, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static NETWORKING_V1_SERVICE_BACKEND_PORT: Type = Type {
    name: "io.k8s.api.networking.v1.ServiceBackendPort",
    message: "k8s.io.api.networking.v1.ServiceBackendPort",
    gvk: &[],
    fields: &[
        Field { name: "name", shape: Shape::String, go: "string", tag: 1, ..Field::PLAIN },
        Field { name: "number", shape: Shape::Int32, go: "int32", tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: true,
};

#[rustfmt::skip]
pub static NETWORKING_V1_SERVICE_CIDR: Type = Type {
    name: "io.k8s.api.networking.v1.ServiceCIDR",
    message: "k8s.io.api.networking.v1.ServiceCIDR",
    gvk: &[("networking.k8s.io", "v1", "ServiceCIDR")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_OBJECT_META), go: "v1.ObjectMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "spec", shape: Shape::Struct(&NETWORKING_V1_SERVICE_CIDR_SPEC), go: "v1.ServiceCIDRSpec", default: Some("{}"), tag: 2, ..Field::PLAIN },
        Field { name: "status", shape: Shape::Struct(&NETWORKING_V1_SERVICE_CIDR_STATUS), go: "v1.ServiceCIDRStatus", default: Some("{}"), tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static NETWORKING_V1_SERVICE_CIDR_LIST: Type = Type {
    name: "io.k8s.api.networking.v1.ServiceCIDRList",
    message: "k8s.io.api.networking.v1.ServiceCIDRList",
    gvk: &[("networking.k8s.io", "v1", "ServiceCIDRList")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_LIST_META), go: "v1.ListMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "items", shape: Shape::List(&Shape::Struct(&NETWORKING_V1_SERVICE_CIDR)), go: "[]v1.ServiceCIDR", omit: Omit::Never, required: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static NETWORKING_V1_SERVICE_CIDR_SPEC: Type = Type {
    name: "io.k8s.api.networking.v1.ServiceCIDRSpec",
    message: "k8s.io.api.networking.v1.ServiceCIDRSpec",
    gvk: &[],
    fields: &[
        Field { name: "cidrs", shape: Shape::List(&Shape::String), go: "[]string", list: ListType::Atomic, tag: 1, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static NETWORKING_V1_SERVICE_CIDR_STATUS: Type = Type {
    name: "io.k8s.api.networking.v1.ServiceCIDRStatus",
    message: "k8s.io.api.networking.v1.ServiceCIDRStatus",
    gvk: &[],
    fields: &[
        Field { name: "conditions", shape: Shape::List(&Shape::Struct(&META_V1_CONDITION)), go: "[]v1.Condition", list: ListType::Map(&["type"]), patch: PatchStrategy { merge: true, retain_keys: false, merge_key: "type" }, tag: 1, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};
