//! The object of a watch.

use crate::failure::KvError;
use crate::update::Update;
use slipstream::handle;
use slipstream::kv::WatchCursor;
use slipstream_bridge::{Counted, Kind, Value, WatchBuffer, drive};

/// A watch, read batch by batch until it ends. `Store.watch` opens one.
///
/// One reader at a time: a second one at once fails with `OperationFailed`.
#[derive(uniffi::Object)]
pub struct Watch {
    buffer: Counted<WatchBuffer>,
}

impl Watch {
    pub(crate) fn new(watch: handle::Watch) -> Self {
        Self { buffer: Counted::new(Kind::Watch, WatchBuffer::new(watch)) }
    }
}

#[uniffi::export]
impl Watch {
    /// Waits until there is an update to take, without a deadline: true, or false once the watch
    /// has ended. A caller that gives up loses none.
    ///
    /// Fails with `CursorExpired`, `NotConnected`, `WatchError`: that is how the watch ends.
    pub async fn fill(&self) -> Result<bool, KvError> {
        let _turn = self.buffer.turn()?;
        Ok(matches!(drive((*self.buffer).clone().fill()).await?, Value::Bool(true)))
    }

    /// Takes the updates that are there, at most `max`.
    pub fn take(&self, max: u32) -> Vec<Update> {
        let taken = std::iter::from_fn(|| self.buffer.take(Update::new));
        taken.take(max as usize).collect()
    }

    /// The next updates, at least one and at most `max`, or none once the watch has ended: `fill`
    /// and `take`. Waits without a deadline. Who gives up this call may lose what it was about to
    /// answer, which is what the other two are for.
    ///
    /// Fails with `CursorExpired`, `NotConnected`, `WatchError`: that is how the watch ends.
    pub async fn next_batch(&self, max: u32) -> Result<Vec<Update>, KvError> {
        self.fill().await?;
        Ok(self.take(max.max(1)))
    }

    /// Waits until the first state is complete (rule S3), also for an empty store: every update of
    /// it was handed out, or waits in memory to be handed out next. With a cursor: until the watch
    /// has caught up with the store.
    ///
    /// Fails with `CursorExpired`, `NotConnected`, and with `WatchError` if the watch is cancelled
    /// first.
    pub async fn synced(&self) -> Result<(), KvError> {
        let watch = self.buffer.watch().clone();
        Ok(drive(async move { watch.synced().await }).await?)
    }

    /// Whether the first state is complete (rule S3).
    pub fn is_synced(&self) -> bool {
        self.buffer.is_synced()
    }

    /// The position after the last update handed out, as bytes to save (rule S4). Saved after an
    /// update is handled and given to `Store.watch`, nothing is lost and nothing that was handled
    /// is repeated.
    pub fn cursor(&self) -> Vec<u8> {
        self.buffer.cursor().as_ref().map(WatchCursor::to_bytes).unwrap_or_default()
    }

    /// Ends the watch at once, and frees what is behind it (rule S9). Who reads it is told the
    /// end. Twice is fine.
    pub fn cancel(&self) {
        self.buffer.cancel();
    }
}
