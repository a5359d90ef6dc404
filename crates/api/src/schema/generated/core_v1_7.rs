//! Types of `core_v1`, written by `cargo xtask codegen` from docs/schema; change the generator instead.

use super::*;

#[rustfmt::skip]
pub static CORE_V1_VOLUME_STATUS: Type = Type {
    name: "io.k8s.api.core.v1.VolumeStatus",
    message: "k8s.io.api.core.v1.VolumeStatus",
    gvk: &[],
    fields: &[
        Field { name: "image", shape: Shape::Struct(&CORE_V1_IMAGE_VOLUME_STATUS), go: "v1.ImageVolumeStatus", pointer: true, tag: 1, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_VSPHERE_VIRTUAL_DISK_VOLUME_SOURCE: Type = Type {
    name: "io.k8s.api.core.v1.VsphereVirtualDiskVolumeSource",
    message: "k8s.io.api.core.v1.VsphereVirtualDiskVolumeSource",
    gvk: &[],
    fields: &[
        Field { name: "volumePath", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "fsType", shape: Shape::String, go: "string", tag: 2, ..Field::PLAIN },
        Field { name: "storagePolicyName", shape: Shape::String, go: "string", tag: 3, ..Field::PLAIN },
        Field { name: "storagePolicyID", shape: Shape::String, go: "string", tag: 4, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_WEIGHTED_POD_AFFINITY_TERM: Type = Type {
    name: "io.k8s.api.core.v1.WeightedPodAffinityTerm",
    message: "k8s.io.api.core.v1.WeightedPodAffinityTerm",
    gvk: &[],
    fields: &[
        Field { name: "weight", shape: Shape::Int32, go: "int32", omit: Omit::Never, required: true, default: Some("0"), tag: 1, ..Field::PLAIN },
        Field { name: "podAffinityTerm", shape: Shape::Struct(&CORE_V1_POD_AFFINITY_TERM), go: "v1.PodAffinityTerm", omit: Omit::Never, required: true, default: Some("{}"), tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static CORE_V1_WINDOWS_SECURITY_CONTEXT_OPTIONS: Type = Type {
    name: "io.k8s.api.core.v1.WindowsSecurityContextOptions",
    message: "k8s.io.api.core.v1.WindowsSecurityContextOptions",
    gvk: &[],
    fields: &[
        Field { name: "gmsaCredentialSpecName", shape: Shape::String, go: "string", pointer: true, tag: 1, ..Field::PLAIN },
        Field { name: "gmsaCredentialSpec", shape: Shape::String, go: "string", pointer: true, tag: 2, ..Field::PLAIN },
        Field { name: "runAsUserName", shape: Shape::String, go: "string", pointer: true, tag: 3, ..Field::PLAIN },
        Field { name: "hostProcess", shape: Shape::Bool, go: "bool", pointer: true, tag: 4, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};
