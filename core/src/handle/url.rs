use super::session::ConnectOptions;
use crate::embedded::EmbeddedConnection;
use crate::key;
use crate::kv::KvError;
use crate::nats::{NatsConnection, Settings, shown_url};
use crate::store::Connection;
use std::path::Path;
use std::sync::Arc;

/// The connection behind a URL, not yet open.
pub(super) fn open(url: &str, options: &ConnectOptions) -> Result<Arc<dyn Connection>, KvError> {
    let (scheme, rest) = url.split_once(':').unwrap_or(("", url));
    if is_nats(scheme) {
        return Ok(Arc::new(NatsConnection::with_settings(Settings {
            url: url.to_owned(),
            options: options.nats.clone(),
            connect_timeout: options.connect_timeout,
            timeout: options.timeout,
        })));
    }
    let connection = match scheme {
        "memory" if rest.is_empty() => EmbeddedConnection::memory(),
        "memory" => {
            key::check_name(rest)?;
            EmbeddedConnection::shared_memory(rest)
        }
        "file" => EmbeddedConnection::file(file_path(rest)?),
        _ => return Err(unknown(scheme)),
    };
    match options.nats.given() {
        None => Ok(Arc::new(connection)),
        Some(option) => Err(KvError::InvalidArgument(format!(
            "{option} is an option of connections to NATS; {scheme}: has no such thing"
        ))),
    }
}

/// The URL as people may read it: without its password or token.
pub(super) fn shown(url: &str) -> String {
    match url.split_once(':') {
        Some((scheme, _)) if is_nats(scheme) => shown_url(url),
        Some((scheme, rest)) if scheme != "file" && rest.starts_with("//") => {
            let host = rest.rsplit_once('@').map(|(_, host)| format!("{scheme}://***@{host}"));
            host.unwrap_or_else(|| url.to_owned())
        }
        _ => url.to_owned(),
    }
}

fn is_nats(scheme: &str) -> bool {
    matches!(scheme, "nats" | "tls" | "ws" | "wss")
}

/// The rest of the URL may hold a password, so only the scheme is shown, if it is one.
fn unknown(scheme: &str) -> KvError {
    let is_scheme = scheme.bytes().all(|c| c.is_ascii_alphanumeric() || b"+-.".contains(&c));
    let shown = if is_scheme { scheme } else { "" };
    KvError::InvalidArgument(format!(
        "url scheme {shown:?} is not known; use memory:, memory:NAME, file:PATH or nats://HOST, \
         tls://HOST, ws://HOST, wss://HOST"
    ))
}

fn file_path(rest: &str) -> Result<&Path, KvError> {
    let path = match rest.strip_prefix("//") {
        Some(path) if path.starts_with('/') => path,
        Some(_) => {
            return Err(KvError::InvalidArgument(format!(
                "url \"file:{rest}\" names a host; use file:PATH or file:///PATH"
            )));
        }
        None => rest,
    };
    if path.is_empty() || path.contains('\0') {
        return Err(KvError::InvalidArgument(format!(
            "url {:?} has no path",
            format!("file:{rest}")
        )));
    }
    Ok(Path::new(path))
}
