//! Clients inside this process: `kube::Client`s over the API's service, with no socket and no TLS between.

use http::{Request, Response};
use std::convert::Infallible;
use std::task::{Context, Poll};
use stead_server::{Body, Identity, Service};

/// The API's service as one component of this process calls it.
#[derive(Debug, Clone)]
struct Component {
    service: Service,
    identity: Identity,
    user_agent: http::HeaderValue,
}

/// A client that acts as a user, with the rights that roles give it.
pub fn client(service: Service, user: &str, user_agent: &'static str) -> kube::Client {
    let identity = Identity::component(user);
    kube::Client::new(Component { service, identity, user_agent: http::HeaderValue::from_static(user_agent) }, "default")
}

impl tower::Service<Request<kube::client::Body>> for Component {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = <Service as tower::Service<Request<Body>>>::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.service.poll_ready(cx)
    }

    fn call(&mut self, request: Request<kube::client::Body>) -> Self::Future {
        let mut request = request.map(|body| Body::new(http_body_util::BodyExt::map_err(body, std::io::Error::other)));
        request.extensions_mut().insert(self.identity.clone());
        request.headers_mut().insert(http::header::USER_AGENT, self.user_agent.clone());
        self.service.call(request)
    }
}
