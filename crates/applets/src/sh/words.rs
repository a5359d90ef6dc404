//! Words from text: quotes, `$` in its forms, here-documents.

use super::parse::{Error, Parser, Result};
use super::syntax::{Expansion, Modifier, Part, Quoting, Reach, Target, Word};

/// Stands behind the text of a here-document: no text has it.
const DOCUMENT_END: char = '\0';
/// What ends a word that is not quoted.
const ENDS: &str = " \t\n;&|()<>";

impl Parser {
    /// The word that begins here, if one does.
    pub fn word(&mut self) -> Result<Option<Word>> {
        let mut word = Word::new();
        while let Some(c) = self.peek().filter(|c| !ENDS.contains(*c)) {
            match c {
                '\'' => word.push(self.single_quotes()?),
                '"' => {
                    self.at += 1;
                    // Empty quotes are a word too.
                    word.push(Part::Quoted(String::new()));
                    word.extend(self.quoted_until('"')?);
                }
                '\\' => match self.chars.get(self.at + 1).copied() {
                    None => return Err(Error::Incomplete),
                    Some(next) => {
                        self.at += 2;
                        if next != '\n' {
                            word.push(Part::Quoted(next.to_string()));
                        }
                    }
                },
                '$' | '`' => word.push(self.expansion(Quoting::Unquoted)?),
                c => {
                    self.at += 1;
                    push_plain(&mut word, c);
                }
            }
        }
        Ok(if word.is_empty() { None } else { Some(word) })
    }

    fn single_quotes(&mut self) -> Result<Part> {
        self.at += 1;
        let text: String = self.chars[self.at..].iter().take_while(|c| **c != '\'').collect();
        self.at += text.chars().count();
        if self.eat("'") { Ok(Part::Quoted(text)) } else { Err(Error::Incomplete) }
    }

    /// What stands between double quotes, or in `${x:-...}` up to its brace.
    fn quoted_until(&mut self, end: char) -> Result<Word> {
        let mut word = Word::new();
        loop {
            match self.peek() {
                None => return Err(Error::Incomplete),
                Some(c) if c == end => {
                    self.at += 1;
                    return Ok(word);
                }
                Some('\\') => {
                    let next = self.chars.get(self.at + 1).copied().ok_or(Error::Incomplete)?;
                    self.at += 2;
                    match next {
                        '\n' => {}
                        '$' | '`' | '\\' => push_quoted(&mut word, next),
                        '"' if end != DOCUMENT_END => push_quoted(&mut word, next),
                        c if c == end => push_quoted(&mut word, c),
                        other => {
                            push_quoted(&mut word, '\\');
                            push_quoted(&mut word, other);
                        }
                    }
                }
                Some('$' | '`') => word.push(self.expansion(Quoting::Double)?),
                // Quotes in the braces of an expansion that is quoted itself.
                Some('"') if end == '}' => {
                    self.at += 1;
                    word.extend(self.quoted_until('"')?);
                }
                Some(c) => {
                    self.at += 1;
                    push_quoted(&mut word, c);
                }
            }
        }
    }

    /// `$...` or a command in backquotes.
    fn expansion(&mut self, quoting: Quoting) -> Result<Part> {
        self.nested(|parser| {
            let what = if parser.peek() == Some('`') { parser.backquotes()? } else { parser.dollar(quoting)? };
            Ok(match what {
                Some(what) => Part::Expansion { what, quoting },
                None => Part::Quoted("$".to_owned()),
            })
        })
    }

    fn backquotes(&mut self) -> Result<Option<Expansion>> {
        self.at += 1;
        let mut text = String::new();
        loop {
            match self.peek() {
                None => return Err(Error::Incomplete),
                Some('`') => break,
                Some('\\') if self.chars.get(self.at + 1).is_some_and(|c| "$`\\".contains(*c)) => {
                    self.at += 1;
                    text.extend(self.peek());
                }
                Some(c) => text.push(c),
            }
            self.at += 1;
        }
        self.at += 1;
        let mut inner = Parser { chars: text.chars().collect(), at: 0, depth: self.depth };
        let list = inner.list()?;
        if inner.peek().is_some() { Err(inner.unexpected()) } else { Ok(Some(Expansion::Command(list))) }
    }

    /// What stands behind a dollar; None: it means itself.
    fn dollar(&mut self, quoting: Quoting) -> Result<Option<Expansion>> {
        self.at += 1;
        if self.eat("((") {
            return self.arithmetic().map(Some);
        }
        if self.eat("(") {
            let list = self.list()?;
            while self.peek().is_some_and(char::is_whitespace) {
                self.at += 1;
            }
            return if self.eat(")") { Ok(Some(Expansion::Command(list))) } else { Err(self.unexpected()) };
        }
        if self.eat("{") {
            return self.braces(quoting).map(Some);
        }
        if let Some(name) = self.name() {
            return Ok(Some(Expansion::Variable(name)));
        }
        match self.peek() {
            Some(c) if "?$!#@*-0123456789".contains(c) => {
                self.at += 1;
                Ok(Some(Expansion::Variable(c.to_string())))
            }
            _ => Ok(None),
        }
    }

    fn arithmetic(&mut self) -> Result<Expansion> {
        let mut word = Word::new();
        let mut open = 0;
        loop {
            match self.peek() {
                None => return Err(Error::Incomplete),
                Some(')') if open == 0 => {
                    return if self.eat("))") { Ok(Expansion::Arithmetic(word)) } else { Err(self.unexpected()) };
                }
                Some('$' | '`') => word.push(self.expansion(Quoting::Double)?),
                Some(c) => {
                    open += i32::from(c == '(') - i32::from(c == ')');
                    self.at += 1;
                    push_quoted(&mut word, c);
                }
            }
        }
    }

