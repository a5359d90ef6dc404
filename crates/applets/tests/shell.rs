//! The shell as a process: what scripts print and how they end. Another shell's answers (busybox's) are the measure.

#![expect(clippy::disallowed_methods, clippy::unwrap_used, reason = "these tests run the applets")]

use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Output, Stdio};

/// Scripts, what they print, and their code; none: ended by a signal.
const SCRIPTS: &[(&str, &str, Option<i32>)] = &[
    (r#"echo a b  c; echo "a  b" 'c  d'"#, "a b c\na  b c  d\n", Some(0)),
    (
        r#"x=1; y="$x 2"; echo $y "$y" ${y} ${#y}; echo ${z:-def} ${z-def} ${x:+alt} ${z:=set} $z"#,
        "1 2 1 2 1 2 3\ndef def alt set set\n",
        Some(0),
    ),
    (r#"x="a b"; echo ${x+"q  r"} "${u:-"in  ner"}""#, "q  r in  ner\n", Some(0)),
    ("for i in 1 2 3; do echo $i; done | tail -n 2", "2\n3\n", Some(0)),
    (
        "i=0; while [ $i -lt 5 ]; do i=$((i+1)); [ $i = 3 ] && continue; [ $i = 5 ] && break; echo $i; done; echo end $i",
        "1\n2\n4\nend 5\n",
        Some(0),
    ),
    (r#"f() { echo "$# $1 $@"; return 3; }; f a "b c" d; echo $?"#, "3 a a b c d\n3\n", Some(0)),
    ("case abc in a*) echo yes;; *) echo no;; esac; case x in a|x) echo two; esac", "yes\ntwo\n", Some(0)),
    (r#"echo $(echo a; echo b) `echo c`; echo "$(printf "x\n\n")""#, "a b c\nx\n", Some(0)),
    (
        r#"set -- a "b c"; for x in "$@"; do echo "[$x]"; done; for x in $@; do echo "<$x>"; done; shift; echo $1 $#"#,
        "[a]\n[b c]\n<a>\n<b>\n<c>\nb c 1\n",
        Some(0),
    ),
    (
        "cat <<EOF\nhello $((1+2)) ${NONE:-x}\n  \\$x \"q\"\nEOF\ncat <<\"E2\"\nraw $x\nE2\necho after",
        "hello 3 x\n  $x \"q\"\nraw $x\nafter\n",
        Some(0),
    ),
    ("false || echo or; true && echo and; ! true; echo $?", "or\nand\n1\n", Some(0)),
    ("(cd /proc; pwd); { echo g; } 2>&1", "/proc\ng\n", Some(0)),
    ("x=a.tar.gz; echo ${x%.*} ${x%%.*} ${x#*.} ${x##*.}", "a.tar a tar.gz gz\n", Some(0)),
    ("echo a >f; echo b >>f; cat <f; rm f", "a\nb\n", Some(0)),
    ("set -e; if false; then :; fi; false || true; echo yes; false; echo no", "yes\n", Some(1)),
    (r#"echo 1 2 3 | while read a b; do echo "$b|$a"; done"#, "2 3|1\n", Some(0)),
    (r#"printf "a b c\nd\n" | { read x; cat; echo "x=$x"; }"#, "d\nx=a b c\n", Some(0)),
    ("sleep 0 & wait; echo done $?", "done 0\n", Some(0)),
    ("A=1 env | grep ^A=; echo ${A:-unset}", "A=1\nunset\n", Some(0)),
    ("if [ -d /proc -a ! -f /proc ]; then echo ok; elif true; then echo no; else echo x; fi", "ok\n", Some(0)),
    (r#"echo /proc/self/stat[u]s; echo "/proc/*"; echo [a"#, "/proc/self/status\n/proc/*\n[a\n", Some(0)),
    (r#"echo a\ b "a\"b" a\\b "\$x""#, "a b a\"b a\\b $x\n", Some(0)),
    (r#"IFS=:; x=a:b::c; for i in $x; do echo "[$i]"; done"#, "[a]\n[b]\n[]\n[c]\n", Some(0)),
    (r#"eval "a=1; echo \$a"; exec 3>g; echo three >&3; exec 3>&-; cat g; rm g"#, "1\nthree\n", Some(0)),
    ("a() { for i in 1 2; do return 5; done; }; a; echo $?", "5\n", Some(0)),
    ("true | false; echo $?; false | true; echo $?", "1\n0\n", Some(0)),
    ("while true; do echo y; done | head -n 1", "y\n", Some(0)),
    ("sleep 300 & kill $!; wait $!; echo $?", "143\n", Some(0)),
    ("command -v none || echo none; nosuch 2>/dev/null; echo $?", "none\n127\n", Some(0)),
    ("kill -9 $$", "", None),
    ("exit 7", "", Some(7)),
    ("(exit 3) ; echo $?; f() ( exit 4 ); f", "3\n", Some(4)),
];

/// A folder that has a link for each applet.
fn place() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for name in stead_applets::names() {
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_stead-applets"), dir.path().join(name)).unwrap();
    }
    dir
}

fn shell(place: &tempfile::TempDir, arguments: &[&str], input: &str) -> Output {
    let work = tempfile::tempdir().unwrap();
    let mut child = Command::new(place.path().join("sh"))
        .args(arguments)
        .env("PATH", place.path())
        .env_remove("NONE")
        .current_dir(work.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // One that reads nothing may have ended.
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap_or_default();
    child.wait_with_output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn scripts_do_what_they_say() {
    let place = place();
    for (script, printed, code) in SCRIPTS {
        let out = shell(&place, &["-c", script], "");
        assert_eq!((text(&out.stdout).as_str(), out.status.code()), (*printed, *code), "{script}\n{}", text(&out.stderr));
    }
}

#[test]
fn commands_that_are_typed_share_the_input() {
    let place = place();
    let out = shell(&place, &[], "echo one\nread x\nthis is data\nif true\nthen echo \"got $x\"\nfi\nexit 4\necho never\n");
    assert_eq!((text(&out.stdout).as_str(), out.status.code()), ("one\ngot this is data\n", Some(4)));
    assert_eq!(text(&shell(&place, &[], "echo no newline at the end").stdout), "no newline at the end\n");
    let out = shell(&place, &["-i"], "echo a; nosuch\nif )\n echo b\n");
    assert_eq!(text(&out.stdout), "a\nb\n");
    assert!(text(&out.stderr).contains("nosuch: not found") && text(&out.stderr).contains("syntax error"), "{}", text(&out.stderr));
}

#[test]
fn the_last_command_takes_the_process_over() {
    let place = place();
    let out = shell(&place, &["-c", "echo $$; exec sh -c 'echo $$'"], "");
    let lines: Vec<String> = text(&out.stdout).lines().map(str::to_owned).collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0], lines[1]);
    let out = shell(&place, &["-c", "x=1; sh -c 'kill -KILL $$'"], "");
    assert_eq!(out.status.signal(), Some(9), "the shell itself was the program");
}

#[test]
fn what_cannot_be_done_is_said() {
    let place = place();
    for (script, said, code) in [
        ("trap 'echo x' EXIT", "trap: not supported by this shell", 2),
        ("if", "syntax error: unexpected end of the text", 2),
        ("echo a; fi", "syntax error: unexpected 'fi'", 2),
        ("nosuch", "nosuch: not found", 127),
        ("/proc", "Permission denied", 126),
        ("cat <none", "none: No such file", 1),
        ("echo ${x?gone}", "x: gone", 2),
        ("set -u; echo $x", "x: parameter not set", 2),
        ("f() { f; }; f", "nested too deeply", 2),
        ("echo $((1/0))", "division by zero", 2),
    ] {
        let out = shell(&place, &["-c", script], "");
        assert!(text(&out.stderr).contains(said), "{script}: {}", text(&out.stderr));
        assert_eq!(out.status.code(), Some(code), "{script}");
    }
}

#[test]
fn a_file_is_a_script() {
    let place = place();
    let file = place.path().join("script");
    std::fs::write(&file, "echo $0 $1 $#\n").unwrap();
    let name = file.to_string_lossy().into_owned();
    assert_eq!(text(&shell(&place, &[&name, "a", "b"], "").stdout), format!("{name} a 2\n"));
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    assert_eq!(text(&shell(&place, &["-c", "script x; echo $?"], "").stdout), format!("{name} x 1\n0\n"));
}

/// A port that was free; were it taken meanwhile, the test would fail and say so.
fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[test]
fn a_file_comes_over_http() {
    let place = place();
    std::fs::write(place.path().join("page"), "the page\n").unwrap();
    let (port, dir) = (free_port(), place.path().display());
    let up = format!("i=0; until nc -z 127.0.0.1 {port} 2>/dev/null; do i=$((i+1)); [ $i -lt 500 ] || exit 9; done");
    let get = format!(
        "wget -q -O - http://127.0.0.1:{port}/page; wget -q -O - 127.0.0.1:{port}/none; echo $?; wget -q http://127.0.0.1:{port}/page; cat page"
    );
    let out = shell(&place, &["-c", &format!("httpd -p {port} -h {dir} & S=$!; {up}; {get}; kill $S")], "");
    assert_eq!(text(&out.stdout), "the page\n1\nthe page\n", "{}", text(&out.stderr));
    assert!(text(&out.stderr).contains("server returned error: HTTP/1.1 404 Not Found"), "{}", text(&out.stderr));
}

#[test]
fn a_connection_goes_both_ways() {
    let place = place();
    let port = free_port();
    let listen = format!("echo answer >reply; {{ nc -l {port} <reply >heard; }} & ");
    let call =
        format!("i=0; until echo hello | nc 127.0.0.1 {port} 2>/dev/null; do i=$((i+1)); [ $i -lt 500 ] || exit 9; done; wait; cat heard");
    let out = shell(&place, &["-c", &(listen + &call)], "");
    assert_eq!(text(&out.stdout), "answer\nhello\n", "{}", text(&out.stderr));
}

#[test]
fn a_first_look_around() {
    let place = place();
    let script = "id -u; ps | grep -c ' ps$'; df / | wc -l; stat -c %F /proc; ls -ld /proc | grep -c '^dr-xr-xr-x'; mkdir -p a/b; touch a/b/c; \
        ls a/b; rm -r a; ls; echo x | tee f; cat f; date +%Y | grep -c '^20'";
    let out = shell(&place, &["-c", script], "");
    let expected = format!("{}\n1\n2\ndirectory\n1\nc\nx\nx\n1\n", nix::unistd::geteuid());
    assert_eq!(text(&out.stdout), expected, "{}", text(&out.stderr));
}
