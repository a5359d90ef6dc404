//! Forwarded connections over SPDY (R30, R31): two streams each, which belong together by the number of their request.
//!
//! A connection's number is that of its data stream.

use std::collections::{BTreeMap, VecDeque};

use bytes::BytesMut;

use super::Event;
use crate::Violation;
use crate::spdy::{Decoder, Encoder, Fin, Frame, Headers, header};
use crate::websocket::{self, CloseCode, Kind, Message, put_close, put_head, put_pong};

/// Requests of which one stream only is open, and connections; a client that opens more is refused streams.
const CONNECTIONS_MAX: usize = 1024;
/// Longest WebSocket message, in bytes.
const MESSAGE_BYTES_MAX: usize = 32 << 10;

/// Half of a request, or a whole one.
#[derive(Debug, Default)]
struct Request {
    error: Option<u32>,
    data: Option<u32>,
    port: u16,
}

#[derive(Debug)]
struct Connection {
    error: u32,
}

#[derive(Debug)]
pub struct Wire {
    /// Around the SPDY frames, if there is one.
    tunnel: Option<websocket::Decoder>,
    decoder: Decoder,
    encoder: Encoder,
    requests: BTreeMap<String, Request>,
    connections: BTreeMap<u32, Connection>,
}

impl Wire {
    pub fn raw() -> Wire {
        Wire {
            tunnel: None,
            decoder: Decoder::default(),
            encoder: Encoder::default(),
            requests: BTreeMap::new(),
            connections: BTreeMap::new(),
        }
    }

    pub fn tunnelled() -> Wire {
        Wire { tunnel: Some(websocket::Decoder::default()), ..Wire::raw() }
    }

    pub fn receive(&mut self, bytes: &[u8], events: &mut VecDeque<Event>, out: &mut BytesMut) -> Result<(), Violation> {
        let Some(tunnel) = &mut self.tunnel else {
            self.decoder.push(bytes);
            return self.frames(events, out);
        };
        tunnel.push(bytes);
        let mut closed = false;
        while let Some(message) = tunnel.next_message()? {
            match message {
                Message::Binary(part) | Message::Text(part) => self.decoder.push(&part),
                Message::Ping(payload) => put_pong(&payload, out),
                Message::Close => {
                    put_close(CloseCode::Normal, out);
                    closed = true;
                }
            }
        }
        self.frames(events, out)?;
        if closed {
            events.push_back(Event::Closed);
        }
        Ok(())
    }

    fn frames(&mut self, events: &mut VecDeque<Event>, out: &mut BytesMut) -> Result<(), Violation> {
        let mut answers = BytesMut::new();
        while let Some(frame) = self.decoder.next_frame()? {
            match frame {
                Frame::Open { stream, headers, fin } => {
                    if self.open(stream, &headers, events).is_err() {
                        Encoder::put_reset(stream, &mut answers);
                        continue;
                    }
                    self.encoder.put_reply(stream, &Headers::new(), &mut answers);
                    if fin && self.connections.contains_key(&stream) {
                        events.push_back(Event::End { connection: stream });
                    }
                }
                Frame::Data { stream: connection, data, fin } if self.connections.contains_key(&connection) => {
                    if !data.is_empty() {
                        events.push_back(Event::Data { connection, data });
                    }
                    if fin {
                        events.push_back(Event::End { connection });
                    }
                }
                Frame::Reset { stream } => {
                    self.requests.retain(|_, request| ![request.error, request.data].contains(&Some(stream)));
                    if self.connections.remove(&stream).is_some() {
                        events.push_back(Event::Gone { connection: stream });
                    }
                }
                Frame::Ping { id } if id % 2 == 1 => Encoder::put_ping(id, &mut answers),
                Frame::Data { .. } | Frame::Ping { .. } => {}
                Frame::GoAway => events.push_back(Event::Closed),
            }
        }
        self.put(&answers, out);
        Ok(())
    }

    /// An error refuses the stream.
    fn open(&mut self, stream: u32, headers: &Headers, events: &mut VecDeque<Event>) -> Result<(), ()> {
        let port = header(headers, "port").and_then(|port| port.parse().ok()).filter(|port| *port > 0).ok_or(())?;
        if self.requests.len() + self.connections.len() >= CONNECTIONS_MAX {
            return Err(());
        }
        let kind = header(headers, "streamtype").filter(|kind| ["error", "data"].contains(kind)).ok_or(())?;
        // A client that numbers no requests opens the data stream right after the error stream.
        let number = header(headers, "requestid").filter(|number| !number.is_empty()).map(str::to_owned);
        let number = number.unwrap_or_else(|| (if kind == "data" { stream.saturating_sub(2) } else { stream }).to_string());
        let request = self.requests.entry(number.clone()).or_default();
        match kind {
            "error" if request.error.is_none() => request.error = Some(stream),
            "data" if request.data.is_none() => {
                request.data = Some(stream);
                request.port = port;
            }
            _ => return Err(()),
        }
        if let Request { error: Some(error), data: Some(connection), port } = *request {
            self.requests.remove(&number);
            self.connections.insert(connection, Connection { error });
            events.push_back(Event::Open { connection, port });
        }
        Ok(())
    }

    pub fn send(&mut self, connection: u32, data: &[u8], out: &mut BytesMut) {
        if !self.connections.contains_key(&connection) {
            return;
        }
        match self.tunnel {
            None => Encoder::put_data(connection, data, Fin::No, out),
            Some(_) => {
                let mut frames = BytesMut::with_capacity(data.len() + 64);
                Encoder::put_data(connection, data, Fin::No, &mut frames);
                self.put(&frames, out);
            }
        }
    }

    pub fn finish(&mut self, connection: u32, failure: Option<&str>, out: &mut BytesMut) {
        let Some(Connection { error }) = self.connections.remove(&connection) else { return };
        let mut frames = BytesMut::new();
        Encoder::put_data(error, failure.unwrap_or_default().as_bytes(), Fin::Yes, &mut frames);
        Encoder::put_data(connection, &[], Fin::Yes, &mut frames);
        self.put(&frames, out);
    }

    fn put(&self, frames: &[u8], out: &mut BytesMut) {
        if self.tunnel.is_none() {
            return out.extend_from_slice(frames);
        }
        for part in frames.chunks(MESSAGE_BYTES_MAX) {
            put_head(Kind::Binary, part.len(), out);
            out.extend_from_slice(part);
        }
    }
}
