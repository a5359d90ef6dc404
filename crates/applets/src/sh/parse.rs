//! Commands from text. Input: a script. Output: its tree, or where it stops making sense, or that it wants more lines.

use super::syntax::{Node, Place, Redirect, Simple, Target, Word};
use std::rc::Rc;

/// Deepest nesting of commands and expansions.
pub const DEPTH_MAX: usize = 200;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// The text ends in the middle of something.
    Incomplete,
    Unexpected(String),
}

pub type Result<T> = std::result::Result<T, Error>;

/// Words that end a list within a compound command.
const CLOSERS: [&str; 8] = ["then", "elif", "else", "fi", "do", "done", "esac", "}"];

type MakeTarget = fn(Word) -> Target;

pub struct Parser {
    pub chars: Vec<char>,
    pub at: usize,
    pub depth: usize,
}

/// The tree of a whole script.
pub fn script(text: &str) -> Result<Node> {
    let mut parser = Parser { chars: text.chars().collect(), at: 0, depth: 0 };
    let list = parser.list()?;
    parser.skip_lines();
    match parser.peek() {
        None => Ok(list),
        Some(_) => Err(parser.unexpected()),
    }
}

impl Parser {
    pub fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    pub fn starts_with(&self, text: &str) -> bool {
        text.chars().enumerate().all(|(index, c)| self.chars.get(self.at + index) == Some(&c))
    }

    pub fn eat(&mut self, text: &str) -> bool {
        let found = self.starts_with(text);
        if found {
            self.at += text.chars().count();
        }
        found
    }

    /// What stands here, in words.
    pub fn unexpected(&self) -> Error {
        match self.peek() {
            None => Error::Incomplete,
            Some('\n') => Error::Unexpected("unexpected end of line".to_owned()),
            Some(_) => {
                let word: String = self.chars[self.at..].iter().take_while(|c| !c.is_whitespace()).take(20).collect();
                Error::Unexpected(format!("unexpected '{word}'"))
            }
        }
    }

    /// Goes one level down for as long as `parse` takes.
    pub fn nested<T>(&mut self, parse: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.depth >= DEPTH_MAX {
            return Err(Error::Unexpected("nested too deeply".to_owned()));
        }
        self.depth += 1;
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }

    fn skip_blanks(&mut self) {
        loop {
            match self.peek() {
                Some(' ' | '\t') => self.at += 1,
                Some('\\') if self.starts_with("\\\n") => self.at += 2,
                Some('#') => {
                    while self.peek().is_some_and(|c| c != '\n') {
                        self.at += 1;
                    }
                }
                _ => return,
            }
        }
    }

    fn skip_lines(&mut self) {
        loop {
            self.skip_blanks();
            if !self.eat("\n") {
                return;
            }
        }
    }

    /// The bare word that stands here, for reserved words.
    fn bare_word(&self) -> String {
        let ends = |c: &char| c.is_whitespace() || ";&|()<>\"'\\$`".contains(*c);
        let mut word: String = self.chars[self.at..].iter().take_while(|c| !ends(c)).collect();
        // A quote or expansion makes it another word.
        if self.chars.get(self.at + word.chars().count()).is_some_and(|c| "\"'\\$`".contains(*c)) {
            word.clear();
        }
        word
    }

    fn eat_reserved(&mut self, word: &str) -> bool {
        self.skip_blanks();
        let found = self.bare_word() == word;
        if found {
            self.at += word.chars().count();
        }
        found
    }

    fn expect_reserved(&mut self, word: &str) -> Result<()> {
        self.skip_lines();
        if self.eat_reserved(word) { Ok(()) } else { Err(self.unexpected()) }
    }

