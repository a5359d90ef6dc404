//! The arguments of `stead ui`.

use super::{DATA_DIR, Output, values};
use clap::Args;
use http::uri::Authority;
use std::path::PathBuf;

const UI_EXAMPLES: &str = "Examples:
  stead ui                              a link for a browser on this machine
  stead ui --address 192.0.2.7          for one on another device; the server then needs --bind-address
  stead ui --kubeconfig eve.kubeconfig  as another user";

#[derive(Debug, Args)]
#[command(after_help = UI_EXAMPLES)]
pub struct UiArgs {
    /// Where the browser reaches the server [default: the address of the kubeconfig]
    #[arg(long, env = "STEAD_ADDRESS", value_name = "HOST[:PORT]", value_parser = authority)]
    pub address: Option<Authority>,
    /// Directory of the server to ask
    #[arg(long, env = "STEAD_DATA_DIR", default_value = DATA_DIR, value_name = "DIR", value_parser = values::directory)]
    pub data_dir: PathBuf,
    /// Ask the server of this kubeconfig instead, as its user
    #[arg(long, env = "STEAD_KUBECONFIG", value_name = "FILE", value_parser = values::file)]
    pub kubeconfig: Option<PathBuf>,
    /// Print a document instead: the link, whose it is, when it ends, the certificate's fingerprint
    #[arg(long, short, env = "STEAD_OUTPUT", value_name = "FORMAT")]
    pub output: Option<Output>,
}

fn authority(text: &str) -> Result<Authority, String> {
    let found: Option<Authority> = text.parse().ok();
    let is_host = |found: &Authority| !found.host().is_empty() && !text.contains('@');
    let has_port = |found: &Authority| found.port_u16().is_some() || found.host() == text;
    found.filter(|found| is_host(found) && has_port(found)).ok_or_else(|| "expected HOST or HOST:PORT, such as 192.0.2.7:6443".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_hosts_with_or_without_a_port() {
        for good in ["192.0.2.7", "192.0.2.7:6443", "[::1]:6443", "a.example"] {
            assert_eq!(authority(good).map(|found| found.to_string()).as_deref(), Ok(good));
        }
        for bad in ["", "https://a.example", "a:b", "a@b", "a:", "a b", "a.example/ui", ":6443"] {
            assert!(authority(bad).is_err(), "{bad}");
        }
    }
}
