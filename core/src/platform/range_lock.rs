//! Locks on bytes of a file that belong to an open file and not to a process.
//!
//! The older locks of POSIX, which LMDB takes, are dropped when the process closes any descriptor of
//! the file, as a backup or a check sum does. These hold until they are given back or the last
//! descriptor of the open file is closed, and exclude others within the process too. Both kinds
//! exclude each other. Linux has them, and macOS.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::fd::AsRawFd;

/// Who else may hold a lock on the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sharing {
    /// Other holders of a shared lock.
    Shared,
    /// Nobody else.
    Exclusive,
}

/// The holder of a lock on a byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holder {
    /// An open file.
    OpenFile,
    /// A process, by a lock of the older kind.
    Process(u32),
}

// The systems declare them in different widths.
const READ: libc::c_short = libc::F_RDLCK as libc::c_short;
const WRITE: libc::c_short = libc::F_WRLCK as libc::c_short;
const UNLOCK: libc::c_short = libc::F_UNLCK as libc::c_short;

/// Takes a lock without waiting. True if it was free.
pub(crate) fn take(file: &File, sharing: Sharing, bytes: Range<u64>) -> io::Result<bool> {
    let kind = match sharing {
        Sharing::Shared => READ,
        Sharing::Exclusive => WRITE,
    };
    match fcntl(file, libc::F_OFD_SETLK, kind, bytes) {
        Ok(_) => Ok(true),
        Err(error) if matches!(error.raw_os_error(), Some(libc::EAGAIN | libc::EACCES)) => {
            Ok(false)
        }
        Err(error) if error.raw_os_error() == Some(libc::EINVAL) => Err(io::Error::new(
            io::ErrorKind::Unsupported,
            "this system has no locks that belong to an open file, which keep two writers apart",
        )),
        Err(error) => Err(error),
    }
}

/// Gives locks back; bytes that were not locked are no error.
pub(crate) fn give_back(file: &File, bytes: Range<u64>) -> io::Result<()> {
    fcntl(file, libc::F_OFD_SETLK, UNLOCK, bytes).map(|_| ())
}

/// A holder of a lock on any of the bytes, other than this open file.
pub(crate) fn holder(file: &File, bytes: Range<u64>) -> io::Result<Option<Holder>> {
    if bytes.is_empty() {
        return Ok(None);
    }
    let found = fcntl(file, libc::F_OFD_GETLK, WRITE, bytes)?;
    Ok(match u32::try_from(found.l_pid) {
        _ if found.l_type == UNLOCK => None,
        Ok(process) if process > 0 => Some(Holder::Process(process)),
        _ => Some(Holder::OpenFile),
    })
}

/// Gives back the locks that this process holds by the older kind.
pub(crate) fn give_back_of_process(file: &File, bytes: Range<u64>) -> io::Result<()> {
    fcntl(file, libc::F_SETLK, UNLOCK, bytes).map(|_| ())
}

fn fcntl(
    file: &File,
    command: libc::c_int,
    kind: libc::c_short,
    bytes: Range<u64>,
) -> io::Result<libc::flock> {
    let offset = |at: u64| {
        libc::off_t::try_from(at).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))
    };
    let mut lock = libc::flock {
        l_type: kind,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: offset(bytes.start)?,
        l_len: offset(bytes.end - bytes.start)?,
        l_pid: 0,
    };
    loop {
        // SAFETY: the descriptor is open as long as the file is borrowed, and each of the commands
        // reads and writes one `flock`, which outlives the call.
        #[allow(unsafe_code)]
        let status = unsafe { libc::fcntl(file.as_raw_fd(), command, &raw mut lock) };
        if status != -1 {
            return Ok(lock);
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::OpenOptions;
    use std::path::Path;

    const FAR: Range<u64> = 1 << 61..(1 << 61) + 1;

    fn open(path: &Path) -> File {
        OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).unwrap()
    }

    #[test]
    fn l7_locks_of_open_files_exclude_each_other_and_outlast_a_close_beside_them() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let (one, other) = (open(&path), open(&path));
        assert!(take(&one, Sharing::Exclusive, FAR).unwrap());
        drop(open(&path));
        assert!(!take(&other, Sharing::Exclusive, FAR).unwrap());
        assert!(!take(&other, Sharing::Shared, FAR).unwrap());
        assert_eq!(holder(&other, 0..1 << 62).unwrap(), Some(Holder::OpenFile));
        assert_eq!(holder(&one, 0..1 << 62).unwrap(), None);
        give_back(&one, FAR).unwrap();
        assert!(take(&other, Sharing::Shared, FAR).unwrap());
        assert!(take(&one, Sharing::Shared, FAR).unwrap());
    }

    #[test]
    fn l7_a_lock_of_this_process_is_told_from_one_of_an_open_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = open(&folder.path().join("file"));
        let whole = rustix::fs::FlockOperation::NonBlockingLockExclusive;
        rustix::fs::fcntl_lock(&file, whole).unwrap();
        assert_eq!(holder(&file, 7..8).unwrap(), Some(Holder::Process(std::process::id())));
        give_back_of_process(&file, 7..8).unwrap();
        assert_eq!(holder(&file, 7..8).unwrap(), None);
        assert_eq!(holder(&file, 8..9).unwrap(), Some(Holder::Process(std::process::id())));
    }
}
