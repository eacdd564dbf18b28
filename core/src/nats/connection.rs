use crate::kv::KvError;
use crate::lock::Mutex;
use crate::nats::connect::client::connect;
use crate::nats::connect::config::{NatsConnectionConfig, Settings, TIMEOUT};
use crate::nats::jetstream::bucket;
use crate::nats::store::NatsStore;
use crate::nats::transport::current::Current;
use crate::nats::transport::events::Events;
use crate::nats::transport::link::{Link, Origin};
use crate::store::{Connection, ConnectionCapabilities, KvStore, StoreConfig};
use async_nats::Client;
use async_trait::async_trait;
use std::sync::Arc;

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
    way: Way,
    open: Mutex<Option<Arc<Link>>>,
    /// Held while connecting, so that two callers do not both do it.
    connecting: tokio::sync::Mutex<()>,
}

enum Way {
    /// A client of its own, made from settings.
    Settings(Box<Settings>),
    /// A client that somebody else made and keeps.
    Client(Client),
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
        Self::by(Way::Client(client))
    }

    pub(crate) fn with_settings(settings: Settings) -> Self {
        Self::by(Way::Settings(Box::new(settings)))
    }

    fn by(way: Way) -> Self {
        Self { way, open: Mutex::new(None), connecting: tokio::sync::Mutex::default() }
    }

    fn link(&self) -> Option<Arc<Link>> {
        self.open.lock().clone().filter(|link| !link.is_closed())
    }
}

#[async_trait]
impl Connection for NatsConnection {
    async fn connect(&self) -> Result<(), KvError> {
        let _connecting = self.connecting.lock().await;
        if let Some(link) = self.link() {
            return link.check_open();
        }
        let events = Events::new();
        let link = match &self.way {
            Way::Settings(settings) => {
                let teller = events.teller();
                teller.hear();
                let (client, dial) = connect(settings, &events, &teller).await?;
                let origin = Origin::Ours(settings.clone(), dial);
                Link::start(Current::new(client), &events, settings.timeout, origin).await?
            }
            Way::Client(client) => {
                let client = Current::new(client.clone());
                let link = Link::start(client.clone(), &events, TIMEOUT, Origin::HandedIn).await?;
                tokio::spawn(events.follow(client));
                link
            }
        };
        *self.open.lock() = Some(link);
        Ok(())
    }

    async fn shutdown(&self) -> Result<(), KvError> {
        let link = self.open.lock().clone();
        if let Some(link) = link {
            link.shut_down().await;
            self.open.lock().take_if(|open| Arc::ptr_eq(open, &link));
        }
        Ok(())
    }

    fn is_healthy(&self) -> bool {
        self.link().is_some_and(|link| link.is_healthy())
    }

    async fn store_with_config(&self, config: StoreConfig) -> Result<Arc<dyn KvStore>, KvError> {
        config.check()?;
        let link = self.link().ok_or(KvError::NotConnected)?;
        let bucket = bucket::open(link, &config).await?;
        Ok(Arc::new(NatsStore::new(bucket)))
    }

    fn capabilities(&self) -> ConnectionCapabilities {
        let link = self.link();
        ConnectionCapabilities {
            streaming_watch: true,
            prefix_watch: true,
            ttl: link.as_ref().is_none_or(|link| link.server_is(2, 11)),
            purge: true,
            cas: true,
            transactions: false,
            global_ordering: true,
            max_value_size: link.map_or(0, |link| link.max_payload()),
        }
    }
}
