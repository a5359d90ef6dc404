//! What the kernel has of a table: read to compare with what is wanted, and by tests. Changes nothing.

use crate::connection::{Connection, Request};
use crate::datum::Type;
use crate::error::{Error, Result};
use crate::numbers::*;
use crate::rule::Decision;
use crate::set::{Element, Key, Set, SetKind, Value};
use crate::wire::{Attributes, OfFilter, Writer};
use std::collections::BTreeMap;
use stead_netlink::Message;

const KIND: u16 = SUBSYS_NFTABLES << 8;

/// A chain that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    pub name: String,
    /// What was kept with it.
    pub note: Vec<u8>,
}

/// A set that is there, as the kernel describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundSet {
    pub name: String,
    flags: u32,
    key_type: u32,
    data_type: u32,
}

impl FoundSet {
    /// Whether it is what that one would be.
    pub fn is(&self, set: &Set) -> bool {
        let number = |types: &[Type]| types.iter().fold(0, |number, part| number << 6 | part.number());
        let data_type = match &set.kind {
            SetKind::Set => 0,
            SetKind::VerdictMap => NFT_DATA_VERDICT,
            SetKind::Map(value) => number(value),
        };
        (self.flags, self.key_type, self.data_type) == (set.flags(), number(&set.key), data_type)
    }

    pub fn is_verdict_map(&self) -> bool {
        self.data_type == NFT_DATA_VERDICT
    }

    pub fn is_anonymous(&self) -> bool {
        self.flags & NFT_SET_ANONYMOUS != 0
    }
}

/// Names of all tables of both address families.
pub fn tables(connection: &mut Connection) -> Result<Vec<String>> {
    let request = request("list tables", NFT_MSG_GETTABLE, &|_| {});
    connection.list(&request, |message| {
        let name = message.attributes().text(NFTA_TABLE_NAME)?;
        (message.family() == NFPROTO_INET).then(|| name.to_owned())
    })
}

/// A number that becomes another one with every change of any rule, whoever makes it.
pub fn generation(connection: &mut Connection) -> Result<u32> {
    let request = Request { flags: 0, ..request("ask for the generation", NFT_MSG_GETGEN, &|_| {}) };
    let mut generation = 0;
    connection.ask(&request, |message| generation = message.attributes().be32(NFTA_GEN_ID).unwrap_or_default())?;
    Ok(generation)
}

pub fn chains(connection: &mut Connection, table: &str) -> Result<Vec<Found>> {
    let request = request("list chains", NFT_MSG_GETCHAIN, &|_| {});
    connection.list(&request, |message| {
        let chain = of_table(&message, NFTA_CHAIN_TABLE, table)?;
        let note = chain.find(NFTA_CHAIN_USERDATA).unwrap_or_default().to_vec();
        Some(Found { name: chain.text(NFTA_CHAIN_NAME)?.to_owned(), note })
    })
}

/// How many rules each chain has; none where it has none.
pub fn rules(connection: &mut Connection, table: &str) -> Result<BTreeMap<String, usize>> {
    let body = |writer: &mut Writer| writer.text(NFTA_RULE_TABLE, table);
    let request = request("list rules", NFT_MSG_GETRULE, &body);
    let chains = connection.list(&request, |message| {
        let rule = of_table(&message, NFTA_RULE_TABLE, table)?;
        rule.text(NFTA_RULE_CHAIN).map(str::to_owned)
    });
    let mut counts = BTreeMap::new();
    absent_is_empty(chains)?.into_iter().for_each(|chain| *counts.entry(chain).or_default() += 1);
    Ok(counts)
}

pub fn sets(connection: &mut Connection, table: &str) -> Result<Vec<FoundSet>> {
    let body = |writer: &mut Writer| writer.text(NFTA_SET_TABLE, table);
    let request = request("list sets", NFT_MSG_GETSET, &body);
    let sets = connection.list(&request, |message| {
        let set = of_table(&message, NFTA_SET_TABLE, table)?;
        let number = |kind| set.be32(kind).unwrap_or_default();
        Some(FoundSet {
            name: set.text(NFTA_SET_NAME)?.to_owned(),
            flags: number(NFTA_SET_FLAGS),
            key_type: number(NFTA_SET_KEY_TYPE),
            data_type: number(NFTA_SET_DATA_TYPE),
        })
    });
    absent_is_empty(sets)
}

