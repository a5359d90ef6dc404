//! Programs that are run in containers that run. Needs root.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use stead_runtime::{ContainerSpec, Exec, ExecError, ExecSpec, ImageGroups, Options, Rlimit, Size, Stdio, User};
use stead_sys::process::PidFd;

use crate::harness::{LONG, Machine, on_machine, options};
use crate::needs_root;
use crate::recovery::wait_for;

fn spec(argv: &[&str]) -> ExecSpec {
    ExecSpec { argv: argv.iter().map(|word| (*word).to_owned()).collect(), grace: None }
}

/// A program whose output can be read, and which reads what is written.
struct Running {
    exec: Exec,
    stdin: File,
    stdout: File,
}

async fn begin(machine: &Machine, container: &str, argv: &[&str]) -> Result<Running, ExecError> {
    let (stdin, stdin_end) = pipe();
    let (stdout_end, stdout) = pipe();
    let stderr = Some(stdout.try_clone().unwrap().into());
    let stdio = Stdio::Pipes { stdin: Some(stdin.into()), stdout: Some(stdout.into()), stderr };
    let exec = machine.runtime.exec(container, spec(argv), stdio).await?;
    Ok(Running { exec, stdin: stdin_end, stdout: stdout_end })
}

fn pipe() -> (File, File) {
    let (reader, writer) = std::io::pipe().unwrap();
    (File::from(std::os::fd::OwnedFd::from(reader)), File::from(std::os::fd::OwnedFd::from(writer)))
}

/// Runs to the end, with that input: exit code and output.
pub async fn run(machine: &Machine, container: &str, argv: &[&str], input: &str) -> (i32, String) {
    let Running { mut exec, mut stdin, mut stdout } = begin(machine, container, argv).await.unwrap();
    stdin.write_all(input.as_bytes()).unwrap();
    drop(stdin);
    let code = tokio::time::timeout(LONG, exec.wait()).await.unwrap().unwrap();
    let mut output = String::new();
    stdout.read_to_string(&mut output).unwrap();
    (code, output)
}

/// What a program prints, if it can be run.
pub async fn output(machine: &Machine, container: &str, argv: &[&str]) -> Result<String, ExecError> {
    let Running { mut exec, stdin, mut stdout } = begin(machine, container, argv).await?;
    drop(stdin);
    tokio::time::timeout(LONG, exec.wait()).await.unwrap()?;
    let mut output = String::new();
    stdout.read_to_string(&mut output).unwrap();
    Ok(output)
}

async fn start(machine: &Machine, spec: ContainerSpec) -> String {
    machine.sandbox("s").await;
    machine.runtime.start("s", spec).await.unwrap().id
}

