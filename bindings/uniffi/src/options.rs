//! The options of `connect` and of a store.

use slipstream::StoreConfig;
use slipstream::handle::{self, Failure};
use slipstream::kv::KvError;
use slipstream_bridge::{nats_options, refused_option, store_config, whole};
use std::time::Duration;

/// How long operations may take, and how to speak to a NATS cluster. Of `creds`, `creds_file`,
/// `nkey`, `token`, `user` and a login in the URL one may be given. What is for NATS is refused
/// with any other URL.
#[derive(Debug, Clone, Default, uniffi::Record)]
pub struct ConnectOptions {
    /// How long one operation may take before it ends in `Timeout` (rule L3); 5 s unless given.
    #[uniffi(default = None)]
    pub timeout: Option<Duration>,
    /// How long connecting may take (L4); 5 s unless given.
    #[uniffi(default = None)]
    pub connect_timeout: Option<Duration>,
    /// How long a server that is not up yet is waited for (L6). A wrong password fails at once.
    #[uniffi(default = None)]
    pub wait: Option<Duration>,
    /// The content of a `.creds` file, in base64.
    #[uniffi(default = None)]
    pub creds: Option<String>,
    /// The path of a `.creds` file.
    #[uniffi(default = None)]
    pub creds_file: Option<String>,
    /// The seed of an nkey, `SU...`.
    #[uniffi(default = None)]
    pub nkey: Option<String>,
    /// A token.
    #[uniffi(default = None)]
    pub token: Option<String>,
    /// A user's name.
    #[uniffi(default = None)]
    pub user: Option<String>,
    /// The user's password.
    #[uniffi(default = None)]
    pub password: Option<String>,
    /// The path of a PEM file of the authorities to trust instead of the system's; asks for TLS.
    #[uniffi(default = None)]
    pub tls_ca: Option<String>,
    /// The path of a PEM file with the client's certificate; asks for TLS.
    #[uniffi(default = None)]
    pub tls_cert: Option<String>,
    /// The path of a PEM file with the key of `tls_cert`.
    #[uniffi(default = None)]
    pub tls_key: Option<String>,
    /// Whether TLS starts before the server says anything (its `handshake_first`).
    #[uniffi(default = false)]
    pub tls_first: bool,
    /// Whether any replica of a store may answer reads, though it may be behind a write that was
    /// just made (rule R5).
    #[uniffi(default = false)]
    pub stale_reads: bool,
    /// What the server calls this connection in its reports; `slipstream` unless given.
    #[uniffi(default = None)]
    pub client_name: Option<String>,
}

/// How a store is made; what is left out is unlimited, and one for history and replicas (rule L2).
#[derive(Debug, Clone, Default, uniffi::Record)]
pub struct StoreOptions {
    /// "persistent" or "memory".
    #[uniffi(default = None)]
    pub storage: Option<String>,
    /// Versions kept of each key, 1 to 64.
    #[uniffi(default = None)]
    pub max_history: Option<i64>,
    /// How long an entry lives unless it is written again.
    #[uniffi(default = None)]
    pub max_age: Option<Duration>,
    /// The size of all keys and values, in bytes.
    #[uniffi(default = None)]
    pub max_bytes: Option<i64>,
    /// Servers that keep a copy, 1 to 5.
    #[uniffi(default = None)]
    pub num_replicas: Option<i64>,
    /// What a full store does: "new" refuses the write, "old" evicts the oldest.
    #[uniffi(default = None)]
    pub discard: Option<String>,
    /// Whether a missing store is made, as it is unless given; if not, it is `StoreNotFound` (rule
    /// R7).
    #[uniffi(default = None)]
    pub create: Option<bool>,
}

impl From<ConnectOptions> for handle::ConnectOptions {
    fn from(given: ConnectOptions) -> Self {
        let defaults = Self::default();
        Self {
            timeout: given.timeout.unwrap_or(defaults.timeout),
            connect_timeout: given.connect_timeout.unwrap_or(defaults.connect_timeout),
            wait: given.wait,
            backend: nats_options!(given).into(),
        }
    }
}

impl StoreOptions {
    pub(crate) fn config(self, name: &str) -> Result<StoreConfig, Failure> {
        self.checked(name).map_err(refused_option(name))
    }

    fn checked(self, name: &str) -> Result<StoreConfig, KvError> {
        store_config(
            name,
            self.storage.as_deref(),
            self.max_history.map(|number| whole("max_history", number as f64)).transpose()?,
            self.max_age,
            self.max_bytes,
            self.num_replicas.map(|number| whole("num_replicas", number as f64)).transpose()?,
            self.discard.as_deref(),
            self.create,
        )
    }
}
