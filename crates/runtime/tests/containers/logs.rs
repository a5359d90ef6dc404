//! Logs of real containers: how they rotate under a flood, and how their end becomes a container's last words. Needs root.

use std::fs;
use std::path::Path;

use crate::harness::{LONG, on_machine};
use crate::needs_root;
use stead_runtime::{LogRotation, TerminationLog};

/// Files of a log from the oldest to the newest.
fn files(log: &Path) -> Vec<std::path::PathBuf> {
    let mut files: Vec<_> = fs::read_dir(log.parent().unwrap()).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    files.sort_unstable();
    if !files.is_empty() {
        // The one that is written has the shortest name.
        files.rotate_left(1);
    }
    files
}

const SMALL: LogRotation = LogRotation { bytes_max: 256 << 10, files_max: 5 };

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_lines_is_kept_in_files_that_follow_each_other() {
    needs_root!();
    on_machine(async |machine| {
        // LOG-4, LOG-5
        const LINES: u64 = 20_000;
        machine.sandbox("flood").await;
        let mut spec = machine.container_spec("flood", "c", &["/bin/stead", "count-for-test", &LINES.to_string()]);
        spec.log_rotation = SMALL;
        let log = spec.log_path.clone();
        let started = machine.runtime.start("flood", spec).await.unwrap();
        assert_eq!(machine.exit_of("c").await.code, 0);
        let files = files(&log);
        assert_eq!(files.len(), 5, "{files:?}");
        let mut next = None;
        for file in &files {
            assert!(fs::metadata(file).unwrap().len() < 2 * SMALL.bytes_max, "{}", file.display());
            for line in fs::read_to_string(file).unwrap().lines() {
                let number: u64 = line.rsplit(' ').next().unwrap().parse().unwrap();
                assert!(next.is_none_or(|next| next == number), "{number} comes where {next:?} belongs");
                next = Some(number + 1);
            }
        }
        assert_eq!(next, Some(LINES));
        machine.runtime.remove_container(&started.id).await.unwrap();
        assert!(files.iter().all(|file| !file.exists()));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn output_without_lines_does_not_fill_the_disk() {
    needs_root!();
    on_machine(async |machine| {
        // LOG-5
        machine.sandbox("zero").await;
        let mut spec = machine.container_spec("zero", "c", &["cat", "/dev/zero"]);
        spec.log_rotation = SMALL;
        let log = spec.log_path.clone();
        machine.runtime.start("zero", spec).await.unwrap();
        let full = async {
            let mut first = None;
            // Until the first that was kept is gone.
            while first.as_ref().is_none_or(|first: &std::path::PathBuf| first.exists()) {
                let files = files(&log);
                let bytes: u64 = files.iter().filter_map(|file| fs::metadata(file).ok()).map(|metadata| metadata.len()).sum();
                assert!(bytes < 6 * 2 * SMALL.bytes_max, "{bytes} bytes in {files:?}");
                first = first.or_else(|| files.first().filter(|file| **file != log).cloned());
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(LONG, full).await.expect("it is a flood");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failure_without_a_word_is_told_by_the_log() {
    needs_root!();
    on_machine(async |machine| {
        // CS-13
        machine.sandbox("words").await;
        let log = |output_on_failure| Some(TerminationLog { path: "/dev/termination-log".into(), output_on_failure });
        for (name, code, termination_log, message) in [
            ("told", "3", log(true), "it broke\n"),
            ("not-asked", "3", log(false), ""),
            ("succeeded", "0", log(true), ""),
            ("nowhere", "3", None, ""),
        ] {
            let mut spec = machine.container_spec("words", name, &["/bin/stead", "fail-for-test", "it broke", code]);
            spec.termination_log = termination_log;
            let (exit, _) = machine.run("words", spec).await;
            assert_eq!((exit.code.to_string().as_str(), exit.message.as_str()), (code, message), "{name}");
        }
    })
    .await;
}
