//! Jars of Maven Central with all that they need to run, fetched by this machine's `mvn`.

use crate::vm::host::run_in;
use anyhow::{Context, Result};
use std::fs;
use std::path::Path;

use super::recipe::Jars;

/// Puts the jars below `root`.
pub fn fetch(work: &Path, root: &Path, jars: &Jars) -> Result<()> {
    let to = root.join(jars.to);
    fs::create_dir_all(&to).context("make the directory of jars")?;
    let project = work.join("pom.xml");
    fs::write(&project, pom(jars)).context("write what Maven is to fetch")?;
    let (file, into) = (project.to_string_lossy(), format!("-DoutputDirectory={}", to.display()));
    run_in(work, "mvn", &["--quiet", "--batch-mode", "--file", &file, "dependency:copy-dependencies", "-DincludeScope=runtime", &into])
        .context("fetch jars of Maven Central")
}

fn pom(jars: &Jars) -> String {
    let mut dependencies = String::new();
    for (group, artifact, version) in jars.artifacts {
        let place = format!("<groupId>{group}</groupId><artifactId>{artifact}</artifactId><version>{version}</version>");
        dependencies.push_str(&format!("<dependency>{place}</dependency>"));
    }
    format!(
        "<project><modelVersion>4.0.0</modelVersion><groupId>stead</groupId><artifactId>image</artifactId><version>1</version>\
         <packaging>pom</packaging><dependencies>{dependencies}</dependencies></project>\n"
    )
}
