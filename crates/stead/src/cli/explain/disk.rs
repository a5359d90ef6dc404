//! What a claim has: its class and volume, what holds that to its size, how full it is and who uses it. Input: the objects, and what the node last
//! measured. Output: a part of the explanation. [`of`] asks the server; everything else is pure.

use super::super::connect::get;
use kube::Client;
use stead_api::quantity::{Format, Quantity};
use stead_api::value::Access;
use stead_api::{Value, json};

/// Annotation of a PersistentVolume of this program's nodes.
const ENFORCEMENT: &str = "stead.io/capacity-enforcement";
const HOST_NAME: &str = "kubernetes.io/hostname";

/// All that is known of a claim's disk. What cannot be had is absent (`null`).
#[derive(Debug, Default)]
struct Known {
    claim: Value,
    class: Value,
    volume: Value,
    /// Of the claim's namespace.
    pods: Vec<Value>,
    /// Warnings about the claim.
    warnings: Vec<Value>,
    /// What the node measures of what a pod of it has mounted.
    measured: Value,
}

/// Asks the server for all that concerns a claim.
pub async fn of(client: &Client, namespace: &str, name: &str) -> anyhow::Result<Value> {
    let base = format!("/api/v1/namespaces/{namespace}");
    let mut known = Known { claim: get(client, &format!("{base}/persistentvolumeclaims/{name}")).await?, ..Known::default() };
    // A class or a volume that is named need not exist, and a node need not answer.
    let find = async |path: String| get(client, &path).await.unwrap_or_default();
    let (class, volume) = (known.claim["spec"].str("storageClassName").to_owned(), known.claim["spec"].str("volumeName").to_owned());
    if !class.is_empty() {
        known.class = find(format!("/apis/storage.k8s.io/v1/storageclasses/{class}")).await;
    }
    if !volume.is_empty() {
        known.volume = find(format!("/api/v1/persistentvolumes/{volume}")).await;
    }
    known.pods = find(format!("{base}/pods")).await.items("items").to_vec();
    let about = format!("involvedObject.uid%3D{}%2Ctype%3DWarning", known.claim["metadata"].str("uid"));
    known.warnings = find(format!("{base}/events?fieldSelector={about}")).await.items("items").to_vec();
    let node = known.users().find_map(|pod| Some(pod["spec"].str("nodeName")).filter(|node| !node.is_empty())).map(str::to_owned);
    if let Some(node) = node {
        let summary = find(format!("/api/v1/nodes/{node}/proxy/stats/summary")).await;
        known.measured = measured(&summary, namespace, name);
    }
    Ok(known.explained())
}

/// What a node's summary says of a claim.
fn measured(summary: &Value, namespace: &str, name: &str) -> Value {
    let mut volumes = summary.items("pods").iter().flat_map(|pod| pod.items("volume"));
    let is_its = |volume: &&Value| volume["pvcRef"].str("name") == name && volume["pvcRef"].str("namespace") == namespace;
    volumes.find(is_its).cloned().unwrap_or_default()
}

impl Known {
    /// The pods that have not ended and name the claim.
    fn users(&self) -> impl Iterator<Item = &Value> {
        let claim = self.claim["metadata"].str("name");
        let names = move |pod: &Value| {
            let mut volumes = pod["spec"].items("volumes").iter();
            volumes.any(|volume| {
                let is_ephemeral = || volume.has("ephemeral") && format!("{}-{}", pod["metadata"].str("name"), volume.str("name")) == claim;
                volume["persistentVolumeClaim"].str("claimName") == claim || is_ephemeral()
            })
        };
        self.pods.iter().filter(move |pod| names(pod) && !matches!(pod["status"].str("phase"), "Succeeded" | "Failed"))
    }

    fn explained(&self) -> Value {
        let pods: Vec<&str> = self.users().map(|pod| pod["metadata"].str("name")).collect();
        let mut lines = vec![self.class_in_words()];
        lines.extend(self.volume_in_words());
        lines.extend(self.fill_in_words());
        lines.push(match pods.as_slice() {
            [] => "no pod uses it".to_owned(),
            pods => format!("used by {}", pods.join(", ")),
        });
        lines.extend(self.warning_in_words());
        json!({
            "reasons": lines,
            "volume": self.claim["spec"]["volumeName"],
            "enforcement": self.volume["metadata"]["annotations"][ENFORCEMENT],
            "usedBytes": self.measured["usedBytes"],
            "availableBytes": self.measured["availableBytes"],
            "pods": pods,
        })
    }

