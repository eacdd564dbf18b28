//! Durable puts on one file: ours with 64 in flight, ours one after the other, and one commit a
//! put on bare LMDB. Prints one JSON line a measurement; `bench/run.py` makes the table.
//!
//! Usage: `engine DIRECTORY ROUNDS SECONDS`.

mod bare;
mod ours;

use measure::report;
use std::error::Error;
use std::path::PathBuf;
use std::time::Duration;

const ROW: &str = "durable-puts";

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut argument = || arguments.next().ok_or("usage: engine DIRECTORY ROUNDS SECONDS");
    let directory = PathBuf::from(argument()?);
    let rounds: usize = argument()?.parse()?;
    let time = Duration::from_secs_f64(argument()?.parse()?);

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let ours = runtime.block_on(ours::Puts::open(&directory.join("ours.db")))?;
    let file = bare::create(&directory.join("bare.mdb"))?;
    let mut bare = bare::Puts::open(&file)?;
    for round in 0..rounds {
        report(ROW, "slipstream, 64 in flight", round, &runtime.block_on(ours.run(64, time))?);
        report(ROW, "slipstream, one at a time", round, &runtime.block_on(ours.run(1, time))?);
        report(ROW, "LMDB, one commit a put", round, &bare.run(time)?);
    }
    runtime.block_on(ours.close())?;
    Ok(())
}
