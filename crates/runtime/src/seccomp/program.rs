//! From a profile to the program that the kernel runs at each system call: a binary search by number, then conditions one after another.
//!
//! ```text
//!   architecture ─┬ native ─────▶ number ─▶ search tree ─▶ answer, or conditions ─▶ answer
//!                 ├ compatible ─▶ number ─▶ search tree of its own ─▶ ...
//!                 └ any other ──▶ the process ends
//! ```
//!
//! Pure. Numbers above all that a profile that refuses by default names are those of calls that it could not know: they fail with `ENOSYS`, so that
//! libraries try older ones.

use std::collections::BTreeMap;

use stead_sys::seccomp::{INSTRUCTIONS_MAX, Instruction};

use super::numbers::{X32_FIRST, audit, number};
use super::profile::{Action, Architecture, Comparison, Condition, Profile, Rule};

const LOAD: u16 = 0x20;
const AND: u16 = 0x54;
const RETURN: u16 = 0x06;
const JUMP: u16 = 0x05;
const JUMP_EQUAL: u16 = 0x15;
const JUMP_GREATER: u16 = 0x25;
const JUMP_GREATER_OR_EQUAL: u16 = 0x35;

/// Places in the kernel's `struct seccomp_data`.
const NUMBER: u32 = 0;
const ARCHITECTURE: u32 = 4;
const ARGUMENTS: u32 = 16;

fn step(code: u16, operand: u32) -> Instruction {
    Instruction { code, if_true: 0, if_false: 0, operand }
}

fn answer(action: Action) -> Instruction {
    step(
        RETURN,
        match action {
            Action::KillProcess => 0x8000_0000,
            Action::KillThread => 0,
            Action::Trap => 0x0003_0000,
            Action::Errno(number) => 0x0005_0000 | u32::from(number),
            Action::Trace(number) => 0x7ff0_0000 | u32::from(number),
            Action::Log => 0x7ffc_0000,
            Action::Allow => 0x7fff_0000,
        },
    )
}

/// What becomes of one system call.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Outcome {
    /// The first of them that holds says it.
    conditional: Vec<(Vec<Condition>, Action)>,
    otherwise: Action,
}

impl Outcome {
    fn plain(otherwise: Action) -> Outcome {
        Outcome { conditional: Vec::new(), otherwise }
    }
}

/// The program of a profile.
pub fn compile(profile: &Profile) -> Result<Vec<Instruction>, String> {
    let mut program = vec![step(LOAD, ARCHITECTURE)];
    for architecture in &profile.architectures {
        let section = section(profile, *architecture);
        program.push(Instruction { if_true: 1, ..step(JUMP_EQUAL, audit(*architecture)) });
        program.push(jump(section.len()));
        program.extend(section);
    }
    program.push(answer(Action::KillProcess));
    if program.len() > INSTRUCTIONS_MAX {
        return Err(format!("the profile makes a filter of {} instructions, and the kernel takes {INSTRUCTIONS_MAX}", program.len()));
    }
    Ok(program)
}

fn jump(length: usize) -> Instruction {
    step(JUMP, u32::try_from(length).expect("a program is shorter than its longest"))
}

fn section(profile: &Profile, architecture: Architecture) -> Vec<Instruction> {
    let mut program = vec![step(LOAD, NUMBER)];
    program.extend(tree(&ranges(profile, architecture)));
    program
}

/// The outcomes by number: each holds from its number to the next one's.
fn ranges(profile: &Profile, architecture: Architecture) -> Vec<(u32, Outcome)> {
    let named = outcomes(profile, architecture);
    let mut ranges = vec![(0, Outcome::plain(profile.default))];
    for (number, outcome) in &named {
        push(&mut ranges, *number, outcome.clone());
        push(&mut ranges, number + 1, Outcome::plain(profile.default));
    }
    let enosys = Outcome::plain(Action::Errno(nix::libc::ENOSYS.cast_unsigned() as u16));
    if !matches!(profile.default, Action::Allow | Action::Log | Action::Trace(_)) {
        let last = named.last_key_value().map_or(0, |(number, _)| number + 1);
        push(&mut ranges, last, enosys.clone());
    }
    if let (Architecture::Native, Some(first)) = (architecture, X32_FIRST) {
        push(&mut ranges, first, enosys);
    }
    ranges
}

/// Adds a range at the end, in place of one that begins at the same number and as a part of one that says the same.
fn push(ranges: &mut Vec<(u32, Outcome)>, first: u32, outcome: Outcome) {
    ranges.pop_if(|(start, _)| *start == first);
    if ranges.last().is_none_or(|(_, last)| *last != outcome) {
        ranges.push((first, outcome));
    }
}

