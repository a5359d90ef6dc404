//! `stead lint`: what is wrong with manifests, by themselves and beside what a running cluster has. Nothing is changed.

mod text;

use super::{BadInput, print_line};
use crate::beside::Beside;
use crate::config::{LintArgs, Output};
use crate::manifests::{self, Document};
use crate::server;
use anyhow::Context;
use std::process::ExitCode;
use stead_api::kinds::KINDS;
use stead_api::{Value, json};
use stead_lint::{ASKED, Finding, Known, ObjectName, Objects, Unreadable};

/// Something was found.
const FOUND: u8 = 1;

/// A finding, and where it stands.
struct Placed {
    finding: Finding,
    file: String,
    line: usize,
}

/// Everything that is said of the manifests.
struct Report {
    placed: Vec<Placed>,
    objects: usize,
    /// Whether a cluster was looked at.
    has_cluster: bool,
}

pub fn run(args: &LintArgs) -> anyhow::Result<ExitCode> {
    let sources: Vec<_> = args.sources.iter().chain(&args.reading.filename).cloned().collect();
    let documents = manifests::read(&sources, args.reading.depth()).map_err(|error| BadInput(format!("{error:#}")))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("start the runtime")?;
    let beside = runtime.block_on(look(args)).map_err(|error| BadInput(format!("{error:#}")))?;
    let mut report = report(&documents, beside);
    report.placed.retain(|placed| !args.ignore.iter().any(|code| code == placed.finding.rule.code));
    match args.beside.output {
        Some(Output::Json) => print_line(&serde_json::to_string_pretty(&document(&report))?),
        None => text::lines(&report).iter().for_each(|line| print_line(line)),
    }
    Ok(if report.placed.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(FOUND) })
}

/// What there is beside the manifests.
struct Surroundings {
    objects: Objects,
    namespace: String,
    has_cluster: bool,
}

async fn look(args: &LintArgs) -> anyhow::Result<Surroundings> {
    let beside = Beside::find(&args.beside).await?;
    let asked = KINDS.iter().copied().filter(|kind| ASKED.contains(&kind.kind) && kind.version == "v1");
    let mut objects = Objects::default();
    for object in beside.objects(asked).await? {
        objects.insert(object, "");
    }
    if beside.client.is_none() {
        objects.insert(server::standard_class(), "");
    }
    Ok(Surroundings { objects, namespace: beside.namespace, has_cluster: beside.client.is_some() })
}

fn report(documents: &[Document], surroundings: Surroundings) -> Report {
    let Surroundings { mut objects, namespace, has_cluster } = surroundings;
    let of = |document: &Document| if document.namespace().is_empty() { namespace.clone() } else { document.namespace().to_owned() };
    let mut read: Vec<(&Document, Value)> = Vec::new();
    let mut found: Vec<(&Document, Finding)> = Vec::new();
    for document in documents {
        let findings = match stead_lint::canonical(&document.json, &document.repeated, &of(document)) {
            Ok((object, findings)) => {
                objects.insert(object.clone(), &of(document));
                read.push((document, object));
                findings
            }
            Err(Unreadable(findings)) => findings,
        };
        found.extend(findings.into_iter().map(|finding| (document, finding)));
    }
    for (document, object) in &read {
        let findings = stead_lint::check(object, &of(document), &objects as &dyn Known);
        found.extend(findings.into_iter().map(|finding| (*document, finding)));
    }
    let mut placed: Vec<Placed> = found.into_iter().map(|(by, finding)| place(documents, by, finding, &of)).collect();
    placed.sort_by(|a, b| (&a.file, a.line, a.finding.rule.code).cmp(&(&b.file, b.line, b.finding.rule.code)));
    Report { placed, objects: documents.len(), has_cluster }
}

/// Where the field stands; what is not in the manifests is shown at the object that led to it.
fn place(documents: &[Document], by: &Document, finding: Finding, of: &dyn Fn(&Document) -> String) -> Placed {
    let is_own = finding.object.kind == by.kind() && finding.object.name == by.name();
    let name = |document: &Document| ObjectName::of(&document.object, &of(document));
    let own = if is_own { Some(by) } else { documents.iter().find(|document| name(document) == finding.object) };
    let line = own.map_or_else(|| by.line(), |document| document.line_of(&finding.path));
    Placed { line: repeated_line(&finding).unwrap_or(line), file: own.unwrap_or(by).file.to_string(), finding }
}

/// A key that stands twice has its line in the message.
fn repeated_line(finding: &Finding) -> Option<usize> {
    finding.message.strip_prefix("line ")?.split(':').next()?.parse().ok()
}

fn document(report: &Report) -> Value {
    let findings = report.placed.iter().map(|Placed { finding, file, line }| {
        let object = &finding.object;
        json!({
            "code": finding.rule.code, "rule": finding.rule.name, "file": file, "line": line,
            "kind": object.kind, "namespace": object.namespace, "name": object.name,
            "path": finding.path, "message": finding.message, "mend": finding.fix,
        })
    });
    json!({"findings": findings.collect::<Vec<_>>(), "objects": report.objects, "besideCluster": report.has_cluster})
}

#[cfg(test)]
mod tests;
