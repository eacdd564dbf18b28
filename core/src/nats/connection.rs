//! A connection to a cluster: made, opened and shut down by whoever uses it.

use crate::kv::{KvError, key};
use crate::lifecycle::deadline::{DEFAULT_LIMIT, Deadlines};
use crate::lifecycle::lease::Own;
use crate::lifecycle::timed::Timed;
use crate::lock::Mutex;
use crate::nats::connect::client::connect;
use crate::nats::connect::config::{NatsConnectionConfig, Settings};
use crate::nats::jetstream::bucket;
use crate::nats::jetstream::open_connection::{OpenConnection, ReadsFrom};
use crate::nats::store::NatsStore;
use crate::nats::transport::client::current::Current;
use crate::nats::transport::client::events::Events;
use crate::nats::transport::router::{Origin, Router};
use crate::store::{Connection, ConnectionCapabilities, KvStore, StoreConfig};
use async_nats::Client;
use async_trait::async_trait;
use std::sync::Arc;
use std::time::Duration;

/// A connection to a NATS cluster, whose JetStream keeps the stores.
///
/// ```no_run
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), slipstream::KvError> {
/// use slipstream::{Connection, NatsConnection};
/// let connection = NatsConnection::builder("nats://127.0.0.1:4222").build();
/// connection.connect().await?;
/// let store = connection.store("nodes").await?;
/// let version = store.writer().unwrap().put("node.a", b"10.0.0.1").await?;
/// assert_eq!(store.reader().get("node.a").await?.unwrap().version, version);
/// # Ok(()) }
/// ```
pub struct NatsConnection {
    source: ClientSource,
    open: Mutex<Option<Own<Arc<OpenConnection>>>>,
    /// Held while connecting, so that two callers do not both do it.
    connecting: tokio::sync::Mutex<()>,
}

/// Where the client of a connection comes from.
enum ClientSource {
    /// It is made from settings.
    Settings(Box<Settings>),
    /// Somebody else made it and keeps it.
    HandedIn(Client),
}

impl NatsConnection {
    /// A connection to the servers of a URL. It is not open before
    /// [`connect`](Connection::connect).
    pub fn new(config: NatsConnectionConfig) -> Self {
        Self::with_settings(config.into())
    }

    /// A connection over a client that exists already. `shutdown` ends what was opened through
    /// this object and leaves the client as it is. A subject that the server refuses is seen as
    /// `Timeout` here, since the events of such a client go to whoever made it. Once the client has
    /// ended, every call is `ConnectionFailed`.
    pub fn from_client(client: Client) -> Self {
        Self::by(ClientSource::HandedIn(client))
    }

    pub(crate) fn with_settings(settings: Settings) -> Self {
        Self::by(ClientSource::Settings(Box::new(settings)))
    }

    fn by(source: ClientSource) -> Self {
        Self { source, open: Mutex::new(None), connecting: tokio::sync::Mutex::default() }
    }

    /// How long one operation may take (L3).
    fn timeout(&self) -> Duration {
        match &self.source {
            ClientSource::Settings(settings) => settings.timeout,
            ClientSource::HandedIn(_) => DEFAULT_LIMIT,
        }
    }

    /// What was opened in this process and was not closed.
    fn opened(&self) -> Option<Arc<OpenConnection>> {
        self.last_opened().filter(|opened| !opened.router.is_closed())
    }

    /// What was opened in this process, until it is closed for good.
    fn last_opened(&self) -> Option<Arc<OpenConnection>> {
        self.open.lock().as_ref()?.get().ok().cloned()
    }
}

#[async_trait]
impl Connection for NatsConnection {
    async fn connect(&self) -> Result<(), KvError> {
        let _connecting = self.connecting.lock().await;
        if let Some(opened) = self.opened() {
            return opened.router.check_open();
        }
        let events = Events::new();
        let opened = match &self.source {
            ClientSource::Settings(settings) => {
                let teller = events.teller();
                teller.hear();
                let (client, dial) = connect(settings, &teller).await?;
                let origin = Origin::Ours(settings.clone(), dial);
                let client = Current::new(client);
                let router = Router::start(client, &events, settings.timeout, origin).await?;
                let reads = match settings.options.stale_reads {
                    true => ReadsFrom::Any,
                    false => ReadsFrom::UpToDate,
                };
                OpenConnection::over(router, reads)
            }
            ClientSource::HandedIn(client) => {
                let client = Current::new(client.clone());
                let started =
                    Router::start(client.clone(), &events, DEFAULT_LIMIT, Origin::HandedIn);
                let router = started.await?;
                tokio::spawn(events.follow(client));
                OpenConnection::over(router, ReadsFrom::UpToDate)
            }
        };
        *self.open.lock() = Some(Own::new(opened));
        Ok(())
    }

    fn leads_to_server(&self) -> bool {
        true
    }

    async fn shutdown(&self) -> Result<(), KvError> {
        if let Some(opened) = self.last_opened() {
            opened.shut_down().await;
            let is_it = |open: &Arc<OpenConnection>| Arc::ptr_eq(open, &opened);
            self.open.lock().take_if(|open| open.get().is_ok_and(is_it));
        }
        Ok(())
    }

    fn is_healthy(&self) -> bool {
        self.opened().is_some_and(|opened| opened.router.is_healthy())
    }

    async fn store_with_config(&self, config: StoreConfig) -> Result<Arc<dyn KvStore>, KvError> {
        config.check()?;
        let opened = self.opened().ok_or(KvError::NotConnected)?;
        let deadlines = Deadlines::new(self.timeout());
        let bucket = deadlines.keep(bucket::open(opened, &config)).await?;
        Ok(Arc::new(Timed::new(NatsStore::new(bucket), deadlines)))
    }

    async fn stores(&self) -> Result<Vec<String>, KvError> {
        let opened = self.opened().ok_or(KvError::NotConnected)?;
        Deadlines::new(self.timeout()).keep(bucket::names(&opened)).await
    }

    async fn delete_store(&self, name: &str) -> Result<(), KvError> {
        key::check_name(name)?;
        let opened = self.opened().ok_or(KvError::NotConnected)?;
        Deadlines::new(self.timeout()).keep(bucket::delete(&opened, name)).await
    }

    fn time_limit(&self) -> Option<Duration> {
        Some(self.timeout())
    }

    fn capabilities(&self) -> ConnectionCapabilities {
        let opened = self.opened();
        ConnectionCapabilities {
            streaming_watch: true,
            prefix_watch: true,
            ttl: opened.as_ref().is_none_or(|opened| opened.router.server_is(2, 11)),
            purge: true,
            cas: true,
            transactions: false,
            global_ordering: true,
            max_value_size: opened.map_or(0, |opened| opened.router.max_payload()),
        }
    }
}
