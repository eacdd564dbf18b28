use super::database::Database;
use super::engine::Engine;
use super::file;
use super::link::Link;
use super::memory::MemoryEngine;
use super::rules::MAX_VALUE;
use super::store::EmbeddedStore;
use crate::kv::KvError;
use crate::lock::Mutex;
use crate::store::{Connection, ConnectionCapabilities, KvStore, StorageType, StoreConfig};
use async_trait::async_trait;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Weak};

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
    place: Place,
    open: Mutex<Option<Arc<dyn Opened>>>,
}

#[derive(Clone)]
enum Place {
    Private,
    Shared(String),
    File(PathBuf),
}

/// What a connection does with its link, whatever the engine.
#[async_trait]
trait Opened: Send + Sync {
    async fn store(self: Arc<Self>, config: StoreConfig) -> Result<Arc<dyn KvStore>, KvError>;
    async fn shut_down(self: Arc<Self>) -> Result<(), KvError>;
    fn is_open(&self) -> bool;
}

/// Memory that is shared in this process, as long as a connection to it is open.
static SHARED: LazyLock<Mutex<HashMap<String, Weak<Database<MemoryEngine>>>>> =
    LazyLock::new(Mutex::default);

impl EmbeddedConnection {
    /// Memory of this connection's own. It is gone after `shutdown`.
    pub fn memory() -> Self {
        Self::at(Place::Private)
    }

    /// Memory shared by the connections of this process that name it, as long as one is open.
    pub fn shared_memory(name: &str) -> Self {
        Self::at(Place::Shared(name.to_owned()))
    }

    /// A file, which may be open in many processes at once. It is made if it is missing.
    pub fn file(path: impl AsRef<Path>) -> Self {
        Self::at(Place::File(path.as_ref().to_owned()))
    }

    fn at(place: Place) -> Self {
        Self { place, open: Mutex::new(None) }
    }
}

fn shared(name: &str) -> Arc<Database<MemoryEngine>> {
    let mut shared = SHARED.lock();
    // A child has its own memory, not a copy of its parent's that nobody keeps.
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
        let opened = match self.place.clone() {
            // Opening a file reads it, and may wait for the disk or for another process. The link
            // is made there as well: a caller who goes away meanwhile leaves it to be dropped, which
            // ends the use of the file that it stands for.
            Place::File(path) => blocking(move || file::open(&path).map(link)).await?,
            Place::Private => link(Arc::new(Database::new(MemoryEngine::default()))),
            Place::Shared(name) => link(shared(&name)),
        };
        let superseded = {
            let mut open = self.open.lock();
            if open.as_ref().is_some_and(|it| it.is_open()) {
                Some(opened)
            } else {
                open.replace(opened)
            }
        };
        // One whose file is gone, or one of two that were opened at once.
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
        if matches!(self.place, Place::File(_)) && config.storage == StorageType::Memory {
            return Err(KvError::InvalidArgument(format!(
                "store {:?}: storage \"memory\" is not kept in a file; connect to memory:",
                config.name
            )));
        }
        let open = self.open.lock().clone().ok_or(KvError::NotConnected)?;
        open.store(config).await
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
    async fn store(self: Arc<Self>, config: StoreConfig) -> Result<Arc<dyn KvStore>, KvError> {
        let database = self.database()?;
        let store = match database.find(&config)? {
            Some(store) => store,
            None if E::BLOCKS => blocking(move || database.create(&config)).await?,
            None => database.create(&config)?,
        };
        Ok(Arc::new(EmbeddedStore::new(self, store)))
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

/// Runs what may wait for the disk or for another process, off the caller's thread.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, KvError> + Send + 'static,
) -> Result<T, KvError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(KvError::OperationFailed(error.to_string())))
}
