use crate::answer::Answer;
use crate::event_loop::Operations;
use napi::Result;
use napi_derive::napi;
use slipstream::StoreConfig;
use slipstream::handle::{self, Failure};
use slipstream::kv::KvError;
use slipstream_bridge::{Counted, Value, millis, store_config, whole};
use std::rc::Rc;

/// An open connection.
#[napi]
pub struct Session {
    handle: Counted<handle::Session>,
    operations: Rc<Operations>,
}

impl Session {
    pub(crate) fn new(handle: Counted<handle::Session>, operations: Rc<Operations>) -> Self {
        Self { handle, operations }
    }
}

/// How a store is made; what is left out is unlimited.
#[napi(object, object_to_js = false)]
pub struct StoreOptions {
    /// "memory" or "persistent".
    pub storage: Option<String>,
    /// Versions kept of each key.
    pub max_history: Option<f64>,
    /// In milliseconds.
    pub max_age: Option<f64>,
    /// In bytes.
    pub max_bytes: Option<f64>,
    /// Servers that keep a copy.
    pub num_replicas: Option<f64>,
    /// "new" or "old".
    pub discard: Option<String>,
}

impl StoreOptions {
    fn config(self, name: &str) -> std::result::Result<StoreConfig, KvError> {
        store_config(
            name,
            self.storage.as_deref(),
            self.max_history.map(|n| whole("maxHistory", n)).transpose()?,
            self.max_age.map(|n| millis("maxAge", n)).transpose()?,
            self.max_bytes.map(|n| whole("maxBytes", n)).transpose()?,
            self.num_replicas.map(|n| whole("numReplicas", n)).transpose()?,
            self.discard.as_deref(),
        )
    }
}

/// What the stores of a connection can do.
#[napi(object, object_from_js = false)]
#[allow(missing_docs)]
pub struct Capabilities {
    pub streaming_watch: bool,
    pub prefix_watch: bool,
    pub ttl: bool,
    pub purge: bool,
    pub cas: bool,
    pub transactions: bool,
    pub global_ordering: bool,
    pub max_value_size: f64,
}

#[napi]
impl Session {
    /// Opens a store, made if missing.
    #[napi(catch_unwind)]
    pub fn store(&self, name: String, options: StoreOptions) -> Result<Answer> {
        let session = (*self.handle).clone();
        self.operations.run(async move {
            let config = options.config(&name).map_err(|error| Failure {
                store: Some(name.clone()),
                ..Failure::new(error, "store")
            })?;
            session.store(config).await.map(Value::Store)
        })
    }

    /// Ends open watches and makes every handle answer `NotConnected`.
    #[napi(catch_unwind)]
    pub fn close(&self) -> Result<Answer> {
        let session = (*self.handle).clone();
        self.operations.run(async move { session.close().await.map(|()| Value::Unit) })
    }

    /// Whether the connection works right now.
    #[napi(catch_unwind)]
    pub fn is_healthy(&self) -> bool {
        self.handle.is_healthy()
    }

    /// What stores can do here.
    #[napi(catch_unwind)]
    pub fn capabilities(&self) -> Capabilities {
        let can = self.handle.capabilities();
        Capabilities {
            streaming_watch: can.streaming_watch,
            prefix_watch: can.prefix_watch,
            ttl: can.ttl,
            purge: can.purge,
            cas: can.cas,
            transactions: can.transactions,
            global_ordering: can.global_ordering,
            max_value_size: can.max_value_size as f64,
        }
    }

    /// Where this is connected to.
    #[napi(catch_unwind)]
    pub fn url(&self) -> String {
        self.handle.url().to_owned()
    }
}
