//! Changes of a table that are in force together or not at all, as the kernel's messages. Pure: nothing is sent here.

use crate::chain::Chain;
use crate::encode::{self, INLINE_NAME};
use crate::numbers::*;
use crate::rule::{Rule, SetRef, Statement};
use crate::set::{Element, Key, Set, SetKind, Value};
use crate::wire::Writer;

/// Bytes of elements in one message: the length of an attribute is two bytes.
const ELEMENTS_BYTES_MAX: usize = 32 * 1024;

/// What one message is about: a verb, and the name of a thing.
#[derive(Debug, Clone, PartialEq, Eq)]
struct About {
    verb: &'static str,
    name: Box<str>,
}

/// Changes of one table of both address families (`inet`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    table: String,
    writer: Writer,
    /// Of each message; its number is its sequence number.
    about: Vec<About>,
    inline: u32,
    /// Where the last message begins.
    last: usize,
}

impl Batch {
    pub fn new(table: impl Into<String>) -> Batch {
        let mut batch = Batch { table: table.into(), writer: Writer::default(), about: Vec::new(), inline: 0, last: 0 };
        batch.mark("begin a batch", NFNL_MSG_BATCH_BEGIN);
        batch
    }

    /// Whether nothing would be changed.
    pub fn is_empty(&self) -> bool {
        self.about.len() <= 1
    }

    /// Bytes that go to the kernel.
    pub fn size(&self) -> usize {
        self.writer.bytes.len()
    }

    fn mark(&mut self, verb: &'static str, kind: u16) {
        let sequence = self.next(verb, "");
        self.writer.message(kind, NLM_F_REQUEST, sequence, NFPROTO_UNSPEC, SUBSYS_NFTABLES, |_| {});
    }

    /// The number of the next message.
    fn next(&mut self, verb: &'static str, name: &str) -> u32 {
        self.last = self.writer.bytes.len();
        self.about.push(About { verb, name: name.into() });
        u32::try_from(self.about.len() - 1).expect("a batch fits into memory")
    }

    fn message(&mut self, verb: &'static str, name: &str, (kind, flags): (u16, u16), body: impl FnOnce(&mut Writer, &str)) {
        let sequence = self.next(verb, name);
        let Batch { writer, table, .. } = self;
        writer.message(SUBSYS_NFTABLES << 8 | kind, NLM_F_REQUEST | flags, sequence, NFPROTO_INET, 0, |writer| body(writer, table));
    }

    /// Does nothing if it is there.
    pub fn add_table(&mut self) {
        let name = self.table.clone();
        self.message("add the table", &name, (NFT_MSG_NEWTABLE, NLM_F_CREATE), |writer, table| writer.text(NFTA_TABLE_NAME, table));
    }

    /// With all that is in it; fails if it is not there.
    pub fn delete_table(&mut self) {
        let name = self.table.clone();
        self.message("delete the table", &name, (NFT_MSG_DELTABLE, 0), |writer, table| writer.text(NFTA_TABLE_NAME, table));
    }

    /// Adds a chain without its rules, so that others may name it; does nothing if it is there. `note` (at most 128 bytes) is kept with it,
    /// and is read again by [`crate::dump`].
    pub fn declare_chain(&mut self, chain: &Chain, note: &[u8]) {
        self.message("add chain", &chain.name, (NFT_MSG_NEWCHAIN, NLM_F_CREATE), |writer, table| {
            writer.text(NFTA_CHAIN_TABLE, table);
            writer.text(NFTA_CHAIN_NAME, &chain.name);
            if let Some(base) = chain.base {
                writer.nest(NFTA_CHAIN_HOOK, |writer| {
                    writer.be32(NFTA_HOOK_HOOKNUM, base.hook.number());
                    writer.be32(NFTA_HOOK_PRIORITY, base.priority.cast_unsigned());
                });
                writer.be32(NFTA_CHAIN_POLICY, base.policy.number());
                writer.text(NFTA_CHAIN_TYPE, base.kind.name());
            }
            if !note.is_empty() {
                writer.attribute(NFTA_CHAIN_USERDATA, note);
            }
        });
    }

    /// Adds a chain with its rules. What they name must be there already or come before.
    pub fn add_chain(&mut self, chain: &Chain) {
        self.declare_chain(chain, &[]);
        self.add_rules(&chain.name, &chain.rules);
    }

    /// Removes all rules of a chain; the chain stays.
    pub fn flush_chain(&mut self, name: &str) {
        self.message("flush chain", name, (NFT_MSG_DELRULE, 0), |writer, table| {
            writer.text(NFTA_RULE_TABLE, table);
            writer.text(NFTA_RULE_CHAIN, name);
        });
    }

