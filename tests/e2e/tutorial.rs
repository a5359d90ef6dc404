//! `docs/tutorial.md`, run from top to bottom: its files are written, its commands typed, what they print compared with what the page says.
//!
//! Compared are words; ages, addresses, hashes, names of volumes and what kubectls of different versions say differently are not. Claims are
//! smaller than the page's. `...` on the page is any number of lines. What follows objects (`-w`) runs beside the rest, and must have shown what the page says when the page ends.

use crate::cluster::{Cluster, Needs, have};
use crate::kubectl::{Limit, limited, output};
use crate::systems::{GIBIBYTE, archive, smaller};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};

/// Images that the page brings in.
const IMAGES: [&str; 8] = ["nginx", "busybox", "mysql", "postgres", "redis", "kafka", "kafka-3", "zookeeper"];

#[derive(Debug, PartialEq, Eq)]
enum Step {
    File { name: String, text: String },
    Run { line: String, printed: Vec<String> },
}

/// The steps of a page: fences of YAML with a name are files, lines with `$ ` in fences of a console are commands, what follows is printed.
fn steps(page: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        let Some(fence) = line.strip_prefix("```") else { continue };
        let inside: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        if let Some(name) = fence.strip_prefix("yaml ") {
            steps.push(Step::File { name: name.to_owned(), text: inside.join("\n") + "\n" });
        }
        for line in inside.into_iter().filter(|_| fence == "console") {
            match (line.strip_prefix("$ "), steps.last_mut()) {
                (Some(command), _) => steps.push(Step::Run { line: command.to_owned(), printed: Vec::new() }),
                (None, Some(Step::Run { printed, .. })) => printed.push(line.to_owned()),
                (None, _) => panic!("{line:?} is printed by nothing"),
            }
        }
    }
    steps
}

/// A line in what matters of it: words, without what is another each time.
fn essence(line: &str) -> String {
    let line = line.replace(" from default namespace", "").replace(GIBIBYTE, "1Gi");
    line.split_whitespace().map(word).collect::<Vec<_>>().join(" ")
}

fn word(word: &str) -> String {
    let bare = word.trim_matches(|c| "()\",".contains(c));
    let is_age = bare.ends_with(['s', 'm', 'h', 'd', 'y'])
        && bare.starts_with(|c: char| c.is_ascii_digit())
        && bare.chars().all(|c| c.is_ascii_digit() || "smhdy".contains(c));
    let is_address = bare.contains(|c: char| c.is_ascii_hexdigit())
        && bare.split(['.', ':']).count() >= 4
        && bare.chars().all(|c| c.is_ascii_hexdigit() || ".:,".contains(c));
    let is_volume = bare.starts_with("pvc-") && bare.len() == "pvc-".len() + 36;
    match () {
        () if is_age => "AGE".to_owned(),
        () if is_address => "ADDRESS".to_owned(),
        () if is_volume => "VOLUME".to_owned(),
        () => word.to_owned(),
    }
}

/// Whether lines are those of the page, `...` there standing for any number.
fn is_as_written(written: &[String], printed: &[String]) -> bool {
    match (written.split_first(), printed.split_first()) {
        (None, None) => true,
        (Some((first, rest)), _) if first == "..." => (0..=printed.len()).any(|skipped| is_as_written(rest, &printed[skipped..])),
        (Some((first, rest)), Some((line, more))) => first == line && is_as_written(rest, more),
        _ => false,
    }
}

fn essences<'a>(lines: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    lines.into_iter().map(essence).filter(|line| !line.is_empty()).collect()
}

/// Where the commands are typed: a directory with the page's files, the examples, the images, and a `PATH` that begins with its programs.
struct Desk {
    dir: PathBuf,
    path: String,
    cluster: Cluster,
}

impl Desk {
    fn new(cluster: Cluster, kubectl: &Path, images: &Path) -> Self {
        let dir = cluster.dir.path().join("desk");
        let programs = dir.join("bin");
        std::fs::create_dir_all(&programs).expect("a directory can be made");
        std::fs::create_dir_all(dir.join("target")).expect("a directory can be made");
        std::fs::create_dir_all(dir.join("examples")).expect("a directory can be made");
        symlink(kubectl, programs.join("kubectl")).expect("a link can be made");
        symlink(crate::cluster::binary().expect("there is a binary"), programs.join("stead")).expect("a link can be made");
        // For whom is root already, and has told kubectl by its environment where the cluster is.
        std::fs::write(programs.join("sudo"), "#!/bin/sh\nexec \"$@\"\n").expect("a script can be written");
        std::fs::set_permissions(programs.join("sudo"), std::fs::Permissions::from_mode(0o755)).expect("it can be made a program");
        symlink(images, dir.join("target/images")).expect("a link can be made");
        let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
        for entry in std::fs::read_dir(examples).expect("there are examples").flatten() {
            let text = std::fs::read_to_string(entry.path()).expect("an example is text");
            std::fs::write(dir.join("examples").join(entry.file_name()), smaller(&text)).expect("it can be written");
        }
        let path = format!("{}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", programs.display());
        Self { dir, path, cluster }
    }

