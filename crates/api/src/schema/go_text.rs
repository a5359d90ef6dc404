//! A value as Go prints it with types and all fields (section 14 of `docs/spec/workloads.md`): the text whose hash names the
//! ReplicaSets of a Deployment. Input: a type of the table and a decoded value. Output: text, not meant to be read back.

use super::{Field, Shape, Type};
use crate::Value;
use crate::quantity::{Format, Quantity};
use std::fmt::Write;

/// Writing into a string has no errors.
const WRITES: &str = "a string takes everything";

/// The text of a struct, with the name of its type.
pub fn go_text(ty: &Type, value: &Value) -> String {
    let mut text = format!("(v1.{})", ty.short_name());
    fields(ty, ty.fields, 0, value, &mut text);
    text
}

/// A struct; fields that come from one embedded struct stand together under its name (HASH-5).
fn fields(ty: &Type, fields: &[Field], depth: usize, value: &Value, text: &mut String) {
    text.push('{');
    let mut rest = fields;
    while let Some(first) = rest.first() {
        let embedded = first.inlined.get(depth).copied();
        let together = match embedded {
            Some(name) => rest.iter().take_while(|field| field.inlined.get(depth) == Some(&name)).count(),
            None => 1,
        };
        match embedded {
            Some(name) => {
                write!(text, "{name}:(v1.{name})").expect(WRITES);
                self::fields(ty, &rest[..together], depth + 1, value, text);
            }
            None => field(ty, first, value, text),
        }
        rest = &rest[together..];
        if !rest.is_empty() {
            text.push(' ');
        }
    }
    text.push('}');
}

fn field(ty: &Type, field: &Field, holder: &Value, text: &mut String) {
    let value = holder.get(field.name).unwrap_or(&Value::Null);
    let pointer = if field.pointer { "*" } else { "" };
    write!(text, "{}:({pointer}{})", go_name(ty, field.name), field.go.replace("metav1.", "v1.")).expect(WRITES);
    if field.pointer && value.is_null() {
        text.push_str("<nil>");
    } else {
        shape(&field.shape, value, text);
    }
}

/// A value without its type.
fn shape(of: &Shape, value: &Value, text: &mut String) {
    match of {
        Shape::Struct(ty) => fields(ty, ty.fields, 0, value, text),
        Shape::List(_) | Shape::Map(_) if value.is_null() => text.push_str("<nil>"),
        Shape::List(element) => {
            text.push('[');
            for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                text.push_str(if index == 0 { "" } else { " " });
                shape(element, item, text);
            }
            text.push(']');
        }
        Shape::Map(element) => {
            let mut members: Vec<(&String, &Value)> = value.as_object().into_iter().flatten().collect();
            members.sort_by_key(|(name, _)| *name);
            text.push_str("map[");
            for (index, (name, member)) in members.into_iter().enumerate() {
                write!(text, "{}{name}:", if index == 0 { "" } else { " " }).expect(WRITES);
                shape(element, member, text);
            }
            text.push(']');
        }
        Shape::Quantity => quantity(value, text),
        Shape::IntOrString => {
            let (kind, number, word) = (i32::from(value.is_string()), value.as_i64().unwrap_or(0), value.as_str().unwrap_or_default());
            write!(text, "{{Type:(intstr.Type){kind} IntVal:(int32){number} StrVal:(string){word}}}").expect(WRITES);
        }
        // No template has another one.
        Shape::Time | Shape::MicroTime => {
            text.push_str("{Time:(time.Time){wall:(uint64)0 ext:(int64)0 loc:(*time.Location)<nil>}}");
        }
        Shape::Bool => text.push_str(if value.as_bool() == Some(true) { "true" } else { "false" }),
        Shape::Int32 | Shape::Int64 | Shape::Double => match value {
            Value::Number(number) => write!(text, "{number}").expect(WRITES),
            _ => text.push('0'),
        },
        Shape::String | Shape::Bytes | Shape::Duration | Shape::Raw => text.push_str(value.as_str().unwrap_or_default()),
    }
}

