//! The rules of all programs on this machine, as far as one must know of them to say what they keep back. Changes nothing.

use crate::connection::{Connection, Request};
use crate::error::Result;
use crate::numbers::*;
use crate::wire::{Attributes, OfFilter, Writer};

const KIND: u16 = SUBSYS_NFTABLES << 8;

/// A chain of any table that the kernel begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base {
    pub table: Table,
    pub name: String,
    /// By the kernel's number: 1 is what is for the machine, 2 what it forwards.
    pub hook: u32,
    /// Whether it drops what no rule decided about.
    pub drops: bool,
}

/// By address family, as the `nft` program calls it, and name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Table {
    pub family: &'static str,
    pub name: String,
}

/// A rule of any table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    pub table: Table,
    pub chain: String,
    /// What it holds packets against, as bytes.
    pub compared: Vec<Vec<u8>>,
    /// It drops or refuses whatever comes to it.
    pub ends_all: bool,
    /// Where it sends packets on.
    pub leads_to: Lead,
}

/// The chains of its table that a rule sends packets to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lead {
    Nowhere,
    Chain(String),
    /// As a map says, which may name any.
    Map,
}

impl Base {
    pub const INPUT: u32 = 1;
    pub const FORWARD: u32 = 2;
}

fn family(number: u8) -> Option<&'static str> {
    match number {
        NFPROTO_INET => Some("inet"),
        NFPROTO_IPV4 => Some("ip"),
        NFPROTO_IPV6 => Some("ip6"),
        _ => None,
    }
}

fn request<'a>(what: &'static str, kind: u16, body: &'a dyn Fn(&mut Writer)) -> Request<'a> {
    Request { what, kind: KIND | kind, flags: NLM_F_DUMP, family: NFPROTO_UNSPEC, body }
}

/// Chains for filtering that the kernel begins, of all tables.
pub fn bases(connection: &mut Connection) -> Result<Vec<Base>> {
    connection.list(&request("list chains", NFT_MSG_GETCHAIN, &|_| {}), |message| {
        let chain = message.attributes();
        let table = Table { family: family(message.family())?, name: chain.text(NFTA_CHAIN_TABLE)?.to_owned() };
        let hook = chain.inside(NFTA_CHAIN_HOOK).be32(NFTA_HOOK_HOOKNUM)?;
        let drops = chain.be32(NFTA_CHAIN_POLICY).map(u32::cast_signed) == Some(NF_DROP);
        (chain.text(NFTA_CHAIN_TYPE) == Some("filter")).then_some(Base {
            table,
            name: chain.text(NFTA_CHAIN_NAME)?.to_owned(),
            hook,
            drops,
        })
    })
}

/// All rules of all tables, those of a chain in their order.
pub fn rules(connection: &mut Connection) -> Result<Vec<Found>> {
    connection.list(&request("list rules", NFT_MSG_GETRULE, &|_| {}), |message| {
        let rule = message.attributes();
        let table = Table { family: family(message.family())?, name: rule.text(NFTA_RULE_TABLE)?.to_owned() };
        let expressions: Vec<Attributes<'_>> = rule.inside(NFTA_RULE_EXPRESSIONS).map(|(_, bytes)| Attributes(bytes)).collect();
        let chain = rule.text(NFTA_RULE_CHAIN)?.to_owned();
        let compared = expressions.iter().filter_map(compared).collect();
        Some(Found { table, chain, compared, ends_all: ends_all(&expressions), leads_to: leads_to(&expressions) })
    })
}

fn compared(expression: &Attributes<'_>) -> Option<Vec<u8>> {
    let data = expression.inside(NFTA_EXPR_DATA);
    (expression.text(NFTA_EXPR_NAME) == Some("cmp")).then(|| data.inside(NFTA_CMP_DATA).find(NFTA_DATA_VALUE).map(<[u8]>::to_vec))?
}

fn name<'a>(expression: &Attributes<'a>) -> &'a str {
    expression.text(NFTA_EXPR_NAME).unwrap_or_default()
}

/// The verdict that an expression gives without asking anything.
fn verdict<'a>(expression: &Attributes<'a>) -> Attributes<'a> {
    expression.inside(NFTA_EXPR_DATA).inside(NFTA_IMMEDIATE_DATA).inside(NFTA_DATA_VERDICT)
}

/// Nothing in the rule is a condition, and at its end is a no.
fn ends_all(expressions: &[Attributes<'_>]) -> bool {
    let is_no = |expression: &Attributes<'_>| match name(expression) {
        "reject" => true,
        "immediate" => verdict(expression).be32(NFTA_VERDICT_CODE).map(u32::cast_signed) == Some(NF_DROP),
        _ => false,
    };
    match expressions {
        [before @ .., last] => is_no(last) && before.iter().all(|expression| matches!(name(expression), "counter" | "log")),
        [] => false,
    }
}

fn leads_to(expressions: &[Attributes<'_>]) -> Lead {
    let lead = |expression: &Attributes<'_>| match name(expression) {
        "immediate" => verdict(expression).text(NFTA_VERDICT_CHAIN).map(|chain| Lead::Chain(chain.to_owned())),
        "lookup" => (expression.inside(NFTA_EXPR_DATA).be32(NFTA_LOOKUP_DREG) == Some(NFT_REG_VERDICT)).then_some(Lead::Map),
        _ => None,
    };
    expressions.iter().find_map(lead).unwrap_or(Lead::Nowhere)
}