    /// The chain must have no rules in it, and nothing may name it any more.
    pub fn delete_chain(&mut self, name: &str) {
        self.message("delete chain", name, (NFT_MSG_DELCHAIN, 0), |writer, table| {
            writer.text(NFTA_CHAIN_TABLE, table);
            writer.text(NFTA_CHAIN_NAME, name);
        });
    }

    /// Adds rules at the end of a chain.
    pub fn add_rules(&mut self, chain: &str, rules: &[Rule]) {
        rules.iter().for_each(|rule| self.add_rule(chain, rule));
    }

    fn add_rule(&mut self, chain: &str, rule: &Rule) {
        let first = self.inline + 1;
        for statement in &rule.0 {
            if let Statement::In(_, SetRef::Inline(elements))
            | Statement::NotIn(_, SetRef::Inline(elements))
            | Statement::VerdictMap(_, SetRef::Inline(elements)) = statement
            {
                self.inline += 1;
                self.add_inline_set(self.inline, elements);
            }
        }
        let mut ids = first..;
        self.message("add a rule to chain", chain, (NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND), |writer, table| {
            writer.text(NFTA_RULE_TABLE, table);
            writer.text(NFTA_RULE_CHAIN, chain);
            writer.nest(NFTA_RULE_EXPRESSIONS, |writer| encode::rule(writer, rule, &mut || ids.next().unwrap_or_default()));
        });
    }

    fn add_inline_set(&mut self, id: u32, elements: &[Element]) {
        let first = elements.first().map(|element| (element.key.types().to_vec(), matches!(element.value, Value::Verdict(_))));
        let (key, has_verdicts) = first.unwrap_or_default();
        let kind = if has_verdicts { SetKind::VerdictMap } else { SetKind::Set };
        let set = Set { kind, ..Set::new(INLINE_NAME, &key) };
        self.declare(&set, NFT_SET_ANONYMOUS | NFT_SET_CONSTANT, id, u32::try_from(elements.len()).ok());
        self.elements("add elements of a rule of", (NFT_MSG_NEWSETELEM, NLM_F_CREATE), &set, Some(id), elements);
    }

    /// Does nothing if it is there and the same.
    pub fn add_set(&mut self, set: &Set) {
        self.inline += 1;
        self.declare(set, 0, self.inline, set.dynamic);
    }

    fn declare(&mut self, set: &Set, flags: u32, id: u32, size: Option<u32>) {
        let number = |types: &[crate::Type]| types.iter().fold(0, |number, part| number << 6 | part.number());
        let room =
            |types: &[crate::Type]| u32::try_from(types.iter().map(|part| part.room()).sum::<usize>()).expect("a key is 64 bytes at most");
        // A single value is as wide as it is; only next to others it takes whole registers.
        let width = |types: &[crate::Type]| match types {
            [one] => u32::try_from(one.width()).expect("a value is 16 bytes at most"),
            more => room(more),
        };
        self.message("add set", &set.name, (NFT_MSG_NEWSET, NLM_F_CREATE), |writer, table| {
            writer.text(NFTA_SET_TABLE, table);
            writer.text(NFTA_SET_NAME, &set.name);
            writer.be32(NFTA_SET_ID, id);
            writer.be32(NFTA_SET_FLAGS, set.flags() | flags);
            writer.be32(NFTA_SET_KEY_TYPE, number(&set.key));
            writer.be32(NFTA_SET_KEY_LEN, width(&set.key));
            match &set.kind {
                SetKind::Set => {}
                SetKind::VerdictMap => writer.be32(NFTA_SET_DATA_TYPE, NFT_DATA_VERDICT),
                SetKind::Map(value) => {
                    writer.be32(NFTA_SET_DATA_TYPE, number(value));
                    writer.be32(NFTA_SET_DATA_LEN, width(value));
                }
            }
            writer.nest(NFTA_SET_DESC, |writer| {
                if let Some(size) = size {
                    writer.be32(NFTA_SET_DESC_SIZE, size);
                }
                if set.key.len() > 1 {
                    writer.nest(NFTA_SET_DESC_CONCAT, |writer| {
                        for part in &set.key {
                            let width = u32::try_from(part.width()).expect("a value is 16 bytes at most");
                            writer.nest(NFTA_LIST_ELEM, |writer| writer.be32(NFTA_SET_FIELD_LEN, width));
                        }
                    });
                }
            });
        });
    }

    /// Nothing may name it any more.
    pub fn delete_set(&mut self, name: &str) {
        self.message("delete set", name, (NFT_MSG_DELSET, 0), |writer, table| {
            writer.text(NFTA_SET_TABLE, table);
            writer.text(NFTA_SET_NAME, name);
        });
    }

    /// Removes all elements; the set stays.
    pub fn flush_set(&mut self, name: &str) {
        self.message("flush set", name, (NFT_MSG_DELSETELEM, 0), |writer, table| {
            writer.text(NFTA_SET_ELEM_LIST_TABLE, table);
            writer.text(NFTA_SET_ELEM_LIST_SET, name);
        });
    }

