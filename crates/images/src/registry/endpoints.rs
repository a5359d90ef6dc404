//! `registries.yaml` as k3s has it (IMG-17): mirrors with endpoints and rewrites, credentials, TLS. From it and a reference follows where an
//! image is asked for, in order.

use super::credentials::{Auth, Credential};
use crate::error::{Error, Result};
use crate::reference::{DEFAULT_DOMAIN, Reference};
use regex::Regex;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Where docker.io is reached (IMG-2).
const DOCKER_HOST: &str = "registry-1.docker.io";

/// What the file says.
#[derive(Debug, Clone, Default)]
pub struct Registries {
    mirrors: BTreeMap<String, Mirror>,
    configs: BTreeMap<String, Config>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct File {
    mirrors: Option<BTreeMap<String, Option<RawMirror>>>,
    configs: Option<BTreeMap<String, Option<RawConfig>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RawMirror {
    endpoint: Option<Vec<String>>,
    rewrite: Option<BTreeMap<String, String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RawConfig {
    auth: Option<Auth>,
    tls: Option<Tls>,
}

#[derive(Debug, Clone, Default)]
struct Mirror {
    endpoints: Vec<Base>,
    rewrites: Vec<(Regex, String)>,
}

#[derive(Debug, Clone, Default)]
struct Config {
    credential: Option<Credential>,
    tls: Tls,
}

/// How a registry is known to be the right one.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(default)]
pub struct Tls {
    pub cert_file: Option<PathBuf>,
    pub key_file: Option<PathBuf>,
    pub ca_file: Option<PathBuf>,
    pub insecure_skip_verify: bool,
}

/// An address of a registry's API.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Base {
    scheme: String,
    /// With its port, if that is not the usual one.
    host: String,
    /// `/v2`, or what stands for it.
    path: String,
}

/// One place where an image may be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// `https://registry.example/v2`.
    pub url: String,
    /// With its port.
    pub host: String,
    /// As it is called there.
    pub repository: String,
    /// The registry that it stands for.
    pub mirror_of: Option<String>,
    pub credential: Option<Credential>,
    pub tls: Tls,
}

impl Registries {
    /// Of a file; none is an empty one.
    pub fn read(path: &Path) -> Result<Registries> {
        match std::fs::read_to_string(path) {
            Ok(text) => {
                let not_understood = |reason| Error::NotUnderstood { path: path.to_owned(), reason };
                Registries::parse(&text).map_err(not_understood)
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Registries::default()),
            Err(error) => Err(Error::io("read", path)(error)),
        }
    }

    /// Of a file's text.
    pub fn parse(text: &str) -> Result<Registries, String> {
        if text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
            return Ok(Registries::default());
        }
        let file: File = serde_saphyr::from_str(text).map_err(|error| error.to_string())?;
        let mut registries = Registries::default();
        for (host, mirror) in file.mirrors.unwrap_or_default() {
            let mirror = mirror.unwrap_or_default();
            let endpoints = mirror.endpoint.unwrap_or_default().iter().map(|text| Base::parse(text)).collect::<Result<_, _>>()?;
            let rewrite =
                |(pattern, to): (String, String)| Ok((Regex::new(&pattern).map_err(|error| format!("rewrite {pattern:?}: {error}"))?, to));
            let rewrites = mirror.rewrite.unwrap_or_default().into_iter().map(rewrite).collect::<Result<_, String>>()?;
            registries.mirrors.insert(host, Mirror { endpoints, rewrites });
        }
        for (host, config) in file.configs.unwrap_or_default() {
            let config = config.unwrap_or_default();
            let config = Config { credential: config.auth.and_then(|auth| auth.credential()), tls: config.tls.unwrap_or_default() };
            registries.configs.insert(host, config);
        }
        Ok(registries)
    }

    /// Where an image is asked for, in order: the mirrors, then its own registry.
    pub fn endpoints(&self, reference: &Reference) -> Vec<Endpoint> {
        let mirror = self.mirrors.get(&reference.domain).or_else(|| self.mirrors.get("*"));
        let mut found = Vec::new();
        for base in mirror.iter().flat_map(|mirror| &mirror.endpoints) {
            let repository = mirror.map_or_else(|| reference.repository.clone(), |mirror| mirror.rewrite(&reference.repository));
            let own = Base::default_of(&reference.domain);
            // A registry that is named as its own mirror is asked as such once.
            let mirror_of = (base.host != own.host).then(|| reference.domain.clone());
            found.push(self.endpoint(base, repository, mirror_of));
        }
        found.push(self.endpoint(&Base::default_of(&reference.domain), reference.repository.clone(), None));
        // One on this machine often has no certificate, and nobody listens in between.
        if is_loopback(&reference.domain) {
            let plain = Base { scheme: "http".to_owned(), ..Base::default_of(&reference.domain) };
            found.push(self.endpoint(&plain, reference.repository.clone(), None));
        }
        found.dedup();
        found
    }

