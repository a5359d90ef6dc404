//! The way to the nodes. Every node offers its kubelet API (logs, exec, attach, port-forward) as a tower service: one in this
//! process registers it, one elsewhere is reached by a service that speaks TLS. Input: a node's name and a request as a kubelet takes
//! it. Output: the node's response. Request extensions go along, so that the node can upgrade the client's connection itself.

use crate::subresources::proxy::Unreached;
use crate::{Body, answer};
use http::{Request, Response};
use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use stead_api::Status;
use tower::util::BoxCloneSyncService;
use tower::{ServiceExt, service_fn};

/// A node's kubelet API. An upgraded connection is in the request's extensions, as hyper puts it there.
pub type NodeService = BoxCloneSyncService<Request<Body>, Response<Body>, Infallible>;

/// The nodes that can be reached.
#[derive(Clone, Default)]
pub(crate) struct Gateway {
    nodes: Arc<Mutex<HashMap<String, NodeService>>>,
    /// What connects to pods.
    outbound: Arc<Mutex<Option<NodeService>>>,
}

impl std::fmt::Debug for Gateway {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.nodes().keys()).finish()
    }
}

impl Gateway {
    /// Sends what belongs to that node to `service` from now on.
    pub(crate) fn register(&self, node: &str, service: NodeService) {
        self.nodes().insert(node.to_owned(), service);
    }

    pub(crate) fn forget(&self, node: &str) {
        self.nodes().remove(node);
    }

    /// The node's response; of a node that nobody registered, that it is not served.
    pub(crate) async fn send(&self, node: &str, request: Request<Body>) -> Response<Body> {
        let service = self.nodes().get(node).cloned();
        let Ok(response) = service.unwrap_or_else(unserved).oneshot(request).await;
        response
    }

    /// Sends requests for pods' own programs to `service` from now on.
    pub(crate) fn set_outbound(&self, service: NodeService) {
        *self.outbound.lock().unwrap_or_else(PoisonError::into_inner) = Some(service);
    }

    /// The response of whoever listens at the request's absolute URI.
    pub(crate) async fn send_out(&self, request: Request<Body>) -> Response<Body> {
        let service = self.outbound.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(service) = service else {
            let mut response = answer::text(503, "");
            response.extensions_mut().insert(Unreached("no network leads to pods".to_owned()));
            return response;
        };
        let Ok(response) = service.oneshot(request).await;
        response
    }

    fn nodes(&self) -> MutexGuard<'_, HashMap<String, NodeService>> {
        self.nodes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A kubelet API that serves nothing, and says so.
pub fn unserved() -> NodeService {
    BoxCloneSyncService::new(service_fn(|request: Request<Body>| async move {
        let what = match request.uri().path().split('/').nth(1) {
            Some("containerLogs") => "pods/log",
            Some("exec") => "pods/exec",
            Some("attach") => "pods/attach",
            Some("portForward") => "pods/portforward",
            _ => "this path of a node",
        };
        Ok(answer::failure(&Status::new(501, "NotImplemented", format!("{what} is not served by this version"))))
    }))
}
