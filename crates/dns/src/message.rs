//! Messages on the wire: which are questions to answer, which are refused by their head alone, and answers cut to what the client takes
//! (DNSG-1, DNSG-30 to DNSG-32). Knows no names.

#[cfg(test)]
mod tests;

use crate::answer::Answer;
use hickory_proto::op::{Edns, Message, MessageType, Metadata, OpCode, Query, ResponseCode, emit_message_parts};
use hickory_proto::rr::Record;
use hickory_proto::serialize::binary::BinEncoder;

/// What a client takes without EDNS.
const SIZE_MIN: u16 = 512;
/// What we can be sent, as we say in OPT: no answer to us is larger than the path's smallest packet allows.
const OUR_SIZE: u16 = 1232;
/// The length of an OPT record without options.
const OPT_LENGTH: u16 = 11;
const HEAD_LENGTH: usize = 12;

/// What came.
#[derive(Debug)]
pub enum Received {
    /// Not worth an answer: no message, or an answer itself.
    Nothing,
    /// Refused at once, with this answer.
    Refused(Vec<u8>),
    Question(Request),
}

/// A question.
#[derive(Debug, Clone)]
pub struct Request {
    metadata: Metadata,
    query: Query,
    edns: Option<Edns>,
}

/// Reads what a client sent.
pub fn read(bytes: &[u8]) -> Received {
    if bytes.len() < HEAD_LENGTH || bytes[2] & 0x80 != 0 {
        return Received::Nothing;
    }
    let op_code = OpCode::from_u8(bytes[2] >> 3 & 0xf);
    if op_code != OpCode::Query {
        return Received::Refused(refusal(bytes, op_code, ResponseCode::NotImp));
    }
    let questions = u16::from_be_bytes([bytes[4], bytes[5]]);
    let message = (questions == 1).then(|| Message::from_vec(bytes).ok()).flatten();
    match message.and_then(|mut message| Some((message.queries.pop()?, message))) {
        Some((query, message)) => Received::Question(Request { metadata: message.metadata, query, edns: message.edns }),
        None => Received::Refused(refusal(bytes, OpCode::Query, ResponseCode::FormErr)),
    }
}

/// An answer without a question, made from the head alone.
fn refusal(bytes: &[u8], op_code: OpCode, code: ResponseCode) -> Vec<u8> {
    let mut head = vec![0; HEAD_LENGTH];
    head[..2].copy_from_slice(&bytes[..2]);
    head[2] = 0x80 | u8::from(op_code) << 3 | bytes[2] & 0x01;
    head[3] = bytes[3] & 0x10 | code.low();
    head
}

impl Request {
    pub fn query(&self) -> &Query {
        &self.query
    }

    pub fn edns(&self) -> Option<&Edns> {
        self.edns.as_ref()
    }

    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// The largest answer over UDP that the client takes.
    pub fn size_max(&self) -> u16 {
        self.edns.as_ref().map_or(SIZE_MIN, Edns::max_payload).max(SIZE_MIN)
    }
}

/// The answer's bytes, at most `size_max`: one that is cut off says so.
pub fn encode(request: &Request, answer: &Answer, size_max: u16) -> Vec<u8> {
    let edns = request.edns.as_ref().map(|asked| {
        let mut edns = Edns::new();
        edns.set_max_payload(OUR_SIZE).set_dnssec_ok(asked.flags().dnssec_ok).set_version(0);
        edns
    });
    let mut metadata = Metadata::new(request.metadata.id, MessageType::Response, OpCode::Query);
    metadata.recursion_desired = request.metadata.recursion_desired;
    metadata.checking_disabled = request.metadata.checking_disabled;
    metadata.authoritative = answer.authoritative;
    metadata.recursion_available = answer.recursion_available;
    metadata.truncation = answer.truncated;
    metadata.authentic_data = answer.authentic;
    metadata.response_code = answer.code;
    let parts = |edns| Parts { metadata, query: &request.query, edns };
    let (bytes, written) = parts(edns.as_ref()).emit(&answer.answers, &answer.authorities, &answer.additionals, size_max);
    if written == Written::All {
        return bytes;
    }
    // The whole was too large. What is cut off must leave room for OPT, which comes last.
    let room = if edns.is_some() { size_max - OPT_LENGTH } else { size_max };
    let (_, fits) = parts(None).emit(&answer.answers, &answer.authorities, &answer.additionals, room);
    let Written::Some { answers } = fits else { return bytes };
    metadata.truncation = true;
    Parts { metadata, query: &request.query, edns: edns.as_ref() }.emit(&answer.answers[..answers], &[], &[], size_max).0
}

#[derive(Debug, Clone, Copy)]
struct Parts<'a> {
    metadata: Metadata,
    query: &'a Query,
    edns: Option<&'a Edns>,
}

#[derive(Debug, PartialEq, Eq)]
enum Written {
    All,
    Some { answers: usize },
}

impl Parts<'_> {
    fn emit(&self, answers: &[Record], authorities: &[Record], additionals: &[Record], size_max: u16) -> (Vec<u8>, Written) {
        let mut bytes = Vec::with_capacity(SIZE_MIN.into());
        let mut encoder = BinEncoder::new(&mut bytes);
        encoder.set_max_size(size_max);
        let emitted = emit_message_parts(
            &self.metadata,
            &mut std::iter::once(self.query),
            &mut answers.iter(),
            &mut authorities.iter(),
            &mut additionals.iter(),
            self.edns,
            None,
            &mut encoder,
        );
        match emitted {
            Ok(header) if header.metadata.truncation && !self.metadata.truncation => {
                (bytes, Written::Some { answers: header.counts.answers.into() })
            }
            Ok(_) => (bytes, Written::All),
            // A record that cannot be written (of an upstream's answer) is no answer.
            Err(error) => {
                tracing::debug!(%error, "an answer cannot be written");
                (Vec::new(), Written::All)
            }
        }
    }
}
