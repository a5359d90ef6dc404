//! Syntax errors in go-yaml's words, as far as they can be told from our parser's. Input: the text and an error. Output: the message.

use saphyr_parser::ScanError;

/// Who finds an error in go-yaml: its scanner counts lines from one, its parser from zero.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Finder {
    Scanner,
    Parser,
}

const CANNOT_START: &str = "found character that cannot start any token";
const TAB_INDENTS: &str = "found a tab character that violates indentation";
const TAB_IN_BLOCK: &str = "found a tab character where an indentation space is expected";
const UNEXPECTED_END: &str = "found unexpected end of stream";

/// A part of our parser's message, what go-yaml says instead, and who says it.
const WORDS: &[(&str, &str, Finder)] = &[
    ("mapping values are not allowed", "mapping values are not allowed in this context", Finder::Scanner),
    ("block sequence entries are not allowed", "block sequence entries are not allowed in this context", Finder::Scanner),
    ("tab cannot be used as indentation", TAB_INDENTS, Finder::Scanner),
    ("tabs disallowed", CANNOT_START, Finder::Scanner),
    ("cannot start with a tab", TAB_IN_BLOCK, Finder::Scanner),
    ("found a tab", TAB_INDENTS, Finder::Scanner),
    ("unexpected character", CANNOT_START, Finder::Scanner),
    ("character that cannot start any token", CANNOT_START, Finder::Scanner),
    ("could not find expected ':'", "could not find expected ':'", Finder::Scanner),
    ("simple key expect", "could not find expected ':'", Finder::Scanner),
    ("unexpected end of stream", UNEXPECTED_END, Finder::Scanner),
    ("unexpected EOF", UNEXPECTED_END, Finder::Scanner),
    ("invalid indentation in quoted scalar", UNEXPECTED_END, Finder::Scanner),
    ("invalid indentation", "could not find expected ':'", Finder::Scanner),
    ("unknown escape character", "found unknown escape character", Finder::Scanner),
    ("expected comment or line break", "did not find expected comment or line break", Finder::Scanner),
    ("alphabetic or numeric", "did not find expected alphabetic or numeric character", Finder::Scanner),
    ("misplaced bracket", "did not find expected key", Finder::Parser),
    ("illegal placement of ':' indicator", "did not find expected ',' or ']'", Finder::Parser),
    ("is only valid inside a block", "could not find expected ':'", Finder::Parser),
    ("invalid trailing content after double-quoted scalar", "did not find expected key", Finder::Parser),
    ("did not find expected <document start>", "did not find expected <document start>", Finder::Parser),
    ("did not find expected node content", "did not find expected node content", Finder::Parser),
    ("did not find expected key", "did not find expected key", Finder::Parser),
    ("did not find expected '-' indicator", "did not find expected '-' indicator", Finder::Parser),
    ("did not find expected ',' or '}'", "did not find expected ',' or '}'", Finder::Parser),
    ("expected ',' or ']'", "did not find expected ',' or ']'", Finder::Parser),
];

/// The message for an error in that text.
pub(super) fn text(text: &str, error: &ScanError) -> String {
    let (info, mark) = (error.info(), error.marker());
    if info.contains("unknown anchor") {
        return format!("yaml: unknown anchor '{}' referenced", anchor_name(text, mark.index()));
    }
    let known = WORDS.iter().find(|(part, ..)| info.contains(part));
    let (words, finder) = known.map_or((info, Finder::Parser), |(_, words, finder)| (*words, *finder));
    match finder {
        // Found at the end of the text there.
        _ if words == UNEXPECTED_END => located(words, Some(text.matches('\n').count()).filter(|n| *n > 0).map_or(0, |n| n + 1)),
        // Found before the tab's line here, in it there.
        _ if [TAB_INDENTS, TAB_IN_BLOCK].contains(&words) => located(words, mark.line() + 1),
        // Line 0, the first, is not named.
        _ if mark.line() <= 1 => located(words, 0),
        Finder::Scanner => located(words, mark.line()),
        Finder::Parser => located(words, mark.line() - 1),
    }
}

/// Whether go-yaml would find that error only in the next document, which it never reads.
pub(super) fn is_of_next_document(error: &ScanError) -> bool {
    ["expected <document start>", "missing explicit document end marker"].iter().any(|part| error.info().contains(part))
}

/// The character after the tabs that follow a colon, if those are what the parser refuses; libyaml takes them.
pub(super) fn tab_after_colon(error: &ScanError) -> Option<usize> {
    error.info().contains("':' must be followed").then(|| error.marker().index())
}

/// What libyaml has against a tab that indents a line of that number.
pub(super) fn tab(line: usize, after_plain_scalar: bool) -> String {
    let words = if after_plain_scalar { TAB_INDENTS } else { CANNOT_START };
    located(words, if line <= 1 { 0 } else { line })
}

fn located(words: &str, line: usize) -> String {
    let place = if line == 0 { String::new() } else { format!("line {line}: ") };
    format!("yaml: {place}{words}")
}

/// The name after the `*` at or before that character.
pub(super) fn anchor_name(text: &str, index: usize) -> String {
    let rest: String = text.chars().skip(index).take(256).collect();
    let rest = rest.trim_start_matches('*');
    rest.chars().take_while(|c| c.is_alphanumeric() || matches!(c, '-' | '_')).collect()
}
