//! Words to texts: variables, commands, arithmetic, splitting, file names. Input: a word and the shell. Output: fields.

use super::arithmetic;
use super::pattern::{self, Field};
use super::run::{Flow, Outcome, Shell};
use super::syntax::{Expansion, Modifier, Part, Quoting, Reach, Word};

/// What splits an unquoted expansion if IFS does not say.
const BLANKS: &str = " \t\n";

/// Fields that grow part by part.
#[derive(Default)]
struct Fields {
    done: Vec<Field>,
    open: Option<Field>,
}

impl Fields {
    fn push(&mut self, text: &str, quoted: bool) {
        self.open.get_or_insert_default().extend(text.chars().map(|c| (c, quoted)));
    }

    fn close(&mut self) {
        self.done.extend(self.open.take());
    }

    /// An unquoted expansion: blanks split it, other separators too.
    fn split(&mut self, text: &str, separators: &str) {
        for c in text.chars() {
            if !separators.contains(c) {
                self.open.get_or_insert_default().push((c, false));
            } else if BLANKS.contains(c) {
                self.close();
            } else {
                self.open.get_or_insert_default();
                self.close();
            }
        }
    }
}

impl Shell {
    /// The arguments that words mean.
    pub fn fields(&mut self, words: &[Word]) -> Outcome<Vec<String>> {
        let mut out = Vec::new();
        for word in words {
            for field in self.expand(word)? {
                out.extend(pattern::names(&field));
            }
        }
        Ok(out)
    }

    /// The one text that a word means, neither split nor a pattern of files.
    pub fn text(&mut self, word: &Word) -> Outcome<String> {
        Ok(pattern::text(&self.one_field(word)?))
    }

    /// The same with what was quoted, as a pattern.
    pub fn one_field(&mut self, word: &Word) -> Outcome<Field> {
        let mut out = Field::new();
        for (index, part) in word.iter().enumerate() {
            match part {
                Part::Plain(text) => out.extend(self.home_for(text, index).chars().map(|c| (c, false))),
                Part::Quoted(text) => out.extend(text.chars().map(|c| (c, true))),
                Part::Expansion { what, quoting } => {
                    let text = self.value(what)?;
                    out.extend(text.chars().map(|c| (c, *quoting == Quoting::Double)));
                }
            }
        }
        Ok(out)
    }

    fn expand(&mut self, word: &Word) -> Outcome<Vec<Field>> {
        let mut fields = Fields::default();
        self.expand_into(word, &mut fields)?;
        fields.close();
        Ok(fields.done)
    }

    fn expand_into(&mut self, word: &Word, fields: &mut Fields) -> Outcome<()> {
        for (index, part) in word.iter().enumerate() {
            match part {
                Part::Plain(text) => fields.push(&self.home_for(text, index), false),
                Part::Quoted(text) => fields.push(text, true),
                Part::Expansion { what: Expansion::Variable(name), quoting }
                    if name == "@" || (name == "*" && *quoting == Quoting::Unquoted) =>
                {
                    self.positionals(*quoting, fields);
                }
                // The word of `${x:-word}` keeps its own quotes.
                Part::Expansion { what: Expansion::Modified { name, modifier, word }, quoting: Quoting::Unquoted }
                    if self.takes_word(name, *modifier) =>
                {
                    self.expand_into(word, fields)?;
                }
                Part::Expansion { what, quoting: Quoting::Double } => {
                    let text = self.value(what)?;
                    fields.push(&text, true);
                }
                Part::Expansion { what, quoting: Quoting::Unquoted } => {
                    let text = self.value(what)?;
                    fields.split(&text, &self.separators());
                }
            }
        }
        Ok(())
    }

    fn separators(&self) -> String {
        self.get("IFS").unwrap_or_else(|| BLANKS.to_owned())
    }

    fn positionals(&mut self, quoting: Quoting, fields: &mut Fields) {
        // Quotes around nothing but `$@` without parameters are no word.
        if self.positional.is_empty() && fields.open.as_ref().is_some_and(Vec::is_empty) {
            fields.open = None;
        }
        for (index, text) in self.positional.clone().iter().enumerate() {
            if index > 0 {
                fields.close();
            }
            match quoting {
                Quoting::Double => fields.push(text, true),
                Quoting::Unquoted => fields.split(text, &self.separators()),
            }
        }
    }

