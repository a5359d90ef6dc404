//! `head`, `tail`, `wc`, `tee` and `grep`.

use crate::options::Options;
use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::ExitCode;

const LINES: u64 = 10;
/// Most of an input that `tail` keeps.
const KEPT_BYTES_MAX: usize = 64 * 1024 * 1024;
const PIECE: usize = 64 * 1024;

fn open(name: &OsStr) -> io::Result<Box<dyn BufRead>> {
    if name == "-" {
        return Ok(Box::new(io::stdin().lock()));
    }
    Ok(Box::new(BufReader::new(File::open(name)?)))
}

/// Does something with each file, standard input without any; one that fails is told, and the next is done.
fn each(program: &str, names: &[OsString], mut work: impl FnMut(&OsStr, Box<dyn BufRead>) -> io::Result<()>) -> ExitCode {
    let standard_input = [OsString::from("-")];
    let mut code = ExitCode::SUCCESS;
    for name in if names.is_empty() { &standard_input[..] } else { names } {
        if let Err(error) = open(name).and_then(|input| work(name, input)) {
            crate::complain(program, &format!("{}: {error}", name.to_string_lossy()));
            code = ExitCode::FAILURE;
        }
    }
    code
}

/// `-5` for `-n 5`.
fn with_old_form(arguments: &[OsString]) -> Vec<OsString> {
    let number = |word: &OsString| Some(word.to_str()?.strip_prefix('-')?.parse::<u64>().ok()?.to_string());
    let mut words = arguments.to_vec();
    if let Some(number) = arguments.first().and_then(number) {
        words.splice(..1, [OsString::from("-n"), OsString::from(number)]);
    }
    words
}

/// `head [-n LINES | -c BYTES] [FILE...]`
pub fn head(arguments: &[OsString]) -> Result<ExitCode, String> {
    let options = Options::of(&with_old_form(arguments), "n:c:q")?;
    let (lines, bytes) = (options.number('n')?.unwrap_or(LINES), options.number('c')?);
    let several = options.operands.len() > 1 && !options.has('q');
    let mut out = io::stdout().lock();
    Ok(each("head", &options.operands, |name, mut input| {
        if several {
            writeln!(out, "==> {} <==", name.to_string_lossy())?;
        }
        match bytes {
            Some(bytes) => drop(io::copy(&mut input.take(bytes), &mut out)?),
            None => {
                let mut line = Vec::new();
                for _ in 0..lines {
                    line.clear();
                    if input.read_until(b'\n', &mut line)? == 0 {
                        break;
                    }
                    out.write_all(&line)?;
                }
            }
        }
        out.flush()
    }))
}

/// `tail [-n LINES | -c BYTES] [FILE...]`
pub fn tail(arguments: &[OsString]) -> Result<ExitCode, String> {
    let options = Options::of(&with_old_form(arguments), "n:c:q")?;
    let bytes = options.number('c')?.map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX));
    let lines = usize::try_from(options.number('n')?.unwrap_or(LINES)).unwrap_or(usize::MAX);
    let several = options.operands.len() > 1 && !options.has('q');
    let mut out = io::stdout().lock();
    Ok(each("tail", &options.operands, |name, mut input| {
        if several {
            writeln!(out, "==> {} <==", name.to_string_lossy())?;
        }
        let kept = match bytes {
            Some(bytes) => last_bytes(&mut input, bytes)?,
            None => last_lines(&mut input, lines)?,
        };
        out.write_all(&kept)?;
        out.flush()
    }))
}

fn last_bytes(input: &mut dyn BufRead, count: usize) -> io::Result<Vec<u8>> {
    let count = count.min(KEPT_BYTES_MAX);
    let mut kept = Vec::new();
    let mut piece = vec![0; PIECE];
    loop {
        let read = input.read(&mut piece)?;
        kept.extend_from_slice(&piece[..read]);
        if read == 0 || kept.len() > 2 * count + PIECE {
            kept.drain(..kept.len().saturating_sub(count));
        }
        if read == 0 {
            return Ok(kept);
        }
    }
}

fn last_lines(input: &mut dyn BufRead, count: usize) -> io::Result<Vec<u8>> {
    let (mut kept, mut bytes) = (VecDeque::new(), 0);
    loop {
        let mut line = Vec::new();
        if input.read_until(b'\n', &mut line)? == 0 {
            return Ok(kept.into_iter().flatten().collect());
        }
        bytes += line.len();
        kept.push_back(line);
        while kept.len() > count || bytes > KEPT_BYTES_MAX {
            bytes -= kept.pop_front().map_or(0, |line| line.len());
        }
    }
}

