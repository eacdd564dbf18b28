//! Makes a connection with options, one call for each.

use super::connect::config::{NatsOptions, Settings};
use super::connection::NatsConnection;
use std::path::PathBuf;
use std::time::Duration;

/// Makes a [`NatsConnection`] with options that [`NatsConnectionConfig`] does not have.
///
/// ```
/// let connection = slipstream::NatsConnection::builder("tls://a.example,b.example")
///     .user("service", "secret")
///     .tls_ca("/etc/nats/ca.pem")
///     .build();
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct NatsConnectionBuilder(Settings);

impl NatsConnection {
    /// A connection to be made with more options than `new` takes.
    pub fn builder(url: impl Into<String>) -> NatsConnectionBuilder {
        NatsConnectionBuilder(Settings::new(url.into(), NatsOptions::default()))
    }
}

impl NatsConnectionBuilder {
    /// The connection, not yet open.
    pub fn build(self) -> NatsConnection {
        NatsConnection::with_settings(self.0)
    }

    /// All options at once, in place of those given so far.
    pub fn options(self, options: NatsOptions) -> Self {
        Self(Settings { options, ..self.0 })
    }

    /// How long connecting may take, over the whole list of servers (rule L4); 5 s if unset.
    pub fn connect_timeout(self, connect_timeout: Duration) -> Self {
        Self(Settings { connect_timeout, ..self.0 })
    }

    /// How long an operation may take before it ends in `Timeout` (rule L3); 5 s if unset.
    pub fn timeout(self, timeout: Duration) -> Self {
        Self(Settings { timeout, ..self.0 })
    }

    /// The content of a `.creds` file, in base64.
    pub fn creds(self, creds: impl Into<String>) -> Self {
        self.with(|options| options.creds = Some(creds.into()))
    }

    /// The path of a `.creds` file.
    pub fn creds_file(self, path: impl Into<PathBuf>) -> Self {
        self.with(|options| options.creds_file = Some(path.into()))
    }

    /// The seed of a user's nkey, `SU…`.
    pub fn nkey(self, seed: impl Into<String>) -> Self {
        self.with(|options| options.nkey = Some(seed.into()))
    }

    /// A token.
    pub fn token(self, token: impl Into<String>) -> Self {
        self.with(|options| options.token = Some(token.into()))
    }

    /// A user's name and password.
    pub fn user(self, user: impl Into<String>, password: impl Into<String>) -> Self {
        self.with(|options| {
            options.user = Some(user.into());
            options.password = Some(password.into());
        })
    }

    /// The path of a PEM file of the authorities to trust instead of the system's. Asks for TLS.
    pub fn tls_ca(self, path: impl Into<PathBuf>) -> Self {
        self.with(|options| options.tls_ca = Some(path.into()))
    }

    /// The paths of PEM files with the client's certificate and its key. Asks for TLS.
    pub fn tls_client(self, cert: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        self.with(|options| {
            options.tls_cert = Some(cert.into());
            options.tls_key = Some(key.into());
        })
    }

    /// Starts TLS before the server says anything (its `handshake_first`).
    pub fn tls_first(self) -> Self {
        self.with(|options| options.tls_first = true)
    }

    /// Lets any replica answer reads, though it may be behind a write just made (rule R5).
    pub fn stale_reads(self) -> Self {
        self.with(|options| options.stale_reads = true)
    }

    /// What the server calls this connection in its reports.
    pub fn client_name(self, name: impl Into<String>) -> Self {
        self.with(|options| options.client_name = Some(name.into()))
    }

    fn with(mut self, set: impl FnOnce(&mut NatsOptions)) -> Self {
        set(&mut self.0.options);
        self
    }
}
