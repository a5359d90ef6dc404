//! The unit file of the service. Pure. Input: the program and the server's flags. Output: its text.
//!
//! `Delegate=yes`: control groups below the service's own are the server's. `KillMode=process`: to stop the service is to stop the server;
//! pods run on, in control groups of their own beside the service (`/stead-...`), and the next start takes them over.

/// The first line, by which a unit of ours is known.
pub const MARK: &str = "# Written by `stead install`; `stead uninstall` removes it.";

/// The text of the unit.
pub fn text(program: &str, flags: &[String]) -> String {
    let words: Vec<String> = std::iter::once(program).chain(flags.iter().map(String::as_str)).map(quoted).collect();
    format!(
        "{MARK}
[Unit]
Description=Stead: Kubernetes StatefulSets from one program
Wants=network-online.target
After=network-online.target local-fs.target dbus.service

[Service]
Type=exec
ExecStart={}
Restart=on-failure
RestartSec=2
TimeoutStopSec=30
# The pods' control groups are the server's, and pods outlive it.
Delegate=yes
KillMode=process
LimitNOFILE=1048576
LimitCORE=infinity
TasksMax=infinity
OOMScoreAdjust=-999

[Install]
WantedBy=multi-user.target
",
        words.join(" ")
    )
}

/// A word as systemd reads it in ExecStart.
fn quoted(word: &str) -> String {
    let escaped = word.replace('\\', "\\\\").replace('"', "\\\"").replace('%', "%%").replace('$', "$$").replace('\n', "\\n");
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=:,@%$*<>".contains(c);
    if !escaped.is_empty() && escaped.chars().all(is_plain) { escaped } else { format!("\"{escaped}\"") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_service_is_ended_alone() {
        let text = text("/usr/bin/stead", &["server".to_owned(), "--data-dir=/d".to_owned()]);
        for line in
            [MARK, "Delegate=yes", "KillMode=process", "ExecStart=/usr/bin/stead server --data-dir=/d", "WantedBy=multi-user.target"]
        {
            assert!(text.lines().any(|one| one == line), "{line} is missing in\n{text}");
        }
    }

    #[test]
    fn words_are_quoted_as_systemd_unquotes_them() {
        for (word, wanted) in [
            ("--eviction-hard=memory.available<100Mi,nodefs.available<10%", "--eviction-hard=memory.available<100Mi,nodefs.available<10%%"),
            ("--resolv-conf=", "--resolv-conf="),
            ("/my dir/a$b", "\"/my dir/a$$b\""),
            ("a\"b\\", "\"a\\\"b\\\\\""),
            ("", "\"\""),
        ] {
            assert_eq!(quoted(word), wanted, "{word}");
        }
    }
}
