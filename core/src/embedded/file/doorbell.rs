//! The doorbell: hears of changes that other processes make to the file.

use crate::embedded::alarm::{Alarm, LocalAlarm};
use crate::platform::notices::Notices;
use std::path::Path;
use std::time::Duration;

/// Hears of changes that other processes make to the file.
///
/// Where the kernel tells of every write to the file, waiting costs nothing. Elsewhere the file is
/// looked at every few milliseconds.
pub(super) struct Doorbell {
    notices: Option<Notices>,
    local: LocalAlarm,
}

/// How often the file is looked at where the kernel does not tell.
const POLL: Duration = Duration::from_millis(20);

impl Doorbell {
    pub(super) fn new(path: &Path) -> Self {
        let notices = Notices::of(path).unwrap_or_else(|error| {
            tracing::info!(%error, "no inotify to be had: the file is looked at instead");
            None
        });
        Self { notices, local: LocalAlarm::default() }
    }
}

impl Alarm for Doorbell {
    fn wait(&self, limit: Duration) {
        match &self.notices {
            Some(notices) => notices.wait(limit),
            None => self.local.wait(limit.min(POLL)),
        }
    }

    fn ring(&self) {
        match &self.notices {
            Some(notices) => notices.ring(),
            None => self.local.ring(),
        }
    }
}