fn sleeper(machine: &Machine) -> ContainerSpec {
    machine.container_spec("s", "c", &["sleep", "infinity"])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn output_input_and_exit_code_of_a_program() {
    needs_root!();
    on_machine(async |machine| {
        let id = start(machine, sleeper(machine)).await;
        assert_eq!(run(machine, &id, &["echo", "hello", "you"], "").await, (0, "hello you\n".to_owned()));
        assert_eq!(run(machine, &id, &["cat"], "some input").await, (0, "some input".to_owned()));
        assert_eq!(run(machine, &id, &["/bin/stead", "fail-for-test", "oh no", "42"], "").await, (42, "oh no\n".to_owned()));
        // STR-8
        assert_eq!(run(machine, &id, &["/bin/stead", "signal-for-test", "9"], "").await.0, 137);
        // Nothing of it comes to the container's log, and the container runs on.
        assert!(machine.log("s", "c").is_empty());
        assert!(matches!(machine.runtime.container(&id).unwrap().state, stead_runtime::ContainerState::Running { .. }));
    })
    .await;
}

/// LC-10: as the container's first process, in everything.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_is_what_the_first_process_is() {
    needs_root!();
    on_machine(async |machine| {
        let user = User { uid: Some(1234), gid: Some(99), groups: vec![7, 5], image_groups: ImageGroups::Merge };
        let argv = ["/bin/stead", "describe-for-test", "and-sleep"];
        let spec = ContainerSpec {
            user,
            no_new_privs: true,
            cwd: Some("/some/where".into()),
            env: vec![("ONE".into(), "1".into()), ("TWO".into(), "a b".into())],
            oom_score_adj: 321,
            rlimits: vec![Rlimit { name: "RLIMIT_NOFILE".into(), soft: 77, hard: 99 }],
            ..machine.container_spec("s", "c", &argv)
        };
        let id = start(machine, spec).await;
        let (code, found) = run(machine, &id, &["/bin/stead", "describe-for-test"], "").await;
        assert_eq!(code, 0, "{found}");
        let log = machine.dir.path().join("logs/s/c/0.log");
        wait_for(|| std::fs::read_to_string(&log).is_ok_and(|text| text.contains("end of description"))).await;
        let lines: Vec<String> = machine.log("s", "c").iter().map(|line| line.split_once(" F ").unwrap().1.to_owned()).collect();
        let (found, expected) = (found.lines().collect::<Vec<_>>(), lines);
        assert_eq!(found, expected);
        for line in ["cwd /some/where", "Uid:\t1234\t1234\t1234\t1234", "Groups:\t5 7 99 ", "NoNewPrivs:\t1", "oom_score_adj 321"] {
            assert!(found.contains(&line), "{line:?} is not in {found:?}");
        }
        assert!(found.iter().any(|line| line.starts_with("descriptors 0 1 2 ") || *line == "descriptors 0 1 2"), "{found:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_run_is_said_as_users_know_it() {
    needs_root!();
    on_machine(async |machine| {
        let id = start(machine, sleeper(machine)).await;
        let refused = async |argv: &[&str]| match begin(machine, &id, argv).await {
            Err(ExecError::Failed(text)) => text,
            Ok(_) => panic!("{argv:?} ran"),
            Err(error) => panic!("{argv:?}: {error}"),
        };
        for (program, reason) in [
            ("/no/such", "exec: \"/no/such\": stat /no/such: no such file or directory"),
            ("nowhere", "exec: \"nowhere\": executable file not found in $PATH"),
            ("/etc/passwd", "exec: \"/etc/passwd\": permission denied"),
        ] {
            let text = refused(&[program]).await;
            let (begin, rest) = text.split_once("\": OCI runtime exec failed: exec failed: unable to start container process: ").unwrap();
            assert_eq!((begin.len(), rest), ("failed to start exec \"".len() + 64, reason), "{text}");
        }
        machine.runtime.kill(&id).await.unwrap();
        assert_eq!(machine.exit_of("c").await.code, 137);
        assert!(matches!(begin(machine, &id, &["true"]).await, Err(ExecError::NotRunning(_))));
        assert!(matches!(begin(machine, "nobody", &["true"]).await, Err(ExecError::NotRunning(_))));
    })
    .await;
}

/// Waits until it says something.
async fn is_there(running: &mut Running) {
    let mut byte = [0];
    running.stdout.read_exact(&mut byte).unwrap();
}

/// The processes of a container but its first one.
fn others(machine: &Machine, first: i32) -> Vec<i32> {
    let shim = machine.runtime.sandbox("s").unwrap().shim_pid;
    stead_sys::process::children(shim).unwrap().into_iter().filter(|pid| *pid != first).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_ends_with_whoever_asked_for_it_and_with_its_container() {
    needs_root!();
    on_machine(async |machine| {
        machine.sandbox("s").await;
        let started = machine.runtime.start("s", sleeper(machine)).await.unwrap();
        let mut running = begin(machine, &started.id, &["/bin/stead", "say-and-sleep-for-test"]).await.unwrap();
        is_there(&mut running).await;
        let process = PidFd::open(others(machine, started.pid)[0]).unwrap();
        drop(running.exec);
        wait_for(|| process.has_ended().unwrap()).await;
        // Now with its container, of which it is no child.
        let mut running = begin(machine, &started.id, &["/bin/stead", "say-and-sleep-for-test"]).await.unwrap();
        is_there(&mut running).await;
        machine.runtime.kill(&started.id).await.unwrap();
        assert_eq!(tokio::time::timeout(LONG, running.exec.wait()).await.unwrap().unwrap(), 137);
        assert_eq!(machine.exit_of("c").await.code, 137);
    })
    .await;
}

/// STR-8, STR-5: a terminal of the container's own, its size, and the hang-up when nobody holds it any more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_with_a_terminal() {
    needs_root!();
    on_machine(async |machine| {
        let id = start(machine, sleeper(machine)).await;
        let stdio = Stdio::Terminal { size: Some(Size { columns: 91, rows: 17 }) };
        let grace = Some(Duration::from_secs(600));
        let mut exec = machine.runtime.exec(&id, ExecSpec { grace, ..spec(&["/bin/stead", "terminal-for-test"]) }, stdio).await.unwrap();
        let mut master = File::from(exec.take_terminal().unwrap());
        let line = |master: &mut File| {
            let mut text = Vec::new();
            while !text.ends_with(b"\n") {
                let mut byte = [0];
                master.read_exact(&mut byte).unwrap();
                text.push(byte[0]);
            }
            String::from_utf8(text).unwrap().trim_end().to_owned()
        };
        assert_eq!(line(&mut master), "91x17 /dev/pts/0 TERM=xterm");
        stead_sys::terminal::set_size(&master, Size { columns: 80, rows: 24 }).unwrap();
        master.write_all(b"\n").unwrap();
        assert_eq!(line(&mut master), "");
        assert_eq!(line(&mut master), "80x24 /dev/pts/0 TERM=xterm");
        drop(master);
        assert_eq!(tokio::time::timeout(LONG, exec.wait()).await.unwrap().unwrap(), 128 + nix::libc::SIGHUP);
    })
    .await;
}

/// SHIM-9: a shim of the version before says nothing of such programs, and whoever asks is told.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_earlier_shim_cannot_and_that_is_said() {
    needs_root!();
    let dir = tempfile::tempdir().unwrap();
    let former = dir.path().join("stead-shim-speaks-2");
    std::os::unix::fs::symlink(options().executable, &former).unwrap();
    let machine = Machine::with(dir, Options { executable: former, ..options() }).await;
    let id = start(&machine, sleeper(&machine)).await;
    let Err(ExecError::Failed(text)) = begin(&machine, &id, &["true"]).await.map(drop) else { panic!("it ran") };
    assert!(text.contains("start the pod anew"), "{text}");
    machine.runtime.remove_all().await.unwrap();
}

/// More of them would starve the shim for as long as these tests have patience with it, where the machine is emulated.
const AT_ONCE: usize = 24;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_at_once_leave_nothing_in_the_shim() {
    needs_root!();
    on_machine(async |machine| {
        let id = start(machine, sleeper(machine)).await;
        let shim = machine.runtime.sandbox("s").unwrap().shim_pid;
        let open = || std::fs::read_dir(Path::new("/proc").join(shim.to_string()).join("fd")).unwrap().count();
        let before = open();
        let begin = Instant::now();
        let all = (0..AT_ONCE).map(|number| {
            let (machine, id) = (&*machine, id.clone());
            async move {
                let text = number.to_string();
                assert_eq!(run(machine, &id, &["echo", &text], "").await, (0, format!("{text}\n")));
            }
        });
        futures::future::join_all(all).await;
        eprintln!("{AT_ONCE} at once took {:?}", begin.elapsed());
        wait_for(|| open() <= before).await; // less: the start itself was still being cleared up
        let begin = Instant::now();
        for _ in 0..20 {
            run(machine, &id, &["true"], "").await;
        }
        eprintln!("one after the other {:?} each", begin.elapsed() / 20);
    })
    .await;
}
