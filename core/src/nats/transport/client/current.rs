//! The client of async-nats that a connection speaks through now.

use crate::lock::Mutex;
use async_nats::Client;
use std::sync::Arc;

/// The client in use. Another one follows where it ends.
pub(in crate::nats) struct Current(Mutex<Arc<Client>>);

impl Current {
    pub(in crate::nats) fn new(client: Client) -> Arc<Self> {
        Arc::new(Self(Mutex::new(Arc::new(client))))
    }

    pub(in crate::nats) fn get(&self) -> Arc<Client> {
        self.0.lock().clone()
    }

    /// An inbox nobody else has, up to its last token.
    pub(in crate::nats) fn new_inbox(&self) -> String {
        let mut inbox = self.get().new_inbox();
        inbox.push('.');
        inbox
    }

    /// True if the server is at least of this version. One whose version is not to be read is not.
    pub(in crate::nats) fn server_is(&self, major: u64, minor: u64) -> bool {
        version(&self.get().server_info().version) >= Some((major, minor))
    }

    pub(in crate::nats) fn replace(&self, client: Client) {
        *self.0.lock() = Arc::new(client);
    }
}

/// The first two numbers of a version. Not by async-nats, which panics over some.
fn version(text: &str) -> Option<(u64, u64)> {
    let mut numbers = text.trim_start_matches('v').split(['.', '-', '+']);
    let mut number = || numbers.next().and_then(|number| number.parse().ok());
    Some((number()?, number()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn x1_no_version_panics() {
        assert_eq!(version("2.11.3"), Some((2, 11)));
        assert_eq!(version("v2.15-RC.1"), Some((2, 15)));
        for text in ["", "2", "two.one", "99999999999999999999.1.1", "2.-1"] {
            assert_eq!(version(text), None, "{text:?}");
        }
        assert!(version("3.0.0") >= Some((2, 15)) && version("2.9.9") < Some((2, 10)));
    }
}
