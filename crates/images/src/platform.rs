//! Which of an index's images runs on this machine (IMG-10).

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Operating system, architecture and its variant, in Go's words.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Platform {
    pub os: String,
    pub architecture: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub variant: String,
}

impl Platform {
    /// Of this program.
    pub fn host() -> Platform {
        let (architecture, variant) = match std::env::consts::ARCH {
            "x86_64" => ("amd64", level()),
            "aarch64" => ("arm64", "v8".to_owned()),
            "x86" => ("386", String::new()),
            "arm" => ("arm", "v7".to_owned()),
            "powerpc64" => ("ppc64le", String::new()),
            other => (other, String::new()),
        };
        Platform { os: "linux".to_owned(), architecture: architecture.to_owned(), variant }
    }

    /// How well an image for that platform suits this one: less is better. None: it does not run.
    fn distance(&self, image: &Platform) -> Option<u32> {
        let (architecture, variant) = normal(&image.architecture, &image.variant);
        let (own, own_variant) = normal(&self.architecture, &self.variant);
        if image.os != self.os || architecture != own {
            return None;
        }
        own_variant.checked_sub(variant)
    }

    /// The position of the best of these; the first of equals.
    pub fn choose(&self, offered: &[Platform]) -> Option<usize> {
        let suits = offered.iter().enumerate().filter_map(|(at, platform)| Some((self.distance(platform)?, at)));
        suits.min().map(|(_, at)| at)
    }
}

/// The architecture and its variant as a level; where none is given, what that architecture began with.
fn normal<'a>(architecture: &'a str, variant: &str) -> (&'a str, u32) {
    let architecture = match architecture {
        "x86_64" | "x86-64" => "amd64",
        "aarch64" => "arm64",
        "armhf" => "arm",
        other => other,
    };
    let level = variant.trim_start_matches('v').parse().ok();
    let least = match architecture {
        "arm64" => 8,
        "arm" => 7,
        "amd64" => 1,
        _ => 0,
    };
    (architecture, level.unwrap_or(least))
}

/// The level of the x86-64 instruction set (v1 to v4).
#[cfg(target_arch = "x86_64")]
fn level() -> String {
    use std::arch::is_x86_feature_detected as has;
    let two = has!("sse4.2") && has!("popcnt") && has!("ssse3") && has!("cmpxchg16b");
    let three = two && has!("avx2") && has!("bmi1") && has!("bmi2") && has!("fma") && has!("f16c") && has!("lzcnt") && has!("movbe");
    let four = three && has!("avx512f") && has!("avx512bw") && has!("avx512cd") && has!("avx512dq") && has!("avx512vl");
    format!("v{}", 1 + u32::from(two) + u32::from(three) + u32::from(four))
}

#[cfg(not(target_arch = "x86_64"))]
fn level() -> String {
    String::new()
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        if self.variant.is_empty() { Ok(()) } else { write!(f, "/{}", self.variant) }
    }
}

impl FromStr for Platform {
    type Err = String;

    fn from_str(text: &str) -> Result<Platform, String> {
        let words: Vec<&str> = text.split('/').collect();
        match words.as_slice() {
            [os, architecture, rest @ ..] if rest.len() <= 1 && words.iter().all(|word| !word.is_empty()) => Ok(Platform {
                os: (*os).to_owned(),
                architecture: (*architecture).to_owned(),
                variant: rest.first().map(|word| (*word).to_owned()).unwrap_or_default(),
            }),
            _ => Err("expected OS/ARCHITECTURE[/VARIANT], such as linux/arm64".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choose(host: &str, offered: &[&str]) -> Option<usize> {
        let parse = |text: &&str| text.parse::<Platform>().unwrap();
        parse(&host).choose(&offered.iter().map(parse).collect::<Vec<_>>())
    }

    #[test]
    fn the_best_that_runs_is_chosen() {
        // IMG-10
        let all = ["linux/arm/v6", "linux/arm/v7", "linux/arm64/v8", "linux/amd64", "linux/amd64/v3", "windows/amd64"];
        assert_eq!(choose("linux/amd64/v2", &all), Some(3));
        assert_eq!(choose("linux/amd64/v4", &all), Some(4));
        assert_eq!(choose("linux/arm64/v8", &all), Some(2));
        assert_eq!(choose("linux/arm/v7", &all), Some(1));
        assert_eq!(choose("linux/arm/v7", &["linux/arm/v6", "linux/arm/v5"]), Some(0));
        assert_eq!(choose("linux/arm/v6", &["linux/arm/v7"]), None);
        assert_eq!(choose("linux/arm64/v8", &["linux/arm64"]), Some(0));
        assert_eq!(choose("linux/s390x", &all), None);
        assert_eq!(choose("linux/amd64", &["linux/amd64", "linux/amd64"]), Some(0));
    }

    #[test]
    fn this_machine_has_a_platform() {
        assert_eq!(Platform::host().os, "linux");
        assert!("linux".parse::<Platform>().is_err() && "linux/".parse::<Platform>().is_err() && "a/b/c/d".parse::<Platform>().is_err());
    }
}
