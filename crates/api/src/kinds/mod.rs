//! One module per kind: its registry row, defaults, validation, columns and other hooks.

use crate::registry::Kind;

pub mod binding;
pub mod certificate_signing_request;
pub mod cluster_trust_bundle;
pub mod columns;
pub mod component_status;
pub mod conditions;
pub mod config_map;
pub mod controller_revision;
pub mod cron_job;
pub mod csi_driver;
pub mod csi_node;
pub mod csi_storage_capacity;
pub mod daemon_set;
pub mod deployment;
mod difference;
pub mod endpoint_slice;
pub mod endpoints;
pub mod event;
pub mod fairness;
pub mod flow_schema;
pub mod horizontal_pod_autoscaler;
pub mod ingress;
pub mod ingress_class;
pub mod ip_address;
pub mod job;
pub mod lease;
pub mod limit_range;
pub mod metrics;
pub mod namespace;
pub mod network_policy;
pub mod node;
pub mod persistent_volume;
pub mod persistent_volume_claim;
pub mod pod;
pub mod pod_certificate_request;
pub mod pod_disruption_budget;
pub mod pod_spec;
pub mod pod_template;
pub mod pod_templates;
pub mod priority_class;
pub mod priority_level_configuration;
pub mod rbac;
pub mod replica_set;
pub mod replication_controller;
pub mod resource_quota;
pub mod reviews;
pub mod runtime_class;
pub mod secret;
pub mod service;
pub mod service_account;
pub mod service_cidr;
pub mod stateful_set;
pub mod storage_class;
pub mod volume_attachment;
pub mod volume_attributes_class;

/// Every served kind, in discovery order (groups in order, resources alphabetically).
pub static KINDS: &[&Kind] = &[
    &binding::BINDING,
    &component_status::COMPONENT_STATUS,
    &config_map::CONFIG_MAP,
    &endpoints::ENDPOINTS,
    &event::EVENT,
    &limit_range::LIMIT_RANGE,
    &namespace::NAMESPACE,
    &node::NODE,
    &persistent_volume_claim::PERSISTENT_VOLUME_CLAIM,
    &persistent_volume::PERSISTENT_VOLUME,
    &pod::POD,
    &pod_templates::POD_TEMPLATE,
    &replication_controller::REPLICATION_CONTROLLER,
    &resource_quota::RESOURCE_QUOTA,
    &secret::SECRET,
    &service_account::SERVICE_ACCOUNT,
    &service::SERVICE,
    &controller_revision::CONTROLLER_REVISION,
    &daemon_set::DAEMON_SET,
    &deployment::DEPLOYMENT,
    &replica_set::REPLICA_SET,
    &stateful_set::STATEFUL_SET,
    &reviews::SELF_SUBJECT_REVIEW,
    &reviews::TOKEN_REVIEW,
    &reviews::LOCAL_SUBJECT_ACCESS_REVIEW,
    &reviews::SELF_SUBJECT_ACCESS_REVIEW,
    &reviews::SELF_SUBJECT_RULES_REVIEW,
    &reviews::SUBJECT_ACCESS_REVIEW,
    &horizontal_pod_autoscaler::HORIZONTAL_POD_AUTOSCALER,
    &horizontal_pod_autoscaler::HORIZONTAL_POD_AUTOSCALER_V1,
    &cron_job::CRON_JOB,
    &job::JOB,
    &ingress_class::INGRESS_CLASS,
    &ingress::INGRESS,
    &ip_address::IP_ADDRESS,
    &network_policy::NETWORK_POLICY,
    &service_cidr::SERVICE_CIDR,
    &pod_disruption_budget::POD_DISRUPTION_BUDGET,
    &rbac::CLUSTER_ROLE_BINDING,
    &rbac::CLUSTER_ROLE,
    &rbac::ROLE_BINDING,
    &rbac::ROLE,
    &csi_driver::CSI_DRIVER,
    &csi_node::CSI_NODE,
    &csi_storage_capacity::CSI_STORAGE_CAPACITY,
    &storage_class::STORAGE_CLASS,
    &volume_attachment::VOLUME_ATTACHMENT,
    &volume_attributes_class::VOLUME_ATTRIBUTES_CLASS,
    &event::EVENT_V1,
    &priority_class::PRIORITY_CLASS,
    &runtime_class::RUNTIME_CLASS,
    &certificate_signing_request::CERTIFICATE_SIGNING_REQUEST,
    &cluster_trust_bundle::CLUSTER_TRUST_BUNDLE,
    &pod_certificate_request::POD_CERTIFICATE_REQUEST,
    &flow_schema::FLOW_SCHEMA,
    &priority_level_configuration::PRIORITY_LEVEL_CONFIGURATION,
    &lease::LEASE,
    &endpoint_slice::ENDPOINT_SLICE,
];

#[cfg(test)]
mod tests;
