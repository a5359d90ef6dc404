//! Whose a token is: the account and the objects that it is bound to must still be those of their uids (A2).

use super::Rejected;
use super::claims::{Claims, Named};
use crate::Identity;
use crate::cluster::Cluster;
use std::collections::BTreeMap;
use std::sync::Arc;
use stead_api::Value;
use stead_api::time::Timestamp;
use stead_api::value::Access;

/// How long what is being deleted still counts: clocks differ.
const LEEWAY_US: i64 = 60 * 1_000_000;

/// The identity of a token's bearer.
pub(super) fn identity(cluster: &Cluster, claims: &Claims) -> Result<Identity, Rejected> {
    let (namespace, account) = (claims.namespace.as_str(), &claims.account);
    bound(cluster, "serviceaccounts", namespace, account)?;
    let mut extra = BTreeMap::new();
    let mut note = |name: &str, value: String| {
        extra.insert(format!("authentication.kubernetes.io/{name}"), vec![value]);
    };
    if let Some(secret) = &claims.bound.secret {
        bound(cluster, "secrets", namespace, secret)?;
    }
    if let Some(pod) = &claims.bound.pod {
        bound(cluster, "pods", namespace, pod)?;
        note("pod-name", pod.name.clone());
        note("pod-uid", pod.uid.clone());
    }
    if let Some(node) = &claims.bound.node {
        if claims.bound.pod.is_none() {
            bound(cluster, "nodes", "", node)?;
        }
        note("node-name", node.name.clone());
        note("node-uid", node.uid.clone());
    }
    note("credential-id", format!("JTI={}", claims.id));
    let groups = ["system:serviceaccounts".to_owned(), format!("system:serviceaccounts:{namespace}"), "system:authenticated".to_owned()];
    let user = format!("system:serviceaccount:{namespace}:{}", account.name);
    Ok(Identity { user, groups: groups.to_vec(), uid: account.uid.clone(), extra })
}

fn bound(cluster: &Cluster, plural: &'static str, namespace: &str, named: &Named) -> Result<Arc<Value>, Rejected> {
    let gone = || Rejected("service account token has been invalidated".to_owned());
    let object = cluster.read(&cluster.kinds.built_in(plural), namespace, &named.name)?.ok_or_else(gone)?;
    let meta = &object["metadata"];
    let deleted = Timestamp::parse(meta.str("deletionTimestamp"));
    let invalid = deleted.is_some_and(|at| at.0 < cluster.environment.now().0 - LEEWAY_US);
    if meta.str("uid") != named.uid || invalid { Err(gone()) } else { Ok(object) }
}
