//! Checks whether a path can hold a store, before LMDB is asked, whose errors name no path.

use super::lock_file;
use crate::embedded::file::error::{cannot_open, denied, refused};
use crate::kv::KvError;
use crate::platform::network::network_of;
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
pub(in crate::embedded::file) fn check(path: &Path) -> Result<PathBuf, KvError> {
    let path = &resolve(path)?;
    let directory = path.parent().unwrap_or(path);
    match fs::metadata(path) {
        Ok(file) => check_kind(path, &file)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(cannot_open(path, &error.to_string())),
    }
    refuse_network(path, directory)?;
    let lock = lock_file::name(path);
    if let Ok(found) = lock.symlink_metadata() {
        lock_file::check(&lock, &found, path.metadata().ok().as_ref())?;
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

fn resolve(path: &Path) -> Result<PathBuf, KvError> {
    match fs::canonicalize(path) {
        Ok(path) => return Ok(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(refused(path, &error)),
    }
    if fs::symlink_metadata(path).is_ok() {
        return Err(cannot_open(path, "it is a symbolic link to nothing"));
    }
    let Some(name) = path.file_name() else {
        return Err(cannot_open(path, "it does not name a file"));
    };
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    match fs::canonicalize(directory) {
        Ok(directory) if directory.is_dir() => Ok(directory.join(name)),
        Ok(_) => Err(cannot_open(path, &format!("{} is not a directory", directory.display()))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(cannot_open(path, &format!("the directory {} does not exist", directory.display())))
        }
        Err(error) => Err(refused(path, &error)),
    }
}

/// Checks that it is a regular file with one name.
pub(in crate::embedded::file) fn check_kind(path: &Path, file: &Metadata) -> Result<(), KvError> {
    let kind = file.file_type();
    let instead = match () {
        () if kind.is_dir() => "a directory",
        () if kind.is_fifo() => "a named pipe",
        () if kind.is_socket() => "a socket",
        () if kind.is_block_device() || kind.is_char_device() => "a device",
        () if !kind.is_file() => "something unknown",
        () if file.nlink() > 1 => {
            return Err(cannot_open(
                path,
                "it has several hard links, and each would be locked apart",
            ));
        }
        () => return Ok(()),
    };
    Err(cannot_open(path, &format!("it is {instead}, not a file")))
}

/// A file that nobody may write counts as read-only for root too, whom no permission stops: it was
/// made so on purpose.
fn may_write(path: &Path, access: Access) -> Result<(), KvError> {
    let metadata = fs::metadata(path).map_err(|error| refused(path, &error))?;
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
        Err(error) => Err(cannot_open(path, &error.to_string())),
    }
}

/// Two machines on one network file system share neither the memory map nor, as a rule, the locks
/// that LMDB relies on: the file would be destroyed in silence.
fn refuse_network(path: &Path, directory: &Path) -> Result<(), KvError> {
    let place = if path.exists() { path } else { directory };
    match network_of(place).map_err(|error| cannot_open(place, &error.to_string()))? {
        Some(name) => Err(cannot_open(
            path,
            &format!("it is on {name}, where a file cannot be shared safely; use a local disk"),
        )),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::Permissions;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::os::unix::net::UnixListener;
    use std::process::Command;

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
        assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
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
}
