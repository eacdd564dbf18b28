//! A store by somebody else, which implements only what the traits require, works through the
//! handles; what it lacks is a clear error.

mod journal;
mod ledger;
mod stuck;

use journal::JournalBackend;
use ledger::{LedgerConnection, LedgerStore};
use slipstream::backend::BackendOptions;
use slipstream::handle::{ConnectOptions, Failure, Selection, Session, Store, Watch, connect};
use slipstream::kv::{BatchLimit, UpdateBatch};
use slipstream::{
    Connection, KvError, KvPurge, KvReader, KvStore, KvTtl, KvUpdate, KvWatcher, KvWriter,
    StoreConfig, VersionToken, WatchCursor, register_backend,
};
use std::sync::{Arc, Once};
use std::time::Duration;
use stuck::StuckStore;

/// The most that anything here may take.
const PATIENCE: Duration = Duration::from_secs(10);

async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("an answer in time")
}

async fn ledger() -> (Session, Store) {
    let connection = Arc::new(LedgerConnection::default());
    let session = Session::new(connection, "ledger:", ConnectOptions::default());
    let config = StoreConfig { name: "books".into(), ..StoreConfig::default() };
    let store = session.store(config).await.expect("a store");
    (session, store)
}

async fn updates(watch: &Watch, count: usize) -> Vec<String> {
    let mut told = Vec::new();
    while told.len() < count {
        let batch = within(watch.next_batch(BatchLimit::default())).await.expect("no error");
        let batch: UpdateBatch = batch.expect("an update");
        told.extend(batch.into_updates().map(|update| match update {
            KvUpdate::Put(entry) => {
                format!("put {} {}", entry.key, String::from_utf8_lossy(&entry.value))
            }
            KvUpdate::Delete { key, .. } => format!("delete {key}"),
            KvUpdate::Purge { key, .. } => format!("purge {key}"),
        }));
    }
    told
}

#[tokio::test]
async fn every_trait_is_object_safe() {
    fn takes(_: Option<Arc<dyn KvReader>>, _: Option<Arc<dyn KvWatcher>>) {}
    fn takes_writers(
        _: Option<Arc<dyn KvWriter>>,
        _: Option<Arc<dyn KvTtl>>,
        _: Option<Arc<dyn KvPurge>>,
    ) {
    }
    let connection: Arc<dyn Connection> = Arc::new(LedgerConnection::default());
    let store: Arc<dyn KvStore> = connection.store("books").await.expect("a store");
    assert!(store.watcher().is_some() && store.writer().is_some());
    assert!(store.ttl_writer().is_none() && store.purge_writer().is_none());
    takes(Some(store.reader()), store.watcher());
    takes_writers(store.writer(), store.ttl_writer(), store.purge_writer());
}

#[tokio::test]
async fn reads_and_writes_go_through() {
    let (_session, store) = ledger().await;
    assert_eq!(store.name(), "books");
    let first = store.put("a", b"1", None).await.unwrap();
    let second = store.update("a", b"2", &first, None).await.unwrap();
    assert!(first.as_bytes() < second.as_bytes());
    let stale = store.update("a", b"3", &first, None).await.unwrap_err();
    assert_eq!(stale.error, KvError::RevisionMismatch);
    assert_eq!((stale.key.as_deref(), stale.store.as_deref()), (Some("a"), Some("books")));
    assert_eq!(store.create("a", b"x", None).await.unwrap_err().error, KvError::AlreadyExists);
    assert_eq!(store.get("a").await.unwrap().unwrap().value, b"2");
    assert_eq!(store.keys("").await.unwrap(), ["a"]);
    assert_eq!(store.scan("").await.unwrap()[0].version, second);
    assert!(store.delete("a").await.unwrap());
    assert!(store.get("a").await.unwrap().is_none());
    let tombstone = store.entry("a").await.unwrap().expect("a tombstone");
    assert!(tombstone.value.is_empty() && tombstone.version.as_bytes() > second.as_bytes());
    assert!(store.delete_with_version("a", &tombstone.version).await.unwrap());
}

#[tokio::test]
async fn arguments_are_checked_before_the_store_is_asked() {
    let (_session, store) = ledger().await;
    let refused = |failure: Failure| matches!(failure.error, KvError::InvalidArgument(_));
    assert!(refused(store.get("a b").await.unwrap_err()));
    assert!(refused(store.put("", b"x", None).await.unwrap_err()));
    assert!(refused(store.keys("*").await.unwrap_err()));
    assert!(refused(store.watch(&["*"], &WatchCursor::none()).unwrap_err()));
    assert!(store.keys("").await.unwrap().is_empty());
}

