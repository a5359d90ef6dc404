//! The real server core, called without a runtime: with its store in the caller a request is answered when it is polled.

use bytes::{Bytes, BytesMut};
use futures::task::noop_waker_ref;
use http_body_util::{BodyExt, Full};
use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use stead_api::{Status, Value};
use stead_client::wire::{self, Answer};
use stead_client::{Call, Failure};
use stead_server::{Body, Config, Identity, Server};
use stead_store::Store;
use tower::Service;

/// How often an answer that is not there yet is asked for.
const POLLS_MAX: usize = 1000;

/// A client of the simulated world's server.
#[derive(Debug)]
pub struct Api {
    server: Server,
    config: Config,
}

impl Api {
    pub fn new(config: Config) -> Result<Self, Status> {
        Ok(Self { server: complete(Server::new(config.clone()))?, config })
    }

    pub fn store(&self) -> &Store {
        &self.config.store
    }

    /// Another server on what is left of the store, as after a crash.
    pub fn restart(&mut self, store: Store) -> Result<(), Status> {
        self.config.store = store;
        self.server = complete(Server::new(self.config.clone()))?;
        Ok(())
    }

    /// Makes a call as a component of the cluster, with no more rights than it has.
    pub fn call(&self, component: &str, call: &Call) -> Result<Value, Failure> {
        let request = wire::request(call, "stead-controller").map_err(|e| Failure::NoAnswer(e.to_string()))?;
        let (code, body) = self.send(request, Identity::component(component));
        wire::outcome(&Answer::to(call), code, &body)
    }

    /// Sends a request as the administrator.
    pub fn write(&self, method: &str, path: &str, content_type: &str, body: &Value) -> Result<Value, Failure> {
        self.write_as(administrator(), method, path, content_type, body)
    }

    /// Sends a request as somebody.
    pub fn write_as(&self, who: Identity, method: &str, path: &str, content_type: &str, body: &Value) -> Result<Value, Failure> {
        let request =
            http::Request::builder().method(method).uri(path).header("Content-Type", content_type).header("Accept", "application/json");
        let request = request.body(body.to_string().into_bytes()).map_err(|e| Failure::NoAnswer(e.to_string()))?;
        let (code, body) = self.send(request, who);
        wire::outcome(&Answer::Any, code, &body)
    }

    pub fn get(&self, path: &str) -> Result<Value, Failure> {
        let request = http::Request::get(path).header("Accept", "application/json");
        let request = request.body(Vec::new()).map_err(|e| Failure::NoAnswer(e.to_string()))?;
        let (code, body) = self.send(request, administrator());
        wire::outcome(&Answer::Any, code, &body)
    }

    /// Opens a watch.
    pub fn watch(&self, path: &str) -> Result<Watch, Failure> {
        let request = http::Request::get(path).header("Accept", "application/json");
        let request = request.body(Vec::new()).map_err(|e| Failure::NoAnswer(e.to_string()))?;
        let answer = self.answer(request, administrator());
        let code = answer.status().as_u16();
        if code != 200 {
            let body = complete(answer.into_body().collect()).map(http_body_util::Collected::to_bytes).unwrap_or_default();
            return Err(wire::outcome(&Answer::Any, code, &body).err().unwrap_or_else(|| Failure::NoAnswer(format!("a watch got {code}"))));
        }
        Ok(Watch { body: answer.into_body(), buffer: BytesMut::new(), ended: false })
    }

    fn send(&self, request: wire::Request, who: Identity) -> (u16, Bytes) {
        let answer = self.answer(request, who);
        let code = answer.status().as_u16();
        let body = complete(answer.into_body().collect()).map(http_body_util::Collected::to_bytes);
        (code, body.expect("the server core does not break off"))
    }

    fn answer(&self, request: wire::Request, who: Identity) -> http::Response<Body> {
        let mut request = request.map(|body| Full::new(Bytes::from(body)).map_err(|never| match never {}).boxed_unsync());
        request.extensions_mut().insert(who);
        let Ok(answer) = complete(self.server.service().call(request));
        answer
    }
}

fn administrator() -> Identity {
    Identity::master("admin")
}

/// An open watch.
#[derive(Debug)]
pub struct Watch {
    body: Body,
    buffer: BytesMut,
    pub ended: bool,
}

impl Watch {
    /// The lines that are there now.
    pub fn lines(&mut self) -> Vec<Bytes> {
        let mut context = Context::from_waker(noop_waker_ref());
        while let Poll::Ready(frame) = pin!(self.body.frame()).poll(&mut context) {
            match frame {
                Some(Ok(frame)) => self.buffer.extend_from_slice(&frame.into_data().unwrap_or_default()),
                Some(Err(_)) | None => {
                    self.ended = true;
                    break;
                }
            }
        }
        let mut lines = Vec::new();
        while let Some(end) = self.buffer.iter().position(|b| *b == b'\n') {
            lines.push(self.buffer.split_to(end + 1).freeze());
        }
        lines
    }
}

/// Polls a future that waits for nothing outside this thread.
fn complete<F: Future>(future: F) -> F::Output {
    let mut future: Pin<Box<F>> = Box::pin(future);
    let mut context = Context::from_waker(noop_waker_ref());
    for _ in 0..POLLS_MAX {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
    panic!("the server core waits for something that a simulation does not have");
}