/// `wc [-l] [-w] [-c] [FILE...]`
pub fn wc(arguments: &[OsString]) -> Result<ExitCode, String> {
    let options = Options::of(arguments, "lwc")?;
    let all = !['l', 'w', 'c'].into_iter().any(|flag| options.has(flag));
    let shown: Vec<bool> = ['l', 'w', 'c'].into_iter().map(|flag| all || options.has(flag)).collect();
    let line = |counts: &[u64; 3], name: &str| {
        let words: Vec<String> = counts.iter().zip(&shown).filter(|(_, shown)| **shown).map(|(count, _)| count.to_string()).collect();
        format!("{} {name}", words.join(" ")).trim_end().to_owned()
    };
    let mut total = [0; 3];
    let mut out = io::stdout().lock();
    let code = each("wc", &options.operands, |name, mut input| {
        let counts = count(&mut input)?;
        total.iter_mut().zip(counts).for_each(|(total, count)| *total += count);
        let name = if options.operands.is_empty() { String::new() } else { name.to_string_lossy().into_owned() };
        writeln!(out, "{}", line(&counts, &name))
    });
    if options.operands.len() > 1 {
        writeln!(out, "{}", line(&total, "total")).map_err(|error| error.to_string())?;
    }
    Ok(code)
}

/// Lines, words, bytes.
fn count(input: &mut dyn BufRead) -> io::Result<[u64; 3]> {
    let mut counts = [0; 3];
    let mut in_word = false;
    loop {
        let piece = input.fill_buf()?;
        if piece.is_empty() {
            return Ok(counts);
        }
        for byte in piece {
            counts[0] += u64::from(*byte == b'\n');
            let is_blank = byte.is_ascii_whitespace();
            counts[1] += u64::from(!is_blank && !in_word);
            in_word = !is_blank;
        }
        let length = piece.len();
        counts[2] += length as u64;
        input.consume(length);
    }
}

/// `tee [-a] [FILE...]`
pub fn tee(arguments: &[OsString]) -> Result<ExitCode, String> {
    let options = Options::of(arguments, "a")?;
    let mut code = ExitCode::SUCCESS;
    let mut outputs: Vec<(String, Box<dyn Write>)> = vec![("standard output".to_owned(), Box::new(io::stdout().lock()))];
    for name in &options.operands {
        let mut how = OpenOptions::new();
        how.create(true).append(options.has('a')).truncate(!options.has('a')).write(true);
        match how.open(name) {
            Ok(file) => outputs.push((name.to_string_lossy().into_owned(), Box::new(file))),
            Err(error) => {
                crate::complain("tee", &format!("{}: {error}", name.to_string_lossy()));
                code = ExitCode::FAILURE;
            }
        }
    }
    let mut piece = vec![0; PIECE];
    loop {
        let read = io::stdin().lock().read(&mut piece).map_err(|error| error.to_string())?;
        if read == 0 {
            return Ok(code);
        }
        outputs.retain_mut(|(name, output)| match output.write_all(&piece[..read]).and_then(|()| output.flush()) {
            Ok(()) => true,
            Err(error) => {
                crate::complain("tee", &format!("{name}: {error}"));
                code = ExitCode::FAILURE;
                false
            }
        });
    }
}

/// `grep [-i] [-v] [-c] [-q] [-n] [-F] PATTERN [FILE...]`: basic patterns (`.`, `*`, `[...]`, `^`, `$`), no groups.
pub fn grep(arguments: &[OsString]) -> Result<ExitCode, String> {
    let mut options = Options::of(arguments, "ivcqnF")?;
    if options.operands.is_empty() {
        return Err("a pattern is missing".to_owned());
    }
    let text = options.operands.remove(0).to_string_lossy().into_owned();
    let folded = |text: &str| if options.has('i') { text.to_lowercase() } else { text.to_owned() };
    let pattern = if options.has('F') { Pattern::plain(&folded(&text)) } else { Pattern::basic(&folded(&text))? };
    let several = options.operands.len() > 1;
    let mut total = 0_u64;
    let mut out = io::stdout().lock();
    let code = each("grep", &options.operands, |name, mut input| {
        let (mut line, mut number, mut found) = (Vec::new(), 0_u64, 0_u64);
        let prefix = if several { format!("{}:", name.to_string_lossy()) } else { String::new() };
        loop {
            line.clear();
            if input.read_until(b'\n', &mut line)? == 0 {
                break;
            }
            number += 1;
            let text = String::from_utf8_lossy(line.strip_suffix(b"\n").unwrap_or(&line));
            if pattern.is_in(&folded(&text)) == options.has('v') {
                continue;
            }
            found += 1;
            if !options.has('q') && !options.has('c') {
                let number = if options.has('n') { format!("{number}:") } else { String::new() };
                writeln!(out, "{prefix}{number}{text}")?;
            }
        }
        total += found;
        if options.has('c') { writeln!(out, "{prefix}{found}") } else { Ok(()) }
    });
    Ok(match code == ExitCode::SUCCESS {
        true if total > 0 => ExitCode::SUCCESS,
        true => ExitCode::FAILURE,
        false => ExitCode::from(2),
    })
}

#[derive(Debug, PartialEq)]
enum Atom {
    Is(char),
    Any,
    Set { negated: bool, ranges: Vec<(char, char)> },
}

impl Atom {
    fn takes(&self, c: char) -> bool {
        match self {
            Self::Is(own) => *own == c,
            Self::Any => true,
            Self::Set { negated, ranges } => ranges.iter().any(|(from, to)| (*from..=*to).contains(&c)) != *negated,
        }
    }
}

