//! Where the fields of a YAML (or JSON) document stand. Input: its text and where that begins in a file. Output: the line of each path
//! (`spec.containers[0].image`), as far as the text can be read. Pure.

use saphyr_parser::{Event, Parser, Span, StrInput};
use std::collections::BTreeMap;

/// Paths at most; what comes after them is found by the line of what it stands in.
const PATHS_MAX: usize = 100_000;
const DEPTH_MAX: usize = 100;

/// The line of each field of one document, counted from 1.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lines {
    /// Of the document itself.
    first: usize,
    of: BTreeMap<String, usize>,
}

impl Lines {
    /// The lines of the first document of this text, whose first line has that number.
    pub fn read(text: &str, first_line: usize) -> Self {
        let mut reader = Reader { parser: Parser::new_from_str(text), before: first_line.saturating_sub(1), of: BTreeMap::new() };
        let first = reader.document().unwrap_or(first_line);
        Self { first, of: reader.of }
    }

    /// All at one line, where more is not known.
    pub fn all_at(line: usize) -> Self {
        Self { first: line, of: BTreeMap::new() }
    }

    /// Where that field stands; of one that is not in the text, the line of the innermost one around it.
    pub fn of(&self, path: &str) -> usize {
        let mut path = path;
        loop {
            if let Some(line) = self.of.get(path) {
                return *line;
            }
            match path.rfind(['.', '[']) {
                Some(at) => path = &path[..at],
                None => return self.first,
            }
        }
    }
}

struct Reader<'t> {
    parser: Parser<'t, StrInput<'t>>,
    before: usize,
    of: BTreeMap<String, usize>,
}

impl<'t> Reader<'t> {
    /// Reads the first document; its own line. `None` where there is nothing more that can be read.
    fn document(&mut self) -> Option<usize> {
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamStart | Event::Nothing | Event::DocumentStart(_) => {}
                Event::StreamEnd | Event::DocumentEnd => return None,
                event => {
                    // A text that breaks off keeps what was read before.
                    self.node(&event, "", 0);
                    return Some(self.line(span));
                }
            }
        }
    }

    fn next(&mut self) -> Option<(Event<'t>, Span)> {
        self.parser.next_event()?.ok()
    }

    fn line(&self, span: Span) -> usize {
        self.before + span.start.line()
    }

    fn note(&mut self, path: &str, span: Span) {
        if self.of.len() < PATHS_MAX {
            let line = self.line(span);
            self.of.insert(path.to_owned(), line);
        }
    }

    fn node(&mut self, event: &Event<'t>, path: &str, depth: usize) -> Option<()> {
        if depth > DEPTH_MAX {
            return None;
        }
        match event {
            Event::MappingStart(..) => self.map(path, depth),
            Event::SequenceStart(..) => self.list(path, depth),
            _ => Some(()),
        }
    }

    fn map(&mut self, path: &str, depth: usize) -> Option<()> {
        loop {
            let (event, span) = self.next()?;
            let below = match &event {
                Event::MappingEnd => return Some(()),
                Event::Scalar(text, ..) if path.is_empty() => text.to_string(),
                Event::Scalar(text, ..) => format!("{path}.{text}"),
                key => {
                    self.node(key, path, depth + 1)?;
                    path.to_owned()
                }
            };
            self.note(&below, span);
            let (value, _) = self.next()?;
            self.node(&value, &below, depth + 1)?;
        }
    }

    fn list(&mut self, path: &str, depth: usize) -> Option<()> {
        let mut index = 0;
        loop {
            let (event, span) = self.next()?;
            if event == Event::SequenceEnd {
                return Some(());
            }
            let below = format!("{path}[{index}]");
            self.note(&below, span);
            self.node(&event, &below, depth + 1)?;
            index += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# comment\nkind: Pod\nspec:\n  containers:\n  - name: a\n    env: [{name: X},\n      {name: Y}]\n  - name: b\n";

    #[test]
    fn a_field_has_the_line_of_its_key() {
        let lines = Lines::read(TEXT, 1);
        for (path, line) in
            [("kind", 2), ("spec", 3), ("spec.containers[0]", 5), ("spec.containers[0].env[1].name", 7), ("spec.containers[1].name", 8)]
        {
            assert_eq!(lines.of(path), line, "{path}");
        }
        assert_eq!(Lines::read(TEXT, 11).of("kind"), 12);
    }

    #[test]
    fn what_is_absent_has_the_line_of_what_it_would_stand_in() {
        let lines = Lines::read(TEXT, 1);
        assert_eq!(lines.of("spec.containers[1].image"), 8);
        assert_eq!(lines.of("spec.replicas"), 3);
        assert_eq!(lines.of("metadata.name"), 2);
        assert_eq!(Lines::all_at(7).of("spec"), 7);
    }

    #[test]
    fn json_and_broken_text_have_lines_too() {
        assert_eq!(Lines::read("{\n \"spec\": {\n  \"a\": 1}}", 1).of("spec.a"), 3);
        assert_eq!(Lines::read("a: 1\nb: [\n", 4).of("a"), 4);
        assert_eq!(Lines::read("", 4).of("a"), 4);
    }
}
