//! What the components of a cluster may do: upstream's roles for kube-controller-manager's controllers, the scheduler, nodes and
//! kube-proxy, and those of what only Stead has. One row per role; nobody is a member of `system:masters`.
//!
//! Where upstream's controllers update an object, Stead's patch it: who may do the one may do the other.

use super::{API_GROUP, binding, role};
use stead_api::{Value, json};

/// Verbs and resources as words, and the API groups between them.
type Grant = (&'static str, &'static [&'static str], &'static str);

const CORE: &[&str] = &[""];
const APPS: &[&str] = &["apps"];
const APPS_AND_OLDER: &[&str] = &["apps", "extensions"];
const BATCH: &[&str] = &["batch"];
const DISCOVERY: &[&str] = &["discovery.k8s.io"];
const NETWORKING: &[&str] = &["networking.k8s.io"];
const RBAC: &[&str] = &["rbac.authorization.k8s.io"];
const STORAGE: &[&str] = &["storage.k8s.io"];
const COORDINATION: &[&str] = &["coordination.k8s.io"];
const ANY: &[&str] = &["*"];
const EVENTS: Grant = ("create patch update", &["", "events.k8s.io"], "events");

/// A role, and whom it is bound to.
struct Component {
    role: &'static str,
    subject: Subject,
    grants: &'static [Grant],
}

enum Subject {
    /// The name after the last colon of the role is that of a ServiceAccount in `kube-system`.
    OwnAccount,
    Account(&'static str),
    User(&'static str),
    /// Those whom somebody binds it to.
    Nobody,
}

const CONTROLLERS: &[Component] = &[
    controller("system:controller:clusterrole-aggregation-controller", &[("escalate get list patch update watch", RBAC, "clusterroles")]),
    controller(
        "system:controller:cronjob-controller",
        &[
            ("get list update watch", BATCH, "cronjobs"),
            ("create delete get list patch update watch", BATCH, "jobs"),
            ("update", BATCH, "cronjobs/status"),
            ("update", BATCH, "cronjobs/finalizers"),
            ("delete list watch", CORE, "pods"),
            EVENTS,
        ],
    ),
    controller(
        "system:controller:daemon-set-controller",
        &[
            ("get list watch", APPS_AND_OLDER, "daemonsets"),
            ("update", APPS_AND_OLDER, "daemonsets/status"),
            ("update", APPS_AND_OLDER, "daemonsets/finalizers"),
            ("list watch", CORE, "nodes"),
            ("create delete list patch watch", CORE, "pods"),
            ("create", CORE, "pods/binding"),
            ("create delete get list patch update watch", APPS, "controllerrevisions"),
            EVENTS,
        ],
    ),
    controller(
        "system:controller:deployment-controller",
        &[
            ("get list update watch", APPS_AND_OLDER, "deployments"),
            ("update", APPS_AND_OLDER, "deployments/status"),
            ("update", APPS_AND_OLDER, "deployments/finalizers"),
            ("create delete get list patch update watch", APPS_AND_OLDER, "replicasets"),
            ("get list update watch", CORE, "pods"),
            EVENTS,
        ],
    ),
    controller(
        "system:controller:disruption-controller",
        &[
            ("get list watch", APPS_AND_OLDER, "deployments"),
            ("get list watch", APPS_AND_OLDER, "replicasets"),
            ("get list watch", CORE, "replicationcontrollers"),
            ("get list watch", &["policy"], "poddisruptionbudgets"),
            ("get list watch", APPS, "statefulsets"),
            ("update", &["policy"], "poddisruptionbudgets/status"),
            ("patch update", CORE, "pods/status"),
            ("get", ANY, "*/scale"),
            EVENTS,
        ],
    ),
    controller(
        "system:controller:endpoint-controller",
        &[
            ("get list watch", CORE, "pods services"),
            ("create delete get list update watch", CORE, "endpoints"),
            ("create", CORE, "endpoints/restricted"),
            EVENTS,
        ],
    ),
    controller(
        "system:controller:endpointslice-controller",
        &[
            ("get list watch", CORE, "nodes pods services"),
            ("update", CORE, "services/finalizers"),
            ("create delete get list update watch", DISCOVERY, "endpointslices"),
            EVENTS,
        ],
    ),
    controller(
        "system:controller:endpointslicemirroring-controller",
        &[
            ("get list watch", CORE, "endpoints services"),
            ("update", CORE, "services/finalizers"),
            ("update", CORE, "endpoints/finalizers"),
            ("create delete get list update watch", DISCOVERY, "endpointslices"),
            EVENTS,
        ],
    ),
    controller(
        "system:controller:expand-controller",
        &[
            ("get list patch update watch", CORE, "persistentvolumes"),
            ("patch update", CORE, "persistentvolumeclaims/status"),
            ("get list watch", CORE, "persistentvolumeclaims"),
            EVENTS,
        ],
    ),
    controller(
        "system:controller:ephemeral-volume-controller",
        &[
            ("get list watch", CORE, "pods"),
            ("update", CORE, "pods/finalizers"),
            ("create get list watch", CORE, "persistentvolumeclaims"),
            EVENTS,
        ],
    ),
    controller("system:controller:generic-garbage-collector", &[("delete get list patch update watch", ANY, "*"), EVENTS]),
    controller(
        "system:controller:horizontal-pod-autoscaler",
        &[
            ("get list watch", &["autoscaling"], "horizontalpodautoscalers"),
            ("update", &["autoscaling"], "horizontalpodautoscalers/status"),
            ("get update", ANY, "*/scale"),
            ("list watch", CORE, "pods"),
            ("list watch", &["metrics.k8s.io"], "pods"),
            ("get list watch", &["custom.metrics.k8s.io"], "*"),
            ("get list watch", &["external.metrics.k8s.io"], "*"),
            EVENTS,
        ],
    ),
    controller(
        "system:controller:job-controller",
        &[
            ("get list patch update watch", BATCH, "jobs"),
            ("update", BATCH, "jobs/status"),
            ("update", BATCH, "jobs/finalizers"),
            ("create delete list patch watch", CORE, "pods"),
            EVENTS,
        ],
    ),
    controller(
        "system:controller:namespace-controller",
        &[
            ("delete get list watch", CORE, "namespaces"),
            ("update", CORE, "namespaces/finalize namespaces/status"),
            ("delete deletecollection get list watch", ANY, "*"),
        ],
    ),
    controller(
        "system:controller:node-controller",
        &[
            ("delete get list patch update watch", CORE, "nodes"),
            ("patch update", CORE, "nodes/status"),
            ("patch update", CORE, "pods/status"),
            ("delete get list watch", CORE, "pods"),
            EVENTS,
        ],
    ),
    controller(
        "system:controller:persistent-volume-binder",
        &[
            ("create delete get list update watch", CORE, "persistentvolumes"),
            ("update", CORE, "persistentvolumes/status"),
            ("get list update watch", CORE, "persistentvolumeclaims"),
            ("update", CORE, "persistentvolumeclaims/status"),
            ("create delete get list watch", CORE, "pods"),
            ("get list watch", STORAGE, "storageclasses"),
            // One node is looked at: upstream lists them.
            ("get list watch", CORE, "nodes"),
            EVENTS,
            ("watch", CORE, "events"),
        ],
    ),
    controller(
        "system:controller:pod-garbage-collector",
        &[
            ("delete list watch", CORE, "pods"),
            ("get list watch", CORE, "nodes"),
            ("patch", CORE, "pods/status"),
            // It says why it removes a pod: upstream's does not.
            EVENTS,
        ],
    ),
    controller(
        "system:controller:replicaset-controller",
        &[
            ("get list update watch", APPS_AND_OLDER, "replicasets"),
            ("update", APPS_AND_OLDER, "replicasets/status"),
            ("update", APPS_AND_OLDER, "replicasets/finalizers"),
            ("create delete list patch watch", CORE, "pods"),
            EVENTS,
        ],
    ),
    controller(
        "system:controller:replication-controller",
        &[
            ("get list update watch", CORE, "replicationcontrollers"),
            ("update", CORE, "replicationcontrollers/status"),
            ("update", CORE, "replicationcontrollers/finalizers"),
            ("create delete list patch watch", CORE, "pods"),
            EVENTS,
        ],
    ),
    controller(
        "system:controller:resourcequota-controller",
        &[("list watch", ANY, "*"), ("update", CORE, "resourcequotas/status"), EVENTS],
    ),
    controller("system:controller:service-account-controller", &[("create", CORE, "serviceaccounts"), EVENTS]),
    controller(
        "system:controller:service-controller",
        &[
            ("get list watch", CORE, "services"),
            ("patch update", CORE, "services/status"),
            // It holds Services by a finalizer.
            ("patch", CORE, "services"),
            ("list watch", CORE, "nodes"),
            EVENTS,
        ],
    ),
    controller(
        "system:controller:service-cidrs-controller",
        &[
            ("get list patch update watch", NETWORKING, "servicecidrs"),
            ("patch update", NETWORKING, "servicecidrs/finalizers"),
            ("patch update", NETWORKING, "servicecidrs/status"),
            ("get list watch", NETWORKING, "ipaddresses"),
            EVENTS,
        ],
    ),
    controller(
        "system:controller:statefulset-controller",
        &[
            ("list watch", CORE, "pods"),
            ("get list watch", APPS, "statefulsets"),
            ("update", APPS, "statefulsets/status"),
            ("update", APPS, "statefulsets/finalizers"),
            ("create delete get patch update", CORE, "pods"),
            ("create delete get list patch update watch", APPS, "controllerrevisions"),
            ("create get list watch", CORE, "persistentvolumeclaims"),
            ("delete update", CORE, "persistentvolumeclaims"),
            ("update", CORE, "pods/finalizers"),
            EVENTS,
        ],
    ),
    controller("system:controller:ttl-controller", &[("list patch update watch", CORE, "nodes"), EVENTS]),
    controller("system:controller:ttl-after-finished-controller", &[("delete get list watch", BATCH, "jobs"), EVENTS]),
    controller(
        "system:controller:pvc-protection-controller",
        &[
            ("get list update watch", CORE, "persistentvolumeclaims"),
            // A claim says whether pods use it.
            ("update", CORE, "persistentvolumeclaims/status"),
            ("get list watch", CORE, "pods"),
            EVENTS,
        ],
    ),
    controller("system:controller:pv-protection-controller", &[("get list update watch", CORE, "persistentvolumes"), EVENTS]),
    controller("system:controller:root-ca-cert-publisher", &[("create update", CORE, "configmaps"), EVENTS]),
    controller("system:controller:legacy-service-account-token-cleaner", &[("get", CORE, "configmaps"), ("delete patch", CORE, "secrets")]),
];

const OTHERS: &[Component] = &[
    Component {
        role: "system:kube-controller-manager",
        subject: Subject::User("system:kube-controller-manager"),
        grants: &[
            EVENTS,
            ("create", COORDINATION, "leases"),
            ("get update", COORDINATION, "leases"),
            ("create", CORE, "secrets serviceaccounts"),
            ("delete", CORE, "secrets"),
            ("get", CORE, "configmaps namespaces secrets serviceaccounts"),
            ("update", CORE, "secrets serviceaccounts"),
            ("create", &["authentication.k8s.io"], "tokenreviews"),
            ("create", &["authorization.k8s.io"], "subjectaccessreviews"),
            // What controllers watch, they watch together.
            ("list watch", ANY, "*"),
            ("create", CORE, "serviceaccounts/token"),
        ],
    },
    Component {
        role: "system:kube-scheduler",
        subject: Subject::User("system:kube-scheduler"),
        grants: &[
            EVENTS,
            ("create", COORDINATION, "leases"),
            ("get list update watch", COORDINATION, "leases"),
            ("get list watch", CORE, "nodes"),
            ("delete get list watch", CORE, "pods"),
            ("create", CORE, "bindings pods/binding"),
            ("patch update", CORE, "pods/status"),
            ("get list watch", CORE, "replicationcontrollers services"),
            ("get list watch", APPS_AND_OLDER, "replicasets"),
            ("get list watch", APPS, "statefulsets"),
            ("get list watch", &["policy"], "poddisruptionbudgets"),
            ("get list watch", CORE, "persistentvolumeclaims persistentvolumes"),
            ("create", &["authentication.k8s.io"], "tokenreviews"),
            ("create", &["authorization.k8s.io"], "subjectaccessreviews"),
            ("get list watch", STORAGE, "csinodes"),
            ("get list watch", CORE, "namespaces"),
            ("get list watch", STORAGE, "csidrivers"),
            ("get list watch", STORAGE, "csistoragecapacities"),
        ],
    },
    Component {
        role: "system:volume-scheduler",
        subject: Subject::User("system:kube-scheduler"),
        grants: &[
            ("get list patch update watch", CORE, "persistentvolumes"),
            ("get list watch", STORAGE, "storageclasses"),
            ("get list patch update watch", CORE, "persistentvolumeclaims"),
        ],
    },
    Component {
        role: "system:node-proxier",
        subject: Subject::User("system:kube-proxy"),
        grants: &[
            ("list watch", CORE, "endpoints services"),
            ("get list watch", CORE, "nodes"),
            EVENTS,
            ("list watch", DISCOVERY, "endpointslices"),
            ("list watch", NETWORKING, "servicecidrs"),
        ],
    },
    Component { role: "system:node", subject: Subject::User(crate::SIMULATED_NODES), grants: NODE },
    Component { role: "system:kube-dns", subject: Subject::Account("kube-dns"), grants: &[("list watch", CORE, "endpoints services")] },
    Component {
        role: "system:node-bootstrapper",
        subject: Subject::Nobody,
        grants: &[("create get list watch", &["certificates.k8s.io"], "certificatesigningrequests")],
    },
    Component {
        role: "system:node-problem-detector",
        subject: Subject::Nobody,
        grants: &[("get", CORE, "nodes"), ("patch", CORE, "nodes/status"), EVENTS],
    },
    Component {
        role: "system:heapster",
        subject: Subject::Nobody,
        grants: &[
            ("get list watch", CORE, "events namespaces nodes pods"),
            ("get list watch", &["extensions"], "deployments"),
            ("get list watch", &["metrics.k8s.io"], "nodes pods"),
        ],
    },
    Component { role: "system:kube-aggregator", subject: Subject::Nobody, grants: &[("get list watch", CORE, "endpoints services")] },
    // What follows is Stead's own.
    Component {
        role: "stead:name-server",
        subject: Subject::Account("kube-dns"),
        grants: &[
            ("list watch", CORE, "namespaces nodes pods"),
            ("list watch", DISCOVERY, "endpointslices"),
            ("list watch", CORE, "configmaps"),
            // It shows itself as a Service.
            ("create get list patch", CORE, "endpoints services"),
            ("create get patch", DISCOVERY, "endpointslices"),
            ("create", CORE, "endpoints/restricted"),
            EVENTS,
        ],
    },
    Component {
        role: "stead:firewall",
        subject: Subject::OwnAccount,
        grants: &[("list watch", CORE, "namespaces pods"), ("list watch", NETWORKING, "networkpolicies"), EVENTS],
    },
    Component {
        role: "stead:provisioner",
        subject: Subject::OwnAccount,
        grants: &[
            ("create delete get list patch watch", CORE, "persistentvolumes"),
            ("patch", CORE, "persistentvolumes/status"),
            ("get list patch watch", CORE, "persistentvolumeclaims"),
            ("patch", CORE, "persistentvolumeclaims/status"),
            ("get list watch", STORAGE, "storageclasses"),
            ("create delete get list patch", STORAGE, "csistoragecapacities"),
            EVENTS,
        ],
    },
];

/// What any node may do; which objects, the node authorizer and the admission plugin NodeRestriction say.
pub(crate) const NODE: &[Grant] = &[
    ("create", &["authentication.k8s.io"], "tokenreviews"),
    ("create", &["authorization.k8s.io"], "localsubjectaccessreviews subjectaccessreviews"),
    ("get list watch", CORE, "services"),
    ("create get list watch", CORE, "nodes"),
    ("patch update", CORE, "nodes/status"),
    ("patch update", CORE, "nodes"),
    EVENTS,
    ("get list watch", CORE, "pods"),
    ("create delete", CORE, "pods"),
    ("patch update", CORE, "pods/status"),
    ("create", CORE, "pods/eviction"),
    ("get list watch", CORE, "configmaps secrets"),
    ("get", CORE, "persistentvolumeclaims persistentvolumes"),
    ("get", CORE, "endpoints"),
    ("create get list watch", &["certificates.k8s.io"], "certificatesigningrequests"),
    ("create delete get patch update", COORDINATION, "leases"),
    ("get", STORAGE, "volumeattachments"),
    ("get patch update", CORE, "persistentvolumeclaims/status"),
    ("create", CORE, "serviceaccounts/token"),
    ("get list watch", STORAGE, "csidrivers"),
    ("create delete get patch update", STORAGE, "csinodes"),
    ("get list watch", &["node.k8s.io"], "runtimeclasses"),
];

const fn controller(role: &'static str, grants: &'static [Grant]) -> Component {
    Component { role, subject: Subject::OwnAccount, grants }
}

pub(super) fn cluster_roles() -> Vec<Value> {
    let controllers = CONTROLLERS.iter().map(|one| role(one.role, &[], one.grants.iter().map(patching).collect()));
    let others = OTHERS.iter().map(|one| role(one.role, &[], one.grants.iter().map(rule).collect()));
    controllers.chain(others).collect()
}

pub(super) fn cluster_role_bindings() -> Vec<Value> {
    CONTROLLERS.iter().chain(OTHERS).filter_map(|one| Some(binding(one.role, vec![subject(one)?]))).collect()
}

fn subject(component: &Component) -> Option<Value> {
    let account = |name: &str| json!({"kind": "ServiceAccount", "name": name, "namespace": "kube-system"});
    match component.subject {
        Subject::OwnAccount => component.role.rsplit_once(':').map(|(_, name)| account(name)),
        Subject::Account(name) => Some(account(name)),
        Subject::User(name) => Some(json!({"kind": "User", "apiGroup": API_GROUP, "name": name})),
        Subject::Nobody => None,
    }
}

/// The rule of a grant, as an object.
pub(crate) fn rule(&(verbs, groups, resources): &Grant) -> Value {
    let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    json!({"verbs": words(verbs), "apiGroups": groups, "resources": words(resources)})
}

/// As [`rule`]; who may update may patch.
fn patching(grant: &Grant) -> Value {
    let mut rule = rule(grant);
    let verbs = rule["verbs"].as_array_mut().expect("a rule has verbs");
    let is = |wanted: &str| verbs.iter().position(|verb| verb == wanted);
    if let (Some(at), None) = (is("update"), is("patch")) {
        verbs.insert(at, "patch".into());
    }
    rule
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_update_may_patch() {
        assert_eq!(patching(&("get update", CORE, "pods"))["verbs"], json!(["get", "patch", "update"]));
        assert_eq!(patching(&("patch update", CORE, "pods"))["verbs"], json!(["patch", "update"]));
        assert_eq!(patching(&("get", CORE, "pods"))["verbs"], json!(["get"]));
    }

    #[test]
    fn a_role_of_a_controller_is_bound_to_its_account() {
        let bindings = cluster_role_bindings();
        let of =
            |name: &str| bindings.iter().find(|binding| binding["metadata"]["name"] == name).map(|binding| binding["subjects"].clone());
        let account = |name: &str| Some(json!([{"kind": "ServiceAccount", "name": name, "namespace": "kube-system"}]));
        assert_eq!(of("system:controller:job-controller"), account("job-controller"));
        assert_eq!(of("system:kube-dns"), account("kube-dns"));
        assert_eq!(of("system:heapster"), None);
    }
}
