//! Reads that wait at the same time and are asked for in one request.

use crate::place::Place;
use crate::tap::Tap;
use futures_util::future::join_all;
use serde_json::Map;
use slipstream::{Connection, KvEntry, KvError, KvStore, NatsConnection, VersionToken};
use std::sync::Arc;
use std::time::Duration;

const KEYS: usize = 300;
const PATIENCE: Duration = Duration::from_secs(20);

type Answer = Result<Option<(String, Vec<u8>, VersionToken)>, KvError>;

fn key(number: usize) -> String {
    format!("node.{number}")
}

async fn filled(connection: &NatsConnection) -> Arc<dyn KvStore> {
    connection.connect().await.unwrap();
    let store = connection.store("nodes").await.unwrap();
    let writer = store.writer().unwrap();
    for number in 0..KEYS {
        writer.put(&key(number), key(number).as_bytes()).await.unwrap();
    }
    store
}

async fn alone(store: &Arc<dyn KvStore>, key: &str) -> Answer {
    store.reader().get(key).await.map(plain)
}

/// All of these keys at the same time.
async fn together(store: &Arc<dyn KvStore>, keys: &[String]) -> Vec<Answer> {
    let reads = join_all(keys.iter().map(|key| alone(store, key)));
    tokio::time::timeout(PATIENCE, reads).await.expect("every read has an end")
}

fn plain(entry: Option<KvEntry>) -> Option<(String, Vec<u8>, VersionToken)> {
    entry.map(|entry| (entry.key, entry.value, entry.version))
}

fn all_keys() -> Vec<String> {
    (0..KEYS).map(key).collect()
}

fn is_whole(keys: &[String], answers: &[Answer]) {
    for (key, answer) in keys.iter().zip(answers) {
        let (found, value, _) = answer.as_ref().unwrap().as_ref().unwrap();
        assert_eq!((found, value.as_slice()), (key, key.as_bytes()));
    }
}

#[tokio::test]
async fn r1_reads_at_the_same_time_are_few_requests_and_each_has_its_own_answer() {
    let place = Place::fresh().await.unwrap();
    let tap = Tap::of(&place.urls["server"]);
    let connection = NatsConnection::builder(&tap.url).build();
    let store = filled(&connection).await;
    store.writer().unwrap().delete(&key(1)).await.unwrap();
    store.purge_writer().unwrap().purge(&key(2)).await.unwrap();
    let gone = [key(1), key(2), "absent".to_owned()];
    let twice = [key(3), key(3), key(KEYS - 1)];
    let keys: Vec<String> = all_keys().into_iter().chain(gone.clone()).chain(twice).collect();
    // From when the connection for requests is open.
    let gathered = async {
        loop {
            let before = tap.reads();
            let answers = together(&store, &keys).await;
            if (1..KEYS / 10).contains(&(tap.reads() - before)) {
                return answers;
            }
        }
    };
    let gathered = tokio::time::timeout(PATIENCE, gathered);
    let answers = gathered.await.expect("reads at the same time are few requests");
    for (key, answer) in keys.iter().zip(answers) {
        assert_eq!(answer, alone(&store, key).await, "{key}");
        assert_eq!(answer.unwrap().is_none(), gone.contains(key), "{key}");
    }
}

#[tokio::test]
async fn r3_tombstones_are_read_together_as_they_are_alone() {
    let place = Place::fresh().await.unwrap();
    let connection = NatsConnection::builder(&place.urls["server"]).build();
    let store = filled(&connection).await;
    for number in 0..KEYS / 2 {
        store.writer().unwrap().delete(&key(number)).await.unwrap();
    }
    let (reader, keys) = (store.reader(), all_keys());
    for (key, entry) in keys.iter().zip(join_all(keys.iter().map(|key| reader.entry(key))).await) {
        let entry = entry.map(plain);
        assert_eq!(entry, reader.entry(key).await.map(plain), "{key}");
        assert!(entry.unwrap().is_some(), "{key}");
    }
}

