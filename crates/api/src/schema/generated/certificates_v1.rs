//! Types of `certificates_v1`, written by `cargo xtask codegen` from docs/schema; change the generator instead.

use super::*;

#[rustfmt::skip]
pub static CERTIFICATES_V1_CERTIFICATE_SIGNING_REQUEST: Type = Type {
    name: "io.k8s.api.certificates.v1.CertificateSigningRequest",
    message: "k8s.io.api.certificates.v1.CertificateSigningRequest",
    gvk: &[("certificates.k8s.io", "v1", "CertificateSigningRequest")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_OBJECT_META), go: "v1.ObjectMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "spec", shape: Shape::Struct(&CERTIFICATES_V1_CERTIFICATE_SIGNING_REQUEST_SPEC), go: "v1.CertificateSigningRequestSpec", omit: Omit::Never, required: true, default: Some("{}"), tag: 2, ..Field::PLAIN },
        Field { name: "status", shape: Shape::Struct(&CERTIFICATES_V1_CERTIFICATE_SIGNING_REQUEST_STATUS), go: "v1.CertificateSigningRequestStatus", default: Some("{}"), tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CERTIFICATES_V1_CERTIFICATE_SIGNING_REQUEST_CONDITION: Type = Type {
    name: "io.k8s.api.certificates.v1.CertificateSigningRequestCondition",
    message: "k8s.io.api.certificates.v1.CertificateSigningRequestCondition",
    gvk: &[],
    fields: &[
        Field { name: "type", shape: Shape::String, go: "v1.RequestConditionType", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "status", shape: Shape::String, go: "v1.ConditionStatus", omit: Omit::Never, required: true, default: Some("\"\""), tag: 6, ..Field::PLAIN },
        Field { name: "reason", shape: Shape::String, go: "string", tag: 2, ..Field::PLAIN },
        Field { name: "message", shape: Shape::String, go: "string", tag: 3, ..Field::PLAIN },
        Field { name: "lastUpdateTime", shape: Shape::Time, go: "v1.Time", tag: 4, ..Field::PLAIN },
        Field { name: "lastTransitionTime", shape: Shape::Time, go: "v1.Time", tag: 5, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CERTIFICATES_V1_CERTIFICATE_SIGNING_REQUEST_LIST: Type = Type {
    name: "io.k8s.api.certificates.v1.CertificateSigningRequestList",
    message: "k8s.io.api.certificates.v1.CertificateSigningRequestList",
    gvk: &[("certificates.k8s.io", "v1", "CertificateSigningRequestList")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_LIST_META), go: "v1.ListMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "items", shape: Shape::List(&Shape::Struct(&CERTIFICATES_V1_CERTIFICATE_SIGNING_REQUEST)), go: "[]v1.CertificateSigningRequest", omit: Omit::Never, required: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CERTIFICATES_V1_CERTIFICATE_SIGNING_REQUEST_SPEC: Type = Type {
    name: "io.k8s.api.certificates.v1.CertificateSigningRequestSpec",
    message: "k8s.io.api.certificates.v1.CertificateSigningRequestSpec",
    gvk: &[],
    fields: &[
        Field { name: "request", shape: Shape::Bytes, go: "[]uint8", omit: Omit::Never, required: true, tag: 1, ..Field::PLAIN },
        Field { name: "signerName", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 7, ..Field::PLAIN },
        Field { name: "expirationSeconds", shape: Shape::Int32, go: "int32", pointer: true, tag: 8, ..Field::PLAIN },
        Field { name: "usages", shape: Shape::List(&Shape::String), go: "[]v1.KeyUsage", list: ListType::Atomic, tag: 5, ..Field::PLAIN },
        Field { name: "username", shape: Shape::String, go: "string", tag: 2, ..Field::PLAIN },
        Field { name: "uid", shape: Shape::String, go: "string", tag: 3, ..Field::PLAIN },
        Field { name: "groups", shape: Shape::List(&Shape::String), go: "[]string", list: ListType::Atomic, tag: 4, ..Field::PLAIN },
        Field { name: "extra", shape: Shape::Map(&Shape::List(&Shape::String)), go: "map[string]v1.ExtraValue", tag: 6, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CERTIFICATES_V1_CERTIFICATE_SIGNING_REQUEST_STATUS: Type = Type {
    name: "io.k8s.api.certificates.v1.CertificateSigningRequestStatus",
    message: "k8s.io.api.certificates.v1.CertificateSigningRequestStatus",
    gvk: &[],
    fields: &[
        Field { name: "conditions", shape: Shape::List(&Shape::Struct(&CERTIFICATES_V1_CERTIFICATE_SIGNING_REQUEST_CONDITION)), go: "[]v1.CertificateSigningRequestCondition", list: ListType::Map(&["type"]), tag: 1, ..Field::PLAIN },
        Field { name: "certificate", shape: Shape::Bytes, go: "[]uint8", tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CERTIFICATES_V1_CLUSTER_TRUST_BUNDLE: Type = Type {
    name: "io.k8s.api.certificates.v1.ClusterTrustBundle",
    message: "k8s.io.api.certificates.v1.ClusterTrustBundle",
    gvk: &[("certificates.k8s.io", "v1", "ClusterTrustBundle")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_OBJECT_META), go: "v1.ObjectMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "spec", shape: Shape::Struct(&CERTIFICATES_V1_CLUSTER_TRUST_BUNDLE_SPEC), go: "v1.ClusterTrustBundleSpec", omit: Omit::Never, required: true, default: Some("{}"), tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CERTIFICATES_V1_CLUSTER_TRUST_BUNDLE_LIST: Type = Type {
    name: "io.k8s.api.certificates.v1.ClusterTrustBundleList",
    message: "k8s.io.api.certificates.v1.ClusterTrustBundleList",
    gvk: &[("certificates.k8s.io", "v1", "ClusterTrustBundleList")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_LIST_META), go: "v1.ListMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "items", shape: Shape::List(&Shape::Struct(&CERTIFICATES_V1_CLUSTER_TRUST_BUNDLE)), go: "[]v1.ClusterTrustBundle", omit: Omit::Never, required: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CERTIFICATES_V1_CLUSTER_TRUST_BUNDLE_SPEC: Type = Type {
    name: "io.k8s.api.certificates.v1.ClusterTrustBundleSpec",
    message: "k8s.io.api.certificates.v1.ClusterTrustBundleSpec",
    gvk: &[],
    fields: &[
        Field { name: "signerName", shape: Shape::String, go: "string", tag: 1, ..Field::PLAIN },
        Field { name: "trustBundle", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CERTIFICATES_V1_POD_CERTIFICATE_REQUEST: Type = Type {
    name: "io.k8s.api.certificates.v1.PodCertificateRequest",
    message: "k8s.io.api.certificates.v1.PodCertificateRequest",
    gvk: &[("certificates.k8s.io", "v1", "PodCertificateRequest")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_OBJECT_META), go: "v1.ObjectMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "spec", shape: Shape::Struct(&CERTIFICATES_V1_POD_CERTIFICATE_REQUEST_SPEC), go: "v1.PodCertificateRequestSpec", omit: Omit::Never, required: true, default: Some("{}"), tag: 2, ..Field::PLAIN },
        Field { name: "status", shape: Shape::Struct(&CERTIFICATES_V1_POD_CERTIFICATE_REQUEST_STATUS), go: "v1.PodCertificateRequestStatus", default: Some("{}"), tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CERTIFICATES_V1_POD_CERTIFICATE_REQUEST_LIST: Type = Type {
    name: "io.k8s.api.certificates.v1.PodCertificateRequestList",
    message: "k8s.io.api.certificates.v1.PodCertificateRequestList",
    gvk: &[("certificates.k8s.io", "v1", "PodCertificateRequestList")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_LIST_META), go: "v1.ListMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "items", shape: Shape::List(&Shape::Struct(&CERTIFICATES_V1_POD_CERTIFICATE_REQUEST)), go: "[]v1.PodCertificateRequest", omit: Omit::Never, required: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CERTIFICATES_V1_POD_CERTIFICATE_REQUEST_SPEC: Type = Type {
    name: "io.k8s.api.certificates.v1.PodCertificateRequestSpec",
    message: "k8s.io.api.certificates.v1.PodCertificateRequestSpec",
    gvk: &[],
    fields: &[
        Field { name: "signerName", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "podName", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 2, ..Field::PLAIN },
        Field { name: "podUID", shape: Shape::String, go: "types.UID", omit: Omit::Never, required: true, default: Some("\"\""), tag: 3, ..Field::PLAIN },
        Field { name: "serviceAccountName", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 4, ..Field::PLAIN },
        Field { name: "serviceAccountUID", shape: Shape::String, go: "types.UID", omit: Omit::Never, required: true, default: Some("\"\""), tag: 5, ..Field::PLAIN },
        Field { name: "nodeName", shape: Shape::String, go: "types.NodeName", omit: Omit::Never, required: true, default: Some("\"\""), tag: 6, ..Field::PLAIN },
        Field { name: "nodeUID", shape: Shape::String, go: "types.UID", omit: Omit::Never, required: true, default: Some("\"\""), tag: 7, ..Field::PLAIN },
        Field { name: "maxExpirationSeconds", shape: Shape::Int32, go: "int32", pointer: true, default: Some("86400"), tag: 8, ..Field::PLAIN },
        Field { name: "stubPKCS10Request", shape: Shape::Bytes, go: "[]uint8", omit: Omit::Never, required: true, tag: 12, ..Field::PLAIN },
        Field { name: "unverifiedUserAnnotations", shape: Shape::Map(&Shape::String), go: "map[string]string", tag: 11, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CERTIFICATES_V1_POD_CERTIFICATE_REQUEST_STATUS: Type = Type {
    name: "io.k8s.api.certificates.v1.PodCertificateRequestStatus",
    message: "k8s.io.api.certificates.v1.PodCertificateRequestStatus",
    gvk: &[],
    fields: &[
        Field { name: "conditions", shape: Shape::List(&Shape::Struct(&META_V1_CONDITION)), go: "[]v1.Condition", list: ListType::Map(&["type"]), patch: PatchStrategy { merge: true, retain_keys: false, merge_key: "type" }, tag: 1, ..Field::PLAIN },
        Field { name: "certificateChain", shape: Shape::String, go: "string", tag: 2, ..Field::PLAIN },
        Field { name: "notBefore", shape: Shape::Time, go: "v1.Time", pointer: true, tag: 4, ..Field::PLAIN },
        Field { name: "beginRefreshAt", shape: Shape::Time, go: "v1.Time", pointer: true, tag: 5, ..Field::PLAIN },
        Field { name: "notAfter", shape: Shape::Time, go: "v1.Time", pointer: true, tag: 6, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};