/// All elements of a set; an empty list if there is no such set.
pub fn elements(connection: &mut Connection, table: &str, set: &Set) -> Result<Vec<Element>> {
    let body = |writer: &mut Writer| {
        writer.text(NFTA_SET_ELEM_LIST_TABLE, table);
        writer.text(NFTA_SET_ELEM_LIST_SET, &set.name);
    };
    let request = request("list elements", NFT_MSG_GETSETELEM, &body);
    let lists = connection.list(&request, |message| {
        let list = message.attributes().inside(NFTA_SET_ELEM_LIST_ELEMENTS);
        Some(list.filter_map(|(_, bytes)| element(Attributes(bytes), set)).collect::<Vec<_>>())
    });
    let raw: Vec<(bool, Element)> = absent_is_empty(lists)?.into_iter().flatten().collect();
    Ok(if set.has_intervals && set.key.len() == 1 { intervals(raw) } else { raw.into_iter().map(|(_, element)| element).collect() })
}

fn request<'a>(what: &'static str, kind: u16, body: &'a dyn Fn(&mut Writer)) -> Request<'a> {
    Request { what, kind: KIND | kind, flags: NLM_F_DUMP, family: NFPROTO_INET, body }
}

fn of_table<'a>(message: &Message<'a>, kind: u16, table: &str) -> Option<Attributes<'a>> {
    let attributes = message.attributes();
    (message.family() == NFPROTO_INET && attributes.text(kind) == Some(table)).then_some(attributes)
}

fn absent_is_empty<T>(result: Result<Vec<T>>) -> Result<Vec<T>> {
    match result {
        Err(error) if Error::is_absent(&error) => Ok(Vec::new()),
        other => other,
    }
}

/// With whether it ends an interval.
fn element(element: Attributes<'_>, set: &Set) -> Option<(bool, Element)> {
    let key = |kind| Key::read(element.inside(kind).find(NFTA_DATA_VALUE)?, &set.key);
    let data = element.inside(NFTA_SET_ELEM_DATA);
    let value = match &set.kind {
        SetKind::Set => Value::Nothing,
        SetKind::VerdictMap => verdict(data.inside(NFTA_DATA_VERDICT)).map_or(Value::Nothing, Value::Verdict),
        SetKind::Map(types) => data.find(NFTA_DATA_VALUE).and_then(|bytes| Key::read(bytes, types)).map_or(Value::Nothing, Value::Data),
    };
    let is_end = element.be32(NFTA_SET_ELEM_FLAGS).unwrap_or_default() & NFT_SET_ELEM_INTERVAL_END != 0;
    let end = if set.has_intervals { key(NFTA_SET_ELEM_KEY_END) } else { None };
    Some((is_end, Element { key: key(NFTA_SET_ELEM_KEY)?, end, value }))
}

fn verdict(verdict: Attributes<'_>) -> Option<Decision> {
    let chain = || verdict.text(NFTA_VERDICT_CHAIN).map(str::to_owned);
    match verdict.be32(NFTA_VERDICT_CODE)?.cast_signed() {
        NF_ACCEPT => Some(Decision::Accept),
        NF_DROP => Some(Decision::Drop),
        NFT_RETURN => Some(Decision::Return),
        NFT_JUMP => chain().map(Decision::Jump),
        NFT_GOTO => chain().map(Decision::Goto),
        _ => None,
    }
}

/// Single values are kept as where an interval begins, and the value behind its end.
fn intervals(mut raw: Vec<(bool, Element)>) -> Vec<Element> {
    // Where one ends as another begins, the end comes first.
    raw.sort_by(|(a_ends, a), (b_ends, b)| (&a.key, !a_ends).cmp(&(&b.key, !b_ends)));
    let mut found: Vec<Element> = Vec::new();
    for (is_end, element) in raw {
        match found.last_mut() {
            Some(open) if is_end => open.end = before(&element.key),
            _ if is_end => {}
            _ => found.push(element),
        }
    }
    for element in &mut found {
        element.end.get_or_insert_with(|| last(&element.key));
    }
    found
}

fn before(key: &Key) -> Option<Key> {
    let width = key.types().first()?.width();
    let mut bytes = key.bytes()[..width].to_vec();
    for byte in bytes.iter_mut().rev() {
        *byte = byte.wrapping_sub(1);
        if *byte != 0xff {
            break;
        }
    }
    Key::read(&bytes, key.types())
}

/// The greatest value of that type.
fn last(key: &Key) -> Key {
    let width = key.types().first().map_or(0, |part| part.width());
    Key::read(&vec![0xff; width], key.types()).expect("as many bytes as the type is wide")
}