#[tokio::test]
async fn r5_a_read_sees_the_write_before_it_whoever_reads_at_the_same_time() {
    let place = Place::fresh().await.unwrap();
    let connection = NatsConnection::builder(&place.urls["server"]).build();
    connection.connect().await.unwrap();
    let store = connection.store("nodes").await.unwrap();
    let (writer, reader) = (store.writer().unwrap(), store.reader());
    let callers = (0..64).map(|number| {
        let (writer, reader) = (writer.clone(), reader.clone());
        async move {
            for _ in 0..50 {
                let version = writer.put(&key(number), b"1").await.unwrap();
                let entry = reader.get(&key(number)).await.unwrap().unwrap();
                assert_eq!(entry.version, version);
            }
        }
    });
    join_all(callers).await;
}

#[tokio::test]
async fn one_who_may_not_ask_for_many_keys_at_once_is_answered_for_each() {
    let place = Place::fresh().await.unwrap();
    let anyone = NatsConnection::builder(&place.urls["server"]).build();
    let store = filled(&anyone).await;
    store.writer().unwrap().put("locked.a", b"1").await.unwrap();
    let single = NatsConnection::builder(&place.urls["server"]).user("single", "pass").build();
    single.connect().await.unwrap();
    let store = single.store("nodes").await.unwrap();
    for _ in 0..2 {
        let mut keys = all_keys();
        is_whole(&keys, &together(&store, &keys).await);
        keys.push("locked.a".into());
        let denied = together(&store, &keys).await.pop();
        assert!(matches!(denied, Some(Err(KvError::PermissionDenied(_)))), "{denied:?}");
    }
}

#[tokio::test]
async fn every_read_of_a_deleted_store_is_told_so() {
    let place = Place::fresh().await.unwrap();
    let connection = NatsConnection::builder(&place.urls["server"]).build();
    let store = filled(&connection).await;
    place.call("delete_stores", &Map::new()).await.unwrap();
    let expected = alone(&store, &key(0)).await;
    assert!(expected.is_err());
    for answer in together(&store, &all_keys()).await {
        assert_eq!(answer, expected);
    }
}

#[tokio::test]
async fn s7_reads_whose_answers_are_cut_off_are_asked_again() {
    let place = Place::fresh().await.unwrap();
    let connection = NatsConnection::builder(&place.urls["proxy"]).build();
    let store = filled(&connection).await;
    for _ in 0..3 {
        place.call("mute", &Map::new()).await.unwrap();
        let keys = all_keys();
        let (answers, ()) = tokio::join!(together(&store, &keys), async {
            place.call("cut", &Map::new()).await.unwrap();
            place.call("forward", &Map::new()).await.unwrap();
        });
        is_whole(&keys, &answers);
    }
}

#[tokio::test]
async fn reads_that_are_given_up_leave_the_others_their_answers() {
    let place = Place::fresh().await.unwrap();
    let connection = NatsConnection::builder(&place.urls["proxy"]).build();
    let store = filled(&connection).await;
    place.call("mute", &Map::new()).await.unwrap();
    let reads: Vec<_> = all_keys()
        .into_iter()
        .map(|key| {
            let store = store.clone();
            tokio::spawn(async move { alone(&store, &key).await })
        })
        .collect();
    tokio::task::yield_now().await;
    // The first of them among these, which the others were gathered by.
    reads.iter().step_by(2).for_each(|read| read.abort());
    place.call("forward", &Map::new()).await.unwrap();
    for (number, read) in reads.into_iter().enumerate().skip(1).step_by(2) {
        let answer = tokio::time::timeout(PATIENCE, read).await.unwrap().unwrap();
        is_whole(&[key(number)], &[answer]);
    }
    is_whole(&all_keys(), &together(&store, &all_keys()).await);
}

#[tokio::test]
async fn l5_reads_together_after_the_end_are_not_connected() {
    let place = Place::fresh().await.unwrap();
    let connection = NatsConnection::builder(&place.urls["server"]).build();
    let store = filled(&connection).await;
    connection.shutdown().await.unwrap();
    for answer in together(&store, &all_keys()).await {
        assert_eq!(answer, Err(KvError::NotConnected));
    }
}
