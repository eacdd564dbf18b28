//! Calls whose caller went away. Writes happened or they did not, and watches know which; a connect
//! leaves everything as it was.

use slipstream::StoreConfig;
use slipstream::handle::{ConnectOptions, connect};
use slipstream::kv::{BatchLimit, WatchCursor};
use std::collections::BTreeMap;
use std::time::Duration;

#[tokio::test]
async fn w6_a_cancelled_write_is_seen_by_every_watch_if_it_happened() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("file:{}", folder.path().join("state.db").display());
    let session = connect(&url, ConnectOptions::default()).await.unwrap();
    let config = StoreConfig { name: "s".into(), ..StoreConfig::default() };
    let store = session.store(config).await.unwrap();
    let watch = store.watch(&[""], &WatchCursor::none()).unwrap();
    watch.synced().await.unwrap();

    for index in 0..300u64 {
        let key = format!("key.{index}");
        let write = store.put(&key, b"value", None);
        // Given up on somewhere between being queued and being answered.
        let _ = tokio::time::timeout(Duration::from_micros(index * 7), write).await;
    }
    // Written behind all that was queued.
    store.put("end", b"value", None).await.unwrap();

    let stored: BTreeMap<_, _> =
        store.scan("").await.unwrap().into_iter().map(|it| (it.key, it.version)).collect();
    assert!(stored.len() > 1, "the later writes had time enough");
    let mut seen = BTreeMap::new();
    let all = async {
        while seen.len() < stored.len() {
            let batch = watch.next_batch(BatchLimit::default()).await.unwrap().unwrap();
            seen.extend(batch.iter().map(|it| (it.key.to_owned(), it.version.clone())));
        }
    };
    tokio::time::timeout(Duration::from_secs(10), all).await.expect("a write was never told");
    assert_eq!(seen, stored);
}

/// Whether this process has let go of a file and what lies beside it.
#[cfg(target_os = "linux")]
fn is_closed(path: &std::path::Path) -> bool {
    let held = std::fs::read_dir("/proc/self/fd").unwrap();
    let mut held = held.filter_map(|it| std::fs::read_link(it.unwrap().path()).ok());
    !held.any(|name| name.to_string_lossy().starts_with(&*path.to_string_lossy()))
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn l6_a_connect_that_was_given_up_leaves_nothing_open() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().canonicalize().unwrap().join("state.db");
    let url = format!("file:{}", path.display());
    let first = connect(&url, ConnectOptions::default()).await.unwrap();
    // A write starts the thread that would keep the file open.
    let config = || StoreConfig { name: "s".into(), ..StoreConfig::default() };
    first.store(config()).await.unwrap().put("key", b"value", None).await.unwrap();
    // While it is being checked, other files wait.
    let large = format!("file:{}", folder.path().join("large.db").display());
    let session = connect(&large, ConnectOptions::default()).await.unwrap();
    let store = session.store(config()).await.unwrap();
    for index in 0..64 {
        store.put(&format!("key.{index}"), &vec![7; 1 << 20], None).await.unwrap();
    }
    session.close().await.unwrap();
    let mut given_up = 0;
    for _ in 0..20 {
        let slow = {
            let large = large.clone();
            tokio::spawn(async move { connect(&large, ConnectOptions::default()).await })
        };
        tokio::time::sleep(Duration::from_millis(2)).await;
        let options = ConnectOptions::default();
        match tokio::time::timeout(Duration::from_millis(2), connect(&url, options)).await {
            Ok(session) => session.unwrap().close().await.unwrap(),
            Err(_) => given_up += 1,
        }
        slow.await.unwrap().unwrap().close().await.unwrap();
    }
    // All of them, unless the machine is busy.
    assert!(given_up > 0);
    assert!(first.is_healthy());
    first.close().await.unwrap();
    let closed = async {
        while !is_closed(&path) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), closed).await.expect("it is still open");
    connect(&url, ConnectOptions::default()).await.unwrap().close().await.unwrap();
    assert!(is_closed(&path));
}
