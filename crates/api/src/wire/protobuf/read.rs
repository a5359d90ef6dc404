//! The wire format of protobuf: tags, varints and lengths. Input: the bytes of a message. Output: its fields, one by one.

use crate::schema::walker::DecodeError;

/// A field's value as the wire has it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Payload<'b> {
    Varint(u64),
    Fixed64(u64),
    Fixed32,
    Bytes(&'b [u8]),
}

impl<'b> Payload<'b> {
    pub(super) fn varint(self) -> Result<u64, DecodeError> {
        match self {
            Payload::Varint(number) => Ok(number),
            _ => Err(super::wrong_wire_type()),
        }
    }

    pub(super) fn double(self) -> Result<f64, DecodeError> {
        match self {
            Payload::Fixed64(bits) => Ok(f64::from_bits(bits)),
            _ => Err(super::wrong_wire_type()),
        }
    }

    pub(super) fn bytes(self) -> Result<&'b [u8], DecodeError> {
        match self {
            Payload::Bytes(bytes) => Ok(bytes),
            _ => Err(super::wrong_wire_type()),
        }
    }

    /// Text; broken UTF-8 becomes U+FFFD, as JSON will show it.
    pub(super) fn text(self) -> Result<String, DecodeError> {
        Ok(String::from_utf8_lossy(self.bytes()?).into_owned())
    }
}

pub(super) struct Reader<'b> {
    rest: &'b [u8],
}

impl<'b> Reader<'b> {
    pub(super) fn new(message: &'b [u8]) -> Self {
        Self { rest: message }
    }

    /// The next field, `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<(u32, Payload<'b>)>, DecodeError> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let key = self.varint()?;
        let tag = u32::try_from(key >> 3).ok().filter(|tag| *tag > 0);
        let tag = tag.ok_or_else(|| DecodeError(format!("proto: illegal tag {} (wire type {})", key >> 3, key & 7)))?;
        let payload = match key & 7 {
            0 => Payload::Varint(self.varint()?),
            1 => {
                let bytes = self.take(8)?;
                let mut bits = [0; 8];
                bits.copy_from_slice(bytes);
                Payload::Fixed64(u64::from_le_bytes(bits))
            }
            2 => {
                let length = usize::try_from(self.varint()?).map_err(|_| end())?;
                Payload::Bytes(self.take(length)?)
            }
            5 => {
                self.take(4)?;
                Payload::Fixed32
            }
            other => return Err(DecodeError(format!("proto: illegal wireType {other}"))),
        };
        Ok(Some((tag, payload)))
    }

    /// The next of packed numbers, `None` at the end.
    pub(super) fn packed(&mut self) -> Result<Option<u64>, DecodeError> {
        if self.rest.is_empty() { Ok(None) } else { self.varint().map(Some) }
    }

    fn varint(&mut self) -> Result<u64, DecodeError> {
        let mut number = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.take(1)?[0];
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(DecodeError("proto: integer overflow".to_owned()))
    }

    fn take(&mut self, length: usize) -> Result<&'b [u8], DecodeError> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or_else(end)?;
        self.rest = rest;
        Ok(taken)
    }
}

fn end() -> DecodeError {
    DecodeError("unexpected EOF".to_owned())
}
