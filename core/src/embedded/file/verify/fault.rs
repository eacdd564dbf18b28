//! A fault: why a file must not be given to LMDB.

use crate::kv::KvError;
use std::io;
use std::path::Path;

/// Why a file must not be given to LMDB.
#[derive(Debug)]
pub(super) enum Fault {
    Foreign(String),
    Damaged(String),
    Read(io::Error),
}

impl Fault {
    pub(super) fn damaged<T>(what: impl Into<String>) -> Result<T, Self> {
        Err(Self::Damaged(what.into()))
    }

    pub(super) fn of(self, path: &Path) -> KvError {
        let path = path.display();
        match self {
            Self::Foreign(why) => {
                KvError::ConnectionFailed(format!("{path} is not a slipstream store ({why})"))
            }
            Self::Damaged(why) => KvError::ConnectionFailed(format!(
                "{path} is damaged: {why}; restore it from a backup"
            )),
            Self::Read(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                KvError::PermissionDenied(format!("{path} may not be read: {error}"))
            }
            Self::Read(error) => {
                KvError::ConnectionFailed(format!("{path} cannot be read: {error}"))
            }
        }
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::Damaged("it ends in the middle of a page".into()),
            _ => Self::Read(error),
        }
    }
}
