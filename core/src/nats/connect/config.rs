//! What a caller chose for a connection before it is open.

use super::address::Addresses;
use crate::lifecycle::deadline::DEFAULT_LIMIT;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// Where a [`NatsConnection`](crate::NatsConnection) leads and with which credentials file.
///
/// [`NatsConnection::builder`](crate::NatsConnection::builder) has the other ways to say who one is, TLS and the rest.
#[derive(Clone, Default)]
pub struct NatsConnectionConfig {
    /// `nats://`, `tls://`, `ws://` or `wss://`, then a host and port, or a comma list of them.
    pub url: String,
    /// The content of a `.creds` file, in base64.
    pub creds: Option<String>,
    /// The path of a `.creds` file.
    pub creds_file: Option<String>,
}

/// How to speak to a NATS cluster. Of `creds`, `creds_file`, `nkey`, `token`, `user` and a login
/// in the URL one may be given. Debug output shows no secret (rule L4).
#[derive(Clone, Default, PartialEq, Eq)]
pub struct NatsOptions {
    /// The content of a `.creds` file, in base64.
    pub creds: Option<String>,
    /// The path of a `.creds` file.
    pub creds_file: Option<PathBuf>,
    /// The seed of a user's nkey, `SU…`.
    pub nkey: Option<String>,
    /// A token.
    pub token: Option<String>,
    /// A user's name.
    pub user: Option<String>,
    /// The password of `user`.
    pub password: Option<String>,
    /// The path of a PEM file of the authorities to trust instead of the system's. Asks for TLS.
    pub tls_ca: Option<PathBuf>,
    /// The path of a PEM file with the client's certificate. Asks for TLS.
    pub tls_cert: Option<PathBuf>,
    /// The path of a PEM file with the key of `tls_cert`.
    pub tls_key: Option<PathBuf>,
    /// Whether TLS starts before the server says anything (its `handshake_first`).
    pub tls_first: bool,
    /// Whether any replica of a store may answer reads, though it may be behind a write that was
    /// just made (rule R5).
    pub stale_reads: bool,
    /// What the server calls this connection in its reports; `slipstream` if unset.
    pub client_name: Option<String>,
}

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// All that is known of a connection before it is open.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) url: String,
    pub(crate) options: NatsOptions,
    /// How long connecting may take, over the whole list of servers (rule L4).
    pub(crate) connect_timeout: Duration,
    /// How long one request may take (rule L3).
    pub(crate) timeout: Duration,
}

impl Settings {
    pub(crate) fn new(url: String, options: NatsOptions) -> Self {
        Self { url, options, connect_timeout: CONNECT_TIMEOUT, timeout: DEFAULT_LIMIT }
    }
}

impl From<NatsConnectionConfig> for Settings {
    fn from(config: NatsConnectionConfig) -> Self {
        let NatsConnectionConfig { url, creds, creds_file } = config;
        let creds_file = creds_file.map(PathBuf::from);
        Self::new(url, NatsOptions { creds, creds_file, ..NatsOptions::default() })
    }
}

/// The URL as it may be shown. One that cannot be read may hold a password anywhere.
pub(crate) fn shown_url(url: &str) -> String {
    Addresses::parse(url).map_or_else(|_| "(not a valid url)".to_owned(), |url| url.to_string())
}

fn hidden(secret: &Option<String>) -> Option<&'static str> {
    secret.as_ref().map(|_| "***")
}

impl fmt::Debug for NatsConnectionConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NatsConnectionConfig")
            .field("url", &shown_url(&self.url))
            .field("creds", &hidden(&self.creds))
            .field("creds_file", &self.creds_file)
            .finish()
    }
}

impl fmt::Debug for NatsOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NatsOptions")
            .field("creds", &hidden(&self.creds))
            .field("creds_file", &self.creds_file)
            .field("nkey", &hidden(&self.nkey))
            .field("token", &hidden(&self.token))
            .field("user", &self.user)
            .field("password", &hidden(&self.password))
            .field("tls_ca", &self.tls_ca)
            .field("tls_cert", &self.tls_cert)
            .field("tls_key", &self.tls_key)
            .field("tls_first", &self.tls_first)
            .field("stale_reads", &self.stale_reads)
            .field("client_name", &self.client_name)
            .finish()
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("url", &shown_url(&self.url))
            .field("options", &self.options)
            .field("connect_timeout", &self.connect_timeout)
            .field("timeout", &self.timeout)
            .finish()
    }
}