    /// Commands up to the end of the text or to what closes the list.
    pub fn list(&mut self) -> Result<Node> {
        self.nested(|parser| {
            let mut commands = Vec::new();
            loop {
                parser.skip_lines();
                let closes = CLOSERS.contains(&parser.bare_word().as_str());
                if closes || matches!(parser.peek(), None | Some(')')) || parser.starts_with(";;") {
                    return Ok(Node::List(commands));
                }
                let command = parser.and_or()?;
                parser.skip_blanks();
                let place = match parser.peek() {
                    Some('&') => Place::Background,
                    _ => Place::Foreground,
                };
                commands.push((command, place));
                match parser.peek() {
                    Some(';') if !parser.starts_with(";;") => parser.at += 1,
                    Some('&' | '\n') => parser.at += 1,
                    None | Some(')') => {}
                    Some(_) if parser.starts_with(";;") => {}
                    Some(_) => return Err(parser.unexpected()),
                }
            }
        })
    }

    fn and_or(&mut self) -> Result<Node> {
        let mut left = self.pipeline()?;
        loop {
            self.skip_blanks();
            let is_and = self.starts_with("&&");
            if !is_and && !self.starts_with("||") {
                return Ok(left);
            }
            self.at += 2;
            self.skip_lines();
            let (first, second) = (Box::new(left), Box::new(self.pipeline()?));
            left = if is_and { Node::And(first, second) } else { Node::Or(first, second) };
        }
    }

    fn pipeline(&mut self) -> Result<Node> {
        let negated = self.eat_reserved("!");
        let mut stages = vec![self.command()?];
        loop {
            self.skip_blanks();
            if self.peek() != Some('|') || self.starts_with("||") {
                break;
            }
            self.at += 1;
            self.skip_lines();
            stages.push(self.command()?);
        }
        match (negated, stages.len()) {
            (false, 1) => Ok(stages.remove(0)),
            _ => Ok(Node::Pipeline { negated, stages }),
        }
    }

    fn command(&mut self) -> Result<Node> {
        self.skip_blanks();
        let compound = match self.bare_word().as_str() {
            "if" => Some(self.nested(Self::if_clause)?),
            "while" => Some(self.nested(|parser| parser.loop_clause("while"))?),
            "until" => Some(self.nested(|parser| parser.loop_clause("until"))?),
            "for" => Some(self.nested(Self::for_clause)?),
            "case" => Some(self.nested(Self::case_clause)?),
            "{" => Some(self.nested(Self::group)?),
            _ if self.peek() == Some('(') => Some(self.nested(Self::subshell)?),
            word if CLOSERS.contains(&word) => return Err(self.unexpected()),
            _ => None,
        };
        let Some(compound) = compound else { return self.simple() };
        let mut redirects = Vec::new();
        while let Some(redirect) = self.redirect()? {
            redirects.push(redirect);
        }
        Ok(if redirects.is_empty() { compound } else { Node::Redirected(Box::new(compound), redirects) })
    }

    fn group(&mut self) -> Result<Node> {
        self.at += 1;
        let list = self.list()?;
        self.expect_reserved("}")?;
        Ok(Node::Redirected(Box::new(list), Vec::new()))
    }

    fn subshell(&mut self) -> Result<Node> {
        self.at += 1;
        let list = self.list()?;
        self.skip_lines();
        if !self.eat(")") {
            return Err(self.unexpected());
        }
        Ok(Node::Subshell(Box::new(list)))
    }

    fn if_clause(&mut self) -> Result<Node> {
        self.expect_reserved("if")?;
        let mut arms = Vec::new();
        loop {
            let condition = self.list()?;
            self.expect_reserved("then")?;
            arms.push((condition, self.list()?));
            if !self.eat_reserved("elif") {
                break;
            }
        }
        let otherwise = if self.eat_reserved("else") { Some(Box::new(self.list()?)) } else { None };
        self.expect_reserved("fi")?;
        Ok(Node::If { arms, otherwise })
    }

    fn loop_clause(&mut self, word: &str) -> Result<Node> {
        self.expect_reserved(word)?;
        let condition = Box::new(self.list()?);
        let body = Box::new(self.body()?);
        Ok(Node::Loop { goes_on_with: word == "while", condition, body })
    }