    fn class_in_words(&self) -> String {
        match (self.claim["spec"].str("storageClassName"), self.class.str("provisioner")) {
            ("", _) => "it has no storage class".to_owned(),
            (class, "") => format!("its storage class {class} does not exist"),
            (class, provisioner) => {
                let grows = if self.class.flag("allowVolumeExpansion") { "its claims can grow" } else { "its claims cannot grow" };
                format!("its storage class is {class}, of {provisioner}; {grows}")
            }
        }
    }

    fn volume_in_words(&self) -> Vec<String> {
        let name = self.claim["spec"].str("volumeName");
        if name.is_empty() {
            return vec!["it has no volume yet".to_owned()];
        }
        if !self.volume.is_object() {
            return vec![format!("its volume {name} does not exist")];
        }
        let spec = &self.volume["spec"];
        let path = [spec["local"].str("path"), spec["hostPath"].str("path")].into_iter().find(|path| !path.is_empty());
        let place = path.map(|path| format!(", at {path}")).unwrap_or_default();
        let node = node_of(&self.volume).map(|node| format!(" on node {node}")).unwrap_or_default();
        let mut lines = vec![format!("its volume is {name}{node}{place}")];
        let size = self.claim["status"]["capacity"].str("storage");
        lines.push(match self.volume["metadata"]["annotations"].str(ENFORCEMENT) {
            "project-quota" => format!("a project quota holds it to its size, {size}"),
            "image" => format!("a file holds it to its size, {size}"),
            "" => format!("no node of this server has made it: whether it is held to its size, {size}, is not known"),
            none => format!("nothing holds it to its size, {size}: {}", none.strip_prefix("none: ").unwrap_or(none)),
        });
        if let Some(wanted) = self.growth() {
            lines.push(format!("it is to grow to {wanted}"));
            let conditions = self.claim["status"].items("conditions").iter();
            lines.extend(conditions.filter(|one| one.str("type") == "FileSystemResizePending").map(|one| one.str("message").to_owned()));
        }
        lines.push(match spec.str("persistentVolumeReclaimPolicy") {
            "Delete" => "its data goes for good when the claim is deleted (policy Delete)".to_owned(),
            policy => format!("its data stays when the claim is deleted (policy {policy})"),
        });
        lines
    }

    /// The size that it is to have and has not.
    fn growth(&self) -> Option<&str> {
        let wanted = self.claim["spec"]["resources"]["requests"].str("storage");
        let is_larger = bytes(wanted) > bytes(self.claim["status"]["capacity"].str("storage"));
        (self.claim["status"].str("phase") == "Bound" && is_larger && self.class.flag("allowVolumeExpansion")).then_some(wanted)
    }

    fn fill_in_words(&self) -> Option<String> {
        let amount = |field: &str| self.measured.int(field).map(|bytes| Quantity::from_value(rounded(bytes), Format::BinarySi).to_string());
        let (used, left) = (amount("usedBytes")?, amount("availableBytes")?);
        Some(format!("{used} are used and {left} left, measured at {}", self.measured.str("time")))
    }

    /// The newest, for a claim that is not as it should be.
    fn warning_in_words(&self) -> Option<String> {
        if self.claim["status"].str("phase") == "Bound" && self.growth().is_none() {
            return None;
        }
        let newest = self.warnings.iter().max_by_key(|event| event.str("lastTimestamp"))?;
        Some(format!("{}: {}", newest.str("reason"), newest.str("message")))
    }
}

/// To the next unit that leaves at least three digits, upwards.
fn rounded(bytes: i64) -> i64 {
    let unit = [1 << 40, 1 << 30, 1 << 20, 1 << 10].into_iter().find(|unit| bytes / unit >= 100).unwrap_or(1);
    bytes.saturating_add(unit - 1) / unit * unit
}

fn bytes(amount: &str) -> i64 {
    Quantity::parse(amount).map_or(0, |quantity| quantity.value_ceil())
}

