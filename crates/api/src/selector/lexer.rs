//! The tokens of a label selector. Input: text. Output: tokens with their literal text, one ahead at a time.

/// A token; `in` and `notin` are identifiers where a key or value is expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token {
    Identifier,
    In,
    NotIn,
    Not,
    Equals,
    DoubleEquals,
    NotEquals,
    Greater,
    Less,
    Open,
    Close,
    Comma,
    End,
}

/// What the parser expects, which decides how `in` and `notin` are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Context {
    KeyAndOperator,
    Values,
}

/// All tokens of a selector and a position in them.
#[derive(Debug)]
pub(super) struct Parser {
    tokens: Vec<(Token, String)>,
    at: usize,
}

impl Parser {
    pub(super) fn new(text: &str) -> Self {
        Self { tokens: tokens(text), at: 0 }
    }

    pub(super) fn lookahead(&self, context: Context) -> (Token, String) {
        let (token, literal) = self.tokens.get(self.at).cloned().unwrap_or((Token::End, String::new()));
        match token {
            Token::In | Token::NotIn if context == Context::Values => (Token::Identifier, literal),
            _ => (token, literal),
        }
    }

    pub(super) fn consume(&mut self, context: Context) -> (Token, String) {
        let item = self.lookahead(context);
        self.at += 1;
        item
    }
}

fn is_special(c: char) -> bool {
    matches!(c, '=' | '!' | '(' | ')' | ',' | '>' | '<')
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

fn tokens(text: &str) -> Vec<(Token, String)> {
    let mut rest = text;
    let mut tokens = Vec::new();
    loop {
        rest = rest.trim_start_matches(is_blank);
        // A NUL ends the text, as in upstream's lexer.
        let Some(first) = rest.chars().next().filter(|c| *c != '\0') else { return tokens };
        let (token, len) = if is_special(first) {
            special(rest)
        } else {
            let len = rest.find(|c| is_special(c) || is_blank(c) || c == '\0').unwrap_or(rest.len());
            let token = match &rest[..len] {
                "in" => Token::In,
                "notin" => Token::NotIn,
                _ => Token::Identifier,
            };
            (token, len)
        };
        tokens.push((token, rest[..len].to_owned()));
        rest = &rest[len..];
    }
}

/// The longest operator at the start of `text`, which begins with a special character.
fn special(text: &str) -> (Token, usize) {
    let all = [
        ("==", Token::DoubleEquals),
        ("!=", Token::NotEquals),
        ("=", Token::Equals),
        ("!", Token::Not),
        (">", Token::Greater),
        ("<", Token::Less),
        ("(", Token::Open),
        (")", Token::Close),
    ];
    all.into_iter().find(|(literal, _)| text.starts_with(literal)).map_or((Token::Comma, 1), |(literal, token)| (token, literal.len()))
}
