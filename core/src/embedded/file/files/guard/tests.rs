//! Who is refused a store that is guarded, and who is not.

use super::*;
use std::fs::hard_link;

fn refusal(path: &Path) -> String {
    match Guard::take(path) {
        Ok(_) => panic!("{} is not refused", path.display()),
        Err(refusal) => {
            assert_eq!(refusal.code(), "ConnectionFailed");
            refusal.to_string()
        }
    }
}

#[test]
fn l7_a_file_is_guarded_once_in_a_process() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let guard = Guard::take(&path).unwrap();
    assert!(refusal(&path).contains("another copy of slipstream"));
    drop(guard);
    drop(Guard::take(&path).unwrap());
}

#[test]
fn l7_data_with_another_lock_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let guard = Guard::take(&path).unwrap();
    // As another process would see it, which has another byte of its own.
    range_lock::give_back(&guard.data, byte(PROCESSES, own_number(guard.process))).unwrap();
    let moved = folder.path().join("moved.db");
    fs::rename(&path, &moved).unwrap();
    let refused = refusal(&moved);
    assert!(refused.contains("through another lock file"), "{refused}");
    assert!(!lock_file::name(&moved).exists(), "it has no use for a lock file");
    fs::rename(&moved, &path).unwrap();
    fs::remove_file(lock_file::name(&path)).unwrap();
    assert!(refusal(&path).contains("through another lock file"));
    fs::write(lock_file::name(&path), b"").unwrap();
    assert!(refusal(&path).contains("through another lock file"));
    drop(guard);
    drop(Guard::take(&path).unwrap());
}

#[test]
fn l7_a_lock_file_of_other_data_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let guard = Guard::take(&path).unwrap();
    fs::remove_file(&path).unwrap();
    let refused = refusal(&path);
    assert!(refused.contains("an earlier file of this name"), "{refused}");
    drop(guard);
    drop(Guard::take(&path).unwrap());
}

#[test]
fn l7_both_names_of_the_same_files_are_shared() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let guard = Guard::take(&path).unwrap();
    range_lock::give_back(&guard.data, byte(PROCESSES, own_number(guard.process))).unwrap();
    let second = Guard::take(&path).unwrap();
    assert_eq!(second.identity(), guard.identity());
}

#[test]
fn l7_hard_links_of_the_data_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    drop(Guard::take(&path).unwrap());
    hard_link(&path, folder.path().join("second.db")).unwrap();
    assert!(refusal(&path).contains("several hard links"));
}

#[test]
fn l7_what_happens_to_the_name_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let moved = folder.path().join("moved.db");
    let guard = Guard::take(&path).unwrap();
    let told = || guard.loss().map(|loss| loss.to_string()).unwrap_or_default();
    assert_eq!(told(), "");
    fs::rename(&path, &moved).unwrap();
    assert!(told().contains("moved to another place"), "{}", told());
    fs::write(&path, b"").unwrap();
    assert!(told().contains("replaced by another file"), "{}", told());
    fs::rename(&moved, &path).unwrap();
    assert_eq!(told(), "");
    fs::remove_file(&path).unwrap();
    assert!(told().contains("removed"), "{}", told());
}
