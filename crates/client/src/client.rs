//! Makes calls over a `kube::Client`. One attempt each, within a time limit; whoever calls decides what a failure means.

use crate::call::{Call, DeleteOptions, Key, Patch};
use crate::wire::{self, Answer};
use crate::{Failure, Resource, Scope};
use bytes::Bytes;
use http_body_util::BodyExt;
use kube::client::Body;
use std::sync::Arc;
use std::time::Duration;
use stead_api::Value;
use tokio::time::timeout;

/// A call without an answer for so long has failed.
const CALL_TIMEOUT: Duration = Duration::from_secs(60);
/// Pages of one list; 500 objects each.
const PAGES_MAX: usize = 20_000;

/// A client of the API server.
#[derive(Clone)]
pub struct Client {
    kube: kube::Client,
    /// User-Agent, and so the field manager of what it writes.
    agent: Arc<str>,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("agent", &self.agent).finish_non_exhaustive()
    }
}

impl Client {
    /// `agent` becomes the field manager of what it writes.
    pub fn new(kube: kube::Client, agent: &str) -> Self {
        Self { kube, agent: agent.into() }
    }

    /// Makes one call. An answer that is not what the call asks for is [`Failure::NoAnswer`].
    pub async fn call(&self, call: &Call) -> Result<Value, Failure> {
        self.send(call, Answer::to(call)).await
    }

    /// As [`call`](Self::call); of an object only its type and metadata are read.
    pub async fn carry_out(&self, call: &Call) -> Result<Value, Failure> {
        self.send(call, Answer::metadata_to(call)).await
    }

    pub async fn get(&self, resource: Resource, key: &Key) -> Result<Value, Failure> {
        self.call(&Call::Get { resource, key: key.clone() }).await
    }

    /// An object that may be missing.
    pub async fn find(&self, resource: Resource, key: &Key) -> Result<Option<Value>, Failure> {
        match self.get(resource, key).await {
            Ok(object) => Ok(Some(object)),
            Err(failure) if failure.is_not_found() => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// Every object of a scope.
    pub async fn list_in(&self, scope: &Scope) -> Result<Vec<Value>, Failure> {
        let (objects, _) = self.pages(scope.resource, |token| wire::list_path(scope, token), Some).await?;
        Ok(objects)
    }

    /// Every object of a namespace; an empty one stands for all.
    pub async fn list(&self, resource: Resource, namespace: &str) -> Result<Vec<Value>, Failure> {
        let (objects, _) = self.pages(resource, |token| wire::namespace_list_path(resource, namespace, token), Some).await?;
        Ok(objects)
    }

    pub async fn create(&self, resource: Resource, namespace: &str, body: Value) -> Result<Value, Failure> {
        self.call(&Call::create(resource, namespace, body)).await
    }

    /// An empty `subresource` is the object itself.
    pub async fn patch(&self, resource: Resource, key: &Key, subresource: &'static str, patch: Patch) -> Result<Value, Failure> {
        self.call(&Call::Patch { resource, key: key.clone(), subresource, patch }).await
    }

    pub async fn delete(&self, resource: Resource, key: &Key, options: DeleteOptions) -> Result<Value, Failure> {
        self.call(&Call::Delete { resource, key: key.clone(), options }).await
    }

    /// GETs a path that is no object's; the answer must have a kind.
    pub(crate) async fn read(&self, path: &str) -> Result<Value, Failure> {
        let (code, body) = in_time(self.exchange(self.get_request(path)?)).await?;
        wire::outcome(&Answer::Any, code, &body)
    }

    /// Reads a list page by page, each object through `parse`; its resourceVersion comes with it.
    pub(crate) async fn pages<T>(
        &self,
        resource: Resource,
        path: impl Fn(&str) -> String,
        parse: impl Fn(Value) -> Option<T>,
    ) -> Result<(Vec<T>, u64), Failure> {
        let mut objects = Vec::new();
        let mut token = String::new();
        for _ in 0..PAGES_MAX {
            let (code, body) = in_time(self.exchange(self.get_request(&path(&token))?)).await?;
            let page = wire::page(resource, wire::outcome(&Answer::List(resource), code, &body)?, &parse)?;
            objects.extend(page.objects);
            token = page.continue_token;
            if token.is_empty() {
                return Ok((objects, page.version));
            }
        }
        Err(Failure::NoAnswer(format!("a list of {} does not end", resource.plural)))
    }

    /// Begins to read the answer to a GET; an answer other than 200 is a failure.
    pub(crate) async fn open(&self, path: &str) -> Result<Body, Failure> {
        let answer = self.kube.send(self.get_request(path)?.map(Into::into)).await.map_err(Failure::no_answer)?;
        let code = answer.status().as_u16();
        if code == 200 {
            return Ok(answer.into_body());
        }
        let body = answer.into_body().collect().await.map_err(Failure::no_answer)?.to_bytes();
        Err(wire::outcome(&Answer::Any, code, &body)
            .err()
            .unwrap_or_else(|| Failure::NoAnswer(format!("a watch was answered with {code}"))))
    }

    async fn send(&self, call: &Call, wanted: Answer) -> Result<Value, Failure> {
        let request = wire::request(call, &self.agent).map_err(Failure::no_answer)?;
        let (code, body) = in_time(self.exchange(request)).await?;
        wire::outcome(&wanted, code, &body)
    }

    fn get_request(&self, path: &str) -> Result<wire::Request, Failure> {
        let request = http::Request::get(path).header("Accept", "application/json").header("User-Agent", &*self.agent);
        request.body(Vec::new()).map_err(Failure::no_answer)
    }

    async fn exchange(&self, request: wire::Request) -> Result<(u16, Bytes), Failure> {
        let answer = self.kube.send(request.map(Into::into)).await.map_err(Failure::no_answer)?;
        let code = answer.status().as_u16();
        let body = answer.into_body().collect().await.map_err(Failure::no_answer)?;
        Ok((code, body.to_bytes()))
    }
}

async fn in_time<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let late = || Failure::NoAnswer(format!("nothing within {} s", CALL_TIMEOUT.as_secs()));
    timeout(CALL_TIMEOUT, work).await.unwrap_or_else(|_| Err(late()))
}
