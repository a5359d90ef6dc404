//! Applies manifests one after another on the server's side, as a field manager of its own. What the server refuses is said with its place in
//! the files; the others are applied nevertheless, as by kubectl.

use super::catalogue::{Catalogue, Home};
use super::tell::Teller;
use crate::cli::BadInput;
use crate::config::UpArgs;
use crate::manifests::Document;
use anyhow::Context;
use http::{HeaderMap, Request};
use http_body_util::BodyExt;
use kube::Client;
use std::collections::BTreeSet;
use stead_api::value::Access;
use stead_api::{Value, json};
use stead_client::{paths, wire::warning_text};

const MANAGER: &str = "stead-up";
pub const DEFAULT_NAMESPACE: &str = "default";

/// An object that was applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    pub api_version: String,
    pub kind: String,
    pub namespace: String,
    pub name: String,
}

/// Applies all; an error lists what was refused.
pub async fn all(client: &Client, documents: &[Document], args: &UpArgs, teller: &Teller) -> anyhow::Result<Vec<Applied>> {
    let mut session = Session { client, args, teller, catalogue: Catalogue::default(), warned: BTreeSet::new() };
    let (mut applied, mut refused) = (Vec::new(), Vec::new());
    for document in documents {
        match session.apply(document).await? {
            Ok(done) => applied.push(done),
            Err(why) => refused.push(format!("{}: {} {}: {}", why.place, document.kind(), document.name(), why.message)),
        }
    }
    if refused.is_empty() { Ok(applied) } else { Err(BadInput(refused.join("\n")).into()) }
}

struct Session<'a> {
    client: &'a Client,
    args: &'a UpArgs,
    teller: &'a Teller,
    catalogue: Catalogue,
    /// Warnings that were printed; each is said once.
    warned: BTreeSet<String>,
}

/// What the server answered.
struct Answer {
    code: u16,
    headers: HeaderMap,
    body: Value,
}

/// Why an object was not applied.
struct Refused {
    /// `web.yaml:12`
    place: String,
    message: String,
}

impl Session<'_> {
    /// The inner error is the server's refusal.
    async fn apply(&mut self, document: &Document) -> anyhow::Result<Result<Applied, Refused>> {
        let here = |message| Ok(Err(Refused { place: document.place(), message }));
        let Some(home) = self.catalogue.find(self.client, document.api_version(), document.kind()).await? else {
            return here(format!("the server has no such kind in {}", document.api_version()));
        };
        let namespace = match self.namespace(document, &home) {
            Ok(namespace) => namespace,
            Err(why) => return here(why),
        };
        let path = path(document, &home, &namespace);
        let before = self.send(Request::get(&path), Vec::new()).await?;
        let query = if self.args.force_conflicts { "&force=true" } else { "" };
        let patch = Request::patch(format!("{path}?fieldManager={MANAGER}&fieldValidation=Strict{query}"));
        let patch = patch.header("Content-Type", "application/apply-patch+yaml");
        let after = self.send(patch, document.json.clone()).await?;
        self.say_warnings(&after.headers, document);
        if !(200..300).contains(&after.code) {
            return Ok(Err(Refused { place: place(&after.body, document), message: refusal(&after) }));
        }
        let result = match after.code {
            201 => "created",
            _ if content(before.body) == content(after.body) => "unchanged",
            _ => "configured",
        };
        Ok(Ok(self.done(document, namespace, result)))
    }

    fn done(&self, document: &Document, namespace: String, result: &str) -> Applied {
        let (kind, name) = (document.kind().to_owned(), document.name().to_owned());
        let event = json!({"event": "applied", "kind": kind, "namespace": namespace, "name": name, "result": result});
        self.teller.event(event, Some(&format!("{}/{name} {result}", kind.to_lowercase())));
        Applied { api_version: document.api_version().to_owned(), kind, namespace, name }
    }

    fn namespace(&self, document: &Document, home: &Home) -> Result<String, String> {
        match (home.is_namespaced, document.namespace(), self.args.namespace.as_deref()) {
            (false, _, _) => Ok(String::new()),
            (true, "", asked) => Ok(asked.unwrap_or(DEFAULT_NAMESPACE).to_owned()),
            (true, own, Some(asked)) if own != asked => Err(format!("its namespace is {own}, and -n asks for {asked}")),
            (true, own, _) => Ok(own.to_owned()),
        }
    }

    async fn send(&self, request: http::request::Builder, body: Vec<u8>) -> anyhow::Result<Answer> {
        let request = request.header("Accept", "application/json").body(body).context("build a request")?;
        let answer = self.client.send(request.map(Into::into)).await.context("ask the server")?;
        let (code, headers) = (answer.status().as_u16(), answer.headers().clone());
        let body = answer.into_body().collect().await.context("read the server's answer")?.to_bytes();
        Ok(Answer { code, headers, body: serde_json::from_slice(&body).unwrap_or_default() })
    }

    fn say_warnings(&mut self, headers: &HeaderMap, document: &Document) {
        for text in headers.get_all(http::header::WARNING).iter().filter_map(warning_text) {
            if self.warned.insert(text.clone()) {
                let event = json!({"event": "warning", "kind": document.kind(), "name": document.name(), "message": text});
                self.teller.event(event, Some(&format!("{} {text}", self.teller.paint.yellow("Warning:"))));
            }
        }
    }
}

/// An object but for what the server writes down about its writers.
fn content(mut object: Value) -> Value {
    for field in ["managedFields", "resourceVersion"] {
        object["metadata"].drop(field);
    }
    object
}

/// Where an object is; the namespace is empty outside of namespaces.
fn path(document: &Document, home: &Home, namespace: &str) -> String {
    format!("{}/{}", paths::collection(document.api_version(), &home.plural, namespace), paths::segment(document.name()))
}

/// The line of the first field that the server finds fault with.
fn place(status: &Value, document: &Document) -> String {
    let field = status["details"].items("causes").first().map(|cause| cause.str("field").trim_start_matches('.')).unwrap_or_default();
    let line = if field.is_empty() { document.line() } else { document.line_of(field) };
    format!("{}:{line}", document.file)
}

/// Why the server does not take it.
fn refusal(answer: &Answer) -> String {
    let message = match answer.body.str("message") {
        "" => format!("the server answered with {}", answer.code),
        message => message.to_owned(),
    };
    let is_conflict = answer.body["details"].items("causes").iter().any(|cause| cause.str("reason") == "FieldManagerConflict");
    if is_conflict { format!("{message} (--force-conflicts takes the fields over)") } else { message }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_wrote_an_object_is_no_change_of_it() {
        let object = |version: &str, data: &str| json!({"metadata": {"name": "a", "resourceVersion": version, "managedFields": [version]}, "data": data});
        assert_eq!(content(object("1", "x")), content(object("2", "x")));
        assert_ne!(content(object("1", "x")), content(object("1", "y")));
    }

    #[test]
    fn a_conflict_says_how_it_is_resolved() {
        let answer = |body: Value| Answer { code: 409, headers: HeaderMap::new(), body };
        let conflict = json!({"message": "Apply failed", "details": {"causes": [{"reason": "FieldManagerConflict"}]}});
        assert!(refusal(&answer(conflict)).starts_with("Apply failed (--force-conflicts"));
        assert_eq!(refusal(&answer(json!({"message": "no"}))), "no");
        assert_eq!(refusal(&answer(json!(null))), "the server answered with 409");
    }
}
