//! Writes whose caller went away: they happened or they did not, and watches know which.

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
