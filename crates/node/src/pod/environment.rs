//! The environment of a container (ENV-1 to ENV-11): a pure function of the pod, the image and the objects it refers to.

pub mod file;

use std::collections::BTreeMap;
use stead_api::Value;
use stead_api::quantity::Quantity;
use stead_api::value::Access;

/// What references are resolved from. A `None` object does not exist.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sources {
    pub config_maps: BTreeMap<String, Option<Value>>,
    pub secrets: BTreeMap<String, Option<Value>>,
    /// Services of the pod's namespace, and `kubernetes` of `default`.
    pub services: Vec<Value>,
    pub node_name: String,
    pub host_ips: Vec<String>,
    pub pod_ips: Vec<String>,
    /// `status.allocatable` of the node, for limits that are not set.
    pub allocatable: Value,
    pub hostname: String,
    /// Files of variables by volume and path; `None`: it is not there.
    pub files: BTreeMap<(String, String), Result<Option<String>, String>>,
}

/// Which ConfigMaps and Secrets a pod's environments name.
pub fn references(pod: &Value) -> (Vec<String>, Vec<String>) {
    let (mut config_maps, mut secrets) = (Vec::new(), Vec::new());
    let spec = &pod["spec"];
    for container in spec.items("initContainers").iter().chain(spec.items("containers")) {
        for from in container.items("envFrom") {
            note(&mut config_maps, &from["configMapRef"]);
            note(&mut secrets, &from["secretRef"]);
        }
        for var in container.items("env") {
            note(&mut config_maps, &var["valueFrom"]["configMapKeyRef"]);
            note(&mut secrets, &var["valueFrom"]["secretKeyRef"]);
        }
    }
    (config_maps, secrets)
}

fn note(names: &mut Vec<String>, reference: &Value) {
    let name = reference.str("name");
    if !name.is_empty() && !names.iter().any(|n| n == name) {
        names.push(name.to_owned());
    }
}

/// Variables in order; a later one of the same name replaces an earlier one in its place.
#[derive(Debug, Default)]
struct Variables(Vec<(String, String)>);

impl Variables {
    fn set(&mut self, name: &str, value: String) {
        match self.0.iter_mut().find(|(n, _)| n == name) {
            Some((_, old)) => *old = value,
            None => self.0.push((name.to_owned(), value)),
        }
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
}

/// The container's own variables, without the image's: envFrom, env, then service variables that are not set (ENV-1).
///
/// # Errors
/// The message of CreateContainerConfigError.
pub fn container_variables(pod: &Value, container: &Value, sources: &Sources) -> Result<Vec<(String, String)>, String> {
    let services = service_variables(pod, sources);
    let mut vars = Variables::default();
    for from in container.items("envFrom") {
        add_all(&mut vars, pod, from, sources)?;
    }
    for var in container.items("env") {
        let name = var.str("name");
        if var.has("valueFrom") {
            if let Some(value) = value_from(pod, container, &var["valueFrom"], sources)? {
                vars.set(name, value);
            }
        } else {
            let known = |name: &str| vars.get(name).or_else(|| services.get(name)).map(str::to_owned);
            vars.set(name, expand(var.str("value"), known));
        }
    }
    for (name, value) in services.0 {
        if vars.get(&name).is_none() {
            vars.set(&name, value);
        }
    }
    Ok(vars.0)
}

/// What the process sees: the image's variables overridden in place, HOSTNAME second (ENV-10).
pub fn process_variables(image_env: &[String], container: &[(String, String)], hostname: &str) -> Vec<(String, String)> {
    let mut vars = Variables::default();
    for entry in image_env {
        let (name, value) = entry.split_once('=').unwrap_or((entry, ""));
        vars.set(name, value.to_owned());
    }
    if vars.get("PATH").is_none() {
        vars.0.insert(0, ("PATH".to_owned(), "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".to_owned()));
    }
    if vars.get("HOSTNAME").is_none() {
        vars.0.insert(1.min(vars.0.len()), ("HOSTNAME".to_owned(), hostname.to_owned()));
    }
    for (name, value) in container {
        vars.set(name, value.clone());
    }
    vars.0
}

/// `$(NAME)` replaced where known, `$$` a dollar, everything else as it is (ENV-3).
pub fn expand(text: &str, known: impl Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            out.push('$');
            rest = after;
        } else if let Some((name, after)) = rest.strip_prefix('(').and_then(|r| r.split_once(')')) {
            match known(name) {
                Some(value) => out.push_str(&value),
                None => out.push_str(&format!("$({name})")),
            }
            rest = after;
        } else {
            out.push('$');
        }
    }
    out.push_str(rest);
    out
}

