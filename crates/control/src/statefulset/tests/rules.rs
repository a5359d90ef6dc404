use super::world::{World, brief};
use crate::plan::{Call, Effect, Patch};
use crate::statefulset::applied;
use stead_api::{Value, json, value::Access};
use stead_client::resource::{CONTROLLER_REVISIONS, PERSISTENT_VOLUME_CLAIMS, PODS, STATEFUL_SETS};

fn ready_set(spec: Value) -> World {
    let mut world = World::new(spec);
    world.auto();
    world
}

fn parallel() -> Value {
    json!({"podManagementPolicy": "Parallel"})
}

// ID-4..7, ID-12
#[test]
fn a_pod_bears_its_identity() {
    let world = World::new(json!({"ordinals": {"start": 5}, "template": {"metadata": {"annotations": {"a": "b"}, "finalizers": ["x/y"]}}}));
    let plan = world.plan();
    let Call::Create { body, namespace, .. } = &plan.steps[0].effects[0].call else { panic!("{plan:?}") };
    let hash = body["metadata"]["labels"]["controller-revision-hash"].as_str().unwrap().to_owned();
    assert_eq!(namespace, "d");
    assert_eq!(
        body["metadata"],
        json!({
            "name": "web-5", "generateName": "web-", "namespace": "d", "annotations": {"a": "b"},
            "labels": {
                "app": "web", "statefulset.kubernetes.io/pod-name": "web-5", "apps.kubernetes.io/pod-index": "5",
                "controller-revision-hash": hash,
            },
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "web", "uid": "set-uid", "controller": true, "blockOwnerDeletion": true}],
        })
    );
    assert_eq!((body["spec"].str("hostname"), body["spec"].str("subdomain")), ("web-5", "nginx"));
}

// ID-2
#[test]
fn ordinals_are_read_from_names() {
    use crate::facts::pod::identity;
    assert_eq!(identity("web-0"), ("web", 0));
    assert_eq!(identity("a-1-02"), ("a-1", 2));
    assert_eq!(identity("web"), ("", -1));
    assert_eq!(identity("web-"), ("", -1));
    assert_eq!(identity("web-x1"), ("", -1));
    assert_eq!(identity("web-99999999999"), ("web", -1));
}

// ORD-2, ORD-5, ORD-7
#[test]
fn ordered_pods_come_one_after_the_other() {
    let mut world = World::new(json!({}));
    assert_eq!(brief(&world.settle()), "+web-0");
    world.play("unready", "web-0");
    assert_eq!(brief(&world.settle()), "");
    world.play("ready", "web-0");
    assert_eq!(brief(&world.settle()), "+web-1");
    assert_eq!(brief(&world.auto()), "+web-2");
    let status = world.status();
    assert_eq!((status.int("readyReplicas"), status.int("currentReplicas")), (Some(3), Some(3)));
    assert_eq!(status["currentRevision"], status["updateRevision"]);
}

// ORD-11
#[test]
fn parallel_pods_come_at_once() {
    let mut world = World::new(parallel());
    assert_eq!(brief(&world.settle()), "+web-0 +web-1 +web-2");
}

// ORD-1, BRK-2
#[test]
fn an_ended_pod_is_replaced() {
    for end in ["fail", "succeed"] {
        let mut world = ready_set(json!({}));
        world.play(end, "web-1");
        assert_eq!(brief(&world.settle()), "-web-1", "{end}");
        world.play("gone", "web-1");
        assert_eq!(brief(&world.settle()), "xweb-1 +web-1");
    }
}

// ORD-4, ORD-9
#[test]
fn a_terminating_pod_blocks_only_what_comes_after_it() {
    let mut world = ready_set(json!({}));
    world.play("unready", "web-2");
    world.call(&world.cache.get(PODS, &World::key("web-0")).unwrap().delete());
    assert_eq!(brief(&world.settle()), "-web-0");
    world.play("gone", "web-0");
    assert_eq!(brief(&world.settle()), "xweb-0 +web-0");
}

