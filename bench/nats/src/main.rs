//! The rows of NATS, on the server that `bench/run.py` starts: ours through the handles,
//! async-nats, and what the server gives a bare socket. Prints one JSON line a measurement.
//!
//! Usage: `nats fill`, which makes the bucket of all keys, then `nats ROW ROUNDS`. For the rows of
//! other languages, `nats floor ROW ROUND get|put IN_FLIGHT` measures a bare socket in one round,
//! and `nats write` is the other process that writes.
//!
//! Everything runs on one thread, as in the bridge of the other languages.

mod bucket;
mod calls;
mod data;
mod floor;
mod get;
mod latency;
mod ours;
mod peer;
mod resume;
mod scan;
mod server;
mod wire;
mod write;

use wire::Wire;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        match arguments[..] {
            ["fill"] => fill(),
            ["watch", who] => latency::watch(who).await,
            ["write"] => write::run(),
            ["floor", row, round, operation, in_flight] => {
                calls::run(row, round.parse()?, operation, in_flight.parse()?)
            }
            [row, rounds] => measure(row, rounds.parse()?).await,
            _ => Err("usage: nats fill, nats ROW ROUNDS, nats floor ..., or nats write".into()),
        }
    })
}

async fn measure(row: &str, rounds: usize) -> Result<()> {
    match row {
        "nats-get-64" => get::run(row, 64, rounds).await,
        "nats-get-1000" => get::run(row, 1_000, rounds).await,
        "nats-scan" => scan::all(row, rounds).await,
        "nats-scan-group" => scan::groups(row, rounds).await,
        "nats-resume" => resume::run(row, rounds).await,
        "nats-latency" => latency::run(row, rounds).await,
        _ => Err(format!("{row} is no row of this program").into()),
    }
}

fn fill() -> Result<()> {
    let mut wire = Wire::connect()?;
    bucket::create(&mut wire, data::BUCKET)?;
    bucket::fill(&mut wire, data::BUCKET, (0..data::KEYS).map(data::key))?;
    Ok(())
}