/// The same where every name must be known (VOL-15).
pub fn expand_strictly(text: &str, variables: &[(String, String)]) -> Result<String, String> {
    let missing = std::cell::RefCell::new(Vec::new());
    let expanded = expand(text, |name| {
        let known = variables.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
        if known.is_none() {
            missing.borrow_mut().push(name.to_owned());
        }
        known
    });
    match missing.into_inner().as_slice() {
        [] => Ok(expanded),
        names => Err(format!("missing value for {}", names.join(", "))),
    }
}

fn add_all(vars: &mut Variables, pod: &Value, from: &Value, sources: &Sources) -> Result<(), String> {
    let prefix = from.str("prefix");
    for (member, objects, what) in [("configMapRef", &sources.config_maps, "configmap"), ("secretRef", &sources.secrets, "secret")] {
        let reference = &from[member];
        if !reference.is_object() {
            continue;
        }
        let Some(object) = find(objects, what, reference)? else { continue };
        for (key, value) in object.map("data").into_iter().flatten() {
            let text = value.as_str().unwrap_or_default();
            vars.set(
                &format!("{prefix}{key}"),
                if what == "secret" { decoded(pod, reference.str("name"), key, text)? } else { text.to_owned() },
            );
        }
    }
    Ok(())
}

/// The referenced object; `None` if it is missing and optional.
fn find<'a>(objects: &'a BTreeMap<String, Option<Value>>, what: &str, reference: &Value) -> Result<Option<&'a Value>, String> {
    let name = reference.str("name");
    match objects.get(name) {
        Some(Some(object)) => Ok(Some(object)),
        _ if reference.flag("optional") => Ok(None),
        _ => Err(format!("{what} \"{name}\" not found")),
    }
}

fn decoded(pod: &Value, secret: &str, key: &str, text: &str) -> Result<String, String> {
    let namespace = pod["metadata"].str("namespace");
    let bytes = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, text)
        .ok()
        .ok_or_else(|| format!("the value of key {key} in Secret {namespace}/{secret} is not base64"))?;
    String::from_utf8(bytes).map_err(|_| format!("the value of key {key} in Secret {namespace}/{secret} is not UTF-8"))
}

fn value_from(pod: &Value, container: &Value, from: &Value, sources: &Sources) -> Result<Option<String>, String> {
    let namespace = pod["metadata"].str("namespace");
    for (member, objects, what, kind) in
        [("configMapKeyRef", &sources.config_maps, "configmap", "ConfigMap"), ("secretKeyRef", &sources.secrets, "secret", "Secret")]
    {
        let reference = &from[member];
        if !reference.is_object() {
            continue;
        }
        let (name, key) = (reference.str("name"), reference.str("key"));
        let Some(object) = find(objects, what, reference)? else { return Ok(None) };
        return match object["data"].get(key).and_then(Value::as_str) {
            Some(text) if what == "secret" => decoded(pod, name, key, text).map(Some),
            Some(text) => Ok(Some(text.to_owned())),
            None if reference.flag("optional") => Ok(None),
            None => Err(format!("couldn't find key {key} in {kind} {namespace}/{name}")), // ENV-8
        };
    }
    if from.has("fieldRef") {
        return field(pod, from["fieldRef"].str("fieldPath"), sources).map(Some);
    }
    if from.has("resourceFieldRef") {
        return resource(pod, container, &from["resourceFieldRef"], sources).map(Some);
    }
    if from.has("fileKeyRef") {
        return file_key(&from["fileKeyRef"], sources);
    }
    Err("this kind of environment source is not supported by this version".to_owned())
}

/// A key of a file in a volume (ENV-5).
fn file_key(reference: &Value, sources: &Sources) -> Result<Option<String>, String> {
    let (volume, key) = (reference.str("volumeName"), reference.str("key"));
    let found = sources.files.get(&(volume.to_owned(), reference.str("path").to_owned()));
    let found = found.ok_or_else(|| format!("cannot find the volume {volume:?} referenced by FileKeyRef"))?;
    let value = match found {
        Ok(Some(text)) => file::value(text, key).map_err(|_| "couldn't parse env file".to_owned())?,
        Ok(None) if reference.flag("optional") => None,
        Ok(None) | Err(_) => return Err("couldn't parse env file".to_owned()),
    };
    match value.filter(|value| !value.is_empty()) {
        Some(value) => Ok(Some(value)),
        None if reference.flag("optional") => Ok(None),
        None => Err(format!("environment variable key {key:?} not found in file")),
    }
}

