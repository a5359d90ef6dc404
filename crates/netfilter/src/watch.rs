//! Tells of changes that somebody else makes to what one keeps in a table, at most once in a while. Changes nothing.

use crate::connection::talk;
use crate::error::Result;
use crate::numbers::*;
use crate::wire::OfFilter;
use futures::FutureExt;
use std::time::Duration;
use stead_netlink::{Changes, Heard, Message, Messages, Protocol};
use tokio::time::{Instant, sleep_until};

/// The group of `nf_tables` (`NFNLGRP_NFTABLES`).
const GROUP: u32 = 7;
/// Between two tellings: whoever changes things all the time keeps nobody busy.
const APART: Duration = Duration::from_secs(1);

/// As long as the kernel may need to tell all of a change.
const SETTLED: Duration = Duration::from_millis(10);

/// Follows what one keeps in a table, or what others have in theirs.
#[derive(Debug)]
pub struct Watch {
    changes: Changes,
    subject: Subject,
    /// Something has changed that was not told yet.
    is_disturbed: bool,
    not_before: Instant,
}

#[derive(Debug)]
enum Subject {
    /// Of a table, what has such a name.
    Own { table: String, is_own: fn(&str) -> bool },
    /// Rules and chains of tables, of any family, whose names do not begin so.
    Others { but: &'static str },
}

impl Watch {
    /// Follows the sets and chains of a table that are one's own by their names. In the network namespace of this thread, within a tokio runtime.
    pub fn open(table: impl Into<String>, is_own: fn(&str) -> bool) -> Result<Watch> {
        Watch::of(Subject::Own { table: table.into(), is_own })
    }

    /// Follows all tables but those whose names begin so; as [`Watch::open`].
    pub fn others(but: &'static str) -> Result<Watch> {
        Watch::of(Subject::Others { but })
    }

    fn of(subject: Subject) -> Result<Watch> {
        let changes = Changes::open(Protocol::Netfilter, &[GROUP]).map_err(talk("listen to changes"))?;
        Ok(Watch { changes, subject, is_disturbed: false, not_before: Instant::now() })
    }

    /// Returns when somebody other than the connection of that port has changed something, or may have: the kernel does not tell of all, if
    /// there is too much. May be given up at any time.
    pub async fn disturbed(&mut self, port: u32) -> Result<()> {
        while !self.is_disturbed {
            self.is_disturbed = match self.changes.next().await.map_err(talk("hear of changes"))? {
                Heard::Datagram(bytes) => Messages(&bytes).any(|message| message.port != port && self.concerns(&message)),
                Heard::Lost => true,
            };
        }
        // One change is told of in several pieces. What is there when this returns is seen by whoever looks then.
        sleep_until(self.not_before.max(Instant::now() + SETTLED)).await;
        while self.changes.next().now_or_never().is_some() {}
        self.not_before = Instant::now() + APART;
        self.is_disturbed = false;
        Ok(())
    }

    fn concerns(&self, message: &Message<'_>) -> bool {
        match &self.subject {
            Subject::Own { table, is_own } => concerns(message, table, *is_own),
            Subject::Others { but } => is_of_others(message, but),
        }
    }
}

fn is_of_others(message: &Message<'_>, but: &str) -> bool {
    let table = match message.kind & 0xff {
        NFT_MSG_DELTABLE => NFTA_TABLE_NAME,
        NFT_MSG_NEWCHAIN | NFT_MSG_DELCHAIN => NFTA_CHAIN_TABLE,
        NFT_MSG_NEWRULE | NFT_MSG_DELRULE => NFTA_RULE_TABLE,
        _ => return false,
    };
    message.kind >> 8 == SUBSYS_NFTABLES && message.attributes().text(table).is_some_and(|table| !table.starts_with(but))
}

/// Whether a message tells of a change of that table, of something that has an own name. That a table is there now changes nothing in it.
fn concerns(message: &Message<'_>, table: &str, is_own: fn(&str) -> bool) -> bool {
    let (subsystem, kind) = (message.kind >> 8, message.kind & 0xff);
    let (of, named) = match kind {
        NFT_MSG_DELTABLE => (NFTA_TABLE_NAME, None),
        NFT_MSG_NEWCHAIN | NFT_MSG_DELCHAIN => (NFTA_CHAIN_TABLE, Some(NFTA_CHAIN_NAME)),
        NFT_MSG_NEWRULE | NFT_MSG_DELRULE => (NFTA_RULE_TABLE, Some(NFTA_RULE_CHAIN)),
        NFT_MSG_NEWSET | NFT_MSG_DELSET => (NFTA_SET_TABLE, Some(NFTA_SET_NAME)),
        NFT_MSG_NEWSETELEM | NFT_MSG_DELSETELEM => (NFTA_SET_ELEM_LIST_TABLE, Some(NFTA_SET_ELEM_LIST_SET)),
        _ => return false,
    };
    let attributes = message.attributes();
    subsystem == SUBSYS_NFTABLES
        && message.family() == NFPROTO_INET
        && attributes.text(of) == Some(table)
        && named.is_none_or(|named| attributes.text(named).is_some_and(is_own))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Writer;

    fn told(kind: u16, family: u8, table: &str, name: Option<(u16, &str)>) -> bool {
        tells(kind, family, table, name, |message| concerns(message, "t", |name| name.starts_with("pod-")))
    }

    fn tells(kind: u16, family: u8, table: &str, name: Option<(u16, &str)>, what: impl Fn(&Message<'_>) -> bool) -> bool {
        let mut writer = Writer::default();
        writer.message(SUBSYS_NFTABLES << 8 | kind, 0, 0, family, 0, |body| {
            body.text(1, table);
            if let Some((attribute, name)) = name {
                body.text(attribute, name);
            }
        });
        Messages(&writer.bytes).all(|message| what(&message))
    }

    #[test]
    fn rules_of_others_are_told_from_those_of_any_server() {
        let others = |kind, table| tells(kind, NFPROTO_IPV4, table, None, |message| is_of_others(message, "stead-"));
        assert!(others(NFT_MSG_NEWRULE, "filter") && others(NFT_MSG_DELCHAIN, "firewalld") && others(NFT_MSG_DELTABLE, "filter"));
        assert!(!others(NFT_MSG_NEWRULE, "stead-01234567") && !others(NFT_MSG_NEWSETELEM, "filter"));
    }

    #[test]
    fn what_others_have_in_the_table_concerns_nobody_else() {
        let element = |table, name| told(NFT_MSG_DELSETELEM, NFPROTO_INET, table, Some((NFTA_SET_ELEM_LIST_SET, name)));
        assert!(element("t", "pod-a") && !element("t", "service-ips4") && !element("u", "pod-a"));
        assert!(told(NFT_MSG_DELRULE, NFPROTO_INET, "t", Some((NFTA_RULE_CHAIN, "pod-in"))));
        assert!(!told(NFT_MSG_DELRULE, NFPROTO_IPV4, "t", Some((NFTA_RULE_CHAIN, "pod-in"))), "a table of another family");
        assert!(told(NFT_MSG_DELTABLE, NFPROTO_INET, "t", None) && !told(NFT_MSG_NEWTABLE, NFPROTO_INET, "t", None));
    }
}
