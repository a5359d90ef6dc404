//! `cat` and `ls`.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::ExitCode;

/// `cat [FILE...]`; `-` or nothing is standard input.
pub fn cat(arguments: &[OsString]) -> Result<ExitCode, String> {
    let mut output = io::stdout().lock();
    let mut code = ExitCode::SUCCESS;
    let standard_input = [OsString::from("-")];
    for name in if arguments.is_empty() { &standard_input[..] } else { arguments } {
        let copied = if name == "-" {
            io::copy(&mut io::stdin().lock(), &mut output)
        } else {
            File::open(name).and_then(|mut file| io::copy(&mut file, &mut output))
        };
        if let Err(error) = copied {
            crate::complain("cat", &format!("{}: {error}", name.to_string_lossy()));
            code = ExitCode::FAILURE;
        }
    }
    output.flush().map_err(|error| error.to_string())?;
    Ok(code)
}

/// `ls [-a] [-1] [PATH...]`: one name a line, sorted.
pub fn ls(arguments: &[OsString]) -> Result<ExitCode, String> {
    let (options, mut paths): (Vec<&OsString>, Vec<&OsString>) = arguments.iter().partition(|word| word.as_bytes().starts_with(b"-"));
    if let Some(unknown) = options.iter().find(|word| !["-a", "-1", "-a1", "-1a"].iter().any(|known| known == *word)) {
        return Err(format!("unknown option {}", unknown.to_string_lossy()));
    }
    let all = options.iter().any(|word| word.as_bytes().contains(&b'a'));
    let here = OsString::from(".");
    if paths.is_empty() {
        paths.push(&here);
    }
    let mut code = ExitCode::SUCCESS;
    let several = paths.len() > 1;
    let mut output = io::stdout().lock();
    for path in paths {
        match list(Path::new(path), all) {
            Ok(names) => {
                let mut text = Vec::new();
                if several {
                    text.extend_from_slice(path.as_bytes());
                    text.extend_from_slice(b":\n");
                }
                for name in names {
                    text.extend_from_slice(name.as_bytes());
                    text.push(b'\n');
                }
                output.write_all(&text).map_err(|error| error.to_string())?;
            }
            Err(error) => {
                crate::complain("ls", &format!("{}: {error}", path.to_string_lossy()));
                code = ExitCode::FAILURE;
            }
        }
    }
    Ok(code)
}

fn list(path: &Path, all: bool) -> io::Result<Vec<OsString>> {
    if !fs::symlink_metadata(path)?.is_dir() && !path.is_dir() {
        return Ok(vec![path.as_os_str().to_owned()]);
    }
    let mut names = fs::read_dir(path)?.map(|entry| Ok(entry?.file_name())).collect::<io::Result<Vec<_>>>()?;
    if all {
        names.extend([OsString::from("."), OsString::from("..")]);
    } else {
        names.retain(|name| !name.as_bytes().starts_with(b"."));
    }
    names.sort();
    Ok(names)
}
