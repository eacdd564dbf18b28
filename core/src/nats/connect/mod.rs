//! Makes a connection to a cluster: from an address, options and credentials to a client or a socket.
//!
//! `config.rs` holds what a caller chose, `address.rs` reads URLs, `credentials.rs`, `tls.rs` and
//! `trust.rs` say who we are and whom we believe. `client.rs` makes the client of async-nats,
//! `dial.rs` a connection of our own. This room knows servers and keys of users, no stream; it
//! imports `wire`.

pub(super) mod address;
pub(super) mod client;
pub(super) mod config;
pub(super) mod credentials;
pub(super) mod dial;
pub(super) mod file;
pub(super) mod tls;
pub(super) mod trust;
pub(super) mod websocket;
