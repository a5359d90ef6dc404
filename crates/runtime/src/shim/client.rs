//! One connection to the shim: frames in, frames out, never blocking.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;

use crate::protocol::{FRAME_BYTES_MAX, Message, Request, encode, take_frame};

/// Bytes that may wait for a reader before it is given up. What it misses it finds in the lists of its next connection.
const OUTPUT_BYTES_MAX: usize = 2 * FRAME_BYTES_MAX;
/// Descriptors that may wait for the request that they came with.
const DESCRIPTORS_MAX: usize = 8;

/// A connection.
#[derive(Debug)]
pub struct Client {
    /// Tells it from all others of this shim.
    pub number: u64,
    /// Its socket.
    pub stream: UnixStream,
    /// The version agreed on, once it has said hello: from then on it is told of exits.
    pub version: Option<u32>,
    /// Came with requests, in their order.
    descriptors: VecDeque<OwnedFd>,
    input: Vec<u8>,
    output: Vec<u8>,
    broken: bool,
}

impl Client {
    /// Takes over an accepted socket.
    pub fn new(number: u64, stream: UnixStream) -> io::Result<Client> {
        stream.set_nonblocking(true)?;
        let (descriptors, input, output) = (VecDeque::new(), Vec::new(), Vec::new());
        Ok(Client { number, stream, version: None, descriptors, input, output, broken: false })
    }

    /// The oldest descriptor that came and was not taken yet.
    pub fn take_descriptor(&mut self) -> Option<OwnedFd> {
        self.descriptors.pop_front()
    }

    /// Reads what is there; gives whole requests.
    pub fn read(&mut self) -> Vec<Request> {
        let mut chunk = [0; 16 * 1024];
        loop {
            let mut descriptors = Vec::new();
            let received = stead_sys::socket::receive(&self.stream, &mut chunk, &mut descriptors);
            self.descriptors.extend(descriptors);
            if self.descriptors.len() > DESCRIPTORS_MAX {
                self.broken = true;
                break;
            }
            match received {
                Ok(0) => {
                    self.broken = true;
                    break;
                }
                Ok(count) => self.input.extend_from_slice(&chunk[..count]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => {
                    self.broken = true;
                    break;
                }
            }
            if self.input.len() > FRAME_BYTES_MAX {
                break;
            }
        }
        let mut requests = Vec::new();
        loop {
            match take_frame(&mut self.input) {
                Ok(Some(body)) => match serde_json::from_slice(&body) {
                    Ok(request) => requests.push(request),
                    Err(_) => self.broken = true,
                },
                Ok(None) => break,
                Err(_) => {
                    self.broken = true;
                    break;
                }
            }
        }
        requests
    }

    /// Sends a message with a descriptor, on a connection on which nothing waits to be sent.
    pub fn send_with(&mut self, message: &Message, descriptor: Option<BorrowedFd<'_>>) {
        let frame = encode(message);
        let sent = stead_sys::socket::send(&self.stream, &frame, descriptor.as_slice());
        self.broken |= !sent.is_ok_and(|count| count == frame.len());
    }

    /// Closes the connection at the end of the loop's turn.
    pub fn close(&mut self) {
        self.broken = true;
    }

    /// Queues a message and sends what the socket takes.
    pub fn send(&mut self, message: &Message) {
        self.output.extend_from_slice(&encode(message));
        if self.output.len() > OUTPUT_BYTES_MAX {
            self.broken = true;
        }
        self.flush();
    }

    /// Sends what the socket takes.
    pub fn flush(&mut self) {
        while !self.output.is_empty() && !self.broken {
            match self.stream.write(&self.output) {
                Ok(0) => self.broken = true,
                Ok(count) => {
                    self.output.drain(..count);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => self.broken = true,
            }
        }
    }

    /// Whether something waits to be sent.
    pub fn has_output(&self) -> bool {
        !self.output.is_empty()
    }

    /// Whether it is of no more use.
    pub fn is_broken(&self) -> bool {
        self.broken
    }
}
