//! A store that is deleted in a file (R7): nothing of it is left, and its number is not used again.

use slipstream::handle::{ConnectOptions, Session, connect};
use slipstream::{KvError, StoreConfig};

async fn open(url: &str) -> Session {
    connect(url, ConnectOptions::default()).await.unwrap()
}

fn named(name: &str) -> StoreConfig {
    StoreConfig { name: name.to_owned(), ..StoreConfig::default() }
}

#[tokio::test]
async fn r7_a_store_with_more_rows_than_one_change_removes_is_deleted_with_all_of_them() {
    let directory = tempfile::tempdir().unwrap();
    let file = format!("file:{}", directory.path().join("a.db").display());
    for url in ["memory:", &file] {
        let session = open(url).await;
        let kept = session.store(named("kept")).await.unwrap();
        kept.put("a", b"x", None).await.unwrap();
        for round in 0..2 {
            let store = session.store(named("doomed")).await.unwrap();
            assert!(store.keys("").await.unwrap().is_empty(), "{url}: round {round}");
            let writes = (0..12_000).map(|index| {
                let store = store.clone();
                async move { store.put(&format!("k{index}"), b"x", None).await.unwrap() }
            });
            futures_util::future::join_all(writes).await;
            session.delete_store("doomed").await.unwrap();
            let gone = store.get("k1").await.unwrap_err();
            assert_eq!(gone.error, KvError::StoreNotFound);
        }
        assert_eq!(session.stores().await.unwrap(), ["kept"]);
        assert_eq!(kept.get("a").await.unwrap().unwrap().value, b"x");
        session.close().await.unwrap();
    }
}
