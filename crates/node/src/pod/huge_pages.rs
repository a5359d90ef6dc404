//! What a pod and its containers may have of huge pages (CG-10), and of which size a volume of them is. Pure.

use super::limits::amounts;
use crate::runtime::HugePages;
use stead_api::Value;
use stead_api::kinds::pod_spec::amount::Amounts;
use stead_api::kinds::pod_spec::totals;
use stead_api::quantity::Quantity;
use stead_api::value::Access;

const PREFIX: &str = "hugepages-";
/// The medium that says no size.
const ANY_SIZE: &str = "HugePages";

/// What all containers together may have.
pub fn of_pod(pod: &Value) -> Vec<HugePages> {
    limits(&totals::pod_limits(&pod["spec"]))
}

/// What one container may have: of sizes that it does not name, what its pod may.
pub fn of_container(pod: &Value, container: &Value) -> Vec<HugePages> {
    let mut all = amounts(&pod["spec"], "limits");
    all.extend(amounts(container, "limits"));
    limits(&all)
}

fn limits(all: &Amounts) -> Vec<HugePages> {
    let one = |(name, amount): (&String, &Quantity)| {
        Some(HugePages { page_bytes: page_bytes(name.strip_prefix(PREFIX)?)?, limit_bytes: u64::try_from(amount.value_ceil()).ok()? })
    };
    all.iter().filter_map(one).collect()
}

fn page_bytes(size: &str) -> Option<u64> {
    Quantity::parse(size).ok().and_then(|size| u64::try_from(size.value_ceil()).ok()).filter(|bytes| *bytes > 0)
}

/// The size of the pages of a volume with that medium: one that the pod asks for.
pub fn volume_page_bytes(pod: &Value, medium: &str) -> Result<u64, String> {
    let spec = &pod["spec"];
    let owners = std::iter::once(spec).chain(spec.items("containers")).chain(spec.items("initContainers"));
    let mut asked: Vec<u64> =
        owners.flat_map(|owner| amounts(owner, "requests").into_keys()).filter_map(|name| page_bytes(name.strip_prefix(PREFIX)?)).collect();
    asked.sort_unstable();
    asked.dedup();
    if let Some(size) = medium.strip_prefix("HugePages-") {
        let wanted = page_bytes(size).ok_or_else(|| format!("medium {medium} has no size"))?;
        asked.retain(|size| *size == wanted);
    }
    match asked[..] {
        [size] => Ok(size),
        [] => Err(format!("medium {medium}: hugePages storage requested, but there is no resource request for huge pages")),
        _ => Err(format!("medium: {ANY_SIZE} can't be used if container requests multiple huge page sizes")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stead_api::json;

    fn pod(containers: [Value; 2], own: Value) -> Value {
        let [one, two] = containers.map(|resources| json!({"resources": {"limits": resources, "requests": resources}}));
        json!({"spec": {"containers": [one, two], "resources": {"limits": own}}})
    }

    fn mebibytes(limits: Vec<HugePages>) -> Vec<(u64, u64)> {
        limits.into_iter().map(|pages| (pages.page_bytes >> 20, pages.limit_bytes >> 20)).collect()
    }

    #[test]
    fn a_pod_may_have_what_its_containers_may() {
        // CG-10
        let mixed = pod([json!({"hugepages-2Mi": "4Mi", "cpu": "1"}), json!({"hugepages-2Mi": "2Mi", "hugepages-1Gi": "1Gi"})], json!({}));
        assert_eq!(mebibytes(of_pod(&mixed)), [(1024, 1024), (2, 6)]);
        assert_eq!(mebibytes(of_container(&mixed, &mixed["spec"]["containers"][0])), [(2, 4)]);
        let shared = pod([json!({"cpu": "1"}), json!({"hugepages-2Mi": "2Mi"})], json!({"hugepages-2Mi": "8Mi"}));
        assert_eq!(mebibytes(of_pod(&shared)), [(2, 8)]);
        assert_eq!(mebibytes(of_container(&shared, &shared["spec"]["containers"][0])), [(2, 8)]);
        assert_eq!(mebibytes(of_container(&shared, &shared["spec"]["containers"][1])), [(2, 2)]);
    }

    #[test]
    fn a_volume_has_pages_of_a_size_that_is_asked_for() {
        let two = pod([json!({"hugepages-2Mi": "4Mi"}), json!({"hugepages-1Gi": "1Gi"})], json!({}));
        assert_eq!(volume_page_bytes(&two, "HugePages-2Mi"), Ok(2 << 20));
        assert_eq!(
            volume_page_bytes(&two, "HugePages").unwrap_err(),
            "medium: HugePages can't be used if container requests multiple huge page sizes"
        );
        let none = "medium HugePages-4Mi: hugePages storage requested, but there is no resource request for huge pages";
        assert_eq!(volume_page_bytes(&two, "HugePages-4Mi").unwrap_err(), none);
        let one = pod([json!({"hugepages-2Mi": "4Mi"}), json!({"hugepages-2Mi": "2Mi"})], json!({}));
        assert_eq!(volume_page_bytes(&one, "HugePages"), Ok(2 << 20));
    }
}
