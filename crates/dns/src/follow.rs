//! Keeps the index as the API is: follows Namespaces, Services and EndpointSlices, and the ConfigMap that users add names with. Decides
//! nothing.

use crate::custom::Custom;
use crate::index::{Change, Index};
use crate::site::Site;
use futures::StreamExt;
use std::collections::HashSet;
use stead_api::Value;
use stead_api::value::Access;
use stead_client::event::{Event, Reference};
use stead_client::resource::{CONFIG_MAPS, ENDPOINT_SLICES, NAMESPACES, SERVICES};
use stead_client::{Client, Report, Resource, Scope};

/// Where users add names, as in k3s.
const CUSTOM: (&str, &str) = ("kube-system", "coredns-custom");

#[derive(Debug, Clone, Copy)]
enum Kind {
    Namespace,
    Service,
    Slice,
}

/// Follows for as long as it is polled. The site is complete when everything was told once.
pub async fn follow(client: &Client, site: &Site) {
    let kinds = [(Kind::Namespace, NAMESPACES), (Kind::Service, SERVICES), (Kind::Slice, ENDPOINT_SLICES)];
    let reports = |(kind, resource): (Kind, Resource)| {
        stead_client::follow(client.clone(), Scope::all(resource), Some).map(move |report| (kind, report))
    };
    let mut all = futures::stream::select_all(kinds.map(reports));
    let mut untold = 3;
    let mut told = [false; 3];
    while let Some((kind, report)) = all.next().await {
        let is_list = matches!(report, Report::Replaced { .. });
        site.change(|index| take(index, kind, &report));
        if is_list && !std::mem::replace(&mut told[kind as usize], true) {
            untold -= 1;
            if untold == 0 {
                site.set_complete();
            }
        }
    }
}

/// Keeps to what users add, for as long as it is polled. `say` is told of what is not understood.
pub async fn follow_custom(client: &Client, site: &Site, mut say: impl FnMut(Event)) {
    let scope = Scope { namespace: CUSTOM.0.to_owned(), field_selector: format!("metadata.name={}", CUSTOM.1), ..Scope::all(CONFIG_MAPS) };
    let mut reports = stead_client::follow(client.clone(), scope, Some);
    while let Some(report) = reports.next().await {
        let object = match report {
            Report::Replaced { objects, .. } => objects.into_iter().next(),
            Report::Put(object) => Some(object),
            Report::Deleted(_) => None,
            Report::Bookmark { .. } => continue,
        };
        let data = object.as_ref().and_then(|object| object.map("data")).into_iter().flatten();
        let (custom, said) = Custom::parse(data.filter_map(|(key, text)| Some((key.as_str(), text.as_str()?))));
        site.set_custom(custom);
        for what in said {
            tracing::warn!(config_map = CUSTOM.1, what, "part of what was added to the name server is left out");
            say(Event::warning(object.as_ref().map(reference).unwrap_or_default(), "NotUnderstood", what));
        }
    }
}

fn reference(object: &Value) -> Reference {
    let meta = &object["metadata"];
    Reference {
        api_version: "v1".to_owned(),
        kind: "ConfigMap".to_owned(),
        namespace: meta.str("namespace").to_owned(),
        name: meta.str("name").to_owned(),
        uid: meta.str("uid").to_owned(),
        resource_version: meta.str("resourceVersion").to_owned(),
        field_path: String::new(),
    }
}

fn take(index: &mut Index, kind: Kind, report: &Report<Value>) {
    match report {
        Report::Replaced { objects, .. } => replace(index, kind, objects),
        Report::Put(object) => index.apply(&kind.put(object)),
        Report::Deleted(object) => {
            let meta = &object["metadata"];
            index.apply(&kind.gone(meta.str("namespace"), meta.str("name")));
        }
        Report::Bookmark { .. } => {}
    }
}

/// What the list lacks is gone.
fn replace(index: &mut Index, kind: Kind, objects: &[Value]) {
    let name = |object: &Value| (object["metadata"].str("namespace").to_owned(), object["metadata"].str("name").to_owned());
    let listed: HashSet<(String, String)> = objects.iter().map(name).collect();
    let owned = |(namespace, name): (&str, &str)| (namespace.to_owned(), name.to_owned());
    let known: Vec<(String, String)> = match kind {
        Kind::Namespace => index.namespaces().map(|name| (String::new(), name.to_owned())).collect(),
        Kind::Service => index.services().map(owned).collect(),
        Kind::Slice => index.slices().map(owned).collect(),
    };
    for (namespace, name) in known.iter().filter(|key| !listed.contains(*key)) {
        index.apply(&kind.gone(namespace, name));
    }
    for object in objects {
        index.apply(&kind.put(object));
    }
}

impl Kind {
    fn put(self, object: &Value) -> Change<'_> {
        match self {
            Self::Namespace => Change::Namespace(object),
            Self::Service => Change::Service(object),
            Self::Slice => Change::Slice(object),
        }
    }

    fn gone<'a>(self, namespace: &'a str, name: &'a str) -> Change<'a> {
        match self {
            Self::Namespace => Change::NamespaceGone(name),
            Self::Service => Change::ServiceGone { namespace, name },
            Self::Slice => Change::SliceGone { namespace, name },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stead_api::json;

    #[test]
    fn what_a_new_list_lacks_is_gone() {
        let mut index = Index::default();
        let service = |name: &str| json!({"metadata": {"namespace": "ns", "name": name}, "spec": {"clusterIP": "None"}});
        let list = |names: &[&str]| Report::Replaced { objects: names.iter().map(|name| service(name)).collect(), version: 1 };
        take(&mut index, Kind::Service, &list(&["a", "b"]));
        take(&mut index, Kind::Service, &list(&["b", "c"]));
        let mut left: Vec<_> = index.services().map(|(_, name)| name.to_owned()).collect();
        left.sort();
        assert_eq!(left, ["b", "c"]);
        take(&mut index, Kind::Service, &Report::Deleted(service("b")));
        assert_eq!(index.services().count(), 1);
    }
}
