//! What the runtime and a shim say to each other over `shim.sock`.
//!
//! A frame is a length (4 bytes, big endian) and that many bytes of JSON. The first request of a connection is `Hello`, in which the two
//! agree on a version. Shims outlive the program that started them: a change here needs a new version, and the old ones stay spoken.
//!
//! | version | adds |
//! |---|---|
//! | 1 | everything not named below |
//! | 2 | agreeing on a version: `Hello::newest`, `Welcome`, `Refusal::Version`; `Ping` |
//! | 3 | `Exec`, `ExecEnded`, `Refusal::NotRunning`: see `exec`; `Attach`, `Attached` |

use std::io;
use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use crate::record::{ExitRecord, StartedRecord};

/// The first version.
pub const FIRST_VERSION: u32 = 1;
/// The versions that this program speaks, as runtime and as shim.
pub const SPOKEN: RangeInclusive<u32> = FIRST_VERSION..=3;
/// The first version in which programs can be run in running containers.
pub const EXEC_VERSION: u32 = 3;
/// Largest frame, in bytes, both ways.
pub const FRAME_BYTES_MAX: usize = 4 << 20;

/// A question to the shim.
#[derive(Debug, Serialize, Deserialize)]
pub struct Request {
    /// Repeated in the reply.
    pub number: u64,
    /// What to do.
    pub call: Call,
}

/// What a shim can be asked.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Call {
    /// Begins a connection; the answer lists all containers. Exits are told from then on.
    Hello {
        /// The oldest version that the asker speaks; shims of version 1 take it for the only one.
        version: u32,
        /// The newest; none is said by an asker of version 1.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        newest: Option<u32>,
    },
    /// Asks for nothing but an answer.
    Ping,
    /// Runs the container that `container.json` describes; answered when its program was executed, or could not be.
    Start {
        /// The container's id.
        id: String,
    },
    /// Sends a signal to a container's first process; an ended one is no error.
    Signal {
        /// The container's id.
        id: String,
        /// Its number.
        signal: i32,
    },
    /// Opens the log file anew.
    ReopenLog {
        /// The container's id.
        id: String,
    },
    /// Forgets an ended container.
    Forget {
        /// The container's id.
        id: String,
    },
    /// Runs one more program in a container, as the only request of a connection of its own, which may do without a greeting. A descriptor
    /// comes with it: the socket to whoever asks. Answered when the program has ended; ends it when the connection closes.
    Exec {
        /// The container's id.
        id: String,
        /// See [`crate::ExecSpec::grace`], in milliseconds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        grace_ms: Option<u64>,
    },
    /// Joins a container, as the only request of a connection of its own, with which it ends. Two descriptors come with it: where its
    /// standard output and its standard error go from now on, beside its log.
    Attach {
        /// The container's id.
        id: String,
        /// Whether input is to be given; the answer brings a descriptor for it, if the container takes any.
        input: bool,
    },
    /// Ends the input of a container that wants it only once. On a connection that has joined it.
    EndInput {
        /// The container's id.
        id: String,
    },
    /// Ends the shim; refused while a container runs.
    Shutdown,
}

/// What a shim says.
#[derive(Debug, Serialize, Deserialize)]
pub enum Message {
    /// To a request.
    Reply {
        /// The request's number.
        number: u64,
        /// What became of it.
        result: Result<Answer, Refusal>,
    },
    /// By itself, to those who did not ask for it: a container's program runs.
    Started {
        /// The container's id.
        id: String,
        /// How.
        started: StartedRecord,
    },
    /// By itself, to those who did not ask for it: a container could not be described; nothing of it is kept.
    NotMade {
        /// The container's id.
        id: String,
    },
    /// By itself: a container has ended.
    Exited {
        /// The container's id.
        id: String,
        /// How.
        exit: ExitRecord,
    },
}

/// A good answer.
#[derive(Debug, Serialize, Deserialize)]
pub enum Answer {
    /// To `Hello`, in version 1.
    Containers(Vec<Status>),
    /// To `Hello`, in later versions.
    Welcome {
        /// The version that both speak from now on.
        version: u32,
        /// All containers.
        containers: Vec<Status>,
    },
    /// To `Start`.
    Started(StartedRecord),
    /// To `Exec`.
    ExecEnded {
        /// The exit code, or 128 + the signal's number.
        code: i32,
    },
    /// To `Attach`. Comes with the terminal's master, or with the pipe of its input.
    Attached {
        /// Whether it has a terminal.
        terminal: bool,
    },
    /// To everything else.
    Done,
}

