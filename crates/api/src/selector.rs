//! Label and field selectors: parsing, matching, printing, and their error texts (S1, S2, S3).
//! Input: query text or a LabelSelector object. Output: selectors that match labels or objects, or upstream's error text.

use crate::{
    Map, Value,
    field::{Errors, Path, forbidden, invalid, required},
    names,
    registry::Kind,
    value::Access,
    wire::json::go_quote,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

mod lexer;
use lexer::{Context, Parser, Token};

/// How a requirement compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    In,
    NotIn,
    Equals,
    DoubleEquals,
    NotEquals,
    Exists,
    DoesNotExist,
    GreaterThan,
    LessThan,
}

/// One condition on labels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    pub key: String,
    pub operator: Operator,
    pub values: BTreeSet<String>,
}

/// A conjunction of requirements, in key order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LabelSelector {
    /// Matches no object: what an absent LabelSelector means.
    Nothing,
    /// All of these hold; an empty list matches everything.
    All(Vec<Requirement>),
}

impl LabelSelector {
    /// Matches every object.
    pub fn everything() -> Self {
        Self::All(Vec::new())
    }

    /// Parses the text of a `labelSelector` parameter; the error is the whole message of the 400.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut requirements = parse_requirements(text)?;
        requirements.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(Self::All(requirements))
    }

    /// Reads a LabelSelector object (`matchLabels`, `matchExpressions`); absent or null selects nothing.
    /// Unknown operators, which validation refuses, select nothing either.
    pub fn from_object(object: Option<&Value>) -> Self {
        let Some(object) = object.filter(|o| o.is_object()) else { return Self::Nothing };
        let mut requirements: Vec<Requirement> = exact(object.map("matchLabels")).collect();
        for expression in object.items("matchExpressions") {
            let operator = match expression.str("operator") {
                "In" => Operator::In,
                "NotIn" => Operator::NotIn,
                "Exists" => Operator::Exists,
                "DoesNotExist" => Operator::DoesNotExist,
                _ => return Self::Nothing,
            };
            let values = expression.items("values").iter().filter_map(Value::as_str).map(str::to_owned).collect();
            requirements.push(Requirement { key: expression.str("key").to_owned(), operator, values });
        }
        requirements.sort_by(|a, b| a.key.cmp(&b.key));
        Self::All(requirements)
    }

    /// Reads a plain map of labels, as Services have; empty matches everything.
    pub fn from_map(labels: Option<&Map<String, Value>>) -> Self {
        let mut requirements: Vec<Requirement> = exact(labels).collect();
        requirements.sort_by(|a, b| a.key.cmp(&b.key));
        Self::All(requirements)
    }

    /// Whether it matches everything.
    pub fn is_everything(&self) -> bool {
        matches!(self, Self::All(requirements) if requirements.is_empty())
    }

    /// Whether these labels satisfy it.
    pub fn matches(&self, labels: Option<&Map<String, Value>>) -> bool {
        match self {
            Self::Nothing => false,
            Self::All(requirements) => requirements.iter().all(|r| r.matches(labels)),
        }
    }

    /// As [`matches`](Self::matches), for labels that are parsed.
    pub fn matches_labels(&self, labels: &BTreeMap<String, String>) -> bool {
        match self {
            Self::Nothing => false,
            Self::All(requirements) => requirements.iter().all(|r| r.holds(labels.get(&r.key).map(String::as_str))),
        }
    }

    /// Whether an object's `metadata.labels` satisfy it.
    pub fn matches_object(&self, object: &Value) -> bool {
        self.matches(object["metadata"].map("labels"))
    }
}

fn exact(labels: Option<&Map<String, Value>>) -> impl Iterator<Item = Requirement> {
    labels.into_iter().flatten().map(|(key, value)| Requirement {
        key: key.clone(),
        operator: Operator::Equals,
        values: BTreeSet::from([value.as_str().unwrap_or_default().to_owned()]),
    })
}

impl Requirement {
    /// Whether these labels satisfy it. `!=` and `notin` hold for labels without the key.
    pub fn matches(&self, labels: Option<&Map<String, Value>>) -> bool {
        self.holds(labels.and_then(|l| l.get(&self.key)).map(|v| v.as_str().unwrap_or_default()))
    }

