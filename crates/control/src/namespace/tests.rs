use super::plan::plan;
use super::*;
use crate::object::Object;
use crate::plan::Call;
use stead_api::{Value, json};
use stead_client::resource::{CONFIG_MAPS, PODS};

const CONTENTS: &[Resource] = &[CONFIG_MAPS, PODS];

fn put(cache: &mut Cache, resource: Resource, name: &str, more: Value) {
    let namespace = if resource.namespaced { "going" } else { "" };
    let meta = json!({"name": name, "namespace": namespace, "uid": format!("u-{name}"), "resourceVersion": "5"});
    let mut value = json!({"metadata": meta, "spec": {"finalizers": ["kubernetes"]}, "status": {}});
    for (member, content) in more.as_object().unwrap() {
        value["metadata"][member] = content.clone();
    }
    cache.put(Object::parse(resource, value).unwrap());
}

fn calls(cache: &Cache) -> Vec<String> {
    let namespace = cache.get(NAMESPACES, &Key::cluster("going")).unwrap();
    let plan = plan(Timestamp::from_seconds(1), namespace, cache, CONTENTS);
    let text = |call: &Call| match call {
        Call::DeleteCollection { resource, .. } => format!("delete {}", resource.plural),
        Call::List { resource, limit: 1, .. } => format!("list {}", resource.plural),
        Call::Update { subresource, body, .. } => format!("{subresource} {}", body["spec"]["finalizers"]),
        Call::Patch { subresource, .. } => (*subresource).to_owned(),
        other => panic!("{other:?}"),
    };
    plan.effects().map(|e| text(&e.call)).collect()
}

// NS2
#[test]
fn a_namespace_is_emptied_pods_first_and_then_finalized_after_a_fresh_look() {
    let mut cache = Cache::default();
    put(&mut cache, NAMESPACES, "going", json!({}));
    put(&mut cache, CONFIG_MAPS, "c", json!({}));
    put(&mut cache, PODS, "p", json!({}));
    assert_eq!(calls(&cache), [""; 0]);
    let deleting = json!({"deletionTimestamp": "2026-01-01T00:00:00Z", "resourceVersion": "6"});
    put(&mut cache, NAMESPACES, "going", deleting.clone());
    assert_eq!(calls(&cache), ["delete pods", "status"]);
    put(&mut cache, PODS, "p", deleting);
    assert_eq!(calls(&cache), ["status"]);
    let pod = cache.get(PODS, &Key::new("going", "p")).unwrap().as_ref().clone();
    cache.delete(&pod);
    assert_eq!(calls(&cache), ["delete configmaps", "status"]);
    let map = cache.get(CONFIG_MAPS, &Key::new("going", "c")).unwrap().as_ref().clone();
    cache.delete(&map);
    assert_eq!(calls(&cache), ["delete events", "list configmaps", "list pods", "finalize []"]);
}
