//! A remote command's channels over SPDY (R20 to R22).

use bytes::BytesMut;

use super::{End, Output, Said, Wanted};
use crate::Violation;
use crate::channels::Version;
use crate::spdy::{Decoder, Encoder, Fin, Frame, Headers, header};

/// Names in `X-Stream-Protocol-Version`; the newest first, but for version 5, which no kubelet chooses here.
const PROTOCOLS: [(&str, Version); 4] = [
    ("v4.channel.k8s.io", Version::Four),
    ("v3.channel.k8s.io", Version::Plain),
    ("v2.channel.k8s.io", Version::Plain),
    ("channel.k8s.io", Version::Plain),
];

/// There is no protocol that both sides know.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("unable to upgrade: unable to negotiate protocol: client supports [{}], server accepts [{}]", .offered.join(" "), supported().join(" "))]
pub struct NegotiationError {
    offered: Vec<String>,
}

impl NegotiationError {
    /// What is known here.
    pub fn supported(&self) -> Vec<&'static str> {
        supported()
    }
}

fn supported() -> Vec<&'static str> {
    PROTOCOLS.iter().map(|(name, _)| *name).collect()
}

/// The first of the offered ones that is known.
pub fn choose_spdy(offered: &[&str]) -> Result<(&'static str, Version), NegotiationError> {
    let chosen = offered.iter().find_map(|name| PROTOCOLS.into_iter().find(|(known, _)| known == name));
    chosen.ok_or_else(|| NegotiationError { offered: offered.iter().map(|name| (*name).to_owned()).collect() })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Error,
    Stdin,
    Stdout,
    Stderr,
    Resize,
}

#[derive(Debug)]
pub struct Wire {
    version: Version,
    decoder: Decoder,
    encoder: Encoder,
    /// What is still to be opened.
    missing: Vec<Role>,
    streams: Vec<(u32, Role)>,
    /// The last input has been given out, and that it was the last has not.
    ends: bool,
}

impl Wire {
    pub fn new(version: Version, wanted: Wanted) -> Wire {
        let roles = [
            (true, Role::Error),
            (wanted.stdin, Role::Stdin),
            (wanted.stdout, Role::Stdout),
            (wanted.stderr, Role::Stderr),
            (wanted.tty, Role::Resize),
        ];
        let missing = roles.into_iter().filter(|(wanted, _)| *wanted).map(|(_, role)| role).collect();
        Wire { version, decoder: Decoder::default(), encoder: Encoder::default(), missing, streams: Vec::new(), ends: false }
    }

    /// Whether every stream is there. A terminal's size may go without one: older versions have none.
    pub fn is_open(&self) -> bool {
        self.missing.iter().all(|role| *role == Role::Resize && self.version < Version::Four)
    }

    pub fn push(&mut self, bytes: &[u8]) {
        self.decoder.push(bytes);
    }

    pub fn next(&mut self, out: &mut BytesMut) -> Result<Option<Said>, Violation> {
        if std::mem::take(&mut self.ends) {
            return Ok(Some(Said::StdinEnd));
        }
        while let Some(frame) = self.decoder.next_frame()? {
            match frame {
                Frame::Open { stream, headers, fin } => {
                    let role = self.open(stream, &headers, out);
                    if fin && role == Some(Role::Stdin) {
                        return Ok(Some(Said::StdinEnd));
                    }
                }
                Frame::Data { stream, data, fin } => match self.role(stream) {
                    Some(Role::Stdin) => {
                        self.ends = fin;
                        return Ok(Some(Said::Stdin(data)));
                    }
                    Some(Role::Resize) => return Ok(Some(Said::Size(data))),
                    Some(Role::Error | Role::Stdout | Role::Stderr) | None => {}
                },
                Frame::Reset { stream } if self.role(stream) == Some(Role::Stdin) => return Ok(Some(Said::StdinEnd)),
                Frame::Reset { .. } => {}
                Frame::Ping { id } if id % 2 == 1 => Encoder::put_ping(id, out),
                Frame::Ping { .. } => {}
                Frame::GoAway => return Ok(Some(Said::Closed)),
            }
        }
        Ok(None)
    }

    fn open(&mut self, stream: u32, headers: &Headers, out: &mut BytesMut) -> Option<Role> {
        let role = match header(headers, "streamtype") {
            Some("error") => Some(Role::Error),
            Some("stdin") => Some(Role::Stdin),
            Some("stdout") => Some(Role::Stdout),
            Some("stderr") => Some(Role::Stderr),
            Some("resize") => Some(Role::Resize),
            _ => None,
        };
        let place = role.and_then(|role| self.missing.iter().position(|missing| *missing == role));
        let Some(place) = place else {
            Encoder::put_reset(stream, out);
            return None;
        };
        let role = self.missing.remove(place);
        self.encoder.put_reply(stream, &Headers::new(), out);
        self.streams.push((stream, role));
        Some(role)
    }

    fn role(&self, stream: u32) -> Option<Role> {
        self.streams.iter().find(|(known, _)| *known == stream).map(|(_, role)| *role)
    }

    fn stream(&self, role: Role) -> Option<u32> {
        self.streams.iter().find(|(_, known)| *known == role).map(|(stream, _)| *stream)
    }

    pub fn send(&mut self, output: Output, data: &[u8], out: &mut BytesMut) {
        let role = match output {
            Output::Stdout => Role::Stdout,
            Output::Stderr => Role::Stderr,
        };
        if let Some(stream) = self.stream(role) {
            Encoder::put_data(stream, data, Fin::No, out);
        }
    }

    pub fn finish(&mut self, end: &End, out: &mut BytesMut) {
        if let Some(stream) = self.stream(Role::Error) {
            Encoder::put_data(stream, &end.written(self.version), Fin::Yes, out);
        }
        for role in [Role::Stdout, Role::Stderr, Role::Stdin, Role::Resize] {
            if let Some(stream) = self.stream(role) {
                Encoder::put_data(stream, &[], Fin::Yes, out);
            }
        }
        Encoder::put_goaway(self.decoder.last_stream(), out);
    }
}
