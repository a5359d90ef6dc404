//! Which run of a container a log is of. Pure. Input: the pod as its status shows it. Output: the run's container id, or why there is none.

use stead_api::Value;
use stead_api::value::Access;

/// Which one is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Run {
    /// The one that runs, or else the last one that did.
    #[default]
    Newest,
    /// The one before it.
    Previous,
}

/// The id, with its scheme, in kubelet's order of preference and with its texts (R3).
pub(super) fn container_id(pod: &Value, container: &str, run: Run) -> Result<String, String> {
    let name = pod["metadata"].str("name");
    let lists = ["containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"];
    let mut statuses = lists.iter().flat_map(|list| pod["status"].items(list));
    let Some(status) = statuses.find(|status| status.str("name") == container) else {
        return Err(format!("container {container:?} in pod {name:?} is not available"));
    };
    let (state, last) = (&status["state"], status["lastState"]["terminated"].str("containerID"));
    if run == Run::Previous {
        return some(last).ok_or_else(|| format!("previous terminated container {container:?} in pod {name:?} not found"));
    }
    if state["running"].is_object() {
        return Ok(status.str("containerID").to_owned());
    }
    let ended = state["terminated"].is_object() || status["lastState"]["terminated"].is_object();
    if ended {
        let id = some(state["terminated"].str("containerID")).or_else(|| some(last));
        return id.ok_or_else(|| format!("container {container:?} in pod {name:?} is terminated"));
    }
    let waiting = format!("container {container:?} in pod {name:?} is waiting to start");
    Err(match state["waiting"].str("reason") {
        "" => format!("{waiting} - no logs yet"),
        "ErrImagePull" => format!("{waiting}: image can't be pulled"),
        "ImagePullBackOff" => format!("{waiting}: trying and failing to pull image"),
        reason => format!("{waiting}: {reason}"),
    })
}

/// The id, without its scheme, of a container that runs (STR-11).
pub(super) fn running_id(pod: &Value, container: &str) -> Result<String, String> {
    let lists = ["containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"];
    let mut statuses = lists.iter().flat_map(|list| pod["status"].items(list));
    let status = statuses.find(|status| status.str("name") == container && status["state"]["running"].is_object());
    let id = status.map(|status| status.str("containerID")).ok_or_else(|| format!("container not found ({container:?})"))?;
    Ok(id.rsplit_once("://").map_or(id, |(_, bare)| bare).to_owned())
}

fn some(id: &str) -> Option<String> {
    (!id.is_empty()).then(|| id.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use stead_api::json;

    fn asked(list: &str, mut status: Value, run: Run) -> Result<String, String> {
        status["name"] = "c".into();
        container_id(&json!({"metadata": {"name": "p"}, "status": {list: [{"name": "other"}, status]}}), "c", run)
    }

    fn newest(status: Value) -> Result<String, String> {
        asked("containerStatuses", status, Run::Newest)
    }

    #[test]
    fn the_run_that_is_there_is_chosen() {
        // R3
        let ended = |id: &str| json!({"terminated": {"containerID": id}});
        let running = json!({"containerID": "stead://new", "state": {"running": {}}, "lastState": ended("stead://old")});
        assert_eq!(newest(running.clone()).unwrap(), "stead://new");
        assert_eq!(asked("initContainerStatuses", running.clone(), Run::Previous).unwrap(), "stead://old");
        let waiting = json!({"waiting": {"reason": "CrashLoopBackOff"}});
        assert_eq!(newest(json!({"state": waiting, "lastState": ended("stead://old")})).unwrap(), "stead://old");
        assert_eq!(newest(json!({"state": ended("stead://new"), "lastState": ended("stead://old")})).unwrap(), "stead://new");
        // The newest could not be made.
        assert_eq!(newest(json!({"state": ended(""), "lastState": ended("stead://old")})).unwrap(), "stead://old");
    }

    #[test]
    fn what_has_not_run_is_said() {
        // R3
        let waiting = |reason: &str| newest(json!({"state": {"waiting": {"reason": reason}}})).unwrap_err();
        let text = "container \"c\" in pod \"p\" is waiting to start";
        assert_eq!(waiting("ContainerCreating"), format!("{text}: ContainerCreating"));
        assert_eq!(waiting("ErrImagePull"), format!("{text}: image can't be pulled"));
        assert_eq!(waiting("ImagePullBackOff"), format!("{text}: trying and failing to pull image"));
        assert_eq!(newest(json!({"state": {}})).unwrap_err(), format!("{text} - no logs yet"));
        assert_eq!(newest(json!({"state": {"terminated": {}}})).unwrap_err(), "container \"c\" in pod \"p\" is terminated");
        let previous = asked("containerStatuses", json!({"state": {"running": {}}}), Run::Previous);
        assert_eq!(previous.unwrap_err(), "previous terminated container \"c\" in pod \"p\" not found");
        let none = container_id(&json!({"metadata": {"name": "p"}}), "c", Run::Newest);
        assert_eq!(none.unwrap_err(), "container \"c\" in pod \"p\" is not available");
    }
}
