//! `nc` and `wget`: a connection, and a file by HTTP.

use crate::options::Options;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::os::fd::AsFd;
use std::process::ExitCode;
use std::time::Duration;

const PIECE: usize = 64 * 1024;
const CONNECT_MAX: Duration = Duration::from_secs(30);
const REDIRECTS_MAX: usize = 5;
const HEADER_BYTES_MAX: u64 = 64 * 1024;

/// Connects to the first address that answers.
fn connect(host: &str, port: u16, within: Duration) -> Result<TcpStream, String> {
    let addresses = (host, port).to_socket_addrs().map_err(|error| format!("{host}: {error}"))?;
    let mut last = format!("{host}: no address");
    for address in addresses {
        match TcpStream::connect_timeout(&address, within) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = format!("{host} ({address}): {error}"),
        }
    }
    Err(last)
}

/// `nc [-v] [-z] [-w SECONDS] HOST PORT`, `nc -l [-v] [-p] PORT`: standard input goes to the peer, what the peer sends to standard output.
pub fn nc(arguments: &[OsString]) -> Result<ExitCode, String> {
    stead_sys::signal::exit_on_termination(143).map_err(|error| error.to_string())?;
    let options = Options::of(arguments, "lvzw:p:n")?;
    let timeout = options.number('w')?.map(Duration::from_secs);
    let words: Vec<String> = options
        .value('p')
        .into_iter()
        .chain(options.operands.iter().map(OsString::as_os_str))
        .map(|w| w.to_string_lossy().into_owned())
        .collect();
    let port = |word: &String| word.parse::<u16>().map_err(|_| format!("invalid port '{word}'"));
    let stream = match (options.has('l'), &words[..]) {
        (true, [number]) => accept(port(number)?)?,
        (false, [host, number]) => connect(host, port(number)?, timeout.unwrap_or(CONNECT_MAX))?,
        (true, _) => return Err("-l needs a port".to_owned()),
        (false, _) => return Err("a host and a port are needed".to_owned()),
    };
    if options.has('v') {
        let peer = stream.peer_addr().map_err(|error| error.to_string())?;
        crate::complain("nc", &format!("{peer} open"));
    }
    if options.has('z') {
        return Ok(ExitCode::SUCCESS);
    }
    exchange(&stream, timeout).map_err(|error| error.to_string())?;
    Ok(ExitCode::SUCCESS)
}

fn accept(port: u16) -> Result<TcpStream, String> {
    let all: [SocketAddr; 2] = [(Ipv6Addr::UNSPECIFIED, port).into(), (Ipv4Addr::UNSPECIFIED, port).into()];
    let listener = TcpListener::bind(&all[..]).map_err(|error| format!("port {port}: {error}"))?;
    Ok(listener.accept().map_err(|error| error.to_string())?.0)
}

/// Both ways until the peer has said all; with a timeout, until neither says anything for so long.
fn exchange(stream: &TcpStream, timeout: Option<Duration>) -> io::Result<()> {
    let (mut input_open, mut piece) = (true, vec![0; PIECE]);
    let wait = timeout.map_or(PollTimeout::NONE, |timeout| PollTimeout::try_from(timeout).unwrap_or(PollTimeout::MAX));
    loop {
        let standard_input = io::stdin();
        let mut fds = vec![PollFd::new(stream.as_fd(), PollFlags::POLLIN)];
        if input_open {
            fds.push(PollFd::new(standard_input.as_fd(), PollFlags::POLLIN));
        }
        if poll(&mut fds, wait)? == 0 {
            return Ok(());
        }
        let said = |index: usize| fds.get(index).and_then(PollFd::any).unwrap_or(false);
        let (peer, own) = (said(0), said(1));
        if peer {
            let mut reader = stream;
            let read = reader.read(&mut piece)?;
            if read == 0 {
                return Ok(());
            }
            let mut out = io::stdout().lock();
            out.write_all(&piece[..read])?;
            out.flush()?;
        }
        if own {
            let read = nix::unistd::read(&standard_input, &mut piece)?;
            if read == 0 {
                input_open = false;
                stream.shutdown(Shutdown::Write)?;
            } else {
                let mut writer = stream;
                writer.write_all(&piece[..read])?;
            }
        }
    }
}

