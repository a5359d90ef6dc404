//! What follows from the facts. Pure. Input: [`Facts`]. Output: what is missing, each with what to do, and remarks that hinder nothing.

use std::net::IpAddr;
use stead_api::time::Timestamp;

/// The first kernel with all that containers are made with: `openat2`, `clone3` into a cgroup, `close_range`.
const KERNEL_MIN: (u32, u32) = (5, 9);
/// Controllers without which no limit holds.
const CONTROLLERS: [&str; 3] = ["cpu", "memory", "pids"];
/// What a new store keeps for itself, and a little more.
const ROOM_MIN_BYTES: u64 = 16 << 20;
/// No clock of a machine that runs this program was ever right before it (2025-01-01).
const CLOCK_MIN_S: i64 = 1_735_689_600;

/// What was found on the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Whether containers are to run here; simulated nodes need nothing.
    pub has_containers: bool,
    /// `6.1.0-28-amd64`
    pub kernel: String,
    /// The controllers that can be used; none where no hierarchy is mounted.
    pub controllers: Option<Vec<String>>,
    /// Whether groups can be made there.
    pub can_write_cgroups: bool,
    /// Why an overlay cannot be mounted on the data directory; none: it can, or could not be tried.
    pub overlay_trouble: Option<String>,
    pub data_dir: String,
    /// Bytes that are free for a new data directory; none: not known, or a server has begun there and keeps what it needs.
    pub free_bytes: Option<u64>,
    pub now: Timestamp,
    /// Name servers that systemd-resolved asks for the names of some domains alone, as VPNs set them up.
    pub split_dns: Vec<IpAddr>,
    /// Whether the user has said who knows names outside the cluster.
    pub has_chosen_resolvers: bool,
}

/// What to tell the user.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MachineCheck {
    /// Without it no server is started.
    pub missing: Vec<String>,
    pub remarks: Vec<String>,
}

pub fn of(facts: &Facts) -> MachineCheck {
    let mut verdict = MachineCheck::default();
    verdict.missing.extend(room(facts));
    verdict.remarks.extend(clock(facts.now));
    if facts.has_containers {
        verdict.missing.extend([kernel(&facts.kernel), cgroups(facts), overlay(facts)].into_iter().flatten());
        verdict.remarks.extend(names(facts));
    }
    verdict
}

fn kernel(release: &str) -> Option<String> {
    let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map(|number| number.parse::<u32>().unwrap_or(0));
    let version = (numbers.next()?, numbers.next()?);
    let (major, minor) = KERNEL_MIN;
    (version < KERNEL_MIN).then(|| {
        format!("this kernel is {release}, and containers need Linux {major}.{minor} or newer: take a newer kernel of your distribution and restart the machine")
    })
}

fn cgroups(facts: &Facts) -> Option<String> {
    let Some(there) = &facts.controllers else {
        return Some("no control groups are mounted at /sys/fs/cgroup, and limits need them: `mount -t cgroup2 none /sys/fs/cgroup`; in a container, start that with its control groups (docker run --privileged --cgroupns=host)".to_owned());
    };
    if !facts.can_write_cgroups {
        return Some("the control groups at /sys/fs/cgroup are read-only, as in an unprivileged container: start that with `docker run --privileged --cgroupns=host`, or run Stead on the machine itself".to_owned());
    }
    let missing: Vec<&str> = CONTROLLERS.into_iter().filter(|controller| !there.iter().any(|one| one == controller)).collect();
    (!missing.is_empty()).then(|| {
        format!(
            "the kernel has no control group controllers for {}, and limits need them: start it with `{}` on its command line (on a Raspberry Pi in /boot/firmware/cmdline.txt) and restart the machine",
            missing.join(", "),
            missing.iter().map(|controller| format!("cgroup_enable={controller}")).collect::<Vec<_>>().join(" ")
        )
    })
}

fn overlay(facts: &Facts) -> Option<String> {
    let why = facts.overlay_trouble.as_ref()?;
    Some(format!(
        "images cannot be mounted in {} ({why}): `modprobe overlay`, or give a --data-dir on ext4, XFS or Btrfs if that one is on a network or an overlay itself",
        facts.data_dir
    ))
}

