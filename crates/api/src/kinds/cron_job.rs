//! CronJob: Jobs of one template at the times of a schedule. The controller is elsewhere.

use super::{
    columns, job,
    pod_spec::validation::not_negative,
    pod_spec::{dropped, warnings},
    pod_template,
};
use crate::{
    Value, cron,
    field::{self, Errors, Path},
    json,
    registry::{ALL_VERBS, Column, Generation, Hooks, HooksRef, Kind, Part, READ_WRITE, Subresource, begin},
    schema::generated::{BATCH_V1_CRON_JOB, BATCH_V1_CRON_JOB_SPEC, BATCH_V1_CRON_JOB_STATUS, BATCH_V1_JOB_SPEC},
    time::{Timestamp, age, human_duration},
    value::Access,
};

pub static CRON_JOB: Kind = Kind {
    group: "batch",
    version: "v1",
    kind: "CronJob",
    plural: "cronjobs",
    singular: "cronjob",
    short_names: &["cj"],
    categories: &["all"],
    namespaced: true,
    schema: &BATCH_V1_CRON_JOB,
    verbs: ALL_VERBS,
    subresources: &[Subresource { name: "status", gvk: None, verbs: READ_WRITE }],
    selectable: &[],
    columns: COLUMNS,
    create_on_update: false,
    unconditional_update: true,
    delete_returns_object: false,
    stored_as: None,
    hooks: HooksRef::Static(&CronJob),
};

const COLUMNS: &[Column] = &[
    columns::NAME,
    columns::field("Schedule", &BATCH_V1_CRON_JOB_SPEC, "schedule"),
    columns::field("Timezone", &BATCH_V1_CRON_JOB_SPEC, "timeZone"),
    Column { ty: "boolean", ..columns::field("Suspend", &BATCH_V1_CRON_JOB_SPEC, "suspend") },
    Column { ty: "integer", ..columns::field("Active", &BATCH_V1_CRON_JOB_STATUS, "active") },
    columns::field("Last Schedule", &BATCH_V1_CRON_JOB_STATUS, "lastScheduleTime"),
    columns::AGE,
    pod_template::CONTAINERS,
    pod_template::IMAGES,
    columns::wide_field("Selector", &BATCH_V1_JOB_SPEC, "selector"),
];

/// Jobs have names of 63 bytes, and get eleven more than their CronJob's.
const NAME_MAX: usize = 52;
/// Bytes of a part of a time zone's name.
const ZONE_PART_MAX: usize = 14;
const KEPT_SUCCESSFUL: i64 = 3;
const KEPT_FAILED: i64 = 1;
const POLICIES: [&str; 3] = ["Allow", "Forbid", "Replace"];

#[derive(Debug)]
struct CronJob;

impl Hooks for CronJob {
    fn default(&self, object: &mut Value) {
        object.default_to("spec", json!({}));
        let spec = &mut object["spec"];
        if spec.str("concurrencyPolicy").is_empty() {
            spec["concurrencyPolicy"] = "Allow".into();
        }
        spec.default_to("suspend", false);
        spec.default_to("successfulJobsHistoryLimit", KEPT_SUCCESSFUL);
        spec.default_to("failedJobsHistoryLimit", KEPT_FAILED);
        spec.default_to("jobTemplate", json!({}));
        spec["jobTemplate"].default_to("spec", json!({}));
        job::default_template(&mut spec["jobTemplate"]["spec"]);
    }

    fn prepare_create(&self, object: &mut Value) {
        begin(object, json!({}));
        drop_disabled(object, None);
    }

    fn prepare_update(&self, part: Part, object: &mut Value, old: &Value) -> Generation {
        part.restore_rest(object, old);
        drop_disabled(object, Some(old));
        Generation::by_spec(object, old)
    }

    fn validate(&self, object: &Value) -> Errors {
        let mut errors = validate_spec(&object["spec"], None, &Path::new("spec"));
        let name = object["metadata"].str("name");
        if name.len() > NAME_MAX {
            let detail = format!("must be no more than {NAME_MAX} characters");
            errors.push(field::invalid(&Path::new("metadata").child("name"), name, &detail));
        }
        errors
    }

    fn validate_update(&self, part: Part, object: &Value, old: &Value) -> Errors {
        match part {
            Part::Status => Errors::new(),
            Part::Main | Part::Other(_) => validate_spec(&object["spec"], Some(&old["spec"]), &Path::new("spec")),
        }
    }

    fn warnings(&self, object: &Value, old: Option<&Value>) -> Vec<String> {
        let spec = &object["spec"];
        let mut texts = if old.is_none() { pod_template::name_warning(object) } else { Vec::new() };
        let at = Path::new("spec").child("jobTemplate").child("spec");
        texts.extend(job::spec_warnings(&spec["jobTemplate"]["spec"], &at));
        if old.is_none_or(|old| old["metadata"]["generation"] != object["metadata"]["generation"]) {
            texts.extend(warnings::of(&spec["jobTemplate"]["spec"]["template"], &at.child("template")));
        }
        if spec.str("schedule").contains("TZ") {
            texts.push(
                "CRON_TZ or TZ used in spec.schedule is not officially supported, see https://kubernetes.io/docs/concepts/workloads/\
                 controllers/cron-jobs/ for more details"
                    .to_owned(),
            );
        }
        texts
    }

