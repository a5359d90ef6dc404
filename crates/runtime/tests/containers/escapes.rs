//! Published ways out of containers, tried from inside ones made for it: images and volumes with links where paths are expected, and programs that
//! look for what was left open. Needs root.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use crate::harness::{Machine, on_machine, options};
use crate::needs_root;
use stead_runtime::{ContainerSpec, Mount, StartError, default_masked_paths, default_readonly_paths};

/// The one layer of the image that the containers run: what is changed in it is in the image.
fn layer(machine: &Machine) -> PathBuf {
    let found = fs::read_dir(machine.root().join("images")).unwrap().flatten().map(|entry| entry.path().join("layer"));
    found.into_iter().find(|path| path.is_dir()).unwrap()
}

fn spec(machine: &Machine, name: &str, words: &[&str]) -> ContainerSpec {
    let argv: Vec<&str> = std::iter::once("/bin/stead").chain(words.iter().copied()).collect();
    machine.container_spec("s", name, &argv)
}

/// What a container prints.
async fn said(machine: &mut Machine, spec: ContainerSpec) -> Vec<String> {
    let (exit, log) = machine.run("s", spec).await;
    assert_eq!(exit.code, 0, "{log:?}");
    log.into_iter().map(|line| line.trim_start_matches("stdout F ").to_owned()).collect()
}

async fn refusal(machine: &Machine, spec: ContainerSpec) -> String {
    match machine.runtime.start("s", spec).await.unwrap_err() {
        StartError::Create(message) | StartError::Start { message, .. } => message,
        other => panic!("{other}"),
    }
}

fn bind(source: &Path, destination: &str) -> Mount {
    Mount { source: source.to_owned(), destination: destination.to_owned(), ..Mount::default() }
}

/// CVE-2024-21626, CVE-2016-9962: a directory of the machine that is still open shows in `/proc/self/fd`, or as the working directory.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_left_open() {
    needs_root!();
    on_machine(async |machine| {
        machine.sandbox("s").await;
        let open = said(machine, spec(machine, "fds", &["descriptors-for-test"])).await;
        let numbers: Vec<&str> = open.iter().filter_map(|line| line.split_once('=').map(|(number, _)| number)).collect();
        assert_eq!(numbers, ["0", "1", "2"], "{open:?}");
        assert!(open[1].contains("pipe:") && open[2].contains("pipe:"), "{open:?}");
        for number in 3..16 {
            let mut inside = spec(machine, &format!("cwd{number}"), &["link-for-test", "/proc/self/cwd"]);
            inside.cwd = Some(format!("/proc/self/fd/{number}"));
            // Either it cannot be entered, or it is no directory of the machine.
            if machine.runtime.start("s", inside.clone()).await.is_ok() {
                machine.exit_of(&inside.name).await;
                assert_eq!(machine.log("s", &inside.name), ["stdout F /proc/self/cwd=/"], "{number}");
            }
        }
    })
    .await;
}

/// CVE-2019-5736: an image whose program is a link to what executes it gets the machine's program to run, and to write.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_runtime_s_own_program_cannot_be_written() {
    needs_root!();
    on_machine(async |machine| {
        machine.sandbox("s").await;
        symlink("/proc/self/exe", layer(machine).join("bin/evil")).unwrap();
        let mut evil = spec(machine, "evil", &[]);
        evil.argv = ["/bin/evil", "open-to-write-for-test", "/proc/self/exe"].map(str::to_owned).into();
        evil.capabilities = stead_runtime::all_capabilities();
        let said = said(machine, evil).await;
        assert!(said == ["/proc/self/exe=ETXTBSY"] || said == ["/proc/self/exe=EROFS"], "{said:?}");
    })
    .await;
}

