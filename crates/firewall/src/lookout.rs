//! Looks whether rules of other programs keep packets of pods back: at the start, when somebody has changed rules of nf_tables, and from time
//! to time, since nobody tells of legacy iptables'. Says what is new. Changes nothing.

use crate::foreign::{OURS, obstacles};
use crate::keeper::chain;
use crate::world::Place;
use std::collections::BTreeSet;
use std::time::Duration;
use stead_netfilter::Watch;

const LOOK_EVERY: Duration = Duration::from_secs(60);

/// For as long as it is polled.
pub async fn look_out(place: Place, say: impl Fn(String)) {
    let mut watch = Watch::others(OURS).inspect_err(unheard).ok();
    let mut known = BTreeSet::new();
    loop {
        let of_place = place.clone();
        match tokio::task::spawn_blocking(move || obstacles(&of_place)).await {
            Ok(Ok(found)) => {
                let found: BTreeSet<String> = found.into_iter().collect();
                for obstacle in found.difference(&known) {
                    tracing::warn!(obstacle, "a rule of another program is in the way");
                    say(obstacle.clone());
                }
                known = found;
            }
            Ok(Err(error)) => tracing::debug!(error = chain(&error), "cannot look at the rules of other programs"),
            Err(error) => tracing::debug!(%error, "looking at the rules of other programs was given up"),
        }
        tokio::select! {
            () = changed(&mut watch) => {}
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}

/// Returns when others may have changed theirs.
async fn changed(watch: &mut Option<Watch>) {
    let Some(listening) = watch else { return std::future::pending().await };
    // No socket has this number: whoever changes a table of others is meant.
    if let Err(error) = listening.disturbed(u32::MAX).await {
        unheard(&error);
        *watch = None;
    }
}

fn unheard(error: &stead_netfilter::Error) {
    tracing::debug!(error = chain(error), "what others change of their rules is only seen from time to time");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::machine::on_machine;
    use crate::tests::place;
    use stead_netfilter::{Base, Batch, Chain, Connection, Field, Hook, Policy, Rule, Statement, Test};

    #[test]
    fn what_others_forbid_later_is_said_too() {
        on_machine(|_| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let (said, mut hears) = tokio::sync::mpsc::unbounded_channel();
            let mut connection = Connection::open().unwrap();
            let mut change = |change: &dyn Fn(&mut Batch)| {
                let mut batch = Batch::new("firewalld");
                change(&mut batch);
                connection.apply(batch).unwrap();
            };
            let story = async {
                change(&|batch| {
                    batch.add_table();
                    let base = Base { policy: Policy::Drop, ..Base::filter(Hook::Input, 0) };
                    batch.add_chain(&Chain::at("in", base, Vec::new()));
                });
                let first: String = hears.recv().await.unwrap();
                assert!(first.contains("chain in"), "{first}");
                change(&|batch| {
                    let base = Base { policy: Policy::Drop, ..Base::filter(Hook::Forward, 0) };
                    batch.add_chain(&Chain::at("on", base, Vec::new()));
                    let links = Statement::Match(Field::InputName, Test::BeginsWith("st0123".into()));
                    batch.add_rules("in", &[Rule(vec![links, Statement::accept()])]);
                });
                let second = hears.recv().await.unwrap();
                assert!(second.contains("chain on"), "said once, and what is new: {second}");
            };
            let watched = async {
                tokio::select! {
                    () = look_out(place(), |obstacle| said.send(obstacle).unwrap()) => {}
                    () = story => {}
                }
            };
            runtime.block_on(async { tokio::time::timeout(LOOK_EVERY / 2, watched).await.expect("changes are told of") });
        });
    }
}