    fn endpoint(&self, base: &Base, repository: String, mirror_of: Option<String>) -> Endpoint {
        let names = [base.host.as_str(), if base.host == DOCKER_HOST { DEFAULT_DOMAIN } else { "" }, "*"];
        let config = names.iter().find_map(|name| self.configs.get(*name)).cloned().unwrap_or_default();
        let url = format!("{}://{}{}", base.scheme, base.host, base.path);
        Endpoint { url, host: base.host.clone(), repository, mirror_of, credential: config.credential, tls: config.tls }
    }
}

fn is_loopback(domain: &str) -> bool {
    let host = domain.rsplit_once(':').map_or(domain, |(host, _)| host);
    host == "localhost" || host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

impl Mirror {
    /// The first pattern that matches; its replacement has `$1` for a group.
    fn rewrite(&self, repository: &str) -> String {
        let found = self.rewrites.iter().find(|(pattern, _)| pattern.is_match(repository));
        found.map_or_else(|| repository.to_owned(), |(pattern, to)| pattern.replace_all(repository, to.as_str()).into_owned())
    }
}

impl Base {
    fn parse(text: &str) -> Result<Base, String> {
        let full = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
        let uri: http::Uri = full.parse().map_err(|error| format!("endpoint {text:?}: {error}"))?;
        let wrong = || format!("endpoint {text:?}: expected http:// or https:// and a host");
        let scheme = uri.scheme_str().filter(|scheme| ["http", "https"].contains(scheme)).ok_or_else(wrong)?;
        let host = uri.authority().ok_or_else(wrong)?.as_str();
        let path = match uri.path().trim_end_matches('/') {
            "" => "/v2",
            path => path,
        };
        Ok(Base { scheme: scheme.to_owned(), host: host.to_owned(), path: path.to_owned() })
    }

    /// Of a registry itself.
    fn default_of(domain: &str) -> Base {
        let host = if domain == DEFAULT_DOMAIN { DOCKER_HOST } else { domain };
        Base { scheme: "https".to_owned(), host: host.to_owned(), path: "/v2".to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"
mirrors:
  docker.io:
    endpoint:
      - "https://mirror.example:5000"
      - "http://cache.example/proxy/"
    rewrite:
      "^library/(.*)": "hub/$1"
  "*":
    endpoint: ["https://all.example"]
  plain.example:
configs:
  "mirror.example:5000":
    auth:
      username: me
      password: secret
    tls:
      ca_file: /ca.pem
      insecure_skip_verify: true
"#;

    fn urls(registries: &Registries, name: &str) -> Vec<String> {
        let reference: Reference = name.parse().unwrap();
        registries.endpoints(&reference).into_iter().map(|endpoint| format!("{}/{}", endpoint.url, endpoint.repository)).collect()
    }

    #[test]
    fn mirrors_come_before_the_registry_itself() {
        // IMG-2, IMG-17
        let registries = Registries::parse(FILE).unwrap();
        assert_eq!(
            urls(&registries, "busybox:1"),
            [
                "https://mirror.example:5000/v2/hub/busybox",
                "http://cache.example/proxy/hub/busybox",
                "https://registry-1.docker.io/v2/library/busybox"
            ]
        );
        assert_eq!(urls(&registries, "quay.io/a/b"), ["https://all.example/v2/a/b", "https://quay.io/v2/a/b"]);
        assert_eq!(urls(&registries, "plain.example/a"), ["https://plain.example/v2/a"]);
        assert_eq!(urls(&Registries::default(), "localhost:5000/a"), ["https://localhost:5000/v2/a", "http://localhost:5000/v2/a"]);
        assert_eq!(urls(&Registries::default(), "[::1]:5000/a").len() + urls(&Registries::default(), "127.0.0.1:9/a").len(), 4);
        let first = &registries.endpoints(&"busybox".parse().unwrap())[0];
        assert_eq!(first.mirror_of.as_deref(), Some("docker.io"));
        assert_eq!(first.credential, Some(Credential::Password { username: "me".to_owned(), password: "secret".to_owned() }));
        assert!(first.tls.insecure_skip_verify && first.tls.ca_file.as_deref() == Some(Path::new("/ca.pem")));
    }

    #[test]
    fn what_is_wrong_in_the_file_is_said() {
        // IMG-17
        for (text, said) in [
            ("mirrors: {a: {endpoint: ['ftp://x']}}", "expected http"),
            ("mirrors: {a: {rewrite: {'(': x}}}", "rewrite"),
            ("mirrors: 7", ""),
        ] {
            assert!(Registries::parse(text).unwrap_err().contains(said), "{text}");
        }
        assert!(Registries::parse("# nothing\n").unwrap().mirrors.is_empty() && Registries::parse("").is_ok());
        assert!(Registries::parse("mirrors:\nconfigs:\n").is_ok());
    }
}
