//! One JavaScript thread's way to the core: it connects, and hands over what has ended.

use crate::operations::{Answer, Operations};
use crate::options::{NatsArguments, connect_options};
use crate::session;
use napi::bindgen_prelude::{Array, Function, Uint8Array};
use napi::{Env, Result};
use napi_derive::napi;
use slipstream::handle::connect;
use slipstream_bridge::Value;
use std::rc::Rc;

/// One JavaScript thread's way to the core.
#[napi]
pub struct EventLoop {
    operations: Rc<Operations>,
}

#[napi]
impl EventLoop {
    /// An event loop whose `wake` is called when there are outcomes to drain. `scratch` is where
    /// small answers are written to.
    #[napi(constructor)]
    pub fn new(env: Env, wake: Function<(), ()>, scratch: Uint8Array) -> Result<Self> {
        Ok(Self { operations: Operations::new(env, &wake, scratch)? })
    }

    /// Connects; times are in milliseconds.
    #[napi(catch_unwind)]
    pub fn connect(
        &self,
        url: String,
        timeout: Option<f64>,
        connect_timeout: Option<f64>,
        wait: Option<f64>,
        nats: NatsArguments,
    ) -> Result<Answer> {
        let connecting = async move {
            let options = connect_options(timeout, connect_timeout, wait, nats)?;
            connect(&url, options).await.map(Value::Session)
        };
        self.operations.start(connecting, session::opened)
    }

    /// The outcomes that are there: operation, answer, operation, answer and so on, and last
    /// whether there are more than one drain hands over. Small answers are behind one another in
    /// the scratch buffer.
    #[napi(catch_unwind)]
    pub fn drain<'env>(&self, env: &'env Env) -> Result<Array<'env>> {
        self.operations.drain(env)
    }

    /// Sends what operations have asked for since the last time.
    #[napi(catch_unwind)]
    pub fn flush(&self) {
        self.operations.flush();
    }

    /// Cancels an operation. A write may have happened by then.
    #[napi(catch_unwind)]
    pub fn cancel(&self, id: u32) -> Result<()> {
        self.operations.cancel(id)
    }
}
