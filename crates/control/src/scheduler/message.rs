//! Why a pod found no node, in upstream's words (SCH-30 to SCH-37). Pure.

use super::plugins::{Reason, Reasons};
use std::collections::BTreeMap;

/// No node is registered at all (SCH-10).
pub const NO_NODES: &str = "no nodes available to schedule pods";

/// How many nodes have which reason.
#[derive(Debug, Default)]
pub struct Tale(BTreeMap<Reason, usize>);

impl Tale {
    /// What is said against one node.
    pub fn add(&mut self, reasons: &Reasons) {
        for reason in reasons.iter() {
            match self.0.get_mut(reason) {
                Some(count) => *count += 1,
                None => self.add_many(reason.clone(), 1),
            }
        }
    }

    pub fn add_many(&mut self, reason: Reason, count: usize) {
        if count > 0 {
            *self.0.entry(reason).or_default() += count;
        }
    }

    /// SCH-30, SCH-31: counts and reasons, sorted as text.
    pub fn text(&self, nodes: usize) -> String {
        let mut texts: Vec<String> = self.0.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
        texts.sort();
        format!("0/{nodes} nodes are available: {}.", texts.join(", "))
    }
}

/// What an event may say at most, in bytes.
const EVENT_MAX: usize = 1024;

/// SCH-11: what is too long for an event is cut.
pub fn shortened(message: &str) -> String {
    if message.len() <= EVENT_MAX {
        return message.to_owned();
    }
    let end = " ...";
    let cut = (0..=EVENT_MAX - end.len()).rev().find(|at| message.is_char_boundary(*at)).unwrap_or(0);
    format!("{}{end}", &message[..cut])
}
