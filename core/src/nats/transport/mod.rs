//! Carries requests and deliveries between this process and the cluster.
//!
//! The other rooms ask the `Router`, which sends each request over the client of async-nats
//! (`client/`) or over a connection of our own (`lane/`). Both are a `Transport`, and `mux.rs` matches
//! answers to requests for both, with the table of `pending.rs`. `status.rs` says where the connection
//! stands. This room knows frames and subjects, not buckets and keys, and imports `connect` and
//! `wire`.

mod answer_limit;
pub(super) mod answers;
pub(super) mod client;
pub(super) mod headers;
pub(super) mod lane;
pub(super) mod mux;
pub(super) mod pending;
pub(super) mod response;
pub(super) mod router;
pub(super) mod status;
pub(super) mod ticket;
pub(super) mod unanswered;
pub(super) mod writes_under_way;
