//! The process that writes beside a measurement.

use crate::wire::Wire;
use crate::{Result, bucket, data};
use measure::now;
use std::io::stdin;

/// How many writes lie between two of the times that are told.
const STEP: usize = 1_000;

/// Another process that writes at full speed: says `ready`, waits for a line, writes every key of
/// the bucket once, and says as JSON when it began and when each thousand writes were acknowledged,
/// in seconds of the monotonic clock.
pub fn run() -> Result<()> {
    let mut wire = Wire::connect()?;
    // An answer says that the connection stands.
    wire.request("$JS.API.INFO", b"", 1)?;
    println!("ready");
    stdin().read_line(&mut String::new())?;
    let started = now().as_secs_f64();
    let mut acknowledged = Vec::with_capacity(data::KEYS / STEP);
    let mut count = 0;
    bucket::fill_and_tell(&mut wire, data::BUCKET, (0..data::KEYS).map(data::key), || {
        count += 1;
        if count % STEP == 0 {
            acknowledged.push(now().as_secs_f64());
        }
    })?;
    println!("{}", serde_json::json!({ "started": started, "acknowledged": acknowledged }));
    Ok(())
}
