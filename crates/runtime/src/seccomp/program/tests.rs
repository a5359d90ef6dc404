//! Programs are run by a small machine of the test's own, as the kernel would.

use super::*;
use crate::seccomp::standard;

const ALLOW: u32 = 0x7fff_0000;
const KILL: u32 = 0x8000_0000;
const fn errno(number: i32) -> u32 {
    0x0005_0000 | number.cast_unsigned()
}

fn run(program: &[Instruction], architecture: u32, number: u32, arguments: [u64; 6]) -> u32 {
    let load = |place: u32| match place {
        NUMBER => number,
        ARCHITECTURE => architecture,
        place => {
            let argument = arguments[((place - ARGUMENTS) / 8) as usize];
            if place % 8 == 0 { argument as u32 } else { (argument >> 32) as u32 }
        }
    };
    let (mut at, mut register) = (0, 0);
    loop {
        let instruction = program[at];
        let operand = instruction.operand;
        let holds = match instruction.code {
            LOAD => {
                register = load(operand);
                false
            }
            AND => {
                register &= operand;
                false
            }
            RETURN => return operand,
            JUMP => {
                at += operand as usize;
                false
            }
            JUMP_EQUAL => register == operand,
            JUMP_GREATER => register > operand,
            JUMP_GREATER_OR_EQUAL => register >= operand,
            other => panic!("unknown instruction {other:#x}"),
        };
        at += 1 + usize::from(if holds { instruction.if_true } else { instruction.if_false });
    }
}

fn native(program: &[Instruction], name: &str, first: u64) -> u32 {
    run(program, audit(Architecture::Native), number(Architecture::Native, name).unwrap(), [first, 0, 0, 0, 0, 0])
}

fn standard_with(capabilities: &[&str]) -> Vec<Instruction> {
    let names: Vec<String> = capabilities.iter().map(|name| (*name).to_owned()).collect();
    compile(&standard::profile(&names)).unwrap()
}

#[test]
fn the_standard_profile_lets_through_what_containers_need() {
    // SEC-14
    let program = standard_with(&[]);
    for name in ["read", "openat", "execve", "futex", "ptrace", "io_submit", "setxattrat", "arch_prctl"] {
        if number(Architecture::Native, name).is_some() {
            assert_eq!(native(&program, name, 0), ALLOW, "{name}");
        }
    }
    for name in [
        "mount",
        "unshare",
        "setns",
        "bpf",
        "keyctl",
        "add_key",
        "kexec_load",
        "init_module",
        "swapon",
        "io_uring_setup",
        "chroot",
        "userfaultfd",
    ] {
        assert_eq!(native(&program, name, 0), errno(nix::libc::EPERM), "{name}");
    }
    assert_eq!(native(&program, "clone3", 0), errno(nix::libc::ENOSYS));
    assert_eq!(native(&program, "clone", 0x0011_0000), ALLOW);
    for flag in [0x0002_0000, 0x0200_0000, 0x0400_0000, 0x0800_0000, 0x1000_0000, 0x2000_0000, 0x4000_0000] {
        assert_eq!(native(&program, "clone", flag), errno(nix::libc::EPERM), "{flag:#x}");
    }
    for (domain, expected) in
        [(0, ALLOW), (8, ALLOW), (0x2_0000, ALLOW), (0x2_0008, ALLOW), (0xffff_ffff, ALLOW), (0x4_0000, errno(1)), (8 << 32, errno(1))]
    {
        assert_eq!(native(&program, "personality", domain), expected, "{domain:#x}");
    }
    for (family, expected) in
        [(1, ALLOW), (2, ALLOW), (10, ALLOW), (16, ALLOW), (17, ALLOW), (12, errno(1)), (38, errno(1)), (40, errno(1)), (99, errno(1))]
    {
        assert_eq!(native(&program, "socket", family), expected, "{family}");
    }
}

#[test]
fn capabilities_let_more_through() {
    // SEC-14
    let cases = [
        ("CAP_SYS_ADMIN", "mount"),
        ("CAP_SYS_ADMIN", "clone3"),
        ("CAP_SYS_CHROOT", "chroot"),
        ("CAP_SYS_TIME", "clock_settime"),
        ("CAP_SYS_MODULE", "init_module"),
        ("CAP_SYS_PTRACE", "kcmp"),
        ("CAP_BPF", "bpf"),
        ("CAP_SYSLOG", "syslog"),
    ];
    for (capability, name) in cases {
        assert_eq!(native(&standard_with(&[capability]), name, 0), ALLOW, "{name}");
        assert_ne!(native(&standard_with(&[]), name, 0), ALLOW, "{name}");
    }
    assert_eq!(native(&standard_with(&["CAP_SYS_ADMIN"]), "clone", 0x7e02_0000), ALLOW);
}

