//! What earlier versions left behind is read by this one (contract rule U1): one fixture a format.
//!
//! `core/tests/formats/README.md` says what each fixture holds and how a new one is made.

use slipstream::StoreConfig;
use slipstream::handle::{ConnectOptions, Session, Store, connect};
use slipstream::kv::{BatchLimit, KvRecord, PurgeReason, UpdateKind, WatchCursor};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Where the fixtures are.
const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/formats");
/// A century: what is written into a fixture ends after those who read it.
const CENTURY: Duration = Duration::from_secs(36_500 * 86_400);
/// Where a new fixture is put, if one is to be made.
const NEW: &str = "SLIPSTREAM_NEW_FIXTURE";

async fn open(path: &Path) -> Session {
    let url = format!("file:{}", path.display());
    connect(&url, ConnectOptions::default()).await.unwrap()
}

async fn store(session: &Session, name: &str) -> Store {
    session.store(StoreConfig { name: name.into(), ..StoreConfig::default() }).await.unwrap()
}

/// Writes one record of each kind, and answers the cursor after the first.
async fn write(session: &Session) -> WatchCursor {
    let nodes = store(session, "nodes").await;
    nodes.put("a", b"1", None).await.unwrap();
    let watch = nodes.watch(&[""], &WatchCursor::none()).unwrap();
    watch.next_batch(BatchLimit::default()).await.unwrap().unwrap();
    let cursor = watch.cursor();
    watch.close().await.unwrap();
    nodes.put("empty", b"", None).await.unwrap();
    nodes.put("ends", b"late", Some(CENTURY)).await.unwrap();
    for key in ["deleted", "purged"] {
        nodes.put(key, b"x", None).await.unwrap();
    }
    nodes.delete("deleted").await.unwrap();
    nodes.purge("purged").await.unwrap();
    let limits = StoreConfig {
        name: "limited".into(),
        max_history: Some(5),
        max_age: Some(CENTURY),
        max_bytes: Some(1 << 20),
        ..StoreConfig::default()
    };
    session.store(limits).await.unwrap().put("b", b"2", None).await.unwrap();
    cursor
}

fn seen(record: &KvRecord) -> (&str, &[u8], Option<u64>) {
    (&record.key, &record.value, record.version.as_u64())
}

/// Reads what `write` wrote.
async fn check(session: &Session, cursor: &WatchCursor) {
    let nodes = store(session, "nodes").await;
    let live = nodes.scan("").await.unwrap();
    let told: Vec<_> = live.iter().map(seen).collect();
    assert_eq!(
        told,
        [("a", &b"1"[..], Some(1)), ("empty", b"", Some(2)), ("ends", b"late", Some(3))]
    );
    assert!(live[2].expires_at.unwrap() > SystemTime::now());
    let deleted = nodes.entry("deleted").await.unwrap().expect("a tombstone");
    assert!(deleted.deleted && deleted.version.as_u64() == Some(6));
    assert!(nodes.entry("purged").await.unwrap().is_none());
    let limited = store(session, "limited").await;
    assert_eq!(seen(&limited.get("b").await.unwrap().unwrap()), ("b", &b"2"[..], Some(1)));
    let told = [
        ("empty", UpdateKind::Put),
        ("ends", UpdateKind::Put),
        ("deleted", UpdateKind::Delete),
        ("purged", UpdateKind::Purge(PurgeReason::Purged)),
    ];
    assert_eq!(resumed(&nodes, cursor).await, told.map(|(key, kind)| (key.to_owned(), kind)));
    assert_eq!(nodes.put("next", b"1", None).await.unwrap().as_u64(), Some(8));
}

/// What a watch from `cursor` on tells first.
async fn resumed(nodes: &Store, cursor: &WatchCursor) -> Vec<(String, UpdateKind)> {
    let watch = nodes.watch(&[""], cursor).unwrap();
    let mut keys = Vec::new();
    while keys.len() < 4 {
        let batch = watch.next_batch(BatchLimit::default()).await.unwrap().unwrap();
        for update in batch.iter() {
            keys.push((update.key.to_owned(), update.kind));
        }
    }
    keys
}

#[tokio::test]
async fn u1_what_this_version_writes_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file.db");
    let session = open(&path).await;
    let cursor = write(&session).await;
    session.close().await.unwrap();
    if let Some(kept) = std::env::var_os(NEW).map(PathBuf::from) {
        fs::copy(&path, &kept).unwrap();
        fs::write(kept.with_extension("cursor"), cursor.to_bytes()).unwrap();
    }
    check(&open(&path).await, &cursor).await;
}

#[tokio::test]
async fn u1_a_file_and_a_cursor_of_every_format_are_read() {
    for fixture in ["file-1.db"] {
        let kept = Path::new(FIXTURES).join(fixture);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(fixture);
        fs::copy(&kept, &path).unwrap();
        let bytes = fs::read(kept.with_extension("cursor")).unwrap();
        let cursor = WatchCursor::from_bytes(&bytes).expect("a cursor");
        assert_eq!(cursor.as_u64(), Some(1));
        check(&open(&path).await, &cursor).await;
    }
}
