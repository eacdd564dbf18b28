//! Compaction by count: what it may sweep, and whom it expires.

use slipstream::StoreConfig;
use slipstream::handle::{ConnectOptions, Store, connect};
use slipstream::kv::{BatchLimit, KvError, WatchCursor};

/// More removals than any store keeps beside fewer live keys.
const MANY: usize = 70_000;

async fn store() -> Store {
    let session = connect("memory:", ConnectOptions::default()).await.unwrap();
    session.store(StoreConfig { name: "s".into(), ..StoreConfig::default() }).await.unwrap()
}

async fn put_and_delete(store: &Store, count: usize) {
    for index in 0..count {
        let key = format!("gone.{index}");
        store.put(&key, b"x", None).await.unwrap();
        store.delete(&key).await.unwrap();
    }
}

#[tokio::test]
async fn s5_sweeping_removals_expires_the_cursors_before_them_and_no_other() {
    let store = store().await;
    store.put("kept", b"1", None).await.unwrap();
    let before = store.watch(&[""], &WatchCursor::none()).unwrap();
    before.next_batch(BatchLimit::default()).await.unwrap().unwrap();
    let old = before.cursor();

    put_and_delete(&store, MANY).await;

    let late = store.watch(&[""], &old).unwrap();
    let error = late.next_batch(BatchLimit::default()).await.unwrap_err().error;
    assert_eq!(error, KvError::CursorExpired);

    // A fresh watch knows nothing that was removed, so it starts with what is there.
    let fresh = store.watch(&[""], &WatchCursor::none()).unwrap();
    let first = fresh.next_batch(BatchLimit { items: 1, bytes: 1 }).await.unwrap().unwrap();
    assert_eq!(first.get(0).unwrap().key, "kept");

    // Swept tombstones are no longer shown (R3), the newest are.
    assert!(store.entry("gone.0").await.unwrap().is_none());
    assert!(store.entry(&format!("gone.{}", MANY - 1)).await.unwrap().is_some());
}

#[tokio::test]
async fn s5b_a_reader_that_stood_still_is_told_of_the_gap_after_what_it_had_read() {
    let store = store().await;
    for key in ["a", "b", "c"] {
        store.put(key, b"1", None).await.unwrap();
    }
    for prefixes in [&[""][..], &["a", "b", "c"]] {
        let watch = store.watch(prefixes, &WatchCursor::none()).unwrap();
        let one = BatchLimit { items: 1, bytes: 1 };
        assert_eq!(watch.next_batch(one).await.unwrap().unwrap().len(), 1);
        put_and_delete(&store, MANY).await;
        let error = watch.next_batch(one).await.unwrap_err().error;
        assert_eq!(error, KvError::CursorExpired);
    }
}

#[tokio::test]
async fn s5_overwriting_one_key_many_times_expires_nobody() {
    let store = store().await;
    let first = store.put("busy", b"0", None).await.unwrap();
    let cursor = WatchCursor::from_version(first).enveloped();
    for index in 0..MANY {
        store.put("busy", index.to_string().as_bytes(), None).await.unwrap();
    }
    let watch = store.watch(&[""], &cursor).unwrap();
    let batch = watch.next_batch(BatchLimit::default()).await.unwrap().unwrap();
    let last = (MANY - 1).to_string();
    assert_eq!(batch.len(), 1, "only the last state of a key is kept");
    assert_eq!(batch.get(0).unwrap().value, last.as_bytes());
}
