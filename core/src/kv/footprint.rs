//! What a watch keeps elsewhere, such as a consumer on a server, and how one learns that it is gone.

use super::KvError;
use tokio::sync::watch as signal;

/// A part of what a watch keeps elsewhere. Whoever keeps one holds a clone, and drops it when that
/// part is gone.
#[derive(Debug, Clone)]
pub struct Footprint {
    removed: signal::Sender<Result<(), KvError>>,
}

/// Tells when nothing is left of a [`Footprint`].
#[derive(Debug, Clone)]
pub struct Gone {
    removed: signal::Receiver<Result<(), KvError>>,
}

impl Footprint {
    /// The footprint of a watch that is being opened.
    pub fn new() -> Self {
        Self { removed: signal::Sender::new(Ok(())) }
    }

    /// Notes why a part stays.
    pub fn stays(&self, why: KvError) {
        let _ = self.removed.send_replace(Err(why));
    }

    /// Tells when every clone of this was dropped.
    pub fn gone(&self) -> Gone {
        Gone { removed: self.removed.subscribe() }
    }
}

impl Default for Footprint {
    fn default() -> Self {
        Self::new()
    }
}

impl Gone {
    /// Waits until nothing is left, or nothing more is done about what stays; an error says why.
    pub async fn wait(mut self) -> Result<(), KvError> {
        while self.removed.changed().await.is_ok() {}
        self.removed.borrow().clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    #[test]
    fn s9_a_watch_is_gone_with_the_last_part_of_it() {
        let footprint = Footprint::new();
        let (part, gone) = (footprint.clone(), footprint.gone());
        drop(footprint);
        assert_eq!(gone.clone().wait().now_or_never(), None);
        drop(part);
        assert_eq!(gone.clone().wait().now_or_never(), Some(Ok(())));
        assert_eq!(gone.wait().now_or_never(), Some(Ok(())));
    }

    #[test]
    fn s9_it_is_told_why_a_part_stays() {
        let footprint = Footprint::new();
        let gone = footprint.gone();
        footprint.clone().stays(KvError::Timeout);
        assert_eq!(gone.clone().wait().now_or_never(), None);
        drop(footprint);
        assert_eq!(gone.wait().now_or_never(), Some(Err(KvError::Timeout)));
    }
}
