//! What a Service gets before it is validated: its address families, cluster address and node ports.
//! The order of judgement is upstream's: faults of families and addresses are answered alone, before all others.

use super::{is_headless, needs_cluster_ip, needs_health_check, needs_node_port, ports_mut, spec_mut, validation::validate_cluster_ips};
use crate::{
    Status, Value,
    allocation::{Family, Pool, Run},
    field::{Error, Errors, Path, invalid},
    json, names,
    value::Access,
};

/// Completes and checks a new (`old` absent) or changed Service. `Err` is the whole answer.
pub(super) fn allocate(service: &mut Value, old: Option<&Value>, run: Run, pool: &mut Pool<'_>) -> Result<(), Status> {
    if let Some(old) = old {
        patch_allocated(service, old);
    }
    normalize_cluster_ips(service, old);
    let fail = |service: &Value, errors: Errors| Err(Status::invalid(&super::SERVICE, service["metadata"].str("name"), &errors));
    let errors = init_families(service, old, &pool.ranges.families());
    if !errors.is_empty() {
        return fail(service, errors);
    }
    if needs_cluster_ip(service) && !is_headless(service) {
        let kept = old.filter(|old| needs_cluster_ip(old));
        allocate_ips(service, kept, run, pool)?;
    }
    match old {
        None => create_ports(service, run, pool)?,
        Some(old) => update_ports(service, old, run, pool)?,
    }
    Ok(())
}

fn refuse(service: &Value, error: Error) -> Status {
    Status::invalid(&super::SERVICE, service["metadata"].str("name"), &vec![error])
}

/// Keeps what was allocated where the writer left it out.
fn patch_allocated(service: &mut Value, old: &Value) {
    if needs_cluster_ip(old) && needs_cluster_ip(service) {
        let spec = spec_mut(service);
        if spec.str("clusterIP").is_empty() && old["spec"].has("clusterIP") {
            spec["clusterIP"] = old["spec"]["clusterIP"].clone();
        }
        let same = spec.get("clusterIP") == old["spec"].get("clusterIP");
        if same && spec.items("clusterIPs").is_empty() && old["spec"].has("clusterIPs") {
            spec["clusterIPs"] = old["spec"]["clusterIPs"].clone();
        }
    }
    if needs_node_port(old) && needs_node_port(service) {
        patch_node_ports(service, old);
    }
    let kept = old["spec"].int("healthCheckNodePort").filter(|port| *port != 0);
    if let Some(kept) = kept
        && needs_health_check(old)
        && needs_health_check(service)
    {
        spec_mut(service).default_to("healthCheckNodePort", kept);
    }
}

/// Ports of the same name keep their node port unless another port asks for it.
fn patch_node_ports(service: &mut Value, old: &Value) {
    let numbers =
        |service: &Value| -> Vec<i64> { service["spec"].items("ports").iter().map(node_port).filter(|port| *port != 0).collect() };
    let before = numbers(old);
    let mut used: Vec<i64> = numbers(service).into_iter().filter(|port| before.contains(port)).collect();
    let free: Vec<(String, i64)> = old["spec"]
        .items("ports")
        .iter()
        .map(|port| (port.str("name").to_owned(), node_port(port)))
        .filter(|(_, port)| *port != 0 && !used.contains(port))
        .collect();
    for port in ports_mut(service).iter_mut().filter(|port| node_port(port) == 0) {
        let found = free.iter().find(|(name, number)| name == port.str("name") && !used.contains(number));
        if let Some((_, number)) = found {
            port["nodePort"] = (*number).into();
            used.push(*number);
        }
    }
}

fn node_port(port: &Value) -> i64 {
    port.int("nodePort").unwrap_or_default()
}

