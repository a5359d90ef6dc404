//! Chains: lists of rules, begun by the kernel at one of its hooks or by another chain. Pure.

use crate::numbers::{NF_ACCEPT, NF_DROP};
use crate::rule::Rule;
use std::fmt::{self, Display};

/// Where the kernel shows packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hook {
    Prerouting,
    Input,
    Forward,
    Output,
    Postrouting,
}

impl Hook {
    pub(crate) fn number(self) -> u32 {
        match self {
            Hook::Prerouting => 0,
            Hook::Input => 1,
            Hook::Forward => 2,
            Hook::Output => 3,
            Hook::Postrouting => 4,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Hook::Prerouting => "prerouting",
            Hook::Input => "input",
            Hook::Forward => "forward",
            Hook::Output => "output",
            Hook::Postrouting => "postrouting",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChainKind {
    Filter,
    /// Sees the first packet of each connection.
    Nat,
}

impl ChainKind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            ChainKind::Filter => "filter",
            ChainKind::Nat => "nat",
        }
    }
}

/// What happens to a packet that no rule decided about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    Accept,
    Drop,
}

impl Policy {
    pub(crate) fn number(self) -> u32 {
        match self {
            Policy::Accept => NF_ACCEPT.cast_unsigned(),
            Policy::Drop => NF_DROP.cast_unsigned(),
        }
    }
}

/// How the kernel begins a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Base {
    pub kind: ChainKind,
    pub hook: Hook,
    pub priority: i32,
    pub policy: Policy,
}

impl Base {
    pub fn filter(hook: Hook, priority: i32) -> Base {
        Base { kind: ChainKind::Filter, hook, priority, policy: Policy::Accept }
    }

    pub fn nat(hook: Hook, priority: i32) -> Base {
        Base { kind: ChainKind::Nat, hook, priority, policy: Policy::Accept }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    pub name: String,
    /// `None`: other chains jump to it.
    pub base: Option<Base>,
    pub rules: Vec<Rule>,
}

impl Chain {
    pub fn new(name: impl Into<String>, rules: Vec<Rule>) -> Chain {
        Chain { name: name.into(), base: None, rules }
    }

    pub fn at(name: impl Into<String>, base: Base, rules: Vec<Rule>) -> Chain {
        Chain { name: name.into(), base: Some(base), rules }
    }
}

impl Display for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "chain {} {{", self.name)?;
        if let Some(base) = &self.base {
            let policy = if base.policy == Policy::Drop { "drop" } else { "accept" };
            writeln!(f, "\ttype {} hook {} priority {}; policy {policy};", base.kind.name(), base.hook.name(), base.priority)?;
        }
        self.rules.iter().try_for_each(|rule| writeln!(f, "\t{rule}"))?;
        writeln!(f, "}}")
    }
}