/// HASH-6. One that is not given is Go's zero, which has neither text nor format.
fn quantity(value: &Value, text: &mut String) {
    let word = value.as_str().unwrap_or_default();
    let (digits, scale, format) = match Quantity::parse(word) {
        Ok(quantity) => {
            let format = match quantity.format() {
                Format::DecimalExponent => "DecimalExponent",
                Format::DecimalSi => "DecimalSI",
                Format::BinarySi => "BinarySI",
            };
            let (digits, scale) = quantity.unscaled();
            (digits, scale, format)
        }
        Err(_) => (0, 0, ""),
    };
    write!(
        text,
        "{{i:(resource.int64Amount){{value:(int64){digits} scale:(resource.Scale){scale}}} \
         d:(resource.infDecAmount){{Dec:(*inf.Dec)<nil>}} s:(string){word} Format:(resource.Format){format}}}"
    )
    .expect(WRITES);
}

/// Names of fields in Go that are not the name in JSON with a capital, by type where only that one's is so.
const GO_NAMES: &[(&str, &str, &str)] = &[
    ("", "apiGroup", "APIGroup"),
    ("", "apiVersion", "APIVersion"),
    ("", "awsElasticBlockStore", "AWSElasticBlockStore"),
    ("", "cephfs", "CephFS"),
    ("", "chapAuthDiscovery", "DiscoveryCHAPAuth"),
    ("", "chapAuthSession", "SessionCHAPAuth"),
    ("", "csi", "CSI"),
    ("", "diskURI", "DataDiskURI"),
    ("", "dnsConfig", "DNSConfig"),
    ("", "dnsPolicy", "DNSPolicy"),
    ("", "fc", "FC"),
    ("", "fsGroup", "FSGroup"),
    ("", "fsGroupChangePolicy", "FSGroupChangePolicy"),
    ("", "fsType", "FSType"),
    ("", "gcePersistentDisk", "GCEPersistentDisk"),
    ("", "gmsaCredentialSpec", "GMSACredentialSpec"),
    ("", "gmsaCredentialSpecName", "GMSACredentialSpecName"),
    ("", "grpc", "GRPC"),
    ("", "httpGet", "HTTPGet"),
    ("", "httpHeaders", "HTTPHeaders"),
    ("", "ip", "IP"),
    ("", "iqn", "IQN"),
    ("", "iscsi", "ISCSI"),
    ("", "iscsiInterface", "ISCSIInterface"),
    ("", "metadata", "ObjectMeta"),
    ("", "nfs", "NFS"),
    ("", "os", "OS"),
    ("", "pdName", "PDName"),
    ("", "rbd", "RBD"),
    ("", "seLinuxChangePolicy", "SELinuxChangePolicy"),
    ("", "seLinuxOptions", "SELinuxOptions"),
    ("", "serviceAccount", "DeprecatedServiceAccount"),
    ("", "sslEnabled", "SSLEnabled"),
    ("", "storageos", "StorageOS"),
    ("", "tcpSocket", "TCPSocket"),
    ("", "tty", "TTY"),
    ("", "uid", "UID"),
    ("", "wwids", "WWIDs"),
    ("GlusterfsVolumeSource", "endpoints", "EndpointsName"),
    ("RBDVolumeSource", "image", "RBDImage"),
    ("RBDVolumeSource", "monitors", "CephMonitors"),
    ("RBDVolumeSource", "pool", "RBDPool"),
    ("RBDVolumeSource", "user", "RadosUser"),
];

fn go_name(ty: &Type, name: &str) -> String {
    let given = GO_NAMES.iter().find(|(of, json, _)| *json == name && (of.is_empty() || *of == ty.short_name()));
    if let Some((_, _, go)) = given {
        return (*go).to_owned();
    }
    let mut letters = name.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}