/// Brings `clusterIP` and `clusterIPs` in step.
fn normalize_cluster_ips(service: &mut Value, old: Option<&Value>) {
    let spec = spec_mut(service);
    let ip = spec.str("clusterIP").to_owned();
    let Some(was) = old.map(|old| &old["spec"]) else {
        if !ip.is_empty() && spec.items("clusterIPs").is_empty() {
            spec["clusterIPs"] = json!([ip]);
        }
        return;
    };
    if ip == was.str("clusterIP") {
        return;
    }
    let same = spec.items("clusterIPs") == was.items("clusterIPs");
    if ip.is_empty() && same {
        spec.drop("clusterIPs");
    } else if !ip.is_empty() && (same || spec.items("clusterIPs").is_empty()) {
        spec["clusterIPs"] = json!([ip]);
    }
}

/// Fills in policy and families, or says what is wrong with them and the addresses.
fn init_families(service: &mut Value, old: Option<&Value>, configured: &[Family]) -> Errors {
    if !needs_cluster_ip(service) || old.is_some_and(|old| keeps_prefer_dual(service, old)) {
        return Errors::new();
    }
    let selectorless = service["spec"].str("clusterIP") == "None" && service["spec"].map("selector").is_none_or(|s| s.is_empty());
    if !service["spec"].has("ipFamilyPolicy") {
        let kept = old.map(|old| old["spec"].str("ipFamilyPolicy").to_owned()).filter(|policy| !policy.is_empty());
        let inferred = if selectorless { "RequireDualStack" } else { "SingleStack" };
        spec_mut(service)["ipFamilyPolicy"] = kept.unwrap_or_else(|| inferred.to_owned()).into();
    }
    let mut errors = validate_cluster_ips(service);
    if !errors.is_empty() {
        return errors;
    }
    let policy = service["spec"].str("ipFamilyPolicy").to_owned();
    errors.extend(old.into_iter().flat_map(|old| check_reduction(service, old, &policy)));
    errors.extend(check_single_stack(service, &policy));
    errors.extend(infer_families(service, configured));
    if !errors.is_empty() {
        return errors;
    }
    if selectorless {
        complete_families(service, &policy, configured);
        return errors;
    }
    errors.extend(check_configured(service, &policy, configured));
    if errors.is_empty() {
        let policy = if configured.len() < 2 { "SingleStack" } else { &policy };
        complete_families(service, policy, configured);
    }
    errors
}

/// A Service that prefers two families and changes nothing about them is left alone.
fn keeps_prefer_dual(service: &Value, old: &Value) -> bool {
    let prefers = |s: &Value| s["spec"].str("ipFamilyPolicy") == "PreferDualStack";
    prefers(service)
        && (prefers(old) || !old["spec"].has("ipFamilyPolicy"))
        && service["spec"].str("type") == old["spec"].str("type")
        && service["spec"].items("clusterIPs") == old["spec"].items("clusterIPs")
        && service["spec"].items("ipFamilies") == old["spec"].items("ipFamilies")
}

fn policy_error(policy: &str, why: &str) -> Error {
    invalid(&Path::new("spec.ipFamilyPolicy"), policy, why)
}

/// Going back to one family drops the second address; anything else must say so.
fn check_reduction(service: &mut Value, old: &Value, policy: &str) -> Errors {
    let mut errors = Errors::new();
    for (name, what) in [("clusterIPs", "secondary cluster IP"), ("ipFamilies", "secondary IP family")] {
        let (now, then) = (service["spec"].items(name), old["spec"].items(name));
        if policy == "SingleStack" {
            if now == then && now.len() > 1 {
                let first = now[0].clone();
                spec_mut(service)[name] = json!([first]);
            }
        } else if !now.is_empty() && now.len() < then.len() {
            errors.push(policy_error(policy, &format!("must be 'SingleStack' to release the {what}")));
        }
    }
    errors
}

fn check_single_stack(service: &Value, policy: &str) -> Errors {
    let both = |name: &str| policy == "SingleStack" && service["spec"].items(name).len() == 2;
    [("clusterIPs", "cluster IPs"), ("ipFamilies", "IP families")]
        .into_iter()
        .filter(|(name, _)| both(name))
        .map(|(_, what)| {
            policy_error(policy, &format!("must be 'RequireDualStack' or 'PreferDualStack' when multiple {what} are specified"))
        })
        .collect()
}