    #[expect(clippy::disallowed_methods, reason = "the page is typed into a shell")]
    fn command(&self, line: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", line]).current_dir(&self.dir).stdin(Stdio::null());
        command.env("PATH", &self.path).env("KUBECONFIG", self.cluster.kubeconfig()).env("STEAD_DATA_DIR", self.cluster.data_dir());
        command
    }

    fn typed(&self, line: &str, written: &[String]) {
        let out = output(self.command(line));
        let (printed, errors) = (String::from_utf8_lossy(&out.stdout).into_owned(), String::from_utf8_lossy(&out.stderr).into_owned());
        let as_written = is_as_written(&essences(written.iter().map(String::as_str)), &essences(printed.lines()));
        assert!(as_written, "$ {line}\nprinted\n{printed}\nand the page has\n{}\nstandard error has\n{errors}", written.join("\n"));
    }
}

/// A command that follows objects, and what it is to have shown.
struct Follower {
    child: Child,
    _limit: Limit,
    _errors: BufReader<ChildStderr>,
    line: String,
    written: Vec<String>,
}

impl Follower {
    /// It follows when this returns: kubectl says of its requests that they are answered.
    fn new(desk: &Desk, line: &str, written: &[String]) -> Self {
        let mut command = desk.command(&format!("exec {line} -v=6"));
        let (mut child, limit) = limited(command.stdout(Stdio::piped()).stderr(Stdio::piped()));
        let mut errors = BufReader::new(child.stderr.take().expect("it is piped"));
        let mut said = String::new();
        while !(said.contains("watch=true") && said.contains("200 OK")) {
            said.clear();
            assert_ne!(errors.read_line(&mut said).expect("kubectl prints text"), 0, "$ {line} ended");
        }
        Self {
            child,
            _limit: limit,
            _errors: errors,
            line: line.to_owned(),
            written: distinct(essences(written.iter().map(String::as_str))),
        }
    }

    /// It has shown each line, in this order. How often it said the same, and what it said afterwards, does not matter. What it has not
    /// shown when it is ended for having run too long, it does not show.
    fn has_shown(mut self) {
        let out = BufReader::new(self.child.stdout.take().expect("it is piped"));
        let mut shown = Vec::new();
        for line in out.lines() {
            shown.push(essence(&line.expect("kubectl prints text")));
            if distinct(shown.clone()).len() >= self.written.len() {
                break;
            }
        }
        self.child.kill().ok();
        self.child.wait().expect("it ends");
        assert_eq!(distinct(shown), self.written, "$ {}", self.line);
    }
}

fn distinct(mut lines: Vec<String>) -> Vec<String> {
    lines.dedup();
    lines
}

#[test]
fn the_tutorial_is_as_written() {
    // ORD-5, STO-7, STO-8
    const TEST: &str = "the_tutorial_is_as_written";
    let Some(programs) = have(TEST, Needs::Containers) else { return };
    let Some(archives) = IMAGES.iter().map(|image| archive(TEST, image)).collect::<Option<Vec<PathBuf>>>() else { return };
    let images = archives[0].parent().expect("it is in a directory").to_owned();
    let desk = Desk::new(Cluster::start(&[]), &programs[0], &images);
    let page = include_str!("../../docs/tutorial.md");
    let mut followers = Vec::new();
    for step in steps(page) {
        match step {
            Step::File { name, text } => std::fs::write(desk.dir.join(name), smaller(&text)).expect("a file can be written"),
            Step::Run { line, printed } if line.contains(" -w ") => followers.push(Follower::new(&desk, &line, &printed)),
            Step::Run { line, printed } => desk.typed(&line, &printed),
        }
    }
    followers.into_iter().for_each(Follower::has_shown);
}

#[test]
fn a_page_is_files_and_commands() {
    let page = "text\n```yaml a.yml\nkind: A\n```\n```console\n$ one\nout\n...\n$ two\n```\n```\n$ not run\n```\n";
    let run = |line: &str, printed: &[&str]| Step::Run {
        line: line.to_owned(),
        printed: printed.iter().map(|line| (*line).to_owned()).collect(),
    };
    let file = Step::File { name: "a.yml".to_owned(), text: "kind: A\n".to_owned() };
    assert_eq!(steps(page), [file, run("one", &["out", "..."]), run("two", &[])]);
}

#[test]
fn what_is_another_each_time_is_not_compared() {
    let lines = |text: &str| essences(text.lines());
    let written = lines("web-0  1/1  Running  0  10s\n...\nthe end");
    assert!(is_as_written(&written, &lines("web-0 1/1 Running 0 2m3s\na\nb\nthe end")));
    assert!(!is_as_written(&written, &lines("web-0 0/1 Running 0 2m3s\nthe end")));
    assert!(!is_as_written(&written, &lines("web-0 1/1 Running 0 2s\nthe end\nmore")));
    assert_eq!(essence("pvc-7852c64c-32dc-4686-acbb-eb7ae944cfa7 at 10.42.0.7 and fd00::1:2:3, 1Gi"), "VOLUME at ADDRESS and ADDRESS 1Gi");
}
