//! What becomes of a watch once nothing is wrong any more.

use super::bucket::Bucket;
use super::step::Change;
use super::world::World;

/// So often the watch is read while nobody writes, and so many milliseconds pass each time.
const QUIET: (u64, u64) = (10, 2_000);
/// So often it is read while others write now and then.
const BUSY: (u64, u64) = (240, 500);
/// Another message is written after so many rounds.
const WRITTEN: u64 = 20;
/// A watch knows of what was removed unseen after so many microseconds.
const KNOWN: u64 = 8_000_000;

impl World {
    /// While nobody writes a watch is told all that is there, and learns of what is not.
    pub(super) fn comes_to_rest(&mut self) -> Result<(), String> {
        let (rounds, time) = QUIET;
        for _ in 0..rounds {
            self.read_all()?;
            self.pass(time);
        }
        self.read_all()?;
        let (frontier, unsent) =
            (self.frontier(), self.consumer.as_ref().map_or(0, |it| it.unsent()));
        if self.verdict.has_ended || self.has_lost {
            // Only the next message shows that one was lost on the way.
            return Ok(());
        }
        let Some(bucket) = self.bucket() else { return Ok(()) };
        let by = self.now() - KNOWN;
        if let Some(gone) = bucket.unseen(frontier, unsent, by) {
            return Err(format!("it does not know that {gone} was removed"));
        }
        match bucket.next_watched(frontier + 1) {
            Some(left) => Err(format!("it is never told {left}, in {:?}", self.want())),
            None if !self.verdict.is_synced() => {
                Err(format!("its first state is never complete, in {:?}", self.want()))
            }
            None => Ok(()),
        }
    }

    /// While others write a watch comes to the last message, or to its end.
    pub(super) fn comes_to_an_end(&mut self) -> Result<(), String> {
        let (mut last, (rounds, time)) = (0, BUSY);
        for round in 0..rounds {
            if round % WRITTEN == 0 {
                self.change(Change::Put(0));
                last = self.bucket().map_or(0, Bucket::last);
            }
            self.read_all()?;
            let is_told = self.frontier() >= last && self.verdict.is_synced();
            if self.verdict.has_ended || is_told && !self.is_deleted {
                return Ok(());
            }
            self.pass(time);
        }
        Err(format!("it waits for ever, for {:?}", self.want()))
    }
}
