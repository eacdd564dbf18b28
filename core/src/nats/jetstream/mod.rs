//! Speaks with JetStream: its API, the messages of a stream, buckets and consumers.
//!
//! `api.rs` has the requests as the server spells them, `message.rs` reads what was stored, `bucket.rs`
//! is a store's stream, `consumer.rs` delivers from it. This room imports `transport`.

pub(super) mod api;
pub(super) mod broad_prefixes;
pub(super) mod bucket;
pub(super) mod consumer;
pub(super) mod filter;
pub(super) mod message;
pub(super) mod pull_requests;
pub(super) mod unpurged_versions;
