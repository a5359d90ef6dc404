//! From a pod's container and its image to what the runtime is asked to start. Pure.

use super::environment::{Sources, container_variables, expand, process_variables};
use super::huge_pages;
use super::limits::{container_limits, oom_score_adj};
use super::steps::NodeFacts;
use super::unsupported::unsupported;
use super::volumes::mounts::{devices, mounts};
use crate::runtime::{AppArmor, ContainerSpec, Image, Input, Seccomp, Security, User};
use stead_api::Value;
use stead_api::value::Access;

/// The message of CreateContainerConfigError.
pub type ConfigError = String;

/// Describes one attempt of a container.
pub fn container_spec(
    pod: &Value,
    container: &Value,
    attempt: u32,
    image: &Image,
    sources: &Sources,
    node: &NodeFacts,
) -> Result<ContainerSpec, ConfigError> {
    if let Some(absent) = unsupported(pod, container) {
        return Err(absent);
    }
    let own = container_variables(pod, container, sources)?;
    let planned = mounts(pod, container, &node.pods_dir, &own)?;
    let devices = devices(pod, container, &node.pods_dir)?;
    let env = process_variables(&image.env, &own, &sources.hostname);
    let user = user(pod, container, image);
    run_as_non_root(pod, container, &user)?;
    Ok(ContainerSpec {
        name: container.str("name").to_owned(),
        attempt,
        processes_of: None,
        image: image.reference.clone(),
        image_named: container.str("image").to_owned(),
        argv: argv(container, image, &own),
        env,
        working_dir: first(&[container.str("workingDir"), &image.working_dir, "/"]),
        user,
        security: security(pod, container),
        mounts: planned.into_iter().map(|planned| planned.mount).collect(),
        devices,
        limits: container_limits(pod, container),
        huge_pages: huge_pages::of_container(pod, container),
        oom_score_adj: oom_score_adj(pod, container, node.memory_bytes),
        stop_signal: first(&[&image.stop_signal, "SIGTERM"]),
        input: input(container),
        termination_message_path: first(&[container.str("terminationMessagePath"), "/dev/termination-log"]),
        termination_message_from_log: container.str("terminationMessagePolicy") == "FallbackToLogsOnError",
    })
}

/// OCI-11.
fn input(container: &Value) -> Input {
    let is = |field: &str| container[field].as_bool().unwrap_or(false);
    Input { stdin: is("stdin"), once: is("stdinOnce"), tty: is("tty") }
}

fn first(candidates: &[&str]) -> String {
    candidates.iter().find(|c| !c.is_empty()).copied().unwrap_or_default().to_owned()
}

/// ENV-11: command replaces the entrypoint and drops the image's command; args replace the command only. The image's
/// own variables are not seen by `$(NAME)`.
fn argv(container: &Value, image: &Image, variables: &[(String, String)]) -> Vec<String> {
    let known = |name: &str| variables.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone());
    let expanded =
        |list: &str| -> Vec<String> { container.items(list).iter().filter_map(Value::as_str).map(|text| expand(text, known)).collect() };
    let (command, args) = (expanded("command"), expanded("args"));
    let mut argv = if command.is_empty() { image.entrypoint.clone() } else { command.clone() };
    if !args.is_empty() {
        argv.extend(args);
    } else if command.is_empty() {
        argv.extend(image.command.iter().cloned());
    }
    argv // Without any the runtime will not make the container.
}

/// A security setting: the container's own, else the pod's (SEC-1).
fn setting<'a>(pod: &'a Value, container: &'a Value, name: &str) -> Option<&'a Value> {
    let of = |context: &'a Value| context.get(name).filter(|v| !v.is_null());
    of(&container["securityContext"]).or_else(|| of(&pod["spec"]["securityContext"]))
}

fn number(value: Option<&Value>) -> Option<u32> {
    value.and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok())
}

fn user(pod: &Value, container: &Value, image: &Image) -> User {
    let context = &pod["spec"]["securityContext"];
    let mut groups: Vec<u32> = context.items("supplementalGroups").iter().filter_map(|g| number(Some(g))).collect();
    groups.extend(number(context.get("fsGroup"))); // SEC-4
    User {
        uid: number(setting(pod, container, "runAsUser")),
        gid: number(setting(pod, container, "runAsGroup")),
        image_user: image.user.clone(),
        supplemental_groups: groups,
        strict_groups: context.str("supplementalGroupsPolicy") == "Strict",
    }
}

/// SEC-3.
fn run_as_non_root(pod: &Value, container: &Value, user: &User) -> Result<(), ConfigError> {
    if setting(pod, container, "runAsNonRoot").and_then(Value::as_bool) != Some(true) {
        return Ok(());
    }
    let who = format!(
        " (pod: \"{}_{}({})\", container: {})",
        pod["metadata"].str("name"),
        pod["metadata"].str("namespace"),
        pod["metadata"].str("uid"),
        container.str("name"),
    );
    match user.uid {
        Some(0) => Err(format!("container's runAsUser breaks non-root policy{who}")),
        Some(_) => Ok(()),
        None => {
            let name = user.image_user.split(':').next().unwrap_or_default();
            match name.parse::<u32>() {
                Ok(0) => Err(format!("container has runAsNonRoot and image will run as root{who}")),
                Ok(_) => Ok(()),
                Err(_) if name.is_empty() => Err(format!("container has runAsNonRoot and image will run as root{who}")),
                Err(_) => {
                    Err(format!("container has runAsNonRoot and image has non-numeric user ({name}), cannot verify user is non-root{who}"))
                }
            }
        }
    }
}

