//! DELETE of one object (W30-W34).

use crate::answer::Answer;
use crate::app::Core;
use crate::registry::{Call, finish, update};
use crate::{admission, object};
use stead_api::value::Access;
use stead_api::{Status, json};

/// How often a delete starts over because another write came first.
const ATTEMPTS_MAX: usize = 16;

pub(crate) async fn delete(core: &Core, call: &mut Call) -> Result<Answer, Status> {
    let kind = call.target.kind;
    let name = call.target.name.clone();
    admission::delete(core, call)?;
    let key = call.key();
    let _turn = core.queues.enter(&key).await;
    for _ in 0..ATTEMPTS_MAX {
        let current = core.store.get(&key).ok_or_else(|| Status::not_found(kind, &name))?;
        let old = object::from_store(kind, &current.value);
        if old["metadata"].items("finalizers").is_empty() {
            let uid = old["metadata"].str("uid").to_owned();
            let mut last = old;
            if finish::remove(core, kind, &current, &mut last).await?.is_ok() {
                let mut details = kind.details(&name);
                details["uid"] = uid.into();
                let value = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details});
                return Ok(Answer::Document { code: 200, value });
            }
            continue;
        }
        let mut next = old.clone();
        if !old["metadata"].has("deletionTimestamp") {
            let meta = object::meta_mut(&mut next);
            meta["deletionTimestamp"] = core.environment.now().rfc3339().into();
            meta["deletionGracePeriodSeconds"] = 0.into();
        }
        if let Ok(bytes) = finish::store_next(core, kind, &current, &mut next, &old).await? {
            return Ok(Answer::Object { code: 200, kind, bytes });
        }
    }
    Err(update::overtaken(kind, &name))
}