#[test]
fn other_architectures_have_their_own_numbers() {
    // SEC-14, LC-14
    let program = standard_with(&[]);
    let compatible = |name: &str| run(&program, audit(Architecture::Compatible), number(Architecture::Compatible, name).unwrap(), [0; 6]);
    assert_eq!((compatible("read"), compatible("socketcall"), compatible("mount")), (ALLOW, ALLOW, errno(1)));
    assert_eq!(run(&program, 0x1234, 0, [0; 6]), KILL);
    if let Some(first) = X32_FIRST {
        assert_eq!(run(&program, audit(Architecture::Native), first, [0; 6]), errno(nix::libc::ENOSYS));
    }
}

#[test]
fn calls_that_the_profile_could_not_know_are_not_there() {
    let program = standard_with(&[]);
    assert_eq!(run(&program, audit(Architecture::Native), 5000, [0; 6]), errno(nix::libc::ENOSYS));
    let lenient =
        Profile { default: Action::Log, architectures: vec![Architecture::Native], log: false, speculation: true, rules: Vec::new() };
    assert_eq!(run(&compile(&lenient).unwrap(), audit(Architecture::Native), 5000, [0; 6]), 0x7ffc_0000);
    assert_eq!(run(&compile(&lenient).unwrap(), audit(Architecture::Compatible), 3, [0; 6]), KILL);
}

#[test]
fn comparisons_are_of_64_bits() {
    let big = 5 << 32 | 7;
    let cases: [(Comparison, &[u64], &[u64]); 7] = [
        (Comparison::Equal, &[big], &[7, 5 << 32, big + 1]),
        (Comparison::NotEqual, &[7, 5 << 32, big + 1, 0], &[big]),
        (Comparison::Less, &[0, 7, 5 << 32, big - 1, 4 << 32 | 9], &[big, big + 1, 6 << 32]),
        (Comparison::LessOrEqual, &[0, big, 4 << 32 | 9], &[big + 1, 6 << 32]),
        (Comparison::Greater, &[big + 1, 6 << 32, u64::MAX], &[big, 9, 4 << 32 | 9]),
        (Comparison::GreaterOrEqual, &[big, big + 1, 6 << 32], &[big - 1, 4 << 32 | 9]),
        (Comparison::MaskedEqual { mask: 0xf << 32 | 0xf }, &[big, 0x35 << 32 | 0xf7], &[big + 1, 7]),
    ];
    for (comparison, hold, fail) in cases {
        let conditions = vec![Condition { argument: 0, comparison, value: big }];
        let rules = vec![Rule { names: vec!["read".to_owned()], action: Action::Allow, conditions }];
        let program = compile(&Profile { rules, ..standard::profile(&[]) }).unwrap();
        for value in hold {
            assert_eq!(native(&program, "read", *value), ALLOW, "{comparison:?} {value:#x}");
        }
        for value in fail {
            assert_eq!(native(&program, "read", *value), errno(1), "{comparison:?} {value:#x}");
        }
    }
}

#[test]
fn all_conditions_of_a_rule_must_hold_and_a_rule_without_any_goes_first() {
    let condition = |argument, value| Condition { argument, comparison: Comparison::Equal, value };
    let rule = |name: &str, conditions, action| Rule { names: vec![name.to_owned(), "no_such_call".to_owned()], action, conditions };
    let rules = vec![
        rule("kill", vec![condition(0, 1), condition(5, 9)], Action::Trap),
        rule("kill", vec![condition(0, 1)], Action::Errno(3)),
        rule("read", vec![condition(0, 1)], Action::KillThread),
        rule("read", Vec::new(), Action::Trace(4)),
        rule("read", Vec::new(), Action::Allow),
    ];
    let program = compile(&Profile { default: Action::Allow, rules, ..standard::profile(&[]) }).unwrap();
    let kill =
        |first, last| run(&program, audit(Architecture::Native), number(Architecture::Native, "kill").unwrap(), [first, 0, 0, 0, 0, last]);
    assert_eq!((kill(1, 9), kill(1, 0), kill(0, 9)), (0x0003_0000, errno(3), ALLOW));
    assert_eq!(native(&program, "read", 1), 0x7ff0_0004);
}

#[test]
fn a_filter_that_is_too_long_is_refused() {
    let condition = |value| Condition { argument: 0, comparison: Comparison::Equal, value };
    let rules = (0..2000).map(|value| Rule { names: vec!["read".to_owned()], action: Action::Allow, conditions: vec![condition(value)] });
    let profile = Profile { rules: rules.collect(), ..standard::profile(&[]) };
    assert!(compile(&profile).unwrap_err().contains("4096"));
}
