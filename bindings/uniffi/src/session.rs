//! An open connection, and `connect`, which opens one.

use crate::capabilities::ConnectionCapabilities;
use crate::failure::KvError;
use crate::options::{ConnectOptions, StoreOptions};
use crate::store::Store;
use slipstream::handle;
use slipstream_bridge::{Counted, Kind, drive};
use std::sync::Arc;

/// An open connection: a way to stores. `connect` opens one.
#[derive(uniffi::Object)]
pub struct Session {
    handle: Counted<handle::Session>,
}

/// Connects to the store behind a URL.
///
/// `memory:` is private to this connection, `memory:NAME` shared within the process while a
/// connection to it is open, `file:PATH` shared by every process that opens the file.
/// `nats://HOST:PORT` is a NATS cluster, over TLS with `tls://`, over websockets with `ws://` and
/// `wss://`. `USER:PASSWORD@` or `TOKEN@` may stand before the host, percent-encoded, and further
/// servers after commas.
///
/// Fails with `InvalidArgument`, and with `ConnectionFailed`, `PermissionDenied` or `Timeout`
/// within the time for connecting (rule L4).
#[uniffi::export]
pub async fn connect(url: String, options: ConnectOptions) -> Result<Arc<Session>, KvError> {
    let handle = drive(async move { handle::connect(&url, options.into()).await }).await?;
    Ok(Arc::new(Session { handle: Counted::new(Kind::Session, handle) }))
}

#[uniffi::export]
impl Session {
    /// Opens the store of this name, creating it if it is missing (rule L2).
    ///
    /// `name` is 1 to 64 of `A-Z a-z 0-9 - _` (K3). What is left out of `options` is unlimited,
    /// and one for history and replicas. An existing store is opened as it is.
    ///
    /// Fails with `InvalidArgument` before anything is created, `StoreNotFound`, `NotConnected`,
    /// `Timeout`.
    pub async fn store(&self, name: String, options: StoreOptions) -> Result<Arc<Store>, KvError> {
        let (session, config) = ((*self.handle).clone(), options.config(&name)?);
        let store = drive(async move { session.store(config).await }).await?;
        Ok(Arc::new(Store::new(store)))
    }

    /// The names of the stores that there are, sorted (rule R7).
    ///
    /// Fails with `NotConnected`, `Timeout`.
    pub async fn stores(&self) -> Result<Vec<String>, KvError> {
        let session = (*self.handle).clone();
        Ok(drive(async move { session.stores().await }).await?)
    }

    /// Deletes the store of this name with all that is in it (rule R7).
    ///
    /// Its open watches end in `WatchError`, calls of its handles in `StoreNotFound`, and its
    /// cursors in `CursorExpired`, also once a store of this name is made anew: open that one to
    /// use it.
    ///
    /// Fails with `StoreNotFound` if there is none, `InvalidArgument`, `NotConnected`,
    /// `PermissionDenied`, `Timeout`.
    pub async fn delete_store(&self, name: String) -> Result<(), KvError> {
        let session = (*self.handle).clone();
        Ok(drive(async move { session.delete_store(&name).await }).await?)
    }

    /// Closes the connection: open watches end and every handle of it answers `NotConnected`
    /// (rule L5). Twice is fine.
    pub async fn shutdown(&self) -> Result<(), KvError> {
        let session = (*self.handle).clone();
        Ok(drive(async move { session.close().await }).await?)
    }

    /// Whether the connection works right now (rule L1).
    pub fn is_healthy(&self) -> bool {
        self.handle.is_healthy()
    }

    /// What stores on this connection can do.
    pub fn capabilities(&self) -> ConnectionCapabilities {
        self.handle.capabilities().into()
    }

    /// Where this connection leads, without a password or token.
    pub fn url(&self) -> String {
        self.handle.url().to_owned()
    }
}
