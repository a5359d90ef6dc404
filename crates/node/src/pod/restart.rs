//! Whether a container that has ended starts again: its own rules first, then its own policy, then the pod's (RST-1, RST-2). Pure.

use stead_api::Value;
use stead_api::value::Access;

/// What follows the end of a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Following {
    /// Nothing: it has ended for good.
    Nothing,
    /// It starts again.
    Restart,
    /// Every container of the pod starts again, init containers first.
    RestartAll,
}

/// An init container that goes on running beside the others (INIT-2).
pub fn sidecar(container: &Value) -> bool {
    container.str("restartPolicy") == "Always"
}

/// The policy that counts for a container: its own, else the pod's.
pub fn policy<'a>(spec: &'a Value, container: &'a Value) -> &'a str {
    let policies = [container.str("restartPolicy"), spec.str("restartPolicy")];
    policies.into_iter().find(|policy| !policy.is_empty()).unwrap_or("Always")
}

/// What follows when a container ends with that code.
pub fn following(spec: &Value, container: &Value, code: i32) -> Following {
    // Rules count only beside a policy of the container's own; validation demands one.
    let rules = container.items("restartPolicyRules").iter().filter(|_| container.has("restartPolicy"));
    if let Some(rule) = rules.into_iter().find(|rule| applies(&rule["exitCodes"], code)) {
        return if rule.str("action") == "RestartAllContainers" { Following::RestartAll } else { Following::Restart };
    }
    match policy(spec, container) {
        "Never" => Following::Nothing,
        "OnFailure" if code == 0 => Following::Nothing,
        _ => Following::Restart,
    }
}

fn applies(exit_codes: &Value, code: i32) -> bool {
    let listed = exit_codes.items("values").iter().any(|value| value.as_i64() == Some(i64::from(code)));
    match exit_codes.str("operator") {
        "In" => listed,
        "NotIn" => !listed,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stead_api::json;

    #[test]
    fn policies_of_pod_and_container() {
        // RST-1, RST-2
        let cases = [
            ("Always", "", 0, Following::Restart),
            ("OnFailure", "", 0, Following::Nothing),
            ("OnFailure", "", 1, Following::Restart),
            ("Never", "", 1, Following::Nothing),
            ("Never", "Always", 0, Following::Restart),
            ("Never", "OnFailure", 1, Following::Restart),
            ("Always", "Never", 1, Following::Nothing),
            ("Always", "OnFailure", 0, Following::Nothing),
        ];
        for (pod, own, code, expected) in cases {
            let mut container = json!({"name": "c"});
            if !own.is_empty() {
                container["restartPolicy"] = own.into();
            }
            assert_eq!(following(&json!({"restartPolicy": pod}), &container, code), expected, "{pod} {own} {code}");
        }
    }

    #[test]
    fn the_first_rule_that_applies_wins() {
        // RST-2
        let container = json!({"restartPolicy": "Never", "restartPolicyRules": [
            {"action": "Restart", "exitCodes": {"operator": "In", "values": [42]}},
            {"action": "RestartAllContainers", "exitCodes": {"operator": "In", "values": [42, 43]}},
            {"action": "Restart", "exitCodes": {"operator": "NotIn", "values": [0, 1]}}]});
        let of = |code| following(&json!({"restartPolicy": "Never"}), &container, code);
        assert_eq!([of(42), of(43), of(7)], [Following::Restart, Following::RestartAll, Following::Restart]);
        assert_eq!([of(0), of(1)], [Following::Nothing, Following::Nothing]);
    }
}
