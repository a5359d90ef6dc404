//! What would happen, in lines. Pure.

use crate::rehearsal::{Act, Applied, Change, Outcome, Step, Volume};

pub fn lines(outcome: &Outcome) -> Vec<String> {
    let mut lines = Vec::new();
    for applied in &outcome.applied {
        lines.push(of_applied(applied));
        lines.extend(applied.warnings.iter().map(|warning| format!("    warning: {warning}")));
    }
    if !outcome.steps.is_empty() {
        lines.push("Then, in this order:".to_owned());
    }
    let width = outcome.steps.len().to_string().len();
    for (index, step) in outcome.steps.iter().enumerate() {
        lines.push(format!("  {:>width$}. {}", index + 1, what(step)));
        if !step.after.is_empty() {
            lines.push(format!("  {:>width$}  waits until then: {}", "", step.after.join("; ")));
        }
    }
    if !outcome.stuck.is_empty() {
        lines.push("Stuck there:".to_owned());
    }
    lines.extend(outcome.stuck.iter().map(|stuck| format!("  {} {}: {}", stuck.kind.to_lowercase(), stuck.name, stuck.why)));
    lines.push(last(outcome));
    lines
}

fn of_applied(applied: &Applied) -> String {
    let object = format!("{}/{}", applied.kind.to_lowercase(), applied.name);
    match &applied.change {
        Change::Refused(why) => format!("{object} refused ({}): {why}", applied.place),
        other => format!("{object} {}", change(other)),
    }
}

/// In `kubectl apply`'s words.
pub fn change(change: &Change) -> &'static str {
    match change {
        Change::Created => "created",
        Change::Configured => "configured",
        Change::Unchanged => "unchanged",
        Change::Refused(_) => "refused",
    }
}

/// The step's name in documents.
pub fn act(act: &Act) -> &'static str {
    match act {
        Act::CreatePod => "createPod",
        Act::Schedule { .. } => "schedulePod",
        Act::Ready => "podReady",
        Act::Unready => "podUnready",
        Act::DeletePod => "deletePod",
        Act::PodGone => "podGone",
        Act::CreateClaim => "createClaim",
        Act::Bind { .. } => "bindClaim",
        Act::DeleteClaim => "deleteClaim",
    }
}

pub fn what(step: &Step) -> String {
    let name = &step.name;
    match &step.act {
        Act::CreatePod => format!("create pod {name}"),
        Act::Schedule { node } => format!("pod {name} goes to node {node}"),
        Act::Ready => format!("pod {name} is ready"),
        Act::Unready => format!("pod {name} is not ready any more"),
        Act::DeletePod => format!("delete pod {name}"),
        Act::PodGone => format!("pod {name} is gone"),
        Act::CreateClaim => format!("create claim {name}"),
        Act::Bind { to: Volume::Present(volume) } => format!("claim {name} is bound to volume {volume}"),
        Act::Bind { to: Volume::New { class } } => format!("claim {name} is bound to a new volume of class {class}"),
        Act::DeleteClaim => format!("delete claim {name}, and its data as its volume's policy says"),
    }
}

fn last(outcome: &Outcome) -> String {
    if outcome.is_unfinished {
        return "It still moves: only its beginning is shown. Nothing was changed.".to_owned();
    }
    let refused = outcome.applied.iter().filter(|applied| matches!(applied.change, Change::Refused(_))).count();
    let count = |number: usize, word: &str| (number > 0).then(|| format!("{number} {word}"));
    let steps = count(outcome.steps.len(), if outcome.steps.len() == 1 { "step" } else { "steps" });
    let ends = [count(refused, "refused"), count(outcome.stuck.len(), "stuck")];
    let all: Vec<String> = steps.into_iter().chain(ends.into_iter().flatten()).collect();
    match (outcome.changes(), all.is_empty()) {
        (false, true) => "Nothing would change.".to_owned(),
        (false, false) => format!("Nothing would change: {}.", all.join(", ")),
        (true, true) => "Nothing was changed.".to_owned(),
        (true, false) => format!("{}. Nothing was changed.", all.join(", ")),
    }
}