/// A bad one.
#[derive(Debug, Serialize, Deserialize)]
pub enum Refusal {
    /// The container could not be described; nothing of it is kept.
    Create(String),
    /// The container could not be run; it is kept as ended.
    Start {
        /// Why.
        message: String,
        /// The end that is kept.
        exit: ExitRecord,
    },
    /// This container was started before.
    Exists,
    /// To `Hello`: there is no version that both speak.
    Version {
        /// The oldest that the shim speaks.
        oldest: u32,
        /// The newest.
        newest: u32,
    },
    /// To `Exec`: the container does not run.
    NotRunning,
    /// Anything else.
    Other(String),
}

/// One container as the shim sees it.
#[derive(Debug, Serialize, Deserialize)]
pub struct Status {
    /// The container's id.
    pub id: String,
    /// Once its program was executed.
    pub started: Option<StartedRecord>,
    /// Once it has ended.
    pub exit: Option<ExitRecord>,
}

/// The newest version that both sides speak.
pub fn agree(ours: &RangeInclusive<u32>, theirs: &RangeInclusive<u32>) -> Option<u32> {
    let newest = *ours.end().min(theirs.end());
    (newest >= *ours.start().max(theirs.start())).then_some(newest)
}

/// The frame of a value.
pub fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    let body = serde_json::to_vec(value).expect("messages have string keys only");
    let mut frame = u32::try_from(body.len()).unwrap_or(u32::MAX).to_be_bytes().to_vec();
    frame.extend_from_slice(&body);
    frame
}

/// Takes the first whole frame's body off a buffer; None while it is not whole.
pub fn take_frame(buffer: &mut Vec<u8>) -> io::Result<Option<Vec<u8>>> {
    let Some(length) = buffer.first_chunk::<4>().map(|bytes| u32::from_be_bytes(*bytes) as usize) else { return Ok(None) };
    if length > FRAME_BYTES_MAX {
        return Err(io::Error::new(io::ErrorKind::InvalidData, format!("frame of {length} bytes")));
    }
    if buffer.len() < 4 + length {
        return Ok(None);
    }
    let body = buffer[4..4 + length].to_vec();
    buffer.drain(..4 + length);
    Ok(Some(body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_version_that_both_speak_is_agreed_on() {
        // SHIM-9
        assert_eq!(agree(&(1..=2), &(1..=1)), Some(1));
        assert_eq!(agree(&(1..=2), &(2..=7)), Some(2));
        assert_eq!(agree(&(1..=2), &(3..=4)), None);
        assert_eq!(agree(&(3..=4), &(1..=2)), None);
    }

    #[test]
    fn the_first_version_is_spoken_as_the_first_program_spoke_it() {
        let hello = r#"{"number":0,"call":{"Hello":{"version":1}}}"#;
        let request: Request = serde_json::from_str(hello).unwrap();
        assert!(matches!(request.call, Call::Hello { version: 1, newest: None }));
        assert_eq!(serde_json::to_string(&request).unwrap(), hello);
        let reply = r#"{"Reply":{"number":0,"result":{"Ok":{"Containers":[]}}}}"#;
        let message: Message = serde_json::from_str(reply).unwrap();
        assert_eq!(serde_json::to_string(&message).unwrap(), reply);
    }

    #[test]
    fn frames_come_back_one_by_one_however_they_were_cut() {
        let bytes = [encode(&"one"), encode(&"two")].concat();
        let mut buffer = Vec::new();
        let mut frames = Vec::new();
        for byte in bytes {
            buffer.push(byte);
            if let Some(frame) = take_frame(&mut buffer).unwrap() {
                frames.push(String::from_utf8(frame).unwrap());
            }
        }
        assert_eq!(frames, ["\"one\"", "\"two\""]);
        assert!(take_frame(&mut vec![0xff; 8]).is_err());
    }
}
