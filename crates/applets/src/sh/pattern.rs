//! Patterns (`*`, `?`, `[a-z]`) against texts and file names. Pure but for the listing of directories.

use std::fs;

/// A character of a pattern, and whether it was quoted: then it means itself.
pub type Field = Vec<(char, bool)>;

/// Most names that one pattern grows into.
const NAMES_MAX: usize = 65_536;

/// A pattern from a text without quotes.
#[cfg(test)]
pub fn of(text: &str) -> Field {
    text.chars().map(|c| (c, false)).collect()
}

/// The text of a field.
pub fn text(field: &[(char, bool)]) -> String {
    field.iter().map(|(c, _)| *c).collect()
}

fn is_special(field: &[(char, bool)]) -> bool {
    field.iter().any(|(c, quoted)| !quoted && matches!(c, '*' | '?' | '['))
}

/// Whether the whole text is as the pattern says.
pub fn matches(pattern: &[(char, bool)], text: &[char]) -> bool {
    // Where to go back to: the last star and how much it has taken.
    let (mut at, mut from, mut back) = (0, 0, None);
    while from < text.len() {
        match pattern.get(at) {
            Some(('*', false)) => {
                back = Some((at, from));
                at += 1;
                continue;
            }
            Some(_) => {
                if let Some(length) = matches_one(&pattern[at..], text[from]) {
                    (at, from) = (at + length, from + 1);
                    continue;
                }
            }
            None => {}
        }
        let Some((star, taken)) = back else { return false };
        back = Some((star, taken + 1));
        (at, from) = (star + 1, taken + 1);
    }
    pattern[at..].iter().all(|part| *part == ('*', false))
}

/// How long the beginning of the pattern is that the character is of.
fn matches_one(pattern: &[(char, bool)], c: char) -> Option<usize> {
    match pattern[0] {
        ('?', false) => Some(1),
        ('[', false) => match set(pattern) {
            Some((length, is_in)) => is_in(c).then_some(length),
            None => (c == '[').then_some(1),
        },
        (other, _) => (c == other).then_some(1),
    }
}

/// `[abc]`, `[!a-z]` at the beginning: its length, and what is in it.
fn set(pattern: &[(char, bool)]) -> Option<(usize, impl Fn(char) -> bool)> {
    let negated = matches!(pattern.get(1), Some(('!' | '^', false)));
    let first = 1 + usize::from(negated);
    // A bracket in the first place is one of the set.
    let end = pattern.iter().enumerate().skip(first + 1).find(|(_, part)| **part == (']', false))?.0;
    let items: Vec<char> = pattern[first..end].iter().map(|(c, _)| *c).collect();
    let is_in = move |c: char| {
        let (mut at, mut found) = (0, false);
        while at < items.len() {
            if at + 2 < items.len() && items[at + 1] == '-' {
                found |= (items[at]..=items[at + 2]).contains(&c);
                at += 3;
            } else {
                found |= items[at] == c;
                at += 1;
            }
        }
        found != negated
    };
    Some((end + 1, is_in))
}

/// The names that a field means: those of files if it is a pattern of any, else itself.
pub fn names(field: &Field) -> Vec<String> {
    if !is_special(field) {
        return vec![text(field)];
    }
    let is_absolute = field.first().is_some_and(|(c, _)| *c == '/');
    let mut found = vec![if is_absolute { "/".to_owned() } else { String::new() }];
    let parts: Vec<&[(char, bool)]> = field.split(|(c, _)| *c == '/').filter(|part| !part.is_empty()).collect();
    for (index, part) in parts.iter().enumerate() {
        let is_last = index + 1 == parts.len();
        found = found.iter().flat_map(|parent| below(parent, part)).take(NAMES_MAX).collect();
        if !is_last {
            found.iter_mut().for_each(|name| name.push('/'));
        }
    }
    if found.is_empty() {
        return vec![text(field)];
    }
    found.sort();
    found
}

fn below(parent: &str, part: &[(char, bool)]) -> Vec<String> {
    if !is_special(part) {
        let name = parent.to_owned() + &text(part);
        return if fs::symlink_metadata(&name).is_ok() { vec![name] } else { Vec::new() };
    }
    let hidden = part[0].0 == '.';
    let entries = fs::read_dir(if parent.is_empty() { "." } else { parent }).into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let shown = names.filter(|name| hidden || !name.starts_with('.'));
    shown.filter(|name| matches(part, &name.chars().collect::<Vec<_>>())).map(|name| parent.to_owned() + &name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_sets_and_quotes() {
        let fits = |pattern: &str, text: &str| matches(&of(pattern), &text.chars().collect::<Vec<_>>());
        for (pattern, text) in
            [("*", ""), ("a*c", "abbc"), ("a*b*c", "axbxbc"), ("?b", "ab"), ("[a-c]x", "bx"), ("[!a]", "b"), ("[]]", "]"), ("[", "[")]
        {
            assert!(fits(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("a*c", "abd"), ("?", ""), ("?", "ab"), ("[a-c]", "d"), ("[!a]", "a"), ("", "a")] {
            assert!(!fits(pattern, text), "{pattern} {text}");
        }
        assert!(matches(&[('*', true)], &['*']) && !matches(&[('*', true)], &['a']));
    }

    #[test]
    fn a_pattern_of_many_stars_ends() {
        assert!(!matches(&of(&"*a".repeat(40)), &"a".repeat(39).chars().collect::<Vec<_>>()));
    }

    #[test]
    fn names_of_files() {
        let dir = std::env::temp_dir().join(format!("stead-sh-{}", std::process::id()));
        fs::create_dir_all(dir.join("sub")).unwrap();
        for name in ["a1", "a2", ".hidden", "sub/a3"] {
            fs::write(dir.join(name), "").unwrap();
        }
        let base = dir.to_string_lossy().into_owned();
        let found =
            |pattern: &str| names(&of(&format!("{base}/{pattern}"))).iter().map(|n| n[base.len() + 1..].to_owned()).collect::<Vec<_>>();
        assert_eq!(found("a*"), ["a1", "a2"]);
        assert_eq!(found("*/a*"), ["sub/a3"]);
        assert_eq!(found(".h*"), [".hidden"]);
        assert_eq!(found("z*"), ["z*"]);
        fs::remove_dir_all(dir).unwrap();
    }
}
