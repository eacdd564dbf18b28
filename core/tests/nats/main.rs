//! What only a connection to a real nats-server shows, and only Rust can look at.

#[path = "../conformance/place.rs"]
mod place;
mod raw;
mod tap;

mod closed_watch;
mod closing;
mod connecting;
mod cursors;
mod durations;
mod formats;
mod gathering;
mod lane;
mod late;
mod listing;
mod logged;
mod lost_server;
mod overrun;
mod poison;
mod renewal;
mod secrets;
mod single_keys;