// ST-5
#[test]
fn an_unknown_pod_blocks_and_stays() {
    let mut world = World::new(json!({}));
    world.settle();
    world.play("unknown", "web-0");
    assert_eq!(brief(&world.settle()), "");
}

// ORD-8, ID-9
#[test]
fn a_lost_identity_label_is_restored() {
    let mut world = ready_set(json!({}));
    let mut pod = world.value(PODS, "web-1");
    pod["metadata"]["labels"].drop("statefulset.kubernetes.io/pod-name");
    world.put(PODS, pod);
    let plan = world.plan();
    let effect = &plan.steps[0].effects[0];
    assert_eq!(effect.on_success.as_ref().unwrap().message, "Update Pod web-1 in StatefulSet web successful");
    world.settle();
    assert_eq!(world.value(PODS, "web-1")["metadata"]["labels"].str("statefulset.kubernetes.io/pod-name"), "web-1");
}

// ID-3
#[test]
fn a_padded_ordinal_is_a_member_that_cannot_be_renamed() {
    let mut world = World::new(json!({"replicas": 1}));
    world.put(PODS, json!({"metadata": {"name": "web-00", "namespace": "d", "labels": {"app": "web"}}, "status": {"phase": "Pending"}}));
    world.settle();
    world.play("ready", "web-00");
    let plan = world.plan();
    let Call::Patch { key, .. } = &plan.steps[0].effects[0].call else { panic!("{plan:?}") };
    assert_eq!(key.name, "web-0");
}

// RET-13
#[test]
fn scaling_down_tells_once_which_claims_it_keeps() {
    let claims = json!([{"metadata": {"name": "data"}, "spec": {}}]);
    let mut world = World::new(json!({"volumeClaimTemplates": claims}));
    world.auto();
    for name in ["data-web-0", "data-web-2", "data-web-x-1"] {
        let annotations = json!({"pv.kubernetes.io/bind-completed": "yes"});
        let metadata = json!({"name": name, "namespace": "d", "annotations": annotations});
        world.put(PERSISTENT_VOLUME_CLAIMS, json!({"metadata": metadata, "spec": {"volumeName": "v"}, "status": {"phase": "Bound"}}));
    }
    let told = |world: &World| world.plan().events.iter().filter(|event| event.reason == "ClaimsKept").map(|e| e.message.clone()).collect();
    world.change(json!({"replicas": 1}));
    let none: Vec<String> = told(&world);
    assert!(none.is_empty(), "web-1 goes after web-2");
    world.settle();
    world.play("gone", "web-2");
    let one: Vec<String> = told(&world);
    assert_eq!(
        one,
        ["Scaled down, and kept with their data: claims data-web-2. They are used again when the set is scaled up; \
          to give the data up: kubectl delete pvc NAME -n d"],
        "data-web-1 is not bound, data-web-x-1 another set's"
    );
    world.change(json!({"persistentVolumeClaimRetentionPolicy": {"whenScaled": "Delete"}}));
    let none: Vec<String> = told(&world);
    assert!(none.is_empty());
}

// DOWN-2, DOWN-6
#[test]
fn ordered_scale_down_takes_the_highest_first() {
    let mut world = ready_set(json!({}));
    world.change(json!({"replicas": 0}));
    assert_eq!(brief(&world.settle()), "-web-2");
    world.play("gone", "web-2");
    assert_eq!(brief(&world.settle()), "xweb-2 -web-1");
    assert_eq!(brief(&world.auto()), "xweb-1 -web-0 xweb-0");
}

// DOWN-3
#[test]
fn of_two_broken_condemned_pods_the_higher_blocks() {
    let mut world = ready_set(json!({}));
    world.change(json!({"replicas": 1}));
    world.play("unready", "web-1");
    assert_eq!(brief(&world.plan_ops()), "-web-2");
    world.play("unready", "web-2");
    assert_eq!(brief(&world.plan_ops()), "");
    world.play("ready", "web-1");
    assert_eq!(brief(&world.plan_ops()), "-web-2");
}

