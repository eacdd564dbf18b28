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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn l4_a_url_of_any_backend_is_shown_without_its_login() {
        for (url, expected) in [
            ("memory:", "memory:"),
            ("file:/data/a@b.db", "file:/data/a@b.db"),
            ("file:///data/a@b.db", "file:///data/a@b.db"),
            ("nats://u:p@a,b:1", "nats://u:***@a:4222,nats://b:1"),
            ("tls://t@a", "tls://***@a:4222"),
            ("nats://u:p@a:x", "(not a valid url)"),
            ("redis://u:p@host/1", "redis://***@host/1"),
            ("redis://host", "redis://host"),
        ] {
            assert_eq!(shown(url), expected);
        }
    }

    #[test]
    fn l4_an_unknown_url_is_refused_by_its_scheme_alone() {
        for (url, expected) in
            [("redis://u:secret@host", "\"redis\""), ("secret@host:1", "\"\""), ("secret", "\"\"")]
        {
            let Err(KvError::InvalidArgument(text)) = open(url, &ConnectOptions::default()) else {
                panic!("{url} was taken");
            };
            assert!(text.contains(expected) && !text.contains("secret"), "{text}");
        }
    }
}
