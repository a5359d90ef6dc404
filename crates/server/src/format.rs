//! In what form one request wants its answer. Made at the edge, handed to whatever writes objects.

use crate::negotiation::Form;
use crate::table::Include;
use stead_api::time::Timestamp;

#[derive(Debug, Clone, Copy)]
pub(crate) struct ResponseFormat {
    pub form: Form,
    pub include: Include,
    /// Ages count up to here.
    pub now: Timestamp,
}

impl ResponseFormat {
    /// The same at another time: what is sent later shows the ages of that moment.
    pub(crate) fn at(self, now: Timestamp) -> Self {
        Self { now, ..self }
    }
}