    fn holds(&self, value: Option<&str>) -> bool {
        match self.operator {
            Operator::In | Operator::Equals | Operator::DoubleEquals => value.is_some_and(|v| self.values.contains(v)),
            Operator::NotIn | Operator::NotEquals => !value.is_some_and(|v| self.values.contains(v)),
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
            Operator::GreaterThan => self.compare(value).is_some_and(|(have, bound)| have > bound),
            Operator::LessThan => self.compare(value).is_some_and(|(have, bound)| have < bound),
        }
    }

    fn compare(&self, value: Option<&str>) -> Option<(i64, i64)> {
        Some((value?.parse().ok()?, self.values.first()?.parse().ok()?))
    }

    /// Checks key, number and form of the values; the error is upstream's aggregate text.
    fn checked(self) -> Result<Self, String> {
        let mut errors = Vec::new();
        if matches!(self.operator, Operator::GreaterThan | Operator::LessThan) {
            for (index, value) in self.values.iter().enumerate().filter(|(_, v)| v.parse::<i64>().is_err()) {
                let why = "for 'Gt', 'Lt' operators, the value must be an integer";
                errors.push(format!("values[{index}]: Invalid value: {}: {why}", go_quote(value)));
            }
        }
        for (index, value) in self.values.iter().enumerate() {
            let faults = names::label_value(value);
            if !faults.is_empty() {
                let why = faults.join("; ");
                errors.push(format!("values[{index}][{}]: Invalid value: {}: {why}", self.key, go_quote(value)));
            }
        }
        match errors.len() {
            0 => Ok(self),
            1 => Err(errors.remove(0)),
            _ => Err(format!("[{}]", errors.join(", "))),
        }
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let values = || self.values.iter().map(String::as_str).collect::<Vec<_>>().join(",");
        let key = &self.key;
        match self.operator {
            Operator::Exists => write!(f, "{key}"),
            Operator::DoesNotExist => write!(f, "!{key}"),
            Operator::Equals => write!(f, "{key}={}", values()),
            Operator::DoubleEquals => write!(f, "{key}=={}", values()),
            Operator::NotEquals => write!(f, "{key}!={}", values()),
            Operator::GreaterThan => write!(f, "{key}>{}", values()),
            Operator::LessThan => write!(f, "{key}<{}", values()),
            Operator::In => write!(f, "{key} in ({})", values()),
            Operator::NotIn => write!(f, "{key} notin ({})", values()),
        }
    }
}

/// The form of Scale's `status.selector`: `app=web,n notin (1),t in (x,y),!z`.
impl fmt::Display for LabelSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::All(requirements) = self else { return Ok(()) };
        let texts: Vec<String> = requirements.iter().map(ToString::to_string).collect();
        f.write_str(&texts.join(","))
    }
}

fn parse_requirements(text: &str) -> Result<Vec<Requirement>, String> {
    let mut parser = Parser::new(text);
    let mut requirements = Vec::new();
    loop {
        match parser.lookahead(Context::Values) {
            (Token::Identifier | Token::Not, _) => {}
            (Token::End, _) => return Ok(requirements),
            (_, found) => return Err(format!("found '{found}', expected: !, identifier, or 'end of string'")),
        }
        let requirement = parse_requirement(&mut parser).map_err(|e| format!("unable to parse requirement: {e}"))?;
        requirements.push(requirement);
        match parser.consume(Context::Values) {
            (Token::End, _) => return Ok(requirements),
            (Token::Comma, _) => {
                let (token, found) = parser.lookahead(Context::Values);
                if !matches!(token, Token::Identifier | Token::Not) {
                    return Err(format!("found '{found}', expected: identifier after ','"));
                }
            }
            (_, found) => return Err(format!("found '{found}', expected: ',' or 'end of string'")),
        }
    }
}

fn parse_requirement(parser: &mut Parser) -> Result<Requirement, String> {
    let (mut token, mut key) = parser.consume(Context::Values);
    let negated = token == Token::Not;
    if negated {
        (token, key) = parser.consume(Context::Values);
    }
    if token != Token::Identifier {
        return Err(format!("found '{key}', expected: identifier"));
    }
    let faults = names::qualified_name(&key);
    if !faults.is_empty() {
        return Err(format!("<nil>: Invalid value: {}: {}", go_quote(&key), faults.join("; ")));
    }
    if negated {
        return Ok(Requirement { key, operator: Operator::DoesNotExist, values: BTreeSet::new() });
    }
    if matches!(parser.lookahead(Context::Values).0, Token::End | Token::Comma) {
        return Ok(Requirement { key, operator: Operator::Exists, values: BTreeSet::new() });
    }
    let operator = parse_operator(parser)?;
    let values = match operator {
        Operator::In | Operator::NotIn => parse_values(parser)?,
        _ => parse_exact_value(parser)?,
    };
    Requirement { key, operator, values }.checked()
}

