//! A registry of one image that answers as a test wants: the truth, something else, only half of it, late.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use stead_images::Digest;

/// What it is asked for.
pub struct Request {
    /// `manifests/1`, `blobs/sha256:...`.
    pub what: String,
    pub is_layer: bool,
}

/// What it answers.
pub enum Answer {
    True,
    Status(u16),
    /// With other content.
    Instead(Vec<u8>),
    /// So many bytes of the truth, then the connection ends.
    Cut(usize),
}

type Answers = dyn Fn(&Request, usize) -> Answer + Send + Sync;

struct Shared {
    documents: [Vec<u8>; 3],
    answers: Box<Answers>,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    by_what: HashMap<String, usize>,
    ranges: Vec<String>,
    requests: usize,
}

pub struct Liar {
    address: String,
    shared: Arc<Shared>,
}

impl Liar {
    /// `answers` is told how often the same was asked for before.
    pub fn start(documents: &[Vec<u8>; 3], answers: impl Fn(&Request, usize) -> Answer + Send + Sync + 'static) -> Liar {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let shared = Arc::new(Shared { documents: documents.clone(), answers: Box::new(answers), seen: Mutex::default() });
        let serving = Arc::clone(&shared);
        #[expect(clippy::disallowed_methods, reason = "ends with the test")]
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let serving = Arc::clone(&serving);
                #[expect(clippy::disallowed_methods, reason = "ends with its connection")]
                std::thread::spawn(move || serve(&connection, &serving));
            }
        });
        Liar { address, shared }
    }

    /// Settings by which every image is asked for here.
    pub fn registries(&self) -> String {
        format!("mirrors:\n  \"*\":\n    endpoint: [\"http://{}\"]\n", self.address)
    }

    pub fn ranges(&self) -> Vec<String> {
        self.shared.seen.lock().unwrap().ranges.clone()
    }

    pub fn requests(&self) -> usize {
        self.shared.seen.lock().unwrap().requests
    }
}

fn serve(connection: &TcpStream, shared: &Shared) {
    let mut lines = BufReader::new(connection.try_clone().unwrap()).lines().map_while(Result::ok);
    while let Some(line) = lines.next() {
        let headers: Vec<String> = lines.by_ref().take_while(|line| !line.is_empty()).collect();
        let path = line.split(' ').nth(1).unwrap_or_default();
        let what = path.split_once("/app/").map_or("", |(_, rest)| rest).split('?').next().unwrap_or_default().to_owned();
        let range = headers.iter().find_map(|header| Some(header.to_lowercase().strip_prefix("range: ")?.to_owned()));
        if !answer(connection, shared, what, range) {
            return;
        }
    }
}

/// Whether the connection can go on.
fn answer(mut connection: &TcpStream, shared: &Shared, what: String, range: Option<String>) -> bool {
    let [manifest, config, layer] = &shared.documents;
    let truth = match what.split_once('/') {
        Some(("manifests", _)) => manifest,
        Some((_, digest)) if digest == Digest::of(config).as_str() => config,
        _ => layer,
    };
    let request = Request { is_layer: truth == layer, what };
    let before = {
        let mut seen = shared.seen.lock().unwrap();
        seen.requests += 1;
        seen.ranges.extend(range.clone());
        let count = seen.by_what.entry(request.what.clone()).or_default();
        *count += 1;
        *count - 1
    };
    let mut send = |status: &str, more: &str, length: usize, body: &[u8]| {
        let head = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n{more}\r\n");
        connection.write_all(head.as_bytes()).and_then(|()| connection.write_all(body)).is_ok()
    };
    let from: usize = range.as_deref().and_then(|range| range.strip_prefix("bytes=")?.trim_end_matches('-').parse().ok()).unwrap_or(0);
    match (shared.answers)(&request, before) {
        Answer::Status(status) => send(&format!("{status} X"), "", 0, b""),
        Answer::Instead(content) => send("200 OK", "", content.len(), &content),
        Answer::Cut(length) => {
            send("200 OK", "", truth.len(), &truth[..length]);
            connection.shutdown(std::net::Shutdown::Both).unwrap_or_default();
            false
        }
        Answer::True if from > 0 => {
            let more = format!("content-range: bytes {from}-{}/{}\r\n", truth.len() - 1, truth.len());
            send("206 Partial Content", &more, truth.len() - from, &truth[from..])
        }
        Answer::True => send("200 OK", "", truth.len(), truth),
    }
}

/// Holds whoever passes until it is opened.
#[derive(Default)]
pub struct Gate {
    state: Mutex<(bool, bool)>,
    changed: Condvar,
}

impl Gate {
    pub fn pass(&self) {
        let mut state = self.state.lock().unwrap();
        state.0 = true;
        self.changed.notify_all();
        drop(self.changed.wait_while(state, |(_, open)| !*open).unwrap());
    }

    pub fn open_when_reached(&self) {
        let mut state = self.changed.wait_while(self.state.lock().unwrap(), |(reached, _)| !*reached).unwrap();
        state.1 = true;
        self.changed.notify_all();
    }
}
