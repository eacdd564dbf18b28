use super::deadline::Deadlines;
use super::failure::Failure;
use super::store::Store;
use super::url;
use crate::fork;
use crate::kv::{KvError, check_duration};
use crate::nats::NatsOptions;
use crate::store::{Connection, ConnectionCapabilities, StoreConfig};
use std::sync::Arc;
use std::time::Duration;

/// How a session connects and how long its operations may take. Times are above zero and at most
/// [`MAX_DURATION`](crate::kv::MAX_DURATION).
#[derive(Debug, Clone)]
pub struct ConnectOptions {
    /// How long one operation may take before it ends in `Timeout` (contract rule L3).
    pub timeout: Duration,
    /// How long connecting may take (L4).
    pub connect_timeout: Duration,
    /// How to speak to a NATS cluster; of no use, and so refused, with any other URL.
    pub nats: NatsOptions,
}

impl ConnectOptions {
    fn check(&self) -> Result<(), KvError> {
        check_duration("timeout", self.timeout)?;
        check_duration("connect_timeout", self.connect_timeout)
    }
}

impl Default for ConnectOptions {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(5),
            connect_timeout: Duration::from_secs(5),
            nats: NatsOptions::default(),
        }
    }
}

/// An open connection.
#[derive(Clone)]
pub struct Session {
    connection: Arc<dyn Connection>,
    timeout: Duration,
    url: Arc<str>,
    generation: u64,
}

/// Connects to the store behind a URL: `memory:` (private), `memory:NAME` (shared in the process),
/// `file:PATH` (shared by every process that opens it), or a NATS cluster: `nats://HOST`,
/// `tls://HOST`, `ws://HOST` or `wss://HOST`, with `USER:PASSWORD@` or `TOKEN@` before the host,
/// `:PORT` behind it, and further servers after commas.
pub async fn connect(url: &str, options: ConnectOptions) -> Result<Session, Failure> {
    let connection = options
        .check()
        .and_then(|()| url::open(url, &options))
        .map_err(|error| Failure::new(error, "connect"))?;
    let limit = options.connect_timeout;
    let session = Session::new(connection, url, options);
    Deadlines::new(limit)
        .keep(session.connection.connect())
        .await
        .map_err(|error| Failure::new(error, "connect"))?;
    Ok(session)
}

impl Session {
    /// Wraps a connection that is already open, of any backend. `url` is for people to read.
    pub fn new(connection: Arc<dyn Connection>, url: &str, options: ConnectOptions) -> Self {
        let url = url::shown(url).into();
        Self { connection, timeout: options.timeout, url, generation: fork::generation() }
    }

    /// Where this session is connected to, without a password or token (L4).
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The store of this configuration, created if missing (L2).
    pub async fn store(&self, config: StoreConfig) -> Result<Store, Failure> {
        let name = config.name.clone();
        let opened = async {
            config.check()?;
            self.check_process()?;
            self.connection.store_with_config(config).await
        };
        match Deadlines::new(self.timeout).keep(opened).await {
            Ok(store) => Ok(Store::new(store, self.timeout)),
            Err(error) => {
                Err(Failure::new(error, "store").in_store(&name).made_in(self.generation))
            }
        }
    }

    /// Ends open watches and makes every handle of this session answer `NotConnected` (L5).
    /// Twice is fine.
    pub async fn close(&self) -> Result<(), Failure> {
        // What a child inherited belongs to its parent, so there is nothing to close.
        if self.check_process().is_err() {
            return Ok(());
        }
        self.connection.shutdown().await.map_err(|error| Failure::new(error, "close"))
    }

    /// Whether the connection works right now.
    pub fn is_healthy(&self) -> bool {
        self.check_process().is_ok() && self.connection.is_healthy()
    }

    /// What stores on this connection can do.
    pub fn capabilities(&self) -> ConnectionCapabilities {
        self.connection.capabilities()
    }

    fn check_process(&self) -> Result<(), KvError> {
        if self.generation == fork::generation() { Ok(()) } else { Err(KvError::NotConnected) }
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("url", &self.url).finish_non_exhaustive()
    }
}
