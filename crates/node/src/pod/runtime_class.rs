//! What runs a pod's containers: a RuntimeClass names it. Here one runtime runs everything; a pod that asks for another is refused, in
//! the words of a node that has not got it. Input: the pod's class as the API has it. Output: whether the pod's sandbox may be made.

use crate::node::Node;
use crate::runtime::Runtime;
use stead_api::Value;
use stead_api::value::Access;
use stead_client::resource::RUNTIME_CLASSES;

/// Names by which classes may ask for what runs pods here: the one that nodes commonly call their runtime by, and its own.
const HANDLERS: [&str; 2] = ["runc", "stead"];

/// Whether the pod may run here, as far as its class goes; the error is an event's text.
pub async fn check<R: Runtime>(node: &Node<R>, pod: &Value) -> Result<(), String> {
    match pod["spec"].str("runtimeClassName") {
        "" => Ok(()),
        name => judge(name, node.optional(RUNTIME_CLASSES, "", name).await?.as_ref()),
    }
}

fn judge(name: &str, class: Option<&Value>) -> Result<(), String> {
    let Some(class) = class else { return Err(format!("runtimeclass.node.k8s.io {name:?} not found")) };
    match class.str("handler") {
        "" => Ok(()),
        handler if HANDLERS.contains(&handler) => Ok(()),
        handler => Err(format!("failed to get sandbox runtime: no runtime for {handler:?} is configured")),
    }
}

#[cfg(test)]
mod tests {
    use super::judge;
    use stead_api::json;

    // M10
    #[test]
    fn a_handler_that_is_not_here_runs_nothing() {
        let with = |handler: &str| judge("c", Some(&json!({ "handler": handler })));
        assert_eq!((with("runc"), with("stead")), (Ok(()), Ok(())));
        assert_eq!(with("gvisor").unwrap_err(), "failed to get sandbox runtime: no runtime for \"gvisor\" is configured");
        assert_eq!(judge("c", None).unwrap_err(), "runtimeclass.node.k8s.io \"c\" not found");
    }
}