    /// `${...}` behind its brace.
    fn braces(&mut self, quoting: Quoting) -> Result<Expansion> {
        if self.starts_with("#") && !self.starts_with("#}") {
            self.at += 1;
            let name = self.parameter()?;
            return if self.eat("}") { Ok(Expansion::Length(name)) } else { Err(self.unexpected()) };
        }
        let name = self.parameter()?;
        if self.eat("}") {
            return Ok(Expansion::Variable(name));
        }
        let if_empty = self.eat(":");
        let modifier = match self.peek() {
            Some('-') => Modifier::Default { if_empty },
            Some('=') => Modifier::Assign { if_empty },
            Some('?') => Modifier::Error { if_empty },
            Some('+') => Modifier::Alternative { if_empty },
            Some('#') if !if_empty => Modifier::WithoutPrefix(self.reach("##")),
            Some('%') if !if_empty => Modifier::WithoutSuffix(self.reach("%%")),
            _ => return Err(self.unexpected()),
        };
        self.at += 1;
        let is_pattern = matches!(modifier, Modifier::WithoutPrefix(_) | Modifier::WithoutSuffix(_));
        let word = if is_pattern || quoting == Quoting::Unquoted { self.unquoted_until_brace()? } else { self.quoted_until('}')? };
        Ok(Expansion::Modified { name, modifier, word })
    }

    /// Passes over the first half of a double mark.
    fn reach(&mut self, double: &str) -> Reach {
        if self.starts_with(double) {
            self.at += 1;
            return Reach::Longest;
        }
        Reach::Shortest
    }

    fn parameter(&mut self) -> Result<String> {
        if let Some(name) = self.name() {
            return Ok(name);
        }
        let digits: String = self.chars[self.at..].iter().take_while(|c| c.is_ascii_digit()).collect();
        let name = match self.peek() {
            Some(_) if !digits.is_empty() => digits,
            Some(c) if "?$!#@*-".contains(c) => c.to_string(),
            _ => return Err(self.unexpected()),
        };
        self.at += name.len();
        Ok(name)
    }

    /// The word of a modifier outside double quotes.
    fn unquoted_until_brace(&mut self) -> Result<Word> {
        let mut word = Word::new();
        loop {
            match self.peek() {
                None => return Err(Error::Incomplete),
                Some('}') => {
                    self.at += 1;
                    return Ok(word);
                }
                Some(c) if ENDS.contains(c) => {
                    self.at += 1;
                    push_plain(&mut word, c);
                }
                Some(_) => {
                    // A brace ends a word only here.
                    let end = self.chars[self.at..].iter().position(|c| "}'\"\\$`".contains(*c)).ok_or(Error::Incomplete)?;
                    if end > 0 {
                        let text: String = self.chars[self.at..self.at + end].iter().collect();
                        self.at += end;
                        text.chars().for_each(|c| push_plain(&mut word, c));
                        continue;
                    }
                    match self.peek() {
                        Some('\'') => word.push(self.single_quotes()?),
                        Some('"') => {
                            self.at += 1;
                            word.push(Part::Quoted(String::new()));
                            word.extend(self.quoted_until('"')?);
                        }
                        Some('\\') => {
                            word.extend(self.chars.get(self.at + 1).map(|c| Part::Quoted(c.to_string())));
                            self.at += 2;
                        }
                        _ => word.push(self.expansion(Quoting::Unquoted)?),
                    }
                }
            }
        }
    }

    /// The text of a here-document, which is cut out of the lines that follow; `<<` has been read.
    pub fn here_document(&mut self) -> Result<Target> {
        let strips = self.eat("-");
        while matches!(self.peek(), Some(' ' | '\t')) {
            self.at += 1;
        }
        let word = self.word()?.ok_or_else(|| self.unexpected())?;
        let is_quoted = word.iter().any(|part| matches!(part, Part::Quoted(_)));
        let end: String = word
            .iter()
            .map(|part| match part {
                Part::Plain(text) | Part::Quoted(text) => text.as_str(),
                Part::Expansion { .. } => "",
            })
            .collect();
        let begin = self.chars[self.at..].iter().position(|c| *c == '\n').ok_or(Error::Incomplete)? + self.at + 1;
        let (mut at, mut text) = (begin, String::new());
        loop {
            if at >= self.chars.len() {
                return Err(Error::Incomplete);
            }
            let line: String = self.chars[at..].iter().take_while(|c| **c != '\n').collect();
            at += line.chars().count() + 1;
            let line = if strips { line.trim_start_matches('\t') } else { &line };
            if line == end {
                break;
            }
            text += line;
            text.push('\n');
        }
        self.chars.drain(begin..at.min(self.chars.len()));
        if is_quoted {
            return Ok(Target::Text(vec![Part::Quoted(text)]));
        }
        let mut inner = Parser { chars: text.chars().chain([DOCUMENT_END]).collect(), at: 0, depth: self.depth };
        Ok(Target::Text(inner.quoted_until(DOCUMENT_END)?))
    }
}

fn push_plain(word: &mut Word, c: char) {
    match word.last_mut() {
        Some(Part::Plain(text)) => text.push(c),
        _ => word.push(Part::Plain(c.to_string())),
    }
}

fn push_quoted(word: &mut Word, c: char) {
    match word.last_mut() {
        Some(Part::Quoted(text)) => text.push(c),
        _ => word.push(Part::Quoted(c.to_string())),
    }
}