/// CVE-2021-30465, CVE-2024-45310, CVE-2025-52565: links where something is to be mounted lead out of the root, or over `/proc`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn links_at_mount_points_stay_inside() {
    needs_root!();
    on_machine(async |machine| {
        machine.sandbox("s").await;
        let outside = machine.dir.path().join("outside");
        let volume = machine.dir.path().join("volume");
        fs::create_dir(&outside).unwrap();
        fs::create_dir(&volume).unwrap();
        fs::write(volume.join("mark"), "").unwrap();
        let up = "../../../../../../../../../../../..";
        let image = layer(machine);
        symlink(format!("{up}{}", outside.display()), image.join("up")).unwrap();
        symlink(outside.to_str().unwrap(), image.join("absolute")).unwrap();
        symlink("/proc/self/attr", image.join("attributes")).unwrap();
        symlink(format!("{up}{}", outside.display()), volume.join("nested")).unwrap();
        for (name, mounts, look) in [
            ("up", vec![bind(&volume, "/up/made")], "/up/made/mark"),
            ("file", vec![bind(&volume.join("mark"), "/up/file")], "/up/file"),
            ("absolute", vec![bind(&volume, "/absolute")], "/absolute/mark"),
        ] {
            let mut inside = spec(machine, name, &["read-for-test", look]);
            inside.mounts = mounts;
            assert_eq!(said(machine, inside).await, [format!("{look}=nothing")]);
        }
        // A link of the volume's, to what is not there.
        let mut nested = spec(machine, "nested", &["link-for-test", "/"]);
        nested.mounts = vec![bind(&volume, "/v"), bind(&volume, "/v/nested/deep")];
        assert!(refusal(machine, nested).await.contains("failed to prepare rootfs"));
        assert_eq!(fs::read_dir(&outside).unwrap().count(), 0, "nothing was made on the machine");
        for destination in ["/attributes", "/attributes/exec", "/proc/self/attr", "/proc", "/proc/sys/kernel"] {
            let mut inside = spec(machine, &format!("p{}", destination.len()), &["link-for-test", "/"]);
            inside.mounts = vec![bind(&volume, destination)];
            let message = refusal(machine, inside).await;
            assert!(message.contains("cannot be mounted because it is inside /proc"), "{destination}: {message}");
        }
    })
    .await;
}

/// CVE-2019-16884, CVE-2023-27561, CVE-2023-28642, CVE-2025-52881: where `/proc` or `/sys` is a link, what is written there goes elsewhere.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn proc_and_sys_are_no_links() {
    needs_root!();
    for name in ["proc", "sys"] {
        on_machine(async |machine| {
            machine.sandbox("s").await;
            let place = layer(machine).join(name);
            if place.is_dir() {
                fs::remove_dir(&place).unwrap();
            }
            fs::create_dir_all(layer(machine).join("fake/self/attr")).unwrap();
            symlink("/fake", &place).unwrap();
            let message = refusal(machine, spec(machine, "c", &["link-for-test", "/proc"])).await;
            assert!(message.contains("failed to prepare rootfs"), "{message}");
        })
        .await;
    }
}

/// CVE-2025-31133: what hides a path is a device of the container's, which may be a link; and every path that is to be hidden is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hidden_paths_are_hidden_and_guarded_ones_cannot_be_written() {
    needs_root!();
    on_machine(async |machine| {
        machine.sandbox("s").await;
        let devices = machine.dir.path().join("devices");
        fs::create_dir(&devices).unwrap();
        symlink("/proc/sys/kernel/core_pattern", devices.join("null")).unwrap();
        fs::create_dir_all(layer(machine).join("dev")).unwrap();
        symlink("/proc/sys/kernel/core_pattern", layer(machine).join("dev/null")).unwrap();
        let masked = default_masked_paths();
        let mut words = vec!["read-for-test"];
        words.extend(masked.iter().map(String::as_str).filter(|path| !Path::new(path).is_dir()));
        for line in said(machine, spec(machine, "files", &words)).await {
            assert!(["nothing", "ENOENT", "EACCES"].iter().any(|end| line.ends_with(&format!("={end}"))), "{line}");
        }
        words[0] = "list-for-test";
        words.splice(1.., masked.iter().map(String::as_str).filter(|path| Path::new(path).is_dir()));
        for line in said(machine, spec(machine, "directories", &words)).await {
            assert!(line.ends_with("=0"), "{line}");
        }
        let guarded = [
            "/proc/sys/kernel/core_pattern",
            "/proc/sys/kernel/modprobe",
            "/proc/sys/fs/binfmt_misc/register",
            "/proc/sysrq-trigger",
            "/proc/irq/default_smp_affinity",
            "/sys/kernel/uevent_helper",
            "/sys/fs/cgroup/memory/memory.limit_in_bytes",
            "/sys/fs/cgroup/devices/devices.allow",
            "/sys/fs/cgroup/memory.max",
            "/sys/kernel/mm/transparent_hugepage/enabled",
        ];
        words.splice(.., std::iter::once("open-to-write-for-test").chain(guarded));
        for line in said(machine, spec(machine, "guarded", &words)).await {
            assert!(!line.ends_with("=opened"), "{line}");
        }
        assert!(default_readonly_paths().iter().all(|path| path.starts_with("/proc/")));
        // A volume at /dev brings its own devices: either there is no container, or what they lead to is guarded all the same.
        let mut own = spec(machine, "devices", &["open-to-write-for-test", guarded[0]]);
        own.mounts = vec![bind(&devices, "/dev")];
        own.termination_log = None;
        if machine.runtime.start("s", own).await.is_ok() {
            machine.exit_of("devices").await;
            assert_eq!(machine.log("s", "devices"), [format!("stdout F {}=EROFS", guarded[0])]);
        }
    })
    .await;
}