#[tokio::test]
async fn a_watch_is_read_through_the_channel() {
    let (_session, store) = ledger().await;
    store.put("a", b"1", None).await.unwrap();
    store.put("b", b"1", None).await.unwrap();
    let watch = store.watch(&["a", "c"], &WatchCursor::none()).unwrap();
    assert_eq!(updates(&watch, 1).await, ["put a 1"]);
    store.put("c", b"2", None).await.unwrap();
    store.put("b", b"2", None).await.unwrap();
    assert_eq!(updates(&watch, 1).await, ["put c 2"]);
    store.delete("a").await.unwrap();
    store.put("c", b"", None).await.unwrap();
    // An empty value is a deletion, whatever the store called it (R2).
    assert_eq!(updates(&watch, 2).await, ["delete a", "delete c"]);
    let newest = store.entry("c").await.unwrap().expect("a tombstone").version;
    assert_eq!(watch.cursor().version(), &newest);
}

#[tokio::test]
async fn s6_of_a_store_that_knows_only_prefixes_keys_are_watched_as_exactly() {
    let (_session, store) = ledger().await;
    for key in ["b", "bb", "a", "c.x", "c"] {
        store.put(key, b"1", None).await.unwrap();
    }
    let asked = |prefixes: &[&str], keys: &[&str]| {
        let owned = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
        let selection = Selection::new(Some(owned(prefixes)), Some(owned(keys)));
        store.watch(selection, &WatchCursor::none()).unwrap()
    };
    let single = asked(&[], &["b"]);
    let several = asked(&["c."], &["b", "c", "a*"]);
    assert_eq!(updates(&single, 1).await, ["put b 1"]);
    assert_eq!(updates(&several, 3).await, ["put b 1", "put c.x 1", "put c 1"]);
    for key in ["bb", "a", "b", "c"] {
        store.put(key, b"2", None).await.unwrap();
    }
    assert_eq!(updates(&single, 1).await, ["put b 2"]);
    assert_eq!(updates(&several, 2).await, ["put b 2", "put c 2"]);
}

#[tokio::test]
async fn a_cursor_without_resume_watches_in_full() {
    let (_session, store) = ledger().await;
    let version = store.put("a", b"1", None).await.unwrap();
    let watch = store.watch(&[""], &WatchCursor::from_version(version).enveloped()).unwrap();
    assert_eq!(updates(&watch, 1).await, ["put a 1"]);
}

#[tokio::test]
async fn the_end_of_a_watch_is_told() {
    let (session, store) = ledger().await;
    let none = store.watch(Selection::new(Some(Vec::new()), None), &WatchCursor::none()).unwrap();
    assert!(within(none.next_batch(BatchLimit::default())).await.unwrap().is_none());

    let watch = store.watch(&[""], &WatchCursor::none()).unwrap();
    let reading = {
        let watch = watch.clone();
        tokio::spawn(async move { watch.next_batch(BatchLimit::default()).await })
    };
    session.close().await.unwrap();
    let end = within(reading).await.unwrap().unwrap_err();
    assert_eq!(end.error, KvError::NotConnected);
    let again = within(watch.next_batch(BatchLimit::default())).await.unwrap_err();
    assert_eq!(again.error, KvError::NotConnected);
}

#[tokio::test]
async fn s9_a_watch_that_is_closed_or_dropped_ends_at_the_store() {
    let books = LedgerStore::new("books");
    let store = Store::new(Arc::new(books.clone()), PATIENCE);
    store.put("a", b"1", None).await.unwrap();
    let closed = store.watch(&[""], &WatchCursor::none()).unwrap();
    let dropped = store.watch(&[""], &WatchCursor::none()).unwrap();
    for watch in [&closed, &dropped] {
        assert_eq!(updates(watch, 1).await, ["put a 1"]);
    }
    assert_eq!(books.watching(), 2);
    within(closed.close()).await.unwrap();
    assert_eq!(books.watching(), 1);
    assert!(within(closed.next_batch(BatchLimit::default())).await.unwrap().is_none());
    drop(dropped);
    let ended = async {
        while books.watching() > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(1), ended).await.expect("no watch is left");
}

#[tokio::test]
async fn what_is_absent_is_a_clear_error() {
    let (session, store) = ledger().await;
    assert!(!session.capabilities().ttl && !session.capabilities().purge);
    let says = |failure: Failure, what: &str| {
        assert!(matches!(failure.error, KvError::OperationFailed(_)), "{failure:?}");
        assert!(failure.to_string().contains(what), "{failure}");
    };
    let ttl = Some(Duration::from_secs(1));
    says(store.put("a", b"x", ttl).await.unwrap_err(), "does not support ttl");
    says(store.create("a", b"x", ttl).await.unwrap_err(), "does not support ttl");
    let version = VersionToken::from_u64(1);
    says(store.update("a", b"x", &version, ttl).await.unwrap_err(), "does not support ttl");
    says(store.purge("a").await.unwrap_err(), "does not support purge");
    let watch = store.watch(&[""], &WatchCursor::none()).unwrap();
    says(within(watch.synced()).await.unwrap_err(), "first state");
    assert!(store.keys("").await.unwrap().is_empty());
}

