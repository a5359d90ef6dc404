//! The flags that say where the bytes of claims lie and how long they are kept once nobody wants them.

use super::care::{GoDuration, duration};
use clap::Args;
use std::path::{Path, PathBuf};
use std::time::Duration;

#[derive(Debug, Clone, PartialEq, Args)]
pub struct StorageArgs {
    /// Where volumes lie that this node makes for claims, if their StorageClass has no parameter `path` [default: DIR/storage/volumes]
    #[arg(help_heading = "Nodes", long, env = "STEAD_DEFAULT_LOCAL_STORAGE_PATH", value_name = "DIR", value_parser = directory)]
    pub default_local_storage_path: Option<PathBuf>,
    /// How long the data of deleted volumes can still be had from `.trash` beside it
    #[arg(help_heading = "Nodes", long, env = "STEAD_TRASH_RETENTION", value_name = "D", default_value_t = GoDuration(Duration::ZERO),
        value_parser = duration)]
    pub trash_retention: GoDuration,
}

impl StorageArgs {
    /// Every flag and its value.
    pub fn settings(&self) -> [(&'static str, Option<String>); 2] {
        [
            ("default-local-storage-path", self.default_local_storage_path.as_ref().map(|path| path.display().to_string())),
            ("trash-retention", Some(self.trash_retention.to_string())),
        ]
    }
}

fn directory(text: &str) -> Result<PathBuf, String> {
    let path = std::path::absolute(text).map_err(|error| error.to_string())?;
    let is_plain = path.components().skip(1).all(|part| matches!(part, std::path::Component::Normal(_)));
    if !is_plain {
        return Err("expected a path without ..".to_owned());
    }
    if Path::new(text).exists() && !Path::new(text).is_dir() {
        return Err("this is no directory".to_owned());
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use crate::config::{Cli, Verb};
    use clap::Parser;

    fn parse(flags: &[&str]) -> Result<super::StorageArgs, String> {
        let words = ["stead", "server"].iter().chain(flags);
        let cli = Cli::try_parse_from(words).map_err(|error| error.to_string())?;
        let Verb::Server(args) = cli.verb else { panic!("not server") };
        Ok(args.storage)
    }

    #[test]
    fn where_volumes_lie_is_a_directory() {
        let storage = parse(&["--default-local-storage-path=/nowhere/yet", "--trash-retention=24h"]).unwrap();
        let again: Vec<String> = storage.settings().into_iter().filter_map(|(flag, value)| Some(format!("--{flag}={}", value?))).collect();
        assert_eq!(parse(&again.iter().map(String::as_str).collect::<Vec<_>>()).unwrap(), storage);
        for (flag, why) in [
            ("--default-local-storage-path=/etc/hostname", "no directory"),
            ("--default-local-storage-path=/a/../b", "without .."),
            ("--trash-retention=soon", "expected a duration"),
        ] {
            assert!(parse(&[flag]).unwrap_err().contains(why), "{flag}");
        }
    }
}
