//! Writes keys of a bucket: one message a write, with what it expects in its headers.
//!
//! `writer.rs` is `KvWriter`, `KvTtl` and `KvPurge`.

pub(super) mod writer;
