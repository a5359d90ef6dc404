//! The built-in example on a server: created where it is not there; what is there is not touched.

use super::apply::Applied;
use super::manifest;
use super::tell::Teller;
use anyhow::Context;
use http::Request;
use kube::Client;
use stead_api::value::Access;
use stead_api::{Value, json};

/// Creates what is missing of the example, and gives all of it.
pub async fn create(client: &Client, teller: &Teller) -> anyhow::Result<Vec<Applied>> {
    let (mut all, mut made) = (Vec::new(), 0);
    for (path, object) in manifest::objects() {
        let object = manifest::applied(object);
        made += usize::from(create_if_missing(client, path, &object, teller).await?);
        all.push(Applied {
            api_version: object.str("apiVersion").to_owned(),
            kind: object.str("kind").to_owned(),
            namespace: object["metadata"].str("namespace").to_owned(),
            name: object["metadata"].str("name").to_owned(),
        });
    }
    if made == 0 {
        teller.line("the example is there already: nothing changed");
    }
    Ok(all)
}

/// Says what it did.
async fn create_if_missing(client: &Client, path: &str, object: &Value, teller: &Teller) -> anyhow::Result<bool> {
    let (kind, name) = (object.str("kind"), object["metadata"].str("name"));
    let what = format!("{}/{name}", kind.to_lowercase());
    let request = Request::post(format!("{path}?fieldManager=stead-up")).header("Content-Type", "application/json");
    let request = request.body(serde_json::to_vec(object)?).context("build a request")?;
    let result = match client.request::<Value>(request).await {
        Ok(_) => "created",
        Err(kube::Error::Api(status)) if status.reason == "AlreadyExists" => "unchanged",
        Err(error) => return Err(error).with_context(|| format!("create {what}")),
    };
    let document = json!({"event": "applied", "kind": kind, "namespace": object["metadata"]["namespace"], "name": name, "result": result});
    teller.event(document, Some(&format!("{what} {result}")));
    Ok(result == "created")
}