    /// An element that is there with the same value may be added again. To give a key another value, delete it first.
    pub fn add_elements<'a>(&mut self, set: &Set, elements: impl IntoIterator<Item = &'a Element>) {
        self.elements("add elements to set", (NFT_MSG_NEWSETELEM, NLM_F_CREATE), set, None, elements);
    }

    /// Each must be there. Values do not count.
    pub fn delete_elements<'a>(&mut self, set: &Set, elements: impl IntoIterator<Item = &'a Element>) {
        self.elements("delete elements of set", (NFT_MSG_DELSETELEM, 0), set, None, elements);
    }

    fn elements<'a>(
        &mut self,
        verb: &'static str,
        kind: (u16, u16),
        set: &Set,
        id: Option<u32>,
        elements: impl IntoIterator<Item = &'a Element>,
    ) {
        let mut elements = elements.into_iter().peekable();
        while elements.peek().is_some() {
            self.message(verb, &set.name, kind, |writer, table| {
                writer.text(NFTA_SET_ELEM_LIST_TABLE, table);
                writer.text(NFTA_SET_ELEM_LIST_SET, &set.name);
                if let Some(id) = id {
                    writer.be32(NFTA_SET_ELEM_LIST_SET_ID, id);
                }
                writer.nest(NFTA_SET_ELEM_LIST_ELEMENTS, |writer| {
                    let begin = writer.bytes.len();
                    while writer.bytes.len() - begin < ELEMENTS_BYTES_MAX
                        && let Some(next) = elements.next()
                    {
                        element(writer, set, next, kind.0 == NFT_MSG_NEWSETELEM);
                    }
                });
            });
        }
    }

    /// The bytes to send, with an answer wanted to the last message that changes something, and how many messages there are.
    pub(crate) fn finish(mut self) -> Finished {
        let answered = self.about.len() - 1;
        let flags = self.last + 6;
        let with_answer = stead_netlink::u16_at(&self.writer.bytes, flags).expect("there is a message") | NLM_F_ACK;
        self.writer.bytes[flags..flags + 2].copy_from_slice(&with_answer.to_ne_bytes());
        self.mark("end a batch", NFNL_MSG_BATCH_END);
        Finished { bytes: self.writer.bytes, answered, about: self.about }
    }
}

/// A batch as it goes out.
pub struct Finished {
    pub bytes: Vec<u8>,
    /// The message that the kernel answers when all is in force.
    pub answered: usize,
    about: Vec<About>,
}

impl Finished {
    pub fn about(&self, message: usize) -> String {
        self.about.get(message).map_or_else(String::new, |about| format!("{} {}", about.verb, about.name).trim_end().to_owned())
    }
}

fn key(writer: &mut Writer, kind: u16, key: &Key) {
    let bytes = match key.types() {
        [one] => &key.bytes()[..one.width()],
        _ => key.bytes(),
    };
    writer.nest(kind, |writer| writer.attribute(NFTA_DATA_VALUE, bytes));
}

fn element(writer: &mut Writer, set: &Set, element: &Element, with_value: bool) {
    let has_end_element = set.has_intervals && set.key.len() == 1;
    writer.nest(NFTA_LIST_ELEM, |writer| {
        key(writer, NFTA_SET_ELEM_KEY, &element.key);
        if set.has_intervals && !has_end_element {
            key(writer, NFTA_SET_ELEM_KEY_END, element.end.as_ref().unwrap_or(&element.key));
        }
        match &element.value {
            _ if !with_value => {}
            Value::Nothing => {}
            Value::Verdict(verdict) => writer.nest(NFTA_SET_ELEM_DATA, |writer| encode::verdict(writer, verdict)),
            Value::Data(value) => key(writer, NFTA_SET_ELEM_DATA, value),
        }
    });
    if has_end_element && let Some(behind) = behind(element.end.as_ref().unwrap_or(&element.key)) {
        writer.nest(NFTA_LIST_ELEM, |writer| {
            writer.be32(NFTA_SET_ELEM_FLAGS, NFT_SET_ELEM_INTERVAL_END);
            writer.nest(NFTA_SET_ELEM_KEY, |writer| writer.attribute(NFTA_DATA_VALUE, &behind));
        });
    }
}

/// The bytes of the value after this one, as a number; `None` if there is none.
fn behind(key: &Key) -> Option<Vec<u8>> {
    let width = key.types().first()?.width();
    let mut bytes = key.bytes()[..width].to_vec();
    for byte in bytes.iter_mut().rev() {
        *byte = byte.wrapping_add(1);
        if *byte != 0 {
            return Some(bytes);
        }
    }
    None
}
