use super::*;

/// What the kernel would do with the program: an interpreter of the operations that are used, with the kernel's rules of sign extension.
fn run(program: &[Instruction], access_and_kind: u32, major: u32, minor: u32) -> u64 {
    let question = [access_and_kind, major, minor];
    let mut registers = [0u64; 11];
    let mut next = 0;
    loop {
        let Instruction { code, registers: pair, offset, immediate } = program[next];
        let (destination, source) = (usize::from(pair & 15), usize::from(pair >> 4));
        let extended = i64::from(immediate).cast_unsigned();
        next += 1;
        match code {
            LOAD_WORD => registers[destination] = u64::from(question[usize::try_from(offset).unwrap() / 4]),
            MOVE => registers[destination] = registers[source],
            MOVE_IMMEDIATE => registers[destination] = extended,
            AND_IMMEDIATE => registers[destination] &= extended,
            SHIFT_RIGHT_IMMEDIATE => registers[destination] >>= extended,
            JUMP_UNLESS_EQUAL if registers[destination] == extended => {}
            JUMP_UNLESS_EQUAL => next += usize::try_from(offset).unwrap(),
            EXIT => return registers[0],
            other => panic!("operation {other:#x}"),
        }
    }
}

const BLOCK: u32 = 1;
const CHARACTER: u32 = 2;

fn asks(program: &[Instruction], kind: u32, letters: &str, major: u32, minor: u32) -> bool {
    let access = u32::from(Access::from_letters(letters).0);
    match run(program, access << 16 | kind, major, minor) {
        0 => false,
        1 => true,
        other => panic!("the kernel takes 0 or 1, not {other}"),
    }
}

fn rule(kind: DeviceKind, major: Option<u32>, minor: Option<u32>, letters: &str) -> DeviceRule {
    DeviceRule { kind, major, minor, access: Access::from_letters(letters) }
}

#[test]
fn what_no_rule_allows_is_refused() {
    // OCI-6
    let program = instructions(&[]);
    for letters in ["r", "w", "m", "rw"] {
        assert!(!asks(&program, BLOCK, letters, 8, 0));
        assert!(!asks(&program, CHARACTER, letters, 1, 3));
    }
}

#[test]
fn a_rule_allows_its_kind_numbers_and_access_only() {
    // OCI-6
    let program = instructions(&[
        rule(DeviceKind::Character, None, None, "m"),
        rule(DeviceKind::Block, None, None, "m"),
        rule(DeviceKind::Character, Some(1), Some(3), "rwm"),
        rule(DeviceKind::Character, Some(136), None, "rwm"),
        rule(DeviceKind::Block, Some(253), Some(7), "r"),
    ]);
    let allowed = [
        (CHARACTER, "m", 10, 200),
        (BLOCK, "m", 8, 0),
        (CHARACTER, "rw", 1, 3),
        (CHARACTER, "r", 1, 3),
        (CHARACTER, "rw", 136, 0),
        (CHARACTER, "w", 136, 1_048_575),
        (BLOCK, "r", 253, 7),
    ];
    for (kind, letters, major, minor) in allowed {
        assert!(asks(&program, kind, letters, major, minor), "{kind} {letters} {major}:{minor}");
    }
    let refused = [
        (BLOCK, "r", 8, 0),
        (BLOCK, "rw", 1, 3),
        (CHARACTER, "r", 1, 1),
        (CHARACTER, "rw", 3, 1),
        (BLOCK, "r", 136, 0),
        (BLOCK, "rw", 253, 7),
        (BLOCK, "w", 253, 7),
        (BLOCK, "r", 253, 8),
        (BLOCK, "mr", 8, 0),
    ];
    for (kind, letters, major, minor) in refused {
        assert!(!asks(&program, kind, letters, major, minor), "{kind} {letters} {major}:{minor}");
    }
}

#[test]
fn instructions_have_the_kernel_s_layout() {
    assert_eq!(size_of::<Instruction>(), 8);
    assert_eq!(instruction(MOVE, ACCESS, KIND, 0, 0).registers, 0x23);
}
