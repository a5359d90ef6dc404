//! Rules as values, and their text, which reads as the `nft` program writes it. Pure; `encode` makes messages of them.

use crate::datum::{Datum, Type};
use crate::field::{Family, Field};
use crate::set::{Element, Key, Value};
use std::fmt::{self, Display};
use std::net::IpAddr;

/// Statements from left to right; the first that does not hold ends the rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule(pub Vec<Statement>);

/// What becomes of a packet; the field calls it a verdict.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Decision {
    Accept,
    Drop,
    Return,
    /// And come back here after it.
    Jump(String),
    Goto(String),
}

/// A value that is known when a packet is there. Several of them, one after the other, are the key of a set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Term {
    Field(Field),
    Constant(Datum),
    /// A number below this one, by chance.
    Random(u32),
    /// What a map says; where it says nothing, the rule ends.
    Map {
        key: Vec<Term>,
        map: String,
        value: Vec<Type>,
    },
}

impl Term {
    pub fn types(&self) -> Vec<Type> {
        match self {
            Term::Field(field) => vec![field.kind()],
            Term::Constant(datum) => vec![datum.kind()],
            Term::Random(_) => vec![Type::Number],
            Term::Map { value, .. } => value.clone(),
        }
    }
}

impl From<Field> for Term {
    fn from(field: Field) -> Term {
        Term::Field(field)
    }
}

/// What a field is held against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Test {
    Is(Datum),
    IsNot(Datum),
    /// An address and how many of its bits count.
    Within(IpAddr, u8),
    NotWithin(IpAddr, u8),
    /// Names of interfaces.
    BeginsWith(String),
    NotBeginsWith(String),
    /// At least one of these bits.
    HasAny(u32),
    HasNone(u32),
    /// Both included.
    Between(Datum, Datum),
}

/// A set by its name in the table, or one that only this rule has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SetRef {
    Named(String),
    /// Not empty, without intervals, all of the same types.
    Inline(Vec<Element>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reject {
    /// ICMP's port unreachable: a connection is refused.
    PortUnreachable,
    AdminProhibited,
    TcpReset,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Statement {
    Match(Field, Test),
    In(Vec<Term>, SetRef),
    NotIn(Vec<Term>, SetRef),
    /// The verdict that a map has for a key; goes on where it has none.
    VerdictMap(Vec<Term>, SetRef),
    /// Adds an element to a set or a map, or refreshes it if it is there, value as it was.
    Update {
        set: String,
        key: Vec<Term>,
        value: Vec<Term>,
        timeout_ms: u64,
    },
    /// Of a map, any value of its types.
    Remove {
        set: String,
        key: Vec<Term>,
        value: Vec<Term>,
    },
    /// These bits of the packet's mark.
    SetMark {
        mask: u32,
        value: u32,
    },
    SetConnectionMark {
        mask: u32,
        value: u32,
    },
    /// An address, or an address and a port.
    Dnat(Family, Vec<Term>),
    Snat(Family, Vec<Term>),
    /// The sender becomes the machine, by any port.
    Masquerade,
    Reject(Reject),
    Counter,
    /// Holds that often, and once in a while more often.
    Limit {
        packets: u64,
        per_s: u64,
        burst: u32,
    },
    Verdict(Decision),
}

impl Statement {
    pub fn is(field: Field, datum: Datum) -> Statement {
        Statement::Match(field, Test::Is(datum))
    }

    pub fn is_not(field: Field, datum: Datum) -> Statement {
        Statement::Match(field, Test::IsNot(datum))
    }

    pub fn goto(chain: impl Into<String>) -> Statement {
        Statement::Verdict(Decision::Goto(chain.into()))
    }

    pub fn jump(chain: impl Into<String>) -> Statement {
        Statement::Verdict(Decision::Jump(chain.into()))
    }

    pub fn accept() -> Statement {
        Statement::Verdict(Decision::Accept)
    }

    pub fn drop() -> Statement {
        Statement::Verdict(Decision::Drop)
    }

    pub fn leave() -> Statement {
        Statement::Verdict(Decision::Return)
    }
}

impl Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Decision::Accept => f.write_str("accept"),
            Decision::Drop => f.write_str("drop"),
            Decision::Return => f.write_str("return"),
            Decision::Jump(chain) => write!(f, "jump {chain}"),
            Decision::Goto(chain) => write!(f, "goto {chain}"),
        }
    }
}

/// Things with a separator between them.
fn joined<T: Display>(f: &mut fmt::Formatter<'_>, things: impl IntoIterator<Item = T>, separator: &str) -> fmt::Result {
    things.into_iter().enumerate().try_for_each(|(n, thing)| {
        if n > 0 {
            f.write_str(separator)?;
        }
        thing.fmt(f)
    })
}

struct Terms<'a>(&'a [Term]);

impl Display for Terms<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        joined(f, self.0, " . ")
    }
}

impl Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Term::Field(field) => field.fmt(f),
            Term::Constant(datum) => datum.fmt(f),
            Term::Random(modulus) => write!(f, "numgen random mod {modulus}"),
            Term::Map { key, map, .. } => write!(f, "({} map @{map})", Terms(key)),
        }
    }
}

/// Bits by their names where the field has such.
struct Bits(Field, u32);

