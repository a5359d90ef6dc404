//! Colours, on a terminal that has them and whose user wants them. Elsewhere text stays as it is.

use std::io::IsTerminal;

#[derive(Debug, Clone, Copy)]
pub struct Paint {
    is_on: bool,
}

impl Paint {
    #[expect(clippy::disallowed_methods, reason = "whether colours are wanted is told by the environment alone")]
    pub fn of_stdout() -> Self {
        let variable = |name| std::env::var(name).unwrap_or_default();
        let terminal = std::io::stdout().is_terminal().then(|| variable("TERM"));
        Self::of(terminal.as_deref(), &variable("NO_COLOR"))
    }

    /// For a terminal of that kind, or none. <https://no-color.org>: any value but the empty one says no.
    fn of(terminal: Option<&str>, no_color: &str) -> Self {
        Self { is_on: terminal.is_some_and(|kind| kind != "dumb") && no_color.is_empty() }
    }

    #[cfg(test)]
    pub fn none() -> Self {
        Self { is_on: false }
    }

    pub fn green(self, text: &str) -> String {
        self.coloured(32, text)
    }

    pub fn yellow(self, text: &str) -> String {
        self.coloured(33, text)
    }

    pub fn red(self, text: &str) -> String {
        self.coloured(31, text)
    }

    fn coloured(self, code: u8, text: &str) -> String {
        if self.is_on { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_for_terminals_that_want_them() {
        assert_eq!(Paint::of(Some("xterm"), "").green("ready"), "\x1b[32mready\x1b[0m");
        for plain in [Paint::of(None, ""), Paint::of(Some("xterm"), "1"), Paint::of(Some("dumb"), "")] {
            assert_eq!((plain.red("a"), plain.yellow("b")), ("a".to_owned(), "b".to_owned()));
        }
    }
}
