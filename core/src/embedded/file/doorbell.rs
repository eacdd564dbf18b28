use crate::embedded::alarm::{Alarm, LocalAlarm};
use std::path::Path;
use std::time::Duration;

/// Hears of changes that other processes make to the file.
///
/// On Linux the kernel tells of every write to the file (inotify), so waiting costs nothing. Where
/// that is not to be had the file is looked at every few milliseconds.
pub(super) struct Doorbell {
    #[cfg(target_os = "linux")]
    kernel: Option<kernel::Notices>,
    local: LocalAlarm,
}

/// How often the file is looked at where the kernel does not tell.
const POLL: Duration = Duration::from_millis(20);

impl Doorbell {
    pub(super) fn new(path: &Path) -> Self {
        #[cfg(target_os = "linux")]
        let kernel = kernel::Notices::of(path)
            .inspect_err(|error| {
                tracing::info!(%error, "no inotify to be had: the file is looked at instead");
            })
            .ok();
        #[cfg(not(target_os = "linux"))]
        let _ = path;
        Self {
            #[cfg(target_os = "linux")]
            kernel,
            local: LocalAlarm::default(),
        }
    }
}

impl Alarm for Doorbell {
    fn wait(&self, limit: Duration) {
        #[cfg(target_os = "linux")]
        if let Some(kernel) = &self.kernel {
            return kernel.wait(limit);
        }
        self.local.wait(limit.min(POLL));
    }

    fn ring(&self) {
        #[cfg(target_os = "linux")]
        if let Some(kernel) = &self.kernel {
            return kernel.ring();
        }
        self.local.ring();
    }
}

#[cfg(target_os = "linux")]
mod kernel {
    use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
    use rustix::fs::inotify;
    use rustix::io::{read, write};
    use std::os::fd::OwnedFd;
    use std::path::Path;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::Duration;

    /// The kernel's notices of writes to one file, and a bell of our own beside them.
    pub(super) struct Notices {
        writes: OwnedFd,
        own: OwnedFd,
        /// How often the file was looked at since the last notice.
        looks: AtomicU32,
    }

    /// A notice may come before the commit that it is of can be read, so the file is looked at again
    /// after a wait that doubles each time, this often.
    const LOOKS: u32 = 8;
    const FIRST_LOOK: Duration = Duration::from_micros(50);

    impl Notices {
        pub(super) fn of(path: &Path) -> rustix::io::Result<Self> {
            let flags = inotify::CreateFlags::CLOEXEC | inotify::CreateFlags::NONBLOCK;
            let writes = inotify::init(flags)?;
            inotify::add_watch(&writes, path, inotify::WatchFlags::MODIFY)?;
            let own = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
            Ok(Self { writes, own, looks: AtomicU32::new(LOOKS) })
        }

        pub(super) fn wait(&self, limit: Duration) {
            let looks = self.looks.load(Ordering::Relaxed);
            let limit = if looks < LOOKS { limit.min(FIRST_LOOK * 2u32.pow(looks)) } else { limit };
            let mut fds =
                [PollFd::new(&self.writes, PollFlags::IN), PollFd::new(&self.own, PollFlags::IN)];
            // A signal ends the wait early, which is allowed.
            let _ = poll(&mut fds, Timespec::try_from(limit).ok().as_ref());
            let told = !fds[0].revents().is_empty();
            let mut notices = [0; 4096];
            while read(&self.writes, &mut notices).is_ok_and(|n| n > 0) {}
            let _ = read(&self.own, &mut notices[..8]);
            let looks = if told { 0 } else { (looks + 1).min(LOOKS) };
            self.looks.store(looks, Ordering::Relaxed);
        }

        pub(super) fn ring(&self) {
            // A bell that is full is rung already.
            let _ = write(&self.own, &1u64.to_ne_bytes());
        }
    }
}
