//! The messages of D-Bus, as far as a caller of logind needs them: calls and their answers, and signals, with strings, numbers, booleans
//! and file descriptors. Pure: bytes in and out.

/// Longer messages are refused; a bus allows 128 MiB, and nothing that is asked for here is longer than a line.
const MESSAGE_MAX: usize = 64 * 1024;
const VERSION: u8 = 1;
/// The mark of this machine's byte order.
const ENDIAN: u8 = if cfg!(target_endian = "little") { b'l' } else { b'B' };
/// Bytes before the array of header fields, with its length.
const FIXED: usize = 16;

/// What is wrong with what came from the bus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the bus sent what is no message: {0}")]
pub struct Malformed(pub &'static str);

/// What a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Call,
    Return,
    Error,
    Signal,
}

/// One message; texts that it does not have are empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub kind: Kind,
    pub serial: u32,
    pub reply_to: u32,
    pub destination: String,
    pub path: String,
    pub interface: String,
    /// Of an error its name.
    pub member: String,
    pub signature: String,
    pub fds: u32,
    pub body: Vec<u8>,
}

impl Message {
    /// A call with texts as arguments.
    pub fn call(serial: u32, destination: &str, path: &str, interface: &str, member: &str, arguments: &[&str]) -> Self {
        let mut body = Writer::default();
        arguments.iter().for_each(|text| body.text(text));
        Self {
            kind: Kind::Call,
            serial,
            reply_to: 0,
            destination: destination.to_owned(),
            path: path.to_owned(),
            interface: interface.to_owned(),
            member: member.to_owned(),
            signature: "s".repeat(arguments.len()),
            fds: 0,
            body: body.bytes,
        }
    }

    pub fn encode(&self) -> Vec<u8> {
        let (kind, member) = match self.kind {
            Kind::Call => (1, 3),
            Kind::Return => (2, 3),
            Kind::Error => (3, 4),
            Kind::Signal => (4, 3),
        };
        let mut out = Writer { bytes: vec![ENDIAN, kind, 0, VERSION] };
        out.number(u32::try_from(self.body.len()).unwrap_or(u32::MAX));
        out.number(self.serial);
        let mut fields = Writer::default();
        for (code, ty, text) in [
            (1, "o", &self.path),
            (2, "s", &self.interface),
            (member, "s", &self.member),
            (6, "s", &self.destination),
            (8, "g", &self.signature),
        ] {
            if !text.is_empty() {
                fields.field(code, ty);
                if ty == "g" { fields.signature(text) } else { fields.text(text) }
            }
        }
        for (code, number) in [(5, self.reply_to), (9, self.fds)] {
            if number > 0 {
                fields.field(code, "u");
                fields.number(number);
            }
        }
        out.number(u32::try_from(fields.bytes.len()).unwrap_or(u32::MAX));
        out.bytes.extend(fields.bytes);
        out.align(8);
        out.bytes.extend(&self.body);
        out.bytes
    }

    /// The first message of these bytes and its length, once all of it is there.
    pub fn decode(bytes: &[u8]) -> Result<Option<(Self, usize)>, Malformed> {
        if bytes.len() < FIXED {
            return Ok(None);
        }
        if bytes[0] != ENDIAN || bytes[3] != VERSION {
            return Err(Malformed("another byte order or version"));
        }
        let mut head = Reader { bytes, at: 4 };
        let (body, serial, fields) = (head.length()?, head.number()?, head.length()?);
        let start = (FIXED + fields).next_multiple_of(8);
        let end = start + body;
        if end > MESSAGE_MAX {
            return Err(Malformed("it is too long"));
        }
        let Some(whole) = bytes.get(..end) else { return Ok(None) };
        let kind = match bytes[1] {
            1 => Kind::Call,
            2 => Kind::Return,
            3 => Kind::Error,
            4 => Kind::Signal,
            _ => return Err(Malformed("an unknown kind")),
        };
        let mut message = Self::call(serial, "", "", "", "", &[]);
        message.kind = kind;
        message.body = whole[start..].to_vec();
        let mut reader = Reader { bytes: &whole[..FIXED + fields], at: FIXED };
        while reader.at < FIXED + fields {
            message.take_field(&mut reader)?;
        }
        Ok(Some((message, end)))
    }

    fn take_field(&mut self, reader: &mut Reader<'_>) -> Result<(), Malformed> {
        reader.align(8);
        let code = reader.byte()?;
        let signature = reader.signature()?;
        match (code, signature.as_str()) {
            (5, "u") => self.reply_to = reader.number()?,
            (9, "u") => self.fds = reader.number()?,
            (8, "g") => self.signature = reader.signature()?,
            (_, "u") => drop(reader.number()?),
            (_, "s" | "o") => {
                let text = reader.text()?;
                match code {
                    1 => self.path = text,
                    2 => self.interface = text,
                    3 | 4 => self.member = text,
                    6 => self.destination = text,
                    _ => {}
                }
            }
            _ => return Err(Malformed("a header field of an unknown type")),
        }
        Ok(())
    }

    /// The body, if it is one text.
    pub fn text(&self) -> Option<String> {
        self.reader("s")?.text().ok()
    }

    /// The body, if it is one boolean.
    pub fn boolean(&self) -> Option<bool> {
        self.reader("b")?.number().ok().map(|number| number != 0)
    }

