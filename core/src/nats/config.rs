use super::NatsConnection;
use super::address::Addresses;
use std::fmt;
use std::time::Duration;

/// Where a [`NatsConnection`] leads and with which credentials file.
///
/// [`NatsConnection::builder`] has the other ways to say who one is, TLS and the rest.
#[derive(Clone, Default)]
pub struct NatsConnectionConfig {
    /// `nats://`, `tls://`, `ws://` or `wss://`, then a host and port, or a comma list of them.
    pub url: String,
    /// The content of a `.creds` file, in base64.
    pub creds: Option<String>,
    /// The path of a `.creds` file.
    pub creds_file: Option<String>,
}

/// How to speak to a NATS cluster. Of `creds`, `creds_file`, `nkey`, `token` and `user`, and a
/// login in the URL, one may be given. Its Debug output shows no secret (rule L4).
#[derive(Clone, Default, PartialEq, Eq)]
pub struct NatsOptions {
    /// The content of a `.creds` file, in base64.
    pub creds: Option<String>,
    /// The path of a `.creds` file.
    pub creds_file: Option<String>,
    /// The seed of a user's nkey, `SU…`.
    pub nkey: Option<String>,
    /// A token.
    pub token: Option<String>,
    /// A user's name.
    pub user: Option<String>,
    /// The user's password.
    pub password: Option<String>,
    /// The path of a PEM file of the authorities to trust instead of the system's. Asks for TLS.
    pub tls_ca: Option<String>,
    /// The path of a PEM file with the client's certificate. Asks for TLS.
    pub tls_cert: Option<String>,
    /// The path of a PEM file with the key of `tls_cert`.
    pub tls_key: Option<String>,
    /// Whether TLS starts before the server says anything (its `handshake_first`).
    pub tls_first: bool,
    /// Whether reads of a replicated store may be answered by any replica, which may be behind
    /// a write that was just made (rule R5).
    pub stale_reads: bool,
    /// What the server shows this connection as; `slipstream` if unset.
    pub name: Option<String>,
}

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

/// All that is known of a connection before it is open.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) url: String,
    pub(crate) options: NatsOptions,
    /// How long connecting may take, over the whole list of servers (rule L4).
    pub(crate) connect_timeout: Duration,
}

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

    /// The content of a `.creds` file, in base64.
    pub fn creds(self, creds: impl Into<String>) -> Self {
        self.with(|options| options.creds = Some(creds.into()))
    }

    /// The path of a `.creds` file.
    pub fn creds_file(self, path: impl Into<String>) -> Self {
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
    pub fn tls_ca(self, path: impl Into<String>) -> Self {
        self.with(|options| options.tls_ca = Some(path.into()))
    }

    /// The paths of PEM files with the client's certificate and its key. Asks for TLS.
    pub fn tls_client(self, cert: impl Into<String>, key: impl Into<String>) -> Self {
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

    /// What the server shows this connection as.
    pub fn name(self, name: impl Into<String>) -> Self {
        self.with(|options| options.name = Some(name.into()))
    }

    fn with(mut self, set: impl FnOnce(&mut NatsOptions)) -> Self {
        set(&mut self.0.options);
        self
    }
}

impl NatsOptions {
    /// The names of the options that are given, as they are spelled in Rust.
    pub(crate) fn given(&self) -> Vec<&'static str> {
        let text = self.texts().map(|(name, value, _)| (name, value.is_some()));
        let flags = [("tls_first", self.tls_first), ("stale_reads", self.stale_reads)];
        text.into_iter().chain(flags).filter(|(_, given)| *given).map(|(name, _)| name).collect()
    }

    /// Name, value and whether the value is a secret.
    fn texts(&self) -> [(&'static str, Option<&str>, bool); 10] {
        [
            ("creds", self.creds.as_deref(), true),
            ("creds_file", self.creds_file.as_deref(), false),
            ("nkey", self.nkey.as_deref(), true),
            ("token", self.token.as_deref(), true),
            ("user", self.user.as_deref(), false),
            ("password", self.password.as_deref(), true),
            ("tls_ca", self.tls_ca.as_deref(), false),
            ("tls_cert", self.tls_cert.as_deref(), false),
            ("tls_key", self.tls_key.as_deref(), false),
            ("name", self.name.as_deref(), false),
        ]
    }
}

impl Settings {
    const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

    pub(crate) fn new(url: String, options: NatsOptions) -> Self {
        Self { url, options, connect_timeout: Self::CONNECT_TIMEOUT }
    }
}

impl From<NatsConnectionConfig> for Settings {
    fn from(config: NatsConnectionConfig) -> Self {
        let NatsConnectionConfig { url, creds, creds_file } = config;
        Self::new(url, NatsOptions { creds, creds_file, ..NatsOptions::default() })
    }
}

/// The URL as it may be shown: one that cannot be read may hold a password anywhere.
fn shown(url: &str) -> String {
    Addresses::parse(url).map_or_else(|_| "(not a valid url)".to_owned(), |url| url.to_string())
}

impl fmt::Debug for NatsConnectionConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NatsConnectionConfig")
            .field("url", &shown(&self.url))
            .field("creds", &self.creds.as_ref().map(|_| "***"))
            .field("creds_file", &self.creds_file)
            .finish()
    }
}

impl fmt::Debug for NatsOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("NatsOptions");
        for (name, value, secret) in self.texts() {
            if let Some(value) = value {
                out.field(name, &if secret { "***" } else { value });
            }
        }
        out.field("tls_first", &self.tls_first).field("stale_reads", &self.stale_reads).finish()
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("url", &shown(&self.url))
            .field("options", &self.options)
            .field("connect_timeout", &self.connect_timeout)
            .finish()
    }
}
