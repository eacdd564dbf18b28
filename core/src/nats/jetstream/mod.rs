//! Speaks with JetStream: its API, the messages of a stream, buckets and consumers.
//!
//! `open_connection.rs` is what stores and watches ask through; `api_client.rs` asks the API, in the
//! words of `api.rs`. `message.rs` reads what was stored, `bucket.rs` is a store's stream, and
//! `consumer.rs` delivers from it, as far as `reception.rs` understands what comes. This room imports
//! `transport`.

pub(super) mod api;
pub(super) mod api_client;
pub(super) mod bucket;
pub(super) mod consumer;
pub(super) mod consumers;
pub(super) mod end;
pub(super) mod filter;
mod format;
pub(super) mod known;
pub(super) mod message;
pub(super) mod open_connection;
pub(super) mod pull_requests;
pub(super) mod reception;
