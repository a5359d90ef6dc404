//! Profiles: which system calls a container may make, and what becomes of the others. Read from the OCI's JSON form.
//!
//! Never knows system calls by number. Input: the text of a profile, as `linux.seccomp` of the OCI runtime specification has it.

use serde::Deserialize;

/// What becomes of a system call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// It is made.
    Allow,
    /// It is made, and logged.
    Log,
    /// It fails with this error number.
    Errno(u16),
    /// A tracer is asked with this number; without one it fails with `ENOSYS`.
    Trace(u16),
    /// The thread gets `SIGSYS`, which it may handle.
    Trap,
    /// The thread ends.
    KillThread,
    /// The process ends.
    KillProcess,
}

/// A way in which a program may call the kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Architecture {
    /// The machine's own.
    Native,
    /// The 32-bit one that the machine also has: x86 on x86_64, arm on aarch64.
    Compatible,
}

/// How an argument is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    /// The bits of the mask are equal to those of the value.
    MaskedEqual {
        mask: u64,
    },
}

/// What an argument must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Condition {
    /// 0..=5
    pub argument: u8,
    pub comparison: Comparison,
    pub value: u64,
}

/// One or more system calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// What this machine does not know is passed over.
    pub names: Vec<String>,
    pub action: Action,
    /// All must hold.
    pub conditions: Vec<Condition>,
}

/// A whole profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// For calls of which no rule holds.
    pub default: Action,
    pub architectures: Vec<Architecture>,
    /// Log what is refused.
    pub log: bool,
    /// Leave the processor's speculation on.
    pub speculation: bool,
    pub rules: Vec<Rule>,
}