/// Adds the families that given addresses imply.
fn infer_families(service: &mut Value, configured: &[Family]) -> Errors {
    let mut errors = Errors::new();
    let ips = service["spec"].items("clusterIPs").to_vec();
    let mut families = service["spec"].items("ipFamilies").to_vec();
    for (index, ip) in ips.iter().map(|ip| ip.as_str().unwrap_or_default()).enumerate() {
        if ip == "None" {
            break;
        }
        if index < families.len() {
            continue;
        }
        let family = names::parse_ip(ip).map(|parsed| Family::of(parsed.ip));
        let name = family.map_or("unknown", Family::name);
        if family.is_some_and(|family| configured.contains(&family)) {
            families.push(name.into());
        } else {
            let path = Path::new("spec.clusterIPs").index(index);
            errors.push(invalid(&path, Value::from(ips.clone()), &format!("{name} is not configured on this cluster")));
        }
    }
    if !families.is_empty() {
        spec_mut(service)["ipFamilies"] = families.into();
    }
    errors
}

/// Fills in the default family, and the other one where the policy is not content with one. A headless Service without selector
/// may so get families that the cluster does not have.
fn complete_families(service: &mut Value, policy: &str, configured: &[Family]) {
    let spec = spec_mut(service);
    let mut families = spec.items("ipFamilies").to_vec();
    if families.is_empty() {
        families.push(configured.first().map_or("IPv4", |family| family.name()).into());
    }
    if families.len() < 2 && policy != "SingleStack" {
        let other = if families[0] == "IPv4" { "IPv6" } else { "IPv4" };
        families.push(other.into());
    }
    spec["ipFamilies"] = families.into();
}

fn check_configured(service: &Value, policy: &str, configured: &[Family]) -> Errors {
    let mut errors = Errors::new();
    if policy == "RequireDualStack" && configured.len() < 2 {
        errors.push(policy_error(policy, "this cluster is not configured for dual-stack services"));
    }
    for (index, family) in service["spec"].items("ipFamilies").iter().enumerate() {
        if !configured.iter().any(|known| family == known.name()) {
            let path = Path::new("spec.ipFamilies").index(index);
            errors.push(invalid(&path, family.clone(), "not configured on this cluster"));
        }
    }
    errors
}

/// Gives an address of each family; `kept` is the Service as it was if it has some already: then only a second family gets one.
fn allocate_ips(service: &mut Value, kept: Option<&Value>, run: Run, pool: &mut Pool<'_>) -> Result<(), Status> {
    let families: Vec<Family> = service["spec"].items("ipFamilies").iter().map(family_of).collect();
    let had = kept.map_or(0, |old| if is_headless(old) { families.len() } else { old["spec"].items("ipFamilies").len() });
    if kept.is_some() && !(had == 1 && families.len() == 2) {
        return Ok(());
    }
    let mut ips = service["spec"].items("clusterIPs").to_vec();
    ips.resize_with(ips.len().max(families.len()), || Value::from(""));
    for (index, family) in families.into_iter().enumerate().skip(had) {
        ips[index] = allocate_ip(service, &ips, index, family, run, pool)?;
    }
    let spec = spec_mut(service);
    spec["clusterIP"] = ips[0].clone();
    spec["clusterIPs"] = ips.into();
    Ok(())
}

fn family_of(name: &Value) -> Family {
    if name == "IPv6" { Family::V6 } else { Family::V4 }
}

fn allocate_ip(service: &Value, ips: &[Value], index: usize, family: Family, run: Run, pool: &mut Pool<'_>) -> Result<Value, Status> {
    let given = ips[index].as_str().unwrap_or_default();
    let Some(ip) = names::parse_ip(given).map(|parsed| parsed.ip) else {
        let full = || Status::internal("failed to allocate a serviceIP: range is full");
        return pool.take_any_ip(family).map(|ip| ip.to_string().into()).ok_or_else(full);
    };
    match pool.take_ip(ip, run) {
        Ok(()) => Ok(given.into()),
        Err(why) => {
            let why = format!("failed to allocate IP {given}: {why}");
            Err(refuse(service, invalid(&Path::new("spec.clusterIPs"), Value::from(ips), &why)))
        }
    }
}

