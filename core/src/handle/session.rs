//! A session: an open connection, as every language is given it.

use super::failure::Failure;
use super::store::Store;
use crate::BACKENDS;
use crate::backend::ConnectOptions;
use crate::kv::KvError;
use crate::kv::key::check_name;
use crate::lifecycle::deadline::Deadlines;
use crate::lifecycle::lease::Own;
use crate::store::{Connection, ConnectionCapabilities, StoreConfig};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;

/// An open connection.
#[derive(Clone)]
pub struct Session {
    connection: Own<Arc<dyn Connection>>,
    timeout: Duration,
    url: Arc<str>,
}

/// Connects to the store behind a URL: `memory:` (private), `memory:NAME` (shared in the process),
/// `file:PATH` (shared by every process that opens it), or a NATS cluster: `nats://HOST`,
/// `tls://HOST`, `ws://HOST` or `wss://HOST`, with `USER:PASSWORD@` or `TOKEN@` before the host,
/// `:PORT` behind it, and further servers after commas. A program may add URLs of other schemes with
/// [`register_backend`](crate::register_backend).
pub async fn connect(url: &str, options: ConnectOptions) -> Result<Session, Failure> {
    let connection = options
        .check()
        .and_then(|()| BACKENDS.open(url, &options))
        .map_err(|error| Failure::new(error, "connect"))?;
    open(&*connection, &options).await.map_err(|error| Failure::new(error, "connect"))?;
    Ok(Session::new(connection, url, options))
}

/// How long it takes until a server that was not there is tried again: it grows up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Opens a connection. A server that is not up yet is tried again as long as it is waited for; the
/// error is the one that told most, which is not that the last attempt had no time.
async fn open(connection: &dyn Connection, options: &ConnectOptions) -> Result<(), KvError> {
    let attempts = Deadlines::new(options.connect_timeout);
    let waits = options.wait.filter(|_| connection.leads_to_server());
    let Some(wait) = waits else { return attempts.keep(connection.connect()).await };
    let mut why = KvError::Timeout;
    let all = Deadlines::new(wait.max(options.connect_timeout));
    let tried = all.keep(async {
        let mut pause = FIRST_PAUSE;
        loop {
            match attempts.keep(connection.connect()).await {
                Err(error @ KvError::ConnectionFailed(_)) => why = error,
                Err(KvError::Timeout) => {}
                done => return done,
            }
            sleep(pause).await;
            pause = LONGEST_PAUSE.min(pause * 2);
        }
    });
    match tried.await {
        Err(KvError::Timeout) => Err(why),
        done => done,
    }
}

impl Session {
    /// Wraps a connection that is already open, of any backend. `url` is for people to read.
    pub fn new(connection: Arc<dyn Connection>, url: &str, options: ConnectOptions) -> Self {
        let url = BACKENDS.shown(url).into();
        Self { connection: Own::new(connection), timeout: options.timeout, url }
    }

    /// Where this session is connected to, without a password or token (L4).
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The store of this configuration, created if missing (L2) unless the configuration says that it
    /// is to be refused then.
    pub async fn store(&self, config: StoreConfig) -> Result<Store, Failure> {
        let name = config.name.clone();
        let opened = self.timed(async {
            config.check()?;
            self.connection.get()?.store_with_config(config).await
        });
        match opened.await {
            Ok(store) => Ok(Store::new(store, self.timeout)),
            Err(error) => Err(self.failure(error, "store").in_store(&name)),
        }
    }

    /// The names of the stores that there are, sorted (R7).
    pub async fn stores(&self) -> Result<Vec<String>, Failure> {
        let listed = self.timed(async { self.connection.get()?.stores().await });
        listed.await.map_err(|error| self.failure(error, "stores"))
    }

    /// Deletes the store of this name with all that is in it (R7): its watches end in `WatchError`,
    /// calls of its handles in `StoreNotFound`, and its cursors have expired. `StoreNotFound` if
    /// there is none.
    pub async fn delete_store(&self, name: &str) -> Result<(), Failure> {
        let deleted = self.timed(async {
            check_name(name)?;
            self.connection.get()?.delete_store(name).await
        });
        deleted.await.map_err(|error| self.failure(error, "delete_store").in_store(name).of_write())
    }

    async fn timed<T>(
        &self,
        operation: impl Future<Output = Result<T, KvError>>,
    ) -> Result<T, KvError> {
        match self.is_timed() {
            true => operation.await,
            false => Deadlines::new(self.timeout).keep(operation).await,
        }
    }

    fn failure(&self, error: KvError, operation: &'static str) -> Failure {
        Failure::new(error, operation).made_in(self.connection.owner())
    }

    /// True if the connection ends its operations by itself, soon enough.
    fn is_timed(&self) -> bool {
        let limit = self.connection.get().ok().and_then(|connection| connection.time_limit());
        limit.is_some_and(|limit| limit <= self.timeout)
    }

    /// Ends open watches and makes every handle of this session answer `NotConnected` (L5).
    /// Twice is fine.
    pub async fn close(&self) -> Result<(), Failure> {
        // What a child inherited belongs to its parent, so there is nothing to close.
        let Ok(connection) = self.connection.get() else { return Ok(()) };
        connection.shutdown().await.map_err(|error| Failure::new(error, "close"))
    }

    /// Whether the connection works right now.
    pub fn is_healthy(&self) -> bool {
        self.connection.get().is_ok_and(|connection| connection.is_healthy())
    }

    /// What stores on this connection can do: nothing in a forked child.
    pub fn capabilities(&self) -> ConnectionCapabilities {
        self.connection.get().map(|connection| connection.capabilities()).unwrap_or_default()
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("url", &self.url).finish_non_exhaustive()
    }
}