    /// `~` and `~/...` at the beginning of a word.
    fn home_for(&self, text: &str, index: usize) -> String {
        match text.strip_prefix('~').filter(|rest| index == 0 && (rest.is_empty() || rest.starts_with('/'))) {
            Some(rest) => self.get("HOME").unwrap_or_else(|| "~".to_owned()) + rest,
            None => text.to_owned(),
        }
    }

    /// Whether the modifier's word stands for the variable.
    fn takes_word(&self, name: &str, modifier: Modifier) -> bool {
        let value = self.get(name);
        let counts = |if_empty: bool| value.as_ref().is_some_and(|value| !if_empty || !value.is_empty());
        match modifier {
            Modifier::Default { if_empty } | Modifier::Assign { if_empty } | Modifier::Error { if_empty } => {
                !counts(if_empty) && matches!(modifier, Modifier::Default { .. })
            }
            Modifier::Alternative { if_empty } => counts(if_empty),
            Modifier::WithoutPrefix(_) | Modifier::WithoutSuffix(_) => false,
        }
    }

    fn value(&mut self, what: &Expansion) -> Outcome<String> {
        match what {
            Expansion::Variable(name) => self.variable(name),
            Expansion::Length(name) => Ok(self.variable(name)?.chars().count().to_string()),
            Expansion::Command(list) => self.substitute(list),
            Expansion::Arithmetic(word) => {
                let text = self.text(word)?;
                let found = arithmetic::evaluate(&text, &|name| self.get(name).unwrap_or_default());
                found.map(|value| value.to_string()).map_err(|message| self.fatal(&message))
            }
            Expansion::Modified { name, modifier, word } => self.modified(name, *modifier, word),
        }
    }

    fn variable(&mut self, name: &str) -> Outcome<String> {
        match self.get(name) {
            Some(value) => Ok(value),
            None if self.options.nounset && !matches!(name, "@" | "*") => Err(self.fatal(&format!("{name}: parameter not set"))),
            None => Ok(String::new()),
        }
    }

    fn modified(&mut self, name: &str, modifier: Modifier, word: &Word) -> Outcome<String> {
        let value = self.get(name);
        let present = |if_empty: bool| value.clone().filter(|value| !if_empty || !value.is_empty());
        match modifier {
            Modifier::Default { if_empty } => match present(if_empty) {
                Some(value) => Ok(value),
                None => self.text(word),
            },
            Modifier::Assign { if_empty } => match present(if_empty) {
                Some(value) => Ok(value),
                None => {
                    let text = self.text(word)?;
                    self.set(name, &text)?;
                    Ok(text)
                }
            },
            Modifier::Error { if_empty } => match present(if_empty) {
                Some(value) => Ok(value),
                None => {
                    let text = self.text(word)?;
                    let text = if text.is_empty() { "parameter not set".to_owned() } else { text };
                    Err(self.fatal(&format!("{name}: {text}")))
                }
            },
            Modifier::Alternative { if_empty } => match present(if_empty) {
                Some(_) => self.text(word),
                None => Ok(String::new()),
            },
            Modifier::WithoutPrefix(reach) => {
                let (pattern, value) = (self.one_field(word)?, self.variable(name)?);
                Ok(without_prefix(&pattern, &value.chars().collect::<Vec<_>>(), reach))
            }
            Modifier::WithoutSuffix(reach) => {
                let (pattern, value) = (self.one_field(word)?, self.variable(name)?);
                Ok(without_suffix(&pattern, &value.chars().collect::<Vec<_>>(), reach))
            }
        }
    }

    /// Says what is wrong; a shell that nobody types into ends with it.
    pub fn fatal(&self, message: &str) -> Flow {
        self.complain(message);
        if self.options.interactive { Flow::Abandon } else { Flow::Exit(2) }
    }
}

fn without_prefix(pattern: &Field, value: &[char], reach: Reach) -> String {
    let mut cuts: Vec<usize> = (0..=value.len()).filter(|cut| pattern::matches(pattern, &value[..*cut])).collect();
    if reach == Reach::Longest {
        cuts.reverse();
    }
    value[cuts.first().copied().unwrap_or(0)..].iter().collect()
}

fn without_suffix(pattern: &Field, value: &[char], reach: Reach) -> String {
    let mut cuts: Vec<usize> = (0..=value.len()).filter(|cut| pattern::matches(pattern, &value[*cut..])).collect();
    if reach == Reach::Shortest {
        cuts.reverse();
    }
    value[..cuts.first().copied().unwrap_or(value.len())].iter().collect()
}
