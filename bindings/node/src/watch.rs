//! A watch, filled by the core and taken page by page.

use crate::js::{bytes, js};
use crate::operations::{Answer, Operations};
use crate::page;
use napi::bindgen_prelude::{Null, ToNapiValue};
use napi::{Env, Result, sys};
use napi_derive::napi;
use slipstream::handle;
use slipstream::kv::{UpdateBatch, WatchCursor};
use slipstream_bridge::{Counted, Kind, Value, WatchBuffer};
use std::rc::Rc;

/// A watch, filled by the core and taken page by page.
#[napi]
pub struct Watch {
    buffer: Counted<WatchBuffer>,
    operations: Rc<Operations>,
}

/// The updates that were there, from an index on.
pub struct Taken(Option<(UpdateBatch, usize)>);

/// A position, as the bytes to keep.
pub struct Position(Option<WatchCursor>);

impl Watch {
    pub(crate) fn new(watch: handle::Watch, operations: Rc<Operations>) -> Self {
        Self { buffer: Counted::new(Kind::Watch, WatchBuffer::new(watch)), operations }
    }
}

#[napi]
impl Watch {
    /// Waits until there is something to take: true, or false once the watch has ended.
    #[napi(catch_unwind)]
    pub fn fill(&self) -> Result<Answer> {
        self.operations.run((*self.buffer).clone().fill())
    }

    /// Takes the updates that are there, as pages, or null.
    #[napi(catch_unwind)]
    pub fn take(&self) -> Taken {
        Taken(self.buffer.take_all())
    }

    /// Waits until the first state is complete.
    #[napi(catch_unwind)]
    pub fn synced(&self) -> Result<Answer> {
        let watch = self.buffer.watch().clone();
        self.operations.run(async move { watch.synced().await.map(|()| Value::Unit) })
    }

    /// Whether the first state is complete.
    #[napi(catch_unwind)]
    pub fn is_synced(&self) -> bool {
        self.buffer.is_synced()
    }

    /// The position after the updates that were taken.
    #[napi(catch_unwind)]
    pub fn cursor(&self) -> Position {
        Position(self.buffer.cursor())
    }

    /// Ends the watch at once.
    #[napi(catch_unwind)]
    pub fn cancel(&self) {
        self.buffer.cancel();
    }

    /// Ends the watch, and waits until nothing is left of it on a server.
    #[napi(catch_unwind)]
    pub fn close(&self) -> Result<Answer> {
        self.operations.run((*self.buffer).clone().close())
    }
}

impl ToNapiValue for Taken {
    unsafe fn to_napi_value(env: sys::napi_env, Taken(taken): Self) -> Result<sys::napi_value> {
        let env = Env::from_raw(env);
        match taken {
            Some((batch, first)) => page::batch(&env, &batch, first),
            None => js(&env, Null),
        }
    }
}

impl ToNapiValue for Position {
    unsafe fn to_napi_value(env: sys::napi_env, Position(at): Self) -> Result<sys::napi_value> {
        let at = at.unwrap_or_default().to_bytes();
        bytes(&Env::from_raw(env), [&at, &[], &[]], None)
    }
}
