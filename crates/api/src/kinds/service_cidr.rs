//! ServiceCIDR: ranges that Services get their cluster addresses from. More of them make the range larger.

use super::columns;
use crate::{
    Value,
    field::{Errors, Path, invalid, required},
    meta, names,
    registry::{ALL_VERBS, Column, Generation, Hooks, HooksRef, Kind, Part, Subresource},
    schema::generated::NETWORKING_V1_SERVICE_CIDR,
    time::{Timestamp, age},
    value::Access,
};

pub static SERVICE_CIDR: Kind = Kind {
    group: "networking.k8s.io",
    version: "v1",
    kind: "ServiceCIDR",
    plural: "servicecidrs",
    singular: "servicecidr",
    short_names: &[],
    categories: &[],
    namespaced: false,
    schema: &NETWORKING_V1_SERVICE_CIDR,
    verbs: ALL_VERBS,
    subresources: &[Subresource { name: "status", gvk: None, verbs: &["get", "patch", "update"] }],
    selectable: &[],
    columns: COLUMNS,
    create_on_update: false,
    unconditional_update: true,
    delete_returns_object: false,
    stored_as: None,
    hooks: HooksRef::Static(&ServiceCidr),
};

const COLUMNS: &[Column] = &[
    columns::NAME,
    columns::text(
        "CIDRs",
        "cidrs defines the IP blocks in CIDR notation (e.g. \"192.168.0.0/24\" or \"2001:db8::/64\") from which to \
                      assign service cluster IPs. Max of two CIDRs is allowed, one of each IP family. This field is immutable.",
    ),
    columns::AGE,
];

/// One for each address family.
const CIDRS_MAX: usize = 2;
const IMMUTABLE: &str = "field is immutable";

#[derive(Debug)]
struct ServiceCidr;

impl Hooks for ServiceCidr {
    fn prepare_update(&self, part: Part, object: &mut Value, old: &Value) -> Generation {
        part.restore_rest(object, old);
        if part == Part::Status {
            meta::restore_for_status(object, old);
        }
        Generation::Keep
    }

    fn validate(&self, object: &Value) -> Errors {
        validate_cidrs(&object["spec"])
    }

    fn validate_update(&self, part: Part, object: &Value, old: &Value) -> Errors {
        if part == Part::Status {
            return Errors::new();
        }
        let path = Path::new("spec").child("cidrs");
        let (now, then) = (object["spec"].items("cidrs"), old["spec"].items("cidrs"));
        let changed = |index: &usize| now[*index] != then[*index];
        let frozen = |index: usize| invalid(&path.index(index), now[index].clone(), IMMUTABLE);
        if now.len() == then.len() {
            return (0..now.len()).filter(changed).map(frozen).collect();
        }
        if then.len() == 1 && now.len() == CIDRS_MAX {
            let mut errors: Errors = (0..1).filter(changed).map(frozen).collect();
            errors.extend(validate_cidrs(&object["spec"]));
            return errors;
        }
        vec![invalid(&path, Value::from(now), IMMUTABLE)]
    }

    fn cells(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let cidrs: Vec<&str> = object["spec"].items("cidrs").iter().filter_map(Value::as_str).collect();
        vec![object["metadata"].str("name").into(), cidrs.join(",").into(), age(object, now).into()]
    }
}

fn validate_cidrs(spec: &Value) -> Errors {
    let path = Path::new("spec").child("cidrs");
    let cidrs = spec.items("cidrs");
    if cidrs.is_empty() {
        return vec![required(&path, "at least one CIDR required")];
    }
    if cidrs.len() > CIDRS_MAX {
        return vec![invalid(&path, spec.clone(), "may only hold up to 2 values")];
    }
    let texts: Vec<&str> = cidrs.iter().map(|cidr| cidr.as_str().unwrap_or_default()).collect();
    let mut errors = Errors::new();
    for (index, cidr) in texts.iter().enumerate() {
        errors.extend(names::strict_cidr(cidr).iter().map(|why| invalid(&path.index(index), *cidr, why)));
    }
    let is_v4 = |cidr: &str| names::parse_cidr(cidr).map(|(address, _)| address.ip.is_ipv4());
    if let [first, second] = texts[..]
        && is_v4(first).is_some()
        && is_v4(first) == is_v4(second)
    {
        let why = "may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64";
        errors.push(invalid(&path, Value::from(cidrs), why));
    }
    errors
}