    /// The body, if it is one variant with a 64-bit number.
    pub fn variant_number(&self) -> Option<u64> {
        let mut reader = self.reader("v")?;
        (reader.signature().ok()? == "t").then(|| reader.long().ok())?
    }

    fn reader(&self, signature: &str) -> Option<Reader<'_>> {
        self.signature.starts_with(signature).then_some(Reader { bytes: &self.body, at: 0 })
    }
}

/// Each value is aligned to its size.
#[derive(Debug, Default)]
pub struct Writer {
    pub bytes: Vec<u8>,
}

impl Writer {
    fn align(&mut self, to: usize) {
        self.bytes.resize(self.bytes.len().next_multiple_of(to), 0);
    }

    pub fn number(&mut self, number: u32) {
        self.align(4);
        self.bytes.extend(number.to_ne_bytes());
    }

    #[cfg(test)]
    pub fn long(&mut self, number: u64) {
        self.align(8);
        self.bytes.extend(number.to_ne_bytes());
    }

    pub fn text(&mut self, text: &str) {
        self.number(u32::try_from(text.len()).unwrap_or(u32::MAX));
        self.bytes.extend(text.as_bytes());
        self.bytes.push(0);
    }

    pub fn signature(&mut self, text: &str) {
        self.bytes.push(u8::try_from(text.len()).unwrap_or(u8::MAX));
        self.bytes.extend(text.as_bytes());
        self.bytes.push(0);
    }

    fn field(&mut self, code: u8, signature: &str) {
        self.align(8);
        self.bytes.push(code);
        self.signature(signature);
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn align(&mut self, to: usize) {
        self.at = self.at.next_multiple_of(to);
    }

    fn take(&mut self, length: usize) -> Result<&[u8], Malformed> {
        let end = self.at.saturating_add(length);
        let taken = self.bytes.get(self.at..end).ok_or(Malformed("it is cut short"))?;
        self.at = end;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, Malformed> {
        self.take(1).map(|bytes| bytes[0])
    }

    fn number(&mut self) -> Result<u32, Malformed> {
        self.align(4);
        let bytes = self.take(4)?;
        Ok(u32::from_ne_bytes(bytes.try_into().unwrap_or_default()))
    }

    fn length(&mut self) -> Result<usize, Malformed> {
        let length = usize::try_from(self.number()?).unwrap_or(usize::MAX);
        if length > MESSAGE_MAX { Err(Malformed("it is too long")) } else { Ok(length) }
    }

    fn long(&mut self) -> Result<u64, Malformed> {
        self.align(8);
        let bytes = self.take(8)?;
        Ok(u64::from_ne_bytes(bytes.try_into().unwrap_or_default()))
    }

    fn text(&mut self) -> Result<String, Malformed> {
        let length = self.length()?;
        let text = String::from_utf8(self.take(length)?.to_vec()).map_err(|_| Malformed("a text is not UTF-8"))?;
        self.byte()?;
        Ok(text)
    }

    fn signature(&mut self) -> Result<String, Malformed> {
        let length = usize::from(self.byte()?);
        let text = String::from_utf8(self.take(length)?.to_vec()).map_err(|_| Malformed("a signature is not ASCII"))?;
        self.byte()?;
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_read_as_they_were_written() {
        let call = Message::call(7, "org.freedesktop.login1", "/org/freedesktop/login1", "a.b", "Inhibit", &["shutdown", "x", "", "delay"]);
        let bytes = call.encode();
        assert_eq!(Message::decode(&bytes), Ok(Some((call.clone(), bytes.len()))));
        // A piece at a time, and with another behind it.
        for length in 0..bytes.len() {
            assert_eq!(Message::decode(&bytes[..length]), Ok(None));
        }
        assert_eq!(Message::decode(&[bytes.clone(), bytes.clone()].concat()), Ok(Some((call, bytes.len()))));
    }

    #[test]
    fn bodies_are_read_by_their_signature() {
        let with = |signature: &str, write: fn(&mut Writer)| {
            let mut body = Writer::default();
            write(&mut body);
            Message { kind: Kind::Return, signature: signature.to_owned(), body: body.bytes, ..Message::call(1, "", "", "", "", &[]) }
        };
        assert_eq!(with("b", |body| body.number(1)).boolean(), Some(true));
        let variant = with("v", |body| {
            body.signature("t");
            body.long(5_000_000);
        });
        assert_eq!((variant.variant_number(), variant.boolean()), (Some(5_000_000), None));
        assert_eq!(with("s", |body| body.text("no")).text().as_deref(), Some("no"));
    }

    #[test]
    fn what_no_bus_would_send_is_refused() {
        let good = Message::call(7, "a", "/b", "c.d", "E", &["f"]).encode();
        let broken = |at: usize, byte: u8| {
            let mut bytes = good.clone();
            bytes[at] = byte;
            Message::decode(&bytes)
        };
        assert!(broken(0, b'x').is_err() && broken(1, 9).is_err() && broken(3, 2).is_err());
        assert!(broken(7, 0x7f).is_err() && broken(15, 0x7f).is_err(), "lengths have a bound");
        for at in 16..good.len() {
            for byte in [0, 0x7f, 0xff] {
                broken(at, byte).ok(); // and nothing panics
            }
        }
    }
}
