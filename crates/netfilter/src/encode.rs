//! Rules as the kernel's expressions. Pure.
//!
//! Terms are loaded one after the other into its registers of four bytes, each from the next whole one, so that they are a key as they lie
//! there; what a map gives takes the place of its key.

use crate::datum::Datum;
use crate::field::{Direction, Family, Field};
use crate::numbers::*;
use crate::rule::{Decision, Reject, Rule, Statement, Term, Test};
use crate::wire::Writer;
use std::net::IpAddr;

/// Registers, from which the next value goes into.
type Place = u32;

/// What a rule's sets that only it has are called: by the number that the batch gave them.
pub type InlineSets<'a> = &'a mut dyn FnMut() -> u32;

/// The name that the kernel makes whole for a set that only a rule has.
pub const INLINE_NAME: &str = "__set%d";

pub fn rule(writer: &mut Writer, rule: &Rule, inline: InlineSets<'_>) {
    for statement in &rule.0 {
        encode(writer, statement, inline);
    }
}

fn register(place: Place) -> u32 {
    NFT_REG32_00 + place
}

fn expression(writer: &mut Writer, name: &str, body: impl FnOnce(&mut Writer)) {
    writer.nest(NFTA_LIST_ELEM, |writer| {
        writer.text(NFTA_EXPR_NAME, name);
        writer.nest(NFTA_EXPR_DATA, body);
    });
}

