//! Reads keys of a bucket: one, several, or all with a prefix.
//!
//! `reader.rs` performs reads (`ReadStore`), `shared_reads.rs` asks for several waiting reads in one
//! request, and `last.rs` is what both are answered by. This room imports `watch`, `jetstream` and
//! `transport`.

pub(super) mod last;
pub(super) mod reader;
pub(super) mod shared_reads;
