//! Forwarded connections over WebSocket channels (R32): the port at place i has channel 2i for data and 2i + 1 for errors.

use std::collections::VecDeque;

use bytes::BytesMut;

use super::Event;
use crate::Violation;
use crate::channels::{Channels, Protocol, Said};

#[derive(Debug)]
pub struct Wire {
    channels: Channels,
    /// Whether each connection is open.
    open: Vec<bool>,
}

impl Wire {
    /// Says the port on each channel before anything else, as clients expect.
    pub fn new(protocol: Protocol, ports: &[u16], events: &mut VecDeque<Event>, out: &mut BytesMut) -> Wire {
        let channels = Channels::new(protocol);
        for (connection, port) in (0..).zip(ports) {
            for channel in [data_channel(connection), data_channel(connection) + 1] {
                channels.put(channel, &port.to_le_bytes(), out);
            }
            events.push_back(Event::Open { connection, port: *port });
        }
        Wire { channels, open: vec![true; ports.len()] }
    }

    pub fn receive(&mut self, bytes: &[u8], events: &mut VecDeque<Event>, out: &mut BytesMut) -> Result<(), Violation> {
        self.channels.push(bytes);
        while let Some(said) = self.channels.next(out)? {
            match said {
                Said::Data(channel, data) => {
                    if let Some(connection) = self.connection(channel).filter(|_| !data.is_empty()) {
                        events.push_back(Event::Data { connection, data });
                    }
                }
                Said::End(channel) => events.extend(self.connection(channel).map(|connection| Event::End { connection })),
                Said::Closed => events.push_back(Event::Closed),
            }
        }
        Ok(())
    }

    /// Whose data channel it is, if that connection is open.
    fn connection(&self, channel: u8) -> Option<u32> {
        let connection = u32::from(channel / 2);
        (channel.is_multiple_of(2) && self.is_open(connection)).then_some(connection)
    }

    fn is_open(&self, connection: u32) -> bool {
        self.open.get(connection as usize).copied().unwrap_or(false)
    }

    pub fn send(&mut self, connection: u32, data: &[u8], out: &mut BytesMut) {
        if self.is_open(connection) && !data.is_empty() {
            self.channels.put(data_channel(connection), data, out);
        }
    }

    /// The connection closes with the last one of them.
    pub fn finish(&mut self, connection: u32, failure: Option<&str>, out: &mut BytesMut) {
        let Some(open) = self.open.get_mut(connection as usize).filter(|open| **open) else { return };
        *open = false;
        if let Some(text) = failure {
            self.channels.put(data_channel(connection) + 1, text.as_bytes(), out);
        }
        if self.is_over() {
            self.channels.put_close(out);
        }
    }

    pub fn is_over(&self) -> bool {
        !self.open.contains(&true)
    }
}

/// There are at most [`PORTS_MAX`] of them.
fn data_channel(connection: u32) -> u8 {
    u8::try_from(2 * connection).expect("so many channels have numbers")
}

/// Ports that can be forwarded at once, in one byte for a channel's number.
pub const PORTS_MAX: usize = 64;