fn parse_operator(parser: &mut Parser) -> Result<Operator, String> {
    let (token, found) = parser.consume(Context::KeyAndOperator);
    Ok(match token {
        Token::In => Operator::In,
        Token::NotIn => Operator::NotIn,
        Token::Equals => Operator::Equals,
        Token::DoubleEquals => Operator::DoubleEquals,
        Token::NotEquals => Operator::NotEquals,
        Token::Greater => Operator::GreaterThan,
        Token::Less => Operator::LessThan,
        _ => return Err(format!("found '{found}', expected: in, notin, =, ==, !=, gt, lt")),
    })
}

fn parse_values(parser: &mut Parser) -> Result<BTreeSet<String>, String> {
    let (token, found) = parser.consume(Context::Values);
    if token != Token::Open {
        return Err(format!("found '{found}' expected: '('"));
    }
    match parser.lookahead(Context::Values) {
        (Token::Identifier | Token::Comma, found) => {
            let values = parse_list(parser)?;
            match parser.consume(Context::Values).0 {
                Token::Close => Ok(values),
                _ => Err(format!("found '{found}', expected: ')'")),
            }
        }
        (Token::Close, _) => {
            parser.consume(Context::Values);
            Ok(BTreeSet::from([String::new()]))
        }
        (_, found) => Err(format!("found '{found}', expected: ',', ')' or identifier")),
    }
}

/// The values between parentheses; an empty place is the empty value.
fn parse_list(parser: &mut Parser) -> Result<BTreeSet<String>, String> {
    let mut values = BTreeSet::new();
    loop {
        match parser.consume(Context::Values) {
            (Token::Identifier, value) => {
                values.insert(value);
                match parser.lookahead(Context::Values) {
                    (Token::Comma, _) => {}
                    (Token::Close, _) => return Ok(values),
                    (_, found) => return Err(format!("found '{found}', expected: ',' or ')'")),
                }
            }
            (Token::Comma, _) => {
                if values.is_empty() {
                    values.insert(String::new());
                }
                match parser.lookahead(Context::Values).0 {
                    Token::Close => {
                        values.insert(String::new());
                        return Ok(values);
                    }
                    Token::Comma => {
                        parser.consume(Context::Values);
                        values.insert(String::new());
                    }
                    _ => {}
                }
            }
            (_, found) => return Err(format!("found '{found}', expected: ',', or identifier")),
        }
    }
}

fn parse_exact_value(parser: &mut Parser) -> Result<BTreeSet<String>, String> {
    if matches!(parser.lookahead(Context::Values).0, Token::End | Token::Comma) {
        return Ok(BTreeSet::from([String::new()]));
    }
    match parser.consume(Context::Values) {
        (Token::Identifier, value) => Ok(BTreeSet::from([value])),
        (_, found) => Err(format!("found '{found}', expected: identifier")),
    }
}

/// Validates a map of labels; every error is at `path` itself.
pub fn validate_labels(labels: Option<&Map<String, Value>>, path: &Path) -> Errors {
    let mut errors = Errors::new();
    for (key, value) in labels.into_iter().flatten() {
        errors.extend(names::qualified_name(key).iter().map(|why| invalid(path, key.as_str(), why)));
        let value = value.as_str().unwrap_or_default();
        errors.extend(names::label_value(value).iter().map(|why| invalid(path, value, why)));
    }
    errors
}

/// Validates a LabelSelector object.
pub fn validate_label_selector(selector: &Value, path: &Path) -> Errors {
    let mut errors = validate_labels(selector.map("matchLabels"), &path.child("matchLabels"));
    for (index, expression) in selector.items("matchExpressions").iter().enumerate() {
        errors.extend(validate_expression(expression, &path.child("matchExpressions").index(index)));
    }
    errors
}

