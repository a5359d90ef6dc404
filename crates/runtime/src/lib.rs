//! OCI containers on this machine: images, sandboxes (one shim each), containers. Knows no Kubernetes words.
