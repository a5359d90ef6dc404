//! `httpd`: a small web server that answers every path with the host name, or with the files of a directory.
//!
//! One thread per connection, up to a bound; the rest wait in the kernel's queue. One request per connection. Ends at once, with code 0, on SIGTERM.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Component, Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

const CONNECTIONS_MAX: usize = 64;
const REQUEST_BYTES_MAX: u64 = 16 * 1024;
const TIMEOUT: Duration = Duration::from_secs(10);
const BUSY_PAUSE: Duration = Duration::from_millis(5);

#[derive(Debug, PartialEq)]
struct Settings {
    port: u16,
    directory: Option<PathBuf>,
}

/// `httpd [-f] [-p PORT] [-h DIR]`: port 80 unless said otherwise. `-f` (stay in the foreground) is what it does anyway.
pub fn run(arguments: &[OsString]) -> Result<ExitCode, String> {
    stead_sys::signal::exit_on_termination(0).map_err(|error| error.to_string())?;
    let settings = parse(arguments)?;
    let listener = listen(settings.port).map_err(|error| format!("port {}: {error}", settings.port))?;
    let open = AtomicUsize::new(0);
    thread::scope(|scope| {
        loop {
            while open.load(Ordering::Acquire) >= CONNECTIONS_MAX {
                thread::sleep(BUSY_PAUSE);
            }
            let stream = match listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) => {
                    crate::complain("httpd", &error.to_string());
                    thread::sleep(BUSY_PAUSE);
                    continue;
                }
            };
            open.fetch_add(1, Ordering::AcqRel);
            let (open, directory) = (&open, settings.directory.as_deref());
            let spawned = thread::Builder::new().stack_size(128 * 1024).spawn_scoped(scope, move || {
                // The peer went away: there is nobody to tell.
                serve(stream, directory).unwrap_or_default();
                open.fetch_sub(1, Ordering::AcqRel);
            });
            if let Err(error) = spawned {
                open.fetch_sub(1, Ordering::AcqRel);
                crate::complain("httpd", &error.to_string());
            }
        }
    })
}

fn listen(port: u16) -> io::Result<TcpListener> {
    TcpListener::bind(SocketAddr::from((Ipv6Addr::UNSPECIFIED, port)))
        .or_else(|_| TcpListener::bind(SocketAddr::from((Ipv4Addr::UNSPECIFIED, port))))
}

fn parse(arguments: &[OsString]) -> Result<Settings, String> {
    let mut settings = Settings { port: 80, directory: None };
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        match word.to_str() {
            Some("-f") => {}
            Some("-p") => {
                let port = words.next().and_then(|port| port.to_str()).ok_or("-p needs a port")?;
                settings.port = port.parse().map_err(|_| format!("invalid port '{port}'"))?;
            }
            Some("-h") => settings.directory = Some(PathBuf::from(words.next().ok_or("-h needs a directory")?)),
            _ => return Err(format!("unknown argument {}", word.to_string_lossy())),
        }
    }
    Ok(settings)
}

fn serve(mut stream: TcpStream, directory: Option<&Path>) -> io::Result<()> {
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    let mut reader = BufReader::new(stream.try_clone()?.take(REQUEST_BYTES_MAX));
    let mut request = String::new();
    reader.read_line(&mut request)?;
    let mut header = String::new();
    while reader.read_line(&mut header)? > 0 && header.trim_end() != "" {
        header.clear();
    }
    let mut words = request.split_ascii_whitespace();
    let (method, target) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
    if method != "GET" && method != "HEAD" {
        return answer(&mut stream, "405 Method Not Allowed", 0, "", method);
    }
    let Some(directory) = directory else {
        let body = format!("{}\n", crate::hostname());
        return answer(&mut stream, "200 OK", body.len() as u64, &body, method);
    };
    match open_below(directory, target) {
        Some((mut file, length)) => {
            answer(&mut stream, "200 OK", length, "", method)?;
            if method == "GET" {
                io::copy(&mut file, &mut stream)?;
            }
            Ok(())
        }
        None => answer(&mut stream, "404 Not Found", 10, "not found\n", method),
    }
}

fn answer(stream: &mut TcpStream, status: &str, length: u64, body: &str, method: &str) -> io::Result<()> {
    let body = if method == "HEAD" { "" } else { body };
    write!(stream, "HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")
}

/// The file that a request's target names, `index.html` for a directory. Never leaves `directory` by its text.
fn open_below(directory: &Path, target: &str) -> Option<(File, u64)> {
    let path = Path::new(target.split(['?', '#']).next()?.trim_start_matches('/'));
    if path.components().any(|part| !matches!(part, Component::Normal(_) | Component::CurDir)) {
        return None;
    }
    let mut path = directory.join(path);
    if path.is_dir() {
        path.push("index.html");
    }
    let file = File::open(path).ok()?;
    let metadata = file.metadata().ok().filter(std::fs::Metadata::is_file)?;
    Some((file, metadata.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options() {
        let words = |words: &[&str]| parse(&words.iter().map(OsString::from).collect::<Vec<_>>());
        assert_eq!(words(&[]), Ok(Settings { port: 80, directory: None }));
        assert_eq!(words(&["-p", "8080", "-h", "/srv"]), Ok(Settings { port: 8080, directory: Some("/srv".into()) }));
        assert_eq!(words(&["-p"]), Err("-p needs a port".to_owned()));
        assert_eq!(words(&["-p", "x"]), Err("invalid port 'x'".to_owned()));
    }

    #[test]
    fn files_outside_are_not_served() {
        assert!(open_below(Path::new("/proc"), "/version").is_some());
        assert!(open_below(Path::new("/proc/sys"), "/../version").is_none());
        assert!(open_below(Path::new("/proc/sys"), "//proc/version").is_none());
    }
}
