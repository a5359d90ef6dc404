//! How far pulls are: told at any time to those who ask, and of a long pull in events: first after half a minute, then ever more rarely, so
//! that short pulls have none and long ones leave room for what else is said of their pod.

use super::steps::about;
use crate::node::Node;
use crate::runtime::{Pulled, Runtime};
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use stead_api::Value;
use stead_api::quantity::{Format, Quantity};
use stead_api::value::Access;
use stead_images::{Digest, Keyring, Progress, Stage};

/// Until the first event; doubled up to the next for each that follows.
const FIRST: Duration = Duration::from_secs(30);
const MAX: Duration = Duration::from_secs(300);
const REASON: &str = "PullProgress";

/// The pulls that a node has under way, each for a pod. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct PullsUnderWay(Arc<Mutex<Vec<UnderWay>>>);

#[derive(Debug)]
struct UnderWay {
    /// The pod's.
    uid: String,
    reference: String,
    progress: Arc<PullProgress>,
}

/// How far the pull of one image is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullState {
    pub image: String,
    /// Of what is under way: first of what is fetched, then of what is unpacked.
    pub percent: u8,
    /// `12Mi of 35Mi fetched`
    pub words: String,
}

impl PullsUnderWay {
    /// Those for one pod. A pull of which nothing is known yet is left out.
    pub fn of(&self, uid: &str) -> Vec<PullState> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().filter(|one| one.uid == uid).filter_map(|one| one.progress.state(&one.reference)).collect()
    }

    /// Is among them until the guard is dropped.
    fn enter(&self, uid: &str, reference: &str, progress: &Arc<PullProgress>) -> Entered {
        let one = UnderWay { uid: uid.to_owned(), reference: reference.to_owned(), progress: Arc::clone(progress) };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(one);
        Entered { all: self.clone(), progress: Arc::clone(progress) }
    }
}

struct Entered {
    all: PullsUnderWay,
    progress: Arc<PullProgress>,
}

impl Drop for Entered {
    fn drop(&mut self) {
        let mut all = self.all.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|one| !Arc::ptr_eq(&one.progress, &self.progress));
    }
}

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
    fn state(&self, reference: &str) -> Option<PullState> {
        let parts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let ((fetched, total), (unpacked, _)) = (sum(&parts.fetched), sum(&parts.unpacked));
        let percent = |done: u64| u8::try_from(done.min(total).saturating_mul(100).checked_div(total)?).ok();
        let (done, words) = match fetched < total {
            true => (fetched, format!("{} of {} fetched", mebibytes(fetched), mebibytes(total))),
            false => (unpacked, format!("{} fetched, {} unpacked", mebibytes(total), mebibytes(unpacked))),
        };
        Some(PullState { image: reference.to_owned(), percent: percent(done)?, words })
    }

    /// None as long as nothing is known.
    fn text(&self, reference: &str) -> Option<String> {
        let parts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let ((fetched, total), unpacked) = (sum(&parts.fetched), sum(&parts.unpacked).0);
        let unpacked = if unpacked == 0 { String::new() } else { format!(", {} unpacked", mebibytes(unpacked)) };
        (total > 0).then(|| format!("Pulling image {reference:?}: {} of {} fetched{unpacked}", mebibytes(fetched), mebibytes(total)))
    }
}

/// What is done of all parts, and what they have in all.
fn sum(parts: &BTreeMap<Digest, (u64, u64)>) -> (u64, u64) {
    parts.values().fold((0, 0), |(done, total), part| (done + part.0, total + part.1))
}

/// Rounded up to whole ones.
fn mebibytes(bytes: u64) -> String {
    let whole = bytes.div_ceil(1 << 20) << 20;
    Quantity::from_value(i64::try_from(whole).unwrap_or(i64::MAX), Format::BinarySi).to_string()
}

/// Pulls an image for a container, or for a volume of the pod (no container), and tells in its events now and then how far that is.
pub async fn pull<R: Runtime>(node: &Node<R>, pod: &Value, container: &str, reference: &str, keyring: Keyring) -> Result<Pulled, String> {
    let progress = Arc::new(PullProgress::default());
    let _entered = node.pulls.enter(pod["metadata"].str("uid"), reference, &progress);
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

    #[test]
    fn whoever_asks_is_told_how_far_a_pods_images_are() {
        let (all, progress) = (PullsUnderWay::default(), Arc::new(PullProgress::default()));
        let entered = all.enter("u", "i:1", &progress);
        assert_eq!(all.of("u"), [], "nothing is known yet");
        let (a, b) = (Digest::of(b"a"), Digest::of(b"b"));
        progress.advance(Stage::Fetch, &a, 10 << 20, 10 << 20);
        progress.advance(Stage::Fetch, &b, 0, 30 << 20);
        let state = |percent, words: &str| PullState { image: "i:1".to_owned(), percent, words: words.to_owned() };
        assert_eq!(all.of("u"), [state(25, "10Mi of 40Mi fetched")]);
        assert_eq!(all.of("other"), []);
        progress.advance(Stage::Fetch, &b, 30 << 20, 30 << 20);
        progress.advance(Stage::Unpack, &b, 20 << 20, 30 << 20);
        assert_eq!(all.of("u"), [state(50, "40Mi fetched, 20Mi unpacked")]);
        drop(entered);
        assert_eq!(all.of("u"), []);
    }

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