fn security(pod: &Value, container: &Value) -> Security {
    let context = &container["securityContext"];
    let names = |list: &str| {
        context["capabilities"].items(list).iter().filter_map(Value::as_str).map(|c| c.trim_start_matches("CAP_").to_uppercase()).collect()
    };
    Security {
        privileged: context.flag("privileged"),
        no_new_privileges: setting(pod, container, "allowPrivilegeEscalation") == Some(&Value::Bool(false)), // SEC-10
        read_only_root: context.flag("readOnlyRootFilesystem"),
        seccomp: seccomp(setting(pod, container, "seccompProfile")),
        app_armor: app_armor(setting(pod, container, "appArmorProfile")),
        unmasked_proc: context.str("procMount") == "Unmasked",
        capabilities_add: names("add"),
        capabilities_drop: names("drop"),
    }
}

/// SEC-13.
fn seccomp(profile: Option<&Value>) -> Seccomp {
    let Some(profile) = profile else { return Seccomp::Unset };
    match profile.str("type") {
        "RuntimeDefault" => Seccomp::RuntimeDefault,
        "Localhost" => Seccomp::Localhost(profile.str("localhostProfile").to_owned()),
        "Unconfined" => Seccomp::Unconfined,
        _ => Seccomp::Unset,
    }
}

/// SEC-15.
fn app_armor(profile: Option<&Value>) -> AppArmor {
    let Some(profile) = profile else { return AppArmor::RuntimeDefault };
    match profile.str("type") {
        "Localhost" => AppArmor::Localhost(profile.str("localhostProfile").to_owned()),
        "Unconfined" => AppArmor::Unconfined,
        _ => AppArmor::RuntimeDefault,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stead_api::json;

    fn image() -> Image {
        Image {
            reference: "localhost/stead:1".into(),
            entrypoint: vec!["/entry".into()],
            command: vec!["cmd".into()],
            env: vec!["PATH=/bin".into(), "IMG=1".into()],
            ..Image::default()
        }
    }

    fn spec(container: Value) -> Result<ContainerSpec, ConfigError> {
        let pod = json!({"metadata": {"name": "p", "namespace": "n", "uid": "u"}, "spec": {"containers": [container]}});
        container_spec(
            &pod,
            &pod["spec"]["containers"][0],
            0,
            &image(),
            &Sources::default(),
            &NodeFacts { memory_bytes: 1 << 30, ..NodeFacts::default() },
        )
    }

    #[test]
    fn command_and_args() {
        // ENV-11
        let cases = [
            (json!({}), vec!["/entry", "cmd"]),
            (json!({"args": ["a"]}), vec!["/entry", "a"]),
            (json!({"command": ["c"]}), vec!["c"]),
            (json!({"command": ["c"], "args": ["$(X)", "$(IMG)"], "env": [{"name": "X", "value": "x"}]}), vec!["c", "x", "$(IMG)"]),
        ];
        for (container, argv) in cases {
            assert_eq!(spec(container.clone()).unwrap().argv, argv, "{container}");
        }
    }

    #[test]
    fn non_root() {
        // SEC-3
        let who = " (pod: \"p_n(u)\", container: c)";
        let error = spec(json!({"name": "c", "securityContext": {"runAsNonRoot": true}})).unwrap_err();
        assert_eq!(error, format!("container has runAsNonRoot and image will run as root{who}"));
        let error = spec(json!({"name": "c", "securityContext": {"runAsNonRoot": true, "runAsUser": 0}})).unwrap_err();
        assert_eq!(error, format!("container's runAsUser breaks non-root policy{who}"));
        assert!(spec(json!({"name": "c", "securityContext": {"runAsNonRoot": true, "runAsUser": 5}})).is_ok());
    }

    #[test]
    fn a_container_s_seccomp_profile_goes_before_the_pod_s() {
        // SEC-1, SEC-13
        let of = |own: Value, of_pod: Value| {
            let pod = json!({"spec": {"securityContext": {"seccompProfile": of_pod}, "containers": [{"securityContext": {"seccompProfile": own}}]}});
            security(&pod, &pod["spec"]["containers"][0]).seccomp
        };
        assert_eq!(of(json!(null), json!(null)), Seccomp::Unset);
        assert_eq!(of(json!(null), json!({"type": "RuntimeDefault"})), Seccomp::RuntimeDefault);
        assert_eq!(of(json!({"type": "Unconfined"}), json!({"type": "RuntimeDefault"})), Seccomp::Unconfined);
        let localhost = json!({"type": "Localhost", "localhostProfile": "profiles/a.json"});
        assert_eq!(of(localhost, json!(null)), Seccomp::Localhost("profiles/a.json".to_owned()));
    }

    #[test]
    fn security_settings() {
        let spec = spec(
            json!({"securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"add": ["CAP_NET_ADMIN"], "drop": ["all"]}}}),
        );
        let security = spec.unwrap().security;
        assert!(security.no_new_privileges);
        assert_eq!((security.capabilities_add, security.capabilities_drop), (vec!["NET_ADMIN".to_owned()], vec!["ALL".to_owned()]));
    }
}
