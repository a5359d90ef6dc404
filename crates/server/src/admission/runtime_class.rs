//! RuntimeClass (M10): a pod that names a class brings what the class costs, and goes where the class is to be had. What it costs is
//! the class's to say. Deciding is pure: a pod and its class. Output: the pod completed, or the Status that refuses it.

use super::{Attributes, Plugin, ready};
use futures::future::BoxFuture;
use stead_api::kinds::pod_spec::amount::amounts;
use stead_api::value::Access;
use stead_api::{Status, Value, json};

#[derive(Debug)]
pub(super) struct RuntimeClass;

impl Plugin for RuntimeClass {
    fn name(&self) -> &'static str {
        "RuntimeClass"
    }

    fn handles(&self, attributes: &Attributes<'_>) -> bool {
        attributes.is_create_of("Pod")
    }

    fn mutate<'a>(&'a self, attributes: &'a Attributes<'_>, object: &'a mut Value) -> BoxFuture<'a, Result<(), Status>> {
        ready(admit(attributes, object))
    }
}

fn admit(attributes: &Attributes<'_>, pod: &mut Value) -> Result<(), Status> {
    let name = pod["spec"].str("runtimeClassName");
    let refuse = |pod: &Value, why: &str| Status::forbidden(&attributes.target.kind, pod["metadata"].str("name"), why);
    let class = match name {
        "" => None,
        name => {
            let class = attributes.cluster.read(&attributes.cluster.kinds.built_in("runtimeclasses"), "", name)?;
            Some(class.ok_or_else(|| refuse(pod, &format!("pod rejected: RuntimeClass {name:?} not found")))?)
        }
    };
    complete(pod, class.as_deref()).map_err(|why| refuse(pod, &why))
}

/// The error is what the refusal says.
fn complete(pod: &mut Value, class: Option<&Value>) -> Result<(), String> {
    let Some(spec) = pod.get_mut("spec").filter(|spec| spec.is_object()) else { return Ok(()) };
    let fixed = class.filter(|class| class.has("overhead")).map(|class| class["overhead"]["podFixed"].clone());
    let is_given = spec.map("overhead").is_some_and(|overhead| !overhead.is_empty());
    match fixed {
        Some(fixed) if is_given && amounts(fixed.as_object()) != amounts(spec.map("overhead")) => {
            return Err("pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead".to_owned());
        }
        Some(fixed) if fixed.is_object() => spec["overhead"] = fixed,
        Some(_) => {}
        None if is_given => return Err("pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead".to_owned()),
        None => {}
    }
    let Some(scheduling) = class.and_then(|class| class.get("scheduling")).filter(|scheduling| scheduling.is_object()) else {
        return Ok(());
    };
    for (key, value) in scheduling.map("nodeSelector").into_iter().flatten() {
        let value = value.as_str().unwrap_or_default();
        spec.default_to("nodeSelector", json!({}));
        match spec["nodeSelector"].get(key).and_then(Value::as_str) {
            Some(own) if own != value => {
                return Err(format!(
                    "conflict: runtimeClass.scheduling.nodeSelector[{key}] = {value}; pod.spec.nodeSelector[{key}] = {own}"
                ));
            }
            _ => spec["nodeSelector"][key.as_str()] = value.into(),
        }
    }
    let tolerations = merged([spec.items("tolerations"), scheduling.items("tolerations")].concat());
    if !tolerations.is_empty() {
        spec["tolerations"] = tolerations.into();
    }
    Ok(())
}

/// The tolerations without those that another one includes; of equal ones the first stays.
fn merged(all: Vec<Value>) -> Vec<Value> {
    let mut kept: Vec<Value> = Vec::new();
    for (place, toleration) in all.iter().enumerate() {
        let is_included = kept.iter().any(|other| includes(other, toleration))
            || all[place + 1..].iter().any(|other| other != toleration && includes(other, toleration));
        if !is_included {
            kept.push(toleration.clone());
        }
    }
    kept
}

/// Whether all that `toleration` tolerates is tolerated by `whole`.
fn includes(whole: &Value, toleration: &Value) -> bool {
    if whole == toleration {
        return true;
    }
    let same = |member: &str| whole.str(member) == toleration.str(member);
    let seconds = |toleration: &Value| toleration.int("tolerationSeconds");
    let is_every_key = whole.str("key").is_empty() && whole.str("operator") == "Exists";
    let is_long_enough = match (whole.str("effect"), seconds(whole)) {
        ("NoExecute", Some(most)) => seconds(toleration).is_some_and(|seconds| seconds <= most),
        _ => true,
    };
    let covers_values = match whole.str("operator") {
        "Exists" => true,
        "Equal" | "" => same("operator") && same("value"),
        _ => false,
    };
    (same("key") || is_every_key) && (same("effect") || whole.str("effect").is_empty()) && is_long_enough && covers_values
}

#[cfg(test)]
mod tests {
    use super::{complete, merged};
    use stead_api::{Value, json};

    fn completed(spec: Value, class: &Value) -> Result<Value, String> {
        let mut pod = json!({ "spec": spec });
        complete(&mut pod, Some(class).filter(|class| class.is_object())).map(|()| pod["spec"].take())
    }

    // M10
    #[test]
    fn what_a_class_costs_is_the_class_s_to_say() {
        let class = json!({"overhead": {"podFixed": {"cpu": "500m"}}});
        assert_eq!(completed(json!({}), &class), Ok(json!({"overhead": {"cpu": "500m"}})));
        assert_eq!(completed(json!({"overhead": {"cpu": "0.5"}}), &class), Ok(json!({"overhead": {"cpu": "500m"}})));
        assert!(completed(json!({"overhead": {"cpu": "1"}}), &class).unwrap_err().contains("doesn't match"));
        for none in [Value::Null, json!({})] {
            assert!(completed(json!({"overhead": {"cpu": "1"}}), &none).unwrap_err().contains("without corresponding"));
        }
    }

    // M10
    #[test]
    fn a_pod_goes_where_its_class_is() {
        let class = json!({"scheduling": {"nodeSelector": {"arch": "arm"}, "tolerations": [{"key": "arch", "operator": "Exists"}]}});
        let own = json!({"nodeSelector": {"disk": "ssd"}, "tolerations": [{"key": "x", "operator": "Exists"}]});
        let expected = json!({"nodeSelector": {"disk": "ssd", "arch": "arm"},
            "tolerations": [{"key": "x", "operator": "Exists"}, {"key": "arch", "operator": "Exists"}]});
        assert_eq!(completed(own, &class), Ok(expected));
        let conflict = completed(json!({"nodeSelector": {"arch": "x86"}}), &class).unwrap_err();
        assert_eq!(conflict, "conflict: runtimeClass.scheduling.nodeSelector[arch] = arm; pod.spec.nodeSelector[arch] = x86");
    }

    #[test]
    fn a_toleration_that_another_includes_is_left_out() {
        let every = json!({"operator": "Exists"});
        let one = json!({"key": "a", "operator": "Equal", "value": "v", "effect": "NoSchedule"});
        assert_eq!(merged(vec![one.clone(), every.clone()]), vec![every]);
        assert_eq!(merged(vec![one.clone(), one.clone()]), vec![one.clone()]);
        let short = json!({"key": "a", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 5});
        let ever = json!({"key": "a", "operator": "Exists", "effect": "NoExecute"});
        assert_eq!(merged(vec![short.clone(), ever.clone()]), [ever]);
        assert_eq!(merged(vec![short.clone(), one.clone()]), [short, one]);
    }
}