/// `wget [-q] [-S] [-O FILE] [-T SECONDS] URL`: a file by HTTP; `-O -` is standard output.
pub fn wget(arguments: &[OsString]) -> Result<ExitCode, String> {
    stead_sys::signal::exit_on_termination(143).map_err(|error| error.to_string())?;
    // The long options that are usual with it.
    let spider = arguments.iter().any(|word| word == "--spider");
    let short: Vec<OsString> = arguments.iter().filter(|word| *word != "--spider").cloned().collect();
    let options = Options::of(&short, "qSO:T:")?;
    let [url] = &options.operands[..] else { return Err("one URL is needed".to_owned()) };
    let timeout = Duration::from_secs(options.number('T')?.unwrap_or(30).max(1));
    let mut url = Url::of(&url.to_string_lossy())?;
    for _ in 0..REDIRECTS_MAX {
        let answer = get(&url, timeout)?;
        if options.has('S') {
            answer.header.iter().for_each(|line| crate::complain("wget", line));
        }
        match (answer.code, answer.field("location")) {
            (301 | 302 | 303 | 307 | 308, Some(place)) => url = url.redirected(&place)?,
            (200..=299, _) if spider => return Ok(ExitCode::SUCCESS),
            (200..=299, _) => return save(answer, &url, &options),
            _ => return Err(format!("server returned error: {}", answer.header.first().map_or("", String::as_str))),
        }
    }
    Err("too many redirections".to_owned())
}

#[derive(Debug, Clone, PartialEq)]
struct Url {
    host: String,
    port: u16,
    path: String,
}

impl Url {
    fn of(text: &str) -> Result<Self, String> {
        let rest = match text.split_once("://") {
            Some(("http", rest)) => rest,
            Some((scheme, _)) => return Err(format!("{scheme}: only http is known")),
            None => text,
        };
        let (authority, path) = rest.find(['/', '?']).map_or((rest, ""), |at| rest.split_at(at));
        let path = path.split('#').next().unwrap_or_default();
        // A port stands behind the bracket of an IPv6 address.
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, port.parse().map_err(|_| format!("invalid port '{port}'"))?),
            _ => (authority, 80),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        if host.is_empty() || path.contains(char::is_whitespace) || path.contains(char::is_control) {
            return Err(format!("'{text}' is not a URL"));
        }
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        Ok(Self { host, port, path })
    }

    fn redirected(&self, place: &str) -> Result<Self, String> {
        if place.starts_with('/') { Ok(Self { path: place.to_owned(), ..self.clone() }) } else { Self::of(place) }
    }

    /// The name that a file is saved under.
    fn name(&self) -> &str {
        let path = self.path.split('?').next().unwrap_or_default();
        path.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or("index.html")
    }

    fn authority(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        if self.port == 80 { host } else { format!("{host}:{}", self.port) }
    }
}

struct Answer {
    code: u16,
    /// The status line and the fields.
    header: Vec<String>,
    body: BufReader<TcpStream>,
}

impl Answer {
    fn field(&self, name: &str) -> Option<String> {
        let fields = self.header.iter().skip(1).filter_map(|line| line.split_once(':'));
        fields.into_iter().find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim().to_owned())
    }
}

