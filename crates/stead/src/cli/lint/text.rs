//! Findings as lines, in the form that editors know: FILE:LINE: what. Pure.

use super::{Placed, Report};

pub fn lines(report: &Report) -> Vec<String> {
    let mut lines = Vec::new();
    for Placed { finding, file, line } in &report.placed {
        let object = format!("{} {}", finding.object.kind, finding.object.name);
        lines.push(format!("{file}:{line}: {} {}: {}: {}", finding.rule.code, finding.rule.name, object.trim(), finding.message));
        lines.push(format!("    mend: {}", finding.fix));
    }
    lines.push(last(report));
    lines
}

fn last(report: &Report) -> String {
    let beside = if report.has_cluster { "beside the cluster's own" } else { "as in a new cluster, since no server was looked at" };
    let objects = format!("{} object{} {beside}", report.objects, if report.objects == 1 { "" } else { "s" });
    match report.placed.first() {
        None => format!("nothing found: {objects}"),
        Some(first) => {
            let count = report.placed.len();
            format!(
                "{count} finding{} in {objects}; `stead explain {}` says more",
                if count == 1 { "" } else { "s" },
                first.finding.rule.code
            )
        }
    }
}
