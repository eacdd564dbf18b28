//! Reads keys of a bucket: one, several, or all with a prefix.
//!
//! `reader.rs` is `KvReader`, `shared_reads.rs` asks for several waiting reads in one request.

pub(super) mod reader;
pub(super) mod shared_reads;
