//! Reads the files that options name.

use crate::kv::KvError;
use std::io;
use std::path::Path;

/// Reads the text file that an option names.
pub(in crate::nats) fn read(option: &str, path: &Path) -> Result<String, KvError> {
    std::fs::read_to_string(path).map_err(|error| {
        let text = format!("{option} {path:?}: {error}");
        match error.kind() {
            io::ErrorKind::PermissionDenied => KvError::PermissionDenied(text),
            _ => KvError::InvalidArgument(text),
        }
    })
}
