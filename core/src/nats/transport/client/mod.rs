//! Carries requests over the client of async-nats, which also decides whether there is a
//! connection.
//!
//! `carrier.rs` sends, `replies.rs` hands out the answers. `current.rs` is the client in use and
//! `renewal.rs` makes the next one where that has ended; `events.rs` passes on the events of a
//! client.

pub(in crate::nats) mod carrier;
pub(in crate::nats) mod current;
pub(in crate::nats) mod events;
pub(in crate::nats) mod renewal;
pub(in crate::nats) mod replies;
