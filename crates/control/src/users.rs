//! The users that controllers and scheduler act as: upstream's, so that its default roles fit. Input: a controller's name. Output: a user.

use crate::facts::pod::SCHEDULER as DEFAULT_SCHEDULER;

/// Who watches what the controllers look at.
pub(crate) const WATCHER: &str = "system:kube-controller-manager";
/// The user that schedules.
pub const SCHEDULER: &str = "system:kube-scheduler";
const ACCOUNT: &str = "system:serviceaccount:kube-system:";

/// Controllers whose ServiceAccount has another name than they.
const ACCOUNTS: &[(&str, &str)] = &[
    ("daemonset-controller", "daemon-set-controller"),
    ("endpoints-controller", "endpoint-controller"),
    ("endpointslice-mirroring-controller", "endpointslicemirroring-controller"),
    ("garbage-collector-controller", "generic-garbage-collector"),
    ("node-lifecycle-controller", "node-controller"),
    ("persistentvolume-binder-controller", "persistent-volume-binder"),
    ("persistentvolume-expander-controller", "expand-controller"),
    ("persistentvolume-protection-controller", "pv-protection-controller"),
    ("persistentvolumeclaim-protection-controller", "pvc-protection-controller"),
    ("pod-garbage-collector-controller", "pod-garbage-collector"),
    ("replicationcontroller-controller", "replication-controller"),
    ("root-ca-certificate-publisher-controller", "root-ca-cert-publisher"),
    ("service-lb-controller", "service-controller"),
    ("serviceaccount-controller", "service-account-controller"),
    ("taint-eviction-controller", "node-controller"),
    ("token-cleaner-controller", "token-cleaner"),
];

/// The user of a controller.
pub(crate) fn of(controller: &str) -> String {
    if controller == DEFAULT_SCHEDULER {
        return SCHEDULER.to_owned();
    }
    let other = ACCOUNTS.iter().find(|(name, _)| *name == controller).map(|(_, account)| *account);
    format!("{ACCOUNT}{}", other.unwrap_or(controller))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn controllers_have_accounts_and_the_scheduler_is_a_user() {
        assert_eq!(of("statefulset-controller"), "system:serviceaccount:kube-system:statefulset-controller");
        assert_eq!(of("node-lifecycle-controller"), "system:serviceaccount:kube-system:node-controller");
        assert_eq!(of(DEFAULT_SCHEDULER), "system:kube-scheduler");
        let unknown = ACCOUNTS.iter().find(|(name, _)| !crate::CONTROLLERS.iter().any(|controller| controller.name == *name));
        assert_eq!(unknown, None);
    }
}