/// The node that a local volume is for.
fn node_of(volume: &Value) -> Option<&str> {
    let terms = volume["spec"]["nodeAffinity"]["required"].items("nodeSelectorTerms").iter();
    let mut expressions = terms.flat_map(|term| term.items("matchExpressions"));
    expressions.find(|one| one.str("key") == HOST_NAME)?.items("values").first()?.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(known: &Known, wanted: &[&str]) {
        let explained = known.explained();
        assert_eq!(explained.items("reasons").iter().filter_map(Value::as_str).collect::<Vec<_>>(), wanted);
    }

    fn bound() -> Known {
        let affinity =
            json!({"required": {"nodeSelectorTerms": [{"matchExpressions": [{"key": HOST_NAME, "operator": "In", "values": ["n"]}]}]}});
        Known {
            claim: json!({"metadata": {"name": "data-db-0"}, "spec": {"storageClassName": "fast", "volumeName": "pvc-1",
                "resources": {"requests": {"storage": "1Gi"}}}, "status": {"phase": "Bound", "capacity": {"storage": "1Gi"}}}),
            class: json!({"provisioner": "stead.io/local", "allowVolumeExpansion": true}),
            volume: json!({"metadata": {"annotations": {ENFORCEMENT: "project-quota"}},
                "spec": {"local": {"path": "/p"}, "nodeAffinity": affinity, "persistentVolumeReclaimPolicy": "Delete"}}),
            pods: vec![
                json!({"metadata": {"name": "db-0"}, "spec": {"volumes": [{"persistentVolumeClaim": {"claimName": "data-db-0"}}]}}),
                json!({"metadata": {"name": "data-db"}, "spec": {"volumes": [{"name": "0", "ephemeral": {}}]}, "status": {"phase": "Failed"}}),
                json!({"metadata": {"name": "db-1"}, "spec": {"volumes": [{"persistentVolumeClaim": {"claimName": "data-db-1"}}]}}),
            ],
            measured: json!({"usedBytes": 3 << 20, "availableBytes": 1021 << 20, "time": "2026-01-01T00:00:00Z"}),
            ..Known::default()
        }
    }

    #[test]
    fn a_bound_claim_tells_of_its_disk() {
        let mut known = bound();
        says(
            &known,
            &[
                "its storage class is fast, of stead.io/local; its claims can grow",
                "its volume is pvc-1 on node n, at /p",
                "a project quota holds it to its size, 1Gi",
                "its data goes for good when the claim is deleted (policy Delete)",
                "3Mi are used and 1021Mi left, measured at 2026-01-01T00:00:00Z",
                "used by db-0",
            ],
        );
        known.volume["metadata"]["annotations"][ENFORCEMENT] = "none: no project quota: x; no image: y".into();
        known.claim["spec"]["resources"]["requests"]["storage"] = "2Gi".into();
        known.claim["status"]["conditions"] = json!([{"type": "FileSystemResizePending", "message": "Waiting for a pod"}]);
        known.warnings = vec![json!({"reason": "VolumeResizeFailed", "message": "not enough room"})];
        known.volume["spec"]["persistentVolumeReclaimPolicy"] = "Retain".into();
        (known.pods, known.measured) = (Vec::new(), Value::Null);
        says(
            &known,
            &[
                "its storage class is fast, of stead.io/local; its claims can grow",
                "its volume is pvc-1 on node n, at /p",
                "nothing holds it to its size, 1Gi: no project quota: x; no image: y",
                "it is to grow to 2Gi",
                "Waiting for a pod",
                "its data stays when the claim is deleted (policy Retain)",
                "no pod uses it",
                "VolumeResizeFailed: not enough room",
            ],
        );
    }

    #[test]
    fn a_claim_without_a_volume_tells_what_was_said_last() {
        let event = |at: &str, message: &str| json!({"lastTimestamp": at, "reason": "ProvisioningFailed", "message": message});
        let known = Known {
            claim: json!({"metadata": {"name": "c"}, "spec": {"storageClassName": "none"}, "status": {"phase": "Pending"}}),
            warnings: vec![event("2026-01-01T00:00:02Z", "new"), event("2026-01-01T00:00:01Z", "old")],
            ..Known::default()
        };
        says(&known, &["its storage class none does not exist", "it has no volume yet", "no pod uses it", "ProvisioningFailed: new"]);
        let gone = Known { volume: Value::Null, measured: Value::Null, pods: Vec::new(), ..bound() };
        assert!(gone.explained()["reasons"].to_string().contains("its volume pvc-1 does not exist"));
    }

    #[test]
    fn a_summary_tells_of_one_claim() {
        let volume = |namespace: &str, used: u64| json!({"pvcRef": {"name": "c", "namespace": namespace}, "usedBytes": used});
        let summary = json!({"pods": [{"volume": [{"name": "e"}, volume("a", 1)]}, {"volume": [volume("b", 2)]}]});
        assert_eq!(measured(&summary, "b", "c")["usedBytes"], 2);
        assert_eq!(measured(&summary, "c", "c"), Value::Null);
    }

    #[test]
    fn amounts_are_rounded_upwards() {
        for (bytes, text) in [(0, "0"), (4096, "4Ki"), ((3 << 20) + 1, "3073Ki"), ((2 << 30) - 5, "2Gi")] {
            assert_eq!(Quantity::from_value(rounded(bytes), Format::BinarySi).to_string(), text);
        }
    }
}
