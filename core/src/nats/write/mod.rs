//! Writes keys of a bucket: one message a write, with what it expects in its headers.
//!
//! `writer.rs` performs one write (`WriteStore`), from which `KvWriter`, `KvTtl` and `KvPurge` follow.
//! This room imports `jetstream` and `transport`.

pub(super) mod writer;
