//! Can this path hold a store? Asked before LMDB is, whose answers name no path and no cause.

use super::files::check_lock;
use crate::kv::KvError;
use rustix::fs::{Access, AtFlags, CWD};
use rustix::io::Errno;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

/// Checks that `path` is, or can become, a store's file, and returns its one true name: absolute,
/// with symbolic links followed. Open the file by that name only: LMDB's lock file lies beside the
/// name that was opened, so two names of one file would be two locks, and two writers at once.
///
/// # Errors
/// `ConnectionFailed` for a missing parent directory, for anything but a regular file with one
/// name, and on a network file system; `PermissionDenied` where this user, or nobody, may write.
pub(crate) fn check(path: &Path) -> Result<PathBuf, KvError> {
    let path = &resolve(path)?;
    let directory = path.parent().unwrap_or(path);
    match fs::metadata(path) {
        Ok(file) => check_kind(path, &file)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(failed(path, &error.to_string())),
    }
    refuse_network(path, directory)?;
    let lock = lock_file(path);
    if let Ok(found) = lock.symlink_metadata() {
        check_lock(&lock, &found, path.metadata().ok().as_ref())?;
    }
    for file in [path, &lock] {
        if file.exists() {
            may_write(file, Access::READ_OK | Access::WRITE_OK)?;
        } else {
            may_write(directory, Access::WRITE_OK | Access::EXEC_OK)?;
        }
    }
    Ok(path.clone())
}

/// The file that LMDB keeps its locks in.
pub(crate) fn lock_file(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-lock");
    name.into()
}

fn resolve(path: &Path) -> Result<PathBuf, KvError> {
    match fs::canonicalize(path) {
        Ok(path) => return Ok(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(denied_or_failed(path, &error)),
    }
    if fs::symlink_metadata(path).is_ok() {
        return Err(failed(path, "it is a symbolic link to nothing"));
    }
    let Some(name) = path.file_name() else {
        return Err(failed(path, "it does not name a file"));
    };
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    match fs::canonicalize(directory) {
        Ok(directory) if directory.is_dir() => Ok(directory.join(name)),
        Ok(_) => Err(failed(path, &format!("{} is not a directory", directory.display()))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(failed(path, &format!("the directory {} does not exist", directory.display())))
        }
        Err(error) => Err(denied_or_failed(path, &error)),
    }
}

/// Checks that it is a regular file with one name.
pub(super) fn check_kind(path: &Path, file: &Metadata) -> Result<(), KvError> {
    let kind = file.file_type();
    let instead = match () {
        () if kind.is_dir() => "a directory",
        () if kind.is_fifo() => "a named pipe",
        () if kind.is_socket() => "a socket",
        () if kind.is_block_device() || kind.is_char_device() => "a device",
        () if !kind.is_file() => "something unknown",
        () if file.nlink() > 1 => {
            return Err(failed(path, "it has several hard links, and each would be locked apart"));
        }
        () => return Ok(()),
    };
    Err(failed(path, &format!("it is {instead}, not a file")))
}

/// A file that nobody may write counts as read-only for root too, whom no permission stops: it was
/// made so on purpose.
fn may_write(path: &Path, access: Access) -> Result<(), KvError> {
    let metadata = fs::metadata(path).map_err(|error| denied_or_failed(path, &error))?;
    if metadata.mode() & 0o222 == 0 {
        return Err(denied(
            path,
            &format!("it is read-only (mode {:04o})", metadata.mode() & 0o7777),
        ));
    }
    match rustix::fs::accessat(CWD, path, access, AtFlags::EACCESS) {
        Ok(()) => Ok(()),
        Err(Errno::ROFS) => Err(denied(path, "its file system is read-only")),
        Err(Errno::ACCESS | Errno::PERM) => Err(denied(path, "this user may not write there")),
        Err(error) => Err(failed(path, &error.to_string())),
    }
}

/// Two machines on one network file system share neither the memory map nor, as a rule, the locks
/// that LMDB relies on: the file would be destroyed in silence.
#[cfg(target_os = "linux")]
fn refuse_network(path: &Path, directory: &Path) -> Result<(), KvError> {
    let place = if path.exists() { path } else { directory };
    let system = rustix::fs::statfs(place).map_err(|error| failed(place, &error.to_string()))?;
    match network(system.f_type as u64 & 0xFFFF_FFFF) {
        Some(name) => Err(failed(
            path,
            &format!("it is on {name}, where a file cannot be shared safely; use a local disk"),
        )),
        None => Ok(()),
    }
}

/// macOS says of each file system whether it is on this machine.
#[cfg(target_vendor = "apple")]
fn refuse_network(path: &Path, directory: &Path) -> Result<(), KvError> {
    let place = if path.exists() { path } else { directory };
    let system = rustix::fs::statfs(place).map_err(|error| failed(place, &error.to_string()))?;
    if system.f_flags & libc::MNT_LOCAL as u32 == 0 {
        return Err(failed(
            path,
            "it is on a network file system, where a file cannot be shared safely; use a local disk",
        ));
    }
    Ok(())
}

#[cfg(not(any(target_os = "linux", target_vendor = "apple")))]
fn refuse_network(_path: &Path, _directory: &Path) -> Result<(), KvError> {
    Ok(())
}

/// The name of a file system whose files may be shared with another machine, by its number in
/// `statfs`. FUSE is refused as a whole: from outside, sshfs looks like any other of its kind.
#[cfg(any(target_os = "linux", test))]
fn network(magic: u64) -> Option<&'static str> {
    Some(match magic {
        0x6969 => "NFS",
        0x517B | 0xFF53_4D42 | 0xFE53_4D42 => "SMB",
        0x0102_1997 => "9P",
        0x5346_414F | 0x6B41_4653 => "AFS",
        0x7375_7245 => "Coda",
        0x00C3_6400 => "Ceph",
        0x0BD0_0BD0 => "Lustre",
        0x4750_4653 => "GPFS",
        0x1983_0326 => "BeeGFS",
        0x0116_1970 => "GFS2",
        0x7461_636F => "OCFS2",
        0x786F_4256 => "a VirtualBox shared folder",
        0xBACB_ACBC => "a VMware shared folder",
        0x6573_5546 => "FUSE",
        _ => return None,
    })
}

