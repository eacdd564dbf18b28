//! Single calls through a bare socket, for the rows that another language measures.

use crate::wire::Wire;
use crate::{Result, data, floor};
use measure::{Clock, Measured, report};

const CALLS: usize = 100_000;

/// What the server gives a bare socket in one round of a row that another language measures:
/// `operation` is `get` or `put`.
pub fn run(row: &str, round: usize, operation: &str, in_flight: usize) -> Result<()> {
    let mut wire = Wire::connect()?;
    let keys: Vec<_> = data::sample(CALLS, data::KEYS, round).map(data::key).collect();
    match operation {
        "get" => gets(&mut wire, row, round, &keys, in_flight),
        "put" => {
            let measured =
                timed(keys.len(), || floor::put(&mut wire, data::BUCKET, &keys, in_flight))?;
            report(row, "raw socket", round, &measured);
            Ok(())
        }
        _ => Err(format!("{operation} is neither get nor put").into()),
    }
}

/// Both ways to read: a request a key, and requests for many keys.
pub fn gets(
    wire: &mut Wire,
    row: &str,
    round: usize,
    keys: &[String],
    in_flight: usize,
) -> Result<()> {
    let single = timed(keys.len(), || floor::get(wire, data::BUCKET, keys, in_flight))?;
    report(row, "raw socket, a request a key", round, &single);
    let batches = timed(keys.len(), || floor::get_batches(wire, data::BUCKET, keys, in_flight))?;
    report(row, "raw socket, multi_last", round, &batches);
    Ok(())
}

fn timed(operations: usize, run: impl FnOnce() -> Result<()>) -> Result<Measured> {
    let clock = Clock::start();
    run()?;
    Ok(clock.stop(operations as u64))
}
