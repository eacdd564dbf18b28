//! Watches a bucket: the first state, then every change, whatever happens to the cluster meanwhile.
//!
//! `source.rs` is the watch. It feeds `machine.rs`, which decides and does nothing: what happens is in
//! `event.rs`, the phases are in `phase.rs`, `attached.rs`, `gaps.rs` and `retry.rs`. `opening.rs`
//! makes a consumer, `leader.rs` asks who knows, and `reader.rs` reads: a consumer, or by `walk.rs`
//! and `doorbell.rs` where there is no lane. `model/` runs the machine in virtual time. This room
//! imports `jetstream` and `transport`.

mod attached;
mod doorbell;
mod event;
mod gaps;
mod leader;
mod machine;
#[cfg(test)]
mod model;
mod opening;
mod phase;
mod reader;
mod retry;
pub(super) mod source;
mod stop;
mod walk;