    /// `do list done`
    fn body(&mut self) -> Result<Node> {
        self.expect_reserved("do")?;
        let list = self.list()?;
        self.expect_reserved("done")?;
        Ok(list)
    }

    fn for_clause(&mut self) -> Result<Node> {
        self.expect_reserved("for")?;
        self.skip_blanks();
        let name = self.name().ok_or_else(|| self.unexpected())?;
        self.skip_lines();
        let mut words = None;
        if self.eat_reserved("in") {
            let mut list = Vec::new();
            while let Some(word) = self.next_word()? {
                list.push(word);
            }
            words = Some(list);
        }
        self.skip_blanks();
        self.eat(";");
        let body = Box::new(self.body()?);
        Ok(Node::For { name, words, body })
    }

    fn case_clause(&mut self) -> Result<Node> {
        self.expect_reserved("case")?;
        let word = self.next_word()?.ok_or_else(|| self.unexpected())?;
        self.expect_reserved("in")?;
        let mut arms = Vec::new();
        loop {
            self.skip_lines();
            if self.eat_reserved("esac") {
                return Ok(Node::Case { word, arms });
            }
            self.eat("(");
            let mut patterns = Vec::new();
            loop {
                patterns.push(self.next_word()?.ok_or_else(|| self.unexpected())?);
                self.skip_blanks();
                if self.eat(")") {
                    break;
                }
                if !self.eat("|") {
                    return Err(self.unexpected());
                }
            }
            arms.push((patterns, self.list()?));
            self.skip_lines();
            if !self.eat(";;") {
                self.expect_reserved("esac")?;
                return Ok(Node::Case { word, arms });
            }
        }
    }

    /// A name of a variable or function.
    pub fn name(&mut self) -> Option<String> {
        let begins = |c: &char| c.is_ascii_alphabetic() || *c == '_';
        self.peek().filter(begins)?;
        let name: String = self.chars[self.at..].iter().take_while(|c| begins(c) || c.is_ascii_digit()).collect();
        self.at += name.len();
        Some(name)
    }

    fn simple(&mut self) -> Result<Node> {
        let mut simple = Simple::default();
        if let Some(function) = self.function()? {
            return Ok(function);
        }
        loop {
            if let Some(redirect) = self.redirect()? {
                simple.redirects.push(redirect);
                continue;
            }
            if simple.words.is_empty()
                && let Some(name) = self.assignment()
            {
                let value = self.word()?.unwrap_or_default();
                simple.assignments.push((name, value));
                continue;
            }
            match self.next_word()? {
                Some(word) => simple.words.push(word),
                None => break,
            }
        }
        if simple == Simple::default() {
            return Err(self.unexpected());
        }
        Ok(Node::Simple(simple))
    }

    /// `name() command`
    fn function(&mut self) -> Result<Option<Node>> {
        let before = self.at;
        if let Some(name) = self.name() {
            self.skip_blanks();
            if self.eat("(") {
                self.skip_blanks();
                if !self.eat(")") {
                    return Err(self.unexpected());
                }
                self.skip_lines();
                let body = Rc::new(self.nested(Self::command)?);
                return Ok(Some(Node::Function { name, body }));
            }
        }
        self.at = before;
        Ok(None)
    }

    /// The name of `name=`, which is passed over.
    fn assignment(&mut self) -> Option<String> {
        self.skip_blanks();
        let before = self.at;
        let name = self.name();
        if name.is_some() && self.eat("=") {
            return name;
        }
        self.at = before;
        None
    }

    fn next_word(&mut self) -> Result<Option<Word>> {
        self.skip_blanks();
        self.word()
    }