// DOWN-4
#[test]
fn parallel_scale_down_takes_all() {
    let mut world = ready_set(parallel());
    world.change(json!({"replicas": 1}));
    assert_eq!(brief(&world.settle()), "-web-2 -web-1");
}

// ORD-13, DOWN-1
#[test]
fn an_ordered_set_with_a_broken_pod_does_not_shrink() {
    let mut world = ready_set(json!({}));
    world.play("unready", "web-0");
    world.change(json!({"replicas": 2}));
    assert_eq!(brief(&world.settle()), "");
}

// ID-11
#[test]
fn a_raised_start_makes_new_pods_before_it_removes_old_ones() {
    let mut world = ready_set(json!({}));
    world.change(json!({"ordinals": {"start": 2}}));
    assert_eq!(brief(&world.auto()), "+web-3 +web-4 -web-1 xweb-1 -web-0 xweb-0");
}

// MRS-1, ST-3, MRS-3
#[test]
fn min_ready_seconds_hold_the_next_pod_back() {
    let mut world = World::new(json!({"minReadySeconds": 10}));
    world.settle();
    world.play("ready", "web-0");
    let plan = world.plan();
    assert_eq!(plan.requeue_at, Some(world.now.plus_millis(10_000)));
    assert_eq!(brief(&world.settle()), "");
    world.now = world.now.plus_millis(10_000);
    assert_eq!(brief(&world.settle()), "+web-1");
    assert_eq!(world.status().int("availableReplicas"), Some(1));
}

// RU-3, UPD-2
#[test]
fn a_rolling_update_goes_from_the_highest_down() {
    let mut world = ready_set(json!({}));
    world.image("i:2");
    let ops = world.auto();
    assert_eq!(brief(&ops), "-web-2 xweb-2 +web-2 -web-1 xweb-1 +web-1 -web-0 xweb-0 +web-0");
    let newest = world.newest();
    assert!(ops.iter().filter(|op| op.starts_with('+')).all(|op| op.ends_with(&newest)));
    // REV-12
    assert_eq!(world.status().str("currentRevision"), newest);
}

// UPD-5, REV-15
#[test]
fn a_partition_holds_lower_slots_at_the_current_revision() {
    let mut world = ready_set(json!({"updateStrategy": {"rollingUpdate": {"partition": 2}}}));
    let old = world.newest();
    world.image("i:2");
    assert_eq!(brief(&world.auto()), "-web-2 xweb-2 +web-2");
    world.call(&world.cache.get(PODS, &World::key("web-0")).unwrap().delete());
    let ops = world.auto();
    assert_eq!(ops.last().unwrap(), &format!("+web-0@{old}"));
    let status = world.status();
    assert_eq!((status.int("currentReplicas"), status.int("updatedReplicas")), (Some(2), Some(1)));
    assert_eq!(status.str("currentRevision"), old);
}

// RU-3
#[test]
fn max_unavailable_takes_several_at_once() {
    let mut world = ready_set(json!({"replicas": 4, "updateStrategy": {"rollingUpdate": {"maxUnavailable": "50%"}}}));
    world.image("i:2");
    assert_eq!(brief(&world.settle()), "-web-3 -web-2");
}

// RU-1
#[test]
fn percentages_round_down_but_not_to_zero() {
    for (percent, doomed) in [("10%", 1), ("50%", 1), ("67%", 2), ("100%", 3)] {
        let mut world = ready_set(json!({"updateStrategy": {"rollingUpdate": {"maxUnavailable": percent}}}));
        world.image("i:2");
        assert_eq!(world.settle().len(), doomed, "{percent}");
    }
}

// RU-5, RU-6, BRK-3
#[test]
fn a_parallel_update_takes_broken_pods_beyond_its_budget() {
    let mut world = ready_set(json!({"replicas": 4, "podManagementPolicy": "Parallel"}));
    world.play("unready", "web-1");
    world.play("unready", "web-3");
    world.image("i:2");
    assert_eq!(brief(&world.settle()), "-web-3 -web-1");
}

