//! The backends of `memory:` and `file:` URLs.

use super::connection::EmbeddedConnection;
use crate::backend::{Backend, ConnectOptions};
use crate::kv::KvError;
use crate::kv::key;
use crate::store::Connection;
#[cfg(feature = "file")]
use std::path::Path;
use std::sync::Arc;

/// Opens `memory:`, private, and `memory:NAME`, shared in the process.
pub(crate) struct MemoryBackend;

/// Opens `file:PATH`, shared by every process that opens it.
#[cfg(feature = "file")]
pub(crate) struct FileBackend;

impl Backend for MemoryBackend {
    fn schemes(&self) -> &[&'static str] {
        &["memory"]
    }

    fn urls(&self) -> &str {
        "memory:, memory:NAME"
    }

    fn title(&self) -> &str {
        "memory"
    }

    fn open(&self, url: &str, options: &ConnectOptions) -> Result<Arc<dyn Connection>, KvError> {
        let name = url.split_once(':').map_or("", |(_, name)| name);
        let connection = if name.is_empty() {
            EmbeddedConnection::memory()
        } else {
            key::check_name(name)?;
            EmbeddedConnection::shared_memory(name)
        };
        Ok(Arc::new(connection.timeout(options.timeout)))
    }
}

#[cfg(feature = "file")]
impl Backend for FileBackend {
    fn schemes(&self) -> &[&'static str] {
        &["file"]
    }

    fn urls(&self) -> &str {
        "file:PATH"
    }

    fn title(&self) -> &str {
        "a file"
    }

    fn open(&self, url: &str, options: &ConnectOptions) -> Result<Arc<dyn Connection>, KvError> {
        let rest = url.split_once(':').map_or("", |(_, rest)| rest);
        let connection = EmbeddedConnection::file(file_path(rest)?);
        Ok(Arc::new(connection.timeout(options.timeout)))
    }

    fn shown(&self, url: &str) -> String {
        url.to_owned()
    }
}

#[cfg(feature = "file")]
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