fn validate_expression(expression: &Value, path: &Path) -> Errors {
    let mut errors = Errors::new();
    let values = expression.items("values");
    match expression.str("operator") {
        "In" | "NotIn" if values.is_empty() => {
            errors.push(required(&path.child("values"), "must be specified when `operator` is 'In' or 'NotIn'"));
        }
        "Exists" | "DoesNotExist" if !values.is_empty() => {
            let why = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
            errors.push(forbidden(&path.child("values"), why));
        }
        "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
        other => errors.push(invalid(&path.child("operator"), other, "not a valid selector operator")),
    }
    let key = expression.str("key");
    errors.extend(names::qualified_name(key).iter().map(|why| invalid(&path.child("key"), key, why)));
    for (index, value) in values.iter().enumerate() {
        let value = value.as_str().unwrap_or_default();
        let path = path.child("values").index(index);
        errors.extend(names::label_value(value).iter().map(|why| invalid(&path, value, why)));
    }
    errors
}

/// One condition on a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldTerm {
    pub field: String,
    pub negated: bool,
    pub value: String,
}

/// A conjunction of field conditions.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FieldSelector(pub Vec<FieldTerm>);

impl FieldSelector {
    /// Parses the text of a `fieldSelector` parameter; the error is the whole message of the 400.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut terms = Vec::new();
        for part in split_terms(text).into_iter().filter(|part| !part.is_empty()) {
            let (field, negated, value) =
                split_term(part).ok_or_else(|| format!("invalid selector: '{text}'; can't understand '{part}'"))?;
            terms.push(FieldTerm { field: field.to_owned(), negated, value: unescape(value)? });
        }
        Ok(Self(terms))
    }

    /// Whether this kind can be selected by these fields; the error is the whole message of the 400.
    /// Kinds without selectable fields of their own name the two that all kinds have.
    pub fn check(&self, kind: &Kind) -> Result<(), String> {
        for FieldTerm { field, .. } in &self.0 {
            let generic = kind.selectable.is_empty();
            let known = match field.as_str() {
                "metadata.name" => true,
                "metadata.namespace" => generic || kind.namespaced,
                other => kind.selectable.contains(&other),
            };
            if !known && generic {
                return Err(format!("\"{field}\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\""));
            }
            if !known {
                return Err(kind.hooks.unselectable(field));
            }
        }
        Ok(())
    }

    /// Whether an object of that kind satisfies it.
    pub fn matches(&self, kind: &Kind, object: &Value) -> bool {
        self.0.iter().all(|term| {
            let value = match term.field.as_str() {
                "metadata.name" => object["metadata"].str("name").to_owned(),
                "metadata.namespace" => object["metadata"].str("namespace").to_owned(),
                other => kind.hooks.selectable(object, other),
            };
            (value == term.value) != term.negated
        })
    }

    /// The value that `metadata.name` must have, if one is fixed.
    pub fn name(&self) -> Option<&str> {
        self.0.iter().find(|t| t.field == "metadata.name" && !t.negated).map(|t| t.value.as_str())
    }

    pub fn is_everything(&self) -> bool {
        self.0.is_empty()
    }
}

/// Splits at commas that no backslash escapes.
fn split_terms(text: &str) -> Vec<&str> {
    let mut terms = Vec::new();
    let mut start = 0;
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            ',' => {
                terms.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    terms.push(&text[start..]);
    terms
}

/// Field, whether negated, and the escaped value, at the first operator.
fn split_term(term: &str) -> Option<(&str, bool, &str)> {
    (0..term.len()).filter(|at| term.is_char_boundary(*at)).find_map(|at| {
        let (head, tail) = term.split_at(at);
        let negated = tail.starts_with("!=");
        let value = tail.strip_prefix("!=").or_else(|| tail.strip_prefix("==")).or_else(|| tail.strip_prefix('='))?;
        Some((head, negated, value))
    })
}

fn unescape(value: &str) -> Result<String, String> {
    let mut out = String::new();
    let mut escaped = false;
    for c in value.chars() {
        match c {
            '\\' | ',' | '=' if escaped => {
                out.push(c);
                escaped = false;
            }
            _ if escaped => return Err(format!("invalid field selector: invalid escape sequence: \\{c}")),
            '\\' => escaped = true,
            ',' | '=' => return Err(format!("invalid field selector: unescaped character in value: {}", u32::from(c))),
            _ => out.push(c),
        }
    }
    if escaped { Err("invalid field selector: invalid escape sequence: \\".to_owned()) } else { Ok(out) }
}

#[cfg(test)]
mod tests;