// RU-4
#[test]
fn a_parallel_update_waits_while_a_new_pod_is_unready() {
    let mut world = ready_set(parallel());
    world.image("i:2");
    assert_eq!(brief(&world.settle()), "-web-2");
    world.play("gone", "web-2");
    assert_eq!(brief(&world.settle()), "xweb-2 +web-2");
}

// BRK-1
#[test]
fn a_broken_ordered_update_stays_until_the_pod_is_deleted() {
    let mut world = ready_set(json!({}));
    world.image("broken");
    assert_eq!(brief(&world.settle()), "-web-2");
    world.play("gone", "web-2");
    world.settle();
    world.image("i:1");
    assert_eq!(brief(&world.settle()), "");
}

// OD-1
#[test]
fn on_delete_waits_for_the_user() {
    let mut world = ready_set(json!({"updateStrategy": {"type": "OnDelete", "rollingUpdate": null}}));
    world.image("i:2");
    assert_eq!(brief(&world.settle()), "");
    world.call(&world.cache.get(PODS, &World::key("web-1")).unwrap().delete());
    let ops = world.auto();
    assert_eq!(ops.last().unwrap(), &format!("+web-1@{}", world.newest()));
}

// REV-6 (a), (b), (d)
#[test]
fn revisions_are_made_reused_and_renumbered() {
    let mut world = ready_set(json!({}));
    let first = world.newest();
    world.image("i:2");
    world.auto();
    assert_eq!(world.revisions().len(), 2);
    world.image("i:1");
    world.auto();
    assert_eq!(world.revisions(), [(world.revisions()[0].0.clone(), 2), (first, 3)]);
    // UPD-1
    world.change(json!({"replicas": 2}));
    world.auto();
    assert_eq!(world.revisions().len(), 2);
}

// REV-7, REV-8
#[test]
fn a_taken_name_counts_as_a_collision() {
    let mut world = World::new(json!({"replicas": 1}));
    world.settle();
    let name = world.newest();
    let mut other = World::new(json!({"replicas": 1}));
    other.put(
        CONTROLLER_REVISIONS,
        json!({"metadata": {"name": name, "namespace": "d", "labels": {"app": "no"}}, "data": {"x": 1}, "revision": 1}),
    );
    other.settle();
    let made = other.cache.list(CONTROLLER_REVISIONS).find(|r| r.key.name != name).unwrap();
    // The label keeps the first hash.
    assert_eq!(format!("web-{}", made.label("controller.kubernetes.io/hash")), name);
    assert_eq!(other.status().int("collisionCount"), Some(1));
}

// REV-13
#[test]
fn orphan_revisions_and_pods_are_adopted_after_a_fresh_look_at_the_set() {
    let mut world = ready_set(json!({"replicas": 1}));
    for (resource, name) in [(CONTROLLER_REVISIONS, world.newest()), (PODS, "web-0".to_owned())] {
        let mut orphan = world.value(resource, &name);
        orphan["metadata"].drop("ownerReferences");
        world.put(resource, orphan);
    }
    let plan = world.plan();
    assert!(plan.before[0].guard.is_some(), "{plan:?}");
    assert_eq!(plan.before.len(), 3);
    assert_eq!(brief(&world.settle()), "");
    assert!(world.cache.get(PODS, &World::key("web-0")).unwrap().owned_by("set-uid"));
}

// OWN-3, OWN-7
#[test]
fn a_pod_that_no_longer_matches_is_released() {
    let mut world = ready_set(json!({"replicas": 1}));
    let mut pod = world.value(PODS, "web-0");
    pod["metadata"]["labels"]["app"] = "other".into();
    world.put(PODS, pod);
    let plan = world.plan();
    let Call::Patch { patch: Patch::Strategic(patch), .. } = &plan.before[0].call else { panic!("{plan:?}") };
    assert_eq!(patch["metadata"]["ownerReferences"][0]["$patch"], "delete");
    // The slot counts as empty; its name is taken.
    assert_eq!(plan.steps[0].effects[0].silent, ["AlreadyExists"]);
}

