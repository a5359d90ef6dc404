//! Roles as users give them: a service account may do what its roles say, and nothing else.

use crate::cluster::{Cluster, Needs, have};

#[test]
fn a_service_account_may_do_what_its_roles_say() {
    let Some(programs) = have("a_service_account_may_do_what_its_roles_say", Needs::Kubectl) else { return };
    let cluster = Cluster::start(&["--simulated-nodes", "1"]);
    let kubectl = cluster.kubectl(&programs[0]);
    kubectl.run(&["create", "serviceaccount", "bob"]);
    const BOB: &str = "--as=system:serviceaccount:default:bob";
    let may = |what: &[&str]| kubectl.try_run(&[&["auth", "can-i", BOB][..], what].concat()).out.trim().to_owned();
    assert_eq!(may(&["list", "pods"]), "no");
    kubectl.run(&["create", "role", "reader", "--verb=get,list", "--resource=pods"]);
    kubectl.run(&["create", "rolebinding", "bob-reads", "--role=reader", "--serviceaccount=default:bob"]);
    assert_eq!([may(&["list", "pods"]), may(&["delete", "pods"]), may(&["list", "pods", "-n", "kube-system"])], ["yes", "no", "no"]);
    assert!(kubectl.try_run(&["get", "pods", BOB]).ok);
    let refused = kubectl.try_run(&["get", "secrets", BOB]);
    let words = "secrets is forbidden: User \"system:serviceaccount:default:bob\" cannot list resource \"secrets\" in API group \"\" in the namespace \"default\"";
    assert!(!refused.ok && refused.err.contains(words), "{refused:?}");
    // A8: nobody gives away what is not his.
    kubectl.run(&["create", "clusterrole", "roles", "--verb=get,create", "--resource=roles.rbac.authorization.k8s.io"]);
    kubectl.run(&["create", "rolebinding", "bob-roles", "--clusterrole=roles", "--serviceaccount=default:bob"]);
    let refused = kubectl.try_run(&["create", "role", "more", "--verb=get", "--resource=secrets", BOB]);
    assert!(!refused.ok && refused.err.contains("is attempting to grant RBAC permissions not currently held"), "{refused:?}");
    assert!(kubectl.try_run(&["create", "role", "same", "--verb=get", "--resource=pods", BOB]).ok);
    kubectl.run(&["delete", "rolebinding", "bob-reads"]);
    assert_eq!(may(&["list", "pods"]), "no");
}
