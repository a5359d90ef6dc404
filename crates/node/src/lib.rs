//! The node agent: makes the pods bound to this node real, and says so. An API client.