impl Display for Bits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: &[(u32, &str)] = match self.0 {
            Field::ConnectionState => {
                &[(Field::ESTABLISHED, "established"), (Field::RELATED, "related"), (Field::NEW, "new"), (Field::INVALID, "invalid")]
            }
            Field::ConnectionStatus => &[(Field::SOURCE_CHANGED, "snat"), (Field::DESTINATION_CHANGED, "dnat")],
            _ => return write!(f, "{:#x}", self.1),
        };
        joined(f, names.iter().filter(|(bit, _)| self.1 & bit != 0).map(|(_, name)| name), ",")
    }
}

fn write_test(f: &mut fmt::Formatter<'_>, field: Field, test: &Test) -> fmt::Result {
    let is_route = matches!(field, Field::SourceRoute | Field::DestinationRoute);
    let named = matches!(field, Field::ConnectionState | Field::ConnectionStatus);
    match test {
        Test::Is(Datum::Number(Field::LOCAL)) if is_route => write!(f, "{field} local"),
        Test::IsNot(Datum::Number(Field::LOCAL)) if is_route => write!(f, "{field} != local"),
        Test::Is(datum) => write!(f, "{field} {datum}"),
        Test::IsNot(datum) => write!(f, "{field} != {datum}"),
        Test::Within(address, bits) => write!(f, "{field} {address}/{bits}"),
        Test::NotWithin(address, bits) => write!(f, "{field} != {address}/{bits}"),
        Test::BeginsWith(text) => write!(f, "{field} \"{text}*\""),
        Test::NotBeginsWith(text) => write!(f, "{field} != \"{text}*\""),
        Test::HasAny(bits) if named => write!(f, "{field} {}", Bits(field, *bits)),
        Test::HasNone(bits) if named => write!(f, "{field} ! {}", Bits(field, *bits)),
        Test::HasAny(bits) => write!(f, "{field} & {bits:#x} != 0"),
        Test::HasNone(bits) => write!(f, "{field} & {bits:#x} == 0"),
        Test::Between(from, to) => write!(f, "{field} {from}-{to}"),
    }
}

impl Display for SetRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SetRef::Named(name) => write!(f, "@{name}"),
            SetRef::Inline(elements) => {
                f.write_str("{ ")?;
                joined(f, elements, ", ")?;
                f.write_str(" }")
            }
        }
    }
}

fn write_mark(f: &mut fmt::Formatter<'_>, name: &str, mask: u32, value: u32) -> fmt::Result {
    match (!mask, value) {
        (0, value) => write!(f, "{name} mark set {value:#x}"),
        (_, value) if value == mask => write!(f, "{name} mark set mark or {value:#x}"),
        (rest, 0) => write!(f, "{name} mark set mark and {rest:#x}"),
        (rest, value) => write!(f, "{name} mark set mark and {rest:#x} or {value:#x}"),
    }
}

impl Display for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Statement::Match(field, test) => write_test(f, *field, test),
            Statement::In(terms, set) => write!(f, "{} {set}", Terms(terms)),
            Statement::NotIn(terms, set) => write!(f, "{} != {set}", Terms(terms)),
            Statement::VerdictMap(terms, set) => write!(f, "{} vmap {set}", Terms(terms)),
            Statement::Update { set, key, value, timeout_ms } => {
                write!(f, "update @{set} {{ {}", Terms(key))?;
                if *timeout_ms > 0 {
                    write!(f, " timeout {}s", timeout_ms / 1000)?;
                }
                if !value.is_empty() {
                    write!(f, " : {}", Terms(value))?;
                }
                f.write_str(" }")
            }
            Statement::Remove { set, key, .. } => write!(f, "delete @{set} {{ {} }}", Terms(key)),
            Statement::SetMark { mask, value } => write_mark(f, "meta", *mask, *value),
            Statement::SetConnectionMark { mask, value } => write_mark(f, "ct", *mask, *value),
            Statement::Dnat(family, to) => write!(f, "dnat {} to {}", family_text(*family), Terms(to)),
            Statement::Snat(family, to) => write!(f, "snat {} to {}", family_text(*family), Terms(to)),
            Statement::Masquerade => f.write_str("masquerade fully-random"),
            Statement::Reject(Reject::PortUnreachable) => f.write_str("reject"),
            Statement::Reject(Reject::AdminProhibited) => f.write_str("reject with icmpx admin-prohibited"),
            Statement::Reject(Reject::TcpReset) => f.write_str("reject with tcp reset"),
            Statement::Counter => f.write_str("counter"),
            Statement::Limit { packets, per_s, burst } => write!(f, "limit rate {packets} per {per_s}s burst {burst} packets"),
            Statement::Verdict(verdict) => verdict.fmt(f),
        }
    }
}

fn family_text(family: Family) -> &'static str {
    match family {
        Family::Ipv4 => "ip",
        Family::Ipv6 => "ip6",
    }
}

impl Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        joined(f, &self.0, " ")
    }
}

impl Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let write_key = |f: &mut fmt::Formatter<'_>, key: &Key| joined(f, key.data(), " . ");
        write_key(f, &self.key)?;
        if let Some(end) = self.end.as_ref().filter(|end| **end != self.key) {
            f.write_str("-")?;
            write_key(f, end)?;
        }
        match &self.value {
            Value::Nothing => Ok(()),
            Value::Verdict(verdict) => write!(f, " : {verdict}"),
            Value::Data(key) => {
                f.write_str(" : ")?;
                write_key(f, key)
            }
        }
    }
}
