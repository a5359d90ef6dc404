//! Attempts over caches.
