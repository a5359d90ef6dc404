//! `$((...))`: whole numbers, variables, the usual operators. Pure. Division by zero and overflow are errors, not crashes.

/// Most operands of one expression, which bounds its nesting too.
const OPERANDS_MAX: usize = 200;

/// Binary operators, the loosest first.
const LEVELS: [&[&str]; 10] =
    [&["||"], &["&&"], &["|"], &["^"], &["&"], &["==", "!="], &["<=", ">=", "<", ">"], &["<<", ">>"], &["+", "-"], &["*", "/", "%"]];

/// The value of an expression; `variable` is what a name stands for.
pub fn evaluate(text: &str, variable: &dyn Fn(&str) -> String) -> Result<i64, String> {
    let mut expression = Expression { rest: text.trim_start(), variable, operands: 0 };
    if expression.rest.is_empty() {
        return Ok(0);
    }
    let value = expression.choice()?;
    if expression.rest.is_empty() { Ok(value) } else { Err(format!("arithmetic: unexpected '{}'", expression.rest)) }
}

struct Expression<'a> {
    rest: &'a str,
    variable: &'a dyn Fn(&str) -> String,
    operands: usize,
}

impl Expression<'_> {
    fn eat(&mut self, mark: &str) -> bool {
        match self.rest.strip_prefix(mark) {
            Some(rest) => {
                self.rest = rest.trim_start();
                true
            }
            None => false,
        }
    }

    /// `a ? b : c`
    fn choice(&mut self) -> Result<i64, String> {
        let condition = self.level(0)?;
        let mut value = condition;
        if self.eat("?") {
            let yes = self.choice()?;
            if !self.eat(":") {
                return Err("arithmetic: ':' is missing".to_owned());
            }
            let no = self.choice()?;
            value = if condition != 0 { yes } else { no };
        }
        Ok(value)
    }

    fn level(&mut self, level: usize) -> Result<i64, String> {
        let Some(operators) = LEVELS.get(level) else { return self.unary() };
        let mut left = self.level(level + 1)?;
        while let Some(operator) = self.operator(operators) {
            let right = self.level(level + 1)?;
            left = apply(operator, left, right)?;
        }
        Ok(left)
    }

    fn operator(&mut self, operators: &[&'static str]) -> Option<&'static str> {
        let longer = |operator: &str| {
            let doubled = matches!(operator, "|" | "&" | "<" | ">").then(|| operator.repeat(2));
            doubled.is_some_and(|doubled| self.rest.starts_with(&doubled))
        };
        let found = operators.iter().copied().find(|operator| self.rest.starts_with(operator) && !longer(operator))?;
        self.eat(found);
        Some(found)
    }

    fn unary(&mut self) -> Result<i64, String> {
        let overflow = || "arithmetic: too large".to_owned();
        self.operands += 1;
        if self.operands > OPERANDS_MAX {
            return Err("arithmetic: too long".to_owned());
        }
        if self.eat("!") {
            return Ok(i64::from(self.unary()? == 0));
        }
        if self.eat("-") {
            return self.unary()?.checked_neg().ok_or_else(overflow);
        }
        if self.eat("~") {
            return Ok(!self.unary()?);
        }
        if self.eat("+") {
            return self.unary();
        }
        if self.eat("(") {
            let value = self.choice()?;
            return if self.eat(")") { Ok(value) } else { Err("arithmetic: ')' is missing".to_owned()) };
        }
        let end = self.rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest.trim_start();
        match word.chars().next() {
            None => Err(format!("arithmetic: a number is missing before '{}'", self.rest)),
            Some(c) if c.is_ascii_digit() => number(word).ok_or_else(|| format!("arithmetic: '{word}' is no number")),
            Some(_) => match (self.variable)(word).trim() {
                "" => Ok(0),
                text => text.parse().ok().or_else(|| number(text)).ok_or_else(|| format!("arithmetic: '{text}' is no number")),
            },
        }
    }
}

/// Decimal, `0x` hexadecimal or `0` octal.
fn number(word: &str) -> Option<i64> {
    if let Some(hex) = word.strip_prefix("0x").or_else(|| word.strip_prefix("0X")) {
        return i64::from_str_radix(hex, 16).ok();
    }
    if word.len() > 1 && word.starts_with('0') {
        return i64::from_str_radix(word, 8).ok();
    }
    word.parse().ok()
}

fn apply(operator: &str, left: i64, right: i64) -> Result<i64, String> {
    let shift = u32::try_from(right).ok();
    let value = match operator {
        "||" => Some(i64::from(left != 0 || right != 0)),
        "&&" => Some(i64::from(left != 0 && right != 0)),
        "|" => Some(left | right),
        "^" => Some(left ^ right),
        "&" => Some(left & right),
        "==" => Some(i64::from(left == right)),
        "!=" => Some(i64::from(left != right)),
        "<=" => Some(i64::from(left <= right)),
        ">=" => Some(i64::from(left >= right)),
        "<" => Some(i64::from(left < right)),
        ">" => Some(i64::from(left > right)),
        "<<" => shift.and_then(|shift| left.checked_shl(shift)),
        ">>" => shift.and_then(|shift| left.checked_shr(shift)),
        "+" => left.checked_add(right),
        "-" => left.checked_sub(right),
        "*" => left.checked_mul(right),
        "/" | "%" if right == 0 => return Err("arithmetic: division by zero".to_owned()),
        "/" => left.checked_div(right),
        _ => left.checked_rem(right),
    };
    value.ok_or_else(|| "arithmetic: too large".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_and_variables() {
        let value = |text: &str| evaluate(text, &|name| if name == "n" { "7".to_owned() } else { String::new() });
        for (text, expected) in [
            ("1 + 2 * 3", 7),
            ("(1+2)*3", 9),
            ("n % 4 == 3", 1),
            ("-n", -7),
            ("!unset", 1),
            ("1 || 0 && 0", 1),
            ("0x10 + 010", 24),
            ("n > 3 ? 1 : 2", 1),
            ("1 << 4 | 1", 17),
            ("", 0),
        ] {
            assert_eq!(value(text), Ok(expected), "{text}");
        }
        for text in ["1 +", "1 / 0", "(1", "9223372036854775807 + 1", "1x", "a b"] {
            assert!(value(text).is_err(), "{text}");
        }
        assert!(value(&"(".repeat(5000)).is_err());
        assert!(value(&"-".repeat(500)).is_err());
    }
}