fn room(facts: &Facts) -> Option<String> {
    let free_bytes = facts.free_bytes.filter(|free| *free < ROOM_MIN_BYTES)?;
    Some(format!(
        "the disk of {} has {} MiB left, and Stead needs {} to begin: make room, or give another --data-dir",
        facts.data_dir,
        free_bytes >> 20,
        ROOM_MIN_BYTES >> 20
    ))
}

fn clock(now: Timestamp) -> Option<String> {
    (now.seconds() < CLOCK_MIN_S).then(|| {
        format!("this machine's clock says {}: registries and clients will refuse each other's certificates until it is right (`timedatectl set-ntp true`)", now.rfc3339())
    })
}

fn names(facts: &Facts) -> Option<String> {
    if facts.split_dns.is_empty() || facts.has_chosen_resolvers {
        return None;
    }
    let servers: Vec<String> = facts.split_dns.iter().map(ToString::to_string).collect();
    Some(format!(
        "some names are known to {} alone, as with a VPN, and pods would not find them: give --dns-upstream 127.0.0.53, which asks whom this machine asks",
        servers.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> Facts {
        Facts {
            has_containers: true,
            kernel: "6.1.0-28-amd64".to_owned(),
            controllers: Some(["cpuset", "cpu", "io", "memory", "pids"].map(str::to_owned).to_vec()),
            can_write_cgroups: true,
            overlay_trouble: None,
            data_dir: "/d".to_owned(),
            free_bytes: Some(1 << 30),
            now: Timestamp(1_800_000_000_000_000),
            split_dns: Vec::new(),
            has_chosen_resolvers: false,
        }
    }

    fn missing(facts: Facts, words: &str) {
        let verdict = of(&facts);
        assert!(matches!(&verdict.missing[..], [one] if one.contains(words)), "{words:?} in {verdict:?}");
        let simulated = of(&Facts { has_containers: false, ..facts });
        assert!(simulated.missing.is_empty() || words.contains("MiB"), "{simulated:?}");
    }

    #[test]
    fn a_good_machine_lacks_nothing() {
        assert_eq!(of(&good()), MachineCheck::default());
        for kernel in ["5.9.0", "5.10.0-8-arm64", "7.0", "6.6.87.2-microsoft-standard-WSL2"] {
            assert_eq!(of(&Facts { kernel: kernel.to_owned(), ..good() }).missing, Vec::<String>::new(), "{kernel}");
        }
    }

    #[test]
    fn what_is_missing_is_said_with_what_to_do() {
        missing(Facts { kernel: "4.19.0-27-amd64".to_owned(), ..good() }, "Linux 5.9 or newer");
        missing(Facts { kernel: "5.4.0-150-generic".to_owned(), ..good() }, "this kernel is 5.4.0-150-generic");
        missing(Facts { controllers: None, ..good() }, "mount -t cgroup2");
        missing(Facts { can_write_cgroups: false, ..good() }, "are read-only");
        missing(Facts { controllers: Some(vec!["cpu".to_owned(), "pids".to_owned()]), ..good() }, "`cgroup_enable=memory`");
        missing(
            Facts { overlay_trouble: Some("ENODEV".to_owned()), ..good() },
            "images cannot be mounted in /d (ENODEV): `modprobe overlay`",
        );
        missing(Facts { free_bytes: Some(5 << 20), ..good() }, "the disk of /d has 5 MiB left");
    }

    #[test]
    fn what_only_hinders_is_remarked() {
        let says =
            |facts: Facts, words: &str| assert!(of(&facts).remarks.iter().any(|remark| remark.contains(words)), "{words}: {facts:?}");
        says(Facts { now: Timestamp(5_000_000), ..good() }, "clock says 1970-01-01T00:00:05Z");
        let vpn = Facts { split_dns: vec!["10.8.0.1".parse().unwrap()], ..good() };
        says(vpn.clone(), "known to 10.8.0.1 alone");
        assert!(of(&Facts { has_chosen_resolvers: true, ..vpn }).remarks.is_empty());
    }
}
