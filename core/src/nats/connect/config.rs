use super::address::Addresses;
use crate::nats::NatsConnection;
use std::fmt;
use std::path::PathBuf;
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

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a request may take, if nothing else was said (rule L3).
pub(in crate::nats) const TIMEOUT: Duration = Duration::from_secs(5);

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

impl NatsOptions {
    /// The name of an option that is given, if any is.
    pub(crate) fn given(&self) -> Option<&'static str> {
        let given = [
            ("creds", self.creds.is_some()),
            ("creds_file", self.creds_file.is_some()),
            ("nkey", self.nkey.is_some()),
            ("token", self.token.is_some()),
            ("user", self.user.is_some()),
            ("password", self.password.is_some()),
            ("tls_ca", self.tls_ca.is_some()),
            ("tls_cert", self.tls_cert.is_some()),
            ("tls_key", self.tls_key.is_some()),
            ("tls_first", self.tls_first),
            ("stale_reads", self.stale_reads),
            ("client_name", self.client_name.is_some()),
        ];
        given.into_iter().find(|(_, given)| *given).map(|(name, _)| name)
    }
}

impl Settings {
    pub(crate) fn new(url: String, options: NatsOptions) -> Self {
        Self { url, options, connect_timeout: CONNECT_TIMEOUT, timeout: TIMEOUT }
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
