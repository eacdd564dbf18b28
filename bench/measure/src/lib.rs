//! What the Rust programs of the bench share: the clock, the value, and the line they print for
//! `bench/run.py`.

mod clock;

pub use clock::{Clock, Measured, cpu, now};

/// The value of every row of the bench.
pub const VALUE: [u8; 128] = [b'v'; 128];

/// Prints what was measured of one contestant in one round, as a JSON line.
pub fn report(row: &str, who: &str, round: usize, measured: &Measured) {
    let Measured { operations, seconds, cpu } = measured;
    println!(
        "{{\"row\":\"{row}\",\"who\":\"{who}\",\"round\":{round},\
         \"operations\":{operations},\"seconds\":{seconds},\"cpu\":{cpu}}}"
    );
}
