//! The kernel's notices of writes to a file: Linux has them.

#[cfg(target_os = "linux")]
pub(crate) use linux::Notices;

#[cfg(not(target_os = "linux"))]
pub(crate) use elsewhere::Notices;

#[cfg(target_os = "linux")]
mod linux {
    use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
    use rustix::fs::inotify;
    use rustix::io::{read, write};
    use std::io;
    use std::os::fd::OwnedFd;
    use std::path::Path;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::Duration;

    /// The kernel's notices of writes to one file, and a bell of our own beside them.
    pub(crate) struct Notices {
        writes: OwnedFd,
        own: OwnedFd,
        /// How often the file was looked at since the last notice.
        looks: AtomicU32,
    }

    /// A notice may come before its commit can be read, so the file is looked at again this often,
    /// after a wait that doubles each time.
    const LOOKS: u32 = 8;
    const FIRST_LOOK: Duration = Duration::from_micros(50);

    impl Notices {
        pub(crate) fn of(path: &Path) -> io::Result<Option<Self>> {
            let flags = inotify::CreateFlags::CLOEXEC | inotify::CreateFlags::NONBLOCK;
            let writes = inotify::init(flags)?;
            inotify::add_watch(&writes, path, inotify::WatchFlags::MODIFY)?;
            let own = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
            Ok(Some(Self { writes, own, looks: AtomicU32::new(LOOKS) }))
        }

        pub(crate) fn wait(&self, limit: Duration) {
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

        pub(crate) fn ring(&self) {
            // A bell that is full is rung already.
            let _ = write(&self.own, &1u64.to_ne_bytes());
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod elsewhere {
    use std::io;
    use std::path::Path;
    use std::time::Duration;

    /// This system has no notices.
    pub(crate) enum Notices {}

    impl Notices {
        pub(crate) fn of(_: &Path) -> io::Result<Option<Self>> {
            Ok(None)
        }

        pub(crate) fn wait(&self, _: Duration) {
            match *self {}
        }

        pub(crate) fn ring(&self) {
            match *self {}
        }
    }
}
