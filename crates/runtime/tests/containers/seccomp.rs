//! Filters of system calls, seen from inside. Needs root.

use std::fs;

use crate::exec;
use crate::harness::{Machine, on_machine};
use crate::needs_root;
use stead_runtime::{ContainerSpec, SandboxSpec, Seccomp, StartError, User, Users};

/// What a container says of its confinement: `Seccomp`, `NoNewPrivs`, effective capabilities, and what became of some system calls.
async fn confinement(machine: &mut Machine, spec: ContainerSpec) -> String {
    let (exit, log) = machine.run("s", spec).await;
    assert_eq!(exit.code, 0, "{log:?}");
    log.iter().map(|line| line.trim_start_matches("stdout F ")).collect::<Vec<_>>().join(" ")
}

fn spec(machine: &Machine, name: &str, seccomp: Seccomp) -> ContainerSpec {
    ContainerSpec { seccomp, ..machine.container_spec("s", name, &["/bin/stead", "confinement-for-test"]) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_standard_filter_is_in_force_without_no_new_privs() {
    needs_root!();
    on_machine(async |machine| {
        // SEC-13, SEC-14, LC-13, LC-15
        machine.sandbox("s").await;
        let refused = "unshare=EPERM clone3=false keyctl=EPERM mkdir=OK";
        let root = confinement(machine, spec(machine, "root", Seccomp::Standard)).await;
        assert_eq!(root, format!("Seccomp:2 NoNewPrivs:0 CapEff:00000000a80425fb CapBnd:00000000a80425fb {refused}"));
        let mut plain = spec(machine, "plain", Seccomp::Standard);
        plain.no_new_privs = true;
        assert!(confinement(machine, plain).await.starts_with("Seccomp:2 NoNewPrivs:1 CapEff:00000000a80425fb"));
        let mut user = spec(machine, "user", Seccomp::Standard);
        user.user = User { uid: Some(1000), gid: Some(1000), ..User::default() };
        let user = confinement(machine, user).await;
        assert_eq!(
            user,
            "Seccomp:2 NoNewPrivs:0 CapEff:0000000000000000 CapBnd:00000000a80425fb unshare=EPERM clone3=false keyctl=EPERM mkdir=EACCES"
        );
        let mut none = spec(machine, "none", Seccomp::Standard);
        none.capabilities = Vec::new();
        assert!(confinement(machine, none).await.starts_with("Seccomp:2 NoNewPrivs:0 CapEff:0000000000000000 CapBnd:0000000000000000"));
        let mut admin = spec(machine, "admin", Seccomp::Standard);
        admin.capabilities.push("CAP_SYS_ADMIN".to_owned());
        assert!(confinement(machine, admin).await.contains("unshare=OK clone3=true"));
        let open = confinement(machine, spec(machine, "open", Seccomp::Unconfined)).await;
        assert!(open.starts_with("Seccomp:0 NoNewPrivs:0 ") && open.contains("clone3=true keyctl=OK"), "{open}");
        let mut privileged = spec(machine, "privileged", Seccomp::Standard);
        privileged.privileged = true;
        assert!(confinement(machine, privileged).await.starts_with("Seccomp:0 "));
    })
    .await;
}

/// LC-10: `kubectl exec` and a probe's program come in this way.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_that_is_run_later_is_under_the_same_filter() {
    needs_root!();
    on_machine(async |machine| {
        machine.sandbox("s").await;
        machine.runtime.create_sandbox(SandboxSpec { users: Users::Own, ..machine.sandbox_spec("own") }).await.unwrap();
        let path = machine.dir.path().join("profile.json");
        let rule = r#"{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 95}"#;
        fs::write(&path, format!(r#"{{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{rule}]}}"#)).unwrap();
        for sandbox in ["s", "own"] {
            for (name, seccomp, uid, expected) in [
                ("standard", Seccomp::Standard, 0, ["Seccomp:2", "CapEff:00000000a80425fb", "unshare=EPERM", "keyctl=EPERM"]),
                ("user", Seccomp::Standard, 1000, ["Seccomp:2", "CapEff:0000000000000000", "unshare=EPERM", "keyctl=EPERM"]),
                ("file", Seccomp::File(path.clone()), 0, ["Seccomp:2", "CapEff:00000000a80425fb", "mkdir=EOPNOTSUPP", "NoNewPrivs:0"]),
                ("none", Seccomp::Unconfined, 0, ["Seccomp:0", "keyctl=OK", "mkdir=OK", "NoNewPrivs:0"]),
            ] {
                let user = User { uid: Some(uid), ..User::default() };
                let sleeper = machine.container_spec(sandbox, &format!("{sandbox}-{name}"), &["sleep", "infinity"]);
                let id = machine.runtime.start(sandbox, ContainerSpec { seccomp, user, ..sleeper }).await.unwrap().id;
                let text = exec::output(machine, &id, &["/bin/stead", "confinement-for-test"]).await.unwrap();
                assert!(expected.iter().all(|word| text.contains(word)), "{sandbox} {name}: {text}");
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_filter_of_a_file_is_in_force() {
    needs_root!();
    on_machine(async |machine| {
        // SEC-13
        machine.sandbox("s").await;
        let path = machine.dir.path().join("profile.json");
        // Under a filter nothing is needed but exec: this one refuses what sets users and capabilities.
        let rule = r#"{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 95},
            {"names": ["capset", "setgroups", "setresuid", "prctl"], "action": "SCMP_ACT_KILL_PROCESS"}"#;
        fs::write(&path, format!(r#"{{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{rule}]}}"#)).unwrap();
        let said = confinement(machine, spec(machine, "c", Seccomp::File(path.clone()))).await;
        assert!(said.starts_with("Seccomp:2 NoNewPrivs:0 CapEff:00000000a80425fb CapBnd:00000000a80425fb"), "{said}");
        assert!(said.ends_with("mkdir=EOPNOTSUPP"), "{said}");
        fs::remove_file(&path).unwrap();
        let error = machine.runtime.start("s", spec(machine, "none", Seccomp::File(path.clone()))).await.unwrap_err();
        let text = format!("cannot load seccomp profile \"{}\": open", path.display());
        assert!(matches!(&error, StartError::Create(message) if message.contains(&text)), "{error}");
    })
    .await;
}
