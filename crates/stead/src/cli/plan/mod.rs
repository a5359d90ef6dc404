//! `stead plan`: what applying manifests would do, ordinal by ordinal, without doing it.

pub mod text;

use super::{BadInput, print_line};
use crate::beside::Beside;
use crate::config::{Output, PlanArgs};
use crate::environment::Machine;
use crate::rehearsal::{self, Change, Outcome, Scene};
use crate::{manifests, node, server};
use anyhow::Context;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;
use stead_api::{Value, json};
use stead_server::Environment;

/// As `kubectl diff` has it: something would change.
const CHANGES: u8 = 1;

pub fn run(args: &PlanArgs) -> anyhow::Result<ExitCode> {
    let bad = |error: anyhow::Error| BadInput(format!("{error:#}"));
    let documents = manifests::read(&args.reading.filename, args.reading.depth()).map_err(bad)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("start the runtime")?;
    let scene = runtime.block_on(scene(args)).map_err(bad)?;
    drop(runtime);
    let outcome = rehearsal::play(scene, &documents).map_err(bad)?;
    match args.beside.output {
        Some(Output::Json) => print_line(&serde_json::to_string_pretty(&document(&outcome))?),
        None => text::lines(&outcome).iter().for_each(|line| print_line(line)),
    }
    if outcome.applied.iter().any(|applied| matches!(applied.change, Change::Refused(_))) {
        return Ok(ExitCode::from(2));
    }
    Ok(if outcome.changes() { ExitCode::from(CHANGES) } else { ExitCode::SUCCESS })
}

/// The cluster as it is now, or a new one.
async fn scene(args: &PlanArgs) -> anyhow::Result<Scene> {
    let beside = Beside::find(&args.beside).await?;
    let objects = beside.objects(stead_server::copied_kinds()).await?;
    let is_local = args.beside.kubeconfig.is_none();
    let images = if is_local { images(&args.beside.data_dir) } else { None };
    let first_objects = if objects.is_empty() { vec![server::standard_class()] } else { Vec::new() };
    let now = Machine::default().now();
    Ok(Scene { objects, namespace: beside.namespace, now, images, machine: node::imagined_machine(&args.beside.data_dir)?, first_objects })
}

/// The images that are in this directory, if it can be read.
fn images(data_dir: &Path) -> Option<BTreeSet<String>> {
    let dir = node::images_dir(data_dir);
    let listed = dir.is_dir().then(|| stead_images::Store::open(&dir).and_then(|store| store.list()))?;
    let images = listed.inspect_err(|error| tracing::debug!(%error, "which images are here is not known")).ok()?;
    Some(images.into_iter().flat_map(|image| image.tags).map(|tag| rehearsal::full_name(&tag)).collect())
}

fn document(outcome: &Outcome) -> Value {
    let applied = outcome.applied.iter().map(|applied| {
        let refused = if let Change::Refused(why) = &applied.change { Some(why) } else { None };
        json!({
            "place": applied.place, "kind": applied.kind, "namespace": applied.namespace, "name": applied.name,
            "change": text::change(&applied.change), "refused": refused, "warnings": applied.warnings,
        })
    });
    let steps = outcome.steps.iter().map(|step| {
        json!({"step": text::act(&step.act), "namespace": step.namespace, "name": step.name, "what": text::what(step), "after": step.after})
    });
    let stuck =
        outcome.stuck.iter().map(|stuck| json!({"kind": stuck.kind, "namespace": stuck.namespace, "name": stuck.name, "why": stuck.why}));
    json!({
        "applied": applied.collect::<Vec<_>>(), "steps": steps.collect::<Vec<_>>(), "stuck": stuck.collect::<Vec<_>>(),
        "changes": outcome.changes(), "unfinished": outcome.is_unfinished,
    })
}