/// Devices of the machine, made by number.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_device_of_the_machine_can_be_opened() {
    needs_root!();
    on_machine(async |machine| {
        // OCI-6, LC-24
        machine.sandbox("s").await;
        let mut all = spec(machine, "all", &["open-every-device-for-test"]);
        all.capabilities = stead_runtime::all_capabilities();
        assert_eq!(said(machine, all).await, ["opened="]);
    })
    .await;
}

/// What one container writes is not in the image of the next.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_image_s_files_are_not_written() {
    needs_root!();
    on_machine(async |machine| {
        machine.sandbox("s").await;
        fs::write(layer(machine).join("data"), "as it came").unwrap();
        let paths = ["/data", "/proc/self/root/data", "/proc/self/cwd/data", "/proc/1/root/data"];
        let mut words = vec!["make-for-test"];
        words.extend(paths);
        let mut writer = spec(machine, "writer", &words);
        writer.capabilities = stead_runtime::all_capabilities();
        assert_eq!(said(machine, writer).await, paths.map(|path| format!("{path}=made")));
        assert_eq!(said(machine, spec(machine, "reader", &["read-for-test", "/data"])).await, ["/data=as it came"]);
        assert_eq!(fs::read_to_string(layer(machine).join("data")).unwrap(), "as it came");
        let program = said(machine, spec(machine, "program", &["open-to-write-for-test", "/proc/self/exe"])).await;
        assert_eq!(program, ["/proc/self/exe=ETXTBSY"]);
    })
    .await;
}

/// OCI-8, SEC-12: an image's volumes are filled from it, written where its root cannot be, and new for each container.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_image_s_volumes_are_written_where_its_root_cannot_be() {
    needs_root!();
    on_machine(async |machine| {
        let image = layer(machine);
        fs::create_dir_all(image.join("data")).unwrap();
        fs::write(image.join("data/given"), "given").unwrap();
        symlink(machine.dir.path(), image.join("out")).unwrap();
        let record = image.with_file_name("image.json");
        let mut json: serde_json::Value = serde_json::from_slice(&fs::read(&record).unwrap()).unwrap();
        json["config"]["volumes"] = serde_json::json!(["/data", "/not/there/", "/out/x", "/proc", "relative"]);
        fs::write(&record, json.to_string()).unwrap();
        let (root, other) = (machine.root(), tempfile::tempdir().unwrap());
        let away = stead_runtime::Runtime::open(&other.path().join("root"), options()).await.unwrap();
        machine.runtime = away;
        machine.runtime = stead_runtime::Runtime::open(&root, options()).await.unwrap();
        machine.events = machine.runtime.events();
        stead_runtime::clean(&other.path().join("root")).unwrap();
        machine.sandbox("s").await;
        for name in ["one", "two"] {
            let mut inside = spec(machine, name, &["make-for-test", "/x", "/data/new", "/not/there/new", "/out/x/new"]);
            inside.read_only_rootfs = true;
            assert_eq!(said(machine, inside).await, ["/x=EROFS", "/data/new=made", "/not/there/new=made", "/out/x/new=made"]);
            let look = spec(machine, &format!("{name}-look"), &["read-for-test", "/data/given", "/data/new"]);
            assert_eq!(said(machine, look).await, ["/data/given=given", "/data/new=ENOENT"]);
        }
        assert!(!machine.dir.path().join("x").exists());
    })
    .await;
}
