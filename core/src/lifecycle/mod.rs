//! The life of what is opened and of what is asked: open, closed, inherited by a forked child; late.
//!
//! `lease.rs` is the way to a thing that may be closed or inherited: it hands the thing out, or says
//! why it cannot. `fork.rs` knows which process this is, and has forks wait for what must not be
//! copied half-way. `deadline.rs` ends what takes too long, and `timed.rs` is a store whose operations
//! have deadlines. This room knows no backend; it imports `kv`, `store` and `lock`.

pub(crate) mod deadline;
pub mod fork;
pub mod lease;
pub(crate) mod timed;