/// ENV-6.
pub fn field(pod: &Value, path: &str, sources: &Sources) -> Result<String, String> {
    let meta = &pod["metadata"];
    if let Some((list, key)) = path.strip_suffix("']").and_then(|p| p.split_once("['")) {
        let list = list.trim_start_matches("metadata.");
        return Ok(meta[list].str(key).to_owned());
    }
    Ok(match path {
        "metadata.name" => meta.str("name").to_owned(),
        "metadata.namespace" => meta.str("namespace").to_owned(),
        "metadata.uid" => meta.str("uid").to_owned(),
        "spec.nodeName" => sources.node_name.clone(),
        "spec.serviceAccountName" => pod["spec"].str("serviceAccountName").to_owned(),
        "status.hostIP" => sources.host_ips.first().cloned().unwrap_or_default(),
        "status.hostIPs" => sources.host_ips.join(","),
        "status.podIP" => sources.pod_ips.first().cloned().unwrap_or_default(),
        "status.podIPs" => sources.pod_ips.join(","),
        other => return Err(format!("unsupported fieldPath: {other}")),
    })
}

/// ENV-7: in units of the divisor, rounded up.
pub fn resource(pod: &Value, container: &Value, reference: &Value, sources: &Sources) -> Result<String, String> {
    let wanted = reference.str("containerName");
    let spec = &pod["spec"];
    let container = match wanted {
        "" => container,
        name => spec
            .items("containers")
            .iter()
            .chain(spec.items("initContainers"))
            .find(|c| c.str("name") == name)
            .ok_or_else(|| format!("container {name} not found"))?,
    };
    let (list, what) = reference.str("resource").split_once('.').unwrap_or_default();
    let resources = &container["resources"];
    let amount = match list {
        "requests" => resources["requests"].str(what),
        _ => resources["limits"].str(what),
    };
    let amount = if amount.is_empty() && list == "limits" { sources.allocatable.str(what) } else { amount };
    let parse = |text: &str| Quantity::parse(text).map(|q| i128::from(q.milli_value_ceil())).map_err(|_| format!("bad quantity {text:?}"));
    let amount = if amount.is_empty() { 0 } else { parse(amount)? };
    let divisor = match reference.str("divisor") {
        "" | "0" => 1000,
        text => parse(text)?.max(1),
    };
    Ok(((amount + divisor - 1) / divisor).to_string())
}

/// ENV-9.
fn service_variables(pod: &Value, sources: &Sources) -> Variables {
    let namespace = pod["metadata"].str("namespace");
    let links = !matches!(pod["spec"].get("enableServiceLinks"), Some(Value::Bool(false)));
    let mut vars = Variables::default();
    for service in &sources.services {
        let meta = &service["metadata"];
        let is_api = meta.str("name") == "kubernetes" && meta.str("namespace") == "default";
        let wanted = is_api || (links && meta.str("namespace") == namespace);
        let ip = service["spec"].str("clusterIP");
        if wanted && !ip.is_empty() && ip != "None" {
            one_service(&mut vars, meta.str("name"), ip, service["spec"].items("ports"));
        }
    }
    vars
}

fn one_service(vars: &mut Variables, name: &str, ip: &str, ports: &[Value]) {
    let upper = |text: &str| text.to_uppercase().replace('-', "_");
    let name = upper(name);
    let Some(first) = ports.first() else { return };
    vars.set(&format!("{name}_SERVICE_HOST"), ip.to_owned());
    vars.set(&format!("{name}_SERVICE_PORT"), first.int("port").unwrap_or_default().to_string());
    for port in ports.iter().filter(|p| !p.str("name").is_empty()) {
        vars.set(&format!("{name}_SERVICE_PORT_{}", upper(port.str("name"))), port.int("port").unwrap_or_default().to_string());
    }
    for (index, port) in ports.iter().enumerate() {
        let number = port.int("port").unwrap_or_default();
        let protocol = if port.str("protocol").is_empty() { "TCP" } else { port.str("protocol") };
        let url = format!("{}://{ip}:{number}", protocol.to_lowercase());
        let prefix = format!("{name}_PORT_{number}_{protocol}");
        if index == 0 {
            vars.set(&format!("{name}_PORT"), url.clone());
        }
        vars.set(&prefix, url);
        vars.set(&format!("{prefix}_PROTO"), protocol.to_lowercase());
        vars.set(&format!("{prefix}_PORT"), number.to_string());
        vars.set(&format!("{prefix}_ADDR"), ip.to_owned());
    }
}

#[cfg(test)]
mod tests;