// OWN-5, OWN-4
#[test]
fn foreign_and_terminating_pods_are_left_alone() {
    let mut world = World::new(json!({"replicas": 1}));
    let owner = json!([{"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "other", "uid": "other", "controller": true}]);
    world.put(PODS, json!({"metadata": {"name": "web-0", "namespace": "d", "labels": {"app": "web"}, "ownerReferences": owner}, "status": {"phase": "Running"}}));
    assert!(world.plan().before.iter().all(|e| !matches!(e.call, Call::Patch { .. })));
    let gone = "2026-01-01T00:00:00Z";
    world.put(PODS, json!({"metadata": {"name": "web-1", "namespace": "d", "labels": {"app": "web"}, "deletionTimestamp": gone}, "status": {"phase": "Running"}}));
    assert!(world.plan().before.iter().all(|e| !matches!(e.call, Call::Patch { .. })));
}

// REV-10, REV-11
#[test]
fn history_is_cut_to_its_limit() {
    for (limit, kept) in [(0, 1), (2, 3), (-1, 6)] {
        let mut world = ready_set(json!({"replicas": 1, "revisionHistoryLimit": limit}));
        for image in ["i:2", "i:3", "i:4", "i:5", "i:6"] {
            world.image(image);
            world.auto();
        }
        assert_eq!(world.revisions().len(), kept, "limit {limit}");
    }
}

// REV-14
#[test]
fn an_empty_set_completes_at_once() {
    let mut world = ready_set(json!({"replicas": 0}));
    world.image("i:2");
    world.settle();
    assert_eq!(world.status().str("currentRevision"), world.newest());
}

// SYNC-10, STA-12
#[test]
fn a_set_being_deleted_only_counts() {
    let mut world = ready_set(json!({}));
    let mut set = world.value(STATEFUL_SETS, "web");
    set["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z".into();
    world.put(STATEFUL_SETS, set);
    world.call(&world.cache.get(PODS, &World::key("web-1")).unwrap().delete());
    world.play("gone", "web-1");
    assert_eq!(brief(&world.settle()), "-web-1 xweb-1");
    assert_eq!(world.status().int("replicas"), Some(2));
}

// STA-1, STA-2
#[test]
fn a_status_is_written_only_when_it_differs() {
    let mut world = ready_set(json!({}));
    assert!(world.plan().is_empty());
    world.change(json!({"revisionHistoryLimit": 9}));
    let plan = world.plan();
    assert_eq!(plan.finally.len(), 1);
    let Call::Patch { patch: Patch::Merge(patch), subresource: "status", .. } = &plan.finally[0].call else { panic!("{plan:?}") };
    assert_eq!(patch["status"]["observedGeneration"], 2);
    assert!(patch["metadata"]["resourceVersion"].is_string());
}

// STA-3..6
#[test]
fn terminating_and_condemned_pods_count_where_upstream_counts_them() {
    let mut world = ready_set(json!({}));
    world.change(json!({"replicas": 2}));
    world.settle();
    let status = world.status();
    let counts = ["replicas", "readyReplicas", "availableReplicas", "currentReplicas", "updatedReplicas"];
    assert_eq!(counts.map(|c| status.int(c).unwrap()), [3, 3, 3, 2, 2]);
}

// PVC-1, PVC-2, PVC-4, RET-2
#[test]
fn a_pods_claims_are_made_before_the_pod() {
    let claims = json!([{"metadata": {"name": "data", "labels": {"tier": "disk"}}, "spec": {"volumeMode": "Filesystem"}}]);
    let policy = json!({"whenDeleted": "Delete", "whenScaled": "Retain"});
    let world = World::new(json!({"volumeClaimTemplates": claims, "persistentVolumeClaimRetentionPolicy": policy}));
    let plan = world.plan();
    let created: Vec<&Value> = plan
        .effects()
        .filter_map(|effect| match &effect.call {
            Call::Create { body, .. } if body.str("kind") != "ControllerRevision" => Some(body),
            _ => None,
        })
        .collect();
    assert_eq!(created.iter().map(|body| body["metadata"].str("name")).collect::<Vec<_>>(), ["data-web-0", "web-0"]);
    assert_eq!(created[0]["metadata"]["labels"]["tier"], "disk");
    assert_eq!(created[0]["metadata"]["ownerReferences"][0]["kind"], "StatefulSet");
    let volume = json!({"name": "data", "persistentVolumeClaim": {"claimName": "data-web-0"}}); // PVC-3
    assert_eq!(created[1]["spec"]["volumes"][0], volume);
}

#[test]
fn a_huge_set_is_planned_in_parts() {
    let world = World::new(json!({"replicas": i32::MAX, "podManagementPolicy": "Parallel"}));
    let plan = world.plan();
    assert_eq!(plan.steps[0].effects.len(), 1000);
    assert!(plan.requeue_after.is_some());
}

impl World {
    /// What one plan would do to pods.
    fn plan_ops(&self) -> Vec<String> {
        let deleted = |call: &Call| match call {
            Call::Delete { resource: PODS, key, .. } => Some(format!("-{}", key.name)),
            _ => None,
        };
        self.plan().effects().filter_map(|e| deleted(&e.call)).collect()
    }
}

// REV-6 (c): data that says the same in other words makes no new revision.
#[test]
fn a_newest_revision_that_means_the_same_is_used() {
    let mut world = ready_set(json!({"replicas": 1}));
    let name = world.newest();
    let mut revision = world.value(CONTROLLER_REVISIONS, &name);
    revision["data"]["spec"]["template"]["metadata"]["creationTimestamp"] = Value::Null;
    world.put(CONTROLLER_REVISIONS, revision);
    // As the server would have defaulted it.
    let mut set = world.value(STATEFUL_SETS, "web");
    set["spec"]["template"] = applied::defaulted(set["spec"]["template"].clone(), &world.observed().set).unwrap();
    world.put(STATEFUL_SETS, set);
    assert_eq!(brief(&world.settle()), "");
    assert_eq!(world.revisions().len(), 1);
}

// SYNC-5
#[test]
fn data_is_applied_as_a_strategic_merge_patch() {
    let world = World::new(json!({}));
    let set = world.observed().set;
    let partial = json!({"spec": {"template": {"spec": {"containers": [{"name": "c", "image": "i:9"}, {"name": "d", "image": "j:1"}]}}}});
    let template = applied::template(&partial, &set);
    assert_eq!(template["metadata"]["labels"], json!({"app": "web"}));
    let mut images: Vec<&str> = template["spec"].items("containers").iter().map(|c| c.str("image")).collect();
    images.sort_unstable();
    assert_eq!(images, ["i:9", "j:1"]);
    let broken = json!({"spec": {"template": {"spec": {"containers": "none"}}}});
    assert_eq!(applied::template(&broken, &set), *set.template());
}

// PVC-9, ID-9: a set made anew with one more claim template adopts pods that cannot get the volume.
#[test]
fn a_pod_without_a_template_s_volume_is_asked_for_it() {
    let mut world = ready_set(json!({"replicas": 1}));
    let mut set = world.value(STATEFUL_SETS, "web");
    set["spec"]["volumeClaimTemplates"] = json!([{"metadata": {"name": "data"}, "spec": {}}]);
    world.put(STATEFUL_SETS, set);
    let plan = world.plan();
    let effects: Vec<&Effect> = plan.steps.iter().flat_map(|step| &step.effects).collect();
    assert!(matches!(&effects[0].call, Call::Create { body, .. } if body["metadata"].str("name") == "data-web-0"), "{plan:?}");
    let Call::Patch { patch: Patch::Strategic(patch), .. } = &effects[1].call else { panic!("{plan:?}") };
    assert_eq!(patch["spec"]["volumes"], json!([{"name": "data", "persistentVolumeClaim": {"claimName": "data-web-0"}}]));
    assert_eq!(effects[1].on_failure.as_ref().unwrap().reason, "FailedUpdate");
}
