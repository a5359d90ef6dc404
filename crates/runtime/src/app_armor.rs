//! AppArmor profiles: which of those that are loaded on this machine a container gets. Never loads one.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use crate::container::AppArmor;

/// What container runtimes call the profile that they load for their containers.
const STANDARD: &str = "cri-containerd.apparmor.d";
const PROFILES: &str = "/sys/kernel/security/apparmor/profiles";
const ENABLED: &str = "/sys/module/apparmor/parameters/enabled";

/// The profile to enter; None to enter none. Errors are texts for users.
pub fn profile(asked: &AppArmor) -> Result<Option<String>, String> {
    let is_enabled = fs::read_to_string(ENABLED).is_ok_and(|text| text.starts_with('Y'));
    let loaded = if is_enabled { fs::read_to_string(PROFILES).unwrap_or_default() } else { String::new() };
    choose(asked, is_enabled, &loaded)
}

/// Has the next program that this process, or a child of it, executes held to a profile.
pub fn enter_on_exec(profile: &str) -> io::Result<()> {
    let own = Path::new("/proc/self/attr/apparmor/exec");
    let path = if own.exists() { own } else { Path::new("/proc/self/attr/exec") };
    File::options().write(true).open(path)?.write_all(format!("exec {profile}").as_bytes())
}

fn choose(asked: &AppArmor, is_enabled: bool, loaded: &str) -> Result<Option<String>, String> {
    let is_loaded = |wanted: &str| loaded.lines().any(|line| line.rsplit_once(" (").is_some_and(|(name, _)| name == wanted));
    match asked {
        AppArmor::Unconfined => Ok(None),
        AppArmor::Standard => Ok(is_loaded(STANDARD).then(|| STANDARD.to_owned())),
        AppArmor::Profile(_) if !is_enabled => Err("AppArmor is not enabled on the host".to_owned()),
        AppArmor::Profile(name) if !is_loaded(name) => Err(format!("apparmor profile not found {name}")),
        AppArmor::Profile(name) => Ok(Some(name.clone())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_must_be_loaded() {
        // SEC-15
        let loaded = "cri-containerd.apparmor.d (enforce)\nmy profile (complain)\n";
        let named = |name: &str| AppArmor::Profile(name.to_owned());
        assert_eq!(choose(&named("my profile"), true, loaded), Ok(Some("my profile".to_owned())));
        assert_eq!(choose(&named("my"), true, loaded), Err("apparmor profile not found my".to_owned()));
        assert_eq!(choose(&named("my"), false, ""), Err("AppArmor is not enabled on the host".to_owned()));
        assert_eq!(choose(&AppArmor::Standard, true, loaded), Ok(Some(STANDARD.to_owned())));
        assert_eq!((choose(&AppArmor::Standard, false, ""), choose(&AppArmor::Unconfined, true, loaded)), (Ok(None), Ok(None)));
    }
}
