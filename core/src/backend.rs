//! A backend: what opens the connections behind a URL, found by the URL's scheme.
//!
//! This file imports no backend. `lib.rs` names those that come with the crate, and a program adds
//! its own with [`register_backend`](crate::register_backend).

mod options;

pub use options::{BackendOptions, ConnectOptions, OptionValue};

use crate::kv::KvError;
use crate::lock::RwLock;
use crate::store::Connection;
use std::sync::Arc;

/// Opens the connections of one or several URL schemes.
pub trait Backend: Send + Sync {
    /// The schemes of its URLs, without the colon.
    fn schemes(&self) -> &[&'static str];

    /// The forms that its URLs have, as an error lists them: `memory:, memory:NAME`.
    fn urls(&self) -> &str;

    /// Where its connections lead, as an error names it: `NATS`.
    fn title(&self) -> &str;

    /// The names of the [`BackendOptions`] that it understands. Others are refused before
    /// [`open`](Self::open).
    fn options(&self) -> &[&'static str] {
        &[]
    }

    /// The connection behind a URL of its schemes, not yet open.
    fn open(&self, url: &str, options: &ConnectOptions) -> Result<Arc<dyn Connection>, KvError>;

    /// A URL of its schemes as people may read it: without its password or token (L4).
    fn shown(&self, url: &str) -> String {
        without_login(url)
    }
}

/// The backends of this process.
pub(crate) struct Registry {
    backends: RwLock<Vec<Arc<dyn Backend>>>,
}

impl Registry {
    /// A registry with the backends that come with the crate.
    pub(crate) fn new(built_in: Vec<Arc<dyn Backend>>) -> Self {
        Self { backends: RwLock::new(built_in) }
    }

    /// Adds a backend, unless one of its schemes is malformed or has a backend already.
    pub(crate) fn add(&self, backend: Arc<dyn Backend>) -> Result<(), KvError> {
        let mut backends = self.backends.write();
        if backend.schemes().is_empty() {
            return Err(KvError::InvalidArgument("a backend needs a url scheme".into()));
        }
        for scheme in backend.schemes() {
            if !is_scheme(scheme) {
                return Err(KvError::InvalidArgument(format!("{scheme:?} is not a url scheme")));
            }
            if find(&backends, scheme).is_some() {
                return Err(KvError::InvalidArgument(format!(
                    "url scheme {scheme:?} has a backend already"
                )));
            }
        }
        backends.push(backend);
        Ok(())
    }

    /// The connection behind a URL, not yet open.
    pub(crate) fn open(
        &self,
        url: &str,
        options: &ConnectOptions,
    ) -> Result<Arc<dyn Connection>, KvError> {
        let scheme = url.split_once(':').map_or("", |(scheme, _)| scheme);
        let backend = {
            let backends = self.backends.read();
            let backend = find(&backends, scheme).ok_or_else(|| unknown(scheme, &backends))?;
            check_options(&options.backend, scheme, &*backend, &backends)?;
            backend
        };
        backend.open(url, options)
    }

    /// A URL of any scheme as people may read it: without its password or token (L4).
    pub(crate) fn shown(&self, url: &str) -> String {
        let scheme = url.split_once(':').map_or("", |(scheme, _)| scheme);
        let backend = find(&self.backends.read(), scheme);
        backend.map_or_else(|| without_login(url), |backend| backend.shown(url))
    }
}

fn find(backends: &[Arc<dyn Backend>], scheme: &str) -> Option<Arc<dyn Backend>> {
    backends.iter().find(|backend| backend.schemes().contains(&scheme)).cloned()
}

/// Refuses options that the backend of the URL does not understand.
fn check_options(
    given: &BackendOptions,
    scheme: &str,
    backend: &dyn Backend,
    backends: &[Arc<dyn Backend>],
) -> Result<(), KvError> {
    let Some(name) = given.names().find(|name| !backend.options().contains(name)) else {
        return Ok(());
    };
    let owner = backends.iter().find(|backend| backend.options().contains(&name));
    Err(KvError::InvalidArgument(match owner {
        Some(owner) => format!(
            "{name} is an option of connections to {}; {scheme}: has no such thing",
            owner.title()
        ),
        None => format!("{name} is an option of no connection"),
    }))
}

/// The URL without what stands before the `@` of its host.
fn without_login(url: &str) -> String {
    let after_login = |rest: &str| rest.rsplit_once('@').map(|(_, host)| host.to_owned());
    let parts = url.split_once(':').filter(|(_, rest)| rest.starts_with("//"));
    match parts.and_then(|(scheme, rest)| Some((scheme, after_login(rest)?))) {
        Some((scheme, host)) => format!("{scheme}://***@{host}"),
        None => url.to_owned(),
    }
}

/// The error for a scheme without a backend. The rest of the URL may hold a password, so only the
/// scheme is shown, if it is one.
fn unknown(scheme: &str, backends: &[Arc<dyn Backend>]) -> KvError {
    let shown = if is_scheme(scheme) { scheme } else { "" };
    let urls: Vec<&str> = backends.iter().map(|backend| backend.urls()).collect();
    let known = match urls.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => String::new(),
    };
    KvError::InvalidArgument(format!("url scheme {shown:?} is not known; use {known}"))
}

fn is_scheme(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|c| c.is_ascii_alphanumeric() || b"+-.".contains(&c))
}
