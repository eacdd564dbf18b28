//! The contract on a NATS JetStream cluster.
//!
//! `async-nats` keeps the connection. What goes over it, and over the lane beside it, is ours:
//! requests share one inbox, reads of a key are one request, and a watch reads a consumer that is
//! made anew from the last version handed out, whatever happens to it.
//!
//! A call goes from `store.rs` into `read`, `write` or `watch`, from there through `jetstream` to
//! `transport`, which `connect` has opened, and which speaks the protocol of `wire`. Each room imports
//! only those that are named after it, and `read` also `watch`.

mod backend;
mod builder;
mod connect;
mod connection;
mod info;
mod jetstream;
mod read;
mod store;
mod transport;
mod watch;
mod wire;
mod write;

pub(crate) use backend::NatsBackend;
pub use builder::NatsConnectionBuilder;
pub use connect::config::{NatsConnectionConfig, NatsOptions};
pub use connection::NatsConnection;