fn get(url: &Url, timeout: Duration) -> Result<Answer, String> {
    let failed = |error: io::Error| format!("{}: {error}", url.host);
    let mut stream = connect(&url.host, url.port, timeout)?;
    stream.set_read_timeout(Some(timeout)).map_err(failed)?;
    stream.set_write_timeout(Some(timeout)).map_err(failed)?;
    write!(
        stream,
        "GET {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: wget\r\nAccept: */*\r\nConnection: close\r\n\r\n",
        url.path,
        url.authority()
    )
    .map_err(failed)?;
    let mut body = BufReader::new(stream);
    let mut header = Vec::new();
    let mut limited = (&mut body).take(HEADER_BYTES_MAX);
    loop {
        let mut line = String::new();
        let read = limited.read_line(&mut line).map_err(failed)?;
        let line = line.trim_end().to_owned();
        if read == 0 {
            return Err(format!("{}: the answer breaks off", url.host));
        }
        if line.is_empty() {
            break;
        }
        header.push(line);
    }
    let code = header.first().and_then(|line| line.strip_prefix("HTTP/")?.split(' ').nth(1)?.parse().ok());
    let code = code.ok_or_else(|| format!("{}: not an answer of HTTP", url.host))?;
    Ok(Answer { code, header, body })
}

fn save(mut answer: Answer, url: &Url, options: &Options) -> Result<ExitCode, String> {
    let name = options.value('O').map_or_else(|| OsString::from(url.name()), OsString::from);
    let to_output = name == "-";
    let mut out: Box<dyn Write> = match to_output {
        true => Box::new(io::stdout().lock()),
        false => Box::new(File::create(&name).map_err(|error| format!("{}: {error}", name.to_string_lossy()))?),
    };
    let is_chunked = answer.field("transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked"));
    let length = answer.field("content-length").and_then(|value| value.parse::<u64>().ok());
    let copied = match length {
        _ if is_chunked => chunks(&mut answer.body, &mut out),
        Some(length) => io::copy(&mut (&mut answer.body).take(length), &mut out)
            .and_then(|copied| if copied == length { Ok(copied) } else { Err(io::Error::other("the answer breaks off")) }),
        None => io::copy(&mut answer.body, &mut out),
    };
    let copied = copied.and_then(|copied| out.flush().map(|()| copied)).map_err(|error| error.to_string())?;
    if !options.has('q') && !to_output {
        crate::complain("wget", &format!("'{}' saved, {copied} bytes", name.to_string_lossy()));
    }
    Ok(ExitCode::SUCCESS)
}

/// A body in pieces, each after its length.
fn chunks(body: &mut impl BufRead, out: &mut dyn Write) -> io::Result<u64> {
    let mut total = 0;
    loop {
        let mut line = String::new();
        body.take(HEADER_BYTES_MAX).read_line(&mut line)?;
        let digits = line.trim_end().split(';').next().unwrap_or_default().trim();
        let length = u64::from_str_radix(digits, 16).map_err(|_| io::Error::other("the answer breaks off"))?;
        if length == 0 {
            return Ok(total);
        }
        if io::copy(&mut body.take(length), out)? != length {
            return Err(io::Error::other("the answer breaks off"));
        }
        total += length;
        line.clear();
        body.take(2).read_line(&mut line)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls() {
        let url = |text: &str| Url::of(text);
        assert_eq!(url("http://a:8080/b/c?d#e"), Ok(Url { host: "a".into(), port: 8080, path: "/b/c?d".into() }));
        assert_eq!(url("a").unwrap().path, "/");
        assert_eq!(url("http://[::1]:81/").unwrap().host, "::1");
        assert_eq!(url("http://[::1]/").unwrap().authority(), "[::1]");
        assert_eq!(url("http://a/b/").unwrap().name(), "index.html");
        assert!(url("https://a").is_err() && url("http://").is_err() && url("http://a/b c").is_err() && url("http://a:x/").is_err());
        let moved = url("http://a:81/b").unwrap().redirected("/c").unwrap();
        assert_eq!((moved.port, moved.path.as_str()), (81, "/c"));
    }

    #[test]
    fn a_chunked_body() {
        let mut out = Vec::new();
        assert_eq!(chunks(&mut &b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n"[..], &mut out).unwrap(), 5);
        assert_eq!(out, b"abcde");
        assert!(chunks(&mut &b"5\r\nabc"[..], &mut Vec::new()).is_err());
        assert!(chunks(&mut &b""[..], &mut Vec::new()).is_err());
    }
}
