//! What all containers of a pod ask for together: sidecars count beside the containers, init containers one at a time.

use super::{
    amount::{self, Amounts},
    is_sidecar,
};
use crate::{Value, value::Access};

/// The sum of the requests of the containers of a spec.
pub fn requests(spec: &Value) -> Amounts {
    of(spec, "requests")
}

/// The sum of the limits of the containers of a spec.
pub fn limits(spec: &Value) -> Amounts {
    of(spec, "limits")
}

fn of(spec: &Value, member: &str) -> Amounts {
    let own = |container: &Value| amount::amounts(container["resources"].map(member));
    let mut sum = Amounts::new();
    for container in spec.items("containers") {
        amount::add(&mut sum, &own(container));
    }
    let (mut sidecars, mut highest) = (Amounts::new(), Amounts::new());
    for container in spec.items("initContainers") {
        let mut at_once = own(container);
        if is_sidecar(container) {
            amount::add(&mut sum, &at_once);
            amount::add(&mut sidecars, &at_once);
            at_once.clone_from(&sidecars);
        } else {
            amount::add(&mut at_once, &sidecars);
        }
        amount::raise(&mut highest, &at_once);
    }
    amount::raise(&mut sum, &highest);
    sum
}

#[cfg(test)]
mod tests {
    use crate::json;

    // W20: pod-level requests are defaulted from the sum over the containers.
    #[test]
    fn init_containers_count_one_at_a_time() {
        let cpu = |value: &str| json!({"resources": {"requests": {"cpu": value}}});
        let spec = json!({"containers": [cpu("1"), cpu("1")], "initContainers": [cpu("3"), cpu("1")]});
        assert_eq!(super::requests(&spec)["cpu"].to_string(), "3");
    }
}
