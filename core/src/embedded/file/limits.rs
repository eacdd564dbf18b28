//! The limits that LMDB is opened with here.

/// Address space reserved for the file; it takes no memory. A file cannot outgrow it.
pub(super) const MAP_SIZE: usize = 64 << 30;
/// The least that is tried where address space is limited.
pub(super) const MIN_MAP_SIZE: usize = 1 << 30;
/// Threads that may read at once, in all processes together: a slot of 64 bytes each.
pub(super) const MAX_READERS: u32 = 4096;