/// As the OCI writes it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct OciProfile {
    default_action: String,
    default_errno_ret: Option<u16>,
    #[serde(default)]
    architectures: Option<Vec<String>>,
    flags: Option<Vec<String>>,
    #[serde(default)]
    syscalls: Option<Vec<OciRule>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct OciRule {
    names: Vec<String>,
    action: String,
    errno_ret: Option<u16>,
    #[serde(default)]
    args: Option<Vec<OciArgument>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct OciArgument {
    index: u8,
    value: u64,
    #[serde(default)]
    value_two: u64,
    op: String,
}

/// Highest number of an argument.
const ARGUMENT_MAX: u8 = 5;

impl Profile {
    /// Reads the OCI's form.
    pub fn parse(text: &[u8]) -> Result<Profile, String> {
        let oci: OciProfile = serde_json::from_slice(text).map_err(|error| error.to_string())?;
        let mut rules = Vec::new();
        for rule in oci.syscalls.unwrap_or_default() {
            let action = action(&rule.action, rule.errno_ret)?;
            let conditions = rule.args.unwrap_or_default().iter().map(condition).collect::<Result<Vec<_>, _>>()?;
            rules.extend(split(Rule { names: rule.names, action, conditions }));
        }
        let mut log = false;
        let mut speculation = oci.flags.is_none();
        for flag in oci.flags.unwrap_or_default() {
            match flag.as_str() {
                "SECCOMP_FILTER_FLAG_LOG" => log = true,
                "SECCOMP_FILTER_FLAG_SPEC_ALLOW" => speculation = true,
                // There is one thread.
                "SECCOMP_FILTER_FLAG_TSYNC" => {}
                other => return Err(format!("seccomp flag {other} is not supported")),
            }
        }
        let default = action(&oci.default_action, oci.default_errno_ret)?;
        let architectures = architectures(&oci.architectures.unwrap_or_default())?;
        Ok(Profile { default, architectures, log, speculation, rules })
    }
}

/// Several conditions on one argument are alternatives, as every runtime takes them.
fn split(rule: Rule) -> Vec<Rule> {
    let repeats = (0..=ARGUMENT_MAX).any(|number| rule.conditions.iter().filter(|condition| condition.argument == number).count() > 1);
    if !repeats {
        return vec![rule];
    }
    rule.conditions.iter().map(|condition| Rule { conditions: vec![*condition], ..rule.clone() }).collect()
}

fn action(name: &str, errno: Option<u16>) -> Result<Action, String> {
    let number = errno.unwrap_or(nix::libc::EPERM.cast_unsigned() as u16);
    Ok(match name {
        "SCMP_ACT_ALLOW" => Action::Allow,
        "SCMP_ACT_LOG" => Action::Log,
        "SCMP_ACT_ERRNO" => Action::Errno(number),
        "SCMP_ACT_TRACE" => Action::Trace(number),
        "SCMP_ACT_TRAP" => Action::Trap,
        "SCMP_ACT_KILL" | "SCMP_ACT_KILL_THREAD" => Action::KillThread,
        "SCMP_ACT_KILL_PROCESS" => Action::KillProcess,
        other => return Err(format!("seccomp action {other} is not supported")),
    })
}

fn condition(argument: &OciArgument) -> Result<Condition, String> {
    if argument.index > ARGUMENT_MAX {
        return Err(format!("system calls have no argument {}", argument.index));
    }
    let (comparison, value) = match argument.op.as_str() {
        "SCMP_CMP_EQ" => (Comparison::Equal, argument.value),
        "SCMP_CMP_NE" => (Comparison::NotEqual, argument.value),
        "SCMP_CMP_LT" => (Comparison::Less, argument.value),
        "SCMP_CMP_LE" => (Comparison::LessOrEqual, argument.value),
        "SCMP_CMP_GT" => (Comparison::Greater, argument.value),
        "SCMP_CMP_GE" => (Comparison::GreaterOrEqual, argument.value),
        "SCMP_CMP_MASKED_EQ" => (Comparison::MaskedEqual { mask: argument.value }, argument.value_two),
        other => return Err(format!("seccomp operator {other} is not known")),
    };
    Ok(Condition { argument: argument.index, comparison, value })
}

/// Those of the list that this machine has; programs of its own architecture are always meant.
fn architectures(names: &[String]) -> Result<Vec<Architecture>, String> {
    let compatible = if cfg!(target_arch = "x86_64") { "SCMP_ARCH_X86" } else { "SCMP_ARCH_ARM" };
    if let Some(odd) = names.iter().find(|name| !name.starts_with("SCMP_ARCH_")) {
        return Err(format!("seccomp architecture {odd} is not known"));
    }
    let mut all = vec![Architecture::Native];
    all.extend(names.iter().any(|name| name == compatible).then_some(Architecture::Compatible));
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oci_s_form_is_read() {
        // SEC-13
        let text = br#"{"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 38, "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_ARM"],
            "flags": ["SECCOMP_FILTER_FLAG_LOG"], "listenerPath": "", "syscalls": [
            {"names": ["read", "write"], "action": "SCMP_ACT_ALLOW"},
            {"names": ["clone"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 0, "value": 255, "valueTwo": 1, "op": "SCMP_CMP_MASKED_EQ"}]},
            {"names": ["kill"], "action": "SCMP_ACT_ERRNO", "args": [{"index": 1, "value": 9, "op": "SCMP_CMP_EQ"}, {"index": 1, "value": 15, "op": "SCMP_CMP_EQ"}]}]}"#;
        let profile = Profile::parse(text).unwrap();
        assert_eq!((profile.default, profile.log, profile.speculation), (Action::Errno(38), true, false));
        assert_eq!(profile.architectures, [Architecture::Native, Architecture::Compatible]);
        let masked = Condition { argument: 0, comparison: Comparison::MaskedEqual { mask: 255 }, value: 1 };
        assert_eq!((profile.rules.len(), &profile.rules[1].conditions), (4, &vec![masked]));
        assert_eq!((profile.rules[3].action, profile.rules[3].conditions[0].value), (Action::Errno(1), 15));
    }

    #[test]
    fn what_cannot_be_done_is_said() {
        // SEC-13
        let with = |action: &str, rest: &str| Profile::parse(format!(r#"{{"defaultAction": "{action}"{rest}}}"#).as_bytes());
        assert!(with("SCMP_ACT_ALLOW", "").is_ok_and(|profile| profile.speculation && profile.architectures == [Architecture::Native]));
        assert_eq!(with("SCMP_ACT_NOTIFY", "").unwrap_err(), "seccomp action SCMP_ACT_NOTIFY is not supported");
        let flag = r#", "flags": ["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"]"#;
        assert_eq!(with("SCMP_ACT_ALLOW", flag).unwrap_err(), "seccomp flag SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV is not supported");
        let sixth =
            r#", "syscalls": [{"names": ["kill"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 6, "value": 0, "op": "SCMP_CMP_EQ"}]}]"#;
        assert!(with("SCMP_ACT_ALLOW", sixth).is_err());
        assert!(Profile::parse(b"{").is_err());
    }
}
