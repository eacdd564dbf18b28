use crate::kv::KvError;
use std::io;

/// Reads the text file that an option names.
pub(super) fn read(option: &str, path: &str) -> Result<String, KvError> {
    std::fs::read_to_string(path).map_err(|error| {
        let text = format!("{option} {path:?}: {error}");
        match error.kind() {
            io::ErrorKind::PermissionDenied => KvError::PermissionDenied(text),
            _ => KvError::InvalidArgument(text),
        }
    })
}