    fn redirect(&mut self) -> Result<Option<Redirect>> {
        self.skip_blanks();
        let before = self.at;
        let digits: String = self.chars[self.at..].iter().take_while(|c| c.is_ascii_digit()).take(3).collect();
        self.at += digits.len();
        let number = digits.parse().ok();
        let operators: [(&str, i32, MakeTarget); 7] = [
            (">>", 1, Target::Append),
            (">|", 1, Target::Write),
            (">&", 1, Target::Duplicate),
            ("<&", 0, Target::Duplicate),
            ("<>", 0, Target::ReadWrite),
            (">", 1, Target::Write),
            ("<", 0, Target::Read),
        ];
        if self.eat("<<") {
            let target = self.here_document()?;
            return Ok(Some(Redirect { fd: number.unwrap_or(0), target }));
        }
        for (operator, fd, target) in operators {
            if self.eat(operator) {
                let word = self.next_word()?.ok_or_else(|| self.unexpected())?;
                return Ok(Some(Redirect { fd: number.unwrap_or(fd), target: target(word) }));
            }
        }
        self.at = before;
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sh::syntax::Part;

    fn plain(text: &str) -> Word {
        vec![Part::Plain(text.to_owned())]
    }

    fn simple(words: &[&str]) -> Node {
        Node::Simple(Simple { words: words.iter().map(|word| plain(word)).collect(), ..Simple::default() })
    }

    fn one(text: &str) -> Node {
        match script(text).unwrap() {
            Node::List(mut commands) => commands.remove(0).0,
            other => other,
        }
    }

    #[test]
    fn operators_bind_as_they_should() {
        let expected = Node::Or(
            Box::new(Node::And(Box::new(simple(&["a"])), Box::new(simple(&["b"])))),
            Box::new(Node::Pipeline { negated: true, stages: vec![simple(&["c"]), simple(&["d"])] }),
        );
        assert_eq!(one("a && b || ! c | d # comment"), expected);
        let Node::List(commands) = script("a & b\nc;").unwrap() else { panic!() };
        let places: Vec<Place> = commands.iter().map(|(_, place)| *place).collect();
        assert_eq!(places, [Place::Background, Place::Foreground, Place::Foreground]);
    }

    #[test]
    fn redirections_and_assignments() {
        let Node::Simple(command) = one("A=1 B= cmd <in 2>>err >&2 x3>out") else { panic!() };
        assert_eq!(command.assignments, [("A".to_owned(), plain("1")), ("B".to_owned(), Word::new())]);
        assert_eq!(command.words, [plain("cmd"), plain("x3")]);
        let fds: Vec<i32> = command.redirects.iter().map(|redirect| redirect.fd).collect();
        assert_eq!(fds, [0, 2, 1, 1]);
        assert_eq!(command.redirects[1].target, Target::Append(plain("err")));
    }

    #[test]
    fn unfinished_text_wants_more_and_nonsense_is_refused() {
        for text in
            ["if true", "while true; do", "echo 'a", "echo \"a", "a &&", "a |", "( a", "echo $(a", "case x in", "cat <<E\nb", "f() {"]
        {
            assert_eq!(script(text), Err(Error::Incomplete), "{text}");
        }
        for text in ["fi", "a | ; b", ")", "if; then fi )", ";;", "for 1 in a; do b; done"] {
            assert!(matches!(script(text), Err(Error::Unexpected(_))), "{text}: {:?}", script(text));
        }
        let deep = "(".repeat(10_000);
        assert!(matches!(script(&deep), Err(Error::Unexpected(_))));
    }

    #[test]
    fn compound_commands() {
        let text =
            "if a; then b; elif c; then d; else e; fi >out\nfor i in 1 2; do echo $i; done; case $x in a|b) c ;; *) d; esac\nf() { g; }";
        let Node::List(commands) = script(text).unwrap() else { panic!() };
        assert_eq!(commands.len(), 4);
        assert!(matches!(&commands[0].0, Node::Redirected(inner, redirects) if matches!(**inner, Node::If { .. }) && redirects.len() == 1));
        assert!(matches!(&commands[2].0, Node::Case { arms, .. } if arms.len() == 2 && arms[0].0.len() == 2));
        assert!(matches!(&commands[3].0, Node::Function { name, .. } if name == "f"));
    }
}
