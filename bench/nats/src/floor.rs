//! The fastest that a bare socket does what a row measures.

use crate::Result;
use crate::wire::Wire;
use measure::VALUE;
use std::collections::{HashSet, VecDeque};

const REQUEST: u32 = 1;
const DELIVERY: u32 = 2;
const CREATED: &str = "_INBOX.bench.created";
const DELIVERED: &str = "_INBOX.bench.delivered";
const NAME: &str = "bench_floor";
/// The server answers for no more keys than 1,024 at once.
const BATCH: usize = 1_000;

/// Gets of the keys of a bucket, a request each, `in_flight` of them under way at any time.
pub fn get(wire: &mut Wire, bucket: &str, keys: &[String], in_flight: usize) -> Result<()> {
    const INBOX: &str = "_INBOX.bench.get";
    let prefix = format!("$JS.API.DIRECT.GET.KV_{bucket}.$KV.{bucket}.");
    wire.subscribe(INBOX, REQUEST);
    let mut left = keys.iter();
    for key in left.by_ref().take(in_flight) {
        wire.publish([&prefix, key], INBOX, b"");
    }
    for _ in keys {
        let message = wire.next()?;
        if message.payload.len() != VALUE.len() {
            return Err(format!("no value: {}", String::from_utf8_lossy(message.headers)).into());
        }
        if let Some(key) = left.next() {
            wire.publish([&prefix, key], INBOX, b"");
        }
    }
    wire.unsubscribe(REQUEST);
    Ok(())
}

/// The same keys, asked for in batches: two requests under way at any time, which share what is in
/// flight between them.
pub fn get_batches(wire: &mut Wire, bucket: &str, keys: &[String], in_flight: usize) -> Result<()> {
    const INBOX: &str = "_INBOX.bench.batch";
    const UNDER_WAY: usize = 2;
    let subject = format!("$JS.API.DIRECT.GET.KV_{bucket}");
    let mut batches = keys.chunks((in_flight / UNDER_WAY).clamp(1, BATCH));
    wire.subscribe(INBOX, REQUEST);
    let mut wanted = VecDeque::new();
    for batch in batches.by_ref().take(UNDER_WAY) {
        wanted.push_back(ask_for(wire, &subject, INBOX, bucket, batch)?);
    }
    while let Some(left) = wanted.front_mut() {
        match wire.next()?.payload.len() {
            0 if *left > 0 => return Err(format!("{left} values are missing").into()),
            0 => {
                wanted.pop_front();
                if let Some(batch) = batches.next() {
                    wanted.push_back(ask_for(wire, &subject, INBOX, bucket, batch)?);
                }
            }
            length if length == VALUE.len() && *left > 0 => *left -= 1,
            length => return Err(format!("{length} bytes that nobody asked for").into()),
        }
    }
    wire.unsubscribe(REQUEST);
    Ok(())
}

/// Asks for a batch of keys, and returns how many values are to come.
fn ask_for(
    wire: &mut Wire,
    subject: &str,
    inbox: &str,
    bucket: &str,
    keys: &[String],
) -> Result<usize> {
    let subjects: HashSet<_> = keys.iter().map(|key| format!("$KV.{bucket}.{key}")).collect();
    let request = serde_json::to_vec(&serde_json::json!({ "multi_last": subjects }))?;
    wire.publish([subject, ""], inbox, &request);
    Ok(subjects.len())
}

/// Puts of the value of the bench, `in_flight` of them under way at any time.
pub fn put(wire: &mut Wire, bucket: &str, keys: &[String], in_flight: usize) -> Result<()> {
    const INBOX: &str = "_INBOX.bench.put";
    let prefix = format!("$KV.{bucket}.");
    wire.subscribe(INBOX, REQUEST);
    let mut left = keys.iter();
    for key in left.by_ref().take(in_flight) {
        wire.publish([&prefix, key], INBOX, &VALUE);
    }
    for _ in keys {
        let answer = wire.next()?.payload;
        if memchr::memmem::find(answer, b"\"error\"").is_some() {
            return Err(format!("not written: {}", String::from_utf8_lossy(answer)).into());
        }
        if let Some(key) = left.next() {
            wire.publish([&prefix, key], INBOX, &VALUE);
        }
    }
    wire.unsubscribe(REQUEST);
    Ok(())
}

/// The last value of every key below `prefix`, counted off a push consumer that is made for it and
/// deleted after.
pub fn scan(wire: &mut Wire, bucket: &str, prefix: &str) -> Result<usize> {
    let config = serde_json::json!({
        "stream_name": format!("KV_{bucket}"),
        "action": "create",
        "config": {
            "name": NAME,
            "deliver_subject": DELIVERED,
            "deliver_policy": "last_per_subject",
            "ack_policy": "none",
            "filter_subject": format!("$KV.{bucket}.{prefix}>"),
            "mem_storage": true,
            "num_replicas": 1,
        },
    });
    let subject = format!("$JS.API.CONSUMER.CREATE.KV_{bucket}.{NAME}.$KV.{bucket}.{prefix}>");
    wire.subscribe(DELIVERED, DELIVERY);
    wire.subscribe(CREATED, REQUEST);
    wire.publish([&subject, ""], CREATED, config.to_string().as_bytes());
    // The first messages may come before the answer that says how many there are.
    let (mut expected, mut count) = (None, 0);
    while expected != Some(count) {
        let message = wire.next()?;
        match message.id {
            DELIVERY => count += 1,
            _ => expected = Some(pending(message.payload)?),
        }
    }
    wire.unsubscribe(REQUEST);
    wire.unsubscribe(DELIVERY);
    wire.request(&format!("$JS.API.CONSUMER.DELETE.KV_{bucket}.{NAME}"), b"", REQUEST)?;
    Ok(count)
}

/// How many messages a consumer had to deliver when it was made.
fn pending(answer: &[u8]) -> Result<usize> {
    let answer: serde_json::Value = serde_json::from_slice(answer)?;
    let delivered = answer["delivered"]["consumer_seq"].as_u64();
    let pending = answer["num_pending"].as_u64().zip(delivered).map(|(a, b)| (a + b) as usize);
    pending.ok_or_else(|| format!("no consumer: {answer}").into())
}
