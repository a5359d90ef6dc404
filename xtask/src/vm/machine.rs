//! A running virtual machine: one qemu process. Its kernel's messages go to a file, what its programs print is read line by line.

use super::host;
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::{Instant, timeout_at};

/// A boot takes about 5 s under emulation, one on a loaded machine several times that.
const BOOT_MAX: Duration = Duration::from_secs(120);
/// As many as a kernel's last words with its stack take.
const TAIL_LINES: usize = 50;
/// With working hardware support it takes 1 s.
const PROBE_MAX: Duration = Duration::from_secs(15);

/// A kernel one of whose processors does nothing else for twice so many seconds ends with its stack on the console.
const STOP_IF_HUNG: &str = "softlockup_panic=1 sysctl.kernel.watchdog_thresh=30";
/// What it says then.
const HUNG: &str = "soft lockup";

/// How the processor is provided.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Acceleration {
    Hardware,
    Emulation,
}

/// What a machine is made of.
#[derive(Clone)]
pub struct Parts {
    pub kernel: PathBuf,
    pub ramdisk: PathBuf,
    pub root: PathBuf,
    /// A file, or an address that qemu understands.
    pub data: String,
    /// Where the kernel's messages go.
    pub console: PathBuf,
    /// Words for the script that runs inside, which finds them in `/proc/cmdline`.
    pub words: String,
    pub restart: Restart,
}

/// What becomes of a machine that wants to start anew.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Restart {
    /// It is off.
    Off,
    /// It does, with its disks as they are.
    Again,
}

pub struct Machine {
    qemu: Child,
    lines: Lines<BufReader<ChildStdout>>,
    console: PathBuf,
}

impl Machine {
    /// Starts a machine and waits until it is up.
    pub async fn boot(parts: &Parts, acceleration: Acceleration) -> Result<Self> {
        let mut machine = Self::start(parts, acceleration, Stdio::inherit())?;
        let deadline = Instant::now() + BOOT_MAX;
        loop {
            match machine.line(deadline).await? {
                Some(line) if line.starts_with("== up") => {
                    crate::say(&line);
                    return Ok(machine);
                }
                Some(line) if line.starts_with("failed") => bail!("the machine: {line}"),
                Some(_) => {}
                None => bail!("the machine did not start\n{}", tail(&machine.console)),
            }
        }
    }

    fn start(parts: &Parts, acceleration: Acceleration, complaints: Stdio) -> Result<Self> {
        let accelerator = match acceleration {
            Acceleration::Hardware => "kvm",
            Acceleration::Emulation => "tcg,thread=multi",
        };
        let drive = |file: &str, rest: &str| format!("file={file},if=virtio,format=raw,{rest}");
        // The kernel's check of its timer fails, and the kernel with it, where a loaded host runs the emulation late.
        let words = format!("console=ttyS0 quiet panic=-1 no_timer_check {STOP_IF_HUNG} {}", parts.words);
        let mut qemu = Command::new(host::find("qemu-system-x86_64").context("find qemu")?);
        qemu.args(["-accel", accelerator, "-cpu", "max", "-smp", "2", "-m", "1536", "-nodefaults", "-display", "none"])
            .args((parts.restart == Restart::Off).then_some("-no-reboot"))
            .args([
                "-serial",
                &format!("file:{}", parts.console.display()),
                "-chardev",
                "stdio,id=out,signal=off",
                "-serial",
                "chardev:out",
            ])
            .arg("-kernel")
            .arg(&parts.kernel)
            .arg("-initrd")
            .arg(&parts.ramdisk)
            .args(["-append", &words])
            .args(["-drive", &drive(&parts.root.to_string_lossy(), "snapshot=on")])
            .args(["-drive", &drive(&parts.data, "cache=writeback")])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(complaints)
            .kill_on_drop(true);
        let mut qemu = qemu.spawn().context("start qemu")?;
        let out = qemu.stdout.take().context("its output is piped")?;
        Ok(Self { qemu, lines: BufReader::new(out).lines(), console: parts.console.clone() })
    }

    /// The next line that the machine prints; `None` when it is off.
    pub async fn line(&mut self, deadline: Instant) -> Result<Option<String>> {
        match timeout_at(deadline, self.lines.next_line()).await {
            Ok(line) => Ok(line.context("read what the machine prints")?.map(|line| line.trim_end_matches('\r').to_owned())),
            Err(_) => bail!("the machine took too long\n{}", tail(&self.console)),
        }
    }

    /// Cuts the power; lines that it had printed can still be read.
    pub async fn cut(&mut self) -> Result<()> {
        self.qemu.kill().await.context("kill qemu")
    }
}

/// Whether the host's hardware support works, found out by a short boot: a host may have it and not let it work.
pub async fn acceleration(parts: &Parts) -> Acceleration {
    if std::fs::File::options().read(true).write(true).open("/dev/kvm").is_err() {
        return Acceleration::Emulation;
    }
    let probe = async {
        let mut machine = Machine::start(parts, Acceleration::Hardware, Stdio::null())?;
        let deadline = Instant::now() + PROBE_MAX;
        while let Some(line) = machine.line(deadline).await? {
            if line.starts_with("== up") {
                return anyhow::Ok(());
            }
        }
        bail!("qemu ended")
    };
    if probe.await.is_ok() { Acceleration::Hardware } else { Acceleration::Emulation }
}

/// The last messages of a kernel that hung: under emulation a processor now and then waits for ever for an answer of another.
pub fn hung(parts: &Parts) -> Option<String> {
    let messages = std::fs::read(&parts.console).unwrap_or_default();
    String::from_utf8_lossy(&messages).contains(HUNG).then(|| tail(&parts.console))
}

/// The end of the kernel's messages.
fn tail(console: &Path) -> String {
    let bytes = std::fs::read(console).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().collect();
    format!("{} ends:\n{}", console.display(), lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n"))
}
