//! A connection to an embedded store: private memory, memory of this process, or a file.

use super::database::Database;
use super::engine::Engine;
#[cfg(feature = "file")]
use super::file;
use super::link::Link;
use super::memory::MemoryEngine;
use super::rules::MAX_VALUE;
use super::store::EmbeddedStore;
use crate::kv::{KvError, key};
use crate::lifecycle::deadline::{DEFAULT_LIMIT, Deadlines};
use crate::lifecycle::timed::Timed;
use crate::lock::Mutex;
use crate::store::{
    Connection, ConnectionCapabilities, IfMissing, KvStore, StorageType, StoreConfig,
};
use async_trait::async_trait;
use std::collections::HashMap;
#[cfg(feature = "file")]
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Weak};
use std::time::Duration;

/// A connection to an embedded store: private memory, memory shared in this process, or a file
/// shared by every process that opens it.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), slipstream::KvError> {
/// use slipstream::{Connection, EmbeddedConnection};
/// let connection = EmbeddedConnection::memory();
/// connection.connect().await?;
/// let store = connection.store("nodes").await?;
/// let version = store.writer().unwrap().put("node.a", b"10.0.0.1").await?;
/// assert_eq!(store.reader().get("node.a").await?.unwrap().version, version);
/// # Ok(()) }
/// ```
pub struct EmbeddedConnection {
    location: Location,
    timeout: Duration,
    open: Mutex<Option<Arc<dyn Opened>>>,
}

#[derive(Clone)]
enum Location {
    Private,
    Shared(String),
    #[cfg(feature = "file")]
    File(PathBuf),
}

impl Location {
    fn is_file(&self) -> bool {
        match self {
            Self::Private | Self::Shared(_) => false,
            #[cfg(feature = "file")]
            Self::File(_) => true,
        }
    }
}

/// The operations of a link that a connection needs, whatever the engine.
#[async_trait]
trait Opened: Send + Sync {
    async fn store(
        self: Arc<Self>,
        config: StoreConfig,
        deadlines: Deadlines,
    ) -> Result<Arc<dyn KvStore>, KvError>;
    async fn stores(self: Arc<Self>) -> Result<Vec<String>, KvError>;
    async fn delete_store(self: Arc<Self>, name: String) -> Result<(), KvError>;
    async fn shut_down(self: Arc<Self>) -> Result<(), KvError>;
    fn is_open(&self) -> bool;
}

/// Memory that is shared in this process, as long as a connection to it is open.
static SHARED: LazyLock<Mutex<HashMap<String, Weak<Database<MemoryEngine>>>>> =
    LazyLock::new(Mutex::default);

impl EmbeddedConnection {
    /// Memory of this connection's own. It is gone after `shutdown`.
    pub fn memory() -> Self {
        Self::at(Location::Private)
    }

    /// Memory shared by the connections of this process that name it, as long as one is open.
    pub fn shared_memory(name: &str) -> Self {
        Self::at(Location::Shared(name.to_owned()))
    }

    /// A file, which may be open in many processes at once. It is made if it is missing.
    #[cfg(feature = "file")]
    pub fn file(path: impl AsRef<Path>) -> Self {
        Self::at(Location::File(path.as_ref().to_owned()))
    }

    /// How long one operation may take before it ends in `Timeout` (contract rule L3); 5 s unless
    /// set.
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    fn opened(&self) -> Result<Arc<dyn Opened>, KvError> {
        self.open.lock().clone().ok_or(KvError::NotConnected)
    }

    fn at(location: Location) -> Self {
        Self { location, timeout: DEFAULT_LIMIT, open: Mutex::new(None) }
    }
}

fn shared(name: &str) -> Arc<Database<MemoryEngine>> {
    let mut shared = SHARED.lock();
    // A forked child starts with empty memory: no thread would keep its copy of the parent's.
    let open = shared.get(name).and_then(Weak::upgrade).filter(|it| it.join());
    open.unwrap_or_else(|| {
        let database = Arc::new(Database::new(MemoryEngine::default()));
        shared.retain(|_, database| database.strong_count() > 0);
        shared.insert(name.to_owned(), Arc::downgrade(&database));
        database
    })
}

