//! Options of a connection: its deadlines, and what only its backend understands.

use crate::kv::{KvError, check_duration};
use crate::lifecycle::deadline::DEFAULT_LIMIT;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How a session connects and how long its operations may take. Times are above zero and at most
/// [`MAX_DURATION`](crate::kv::MAX_DURATION).
#[derive(Debug, Clone)]
pub struct ConnectOptions {
    /// How long one operation may take before it ends in `Timeout` (contract rule L3).
    pub timeout: Duration,
    /// How long connecting may take (L4).
    pub connect_timeout: Duration,
    /// How long a server that is not up yet is waited for (L6). It is tried again meanwhile, each
    /// time for up to `connect_timeout`. What cannot be mended by waiting, such as a wrong password,
    /// fails at once.
    pub wait: Option<Duration>,
    /// What the backend of the URL is told. An option that it does not understand is refused.
    pub backend: BackendOptions,
}

impl ConnectOptions {
    pub(crate) fn check(&self) -> Result<(), KvError> {
        check_duration("timeout", self.timeout)?;
        check_duration("connect_timeout", self.connect_timeout)?;
        self.wait.map_or(Ok(()), |wait| check_duration("wait", wait))
    }
}

impl Default for ConnectOptions {
    fn default() -> Self {
        Self {
            timeout: DEFAULT_LIMIT,
            connect_timeout: Duration::from_secs(5),
            wait: None,
            backend: BackendOptions::default(),
        }
    }
}

/// Options with the meaning that one backend gives their names, such as
/// [`NatsOptions`](crate::NatsOptions). Debug output shows no text, since it may be a secret (L4).
///
/// ```
/// use slipstream::backend::BackendOptions;
/// let options = BackendOptions::default().with("token", "secret").with("tls_first", true);
/// assert_eq!(options.text("token").unwrap(), Some("secret"));
/// assert_eq!(format!("{options:?}"), r#"{"token": ***, "tls_first": true}"#);
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct BackendOptions {
    given: Vec<(String, OptionValue)>,
}

/// The value of one option.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum OptionValue {
    /// A text, which may be a secret.
    Text(String),
    /// The path of a file.
    Path(PathBuf),
    /// Whether something is to be done.
    Flag(bool),
}

impl BackendOptions {
    /// These options and one more, in place of an earlier one of the same name.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<OptionValue>) -> Self {
        self.given.retain(|(given, _)| given != name);
        self.given.push((name.to_owned(), value.into()));
        self
    }

    /// The text of this name, if it is given.
    pub fn text(&self, name: &str) -> Result<Option<&str>, KvError> {
        match self.get(name) {
            None => Ok(None),
            Some(OptionValue::Text(text)) => Ok(Some(text)),
            Some(_) => Err(wrong(name, "a text")),
        }
    }

    /// The path of this name, if it is given.
    pub fn path(&self, name: &str) -> Result<Option<&Path>, KvError> {
        match self.get(name) {
            None => Ok(None),
            Some(OptionValue::Path(path)) => Ok(Some(path)),
            Some(OptionValue::Text(text)) => Ok(Some(Path::new(text))),
            Some(OptionValue::Flag(_)) => Err(wrong(name, "a path")),
        }
    }

    /// The flag of this name; false if it is not given.
    pub fn flag(&self, name: &str) -> Result<bool, KvError> {
        match self.get(name) {
            None => Ok(false),
            Some(OptionValue::Flag(flag)) => Ok(*flag),
            Some(_) => Err(wrong(name, "true or false")),
        }
    }

    /// The names of all that is given, in the order in which it was.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.given.iter().map(|(name, _)| name.as_str())
    }

    fn get(&self, name: &str) -> Option<&OptionValue> {
        self.given.iter().find(|(given, _)| given == name).map(|(_, value)| value)
    }
}

fn wrong(name: &str, expected: &str) -> KvError {
    KvError::InvalidArgument(format!("option {name} is not {expected}"))
}

impl From<&str> for OptionValue {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for OptionValue {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<PathBuf> for OptionValue {
    fn from(path: PathBuf) -> Self {
        Self::Path(path)
    }
}

impl From<bool> for OptionValue {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl fmt::Debug for BackendOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.given.iter().map(|(name, value)| (name, value))).finish()
    }
}

impl fmt::Debug for OptionValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(_) => f.write_str("***"),
            Self::Path(path) => path.fmt(f),
            Self::Flag(flag) => flag.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn l4_an_option_of_the_wrong_kind_is_named_and_its_value_is_not_shown() {
        let options = BackendOptions::default().with("token", "HUNTER2").with("tls_first", true);
        let refused = [
            options.flag("token").unwrap_err(),
            options.text("tls_first").unwrap_err(),
            options.path("tls_first").unwrap_err(),
        ];
        for (error, name) in refused.iter().zip(["token", "tls_first", "tls_first"]) {
            let text = error.to_string();
            assert!(text.contains(name) && !text.contains("HUNTER2"), "{text}");
        }
        assert_eq!(options.path("token").unwrap(), Some(Path::new("HUNTER2")));
        assert_eq!(options.text("user"), Ok(None));
        let again = options.with("token", "other");
        assert_eq!(again.names().collect::<Vec<_>>(), ["tls_first", "token"]);
    }
}