fn create_ports(service: &mut Value, run: Run, pool: &mut Pool<'_>) -> Result<(), Status> {
    if matches!(service["spec"].str("type"), "NodePort" | "LoadBalancer") {
        let wanted = needs_node_port(service);
        // Ports of one number under several protocols share a node port.
        let mut by_port: Vec<(i64, i64)> = Vec::new();
        for index in 0..service["spec"].items("ports").len() {
            let port = &service["spec"]["ports"][index];
            let (number, asked) = (port.int("port").unwrap_or_default(), node_port(port));
            if asked == 0 && !wanted {
                continue;
            }
            let shared = by_port.iter().find(|(port, _)| *port == number).map(|(_, node)| *node);
            let asked_by_any = || {
                let same = |port: &&Value| port.int("port").unwrap_or_default() == number && node_port(port) != 0;
                service["spec"].items("ports").iter().find(same).map(node_port)
            };
            let node = match shared {
                Some(node) if asked == 0 || asked == node => node,
                Some(_) => take_port(service, index, asked, run, pool)?,
                None => match asked_by_any() {
                    Some(asked) => take_port(service, index, asked, run, pool)?,
                    None => any_port(pool)?,
                },
            };
            if shared.is_none() {
                by_port.push((number, node));
            }
            ports_mut(service)[index]["nodePort"] = node.into();
        }
    }
    if needs_health_check(service) {
        allocate_health_check(service, run, pool)?;
    }
    Ok(())
}

fn update_ports(service: &mut Value, old: &Value, run: Run, pool: &mut Pool<'_>) -> Result<(), Status> {
    if matches!(service["spec"].str("type"), "NodePort" | "LoadBalancer") {
        let before: Vec<i64> = old["spec"].items("ports").iter().map(node_port).collect();
        let mut taken: Vec<i64> = Vec::new();
        let mut pairs: Vec<(String, i64)> = Vec::new();
        for index in 0..service["spec"].items("ports").len() {
            let port = &service["spec"]["ports"][index];
            let (protocol, mut node) = (port.str("protocol").to_owned(), node_port(port));
            if node == 0 && !needs_node_port(service) {
                continue;
            }
            if node == 0 {
                node = any_port(pool)?;
                ports_mut(service)[index]["nodePort"] = node.into();
            } else if !before.contains(&node) && !taken.contains(&node) {
                take_port(service, index, node, run, pool)?;
                taken.push(node);
            }
            if pairs.contains(&(protocol.clone(), node)) {
                return Err(Status::new(500, "", format!("duplicate nodePort: {{{protocol} {node}}}")));
            }
            pairs.push((protocol, node));
        }
    }
    if needs_health_check(service) && !needs_health_check(old) {
        allocate_health_check(service, run, pool)?;
    }
    Ok(())
}

fn take_port(service: &Value, index: usize, port: i64, run: Run, pool: &mut Pool<'_>) -> Result<i64, Status> {
    let path = || Path::new("spec.ports").index(index).child("nodePort");
    pool.take_port(port, run).map_err(|why| refuse(service, invalid(&path(), port, &why)))?;
    Ok(port)
}

fn any_port(pool: &mut Pool<'_>) -> Result<i64, Status> {
    let full = || Status::internal("failed to allocate a nodePort: range is full");
    pool.take_any_port().map(i64::from).ok_or_else(full)
}

fn allocate_health_check(service: &mut Value, run: Run, pool: &mut Pool<'_>) -> Result<(), Status> {
    let asked = service["spec"].int("healthCheckNodePort").unwrap_or_default();
    if asked == 0 {
        let port = pool.take_any_port().ok_or_else(|| Status::internal("failed to allocate a HealthCheck NodePort 0: range is full"))?;
        spec_mut(service)["healthCheckNodePort"] = port.into();
        return Ok(());
    }
    pool.take_port(asked, run).map_err(|why| Status::internal(&format!("failed to allocate requested HealthCheck NodePort {asked}: {why}")))
}
