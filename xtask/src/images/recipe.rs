//! What an image is made of, as data: packages, jars, what is changed of them, files and directories of its own, and how it is run.

use serde_json::Value;
use sha2::{Digest, Sha256};

pub struct Image {
    pub name: &'static str,
    pub tags: &'static [&'static str],
    /// What is really in it, where that is not what the tags say.
    pub stand_in: Option<&'static str>,
    pub base: Base,
    pub packages: &'static [&'static str],
    pub jars: Option<Jars>,
    pub changes: &'static [Change],
    /// The user that the server runs as, of the same number as group.
    pub user: Option<User>,
    pub files: &'static [Own],
    /// Path and mode of the directories that are the user's, or root's where there is none.
    pub directories: &'static [(&'static str, u32)],
    /// Path, and what it leads to.
    pub links: &'static [(&'static str, &'static str)],
    /// The members of the image's configuration.
    pub config: fn() -> Value,
}

/// What an image has beside its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Base {
    /// A Debian with a shell and the usual programs.
    Debian,
    /// Nothing.
    Empty,
}

/// Published jars, with all that they need to run.
#[derive(Debug)]
pub struct Jars {
    pub artifacts: &'static [(&'static str, &'static str, &'static str)],
    /// The directory that has them.
    pub to: &'static str,
}

#[derive(Debug)]
pub struct User {
    pub name: &'static str,
    pub number: u32,
    pub home: &'static str,
}

#[derive(Debug)]
pub enum Change {
    Replace {
        file: &'static str,
        old: &'static str,
        new: &'static str,
    },
    Remove(&'static str),
    /// A link in `to` for each program that a program of many names has.
    Names {
        program: &'static str,
        to: &'static str,
    },
}

#[derive(Debug)]
pub struct Own {
    pub path: &'static str,
    pub mode: u32,
    pub content: &'static str,
}

/// The programs that make images: another one makes other archives of the same recipe.
const MAKERS: [&str; 3] = [include_str!("archive.rs"), include_str!("packages.rs"), include_str!("jars.rs")];

impl Image {
    pub fn archive(&self) -> String {
        format!("{}.tar", self.name)
    }

    /// Changes whenever what is made of it would. Not with Debian's updates: what has been made stays until the recipe changes.
    pub fn digest(&self) -> String {
        let head = format!("{:?} {:?} {:?} {:?} {:?}", self.tags, self.stand_in, self.base, self.packages, self.jars);
        let tail =
            format!("{:?} {:?} {:?} {:?} {:?} {}", self.changes, self.user, self.files, self.directories, self.links, (self.config)());
        let mut hash = Sha256::new();
        [head.as_str(), tail.as_str()].iter().chain(&MAKERS).for_each(|part| hash.update(part));
        hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

pub const PATH: &str = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The script that an image starts with.
pub const fn entry_point(content: &'static str) -> Own {
    Own { path: "usr/local/bin/docker-entrypoint.sh", mode: 0o755, content }
}
