//! `pods/eviction` (R50): deletes a pod on behalf of a drain. What a disruption budget allows is asked and spent first.

use super::{budgets, pod_target};
use crate::answer::Answer;
use crate::authz::node;
use crate::call::Call;
use crate::core::Core;
use crate::negotiation;
use crate::object::{self, Expected};
use crate::query::{DeleteOptions, Run, Write, WriteOptions};
use crate::registry::{create as creation, delete, step};
use stead_api::value::Access;
use stead_api::{Status, json, schema};

pub(crate) async fn create(core: &Core, call: &mut Call) -> Result<Answer, Status> {
    let options = WriteOptions::parse(&call.query, Write::Create)?;
    let reader = negotiation::content_type(&call.headers)?;
    let mut eviction = object::decode(expected(call, reader), reader, &call.body, options.field_validation, &mut call.warnings)?;
    let (namespace, name) = (call.target.namespace.clone(), call.target.name.clone());
    creation::place(&namespace, &mut eviction)?;
    if eviction["metadata"].str("name") != name {
        return Err(Status::bad_request("name in URL does not match name in Eviction object"));
    }
    let mut delete_options = match eviction.get("deleteOptions") {
        Some(given) => DeleteOptions::from_value(given)?,
        None => DeleteOptions::PLAIN,
    };
    if options.run == Run::Dry {
        delete_options.run = Run::Dry;
    }
    let kind = call.target.kind.clone();
    let pod = pod_target::read(core, call)?;
    if let Some(node) = call.identity().and_then(node::name_of)
        && pod["spec"].str("nodeName") != node
    {
        let why = format!("node {node} can only evict pods with spec.nodeName set to itself");
        return Err(Status::forbidden(&kind, &name, &why));
    }
    step::check_preconditions(&kind, &name, &pod, &delete_options)?;
    budgets::spend(core, call, &pod, delete_options.run).await?;
    let now = core.environment.now().rfc3339();
    if delete_options.run == Run::Real {
        pod_target::change(core, call, delete_options.run, &mut |pod| {
            step::check_preconditions(&kind, &name, pod, &delete_options)?;
            let mut pod = pod.clone();
            let target = json!({
                "type": "DisruptionTarget", "status": "True", "lastProbeTime": null,
                "reason": "EvictionByEvictionAPI", "message": "Eviction API: evicting",
            });
            pod_target::set_condition(&mut pod, target, &now);
            schema::walker::canonical(kind.schema, &mut pod);
            Ok(pod)
        })
        .await?;
        // The mark has changed the version that the client named.
        delete_options.resource_version = None;
    }
    delete::delete_object(core, &kind, &namespace, &name, &delete_options).await?;
    let value = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201});
    Ok(Answer::Document { code: 201, value })
}

/// Evictions come in two versions of the same form.
fn expected(call: &Call, reader: negotiation::Reader) -> Expected {
    let given = object::type_of(reader, &call.body).unwrap_or_default();
    let version = if given.api_version == "policy/v1beta1" { "v1beta1" } else { "v1" };
    let schema = schema::by_name("io.k8s.api.policy.v1.Eviction").expect("the table has Eviction");
    Expected { group: "policy", version, kind: "Eviction", schema }
}
