//! Documents about the program itself, below `/debug/`, for those who may do everything. Whoever has something to say registers a page;
//! nothing here knows what is in it. Input: path, method and query. Output: JSON.

use crate::query::Query;
use crate::{Body, answer, negotiation::Form};
use futures::future::BoxFuture;
use http::Response;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use stead_api::{Status, Value};

/// Answers the query of a request with a document, or with the Status that refuses it.
pub type DebugPage = Arc<dyn Fn(Vec<(String, String)>) -> BoxFuture<'static, Result<Value, Status>> + Send + Sync>;

/// The pages by their paths below `/debug/`.
#[derive(Default)]
pub(crate) struct DebugPages(Mutex<BTreeMap<String, DebugPage>>);

impl std::fmt::Debug for DebugPages {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.pages().keys()).finish()
    }
}

impl DebugPages {
    pub(crate) fn register(&self, path: &str, page: DebugPage) {
        self.pages().insert(path.to_owned(), page);
    }

    pub(crate) async fn answer(&self, method: &str, path: &str, query: Query) -> Response<Body> {
        let Some(page) = self.pages().get(path).cloned() else { return answer::text(404, "404 page not found\n") };
        if method != "GET" {
            return answer::failure(&answer::no_method());
        }
        match page(query).await {
            Ok(document) => answer::written(200, &document, Form::JSON.media),
            Err(status) => answer::failure(&status),
        }
    }

    fn pages(&self) -> MutexGuard<'_, BTreeMap<String, DebugPage>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
