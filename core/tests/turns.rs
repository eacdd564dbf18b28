//! Whether reads of many keys let other tasks have their turn.

use slipstream::{Connection, EmbeddedConnection};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

/// The most keys that a store looks up without a break.
const AT_ONCE: usize = 8192;

#[tokio::test]
async fn r1_get_many_of_many_keys_lets_others_have_their_turn() {
    let connection = EmbeddedConnection::memory();
    connection.connect().await.unwrap();
    let store = connection.store("nodes").await.unwrap();
    store.writer().unwrap().put("key.0", b"value").await.unwrap();
    let reader = store.reader();
    for (count, ends_at_once) in [(10, true), (AT_ONCE, true), (AT_ONCE + 1, false)] {
        let keys: Vec<String> = (0..count).map(|index| format!("key.{index}")).collect();
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        let mut reading = pin!(reader.get_many(&keys));
        let first = poll_fn(|context| Poll::Ready(reading.as_mut().poll(context))).await;
        let found = match first {
            Poll::Ready(found) => {
                assert!(ends_at_once, "{count} keys were read without a break");
                found.unwrap()
            }
            Poll::Pending => {
                assert!(!ends_at_once, "{count} keys were read with a break");
                reading.await.unwrap()
            }
        };
        assert_eq!(found.iter().filter(|entry| entry.is_some()).count(), 1);
        assert_eq!(found.len(), count);
    }
}
