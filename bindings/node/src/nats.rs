use napi_derive::napi;
use slipstream::NatsOptions;

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

impl From<NatsArguments> for NatsOptions {
    fn from(given: NatsArguments) -> Self {
        Self {
            creds: given.creds,
            creds_file: given.creds_file.map(Into::into),
            nkey: given.nkey,
            token: given.token,
            user: given.user,
            password: given.password,
            tls_ca: given.tls_ca.map(Into::into),
            tls_cert: given.tls_cert.map(Into::into),
            tls_key: given.tls_key.map(Into::into),
            tls_first: given.tls_first.unwrap_or_default(),
            stale_reads: given.stale_reads.unwrap_or_default(),
            client_name: given.client_name,
        }
    }
}
