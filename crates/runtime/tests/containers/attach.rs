//! Joining containers that run: their output, their input, their terminal. Needs root.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;

use stead_runtime::{Attached, ContainerSpec};

use crate::harness::{LONG, on_machine};
use crate::needs_root;
use crate::recovery::wait_for;

fn file(end: &mut Option<OwnedFd>) -> File {
    File::from(end.take().unwrap())
}

/// Reads until it has said so much.
#[track_caller]
fn said(output: &mut File, text: &str) -> bool {
    let mut found = vec![0; text.len()];
    output.read_exact(&mut found).unwrap();
    assert_eq!(String::from_utf8(found).unwrap(), text);
    true
}

async fn ended(attached: &Attached) {
    tokio::time::timeout(LONG, attached.ended()).await.unwrap();
}

/// OCI-11, STR-10
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn input_is_given_output_is_heard_and_logged_and_the_first_giver_ends_it() {
    needs_root!();
    on_machine(async |machine| {
        machine.sandbox("s").await;
        let spec = ContainerSpec { stdin: true, stdin_once: true, ..machine.container_spec("s", "c", &["cat"]) };
        let id = machine.runtime.start("s", spec).await.unwrap().id;
        let mut giver = machine.runtime.attach(&id, true).await.unwrap();
        let mut listener = machine.runtime.attach(&id, false).await.unwrap();
        assert!(listener.input.is_none() && !giver.terminal);
        let (mut input, mut heard, mut overheard) = (file(&mut giver.input), file(&mut giver.stdout), file(&mut listener.stdout));
        input.write_all(b"one\n").unwrap();
        assert!(said(&mut heard, "one\n") && said(&mut overheard, "one\n"));
        // One that listens only and goes ends nothing.
        drop((listener, overheard));
        input.write_all(b"two\n").unwrap();
        assert!(said(&mut heard, "two\n"));
        drop(input);
        drop(giver.input_end());
        ended(&giver).await;
        assert_eq!(machine.exit_of("c").await.code, 0);
        assert_eq!(machine.log("s", "c"), ["stdout F one", "stdout F two"]);
        assert!(machine.runtime.attach(&id, false).await.is_err());
    })
    .await;
}

/// STR-10: as `kubectl run -i` makes them, who attaches after the program has begun.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_comes_first_hears_what_was_said_before() {
    needs_root!();
    on_machine(async |machine| {
        machine.sandbox("s").await;
        let spec = ContainerSpec { stdin: true, stdin_once: true, ..machine.container_spec("s", "c", &["sh", "-c", "echo early; cat"]) };
        let id = machine.runtime.start("s", spec).await.unwrap().id;
        wait_for(|| machine.log("s", "c") == ["stdout F early"]).await;
        let mut first = machine.runtime.attach(&id, true).await.unwrap();
        let mut second = machine.runtime.attach(&id, false).await.unwrap();
        let (mut heard, mut overheard) = (file(&mut first.stdout), file(&mut second.stdout));
        file(&mut first.input).write_all(b"late\n").unwrap();
        assert!(said(&mut heard, "early\nlate\n") && said(&mut overheard, "late\n"));
        drop(first.input_end());
        ended(&first).await;
    })
    .await;
}

/// OCI-11: without `stdin_once` input goes on with the next giver.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn input_that_is_not_for_once_outlives_who_gives_it() {
    needs_root!();
    on_machine(async |machine| {
        machine.sandbox("s").await;
        let spec = ContainerSpec { stdin: true, ..machine.container_spec("s", "c", &["cat"]) };
        let id = machine.runtime.start("s", spec).await.unwrap().id;
        for text in ["one\n", "two\n"] {
            let mut giver = machine.runtime.attach(&id, true).await.unwrap();
            file(&mut giver.input).write_all(text.as_bytes()).unwrap();
            assert!(said(&mut file(&mut giver.stdout), text));
            drop(giver.input_end());
        }
        machine.runtime.kill(&id).await.unwrap();
        assert_eq!(machine.exit_of("c").await.code, 137);
    })
    .await;
}

/// LC-5, LOG-3
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_container_with_a_terminal() {
    needs_root!();
    on_machine(async |machine| {
        machine.sandbox("s").await;
        let argv = ["/bin/stead", "terminal-for-test"];
        let spec = ContainerSpec { stdin: true, tty: true, ..machine.container_spec("s", "c", &argv) };
        let id = machine.runtime.start("s", spec).await.unwrap().id;
        wait_for(|| !machine.log("s", "c").is_empty()).await;
        assert_eq!(machine.log("s", "c"), ["stdout F 0x0 /dev/pts/0 TERM="]);
        let mut attached = machine.runtime.attach(&id, true).await.unwrap();
        assert!(attached.terminal);
        let master = attached.master().unwrap().unwrap();
        stead_sys::terminal::set_size(&master, stead_runtime::Size { columns: 91, rows: 17 }).unwrap();
        file(&mut attached.input).write_all(b"\n").unwrap();
        let mut heard = file(&mut attached.stdout);
        assert!(said(&mut heard, "\r\n91x17 /dev/pts/0 TERM=\r\n"));
        drop((attached, heard));
        machine.runtime.kill(&id).await.unwrap();
        assert_eq!(machine.exit_of("c").await.code, 137);
    })
    .await;
}
