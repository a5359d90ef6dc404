//! Snippets in CoreDNS's language: server blocks (`ZONES { ... }`) and directives with arguments and blocks. Pure; knows no directive.

use std::iter::Peekable;
use std::vec::IntoIter;

/// `name arguments... { directives }`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directive {
    pub name: String,
    pub arguments: Vec<String>,
    pub block: Vec<Directive>,
    /// The line that it begins on, from 1.
    pub line: usize,
}

/// Blocks within blocks; nothing needs more.
const DEPTH_MAX: usize = 8;

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Word(String),
    Open,
    Close,
    End,
}

/// The directives of a text, in order.
pub fn parse(text: &str) -> Result<Vec<Directive>, String> {
    let mut tokens = tokens(text)?.into_iter().peekable();
    let directives = directives(&mut tokens, 0)?;
    match tokens.next() {
        Some((_, line)) => Err(format!("line {line}: '}}' without '{{'")),
        None => Ok(directives),
    }
}

type Tokens = Peekable<IntoIter<(Token, usize)>>;

fn directives(tokens: &mut Tokens, depth: usize) -> Result<Vec<Directive>, String> {
    let mut found = Vec::new();
    while let Some((token, line)) = tokens.next_if(|(token, _)| *token != Token::Close) {
        let name = match token {
            Token::Word(name) => name,
            Token::End => continue,
            Token::Open | Token::Close => return Err(format!("line {line}: '{{' without a name before it")),
        };
        let mut directive = Directive { name, arguments: Vec::new(), block: Vec::new(), line };
        while let Some((token, line)) = tokens.next_if(|(token, _)| *token != Token::Close) {
            match token {
                Token::Word(word) => directive.arguments.push(word),
                Token::End => break,
                Token::Open if depth == DEPTH_MAX => return Err(format!("line {line}: blocks too deep within each other")),
                Token::Open => {
                    directive.block = directives(tokens, depth + 1)?;
                    match tokens.next() {
                        Some((Token::Close, _)) => break,
                        _ => return Err(format!("line {line}: '{{' without '}}'")),
                    }
                }
                Token::Close => {}
            }
        }
        found.push(directive);
    }
    Ok(found)
}

fn tokens(text: &str) -> Result<Vec<(Token, usize)>, String> {
    let mut tokens = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let mut rest = line.trim_start();
        while !rest.is_empty() && !rest.starts_with('#') {
            let (word, after) = match rest.strip_prefix('"') {
                Some(quoted) => quoted.split_once('"').ok_or_else(|| format!("line {}: a quote that does not end", index + 1))?,
                None => rest.split_at(rest.find(char::is_whitespace).unwrap_or(rest.len())),
            };
            tokens.push(match word {
                "{" => (Token::Open, index + 1),
                "}" => (Token::Close, index + 1),
                word => (Token::Word(word.to_owned()), index + 1),
            });
            rest = after.trim_start();
        }
        tokens.push((Token::End, index + 1));
    }
    Ok(tokens)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(directives: &[Directive]) -> String {
        let one = |directive: &Directive| {
            let block = if directive.block.is_empty() { String::new() } else { format!("{{{}}}", shown(&directive.block)) };
            format!("{}({}){block}", directive.name, directive.arguments.join(","))
        };
        directives.iter().map(one).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn blocks_and_arguments_are_read() {
        let text = "# c\nexample.com:53 other {\n  errors\n  forward . 192.0.2.1 \"192.0.2.2\" { # more\n    policy random\n  }\n}\nlog\n";
        let wanted = "example.com:53(other){errors() forward(.,192.0.2.1,192.0.2.2){policy(random)}} log()";
        assert_eq!(shown(&parse(text).unwrap()), wanted);
    }

    #[test]
    fn what_is_not_closed_is_said() {
        for (text, said) in [("a {\n b\n", "line 1"), ("}", "line 1"), ("\n{ a }", "line 2"), ("a \"b", "line 1")] {
            assert!(parse(text).unwrap_err().contains(said), "{text}");
        }
        assert!(parse(&"a {\n".repeat(100)).unwrap_err().contains("too deep"));
    }

    proptest! {
        #[test]
        fn any_text_is_answered(text in "[a-z{}\"# \n]{0,200}") {
            let _parsed = parse(&text);
        }
    }
}
