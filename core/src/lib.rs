//! One watchable key-value API over an embedded store and a NATS JetStream cluster.
//!
//! The traits in [`kv`] are the contract, [`Connection`] and [`KvStore`] the way to it, and
//! [`handle`] the same wrapped as plain objects, which the other languages are given.
//!
//! The features `file` and `nats`, both on by default, are the backends of their names. Without them
//! the crate is `memory:`, has no C code and no network, and builds for `wasm32-unknown-unknown`.

// Without one of them, some of what backends share is unused.
#![cfg_attr(not(all(feature = "file", feature = "nats")), allow(dead_code))]

pub mod backend;
pub mod cork;
pub mod embedded;
pub mod handle;
mod info;
pub mod kv;
pub mod lifecycle;
mod lock;
#[cfg(feature = "nats")]
pub mod nats;
mod platform;
mod store;

pub use backend::Backend;
pub use embedded::EmbeddedConnection;
pub use info::{StoreInfo, StoreLimits};
pub use kv::key;
pub use kv::{
    KvEntry, KvError, KvPurge, KvReader, KvTtl, KvUpdate, KvWatcher, KvWriter, VersionToken,
    WatchCursor,
};
#[cfg(feature = "nats")]
pub use nats::{NatsConnection, NatsConnectionBuilder, NatsConnectionConfig, NatsOptions};
pub use store::{
    Connection, ConnectionCapabilities, DiscardPolicy, IfMissing, KvStore, StorageType, StoreConfig,
};

use backend::Registry;
use std::sync::{Arc, LazyLock};

/// The backends that come with the crate, and those that the program registered.
static BACKENDS: LazyLock<Registry> = LazyLock::new(|| {
    Registry::new(vec![
        Arc::new(embedded::MemoryBackend),
        #[cfg(feature = "file")]
        Arc::new(embedded::FileBackend),
        #[cfg(feature = "nats")]
        Arc::new(nats::NatsBackend),
    ])
});

/// Lets [`handle::connect`] open the URLs of one more backend. `InvalidArgument` if one of its
/// schemes has a backend already.
///
/// ```
/// use slipstream::backend::ConnectOptions;
/// use slipstream::handle::connect;
/// use slipstream::{Backend, Connection, EmbeddedConnection, KvError};
/// use std::sync::Arc;
///
/// struct Scratch;
///
/// impl Backend for Scratch {
///     fn schemes(&self) -> &[&'static str] {
///         &["scratch"]
///     }
///
///     fn urls(&self) -> &str {
///         "scratch:"
///     }
///
///     fn title(&self) -> &str {
///         "scratch memory"
///     }
///
///     fn open(&self, _: &str, _: &ConnectOptions) -> Result<Arc<dyn Connection>, KvError> {
///         Ok(Arc::new(EmbeddedConnection::memory()))
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), slipstream::handle::Failure> {
/// slipstream::register_backend(Scratch).expect("no other backend has the scheme");
/// let session = connect("scratch:", ConnectOptions::default()).await?;
/// assert!(session.is_healthy());
/// # Ok(()) }
/// ```
pub fn register_backend(backend: impl Backend + 'static) -> Result<(), KvError> {
    BACKENDS.add(Arc::new(backend))
}

#[cfg(test)]
mod tests {
    use super::*;
    use backend::ConnectOptions;

    #[cfg(all(feature = "file", feature = "nats"))]
    #[test]
    fn l4_a_url_of_any_backend_is_shown_without_its_login() {
        for (url, expected) in [
            ("memory:", "memory:"),
            ("file:/data/a@b.db", "file:/data/a@b.db"),
            ("file:///data/a@b.db", "file:///data/a@b.db"),
            ("nats://u:p@a,b:1", "nats://u:***@a:4222,nats://b:1"),
            ("tls://t@a", "tls://***@a:4222"),
            ("nats://u:p@a:x", "(not a valid url)"),
            ("redis://u:p@host/1", "redis://***@host/1"),
            ("redis://host", "redis://host"),
        ] {
            assert_eq!(BACKENDS.shown(url), expected);
        }
    }

    #[test]
    fn l4_an_unknown_url_is_refused_by_its_scheme_alone() {
        for (url, expected) in
            [("redis://u:secret@host", "\"redis\""), ("secret@host:1", "\"\""), ("secret", "\"\"")]
        {
            let refused = BACKENDS.open(url, &ConnectOptions::default());
            let Err(KvError::InvalidArgument(text)) = refused else {
                panic!("{url} was taken");
            };
            assert!(text.contains(expected) && !text.contains("secret"), "{text}");
        }
    }
}