fn encode(writer: &mut Writer, statement: &Statement, inline: InlineSets<'_>) {
    match statement {
        Statement::Match(field, test) => {
            load(writer, *field, 0);
            compare(writer, test);
        }
        Statement::In(terms, set) => lookup_terms(writer, terms, set, 0, inline),
        Statement::NotIn(terms, set) => lookup_terms(writer, terms, set, NFT_LOOKUP_F_INV, inline),
        Statement::VerdictMap(terms, set) => {
            terms_into(writer, terms, 0);
            let id = inline_id(set, inline);
            lookup(writer, set_name(set), id, 0, Some(NFT_REG_VERDICT), 0);
        }
        Statement::Update { set, key, value, timeout_ms } => {
            let data = terms_into(writer, key, 0);
            terms_into(writer, value, data);
            dynset(writer, set, NFT_DYNSET_OP_UPDATE, (!value.is_empty()).then_some(data), *timeout_ms);
        }
        Statement::Remove { set, key, value } => {
            let data = terms_into(writer, key, 0);
            terms_into(writer, value, data);
            dynset(writer, set, NFT_DYNSET_OP_DELETE, (!value.is_empty()).then_some(data), 0);
        }
        Statement::SetMark { mask, value } => {
            load(writer, Field::Mark, 0);
            bitwise(writer, &(!mask).to_ne_bytes(), &value.to_ne_bytes());
            expression(writer, "meta", |writer| {
                writer.be32(NFTA_META_KEY, NFT_META_MARK);
                writer.be32(NFTA_META_SREG, register(0));
            });
        }
        Statement::SetConnectionMark { mask, value } => {
            load(writer, Field::ConnectionMark, 0);
            bitwise(writer, &(!mask).to_ne_bytes(), &value.to_ne_bytes());
            expression(writer, "ct", |writer| {
                writer.be32(NFTA_CT_KEY, NFT_CT_MARK);
                writer.be32(NFTA_CT_SREG, register(0));
            });
        }
        Statement::Dnat(family, to) => nat(writer, NFT_NAT_DNAT, *family, to),
        Statement::Snat(family, to) => nat(writer, NFT_NAT_SNAT, *family, to),
        Statement::Masquerade => expression(writer, "masq", |writer| writer.be32(NFTA_MASQ_FLAGS, NF_NAT_RANGE_PROTO_RANDOM_FULLY)),
        Statement::Reject(reject) => expression(writer, "reject", |writer| {
            let (kind, code) = match reject {
                Reject::PortUnreachable => (NFT_REJECT_ICMPX_UNREACH, NFT_REJECT_ICMPX_PORT_UNREACH),
                Reject::AdminProhibited => (NFT_REJECT_ICMPX_UNREACH, NFT_REJECT_ICMPX_ADMIN_PROHIBITED),
                Reject::TcpReset => (NFT_REJECT_TCP_RST, 0),
            };
            writer.be32(NFTA_REJECT_TYPE, kind);
            writer.attribute(NFTA_REJECT_ICMP_CODE, &[code]);
        }),
        Statement::Counter => expression(writer, "counter", |_| {}),
        Statement::Limit { packets, per_s, burst } => expression(writer, "limit", |writer| {
            writer.be64(NFTA_LIMIT_RATE, *packets);
            writer.be64(NFTA_LIMIT_UNIT, *per_s);
            writer.be32(NFTA_LIMIT_BURST, *burst);
            writer.be32(NFTA_LIMIT_TYPE, NFT_LIMIT_PKTS);
        }),
        Statement::Verdict(verdict) => expression(writer, "immediate", |writer| {
            writer.be32(NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
            writer.nest(NFTA_IMMEDIATE_DATA, |writer| self::verdict(writer, verdict));
        }),
    }
}

/// Gives the first register behind them.
fn terms_into(writer: &mut Writer, terms: &[Term], first: Place) -> Place {
    terms.iter().fold(first, |place, term| term_into(writer, term, place))
}

fn term_into(writer: &mut Writer, term: &Term, place: Place) -> Place {
    match term {
        Term::Field(field) => {
            load(writer, *field, place);
        }
        Term::Constant(datum) => {
            // Whole registers: what follows is never compared with what lay there before.
            let mut bytes = datum.bytes();
            bytes.resize(datum.kind().room(), 0);
            expression(writer, "immediate", |writer| {
                writer.be32(NFTA_IMMEDIATE_DREG, register(place));
                writer.nest(NFTA_IMMEDIATE_DATA, |writer| writer.attribute(NFTA_DATA_VALUE, &bytes));
            });
        }
        Term::Random(modulus) => expression(writer, "numgen", |writer| {
            writer.be32(NFTA_NG_DREG, register(place));
            writer.be32(NFTA_NG_MODULUS, *modulus);
            writer.be32(NFTA_NG_TYPE, NFT_NG_RANDOM);
        }),
        Term::Map { key, map, .. } => {
            terms_into(writer, key, place);
            lookup(writer, map, None, place, Some(register(place)), 0);
        }
    }
    let room: usize = term.types().iter().map(|part| part.room()).sum();
    let end = place + u32::try_from(room / 4).expect("types are a few bytes");
    debug_assert!(end <= NFT_REG32_COUNT, "there are {NFT_REG32_COUNT} registers");
    end
}

fn lookup_terms(writer: &mut Writer, terms: &[Term], set: &crate::SetRef, flags: u32, inline: InlineSets<'_>) {
    terms_into(writer, terms, 0);
    let id = inline_id(set, inline);
    lookup(writer, set_name(set), id, 0, None, flags);
}

fn set_name(set: &crate::SetRef) -> &str {
    match set {
        crate::SetRef::Named(name) => name,
        crate::SetRef::Inline(_) => INLINE_NAME,
    }
}

fn inline_id(set: &crate::SetRef, inline: InlineSets<'_>) -> Option<u32> {
    matches!(set, crate::SetRef::Inline(_)).then(inline)
}

fn lookup(writer: &mut Writer, set: &str, id: Option<u32>, from: Place, to: Option<u32>, flags: u32) {
    expression(writer, "lookup", |writer| {
        writer.text(NFTA_LOOKUP_SET, set);
        writer.be32(NFTA_LOOKUP_SREG, register(from));
        if let Some(to) = to {
            writer.be32(NFTA_LOOKUP_DREG, to);
        }
        if let Some(id) = id {
            writer.be32(NFTA_LOOKUP_SET_ID, id);
        }
        if flags != 0 {
            writer.be32(NFTA_LOOKUP_FLAGS, flags);
        }
    });
}

fn dynset(writer: &mut Writer, set: &str, operation: u32, data: Option<Place>, timeout_ms: u64) {
    expression(writer, "dynset", |writer| {
        writer.text(NFTA_DYNSET_SET_NAME, set);
        writer.be32(NFTA_DYNSET_OP, operation);
        writer.be32(NFTA_DYNSET_SREG_KEY, register(0));
        if let Some(data) = data {
            writer.be32(NFTA_DYNSET_SREG_DATA, register(data));
        }
        if timeout_ms > 0 {
            writer.be64(NFTA_DYNSET_TIMEOUT, timeout_ms);
        }
    });
}

fn nat(writer: &mut Writer, kind: u32, family: Family, to: &[Term]) {
    terms_into(writer, to, 0);
    let types: Vec<_> = to.iter().flat_map(Term::types).collect();
    expression(writer, "nat", |writer| {
        writer.be32(NFTA_NAT_TYPE, kind);
        writer.be32(NFTA_NAT_FAMILY, u32::from(family.number()));
        writer.be32(NFTA_NAT_REG_ADDR_MIN, register(0));
        if types.len() > 1 {
            let port = u32::try_from(types[0].room() / 4).expect("an address is a few bytes");
            writer.be32(NFTA_NAT_REG_PROTO_MIN, register(port));
        }
    });
}

fn bitwise(writer: &mut Writer, mask: &[u8], xor: &[u8]) {
    expression(writer, "bitwise", |writer| {
        writer.be32(NFTA_BITWISE_SREG, register(0));
        writer.be32(NFTA_BITWISE_DREG, register(0));
        writer.be32(NFTA_BITWISE_LEN, u32::try_from(mask.len()).expect("a value is a few bytes"));
        writer.nest(NFTA_BITWISE_MASK, |writer| writer.attribute(NFTA_DATA_VALUE, mask));
        writer.nest(NFTA_BITWISE_XOR, |writer| writer.attribute(NFTA_DATA_VALUE, xor));
    });
}

fn compare_bytes(writer: &mut Writer, operation: u32, value: &[u8]) {
    expression(writer, "cmp", |writer| {
        writer.be32(NFTA_CMP_SREG, register(0));
        writer.be32(NFTA_CMP_OP, operation);
        writer.nest(NFTA_CMP_DATA, |writer| writer.attribute(NFTA_DATA_VALUE, value));
    });
}

fn compare(writer: &mut Writer, test: &Test) {
    match test {
        Test::Is(datum) => compare_bytes(writer, NFT_CMP_EQ, &datum.bytes()),
        Test::IsNot(datum) => compare_bytes(writer, NFT_CMP_NEQ, &datum.bytes()),
        Test::Within(address, bits) => within(writer, NFT_CMP_EQ, *address, *bits),
        Test::NotWithin(address, bits) => within(writer, NFT_CMP_NEQ, *address, *bits),
        Test::BeginsWith(text) => compare_bytes(writer, NFT_CMP_EQ, text.as_bytes()),
        Test::NotBeginsWith(text) => compare_bytes(writer, NFT_CMP_NEQ, text.as_bytes()),
        Test::HasAny(bits) => {
            bitwise(writer, &bits.to_ne_bytes(), &[0; 4]);
            compare_bytes(writer, NFT_CMP_NEQ, &[0; 4]);
        }
        Test::HasNone(bits) => {
            bitwise(writer, &bits.to_ne_bytes(), &[0; 4]);
            compare_bytes(writer, NFT_CMP_EQ, &[0; 4]);
        }
        Test::Between(from, to) => expression(writer, "range", |writer| {
            writer.be32(NFTA_RANGE_SREG, register(0));
            writer.be32(NFTA_RANGE_OP, NFT_RANGE_EQ);
            writer.nest(NFTA_RANGE_FROM_DATA, |writer| writer.attribute(NFTA_DATA_VALUE, &from.bytes()));
            writer.nest(NFTA_RANGE_TO_DATA, |writer| writer.attribute(NFTA_DATA_VALUE, &to.bytes()));
        }),
    }
}

fn within(writer: &mut Writer, operation: u32, address: IpAddr, bits: u8) {
    let address = Datum::from(address).bytes();
    let mask: Vec<u8> = (0..address.len()).map(|byte| mask_byte(usize::from(bits).saturating_sub(byte * 8))).collect();
    bitwise(writer, &mask, &vec![0; address.len()]);
    let network: Vec<u8> = address.iter().zip(&mask).map(|(byte, mask)| byte & mask).collect();
    compare_bytes(writer, operation, &network);
}

/// A byte with so many bits from the left.
fn mask_byte(bits: usize) -> u8 {
    (0xff00_u32 >> bits.min(8)).to_le_bytes()[0]
}

/// Gives the first register behind it.
fn load(writer: &mut Writer, field: Field, place: Place) -> Place {
    let meta = |writer: &mut Writer, key| {
        expression(writer, "meta", |writer| {
            writer.be32(NFTA_META_KEY, key);
            writer.be32(NFTA_META_DREG, register(place));
        });
    };
    let payload = |writer: &mut Writer, base, offset| {
        expression(writer, "payload", |writer| {
            writer.be32(NFTA_PAYLOAD_DREG, register(place));
            writer.be32(NFTA_PAYLOAD_BASE, base);
            writer.be32(NFTA_PAYLOAD_OFFSET, offset);
            writer.be32(NFTA_PAYLOAD_LEN, u32::try_from(field.kind().width()).expect("a value is a few bytes"));
        });
    };
    let ct = |writer: &mut Writer, key, direction: Option<Direction>| {
        expression(writer, "ct", |writer| {
            writer.be32(NFTA_CT_KEY, key);
            writer.be32(NFTA_CT_DREG, register(place));
            if let Some(direction) = direction {
                writer.attribute(NFTA_CT_DIRECTION, &[u8::from(direction == Direction::Reply)]);
            }
        });
    };
    let fib = |writer: &mut Writer, flags| {
        expression(writer, "fib", |writer| {
            writer.be32(NFTA_FIB_DREG, register(place));
            writer.be32(NFTA_FIB_RESULT, NFT_FIB_RESULT_ADDRTYPE);
            writer.be32(NFTA_FIB_FLAGS, flags);
        });
    };
    let v4 = |family: Family| family == Family::Ipv4;
    match field {
        Field::Family => meta(writer, NFT_META_NFPROTO),
        Field::Protocol => meta(writer, NFT_META_L4PROTO),
        Field::Source(family) => payload(writer, NFT_PAYLOAD_NETWORK_HEADER, if v4(family) { 12 } else { 8 }),
        Field::Destination(family) => payload(writer, NFT_PAYLOAD_NETWORK_HEADER, if v4(family) { 16 } else { 24 }),
        Field::SourcePort | Field::IcmpType => payload(writer, NFT_PAYLOAD_TRANSPORT_HEADER, 0),
        Field::DestinationPort => payload(writer, NFT_PAYLOAD_TRANSPORT_HEADER, 2),
        Field::InputName => meta(writer, NFT_META_IIFNAME),
        Field::OutputName => meta(writer, NFT_META_OIFNAME),
        Field::InputKind => meta(writer, NFT_META_IIFKIND),
        Field::OutputKind => meta(writer, NFT_META_OIFKIND),
        Field::Mark => meta(writer, NFT_META_MARK),
        Field::ConnectionState => ct(writer, NFT_CT_STATE, None),
        Field::ConnectionStatus => ct(writer, NFT_CT_STATUS, None),
        Field::ConnectionMark => ct(writer, NFT_CT_MARK, None),
        Field::ConnectionDirection => ct(writer, NFT_CT_DIRECTION, None),
        Field::ConnectionSource(direction, family) => {
            ct(writer, if v4(family) { NFT_CT_SRC_IP } else { NFT_CT_SRC_IP6 }, Some(direction));
        }
        Field::ConnectionDestination(direction, family) => {
            ct(writer, if v4(family) { NFT_CT_DST_IP } else { NFT_CT_DST_IP6 }, Some(direction));
        }
        Field::ConnectionSourcePort(direction) => ct(writer, NFT_CT_PROTO_SRC, Some(direction)),
        Field::ConnectionDestinationPort(direction) => ct(writer, NFT_CT_PROTO_DST, Some(direction)),
        Field::SourceRoute => fib(writer, NFTA_FIB_F_SADDR),
        Field::DestinationRoute => fib(writer, NFTA_FIB_F_DADDR),
    }
    place + u32::try_from(field.kind().room() / 4).expect("a value is a few bytes")
}

/// Into an attribute of data.
pub fn verdict(writer: &mut Writer, verdict: &Decision) {
    let (code, chain) = match verdict {
        Decision::Accept => (NF_ACCEPT, None),
        Decision::Drop => (NF_DROP, None),
        Decision::Return => (NFT_RETURN, None),
        Decision::Jump(chain) => (NFT_JUMP, Some(chain)),
        Decision::Goto(chain) => (NFT_GOTO, Some(chain)),
    };
    writer.nest(NFTA_DATA_VERDICT, |writer| {
        writer.be32(NFTA_VERDICT_CODE, code.cast_unsigned());
        if let Some(chain) = chain {
            writer.text(NFTA_VERDICT_CHAIN, chain);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_have_their_bits_on_the_left() {
        assert_eq!([0, 1, 4, 7, 8, 30].map(mask_byte), [0, 0x80, 0xf0, 0xfe, 0xff, 0xff]);
    }
}
