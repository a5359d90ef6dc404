//! An object that makes pods, as the rules look at it.

use stead_api::Value;
use stead_api::value::Access;

/// A StatefulSet, Deployment, DaemonSet, ReplicaSet, ReplicationController, Job, CronJob or Pod.
pub struct Workload<'a> {
    pub object: &'a Value,
    pub namespace: &'a str,
    /// The pod, or the template of pods.
    pub template: &'a Value,
    /// Where that stands in the object: `spec.template`, nothing for a pod.
    at: &'static str,
}

/// A container of the template, and where it stands.
pub struct Container<'a> {
    pub spec: &'a Value,
    pub at: String,
    /// It runs as long as the pod: no init container but a sidecar.
    pub stays: bool,
}

impl<'a> Workload<'a> {
    /// `None`: the object makes no pods.
    pub fn of(object: &'a Value, namespace: &'a str) -> Option<Self> {
        let spec = &object["spec"];
        let (template, at) = match object.str("kind") {
            "Pod" => (object, ""),
            "CronJob" => (&spec["jobTemplate"]["spec"]["template"], "spec.jobTemplate.spec.template."),
            "StatefulSet" | "Deployment" | "DaemonSet" | "ReplicaSet" | "ReplicationController" | "Job" => {
                (&spec["template"], "spec.template.")
            }
            _ => return None,
        };
        Some(Self { object, namespace, template, at })
    }

    pub fn is_set(&self) -> bool {
        self.object.str("kind") == "StatefulSet"
    }

    /// Whether its pods serve for as long as they are there.
    pub fn serves(&self) -> bool {
        !matches!(self.object.str("kind"), "Job" | "CronJob")
    }

    pub fn name(&self) -> &'a str {
        self.object["metadata"].str("name")
    }

    pub fn spec(&self) -> &'a Value {
        &self.object["spec"]
    }

    pub fn replicas(&self) -> i64 {
        match self.object.str("kind") {
            "StatefulSet" | "Deployment" | "ReplicaSet" | "ReplicationController" => self.spec().int("replicas").unwrap_or(1),
            _ => 1,
        }
    }

    /// The pods' own.
    pub fn pod_spec(&self) -> &'a Value {
        &self.template["spec"]
    }

    pub fn labels(&self) -> Option<&'a stead_api::Map<String, Value>> {
        self.template["metadata"].map("labels")
    }

    /// The path of a field of the pods (`spec.affinity`) in the object.
    pub fn path(&self, of_pod: &str) -> String {
        format!("{}{of_pod}", self.at)
    }

    /// Init containers first.
    pub fn containers(&self) -> Vec<Container<'a>> {
        let mut all = Vec::new();
        for list in ["initContainers", "containers"] {
            for (index, spec) in self.pod_spec().items(list).iter().enumerate() {
                let stays = list == "containers" || spec.str("restartPolicy") == "Always";
                all.push(Container { spec, at: self.path(&format!("spec.{list}[{index}]")), stays });
            }
        }
        all
    }
}

impl Container<'_> {
    pub fn name(&self) -> &str {
        self.spec.str("name")
    }

    pub fn path(&self, field: &str) -> String {
        format!("{}.{field}", self.at)
    }
}
