//! Carries requests and deliveries between this process and the cluster.
//!
//! `request.rs` sends over async-nats, `lane.rs` over a connection of our own; `pending.rs` matches
//! answers to requests for both. This room knows frames and subjects, not buckets and keys, and
//! imports `connect`.

pub(super) mod current;
pub(super) mod events;
pub(super) mod headers;
pub(super) mod inbox;
pub(super) mod lane;
pub(super) mod link;
pub(super) mod outgoing;
pub(super) mod pending;
pub(super) mod request;
pub(super) mod response;
pub(super) mod subscription;
pub(super) mod wire;
pub(super) mod writes_under_way;
