//! The kinds of the metrics API: what nodes and pods use now. They are read only and never stored; a server that has a source of such numbers adds the rows.

use crate::registry::{Hooks, HooksRef, Kind};
use crate::schema::generated::META_V1_OBJECT_META;
use crate::schema::{Field, Omit, Shape, Type};

pub const GROUP: &str = "metrics.k8s.io";
const VERSION: &str = "v1beta1";

/// `nodes`: what a node uses.
pub static NODE_METRICS: Kind = row("NodeMetrics", "nodes", false, &NODE_TYPE);
/// `pods`: what the containers of a pod use.
pub static POD_METRICS: Kind = row("PodMetrics", "pods", true, &POD_TYPE);

const fn row(kind: &'static str, plural: &'static str, namespaced: bool, schema: &'static Type) -> Kind {
    Kind {
        group: GROUP,
        version: VERSION,
        kind,
        plural,
        singular: "",
        short_names: &[],
        categories: &[],
        namespaced,
        schema,
        verbs: &["get", "list"],
        subresources: &[],
        selectable: &[],
        columns: &[],
        create_on_update: false,
        unconditional_update: false,
        delete_returns_object: false,
        stored_as: None,
        hooks: HooksRef::Static(&Metrics),
    }
}

#[derive(Debug)]
struct Metrics;

impl Hooks for Metrics {}

static NODE_TYPE: Type = Type {
    name: "io.k8s.metrics.pkg.apis.metrics.v1beta1.NodeMetrics",
    message: "",
    gvk: &[(GROUP, VERSION, "NodeMetrics")],
    fields: &[KIND, API_VERSION, METADATA, TIMESTAMP, WINDOW, USAGE],
    embedded: &[],
    atomic: false,
};

static POD_TYPE: Type = Type {
    name: "io.k8s.metrics.pkg.apis.metrics.v1beta1.PodMetrics",
    message: "",
    gvk: &[(GROUP, VERSION, "PodMetrics")],
    fields: &[KIND, API_VERSION, METADATA, TIMESTAMP, WINDOW, CONTAINERS],
    embedded: &[],
    atomic: false,
};

static CONTAINER_TYPE: Type = Type {
    name: "io.k8s.metrics.pkg.apis.metrics.v1beta1.ContainerMetrics",
    message: "",
    gvk: &[],
    fields: &[Field { name: "name", go: "string", omit: Omit::Never, required: true, ..Field::PLAIN }, USAGE],
    embedded: &[],
    atomic: false,
};

const KIND: Field = Field { name: "kind", go: "string", inlined: &["TypeMeta"], ..Field::PLAIN };
const API_VERSION: Field = Field { name: "apiVersion", go: "string", inlined: &["TypeMeta"], ..Field::PLAIN };
const METADATA: Field =
    Field { name: "metadata", shape: Shape::Struct(&META_V1_OBJECT_META), go: "v1.ObjectMeta", default: Some("{}"), ..Field::PLAIN };
const TIMESTAMP: Field = Field { name: "timestamp", shape: Shape::Time, go: "v1.Time", omit: Omit::Never, required: true, ..Field::PLAIN };
const WINDOW: Field =
    Field { name: "window", shape: Shape::Duration, go: "v1.Duration", omit: Omit::Never, required: true, ..Field::PLAIN };
const USAGE: Field =
    Field { name: "usage", shape: Shape::Map(&Shape::Quantity), go: "v1.ResourceList", omit: Omit::Never, required: true, ..Field::PLAIN };
const CONTAINERS: Field = Field {
    name: "containers",
    shape: Shape::List(&Shape::Struct(&CONTAINER_TYPE)),
    go: "[]v1beta1.ContainerMetrics",
    omit: Omit::Never,
    required: true,
    ..Field::PLAIN
};
