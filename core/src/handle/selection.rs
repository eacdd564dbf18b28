//! What the caller of a watch asked for: everything, or prefixes and keys (S6).

use crate::kv::KvError;
use crate::kv::key::{KeySet, check_named};

/// The keys that a watch is asked for. Where nothing is said it is every key, where something is
/// said it is that, and no more: an empty list is no key at all (S6).
///
/// ```
/// use slipstream::handle::Selection;
///
/// let config = Selection::new(None, Some(vec!["config".to_owned()]));
/// assert_ne!(config, Selection::Everything);
/// assert_eq!(Selection::new(None, None), Selection::Everything);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Selection {
    /// Every key.
    Everything,
    /// The union of these.
    These {
        /// Each matched byte by byte (K2).
        prefixes: Vec<String>,
        /// Each as it is (K4).
        keys: Vec<String>,
    },
}

impl Selection {
    /// The union of the prefixes and the keys that were given; everything if neither was.
    pub fn new(prefixes: Option<Vec<String>>, keys: Option<Vec<String>>) -> Self {
        match (prefixes, keys) {
            (None, None) => Self::Everything,
            (prefixes, keys) => Self::These {
                prefixes: prefixes.unwrap_or_default(),
                keys: keys.unwrap_or_default(),
            },
        }
    }

    /// The set of these keys, once each part of it was checked.
    pub(super) fn key_set(&self) -> Result<KeySet, KvError> {
        match self {
            Self::Everything => Ok(KeySet::everything()),
            Self::These { prefixes, keys } => KeySet::new(prefixes, keys),
        }
    }

    /// The first key that can be none, unless a prefix is refused before it.
    pub(super) fn refused_key(&self) -> Option<&str> {
        let Self::These { prefixes, keys } = self else { return None };
        KeySet::of_prefixes(prefixes).ok()?;
        keys.iter().map(String::as_str).find(|key| check_named(key).is_err())
    }
}

/// These prefixes.
impl From<&[&str]> for Selection {
    fn from(prefixes: &[&str]) -> Self {
        let prefixes = prefixes.iter().map(|&prefix| prefix.to_owned()).collect();
        Self::These { prefixes, keys: Vec::new() }
    }
}

/// These prefixes.
impl<const N: usize> From<&[&str; N]> for Selection {
    fn from(prefixes: &[&str; N]) -> Self {
        Self::from(&prefixes[..])
    }
}
