//! Whether a resolver leads back to this server: each is asked for a name that nobody else knows, and the question must not come back
//! (DNS-15). A resolver that does is not asked until a later probe finds it changed.

use crate::forward::{Forwarder, Question, Resolver, Transport, exchange};
use hickory_proto::op::{Message, Query};
use hickory_proto::rr::{Name, RecordType};
use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// How long a question may take to come back.
const PROBE_MAX: Duration = Duration::from_secs(2);
/// Those that lead back are asked again so often.
const AGAIN_AFTER: Duration = Duration::from_secs(30);
/// The last label of the names, which no resolver has reason to know.
const TOP: &str = "stead-loop-probe";

/// Names that are being asked for, and those of them that came back.
#[derive(Debug, Default)]
pub struct Probes(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    out: HashSet<Name>,
    back: HashSet<Name>,
}

impl Probes {
    /// Whether this question is one of our own.
    pub fn came_back(&self, query: &Query) -> bool {
        if query.query_type() != RecordType::HINFO {
            return false;
        }
        let mut state = self.state();
        let name = query.name().to_lowercase();
        let is_ours = state.out.contains(&name);
        if is_ours {
            state.back.insert(name);
        }
        is_ours
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether what this resolver is asked comes back.
    async fn comes_back(&self, resolver: &Resolver) -> bool {
        let Some(name) = random_name() else { return false };
        self.state().out.insert(name.clone());
        let question = Question {
            query: Query::query(name.clone(), RecordType::HINFO),
            recursion_desired: true,
            checking_disabled: false,
            edns: None,
            transport: Transport::Udp,
        };
        // Any answer says that it was asked; whether it came back is known here.
        let asked = tokio::time::timeout(PROBE_MAX, exchange(resolver.address(), &question.message(), question.transport)).await;
        tracing::trace!(resolver = %resolver.address(), answered = matches!(asked, Ok(Ok(_))), "a resolver was probed");
        let mut state = self.state();
        state.out.remove(&name);
        state.back.remove(&name)
    }
}

/// Probes the resolvers, those that lead back again and again, for ever. `said` is told of each that turns out to lead back.
pub async fn watch(forwarder: &Forwarder, probes: &Probes, mut said: impl FnMut(&Resolver)) {
    let mut probed: Vec<Arc<Resolver>> = Vec::new();
    let mut next_round = Instant::now();
    loop {
        let again = Instant::now() >= next_round;
        if again {
            next_round = Instant::now() + AGAIN_AFTER;
        }
        let resolvers = forwarder.resolvers();
        for resolver in &resolvers {
            let is_new = !probed.iter().any(|known| Arc::ptr_eq(known, resolver));
            if is_new || again && resolver.leads_back() {
                let leads_back = probes.comes_back(resolver).await;
                if leads_back && !resolver.leads_back() {
                    said(resolver);
                }
                resolver.set_leads_back(leads_back);
            }
        }
        probed = resolvers;
        tokio::select! {
            () = forwarder.changed() => {}
            () = tokio::time::sleep_until(next_round) => {}
        }
    }
}

/// From the numbers that messages get.
fn random_name() -> Option<Name> {
    let number = || Message::query().metadata.id;
    crate::name::parse(&format!("{:04x}{:04x}.{:04x}{:04x}.{TOP}", number(), number(), number(), number()))
}
