//! Whether there is room for what a pod that runs here asks for now (CG-14).

use super::Room;
use crate::pod::resize::Refusal;
use stead_api::Value;
use stead_api::kinds::pod_spec::totals;
use stead_api::quantity::Quantity;

impl Room {
    /// Gives a pod that was taken before what it asks for now, or says why not; it then keeps what it had.
    ///
    /// # Errors
    /// `Infeasible` if the node is too small for it, `Deferred` if others have taken the room.
    pub fn regrant(&mut self, pod: &Value) -> Result<(), Refusal> {
        let requests = totals::pod_requests(&pod["spec"]);
        for name in ["memory", "cpu"] {
            let number = |amount: &Quantity| if name == "cpu" { amount.milli_value_ceil() } else { amount.value_ceil() };
            let (requested, capacity) = (requests.get(name).map_or(0, number), self.allocatable.get(name).map_or(0, number));
            if requested > capacity {
                let message = format!("Node didn't have enough capacity: {name}, requested: {requested}, capacity: {capacity}");
                return Err(Refusal { reason: "Infeasible", message });
            }
        }
        self.fits(pod).map_err(|rejection| Refusal { reason: "Deferred", message: rejection.message })?;
        self.take(pod);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stead_api::json;

    #[test]
    fn a_pod_that_grows_is_infeasible_deferred_or_taken() {
        let mut room = Room::new("n", &json!({"cpu": "4", "memory": "1Gi", "pods": "10"}), &json!({}));
        let pod = |uid: &str, cpu: &str| json!({"metadata": {"uid": uid}, "spec": {"containers": [{"name": "c", "resources": {"requests": {"cpu": cpu}}}]}});
        room.take(&pod("a", "1"));
        room.take(&pod("b", "1"));
        let refused = |room: &mut Room, cpu: &str| room.regrant(&pod("a", cpu)).unwrap_err();
        let infeasible = refused(&mut room, "5");
        assert_eq!(infeasible.message, "Node didn't have enough capacity: cpu, requested: 5000, capacity: 4000");
        assert_eq!((infeasible.reason, refused(&mut room, "3500m").reason), ("Infeasible", "Deferred"));
        assert_eq!(room.regrant(&pod("a", "3")), Ok(()));
        assert!(room.regrant(&pod("b", "2")).is_err(), "a has what it was given");
    }
}