#[async_trait]
impl Connection for EmbeddedConnection {
    async fn connect(&self) -> Result<(), KvError> {
        if self.is_healthy() {
            return Ok(());
        }
        let opened = match self.location.clone() {
            // Opening a file reads it, and may wait for the disk or for another process. The link
            // is made there as well: a caller who goes away meanwhile leaves it to be dropped, which
            // ends the use of the file that it stands for.
            #[cfg(feature = "file")]
            Location::File(path) => blocking(move || file::open(&path).map(link)).await?,
            Location::Private => link(Arc::new(Database::new(MemoryEngine::default()))),
            Location::Shared(name) => link(shared(&name)),
        };
        let superseded = {
            let mut open = self.open.lock();
            if open.as_ref().is_some_and(|it| it.is_open()) {
                Some(opened)
            } else {
                open.replace(opened)
            }
        };
        // Either its file is gone, or two calls opened at the same time and the other one was first.
        match superseded {
            Some(superseded) => superseded.shut_down().await,
            None => Ok(()),
        }
    }

    async fn shutdown(&self) -> Result<(), KvError> {
        let open = self.open.lock().take();
        match open {
            Some(open) => open.shut_down().await,
            None => Ok(()),
        }
    }

    fn is_healthy(&self) -> bool {
        self.open.lock().as_ref().is_some_and(|it| it.is_open())
    }

    async fn store_with_config(&self, config: StoreConfig) -> Result<Arc<dyn KvStore>, KvError> {
        config.check()?;
        if config.num_replicas.is_some_and(|n| n > 1) {
            return Err(KvError::InvalidArgument(format!(
                "store {:?}: num_replicas above 1 needs a cluster; an embedded store is one copy",
                config.name
            )));
        }
        if self.location.is_file() && config.storage == StorageType::Memory {
            return Err(KvError::InvalidArgument(format!(
                "store {:?}: storage \"memory\" is not kept in a file; connect to memory:",
                config.name
            )));
        }
        let deadlines = Deadlines::new(self.timeout);
        deadlines.clone().keep(self.opened()?.store(config, deadlines)).await
    }

    async fn stores(&self) -> Result<Vec<String>, KvError> {
        Deadlines::new(self.timeout).keep(self.opened()?.stores()).await
    }

    async fn delete_store(&self, name: &str) -> Result<(), KvError> {
        key::check_name(name)?;
        Deadlines::new(self.timeout).keep(self.opened()?.delete_store(name.to_owned())).await
    }

    fn time_limit(&self) -> Option<Duration> {
        Some(self.timeout)
    }

    fn capabilities(&self) -> ConnectionCapabilities {
        ConnectionCapabilities {
            streaming_watch: true,
            prefix_watch: true,
            ttl: true,
            purge: true,
            cas: true,
            transactions: false,
            global_ordering: true,
            max_value_size: MAX_VALUE,
        }
    }
}

#[async_trait]
impl<E: Engine> Opened for Link<E> {
    async fn store(
        self: Arc<Self>,
        config: StoreConfig,
        deadlines: Deadlines,
    ) -> Result<Arc<dyn KvStore>, KvError> {
        let database = self.database()?;
        let store = match database.find(&config)? {
            Some(store) => store,
            None if config.if_missing == IfMissing::Refuse => return Err(KvError::StoreNotFound),
            None if E::BLOCKS => blocking(move || database.create(&config)).await?,
            None => database.create(&config)?,
        };
        Ok(Arc::new(Timed::new(EmbeddedStore::new(self, store), deadlines)))
    }

    async fn stores(self: Arc<Self>) -> Result<Vec<String>, KvError> {
        self.with(Database::names)
    }

    async fn delete_store(self: Arc<Self>, name: String) -> Result<(), KvError> {
        let database = self.database()?;
        match E::BLOCKS {
            true => blocking(move || database.delete(&name)).await,
            false => database.delete(&name),
        }
    }

    async fn shut_down(self: Arc<Self>) -> Result<(), KvError> {
        if E::BLOCKS {
            blocking(move || Ok(Link::shut_down(&self))).await
        } else {
            Link::shut_down(&self);
            Ok(())
        }
    }

    fn is_open(&self) -> bool {
        self.is_sound()
    }
}

fn link<E: Engine>(database: Arc<Database<E>>) -> Arc<dyn Opened> {
    Arc::new(Link::new(database))
}

/// Runs work that may wait for the disk or for another process on a thread for blocking work.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, KvError> + Send + 'static,
) -> Result<T, KvError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(KvError::OperationFailed(error.to_string())))
}
