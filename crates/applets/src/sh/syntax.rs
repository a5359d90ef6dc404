//! What a script says, as a tree.

use std::rc::Rc;

/// A command or a list of them.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    Simple(Simple),
    /// `! a | b`
    Pipeline {
        negated: bool,
        stages: Vec<Node>,
    },
    And(Box<Node>, Box<Node>),
    Or(Box<Node>, Box<Node>),
    /// Commands one after the other, each in the background or not.
    List(Vec<(Node, Place)>),
    /// `( list )`
    Subshell(Box<Node>),
    /// `{ list; }` or a compound command with redirections of its own.
    Redirected(Box<Node>, Vec<Redirect>),
    If {
        arms: Vec<(Node, Node)>,
        otherwise: Option<Box<Node>>,
    },
    Loop {
        /// The condition's success that the loop goes on with: `while` true, `until` false.
        goes_on_with: bool,
        condition: Box<Node>,
        body: Box<Node>,
    },
    For {
        name: String,
        /// Without `in`: the positional parameters.
        words: Option<Vec<Word>>,
        body: Box<Node>,
    },
    Case {
        word: Word,
        arms: Vec<(Vec<Word>, Node)>,
    },
    Function {
        name: String,
        body: Rc<Node>,
    },
}

/// Where a command of a list runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Foreground,
    Background,
}

/// `NAME=value command words <file`
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Simple {
    pub assignments: Vec<(String, Word)>,
    pub words: Vec<Word>,
    pub redirects: Vec<Redirect>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Redirect {
    pub fd: i32,
    pub target: Target,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Target {
    Read(Word),
    Write(Word),
    Append(Word),
    /// `<>`
    ReadWrite(Word),
    /// `>&N`, `<&N`; `-` closes.
    Duplicate(Word),
    /// The text of a here-document.
    Text(Word),
}

/// A word before expansion.
pub type Word = Vec<Part>;

#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// Not quoted: may hold patterns.
    Plain(String),
    /// Quoted: means itself.
    Quoted(String),
    Expansion {
        what: Expansion,
        quoting: Quoting,
    },
}

/// Whether an expansion stands in double quotes: then it is neither split nor a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quoting {
    Unquoted,
    Double,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Expansion {
    /// `$NAME`, `${NAME}`
    Variable(String),
    /// `${#NAME}`
    Length(String),
    /// `${NAME:-word}` and its kind
    Modified { name: String, modifier: Modifier, word: Word },
    /// `$(list)`
    Command(Node),
    /// `$((expression))`
    Arithmetic(Word),
}

/// What a modifier does; `if_empty`: with a colon, an empty value counts as unset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Modifier {
    Default { if_empty: bool },
    Assign { if_empty: bool },
    Error { if_empty: bool },
    Alternative { if_empty: bool },
    WithoutPrefix(Reach),
    WithoutSuffix(Reach),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    Shortest,
    Longest,
}
