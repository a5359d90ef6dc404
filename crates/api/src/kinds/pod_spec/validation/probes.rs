//! Validation of probes, lifecycle hooks and the handlers of both.

use super::{Context, needed, not_negative, port, texts};
use crate::{
    Value,
    field::{self, Errors, Path},
    names,
    value::Access,
};

const WINDOWS_SIGNALS: [&str; 2] = ["SIGKILL", "SIGTERM"];

/// Validates the lifecycle and the three probes of a container that may have them.
pub fn lifecycle_and_probes(container: &Value, context: &Context<'_>, path: &Path) -> Errors {
    let mut errors = Errors::new();
    if let Some(lifecycle) = container.get("lifecycle") {
        errors.extend(self::lifecycle(lifecycle, context, &path.child("lifecycle")));
    }
    for member in ["livenessProbe", "readinessProbe", "startupProbe"] {
        let Some(probe) = container.get(member) else { continue };
        let at = path.child(member);
        errors.extend(self::probe(probe, context, &at));
        if member == "readinessProbe" {
            if let Some(seconds) = probe.int("terminationGracePeriodSeconds") {
                let detail = "must not be set for readinessProbes";
                errors.push(field::invalid(&at.child("terminationGracePeriodSeconds"), seconds, detail));
            }
        } else if let Some(threshold) = probe.int("successThreshold")
            && threshold != 1
        {
            errors.push(field::invalid(&at.child("successThreshold"), threshold, "must be 1"));
        }
    }
    errors
}

fn lifecycle(lifecycle: &Value, context: &Context<'_>, path: &Path) -> Errors {
    let mut errors = Errors::new();
    for member in ["postStart", "preStop"] {
        if let Some(hook) = lifecycle.get(member) {
            errors.extend(handler(hook, context, &path.child(member)));
        }
    }
    if let Some(signal) = lifecycle.get("stopSignal").and_then(Value::as_str) {
        let at = path.child("stopSignal");
        match context.os() {
            None => errors.push(field::forbidden(&at, "may not be set for containers with empty `spec.os.name`")),
            Some("windows") if !WINDOWS_SIGNALS.contains(&signal) => {
                errors.push(field::not_supported(&at, signal, &WINDOWS_SIGNALS));
            }
            Some(_) => {}
        }
    }
    errors
}

fn probe(probe: &Value, context: &Context<'_>, path: &Path) -> Errors {
    let mut errors = handler(probe, context, path);
    for member in ["initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"] {
        errors.extend(not_negative(probe, member, path));
    }
    if let Some(seconds) = probe.int("terminationGracePeriodSeconds")
        && seconds <= 0
    {
        let detail = "must be greater than 0";
        errors.push(field::invalid(&path.child("terminationGracePeriodSeconds"), seconds, detail));
    }
    errors
}

fn handler(holder: &Value, context: &Context<'_>, path: &Path) -> Errors {
    let mut errors = Errors::new();
    let mut count = 0;
    for member in ["exec", "httpGet", "tcpSocket", "grpc", "sleep"] {
        let Some(action) = holder.get(member) else { continue };
        let at = path.child(member);
        count += 1;
        if count > 1 {
            errors.push(field::forbidden(&at, "may not specify more than 1 handler type"));
            continue;
        }
        errors.extend(match member {
            "exec" if action.items("command").is_empty() => vec![field::required(&at.child("command"), "")],
            "exec" => Errors::new(),
            "httpGet" => http_get(action, &at),
            "sleep" => sleep(action, context, &at),
            _ => port(&action["port"], &at.child("port")),
        });
    }
    if count == 0 {
        errors.push(field::required(path, "must specify a handler type"));
    }
    errors
}

fn http_get(action: &Value, path: &Path) -> Errors {
    let mut errors = needed(action, "path", path);
    errors.extend(port(&action["port"], &path.child("port")));
    let scheme = action.str("scheme");
    if !matches!(scheme, "HTTP" | "HTTPS") {
        errors.push(field::not_supported(&path.child("scheme"), scheme, &["HTTP", "HTTPS"]));
    }
    for header in action.items("httpHeaders") {
        let name = header.str("name");
        errors.extend(texts(&path.child("httpHeaders"), name, names::http_header_name(name)));
    }
    errors
}

fn sleep(action: &Value, context: &Context<'_>, path: &Path) -> Errors {
    let seconds = action.int("seconds").unwrap_or_default();
    match context.grace() {
        Some(grace) if seconds < 0 || seconds > grace => {
            let detail = format!("must be non-negative and less than terminationGracePeriodSeconds ({grace})");
            vec![field::invalid(path, seconds, &detail)]
        }
        _ => Errors::new(),
    }
}
