//! Buckets as slipstream makes them, made and filled through a bare socket.

use crate::Result;
use crate::wire::Wire;
use measure::VALUE;

/// Writes that are under way at once. The server holds a bounded queue for a stream.
const WINDOW: usize = 1_000;
const ID: u32 = 1;
const YEAR: u64 = 365 * 24 * 60 * 60 * 1_000_000_000;

/// Makes a bucket with one value a key, in a file, as ours has it.
pub fn create(wire: &mut Wire, name: &str) -> Result<()> {
    let config = serde_json::json!({
        "name": format!("KV_{name}"),
        "subjects": [format!("$KV.{name}.>")],
        "storage": "file",
        "num_replicas": 1,
        "max_msgs_per_subject": 1,
        "discard": "new",
        "deny_delete": true,
        "allow_direct": true,
        "allow_rollup_hdrs": true,
        "allow_msg_ttl": true,
        "subject_delete_marker_ttl": YEAR,
    });
    let subject = format!("$JS.API.STREAM.CREATE.KV_{name}");
    let answer = wire.request(&subject, config.to_string().as_bytes(), ID)?;
    let answer: serde_json::Value = serde_json::from_slice(&answer)?;
    match answer.get("error") {
        None => Ok(()),
        Some(error) => Err(format!("the bucket {name} was not made: {error}").into()),
    }
}

/// Writes the value of the bench under each key, and waits until the server has them all.
/// Returns the revision of the last.
pub fn fill(wire: &mut Wire, name: &str, keys: impl Iterator<Item = String>) -> Result<u64> {
    fill_and_tell(wire, name, keys, || ())
}

/// The same, and calls `written` after each acknowledgement.
pub fn fill_and_tell(
    wire: &mut Wire,
    name: &str,
    keys: impl Iterator<Item = String>,
    mut written: impl FnMut(),
) -> Result<u64> {
    const INBOX: &str = "_INBOX.bench.fill";
    let prefix = format!("$KV.{name}.");
    let (mut under_way, mut revision) = (0, 0);
    wire.subscribe(INBOX, ID);
    for key in keys {
        if under_way == WINDOW {
            revision = acknowledged(wire)?;
            written();
            under_way -= 1;
        }
        wire.publish([&prefix, &key], INBOX, &VALUE);
        under_way += 1;
    }
    for _ in 0..under_way {
        revision = acknowledged(wire)?;
        written();
    }
    wire.unsubscribe(ID);
    Ok(revision)
}

fn acknowledged(wire: &mut Wire) -> Result<u64> {
    let payload = wire.next()?.payload;
    let answer: serde_json::Value = serde_json::from_slice(payload)?;
    answer["seq"].as_u64().ok_or_else(|| format!("not written: {answer}").into())
}