#[tokio::test]
async fn a_store_that_can_only_be_read_says_so() {
    let store = Store::new(Arc::new(StuckStore::default()), Duration::from_secs(5));
    let says = |failure: Failure, what: &str| assert!(failure.to_string().contains(what));
    says(store.put("a", b"x", None).await.unwrap_err(), "does not support writes");
    says(store.delete("a").await.unwrap_err(), "does not support writes");
    says(store.watch(&[""], &WatchCursor::none()).unwrap_err(), "does not support watch");
}

#[tokio::test]
async fn l3_a_store_that_never_answers_ends_in_timeout() {
    let limit = Duration::from_millis(50);
    let store = Store::new(Arc::new(StuckStore::with_writes()), limit);
    let read = within(store.get("a")).await.unwrap_err();
    assert_eq!((read.error, read.outcome_unknown), (KvError::Timeout, false));
    let listed = within(store.scan("")).await.unwrap_err();
    assert_eq!(listed.error, KvError::Timeout);
    assert!(listed.error.retryable());
}

#[tokio::test]
async fn w6_a_write_without_an_answer_says_that_its_outcome_is_unknown() {
    let store = Store::new(Arc::new(StuckStore::with_writes()), Duration::from_millis(50));
    let version = VersionToken::from_u64(1);
    for lost in [
        within(store.put("a", b"x", None)).await.unwrap_err(),
        within(store.create("a", b"x", None)).await.unwrap_err(),
        within(store.update("a", b"x", &version, None)).await.unwrap_err(),
        within(store.delete("a")).await.unwrap_err(),
        within(store.delete_with_version("a", &version)).await.unwrap_err(),
    ] {
        assert_eq!(lost.error, KvError::Timeout);
        assert!(lost.outcome_unknown && lost.to_string().contains("unknown"), "{lost}");
    }
    assert_eq!(StuckStore::writes_asked(), 5, "nothing retries a write by itself");
}

/// Connects to a journal, with a backend that is registered once.
async fn journal(url: &str, backend: BackendOptions) -> Result<Session, Failure> {
    static REGISTERED: Once = Once::new();
    REGISTERED.call_once(|| register_backend(JournalBackend::default()).expect("a free scheme"));
    connect(url, ConnectOptions { backend, ..ConnectOptions::default() }).await
}

fn books() -> StoreConfig {
    StoreConfig { name: "books".into(), ..StoreConfig::default() }
}

#[tokio::test]
async fn l4_a_url_of_a_registered_backend_is_opened_through_the_handles() {
    let session = journal("journal:opened", BackendOptions::default()).await.unwrap();
    assert_eq!((session.url(), session.is_healthy()), ("journal:opened", true));
    let store = session.store(books()).await.unwrap();
    let version = store.put("a", b"1", None).await.unwrap();
    let watch = store.watch(&[""], &WatchCursor::none()).unwrap();
    within(watch.synced()).await.unwrap();
    assert_eq!(updates(&watch, 1).await, ["put a 1"]);
    assert_eq!(watch.cursor().version(), &version);
    session.close().await.unwrap();
    assert_eq!(store.get("a").await.unwrap_err().error, KvError::NotConnected);
}

#[tokio::test]
async fn l4_a_registered_backend_is_told_its_own_options_and_no_others() {
    let options = BackendOptions::default().with("shelf", "chosen").with("read_only", true);
    let reader = journal("journal:unused", options).await.unwrap();
    let writer = journal("journal:chosen", BackendOptions::default()).await.unwrap();
    writer.store(books()).await.unwrap().put("a", b"1", None).await.unwrap();
    let read = reader.store(books()).await.unwrap();
    assert_eq!(read.get("a").await.unwrap().unwrap().value, b"1");
    assert!(read.put("a", b"2", None).await.is_err());
    for (url, name, value, expected) in [
        ("journal:a", "token", "HUNTER2", "token is an option of connections to NATS; journal:"),
        ("memory:", "shelf", "HUNTER2", "shelf is an option of connections to journals; memory:"),
        ("memory:", "colour", "HUNTER2", "colour is an option of no connection"),
        ("journal:a", "read_only", "HUNTER2", "option read_only is not true or false"),
    ] {
        let options = BackendOptions::default().with(name, value);
        let refused = journal(url, options).await.unwrap_err();
        let text = refused.to_string();
        assert!(matches!(refused.error, KvError::InvalidArgument(_)), "{text}");
        assert!(text.contains(expected) && !text.contains("HUNTER2"), "{text}");
    }
}

#[tokio::test]
async fn l4_an_unknown_scheme_is_told_those_that_are_known() {
    drop(journal("journal:known", BackendOptions::default()).await.unwrap());
    let refused = journal("shelf:known", BackendOptions::default()).await.unwrap_err();
    let text = refused.to_string();
    assert!(text.contains("url scheme \"shelf\" is not known"), "{text}");
    assert!(text.contains("wss://HOST or journal:NAME"), "{text}");
}

#[tokio::test]
async fn l4_a_scheme_has_one_backend() {
    drop(journal("journal:one", BackendOptions::default()).await.unwrap());
    let again = register_backend(JournalBackend::default()).unwrap_err();
    assert!(again.to_string().contains("\"journal\" has a backend already"), "{again}");
}
