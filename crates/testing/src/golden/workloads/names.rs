//! The names that a server makes up, replaced by labels that are the same in every run: what is before the made-up part, `~`, and how
//! manieth of these. Input: objects as watches tell of them. Output: labels for texts, real names for labels. It knows one namespace.

use super::look::dumps;
use crate::golden::case::{Saved, fill};
use crate::golden::compare::normalise;
use anyhow::Result;
use regex::Regex;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a valid pattern")
}

static DIGITS: LazyLock<Regex> = LazyLock::new(|| pattern(r"-(\d{8})$"));
static RFC1123: LazyLock<Regex> = LazyLock::new(|| pattern(r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d [+-]\d{4}"));
/// A pod that was refused.
static UNBORN: LazyLock<Regex> = LazyLock::new(|| pattern(r#"(pods \\"[a-z0-9.-]+-)[bcdfghjklmnpqrstvwxz2456789]{5}(\\" is forbidden)"#));
static ALIAS: LazyLock<Regex> = LazyLock::new(|| pattern(r"^([^/]+)/(\d+)(~.+)?$"));
static BRACKETS: LazyLock<Regex> = LazyLock::new(|| pattern(r"<([a-z0-9./-]+)(~[a-z0-9.-]+)?>"));

/// Characters of a made-up suffix.
const SUFFIX: usize = 5;
/// The longest part before it.
const STEM_MAX: usize = 58;

/// The node that a DaemonSet wants a pod on.
pub fn chosen_node(pod: &Value) -> Option<String> {
    let required = &pod["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"];
    let terms = required["nodeSelectorTerms"].as_array()?;
    let fields = terms.iter().flat_map(|term| term["matchFields"].as_array().into_iter().flatten());
    fields.filter(|field| field["key"] == "metadata.name").find_map(|field| field["values"][0].as_str().map(str::to_owned))
}

/// What each made-up name and each uid stands for.
#[derive(Debug, Default)]
pub struct Names {
    ns: String,
    /// Uid and label, in order of birth.
    uids: Vec<(String, String)>,
    pub labels: BTreeMap<String, String>,
    actual: BTreeMap<String, String>,
    count: BTreeMap<String, usize>,
    born: BTreeMap<String, usize>,
    /// The ReplicaSets of each Deployment.
    pub sets: BTreeMap<String, Vec<String>>,
    pub leaving: BTreeSet<String>,
    /// Pods that the replayer itself ended.
    pub mine: BTreeSet<String>,
    pub aged: BTreeMap<String, Value>,
    /// The step says which of equal pods goes.
    pub is_named: bool,
    fresh_slices: Vec<String>,
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

impl Names {
    pub fn new(ns: &str) -> Self {
        Self { ns: ns.to_owned(), ..Self::default() }
    }

    pub fn knows(&self, uid: &str) -> bool {
        self.uids.iter().any(|(known, _)| known == uid)
    }

    pub fn born(&self, name: &str) -> usize {
        self.born.get(name).copied().unwrap_or(usize::MAX)
    }

    fn counted(&mut self, what: &str) -> usize {
        let count = self.count.entry(what.to_owned()).or_default();
        *count += 1;
        *count
    }

    /// Gives a new object its label: its name, if that is not made up.
    pub fn christen(&mut self, kind: &str, word: &str, object: &Value) {
        let meta = &object["metadata"];
        let name = text(meta, "name").to_owned();
        let owners = meta["ownerReferences"].as_array();
        let owner = owners.into_iter().flatten().find(|owner| owner["controller"] == true).cloned().unwrap_or_default();
        let label = self.label(object, &name, &owner);
        if kind == "replicasets" && !owner.is_null() {
            self.sets.entry(text(&owner, "name").to_owned()).or_default().push(name.clone());
        }
        if label != name {
            self.labels.insert(name.clone(), label.clone());
            self.actual.insert(label.clone(), name.clone());
        }
        let manieth = self.counted(&format!("{kind} {label}"));
        self.uids.push((text(meta, "uid").to_owned(), format!("{word}/{label}#{manieth}")));
        self.born.insert(name.clone(), self.born.len());
        if kind == "endpointslices" && label != name {
            self.fresh_slices.push(name);
        }
    }

    fn label(&mut self, object: &Value, name: &str, owner: &Value) -> String {
        let stem: String = text(&object["metadata"], "generateName").chars().take(STEM_MAX).collect();
        if !stem.is_empty() && name.starts_with(&stem) && name.len() == stem.len() + SUFFIX {
            let node = chosen_node(object).unwrap_or_default().replace(&format!("{}-", self.ns), "");
            let stem = format!("{}~{node}", self.relabel(&stem));
            let manieth = self.counted(&stem);
            return match (stem.ends_with('~'), manieth) {
                (true, _) => format!("{stem}{manieth}"),
                (false, 1) => stem,
                (false, _) => format!("{stem}.{manieth}"),
            };
        }
        match DIGITS.find(name) {
            Some(digits) if text(owner, "kind") == "CronJob" => {
                let stem = format!("{}-~", &name[..digits.start()]);
                let manieth = self.counted(&stem);
                format!("{stem}{manieth}")
            }
            _ => name.to_owned(),
        }
    }

    /// Slices that came at once are numbered by what is in them.
    pub fn sort_fresh_slices(&mut self, slices: &BTreeMap<String, Value>) {
        let mut by_stem: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for name in std::mem::take(&mut self.fresh_slices) {
            if let Some(slice) = slices.get(&name) {
                by_stem.entry(text(&slice["metadata"], "generateName").to_owned()).or_default().push(name);
            }
        }
        for mut names in by_stem.into_values() {
            names.sort_by_cached_key(|name| dumps(&json!([slices[name].get("addressType"), slices[name].get("ports")])));
            self.rename(&names, slices);
        }
    }

    /// Gives these names their labels anew, in this order.
    fn rename(&mut self, names: &[String], objects: &BTreeMap<String, Value>) {
        let by_length = |texts: &mut Vec<String>| texts.sort_by_key(|text| (text.len(), text.clone()));
        let mut labels: Vec<String> = names.iter().map(|name| self.labels[name].clone()).collect();
        by_length(&mut labels);
        let places: Vec<usize> = names.iter().filter_map(|name| self.place(text(&objects[name]["metadata"], "uid"))).collect();
        let mut words: Vec<String> = places.iter().map(|place| self.uids[*place].1.clone()).collect();
        by_length(&mut words);
        for (name, label) in names.iter().zip(labels) {
            self.actual.insert(label.clone(), name.clone());
            self.labels.insert(name.clone(), label);
        }
        for (place, word) in places.into_iter().zip(words) {
            self.uids[place].1 = word;
        }
    }

    fn place(&self, uid: &str) -> Option<usize> {
        self.uids.iter().position(|(known, _)| known == uid)
    }

    /// Puts labels for made-up names.
    pub fn relabel(&self, text: &str) -> String {
        let mut names: Vec<&String> = self.labels.keys().collect();
        names.sort_by_key(|name| std::cmp::Reverse(name.len()));
        names.into_iter().fold(text.to_owned(), |text, name| text.replace(name.as_str(), &self.labels[name]))
    }

    /// The real name of a label or alias: `web/2~1` is the first pod of Deployment web's second ReplicaSet.
    pub fn resolve(&self, label: &str) -> String {
        let mut label = label.to_owned();
        if let Some(found) = ALIAS.captures(&label) {
            let set = found[2].parse().ok().and_then(|n: usize| self.sets.get(&found[1])?.get(n.checked_sub(1)?));
            let set = set.cloned().unwrap_or_default();
            label = found.get(3).map_or(set.clone(), |rest| format!("{set}-{}", rest.as_str()));
        }
        if let Some(name) = self.actual.get(&label) {
            return name.clone();
        }
        // A pod may be seen before its Job.
        let late = self.actual.iter().find(|(known, _)| self.relabel(known) == label);
        late.map_or(label.clone(), |(_, name)| name.clone())
    }

    /// Puts real names and uids for what stands in `<>`.
    pub fn real(&self, given: &str) -> Result<String> {
        let filled = fill(&given.into(), &self.ns, &Saved::new())?;
        let mut text = filled.as_str().unwrap_or_default().to_owned();
        for (uid, label) in &self.uids {
            text = text.replace(&format!("<{label}>"), uid);
        }
        let put = |found: &regex::Captures<'_>| match found.get(2) {
            Some(rest) => self.resolve(&format!("{}{}", &found[1], rest.as_str())),
            None if found[1].contains('/') => self.resolve(&found[1]),
            None => found[0].to_owned(),
        };
        Ok(BRACKETS.replace_all(&text, put).into_owned())
    }

    fn likeness(&self, object: &Value) -> String {
        let (meta, status) = (&object["metadata"], &object["status"]);
        let conditions = status["conditions"].as_array().into_iter().flatten();
        let conditions: Vec<Value> = conditions.map(|c| json!([c["type"], c["status"]])).collect();
        dumps(&json!([
            meta["labels"],
            meta["annotations"],
            meta["finalizers"],
            meta["ownerReferences"],
            object["spec"]["nodeName"],
            status["phase"],
            status["podIP"],
            conditions,
            self.aged.get(text(meta, "name")),
        ]))
    }

    /// Of pods that are alike it is chance which one goes: the one with the last label takes the place of the one that went.
    pub fn leaves(&mut self, object: &Value, pods: &BTreeMap<String, Value>) {
        let (name, uid) = (text(&object["metadata"], "name").to_owned(), text(&object["metadata"], "uid").to_owned());
        self.leaving.insert(uid.clone());
        let Some(was) = pods.get(&name) else { return };
        if self.is_named || self.mine.contains(&name) || !self.labels.contains_key(&name) {
            return;
        }
        let likeness = self.likeness(was);
        let is_twin = |pod: &&Value| {
            let meta = &pod["metadata"];
            !self.leaving.contains(text(meta, "uid"))
                && self.labels.contains_key(text(meta, "name"))
                && meta["generateName"] == object["metadata"]["generateName"]
                && self.likeness(pod) == likeness
        };
        let of = |pod: &Value| (text(&pod["metadata"], "name").to_owned(), text(&pod["metadata"], "uid").to_owned());
        let twins = pods.values().filter(is_twin).map(of);
        let candidates = twins.chain([(name.clone(), uid.clone())]);
        let last = candidates.max_by_key(|(name, _)| (self.labels[name].len(), self.labels[name].clone()));
        if let Some((other, other_uid)) = last.filter(|(other, _)| *other != name) {
            self.swap(&name, &uid, &other, &other_uid);
        }
    }

    fn swap(&mut self, name: &str, uid: &str, other: &str, other_uid: &str) {
        let (mine, theirs) = (self.labels[name].clone(), self.labels[other].clone());
        self.actual.insert(theirs.clone(), name.to_owned());
        self.actual.insert(mine.clone(), other.to_owned());
        self.labels.insert(name.to_owned(), theirs);
        self.labels.insert(other.to_owned(), mine);
        let (first, second) = (self.born(name), self.born(other));
        self.born.insert(name.to_owned(), second);
        self.born.insert(other.to_owned(), first);
        if let (Some(a), Some(b)) = (self.place(uid), self.place(other_uid)) {
            let word = std::mem::take(&mut self.uids[a].1);
            self.uids[a].1 = std::mem::replace(&mut self.uids[b].1, word);
        }
    }

    /// Without uids, made-up names, times, the namespace's name.
    pub fn plain(&self, value: &Value) -> Value {
        let mut text = value.to_string();
        for (uid, label) in &self.uids {
            text = text.replace(uid, label);
        }
        let text = self.relabel(&text);
        let text = UNBORN.replace_all(&text, "${1}~${2}");
        let text = RFC1123.replace_all(&text, "<time>");
        let value = serde_json::from_str(&text).unwrap_or(Value::Null);
        normalise(&value, &self.ns, &Saved::new(), &[])
    }
}
