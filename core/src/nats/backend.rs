//! The backend of NATS: which URLs it opens, and its options by their names.

use crate::backend::{Backend, BackendOptions, ConnectOptions, OptionValue};
use crate::kv::KvError;
use crate::nats::connect::config::{NatsOptions, Settings, shown_url};
use crate::nats::connection::NatsConnection;
use crate::store::Connection;
use std::path::PathBuf;
use std::sync::Arc;

/// Opens `nats://HOST` and the like: with `USER:PASSWORD@` or `TOKEN@` before the host, `:PORT`
/// behind it, and further servers after commas.
pub(crate) struct NatsBackend;

impl Backend for NatsBackend {
    fn schemes(&self) -> &[&'static str] {
        &["nats", "tls", "ws", "wss"]
    }

    fn urls(&self) -> &str {
        "nats://HOST, tls://HOST, ws://HOST, wss://HOST"
    }

    fn title(&self) -> &str {
        "NATS"
    }

    fn options(&self) -> &[&'static str] {
        &[
            "creds",
            "creds_file",
            "nkey",
            "token",
            "user",
            "password",
            "tls_ca",
            "tls_cert",
            "tls_key",
            "tls_first",
            "stale_reads",
            "client_name",
        ]
    }

    fn open(&self, url: &str, options: &ConnectOptions) -> Result<Arc<dyn Connection>, KvError> {
        Ok(Arc::new(NatsConnection::with_settings(Settings {
            url: url.to_owned(),
            options: NatsOptions::of(&options.backend)?,
            connect_timeout: options.connect_timeout,
            timeout: options.timeout,
        })))
    }

    fn shown(&self, url: &str) -> String {
        shown_url(url)
    }
}

impl NatsOptions {
    fn of(given: &BackendOptions) -> Result<Self, KvError> {
        let text = |name| Ok::<_, KvError>(given.text(name)?.map(str::to_owned));
        let path = |name| Ok::<_, KvError>(given.path(name)?.map(PathBuf::from));
        Ok(Self {
            creds: text("creds")?,
            creds_file: path("creds_file")?,
            nkey: text("nkey")?,
            token: text("token")?,
            user: text("user")?,
            password: text("password")?,
            tls_ca: path("tls_ca")?,
            tls_cert: path("tls_cert")?,
            tls_key: path("tls_key")?,
            tls_first: given.flag("tls_first")?,
            stale_reads: given.flag("stale_reads")?,
            client_name: text("client_name")?,
        })
    }
}

/// The options that are given, by their names.
impl From<NatsOptions> for BackendOptions {
    fn from(options: NatsOptions) -> Self {
        let flag = |flag: bool| flag.then(|| flag.into());
        let given = [
            ("creds", options.creds.map(Into::into)),
            ("creds_file", options.creds_file.map(Into::into)),
            ("nkey", options.nkey.map(Into::into)),
            ("token", options.token.map(Into::into)),
            ("user", options.user.map(Into::into)),
            ("password", options.password.map(Into::into)),
            ("tls_ca", options.tls_ca.map(Into::into)),
            ("tls_cert", options.tls_cert.map(Into::into)),
            ("tls_key", options.tls_key.map(Into::into)),
            ("tls_first", flag(options.tls_first)),
            ("stale_reads", flag(options.stale_reads)),
            ("client_name", options.client_name.map(Into::into)),
        ];
        let given = given.into_iter().filter_map(|(name, value)| Some((name, value?)));
        given.fold(Self::default(), |all, (name, value): (_, OptionValue)| all.with(name, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn l4_every_option_of_nats_keeps_its_value_on_the_way_to_the_backend() {
        let text = |text: &str| Some(text.to_owned());
        let all = NatsOptions {
            creds: text("a"),
            creds_file: Some("b".into()),
            nkey: text("c"),
            token: text("d"),
            user: text("e"),
            password: text("f"),
            tls_ca: Some("g".into()),
            tls_cert: Some("h".into()),
            tls_key: Some("i".into()),
            tls_first: true,
            stale_reads: true,
            client_name: text("j"),
        };
        let named = BackendOptions::from(all.clone());
        assert_eq!(named.names().collect::<Vec<_>>(), NatsBackend.options());
        assert_eq!(NatsOptions::of(&named), Ok(all));
        let none = BackendOptions::from(NatsOptions::default());
        assert_eq!(none, BackendOptions::default());
    }
}
