//! The protocol of NATS clients, as far as requests need it.
//!
//! `frame.rs` tells apart what a server sends, `message.rs` is one message of it, and `write.rs` writes
//! what a client sends. Nothing here reads or writes a socket. This room imports no other.

pub(super) mod frame;
pub(super) mod message;
pub(super) mod write;

/// The end of every line.
const LINE_END: &[u8] = b"\r\n";
