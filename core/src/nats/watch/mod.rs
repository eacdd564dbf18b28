//! Watches a bucket: the first state, then every change, whatever happens to the cluster meanwhile.
//!
//! `stream.rs` is the watch, `resume.rs` makes its reader anew, `gaps.rs` finds where something can be
//! missing. `reader.rs` reads a consumer, or by `walk.rs` and `doorbell.rs` where there is no lane.

pub(super) mod doorbell;
pub(super) mod gaps;
pub(super) mod reader;
pub(super) mod resume;
pub(super) mod stream;
pub(super) mod walk;