fn denied_or_failed(path: &Path, error: &io::Error) -> KvError {
    match error.kind() {
        io::ErrorKind::PermissionDenied => denied(path, &error.to_string()),
        _ => failed(path, &error.to_string()),
    }
}

fn denied(path: &Path, why: &str) -> KvError {
    KvError::PermissionDenied(format!("{} cannot be opened: {why}", path.display()))
}

pub(super) fn failed(path: &Path, why: &str) -> KvError {
    KvError::ConnectionFailed(format!("{} cannot be opened: {why}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::Permissions;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::os::unix::net::UnixListener;

    fn refusal(path: &Path) -> KvError {
        check(path).expect_err("the path is refused")
    }

    #[test]
    fn a_missing_file_in_a_directory_is_a_new_store() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.db");
        let root = folder.path().canonicalize().unwrap();
        assert_eq!(check(&path).unwrap(), root.join("state.db"));
        assert!(!path.exists());
    }

    #[test]
    fn a_bare_name_is_in_the_current_directory() {
        let here = std::env::current_dir().unwrap().canonicalize().unwrap();
        assert_eq!(check(Path::new("no-such-store.db")).unwrap(), here.join("no-such-store.db"));
    }

    #[test]
    fn links_lead_to_one_name() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("state.db");
        fs::write(&file, b"").unwrap();
        let link = folder.path().join("link.db");
        symlink(&file, &link).unwrap();
        assert_eq!(check(&link).unwrap(), check(&file).unwrap());

        let dangling = folder.path().join("dangling.db");
        symlink(folder.path().join("gone.db"), &dangling).unwrap();
        assert!(refusal(&dangling).to_string().contains("a symbolic link to nothing"));

        fs::hard_link(&file, folder.path().join("second.db")).unwrap();
        assert!(refusal(&file).to_string().contains("hard links"));
    }

    #[test]
    fn what_is_not_a_file_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("socket");
        let _listener = UnixListener::bind(&socket).unwrap();
        let fifo = folder.path().join("fifo");
        rustix::fs::mkfifoat(CWD, &fifo, rustix::fs::Mode::RUSR).unwrap();
        let cases = [
            (folder.path(), "it is a directory"),
            (&socket, "it is a socket"),
            (&fifo, "it is a named pipe"),
            (Path::new("/dev/null"), "it is a device"),
        ];
        for (path, why) in cases {
            let refusal = refusal(path);
            assert_eq!(refusal.code(), "ConnectionFailed");
            assert!(refusal.to_string().contains(why), "{refusal}");
            assert!(refusal.to_string().contains(&path.display().to_string()), "{refusal}");
        }
    }

    #[test]
    fn a_missing_parent_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let gone = folder.path().join("gone");
        let refusal_of_gone = refusal(&gone.join("state.db"));
        assert_eq!(refusal_of_gone.code(), "ConnectionFailed");
        let expected = format!("the directory {} does not exist", gone.display());
        assert!(refusal_of_gone.to_string().contains(&expected), "{refusal_of_gone}");

        fs::write(&gone, b"").unwrap();
        let below_a_file = refusal(&gone.join("state.db"));
        assert_eq!(below_a_file.code(), "ConnectionFailed");
    }

    #[test]
    fn a_read_only_file_is_denied_to_root_too() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.db");
        fs::write(&path, b"").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o444)).unwrap();
        let refusal = refusal(&path);
        assert_eq!(refusal.code(), "PermissionDenied");
        assert!(refusal.to_string().contains("read-only (mode 0444)"), "{refusal}");
    }

    #[test]
    fn network_file_systems_are_known_by_their_numbers() {
        assert_eq!(network(0x6969), Some("NFS"));
        assert_eq!(network(0xFF53_4D42), Some("SMB"));
        assert_eq!(network(0x6573_5546), Some("FUSE"));
        let local =
            [0xEF53 /* ext */, 0x0102_1994 /* tmpfs */, 0x9123_683E /* btrfs */];
        assert!(local.iter().all(|&magic| network(magic).is_none()));
    }
}
