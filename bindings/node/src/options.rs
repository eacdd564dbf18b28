//! The options of `connect` and of a store, as JavaScript gives them.

use napi_derive::napi;
use slipstream::StoreConfig;
use slipstream::handle::{ConnectOptions, Failure};
use slipstream::kv::KvError;
use slipstream_bridge::{millis, nats_options, refused_option, store_config, whole};
use std::time::Duration;

/// How to speak to a NATS cluster.
#[napi(object, object_to_js = false)]
#[allow(missing_docs)]
pub struct NatsArguments {
    pub creds: Option<String>,
    pub creds_file: Option<String>,
    pub nkey: Option<String>,
    pub token: Option<String>,
    pub user: Option<String>,
    pub password: Option<String>,
    pub tls_ca: Option<String>,
    pub tls_cert: Option<String>,
    pub tls_key: Option<String>,
    pub tls_first: Option<bool>,
    pub stale_reads: Option<bool>,
    pub client_name: Option<String>,
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
    /// Whether a missing store is made.
    pub create: Option<bool>,
}

/// The options of `connect`; times are in milliseconds.
pub(crate) fn connect_options(
    timeout: Option<f64>,
    connect_timeout: Option<f64>,
    wait: Option<f64>,
    nats: NatsArguments,
) -> Result<ConnectOptions, Failure> {
    let defaults = ConnectOptions::default();
    let time = |field, given: Option<f64>, default| {
        let time = given.map_or(Ok(default), |given| millis(field, given));
        time.map_err(|error| Failure::new(error, "connect"))
    };
    Ok(ConnectOptions {
        timeout: time("timeout", timeout, defaults.timeout)?,
        connect_timeout: time("connectTimeout", connect_timeout, defaults.connect_timeout)?,
        wait: wait.map(|given| time("wait", Some(given), Duration::ZERO)).transpose()?,
        backend: nats_options!(nats).into(),
    })
}

impl StoreOptions {
    /// The configuration of the store of this name.
    pub(crate) fn config(self, name: &str) -> Result<StoreConfig, Failure> {
        self.checked(name).map_err(refused_option(name))
    }

    fn checked(self, name: &str) -> Result<StoreConfig, KvError> {
        store_config(
            name,
            self.storage.as_deref(),
            self.max_history.map(|n| whole("maxHistory", n)).transpose()?,
            self.max_age.map(|n| millis("maxAge", n)).transpose()?,
            self.max_bytes.map(|n| whole("maxBytes", n)).transpose()?,
            self.num_replicas.map(|n| whole("numReplicas", n)).transpose()?,
            self.discard.as_deref(),
            self.create,
        )
    }
}
