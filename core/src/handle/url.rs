use crate::embedded::EmbeddedConnection;
use crate::key;
use crate::kv::KvError;
use crate::store::Connection;
use std::path::Path;
use std::sync::Arc;

/// The connection behind a URL, not yet open.
pub(super) fn open(url: &str) -> Result<Arc<dyn Connection>, KvError> {
    let (scheme, rest) = url.split_once(':').unwrap_or(("", url));
    let connection = match scheme {
        "memory" if rest.is_empty() => EmbeddedConnection::memory(),
        "memory" => {
            key::check_name(rest)?;
            EmbeddedConnection::shared_memory(rest)
        }
        "file" => EmbeddedConnection::file(file_path(rest)?),
        // The rest of the URL may hold a password, so only the scheme is shown.
        _ => {
            return Err(KvError::InvalidArgument(format!(
                "url scheme {scheme:?} is not known; use memory:, memory:NAME or file:PATH"
            )));
        }
    };
    Ok(Arc::new(connection))
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
