//! The contract on a NATS JetStream cluster.
//!
//! `async-nats` keeps the connection. What goes over it, and over the lane beside it, is ours:
//! requests share one inbox, reads of a key are one request, and a watch reads a consumer that is
//! made anew from the last version handed out, whatever happens to it.

mod address;
mod api;
mod broad;
mod bucket;
mod client;
mod config;
mod connect;
mod connection;
mod consumer;
mod credentials;
mod dial;
mod doorbell;
mod events;
mod file;
mod filter;
mod flow;
mod gaps;
mod gather;
mod headers;
mod inbox;
mod lane;
mod link;
mod message;
mod outgoing;
mod read;
mod reader;
mod request;
mod response;
mod resume;
mod seen;
mod store;
mod subscription;
mod system_trust;
mod table;
mod tls;
mod walk;
mod watch;
mod websocket;
mod wire;
mod write;
mod writes;

pub use config::{NatsConnectionBuilder, NatsConnectionConfig, NatsOptions};
pub(crate) use config::{Settings, shown_url};
pub use connection::NatsConnection;