#[derive(Debug, PartialEq)]
struct Pattern {
    at_begin: bool,
    at_end: bool,
    /// Each with whether it may stand any number of times.
    atoms: Vec<(Atom, bool)>,
}

impl Pattern {
    fn plain(text: &str) -> Self {
        Self { at_begin: false, at_end: false, atoms: text.chars().map(|c| (Atom::Is(c), false)).collect() }
    }

    fn basic(text: &str) -> Result<Self, String> {
        let chars: Vec<char> = text.chars().collect();
        let mut pattern = Self { at_begin: chars.first() == Some(&'^'), at_end: false, atoms: Vec::new() };
        let mut at = usize::from(pattern.at_begin);
        while at < chars.len() {
            let atom = match chars[at] {
                '$' if at + 1 == chars.len() => {
                    pattern.at_end = true;
                    break;
                }
                '*' if !pattern.atoms.is_empty() => {
                    pattern.atoms.last_mut().expect("there is one").1 = true;
                    at += 1;
                    continue;
                }
                '.' => Atom::Any,
                '[' => {
                    let (set, end) = set(&chars, at)?;
                    at = end;
                    set
                }
                '\\' => {
                    at += 1;
                    match chars.get(at) {
                        Some(c) if "(){}|+?<>123456789".contains(*c) => return Err(format!("\\{c}: not supported by this grep")),
                        Some(c) => Atom::Is(*c),
                        None => return Err("the pattern ends with a backslash".to_owned()),
                    }
                }
                c => Atom::Is(c),
            };
            pattern.atoms.push((atom, false));
            at += 1;
        }
        Ok(pattern)
    }

    fn is_in(&self, line: &str) -> bool {
        let chars: Vec<char> = line.chars().collect();
        // Which atoms could come next, all places of the pattern at once: no line takes longer than its length times the pattern's.
        let mut states = vec![false; self.atoms.len() + 1];
        for at in 0..=chars.len() {
            if at == 0 || !self.at_begin {
                states[0] = true;
            }
            for index in 0..self.atoms.len() {
                if states[index] && self.atoms[index].1 {
                    states[index + 1] = true;
                }
            }
            if states[self.atoms.len()] && (!self.at_end || at == chars.len()) {
                return true;
            }
            let Some(c) = chars.get(at) else { break };
            let mut next = vec![false; self.atoms.len() + 1];
            for (index, (atom, many)) in self.atoms.iter().enumerate() {
                if states[index] && atom.takes(*c) {
                    next[if *many { index } else { index + 1 }] = true;
                }
            }
            states = next;
        }
        false
    }
}

/// `[...]` at `begin`, and where its bracket closes.
fn set(chars: &[char], begin: usize) -> Result<(Atom, usize), String> {
    let negated = chars.get(begin + 1) == Some(&'^');
    let mut at = begin + 1 + usize::from(negated);
    let first = at;
    let mut ranges = Vec::new();
    loop {
        match chars.get(at) {
            None => return Err("[ is not closed".to_owned()),
            Some(']') if at > first => return Ok((Atom::Set { negated, ranges }, at)),
            Some(from) => match (chars.get(at + 1), chars.get(at + 2)) {
                (Some('-'), Some(to)) if *to != ']' => {
                    ranges.push((*from, *to));
                    at += 3;
                }
                _ => {
                    ranges.push((*from, *from));
                    at += 1;
                }
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_of_grep() {
        let fits = |pattern: &str, line: &str| Pattern::basic(pattern).unwrap().is_in(line);
        for (pattern, line) in [
            ("b", "abc"),
            ("^a.c$", "abc"),
            ("ab*c", "ac"),
            ("ab*c", "abbbc"),
            ("[0-9][0-9]*$", "x42"),
            ("[^a]", "ab"),
            ("", ""),
            ("a\\.b", "a.b"),
            ("*a", "*a"),
            ("x.*y.*z", "xaybz"),
        ] {
            assert!(fits(pattern, line), "{pattern} {line}");
        }
        for (pattern, line) in [("^b", "abc"), ("c$", "cb"), ("a\\.b", "axb"), ("[^a]", "aaa"), ("ab*c", "abd")] {
            assert!(!fits(pattern, line), "{pattern} {line}");
        }
        assert!(Pattern::basic("\\(a\\)").is_err() && Pattern::basic("[a").is_err());
        assert!(Pattern::plain("a.b").is_in("xa.b") && !Pattern::plain("a.b").is_in("axb"));
    }

    #[test]
    fn counts_and_ends() {
        assert_eq!(count(&mut &b"one two\n three"[..]).unwrap(), [1, 3, 14]);
        assert_eq!(last_lines(&mut &b"a\nb\nc"[..], 2).unwrap(), b"b\nc");
        assert_eq!(last_bytes(&mut &b"abcdef"[..], 2).unwrap(), b"ef");
        assert_eq!(with_old_form(&["-3".into(), "f".into()]), ["-n", "3", "f"]);
    }
}
