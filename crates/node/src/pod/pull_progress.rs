//! Tells in events how far a long pull is: first after half a minute, then ever more rarely, so that short pulls have none and long ones
//! leave room for what else is said of their pod.

use super::steps::about;
use crate::node::Node;
use crate::runtime::{Pulled, Runtime};
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use stead_api::Value;
use stead_api::quantity::{Format, Quantity};
use stead_images::{Digest, Keyring, Progress, Stage};

/// Until the first event; doubled up to the next for each that follows.
const FIRST: Duration = Duration::from_secs(30);
const MAX: Duration = Duration::from_secs(300);
const REASON: &str = "PullProgress";

/// How far each part of an image is.
#[derive(Debug, Default)]
struct PullProgress(Mutex<Parts>);

#[derive(Debug, Default)]
struct Parts {
    /// Bytes done and in all.
    fetched: BTreeMap<Digest, (u64, u64)>,
    unpacked: BTreeMap<Digest, (u64, u64)>,
}

impl Progress for PullProgress {
    fn advance(&self, stage: Stage, digest: &Digest, done_bytes: u64, total_bytes: u64) {
        let mut parts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of_stage = match stage {
            Stage::Fetch => &mut parts.fetched,
            Stage::Unpack => &mut parts.unpacked,
            Stage::Push => return,
        };
        of_stage.insert(digest.clone(), (done_bytes, total_bytes));
    }
}

impl PullProgress {
    /// None as long as nothing is known.
    fn text(&self, reference: &str) -> Option<String> {
        let parts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let sum = |of: &BTreeMap<Digest, (u64, u64)>| of.values().fold((0, 0), |(done, total), part| (done + part.0, total + part.1));
        let ((fetched, total), unpacked) = (sum(&parts.fetched), sum(&parts.unpacked).0);
        let unpacked = if unpacked == 0 { String::new() } else { format!(", {} unpacked", mebibytes(unpacked)) };
        (total > 0).then(|| format!("Pulling image {reference:?}: {} of {} fetched{unpacked}", mebibytes(fetched), mebibytes(total)))
    }
}

/// Rounded up to whole ones.
fn mebibytes(bytes: u64) -> String {
    let whole = bytes.div_ceil(1 << 20) << 20;
    Quantity::from_value(i64::try_from(whole).unwrap_or(i64::MAX), Format::BinarySi).to_string()
}

/// Pulls an image for a container, or for a volume of the pod (no container), and tells in its events now and then how far that is.
pub async fn pull<R: Runtime>(node: &Node<R>, pod: &Value, container: &str, reference: &str, keyring: Keyring) -> Result<Pulled, String> {
    let progress = Arc::new(PullProgress::default());
    let say = |message| node.record_event(about(pod, container, "Normal", REASON, message));
    let pull = node.runtime.pull_image(reference, keyring, Arc::clone(&progress) as Arc<dyn Progress>);
    tokio::select! {
        pulled = pull => pulled,
        never = tell(&progress, reference, say) => match never {},
    }
}

async fn tell(progress: &PullProgress, reference: &str, say: impl Fn(String)) -> Infallible {
    let mut pause = FIRST;
    loop {
        tokio::time::sleep(pause).await;
        progress.text(reference).into_iter().for_each(&say);
        pause = (pause * 2).min(MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    #[tokio::test(start_paused = true)]
    async fn a_long_pull_says_now_and_then_how_far_it_is() {
        let said = RefCell::new(Vec::new());
        let progress = PullProgress::default();
        let (a, b) = (Digest::of(b"a"), Digest::of(b"b"));
        let work = async {
            for minute in 0..60 {
                progress.advance(Stage::Fetch, &a, minute << 20, 60 << 20);
                if minute == 2 {
                    progress.advance(Stage::Fetch, &b, 5 << 20, 5 << 20);
                    progress.advance(Stage::Unpack, &b, 1, 9);
                }
                tokio::time::sleep(Duration::from_secs(60)).await;
            }
        };
        tokio::select! {
            () = work => {}
            never = tell(&progress, "i:1", |text| said.borrow_mut().push(text)) => match never {},
        }
        let said = said.into_inner();
        assert_eq!(said[0], "Pulling image \"i:1\": 0 of 60Mi fetched");
        assert_eq!(said[2], "Pulling image \"i:1\": 8Mi of 65Mi fetched, 1Mi unpacked");
        assert_eq!(said.len(), 14, "in an hour: {said:?}");
    }
}