    fn cells(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let (spec, status) = (&object["spec"], &object["status"]);
        let suspend = match spec.get("suspend").and_then(Value::as_bool) {
            Some(true) => "True",
            Some(false) => "False",
            None => "<unset>",
        };
        let last = Timestamp::parse(status.str("lastScheduleTime"));
        let last = last.map_or("<none>".to_owned(), |at| human_duration(now.seconds() - at.seconds()));
        let zone = spec.get("timeZone").and_then(Value::as_str).unwrap_or("<none>");
        let mut cells: Vec<Value> = vec![
            object["metadata"].str("name").into(),
            spec.str("schedule").into(),
            zone.into(),
            suspend.into(),
            status.items("active").len().into(),
            last.into(),
            age(object, now).into(),
        ];
        let [containers, images, _] = pod_template::wide_cells(&spec["jobTemplate"]["spec"]);
        cells.extend([containers, images, "<none>".into()]);
        cells
    }
}

fn drop_disabled(object: &mut Value, old: Option<&Value>) {
    const JOB: &str = "/spec/jobTemplate/spec";
    let old = old.and_then(|old| old.pointer(JOB));
    if let Some(spec) = object.pointer_mut(JOB) {
        job::drop_disabled(spec, old);
        dropped::disabled(&mut spec["template"]["spec"], old.map(|old| &old["template"]["spec"]));
    }
}

fn validate_spec(spec: &Value, old: Option<&Value>, path: &Path) -> Errors {
    let (schedule, at) = (spec.str("schedule"), path.child("schedule"));
    let mut errors = Errors::new();
    if !schedule.is_empty() {
        errors.extend(cron::Schedule::parse(schedule).err().map(|why| field::invalid(&at, schedule, &why)));
        errors.extend(zone_in_schedule(spec, old).map(|why| field::invalid(&at, schedule, why)));
    }
    errors.extend(not_negative(spec, "startingDeadlineSeconds", path));
    if old.is_none_or(|old| old.get("timeZone") != spec.get("timeZone")) {
        errors.extend(time_zone(spec, &path.child("timeZone")));
    }
    let policy = spec.str("concurrencyPolicy");
    if !POLICIES.contains(&policy) {
        errors.push(field::not_supported(&path.child("concurrencyPolicy"), policy, &POLICIES));
    }
    let (job, at) = (&spec["jobTemplate"]["spec"], path.child("jobTemplate").child("spec"));
    errors.extend(job::template_spec(job, &at));
    if job.has("selector") {
        errors.push(field::invalid(&at.child("selector"), job["selector"].clone(), "`selector` will be auto-generated"));
    }
    if job.flag("manualSelector") {
        errors.push(field::not_supported(&at.child("manualSelector"), true, &["nil", "false"]));
    }
    for member in ["successfulJobsHistoryLimit", "failedJobsHistoryLimit"] {
        errors.extend(not_negative(spec, member, path));
    }
    if schedule.is_empty() {
        errors.push(field::required(&path.child("schedule"), ""));
    }
    errors
}

/// A zone in front of the schedule is a former way to name one.
fn zone_in_schedule(spec: &Value, old: Option<&Value>) -> Option<&'static str> {
    let had = old.is_some_and(|old| old.str("schedule").contains("TZ"));
    match (spec.str("schedule").contains("TZ"), had, spec.has("timeZone")) {
        (true, true, true) => Some("cannot use both timeZone field and TZ or CRON_TZ in schedule"),
        (true, false, _) => Some("cannot use TZ or CRON_TZ in schedule, use timeZone field instead"),
        (true, true, false) | (false, _, _) => None,
    }
}

fn time_zone(spec: &Value, path: &Path) -> Errors {
    let Some(zone) = spec.get("timeZone").and_then(Value::as_str) else { return Errors::new() };
    if zone.is_empty() {
        return vec![field::invalid(path, zone, "timeZone must be nil or non-empty string")];
    }
    let unknown = format!("unknown time zone {zone}");
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '+');
    let well_formed = |part: &str| {
        (1..=ZONE_PART_MAX).contains(&part.len()) && part.chars().all(allowed) && !matches!(part, "." | "..") && !part.starts_with('-')
    };
    if !zone.split('/').all(well_formed) {
        return vec![field::invalid(path, zone, &unknown)];
    }
    let mut errors = Errors::new();
    if zone.eq_ignore_ascii_case("Local") {
        errors.push(field::invalid(path, zone, "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones"));
    }
    if !cron::is_time_zone(zone) {
        errors.push(field::invalid(path, zone, &unknown));
    }
    errors
}