/// What the rules say of each call that they name. A rule without conditions goes before those with some, the first such one before others.
fn outcomes(profile: &Profile, architecture: Architecture) -> BTreeMap<u32, Outcome> {
    let mut by_number: BTreeMap<u32, Vec<&Rule>> = BTreeMap::new();
    for rule in &profile.rules {
        for number in rule.names.iter().filter_map(|name| number(architecture, name)) {
            by_number.entry(number).or_default().push(rule);
        }
    }
    let outcome = |rules: Vec<&Rule>| match rules.iter().find(|rule| rule.conditions.is_empty()) {
        Some(rule) => Outcome::plain(rule.action),
        None => Outcome {
            conditional: rules.into_iter().map(|rule| (rule.conditions.clone(), rule.action)).collect(),
            otherwise: profile.default,
        },
    };
    by_number.into_iter().map(|(number, rules)| (number, outcome(rules))).collect()
}

fn tree(ranges: &[(u32, Outcome)]) -> Vec<Instruction> {
    match ranges {
        [] => Vec::new(),
        [(_, outcome)] => leaf(outcome),
        _ => {
            let (below, above) = ranges.split_at(ranges.len() / 2);
            let (below, above, first) = (tree(below), tree(above), above[0].0);
            // A comparison alone reaches 255 instructions only.
            let mut program = vec![Instruction { if_false: 1, ..step(JUMP_GREATER_OR_EQUAL, first) }, jump(below.len())];
            program.extend(below);
            program.extend(above);
            program
        }
    }
}

fn leaf(outcome: &Outcome) -> Vec<Instruction> {
    let mut program = Vec::new();
    for (conditions, action) in &outcome.conditional {
        program.extend(guarded(conditions, *action));
    }
    program.push(answer(outcome.otherwise));
    program
}

/// Where a comparison leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    /// To the instruction after it.
    Next,
    /// Behind the condition, which holds.
    Holds,
    /// Behind the rule, of which one condition does not hold.
    Fails,
}

/// One instruction of a condition; a comparison has targets.
type Test = (Instruction, Option<(Target, Target)>);

/// The answer if all conditions hold; otherwise what comes behind.
fn guarded(conditions: &[Condition], action: Action) -> Vec<Instruction> {
    let tests: Vec<Vec<Test>> = conditions.iter().map(comparisons).collect();
    let total = tests.iter().map(Vec::len).sum::<usize>() + 1;
    let mut program: Vec<Instruction> = Vec::with_capacity(total);
    for condition in tests {
        let end = program.len() + condition.len();
        for (mut instruction, targets) in condition {
            let next = program.len() + 1;
            let distance = |target| {
                let place = match target {
                    Target::Next => next,
                    Target::Holds => end,
                    Target::Fails => total,
                };
                u8::try_from(place - next).expect("six conditions have fewer instructions than a comparison reaches")
            };
            if let Some((if_true, if_false)) = targets {
                (instruction.if_true, instruction.if_false) = (distance(if_true), distance(if_false));
            }
            program.push(instruction);
        }
    }
    program.push(answer(action));
    program
}

/// Arguments have 64 bits, and instructions 32: the high half comes first.
fn comparisons(condition: &Condition) -> Vec<Test> {
    use Target::{Fails, Holds, Next};
    let place = ARGUMENTS + 8 * u32::from(condition.argument);
    let (low_place, high_place) = if cfg!(target_endian = "little") { (place, place + 4) } else { (place + 4, place) };
    let halves = |value: u64| ((value >> 32) as u32, value as u32);
    let (high, low) = halves(condition.value);
    let load = |place| (step(LOAD, place), None);
    let compare = |code, operand, if_true, if_false| (step(code, operand), Some((if_true, if_false)));
    let ordered = |above, below, code, if_true, if_false| {
        vec![
            load(high_place),
            compare(JUMP_GREATER, high, above, Next),
            compare(JUMP_EQUAL, high, Next, below),
            load(low_place),
            compare(code, low, if_true, if_false),
        ]
    };
    match condition.comparison {
        Comparison::Equal => {
            vec![load(high_place), compare(JUMP_EQUAL, high, Next, Fails), load(low_place), compare(JUMP_EQUAL, low, Holds, Fails)]
        }
        Comparison::NotEqual => {
            vec![load(high_place), compare(JUMP_EQUAL, high, Next, Holds), load(low_place), compare(JUMP_EQUAL, low, Fails, Holds)]
        }
        Comparison::MaskedEqual { mask } => {
            let (mask_high, mask_low) = halves(mask);
            vec![
                load(high_place),
                (step(AND, mask_high), None),
                compare(JUMP_EQUAL, high, Next, Fails),
                load(low_place),
                (step(AND, mask_low), None),
                compare(JUMP_EQUAL, low, Holds, Fails),
            ]
        }
        Comparison::Greater => ordered(Holds, Fails, JUMP_GREATER, Holds, Fails),
        Comparison::GreaterOrEqual => ordered(Holds, Fails, JUMP_GREATER_OR_EQUAL, Holds, Fails),
        Comparison::Less => ordered(Fails, Holds, JUMP_GREATER_OR_EQUAL, Fails, Holds),
        Comparison::LessOrEqual => ordered(Fails, Holds, JUMP_GREATER, Fails, Holds),
    }
}

#[cfg(test)]
mod tests;
